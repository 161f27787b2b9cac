"""What stands against a row of an import: the words for it, and what is known about the numbers of a batch.

An import never brings back what a person has ended: whoever is known for a purpose in any state, is blocked,
or has said stop since the yes that the file tells of, is left as they are (features F013).
"""

import re
from array import array
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from django.db.models import Q
from django.utils.translation import gettext_noop

from consents import ledger, sheets
from consents.dates import add_months
from consents.models import (
    Consent,
    ConsentImport,
    InboundMessage,
    Purpose,
    Subject,
    Suppression,
    Wording,
)
from consents.sheets import Broken, Row
from smsconsent import crypto
from smsconsent.phones import Phone

MOST_TEXTS = 20
SHORTEST_TEXT = 20
# Knuth's multiplier: neighbouring numbers come to lie far apart.
_SPREAD = 0x9E3779B97F4A7C15
_VERSION = re.compile(r"(?:(nb|nn|en)[ :]?)?v?(\d{1,4})", re.IGNORECASE)

WORDS = {
    "empty": gettext_noop("The cell is empty."),
    "too_long": gettext_noop("The cell holds too much, or signs that do not belong in a text."),
    "letters": gettext_noop("A mobile number has digits only."),
    "too_short": gettext_noop("The number is too short."),
    "landline": gettext_noop("This is a landline number."),
    "premium": gettext_noop("This is no ordinary mobile number."),
    "machine": gettext_noop("This number belongs to a machine."),
    "foreign": gettext_noop("This is no Norwegian number."),
    "unknown": gettext_noop("This is no Norwegian mobile number."),
    "rounded": gettext_noop(
        "The spreadsheet has rounded the number. Format the column as text and export again."
    ),
    "bought": gettext_noop("Bought or rented lists are not imported: that yes was not to you."),
    "no_method": gettext_noop(
        "How was the yes given? Write web_form, paper_form, sms, phone, app or in_person."
    ),
    "no_time": gettext_noop("Write the time as 2024-05-31 14:05 or 31.05.2024 14:05."),
    "in_future": gettext_noop("The time lies in the future."),
    "too_old": gettext_noop("The consent is older than consents for this purpose last."),
    "no_purpose": gettext_noop("There is no such purpose. Write its address, as in its page's link."),
    "no_version": gettext_noop("There is no such version of the wording."),
    "short_text": gettext_noop("Write the whole text that the person said yes to, or a version number."),
    "many_texts": gettext_noop("Too many different texts in one file."),
    "twice": gettext_noop("The file has this number and purpose more than once."),
    "known": gettext_noop("This number has a consent for this purpose already."),
    "asked": gettext_noop("This number has been asked already; the person answers themselves."),
    "withdrawn": gettext_noop("This person has said stop or no. An import never overrides that."),
    "ended": gettext_noop("An earlier consent has ended. The person must say yes again."),
    "stopped_since": gettext_noop("This number has said stop after this consent was given."),
    "blocked": gettext_noop("This number is on the block list."),
    "broken_table": gettext_noop("The file cannot be read as a table. Export it as CSV."),
    "column_missing": gettext_noop("A column is missing, or stands there twice."),
}  # fmt: skip
_BY_STATE = {
    Consent.State.GRANTED: "known",
    Consent.State.PENDING: "asked",
    Consent.State.WITHDRAWN: "withdrawn",
    Consent.State.REFUSED: "withdrawn",
}


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

    rows: list[Row]
    # Per use of the blind index: number → what it is stored under now.
    indexes: dict[str, dict[str, bytes]]
    subjects: dict[str, Subject]
    states: dict[tuple[int, int], tuple[str, int | None]]
    stopped_at: dict[str, datetime]
    blocked: set[tuple[str, int | None]]
    taken: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, context: Context, rows: list[Row], *, lock: bool) -> "People":
        organisation = context.run.organisation
        phones = {row.phone.e164: row.phone for row in rows}
        lookup, lookups = _indexes(phones, use="lookup", organisation=organisation.pk)
        block, blocks = _indexes(phones, use="suppression", organisation=organisation.pk)
        _sender, senders = _indexes(phones, use="inbound", organisation=None)
        query = Subject.objects.filter(organisation=organisation, phone_index__any=list(lookups))
        if lock:
            query = query.select_for_update(no_key=True, of=("self",))
        subjects = {}
        for subject in query.defer("phone").order_by("pk"):
            e164 = lookups[bytes(subject.phone_index)]
            subject.phone = phones[e164]
            subjects[e164] = subject
        states, stopped_at = _histories(subjects)
        _add_stops(stopped_at, senders, organisation_id=organisation.pk)
        return cls(
            rows,
            {"lookup": lookup, "suppression": block},
            subjects,
            states,
            stopped_at,
            _blocked(blocks, organisation.pk),
        )


