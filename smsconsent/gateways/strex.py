"""Strex Connect: the adapter that keeps the promises of `smsconsent.gateways.Gateway`.

What is known of Strex, what is inferred and what is our own choice: docs/gateways.md.
"""

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings as django_settings
from django.utils.translation import gettext_noop

from smsconsent.gateways import (
    Callback,
    CallbackMalformed,
    GatewayMisconfigured,
    GatewayUnavailable,
    Handover,
    Inbound,
    Outcome,
    Outgoing,
    Receipt,
    strex_callbacks,
)
from smsconsent.gateways.http_client import (
    MISCONFIGURED_FOR,
    Answer,
    Deadline,
    HttpClient,
    OutcomeUnknown,
)
from smsconsent.gateways.pacing import RateLimit
from smsconsent.gateways.reading import read_object, read_text
from smsconsent.gateways.state import SharedState
from smsconsent.gateways.strex_messages import Encoder, Item, Refused, TooLate, join, split
from smsconsent.gateways.strex_settings import StrexSettings
from smsconsent.gateways.strex_signatures import RequestSigner

log = logging.getLogger(__name__)

MESSAGES = "api/out-messages"
ONE_MESSAGE = "/api/out-messages/{id}"
NOBODY = UUID(int=0)
WRONG_ADDRESS = gettext_noop("the address of the gateway is wrong (STREX_BASE_URL)")


def build() -> "Strex":
    """Return the adapter for the settings of this installation."""
    return Strex(StrexSettings.from_django(django_settings))


