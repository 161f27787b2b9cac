"""What we hold about one number, for the eyes of colleagues and of the person."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.apps import apps
from django.db.models import Max
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from consents import ledger, receipts, reports, sheets
from consents.import_rules import WORDS
from consents.models import (
    Consent,
    ConsentEvent,
    ConsentImport,
    Erasure,
    HeldEvidence,
    ImportProblem,
    Subject,
)
from smsconsent import outbox

_KINDS = {"granted": "ok", "withdrawn": "warning", "refused": "neutral", "requested": "info"}


@dataclass(frozen=True, slots=True)
class MyConsent:
    """One consent as the person sees it: in the words that were agreed to."""

    consent: Consent
    last_sent_at: datetime | None
    is_paused: bool
    may_answer: bool
    counts: range
    # The address of the receipt; "" for a consent from before there were receipts.
    receipt: str

    @property
    def is_asked(self) -> bool:
        return self.consent.state == Consent.State.PENDING


def my_consents(subject: Subject, *, now: datetime) -> list[MyConsent]:
    """Return every consent of one number, those that hold first, each with its last message.

    PRIVACY: of a number in doubt only those that its present holder has spoken about.
    """
    last, since = _last_messages(subject), subject.doubted_since
    consents = subject.consents.select_related("purpose", "wording")
    rows = [
        MyConsent(
            consent=consent,
            last_sent_at=last.get(consent.pk),
            is_paused=consent.is_paused(now),
            may_answer=consent.state in {Consent.State.GRANTED, Consent.State.PENDING},
            counts=range(1, consent.purpose.promised_count + 1),
            receipt=receipts.address_of(consent) if consent.receipt_digest else "",
        )
        for consent in consents.order_by("purpose__name", "pk")
        if since is None or consent.spoken_at > since
    ]
    return sorted(rows, key=lambda row: not row.consent.is_granted)


def _last_messages(subject: Subject) -> dict[int, datetime]:
    """Return when the last message left for each consent, over all lanes. One query per lane."""
    last: dict[int, datetime] = {}
    for lane in outbox.lanes():
        sent = lane.about(subject=subject, consent__isnull=False, handed_over_at__isnull=False)
        for consent, at in sent.values_list("consent").annotate(at=Max("handed_over_at")):
            last[consent] = max(at, last.get(consent, at))
    return last


def timeline(
    subject: Subject, *, limit: int = 100, since: datetime | None = None
) -> list[dict[str, Any]]:
    """Return the events of one number, newest first, each checked against its header.

    An event whose detail no longer fits its header is shown as broken, never as true. `since`: only
    those after it.
    """
    details = subject.event_details.select_related("event", "consent__purpose")
    events = [_event(detail) for detail in details.order_by("-seq")[:limit]]
    return [each for each in events if since is None or (each["at"] and each["at"] > since)]


def _event(detail: Any) -> dict[str, Any]:
    purpose = detail.consent.purpose.name if detail.consent else ""
    try:
        content = ledger.open_detail(detail)
    except ledger.BrokenCommitment:
        return {
            "at": None,
            "title": _("This event does not match what was sealed"),
            "text": purpose,
            "kind": "danger",
        }
    private = content["private"]
    kind = ledger.kind_of(detail.event)
    return {
        "at": datetime.fromisoformat(private["occurred_at"]),
        "title": f"{_what_happened(kind, private)}: {purpose}",
        "text": reports.method_in_words(private["method"]),
        "kind": _KINDS.get(kind, "neutral"),
    }


def held(row: HeldEvidence) -> dict[str, Any]:
    """Return one event that a legal hold has kept, for the one who may read it."""
    content = json.loads(row.detail)
    private = content["private"]
    event = ConsentEvent.objects.get(event_id=row.event_id)
    return {
        "at": datetime.fromisoformat(private["occurred_at"]),
        "title": _what_happened(ledger.kind_of(event), private),
        "text": reports.method_in_words(private["method"]),
        "phone": private["phone"],
        "event": row.event_id,
        "detail": json.dumps(content, ensure_ascii=False, indent=1),
    }


def in_words(detail: Any) -> str:
    """Return one event in one line."""
    event = _event(detail)
    at = date_format(timezone.localtime(event["at"]), "DATETIME_FORMAT") if event["at"] else ""
    return f"{at} {event['title']} ({event['text']})".strip()


def _what_happened(kind: str, private: dict[str, Any]) -> str:
    """Return the type of an event in plain words; of a change, what was changed."""
    changes = {
        "paused": _("Paused"),
        "resumed": _("Pause ended"),
        "count": _("Fewer messages"),
    }
    return changes.get(private["proof"].get("change")) or str(ConsentEvent.Type(kind).label)


def problem_text(problem: ImportProblem) -> str:
    """Return in plain words what is wrong with a cell of an imported file."""
    return _(WORDS.get(problem.code, problem.code))


def problems_of(run: ConsentImport) -> Iterator[list[str]]:
    """Yield the errors of an import as the rows of a table, with a heading."""
    yield [_("Row"), _("Column"), _("Cell"), _("Error")]
    for problem in run.problems.order_by("row").iterator(chunk_size=1000):
        cell = sheets.harmless(problem.cell)
        yield [str(problem.row), problem.column, cell, problem_text(problem)]


# -- the report of an erasure --------------------------------------------------------------------------
_STAYS = {
    "headers": (
        gettext_noop(
            "Anonymous lines in the evidence log. They name nobody and can no longer be"
            " opened: their content has been deleted."
        ),
        gettext_noop("for good, so that nobody can change history"),
    ),
    "backups": (
        gettext_noop("Encrypted copies in backups"),
        gettext_noop("until the last such backup is gone"),
    ),
    "erased": (
        gettext_noop("A scrambled form of the number, so that no older file brings it back"),
        gettext_noop("deleted by itself after this date"),
    ),
    "uploads": (
        gettext_noop(
            "Encrypted files of consents that are to be imported. If the number is in one, it is left out."
        ),
        gettext_noop("until they are imported; deleted by this date"),
    ),
    "operator": (
        gettext_noop("The SMS operator's own log of what was sent"),
        gettext_noop("as the operator's agreement with us says"),
    ),
    "deliveries": (
        gettext_noop(
            "Campaign rows without a person and with the date only: they are kept for counting"
        ),
        gettext_noop("31 days after each campaign"),
    ),
    "cases": (
        gettext_noop("What you have asked us about your data, and our answers"),
        gettext_noop("90 days after the answer"),
    ),
    "hold": (
        gettext_noop(
            "Evidence needed for a legal claim, encrypted with its own key (GDPR Art. 17(3)(e))"
        ),
        gettext_noop(
            "can only be opened by two people together; deleted by itself after this date"
        ),
    ),
    "block": (
        gettext_noop("The block that you asked for: a scrambled form of the number, nothing else"),
        gettext_noop("until you ask us to remove it; reviewed by this date"),
    ),
}


def certificate(erasure: Erasure) -> dict[str, Any]:
    """Return the report of an erasure: what, where, how many, when, what stays, why and until when.

    PRIVACY: counts and times. Nobody can be found from it, and it may be shown to anyone.
    """
    return {
        "reference": erasure.reference,
        "organisation": {
            "name": erasure.organisation.name,
            "number": erasure.organisation.number,
        },
        "asked_by": str(erasure.get_asked_by_display()),
        "asked_at": erasure.asked_at,
        "steps": [
            {"step": _("Deleted from the database"), "at": erasure.destroyed_at},
            {
                "step": _("Deleted at the SMS gateway, where it was still waiting"),
                "at": erasure.cancelled_at,
            },
            {"step": _("Overwritten on disk"), "at": erasure.overwritten_at},
        ],
        "deleted": [
            {"what": _table(label), "count": count}
            for label, count in sorted(erasure.counts.items())
        ],
        "stays": [_stay(row) for row in erasure.stays],
    }


def _stay(row: dict[str, Any]) -> dict[str, Any]:
    """Return in plain words one thing that an erasure leaves."""
    text, until = _STAYS[row["what"]]
    return {
        "what": _(text),
        "why_and_until": _(until),
        "count": row["count"] or None,
        "until": date.fromisoformat(row["until"]) if row["until"] else None,
    }


def _table(label: str) -> str:
    """Return in plain words what a table holds."""
    if label == "gateway":
        return _("messages that waited at the SMS gateway")
    return str(apps.get_model(label)._meta.verbose_name_plural)