def _indexes(
    phones: dict[str, Phone], *, use: str, organisation: int | None
) -> tuple[dict[str, bytes], dict[bytes, str]]:
    """Return number → what it is stored under now, and what it may be stored under → number."""
    found = crypto.blind_indexes_of(phones.values(), use=use, organisation=organisation)
    return (
        {e164: indexes[0] for e164, indexes in found.items()},
        {index: e164 for e164, indexes in found.items() for index in indexes},
    )


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
        if _BY_STATE.get(Consent.State(state)) == "withdrawn" and ended_at:
            e164 = by_id[subject_id]
            stopped_at[e164] = max(ended_at, stopped_at.get(e164, ended_at))
    return states, stopped_at


def _add_stops(
    stopped_at: dict[str, datetime], inbound: dict[bytes, str], *, organisation_id: int
) -> None:
    """A STOP counts as well from a number that nothing was known about."""
    stops = InboundMessage.objects.filter(
        Q(organisation=None) | Q(organisation=organisation_id),
        sender_index__any=list(inbound),
        intent="stop",
    )
    for index, at in stops.values_list("sender_index", "received_at"):
        e164 = inbound[bytes(index or b"")]
        stopped_at[e164] = max(at, stopped_at.get(e164, at))


def _blocked(indexes: dict[bytes, str], organisation_id: int) -> set[tuple[str, int | None]]:
    blocks = Suppression.objects.filter(organisation=organisation_id, index__any=list(indexes))
    return {
        (indexes[bytes(index)], purpose)
        for index, purpose in blocks.values_list("index", "purpose")
    }


# -- what stands against a row -------------------------------------------------------------------------
def problem_with(context: Context, found: People, row: Row) -> Broken | None:
    """Return the first reason against a row that reads well, or None."""
    purpose = context.purposes.get(row.purpose)
    if purpose is None:
        return _broken(row, "purpose", "no_purpose")
    if row.at > context.now:
        return _broken(row, "time", "in_future")
    if add_months(row.at, purpose.consent_months) <= context.now:
        return _broken(row, "time", "too_old")
    if code := _against_number(context, found, row, purpose):
        return _broken(row, "number", code)
    if code := _against_wording(context, row, purpose):
        return _broken(row, "wording", code)
    return None


def _broken(row: Row, column: str, code: str) -> Broken:
    cells = {"number": row.phone.e164, "time": f"{row.at:%Y-%m-%d %H:%M}"}
    return Broken(
        row.row, column, code, sheets.shown(column, cells.get(column) or getattr(row, column))
    )


def _against_number(context: Context, found: People, row: Row, purpose: Purpose) -> str:
    e164 = row.phone.e164
    if (e164, None) in found.blocked or (e164, purpose.pk) in found.blocked:
        return "blocked"
    key = context.key_of(row)
    if key in found.taken or key in context.seen:
        return "twice"
    if subject := found.subjects.get(e164):
        state, run_id = found.states.get((subject.pk, purpose.pk), ("", None))
        if run_id == context.run.pk and context.run.state == ConsentImport.State.IMPORTING:
            return "twice"
        if state:
            return _BY_STATE.get(Consent.State(state), "ended")
    stopped = found.stopped_at.get(e164)
    return "stopped_since" if stopped and stopped >= row.at else ""


def _against_wording(context: Context, row: Row, purpose: Purpose) -> str:
    key = (purpose.pk, row.wording)
    if key not in context.wordings:
        if match := _VERSION.fullmatch(row.wording):
            context.wordings[key] = Wording.objects.filter(
                purpose=purpose, language=(match[1] or "nb").lower(), version=int(match[2])
            ).first()
            return "" if context.wordings[key] else "no_version"
        if len(row.wording) < SHORTEST_TEXT:
            return "short_text"
        if sum(wording is not None for wording in context.wordings.values()) >= MOST_TEXTS:
            return "many_texts"
        context.wordings[key] = _imported_wording(context, purpose, row.wording)
    return "" if context.wordings[key] else "no_version"


def _imported_wording(context: Context, purpose: Purpose, text: str) -> Wording:
    """Return the words that were shown elsewhere, as a version of its own; saved only by a real import."""
    notice = purpose.organisation.notices.current("nb")
    newest = purpose.wordings.filter(language="nb").order_by("-version").first()
    wording = Wording(
        purpose=purpose,
        language="nb",
        version=newest.version + 1 if newest else 1,
        declaration=text[:300],
        imported_text=text,
        notice=notice,
        published_at=context.now,
        published_by=context.run.by,
    )
    wording.sha256 = ledger.content_hash(ledger.wording_bundle(wording))
    known = purpose.wordings.filter(language="nb", sha256=wording.sha256).first()
    if known is None and context.run.state == ConsentImport.State.IMPORTING:
        wording.save(force_insert=True)
    return known or wording
