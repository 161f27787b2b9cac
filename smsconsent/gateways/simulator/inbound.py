"""Messages from people: stored, matched to a keyword, forwarded."""

from collections import deque
from typing import Any
from uuid import uuid4

from smsconsent.gateways.simulator.callbacks import Callbacks
from smsconsent.gateways.simulator.clock import Clock, iso
from smsconsent.gateways.simulator.handsets import Entry, Handsets
from smsconsent.gateways.simulator.keywords import KeywordStore
from smsconsent.gateways.simulator.subscriptions import Subscriptions
from smsconsent.gateways.simulator.switches import Switches

MOST_KEPT = 20_000
STOP_WORDS = frozenset({"stop", "stopp"})


class Inbox:
    """Takes what people send to our short numbers."""

    def __init__(
        self,
        clock: Clock,
        switches: Switches,
        *,
        handsets: Handsets,
        keywords: KeywordStore,
        callbacks: Callbacks,
        subscriptions: Subscriptions,
    ) -> None:
        self._clock, self.switches, self._handsets = clock, switches, handsets
        self._keywords, self._callbacks = keywords, callbacks
        self._subscriptions = subscriptions
        self._by_id: dict[tuple[str, str], dict[str, Any]] = {}
        self._order: deque[tuple[str, str]] = deque()

    def get(self, short_number_id: str, message_id: str) -> dict[str, Any] | None:
        """Return an in-message as the API shows it."""
        return self._by_id.get((short_number_id, message_id))

    def receive(self, sender: str, to: str, content: str, *, is_stop: bool | None = None) -> Entry:
        """Take a message from a phone; forward it to whoever its keyword names.

        `is_stop` sets the flag of that name; without it the switch decides, and by default it is
        left out, as in Strex' own sample.
        """
        now = self._clock.now()
        entry = Entry(
            id=str(uuid4()),
            direction="out",
            sender=sender,
            to=to,
            text=content,
            at=now,
            status="waiting",
        )
        handset = self._handsets.get(sender)
        handset.add(entry)
        short_number_id = self._keywords.short_number_id(to)
        keyword = self._keywords.match(short_number_id, content)
        fields = self._as_in_message(entry, keyword)
        if is_stop is not None:
            fields["isStopMessage"] = is_stop
        self._keep(short_number_id, fields)
        self._subscriptions.hear(sender, short_number_id, content)

        def settle(end: str) -> None:
            entry.status = end
            handset.version += 1

        if keyword is None:
            settle("nowhere")
        for url, done in self._addresses(keyword, settle):
            self._callbacks.post(url, fields, kind="inbound", about=sender, done=done)
        return entry

    def clear(self) -> None:
        self._by_id.clear()
        self._order.clear()

    def _addresses(self, keyword: dict[str, Any] | None, settle: Any) -> list[tuple[str, Any]]:
        found = [(keyword["forwardUrl"], settle)] if keyword else []
        if self.switches.master_mo_url:
            found.append((self.switches.master_mo_url, lambda end: None))
        return found

    def _as_in_message(self, entry: Entry, keyword: dict[str, Any] | None) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "transactionId": entry.id,
            "created": iso(entry.at),
            "sender": entry.sender,
            "recipient": entry.to,
            "content": entry.text,
        }
        if keyword:
            fields["keywordId"] = keyword["keywordId"]
            if keyword["customProperties"]:
                fields["properties"] = keyword["customProperties"]
            if keyword["tags"]:
                fields["tags"] = keyword["tags"]
        if self.switches.stop_flag == "reading":
            words = entry.text.lower().split()
            fields["isStopMessage"] = bool(words) and words[-1].strip(".!") in STOP_WORDS
        return fields

    def _keep(self, short_number_id: str, fields: dict[str, Any]) -> None:
        key = (short_number_id, fields["transactionId"])
        self._by_id[key] = fields
        self._order.append(key)
        if len(self._order) > MOST_KEPT:
            self._by_id.pop(self._order.popleft(), None)
