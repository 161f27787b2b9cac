"""A copy of everything that is held about one number: GDPR Art. 15(3) and 20, law.md L45, F113.

It follows the retention policies: each table that a policy covers has its rows here, every field of them.
So a new field is in the copy by itself, and a new table fails a test until `ABOUT` says whose its rows are.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import BinaryField, Field, Model, QuerySet
from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from consents import erasing, exports, ledger, limits, retention, sheets
from consents.models import (
    Case,
    CaseCode,
    Confirmation,
    Consent,
    ContactGuard,
    ErasedNumber,
    Erasure,
    EventDetail,
    HoldOpening,
    Letter,
    Subject,
    Suppression,
)
from smsconsent import crypto, outbox
from smsconsent.phones import Phone
from smsconsent.staff.models import User

AUTHORITY = "Datatilsynet, https://www.datatilsynet.no"

# Table → its rows about one number. The lanes of messages are found by themselves.
ABOUT: dict[str, Callable[[Subject], QuerySet[Any]]] = {
    "consents.Subject": lambda subject: Subject.objects.filter(pk=subject.pk),
    "consents.Consent": lambda subject: subject.consents.select_related(
        "purpose__organisation", "wording__notice", "wording__purpose"
    ),
    "consents.EventDetail": lambda subject: subject.event_details.select_related(
        "event", "consent__purpose__organisation"
    ),
    "consents.Confirmation": lambda subject: Confirmation.objects.filter(consent__subject=subject),
    "consents.InboundMessage": erasing.replies_of,
    "consents.Visit": lambda subject: subject.visits.all(),
    "consents.Erasure": lambda subject: Erasure.objects.filter(subject=subject),
    "consents.ErasedNumber": lambda subject: ErasedNumber.objects.filter(
        organisation=subject.organisation_id,
        index__in=crypto.blind_indexes(
            subject.phone, use="suppression", organisation=subject.organisation_id
        ),
    ),
    "consents.ContactGuard": lambda subject: ContactGuard.objects.filter(
        key__in=crypto.blind_indexes(subject.phone, use="limit")
    ),
    "consents.RateWindow": lambda subject: limits.windows_of(subject.phone),
    "consents.Suppression": lambda subject: Suppression.objects.blocking(
        subject.organisation, subject.phone
    ),
    "consents.Case": lambda subject: Case.objects.about(subject.organisation, subject.phone),
    "consents.CaseCode": lambda subject: CaseCode.objects.filter(
        case__in=Case.objects.about(subject.organisation, subject.phone)
    ),
    "consents.Letter": lambda subject: Letter.objects.filter(
        case__in=Case.objects.about(subject.organisation, subject.phone)
    ),
    "consents.LegalHold": lambda subject: subject.holds.all(),
    "consents.HoldOpening": lambda subject: HoldOpening.objects.filter(hold__subject=subject),
    "consents.Disclosure": lambda subject: subject.disclosures.all(),
}


# What tells when a row came about, whichever of them it has. A number itself has none.
_MOMENTS = ("queued_at", "received_at", "asked_at", "written_at", "at")


@dataclass(frozen=True, slots=True)
class CopiedField:
    """One field of one row: its name in the file, and its label and value for people."""

    name: str
    label: str
    value: Any
    shown: str


@dataclass(frozen=True, slots=True)
class Section:
    """What is held for one reason, and for how long."""

    name: str
    title: str
    reason: str
    life: str
    rows: list[list[CopiedField]]

    @property
    def readable(self) -> list[list[CopiedField]]:
        """The rows as people read them: without what only machines understand, and what is empty."""
        shown = [[each for each in row if each.label and each.shown] for row in self.rows]
        return [row for row in shown if row]


def sections(subject: Subject, *, since: datetime | None = None) -> list[Section]:
    """Return everything about the number, policy by policy, empty sections left out.

    `since`: only what is surely newer, for whoever may have got the number from somebody else (L58).
    """
    found = []
    for policy in retention.policies():
        labels = dict.fromkeys(name.rsplit(".", 1)[0] for name in policy.covers)
        rows = [
            _fields(row)
            for label in labels
            for row in _rows(label, subject)
            if since is None or _is_newer(row, since)
        ]
        if rows:
            texts = (str(policy.title), str(policy.reason), str(policy.life))
            found.append(Section(policy.name, *texts, rows=rows))
    return found


def copy_of(subject: Subject, *, now: datetime, since: datetime | None = None) -> dict[str, Any]:
    """Return the copy as plain data, for a file that people and machines can read."""
    return {
        "about": _about(subject, now, since),
        "sections": [
            {
                "name": section.name,
                "title": section.title,
                "why": section.reason,
                "how_long": section.life,
                "rows": [{each.name: each.value for each in row} for row in section.rows],
            }
            for section in sections(subject, since=since)
        ],
    }


def table_of(
    subject: Subject, *, now: datetime, since: datetime | None = None
) -> Iterator[list[str]]:
    """Yield the copy as lines of a table: what belongs together, row, field, what it is called, value.

    One line a field, since the tables it comes from have different fields. What has parts is JSON (L45).
    """
    yield [_("Kind"), _("Row"), _("Field"), _("What it is"), _("Value")]
    about = _about(subject, now, since)
    yield from (["about", "1", name, "", _cell(value)] for name, value in about.items())
    for section in sections(subject, since=since):
        yield from (
            [section.name, str(number), each.name, each.label, _cell(each.value)]
            for number, row in enumerate(section.rows, 1)
            for each in row
        )


def _about(subject: Subject, now: datetime, since: datetime | None) -> dict[str, Any]:
    organisation = subject.organisation
    return {
        "generated_at": now,
        "controller": {
            "name": organisation.name,
            "number": organisation.number,
            "address": organisation.address,
            "email": organisation.contact_email,
        },
        "recipients": recipients(),
        "source": source(),
        "rights": rights(),
        # Null and "" where nothing is.
        "left_out_before": since,
        "left_out": left_out(subject, since),
    }


def _cell(value: Any) -> str:
    """Return a value for a cell: the same as in the file, text without its quotes."""
    text = json.loads(json.dumps(value, cls=DjangoJSONEncoder))
    if not isinstance(text, str):
        text = "" if text is None else json.dumps(text, ensure_ascii=False)
    return sheets.harmless(text)


def recipients() -> str:
    """Return who else gets the data (GDPR Art. 15(1)(c))."""
    return _(
        "The SMS gateway (%(gateway)s) receives the number and the text of each message. "
        "Nobody else does."
    ) % {"gateway": settings.SMS_OPERATOR}


def source() -> str:
    """Return where the data comes from (GDPR Art. 15(1)(g))."""
    return _(
        "From the person: on the page, by SMS, or through a member of staff, as each consent says."
    )


def rights() -> str:
    """Return what the person may do next (GDPR Art. 15(1)(e), (f))."""
    return _("Stop, pause, correct or delete on my page. Complaints: %(authority)s") % {
        "authority": AUTHORITY
    }


def left_out(subject: Subject, since: datetime | None) -> str:
    """Return what the copy leaves out, and why, or "" where it is complete (L58)."""
    if since is None:
        return ""
    return _(
        "The number may have got a new owner, so nothing from before %(date)s is in this copy. Was it yours"
        " then too? Write to %(email)s."
    ) % {
        "date": formats.date_format(timezone.localtime(since), "j. F Y"),
        "email": subject.organisation.contact_email,
    }


def _rows(label: str, subject: Subject) -> Iterator[Model]:
    model = apps.get_model(label)
    if issubclass(model, outbox.OutboundMessage):
        mine = model.about(subject=subject).order_by("queued_at")
        yield from mine.select_related(*model.shown_with)
    elif label in ABOUT:
        yield from ABOUT[label](subject).order_by("pk")


def _is_newer(row: Model, since: datetime) -> bool:
    """Return whether a row is from after this moment. Where that cannot be told, no."""
    if isinstance(row, Consent):
        moment = row.spoken_at
    elif isinstance(row, EventDetail):
        moment = datetime.fromisoformat(json.loads(row.detail)["private"]["occurred_at"])
    else:
        found = [getattr(row, name) for name in _MOMENTS if hasattr(row, name)]
        moment = found[0] if found else since
    return moment > since


def _fields(row: Model) -> list[CopiedField]:
    """Return every field of a row, and what belongs to it: words that were shown, words that were sent."""
    fields = [each for each in row._meta.concrete_fields if not each.generated]
    found = [_field(row, field) for field in fields if field.name != "id"]
    if isinstance(row, Consent):
        bundle = ledger.wording_bundle(row.wording) | {"notice": row.wording.notice.body}
        found.append(CopiedField("wording_texts", "", bundle, ""))
        found += [
            CopiedField("what", _("What"), row.wording.what, row.wording.what),
            CopiedField("why", _("Why"), row.wording.why, row.wording.why),
            CopiedField(
                "declaration", _("You said"), row.wording.declaration, row.wording.declaration
            ),
        ]
    if isinstance(row, outbox.OutboundMessage):
        found.append(CopiedField("words", _("The words"), row.words, row.words))
    return found


def _field(row: Model, field: "Field[Any, Any]") -> CopiedField:
    value = _plain(getattr(row, field.name))
    if field.name == "detail" and field.model.__name__ == "EventDetail":
        return CopiedField(field.name, _("What happened"), json.loads(value), exports.in_words(row))
    return CopiedField(field.name, _label(field), value, _shown(row, field, value))


def _plain(value: Any) -> Any:
    """Return a value as a file can hold it. PRIVACY: the one place where a person's number is written out."""
    match value:
        case Phone():
            return value.e164
        case bytes() | memoryview():
            return bytes(value).hex()
        case Subject():
            return value.public_id
        case User():
            # Who looked is told by function: colleagues have a right to privacy as well.
            return _("a member of staff")
        case Model():
            return str(value)
        case _:
            return value


def _label(field: "Field[Any, Any]") -> str:
    """Return the label for people, or "" for what only machines read: keys, digests, references."""
    is_named = isinstance(field.verbose_name, Promise)
    is_link = field.related_model is Subject
    is_twice = field.name == "text" and issubclass(field.model, outbox.OutboundMessage)
    if isinstance(field, BinaryField) or not is_named or is_link or is_twice:
        return ""
    return str(field.verbose_name)


def _shown(row: Model, field: "Field[Any, Any]", value: Any) -> str:
    if field.choices:
        return str(getattr(row, f"get_{field.name}_display")())
    if isinstance(value, datetime):
        return formats.date_format(timezone.localtime(value), "DATETIME_FORMAT")
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return "" if value is None else str(value)
