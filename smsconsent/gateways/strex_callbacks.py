"""Callbacks from Strex: may we believe the sender, and what does the body say?

Readers ignore fields they do not know and survive the lack of all but the id.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from smsconsent.gateways import (
    Basis,
    Callback,
    CallbackMalformed,
    CallbackRefused,
    GatewayMisconfigured,
    GatewayUnavailable,
    Inbound,
    Receipt,
    Trust,
)
from smsconsent.gateways.strex_codes import meaning_of
from smsconsent.gateways.strex_settings import StrexSettings
from smsconsent.gateways.strex_signatures import KEY_NAME, ServerKey, Signature, read_moment
from smsconsent.phones import NotAMobileNumber, Phone, parse_mobile

log = logging.getLogger(__name__)

LONGEST_ID = 100
LONGEST_RECIPIENT = 20
KEYS_LIVE = timedelta(days=1)
TRY_KEYS_AGAIN = timedelta(minutes=1)


class ServerKeys:
    """The gateway's public keys, by name: those that the operator of the system has listed, no others.

    SECURITY: a callback never causes a key of *its* choice to be fetched. `fetch` is called for the
    configured names alone, when they are a day old, or once a minute while one of them is missing.
    """

    def __init__(
        self, names: tuple[str, ...], fetch: Callable[[str], Mapping[str, Any] | None]
    ) -> None:
        self._names = [name for name in names if KEY_NAME.fullmatch(name)]
        self._fetch = fetch
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
        message_id=_read_id(fields),
        sender=_read_phone(fields.get("sender"), fake=settings.allow_fake_numbers),
        recipient=_read_text(fields.get("recipient"))[:LONGEST_RECIPIENT],
        text=_read_text(fields.get("content")),
        is_stop=_read_flag(fields.get("isStopMessage")) if settings.trust_stop_flag else None,
        received_at=_read_moment(fields.get("created")),
    )


def read_receipt(body: bytes) -> Receipt | None:
    """Read a delivery report. None for an id that is not ours. Raises CallbackMalformed."""
    fields = read_object(body)
    try:
        message_id = UUID(_read_id(fields))
    except ValueError:
        return None
    return receipt_of(message_id, fields)


def receipt_of(message_id: UUID, fields: Mapping[str, Any]) -> Receipt:
    """Read the status of a message: the same fields stand in a report and in an OutMessage."""
    status, detail = (_read_text(fields.get(name)) for name in ("statusCode", "detailedStatusCode"))
    meaning = meaning_of(status, detail, _read_flag(fields.get("delivered")))
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


def read_object(body: bytes) -> dict[str, Any]:
    """Return one JSON object. Raises CallbackMalformed, also for one nested too deep to read."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise CallbackMalformed("the body is not JSON") from None
    if not isinstance(fields, dict):
        raise CallbackMalformed("the body is not one JSON object")
    return fields


def _read_id(fields: Mapping[str, Any]) -> str:
    found = _read_text(fields.get("transactionId"))
    if not found:
        raise CallbackMalformed("the body has no transactionId")
    # An id that does not fit the column still has to be stored, and to be the same at each retry.
    return found if len(found) <= LONGEST_ID else sha256(found.encode()).hexdigest()


def _read_text(value: object) -> str:
    """Return text without half surrogate pairs, which JSON allows and no database stores."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return ""
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _read_flag(value: object) -> bool | None:
    """Return true, false, or None for "it does not say"."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def _read_phone(value: object, *, fake: bool) -> Phone | None:
    try:
        return parse_mobile(_read_text(value), fake=fake)
    except NotAMobileNumber:
        return None


def _read_moment(value: object) -> datetime | None:
    try:
        return read_moment(_read_text(value))
    except ValueError:
        return None
