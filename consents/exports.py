"""What we hold about one number, for the eyes of colleagues and of the person."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from consents import ledger
from consents.import_rules import WORDS
from consents.models import ConsentEvent, ConsentImport, ImportProblem, Subject

_KINDS = {"granted": "ok", "withdrawn": "warning", "refused": "neutral", "requested": "info"}


def timeline(subject: Subject, *, limit: int = 100) -> list[dict[str, Any]]:
    """Return the events of one number, newest first, each checked against its header.

    An event whose detail no longer fits its header is shown as broken, never as true.
    """
    details = subject.event_details.select_related("event", "consent__purpose")
    return [_event(detail) for detail in details.order_by("-seq")[:limit]]


def _event(detail: Any) -> dict[str, Any]:
    purpose = detail.consent.purpose.name if detail.consent else ""
    try:
        content = ledger.open_detail(detail)
    except ledger.BrokenCommitment:
        return {
            "at": None,
            "title": _("This event does not fit its sealed header"),
            "text": purpose,
            "kind": "danger",
        }
    private = content["private"]
    kind = ledger.kind_of(detail.event)
    return {
        "at": datetime.fromisoformat(private["occurred_at"]),
        "title": f"{ConsentEvent.Type(kind).label}: {purpose}",
        "text": _method(private["method"]),
        "kind": _KINDS.get(kind, "neutral"),
    }


def _method(name: str) -> str:
    """Return in plain words how the event came about."""
    names = {
        "web_form": _("on the public page"),
        "mo_keyword": _("by SMS with a keyword"),
        "mo_reply": _("by answering our SMS"),
        "mo_stop": _("by SMS"),
        "handset_code": _("by SMS with a code from the page"),
        "link": _("by the link in our SMS"),
        "email_link": _("by the link in our e-mail"),
        "stop_link": _("by a stop link"),
        "staff": _("through a colleague"),
        "import": _("imported from another system"),
        "timer": _("by itself, when the time was up"),
    }
    return names.get(name, name)


def problem_text(problem: ImportProblem) -> str:
    """Return in plain words what is wrong with a cell of an imported file."""
    return _(WORDS.get(problem.code, problem.code))


def problems_of(run: ConsentImport) -> Iterator[list[str]]:
    """Yield the errors of an import as the rows of a table, with a heading."""
    yield [_("Row"), _("Column"), _("Cell"), _("Error")]
    for problem in run.problems.order_by("row").iterator(chunk_size=1000):
        cell = problem.cell
        # SECURITY: a spreadsheet would run a cell that begins so.
        if cell.startswith(("=", "+", "-", "@", "\t", "\r")):
            cell = "'" + cell
        yield [str(problem.row), problem.column, cell, problem_text(problem)]