class Strex:
    """One account at Strex Connect."""

    name = "strex"

    def __init__(self, settings: StrexSettings, *, client: HttpClient | None = None) -> None:
        self.settings = settings
        self.client = client or HttpClient(
            settings, state=SharedState(self.name), signer=RequestSigner.from_settings(settings)
        )
        self.keys = strex_callbacks.ServerKeys(
            settings.server_key_names, self._fetch_key, self.client.state
        )
        self.rate = RateLimit(settings.messages_per_second, self.name)
        self.max_batch = self.rate.largest(settings.batch_size)

    def close(self) -> None:
        """Close the connections that are kept open between batches."""
        self.client.close()

    def hand_over(self, batch: Sequence[Outgoing], *, now: datetime) -> list[Handover]:
        """Post a batch within the deadline; one result per message, in order.

        Accepted means taken over by Strex, not delivered and, in a batch, not even valid: its receipt
        tells. Raises GatewayUnavailable or GatewayMisconfigured only if nothing was sent, and
        ValueError if an id stands twice in the batch.
        """
        if len({message.id for message in batch}) < len(batch):
            raise ValueError("the same id stands twice in the batch")
        deadline = Deadline(self.settings.deadline)
        encoder = Encoder(self.settings, now=now)
        results: dict[UUID, Handover] = {}
        items: list[Item] = []
        for message in batch:
            try:
                items.append((message.id, encoder.encode(message)))
            except TooLate:
                results[message.id] = Handover(message.id, Outcome.TOO_LATE, "not_after")
            except Refused as refusal:
                results[message.id] = Handover(message.id, Outcome.REJECTED, refusal.reason)
        if items:
            urgent = any(message.urgent for message in batch)
            self.rate.wait_for_room(len(items), urgent=urgent)
            self._post_all(items, results, deadline)
        return [results[message.id] for message in batch]

    def look_up(self, message_id: UUID, *, deadline: Deadline | None = None) -> Receipt | None:
        """Return what became of a message, or None when Strex does not have the id (yet).

        Raises GatewayUnavailable, also for an answer about nothing or about another message, and
        GatewayMisconfigured.
        """
        path = f"{MESSAGES}/{message_id}"
        answer = self.ask("GET", path, template=ONE_MESSAGE, deadline=deadline)
        if answer.status == 404:
            return None
        fields = self.read_json(answer)
        named = read_text(fields.get("transactionId")).lower()
        if named != str(message_id) and (named or not fields.get("statusCode")):
            raise GatewayUnavailable("the gateway answers without what was asked for")
        return strex_callbacks.receipt_of(message_id, fields)

    def cancel(self, message_id: UUID) -> bool:
        """Delete a scheduled message. False when it is being sent, was sent, or is not there."""
        answer = self.ask("DELETE", f"{MESSAGES}/{message_id}", template=ONE_MESSAGE)
        if answer.status == 409:
            log.info("message %s could not be cancelled: it is being sent or was sent", message_id)
        return answer.is_success

    def verify(
        self, *, method: str, path: str, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Callback:
        """Check the signature of a callback. `path` is the one Strex was given. Raises CallbackRefused.

        The nonce is returned, not stored: it belongs into the transaction that stores the callback.
        """
        return strex_callbacks.verify(
            self.settings,
            self.keys,
            method=method,
            path=path,
            headers=headers,
            body=body,
            now=now,
        )

    def read_inbound(self, body: bytes) -> Inbound:
        """Read an in-message. Raises CallbackMalformed."""
        return strex_callbacks.read_inbound(body, self.settings)

    def read_receipt(self, body: bytes) -> Receipt | Inbound | None:
        """Read a delivery report; None for an id that is not ours. Raises CallbackMalformed.

        Inbound: Strex' own keyword service has taken a person in or out (MasterDLRForward).
        """
        return strex_callbacks.read_receipt(body)

    def ping(self) -> None:
        """Return if Strex answers and takes our key.

        Their ping needs no key, so a message that cannot exist is asked for as well.
        Raises GatewayUnavailable and GatewayMisconfigured.
        """
        answer = self.ask("GET", "api/ping")
        if answer.status != 200:
            raise GatewayMisconfigured("STREX_BASE_URL does not lead to Strex Connect")
        self.look_up(NOBODY)

    def load_server_keys(self, *, now: datetime) -> list[str]:
        """Load the configured public keys anew. Return the names that could not be loaded."""
        return self.keys.load(now=now)

    def read_json(self, answer: Answer) -> dict[str, Any]:
        """Return the object in a successful answer. Raises GatewayUnavailable otherwise."""
        try:
            if answer.is_success:
                return read_object(answer.body)
        except CallbackMalformed:
            pass
        raise GatewayUnavailable(f"the gateway answers {answer.status} without what was asked for")

    def ask(self, method: str, path: str, *, template: str = "", **options: Any) -> Answer:
        """Make a call that may be repeated freely, so that an unknown outcome is just unavailable."""
        try:
            answer = self.client.call(method, path, template=template, **options)
        except OutcomeUnknown as error:
            raise GatewayUnavailable("the gateway did not answer in time") from error
        if 300 <= answer.status < 400:
            raise GatewayMisconfigured("STREX_BASE_URL is redirected elsewhere")
        if answer.status >= 500:
            raise GatewayUnavailable(f"the gateway answers {answer.status}")
        return answer

    def _fetch_key(self, name: str) -> Mapping[str, Any] | None:
        path = "/api/server/public-keys/{name}"
        answer = self.ask("GET", path.format(name=name)[1:], template=path)
        return None if answer.status == 404 else self.read_json(answer)

    def _post_all(
        self, items: Sequence[Item], results: dict[UUID, Handover], deadline: Deadline
    ) -> None:
        """Post in parts, halving a part that is refused until the bad message stands alone."""
        parts = deque(split(items, most=self.max_batch, largest=self.settings.max_body_bytes))
        while parts:
            part = parts.popleft()
            try:
                verdict = self._post(part, deadline)
            except (OutcomeUnknown, GatewayUnavailable, GatewayMisconfigured) as error:
                rest = [item for other in parts for item in other]
                self._give_up(part, rest, error, results)
                return
            if isinstance(verdict, Handover):
                for message_id, _content in part:
                    results[message_id] = Handover(message_id, verdict.outcome, verdict.reason)
            else:
                parts.extendleft(reversed(verdict))

    def _give_up(
        self,
        part: Sequence[Item],
        rest: Sequence[Item],
        error: Exception,
        results: dict[UUID, Handover],
    ) -> None:
        """Raise if nothing was sent; otherwise what was not sent is unknown too, and is asked for later."""
        posted = isinstance(error, OutcomeUnknown) or any(
            result.outcome in {Outcome.ACCEPTED, Outcome.UNKNOWN} for result in results.values()
        )
        if not posted:
            raise error
        for message_id, _content in [*part, *rest]:
            results[message_id] = Handover(message_id, Outcome.UNKNOWN, "no_answer")

    def _post(self, part: Sequence[Item], deadline: Deadline) -> Handover | list[list[Item]]:
        """Post one part. Return what holds for all of it, or the halves to post instead."""
        is_single = len(part) == 1
        path = MESSAGES if is_single else f"{MESSAGES}/batch"
        content = part[0][1] if is_single else join(part)
        answer = self.client.call("POST", path, content=content, deadline=deadline, count=len(part))
        first = part[0][0]
        match answer.status:
            case 201:
                return Handover(first, Outcome.ACCEPTED)
            case 200 | 202 | 204:
                log.warning("strex answers %d to a POST, which is not documented", answer.status)
                self.client.state.count("odd_answer")
                return Handover(first, Outcome.ACCEPTED)
            case 400 | 409 | 413 | 422 if not is_single:
                return self._halves(part, shrink=answer.status == 413)
            case 400 | 413 | 422:
                # We check before we send, so one of our checks is wrong: the alphabet, say (strex.md § 7).
                log.error("strex refuses message %s with %d", first, answer.status)
                self.client.state.count("refused_message")
                reason = "too_large" if answer.status == 413 else "invalid_payload"
                return Handover(first, Outcome.REJECTED, reason)
            case 409:
                return self._settle_conflict(first, deadline)
            case status if status == 408 or status >= 500:
                return Handover(first, Outcome.UNKNOWN, f"status_{status}")
            case status:
                # 404 among them: the address is wrong.
                log.critical("%s: nothing is sent until it is mended", WRONG_ADDRESS)
                self.client.breaker.pause(MISCONFIGURED_FOR, misconfigured=WRONG_ADDRESS)
                raise GatewayMisconfigured(f"{WRONG_ADDRESS}: it answers {status}")

    def _halves(self, part: Sequence[Item], *, shrink: bool) -> list[list[Item]]:
        middle = len(part) // 2
        if shrink:
            self.max_batch = max(1, min(self.max_batch, middle))
            log.warning("strex finds a batch too large; at most %d from now on", self.max_batch)
        return [list(part[:middle]), list(part[middle:])]

    def _settle_conflict(self, message_id: UUID, deadline: Deadline) -> Handover:
        """The id is known there, so an earlier try arrived; unless the look-up says otherwise."""
        try:
            found = self.look_up(message_id, deadline=deadline)
        except (GatewayUnavailable, GatewayMisconfigured):
            found = None
        outcome = Outcome.ACCEPTED if found else Outcome.UNKNOWN
        return Handover(message_id, outcome, "" if found else "conflict")
