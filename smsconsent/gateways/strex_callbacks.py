"""Callbacks from Strex: may we believe the sender, and what does the body say?

Readers ignore fields they do not know and survive the lack of all but the id.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from smsconsent.gateways import (
    Basis,
    Callback,
    CallbackRefused,
    GatewayMisconfigured,
    GatewayUnavailable,
    Inbound,
    Receipt,
    Trust,
)
from smsconsent.gateways.reading import (
    read_flag,
    read_id,
    read_moment_or_none,
    read_object,
    read_phone,
    read_text,
)
from smsconsent.gateways.state import SharedState
from smsconsent.gateways.strex_codes import meaning_of
from smsconsent.gateways.strex_settings import StrexSettings
from smsconsent.gateways.strex_signatures import KEY_NAME, ServerKey, Signature

log = logging.getLogger(__name__)

LONGEST_RECIPIENT = 20
STOP = "STOPP"
# The others are about payment, which we never ask for.
SYSTEM_ACTIONS = {"unsubscribe": STOP, "subscribe": "START", "signup": "START"}
KEYS_LIVE = timedelta(days=1)
TRY_KEYS_AGAIN = timedelta(minutes=1)


class ServerKeys:
    """The gateway's public keys, by name: those that the operator of the system has listed, no others.

    SECURITY: a callback never causes a key of *its* choice to be fetched. `fetch` is called for the
    configured names alone, when they are a day old, or once a minute while one of them is missing.
    """

    def __init__(
        self,
        names: tuple[str, ...],
        fetch: Callable[[str], Mapping[str, Any] | None],
        state: SharedState,
    ) -> None:
        self._names = [name for name in names if KEY_NAME.fullmatch(name)]
        self._fetch = fetch
        self._state = state
        self._keys: dict[str, ServerKey] = {}
        self._next_load: datetime | None = None
        self._lock = threading.Lock()

    def get(self, name: str, *, now: datetime) -> ServerKey | None:
        """Return a key that is loaded. An unknown name is reported, with what to do about it."""
        with self._lock:
            if self._names and (self._next_load is None or now >= self._next_load):
                self._load(now)
        key = self._keys.get(name)
        if key is None:
            self._state.count("unknown_key")
            log.warning(
                "callback signed with key %s, which is not loaded: if Strex announced this name, "
                "add it to STREX_SERVER_KEY_NAMES",
                name,
            )
        return key

    def load(self, *, now: datetime) -> list[str]:
        """Load each configured key anew. Return the names that could not be loaded."""
        with self._lock:
            return self._load(now)

    def _load(self, now: datetime) -> list[str]:
        missing = [name for name in self._names if not self._load_one(name)]
        self._next_load = now + (TRY_KEYS_AGAIN if missing else KEYS_LIVE)
        return missing

    def _load_one(self, name: str) -> bool:
        try:
            fields = self._fetch(name)
            if fields is None:
                # SECURITY: whoever withdrew it may know that somebody else has it.
                self._keys.pop(name, None)
                raise ValueError("the gateway does not have it")
            self._keys[name] = ServerKey.from_json(fields)
        except (ValueError, GatewayUnavailable, GatewayMisconfigured) as error:
            log.error("server key %s could not be loaded: %s", name, error)
            return False
        return True


def verify(
    settings: StrexSettings,
    keys: ServerKeys,
    *,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
) -> Callback:
    """Decide how far a callback is trusted, by STREX_CALLBACK_SIGNATURE. Raises CallbackRefused."""
    try:
        signature = Signature.from_headers(headers)
        key = keys.get(signature.key_name, now=now) if signature else None
        if signature is None or key is None:
            return _without_signature(settings.callback_signature)
        # SECURITY: the address as registered at Strex, never rebuilt from Host or forwarded headers.
        url = settings.callback_base_url.rstrip("/") + path
        key.check(signature, signature.message(method=method, url=url, body=body), now=now)
    except CallbackRefused:
        if settings.callback_signature == "off":
            return Callback(Trust.SIGNED, None, Basis.NOTHING)
        raise
    fresh = settings.callback_signature == "off" or signature.is_fresh(
        now=now, skew=settings.callback_clock_skew
    )
    return Callback(Trust.SIGNED if fresh else Trust.STALE, (signature.key_name, signature.nonce))


def _without_signature(policy: str) -> Callback:
    """Doubt may stop, never start; unless the operator of the system knows that there is no signature."""
    match policy:
        case "stop-only":
            return Callback(Trust.UNSIGNED, None, Basis.PATH)
        case "path":
            return Callback(Trust.SIGNED, None, Basis.PATH)
        case "off":
            return Callback(Trust.SIGNED, None, Basis.NOTHING)
        case _:
            raise CallbackRefused("the callback carries no signature that can be checked")


def read_inbound(body: bytes, settings: StrexSettings) -> Inbound:
    """Read an in-message. Raises CallbackMalformed when it is no object or has no id."""
    fields = read_object(body)
    return Inbound(
        message_id=read_id(fields.get("transactionId")),
        sender=read_phone(fields.get("sender"), fake=settings.allow_fake_numbers),
        recipient=read_text(fields.get("recipient"))[:LONGEST_RECIPIENT],
        text=read_text(fields.get("content")),
        is_stop=read_flag(fields.get("isStopMessage")) if settings.trust_stop_flag else None,
        received_at=read_moment_or_none(fields.get("created")),
    )


def read_receipt(body: bytes) -> Receipt | Inbound | None:
    """Read a delivery report. None for an id that is not ours. Raises CallbackMalformed.

    A report of what Strex' own keyword service did for a person is as good as that person's message.
    """
    fields = read_object(body)
    properties = fields.get("properties")
    if isinstance(properties, dict) and "SystemAction" in properties:
        return _read_system_action(fields, properties)
    try:
        message_id = UUID(read_id(fields.get("transactionId")))
    except ValueError:
        return None
    return receipt_of(message_id, fields)


def _read_system_action(fields: Mapping[str, Any], properties: Mapping[str, Any]) -> Inbound | None:
    """Unsubscribed there is a stop here; subscribed there only asks, and we still ask back (strex.md § 8)."""
    word = SYSTEM_ACTIONS.get(read_text(properties["SystemAction"]).lower())
    if word is None:
        return None
    return Inbound(
        # The evidence shows by the id that no message of this wording was sent.
        message_id=read_id(f"system-action:{read_id(fields.get('transactionId'))}"),
        sender=read_phone(fields.get("recipient"), fake=False),
        recipient=read_text(fields.get("sender"))[:LONGEST_RECIPIENT],
        text=f"{read_text(properties.get('Keyword'))} {word}".strip(),
        is_stop=True if word == STOP else None,
        received_at=read_moment_or_none(fields.get("received")),
    )


def receipt_of(message_id: UUID, fields: Mapping[str, Any]) -> Receipt:
    """Read the status of a message: the same fields stand in a report and in an OutMessage."""
    status, detail = (read_text(fields.get(name)) for name in ("statusCode", "detailedStatusCode"))
    meaning = meaning_of(status, detail, read_flag(fields.get("delivered")))
    if meaning.unexpected:
        log.error("message %s has the unexpected status %.40r/%.40r", message_id, status, detail)
    parts = fields.get("smscMessageParts")
    return Receipt(
        id=message_id,
        detail=detail or status,
        segments=parts
        if isinstance(parts, int) and not isinstance(parts, bool) and parts > 0
        else None,
        **asdict(meaning),
    )
