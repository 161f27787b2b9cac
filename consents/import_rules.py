"""What stands against a row of an import, and the words for it (features F012, F013)."""

import re
from datetime import UTC, datetime
from typing import NamedTuple

from django.utils.translation import gettext_noop

from consents import ledger, sheets
from consents.dates import add_months
from consents.import_people import Context, People
from consents.models import Consent, ConsentImport, Purpose, Wording
from consents.sheets import Broken, Row

MOST_TEXTS = 20
SHORTEST_TEXT = 20
_VERSION = re.compile(r"(?:(nb|nn|en)[ :]?)?v?(\d{1,4})", re.IGNORECASE)

WORDS = {
    "empty": gettext_noop("The cell is empty."),
    "too_long": gettext_noop("The cell contains too much text, or characters that do not belong in a text."),
    "letters": gettext_noop("A mobile number has digits only."),
    "too_short": gettext_noop("The number is too short."),
    "landline": gettext_noop("This is a landline number."),
    "premium": gettext_noop("This is not an ordinary mobile number."),
    "machine": gettext_noop("This number belongs to a machine."),
    "foreign": gettext_noop("This is not a Norwegian number."),
    "unknown": gettext_noop("This is not a Norwegian mobile number."),
    "rounded": gettext_noop(
        "The spreadsheet has rounded the number. Format the column as text and export again."
    ),
    "bought": gettext_noop("Bought or rented lists cannot be imported: those people did not say yes to you."),
    "no_method": gettext_noop(
        "How was the yes given? Write web_form, paper_form, sms, phone, app or in_person."
    ),
    "no_time": gettext_noop("Write the time as 2024-05-31 14:05 or 31.05.2024 14:05."),
    "in_future": gettext_noop("The time is in the future."),
    "too_old": gettext_noop("The consent is too old. Consents for this purpose do not last that long."),
    "no_purpose": gettext_noop(
        "There is no such purpose. Write its address as it stands in the link to its page."
    ),
    "no_version": gettext_noop("There is no such version of the wording."),
    "short_text": gettext_noop("Write the whole text that the person said yes to, or a version number."),
    "many_texts": gettext_noop("Too many different texts in one file."),
    "twice": gettext_noop("The file contains this number and purpose more than once."),
    "known": gettext_noop("This number already has a consent for this purpose."),
    "asked": gettext_noop("This number has already been asked. The person has to answer themselves."),
    "withdrawn": gettext_noop("This person has said stop or no. An import never overrides that."),
    "ended": gettext_noop("An earlier consent has ended. The person must say yes again."),
    "stopped_since": gettext_noop("This number has said stop after this consent was given."),
    "erased_since": gettext_noop("This person was erased after this consent was given."),
    "blocked": gettext_noop("This number is on the block list."),
    "broken_table": gettext_noop("The file cannot be read as a table. Export it as CSV."),
    "column_missing": gettext_noop("A column is missing, or appears twice."),
}  # fmt: skip
_BY_STATE = {
    Consent.State.GRANTED: "known",
    Consent.State.PENDING: "asked",
    Consent.State.WITHDRAWN: "withdrawn",
    Consent.State.REFUSED: "withdrawn",
}


class Good(NamedTuple):
    """A row that nothing stands against, and what it means here. Moments are in UTC."""

    row: Row
    key: int
    purpose: Purpose
    wording: Wording
    at: datetime
    valid_until: datetime


def judge(context: Context, found: People, row: Row) -> Good | Broken:
    """Return what a row that reads well means here, or the first reason against it."""
    purpose = context.purposes.get(row.purpose)
    if purpose is None:
        return _broken(row, "purpose", "no_purpose")
    if row.at > context.now:
        return _broken(row, "time", "in_future")
    # Months are counted in the zone of the file.
    valid_until = add_months(row.at, purpose.consent_months)
    if valid_until <= context.now:
        return _broken(row, "time", "too_old")
    key = context.key_of(row)
    if code := _against_number(context, found, row, key):
        return _broken(row, "number", code)
    wording = _wording(context, row, purpose)
    if isinstance(wording, str):
        return _broken(row, "wording", wording)
    return Good(row, key, purpose, wording, row.at.astimezone(UTC), valid_until.astimezone(UTC))


def _broken(row: Row, column: str, code: str) -> Broken:
    cells = {"number": row.phone.e164, "time": f"{row.at:%Y-%m-%d %H:%M}"}
    return Broken(
        row.row, column, code, sheets.shown(column, cells.get(column) or getattr(row, column))
    )


def _against_number(context: Context, found: People, row: Row, key: int) -> str:
    e164, purpose = row.phone.e164, context.purposes[row.purpose].pk
    if (e164, None) in found.blocked or (e164, purpose) in found.blocked:
        return "blocked"
    if key in found.taken or key in context.seen:
        return "twice"
    if subject := found.subjects.get(e164):
        state, run_id = found.states.get((subject.pk, purpose), ("", None))
        if run_id == context.run.pk and context.run.state == ConsentImport.State.IMPORTING:
            return "twice"
        if state:
            return _BY_STATE.get(Consent.State(state), "ended")
    for code, moments in (("erased_since", found.erased_at), ("stopped_since", found.stopped_at)):
        if (at := moments.get(e164)) and at >= row.at:
            return code
    return ""


def _wording(context: Context, row: Row, purpose: Purpose) -> Wording | str:
    """Return the words that the row names or quotes, or the reason against them."""
    key = (purpose.pk, row.wording)
    if key not in context.wordings:
        if match := _VERSION.fullmatch(row.wording):
            context.wordings[key] = Wording.objects.filter(
                purpose=purpose, language=(match[1] or "nb").lower(), version=int(match[2])
            ).first()
        elif len(row.wording) < SHORTEST_TEXT:
            return "short_text"
        elif sum(wording is not None for wording in context.wordings.values()) >= MOST_TEXTS:
            return "many_texts"
        else:
            context.wordings[key] = _imported_wording(context, purpose, row.wording)
    return context.wordings[key] or "no_version"


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
