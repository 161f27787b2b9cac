"""What a batch of an import is held against: what is known about its numbers, and what the file said before.

An import never brings back what a person has ended: whoever is known for a purpose in any state, is blocked,
or has said stop or been erased since the yes that the file tells of, is left as they are (features F013).
"""

from array import array
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from django.db.models import Q

from consents.import_batches import Batch, Pseudonyms
from consents.models import (
    Consent,
    ConsentImport,
    ErasedNumber,
    InboundMessage,
    Purpose,
    Sender,
    Subject,
    Suppression,
    Wording,
)
from consents.sheets import Row

# Knuth's multiplier: neighbouring numbers come to lie far apart.
_SPREAD = 0x9E3779B97F4A7C15
_SAID_NO = {Consent.State.WITHDRAWN, Consent.State.REFUSED}


class Seen:
    """Positive whole numbers of up to 64 bits, in 16 to 32 bytes each, where a set takes a hundred."""

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * 1024))
        self._count = 0

    @property
    def bytes(self) -> int:
        return 8 * len(self._slots)

    def __contains__(self, key: int) -> bool:
        return self._slots[self._place(key)] == key

    def add(self, key: int) -> None:
        if 2 * self._count >= len(self._slots):
            old = self._slots
            self._slots = array("Q", bytes(16 * len(old)))
            for each in filter(None, old):
                self._slots[self._place(each)] = each
        place = self._place(key)
        self._count += self._slots[place] == 0
        self._slots[place] = key

    def _place(self, key: int) -> int:
        """Return where the key stands, or the free slot where it would stand."""
        last = len(self._slots) - 1
        place = key * _SPREAD >> 20 & last
        while self._slots[place] not in {0, key}:
            place = place + 1 & last
        return place


@dataclass
class Context:
    """What every row of one import is held against."""

    run: ConsentImport
    now: datetime
    purposes: dict[str, Purpose]
    wordings: dict[tuple[int, str], Wording | None] = field(default_factory=dict)
    # While a file is checked, nothing else knows what stood in the batches before.
    seen: Seen = field(default_factory=Seen)

    def key_of(self, row: Row) -> int:
        """Return number and purpose of a row as one positive whole number, or 0 for no purpose of ours."""
        place = self.places.get(row.purpose, 0)
        return int(row.phone.e164) << 14 | place if place else 0

    @cached_property
    def places(self) -> dict[str, int]:
        return {slug: place for place, slug in enumerate(self.purposes, start=1)}


# -- who is known --------------------------------------------------------------------------------------
@dataclass(slots=True)
class People:
    """What is known about the numbers of one batch, read by one statement each."""

    batch: Batch
    subjects: dict[str, Subject]
    states: dict[tuple[int, int], tuple[str, int | None]]
    stopped_at: dict[str, datetime]
    erased_at: dict[str, datetime]
    blocked: set[tuple[str, int | None]]
    taken: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, context: Context, batch: Batch, *, lock: bool) -> "People":
        organisation = context.run.organisation
        query = Subject.objects.filter(
            organisation=organisation, phone_index__any=batch.lookups.keys
        )
        if lock:
            query = query.select_for_update(no_key=True, of=("self",))
        subjects = {}
        for subject in query.defer("phone").order_by("pk"):
            e164 = batch.lookups.numbers[bytes(subject.phone_index)]
            subject.phone = batch.phones[e164]
            subjects[e164] = subject
        states, stopped_at = _histories(subjects)
        _add_stops(stopped_at, batch.senders, organisation_id=organisation.pk)
        erased_at = _erased(batch.blocks, organisation.pk)
        blocked = _blocked(batch.blocks, organisation.pk)
        return cls(batch, subjects, states, stopped_at, erased_at, blocked)


def _histories(
    subjects: dict[str, Subject],
) -> tuple[dict[tuple[int, int], tuple[str, int | None]], dict[str, datetime]]:
    """Return the state of every consent of these subjects, and when each last said stop or no."""
    by_id = {subject.pk: e164 for e164, subject in subjects.items()}
    states: dict[tuple[int, int], tuple[str, int | None]] = {}
    stopped_at: dict[str, datetime] = {}
    for subject_id, purpose_id, state, ended_at, run_id in Consent.objects.filter(
        subject__pk__any=list(by_id)
    ).values_list("subject_id", "purpose_id", "state", "ended_at", "imported_by_id"):
        states[subject_id, purpose_id] = (state, run_id)
        if state in _SAID_NO and ended_at:
            e164 = by_id[subject_id]
            stopped_at[e164] = max(ended_at, stopped_at.get(e164, ended_at))
    return states, stopped_at


def _add_stops(
    stopped_at: dict[str, datetime], senders: Pseudonyms, *, organisation_id: int
) -> None:
    """A STOP counts as well from a number that nothing was known about, or that another organisation knows
    behind the same short number.
    """
    ours = Sender.objects.filter(organisation=organisation_id).exclude(reply_number="")
    stops = InboundMessage.objects.filter(
        Q(organisation=None)
        | Q(organisation=organisation_id)
        | Q(recipient__in=ours.values("reply_number")),
        sender_index__any=senders.keys,
        intent="stop",
    )
    for index, at in stops.values_list("sender_index", "received_at"):
        e164 = senders.numbers[bytes(index or b"")]
        stopped_at[e164] = max(at, stopped_at.get(e164, at))


def _erased(known: Pseudonyms, organisation_id: int) -> dict[str, datetime]:
    rows = ErasedNumber.objects.filter(organisation=organisation_id, index__any=known.keys)
    moments = rows.order_by("erased_at").values_list("index", "erased_at")
    return {known.numbers[bytes(index)]: at for index, at in moments}


def _blocked(known: Pseudonyms, organisation_id: int) -> set[tuple[str, int | None]]:
    blocks = Suppression.objects.filter(organisation=organisation_id, index__any=known.keys)
    return {
        (known.numbers[bytes(index)], purpose)
        for index, purpose in blocks.values_list("index", "purpose")
    }
