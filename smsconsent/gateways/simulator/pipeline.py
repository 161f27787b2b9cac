"""An out-message on its way: Queued, Sent, then Ok or Failed, and a report of each end."""

import heapq
import itertools
from collections.abc import Callable, Sequence
from typing import Any

from smsconsent.gateways.simulator import text
from smsconsent.gateways.simulator.clock import Clock
from smsconsent.gateways.simulator.guard import Guard
from smsconsent.gateways.simulator.handsets import Entry, Handset, Handsets
from smsconsent.gateways.simulator.messages import Message, MessageStore
from smsconsent.gateways.simulator.reports import Reports
from smsconsent.gateways.simulator.switches import Switches

# Numbers with a fixed end (REST user guide), only with properties.TestInProd.
FAKE_RANGE = "+47000000"
FAKE_ENDS = {
    "+4700000010": ("Failed", "Undelivered"),
    "+4700000020": ("Failed", "SubscriberBarred"),
}
ARRIVED = ("Ok", "Delivered")
MOST_PER_STEP = 100
STEP_SECONDS = 0.05


class Pipeline:
    """Moves messages. Each step handles some of them, so that the server answers in between."""

    def __init__(
        self,
        clock: Clock,
        switches: Switches,
        store: MessageStore,
        handsets: Handsets,
        reports: Reports,
    ) -> None:
        self._clock, self.switches, self._store = clock, switches, store
        self._handsets, self._reports = handsets, reports
        self.guard = Guard()
        self._queue: list[tuple[int, int, Message]] = []
        self._numbers = itertools.count()
        self._is_draining = False
        self._held: dict[str, list[Message]] = {}

    def accept(self, messages: Sequence[Message]) -> None:
        """Take messages over; scheduled ones wait for their time."""
        now = self._clock.now()
        later = [message for message in messages if message.due_at > now]
        for message in messages:
            self._store.add(message)
            if message.due_at <= now:
                self._enqueue(message)
        for message in later:
            self._clock.after(message.due_at - now, self._due(message))
        self._drain_after(self.switches.queued_seconds)

    def clear(self) -> None:
        """Forget what is under way."""
        self._queue.clear()
        self._held.clear()
        self._is_draining = False
        self.guard = Guard()

    def switch_on(self, handset: Handset) -> None:
        """Deliver what waited for this phone."""
        for message in self._held.pop(handset.number, []):
            if not message.is_final:
                self._finish(message, ARRIVED)

    def _due(self, message: Message) -> Callable[[], None]:
        def enqueue() -> None:
            # It may have been deleted, or replaced by another with the same id.
            if not message.is_deleted and self._store.by_id.get(message.id) is message:
                self._enqueue(message)
                self._drain_after(0)

        return enqueue

    def _enqueue(self, message: Message) -> None:
        heapq.heappush(self._queue, (message.rank, next(self._numbers), message))

    def _drain_after(self, seconds: float) -> None:
        if not self._is_draining and self._queue:
            self._is_draining = True
            self._clock.after(seconds, self._drain)

    def _drain(self) -> None:
        rate = self.switches.messages_per_second
        most = max(1, int(rate * STEP_SECONDS)) if rate else MOST_PER_STEP
        sent = []
        for _number in range(min(most, len(self._queue))):
            message = heapq.heappop(self._queue)[2]
            if self._send(message):
                sent.append(message)
        if sent:
            self._clock.after(self.switches.delivery_seconds, lambda: self._deliver_all(sent))
        self._is_draining = False
        self._drain_after(max(STEP_SECONDS, most / rate) if rate else 0)

    def _send(self, message: Message) -> bool:
        """Hand a message to its operator, unless the platform itself stops it. Return whether it went."""
        detail = self._refusal(message)
        if detail:
            self._finish(message, ("Failed", detail))
            return False
        message.status, message.detail = "Sent", "Sent"
        message.changed_at = self._clock.now()
        if self.switches.intermediate_receipts == "on":
            self._reports.send(message)
        return True

    def _refusal(self, message: Message) -> str:
        if message.problem:
            return "Rejected"
        content = str(message.fields.get("content", ""))
        try:
            message.sent_text = text.transmitted(
                content,
                allow_unicode=message.fields.get("allowUnicode"),
                null_means_ucs2=self.switches.null_unicode == "ucs2",
            )
        except text.NotGsm:
            return "Rejected"
        message.parts = text.part_count(message.sent_text)
        key: tuple[Any, ...] = (message.sender, content)
        if self.switches.stopped == "recipient":
            key = (*key, message.recipient)
        if self.switches.stopped != "off" and self.guard.is_one_too_many(key, self._clock.now()):
            return "Stopped"
        return ""

    def _deliver_all(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self._deliver(message)

    def _deliver(self, message: Message) -> None:
        """Let the phone receive a message, or wait until it is on or the message's life is over."""
        to = message.recipient
        if to.startswith(FAKE_RANGE):
            properties = message.fields.get("properties") or {}
            is_test = isinstance(properties, dict) and properties.get("TestInProd") is True
            end = FAKE_ENDS.get(to, ARRIVED) if is_test else ("Failed", "UnknownSubscriber")
            self._finish(message, end)
            return
        handset = self._handsets.find(to)
        if handset and handset.is_off:
            self._held.setdefault(to, []).append(message)
            wait = max(0.0, message.expires_at - self._clock.now())
            self._clock.after(wait, lambda: self._expire(message))
        elif handset and handset.status:
            self._finish(message, (handset.status, handset.detail or "None"))
        else:
            self._finish(message, ARRIVED)

    def _expire(self, message: Message) -> None:
        if not message.is_final:
            self._held.get(message.recipient, []).remove(message)
            self._finish(message, ("Failed", "Expired"))

    def _finish(self, message: Message, end: tuple[str, str]) -> None:
        now = self._clock.now()
        message.status, message.detail = end
        message.delivered = message.status == "Ok"
        message.changed_at = now
        if message.delivered:
            message.received_at = now
            self._handsets.get(message.recipient).add(
                Entry(
                    id=message.id,
                    direction="in",
                    sender=message.sender,
                    to=message.recipient,
                    text=message.sent_text,
                    at=now,
                )
            )
        self._store.finish(message)
        self._reports.send(message)
