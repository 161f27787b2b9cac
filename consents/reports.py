"""Evidence in plain words: what the reports of the bundles and the receipts show of each event."""

from collections import Counter
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from consents.models import ConsentEvent, Organisation, Wording


def method_in_words(name: str) -> str:
    """Return in plain words how an event came about."""
    names = {
        "web_form": _("on the public page"),
        "mo_keyword": _("by SMS with a keyword"),
        "mo_reply": _("by answering our SMS"),
        "mo_stop": _("by SMS"),
        "handset_code": _("by SMS with a code from the page"),
        "link": _("by the link in our SMS"),
        "email_link": _("by the link in our e-mail"),
        "stop_link": _("by a stop link"),
        "my_page": _("on my page"),
        "staff": _("through a member of staff"),
        "import": _("imported from another system"),
        "timer": _("by itself, when the time was up"),
        "erased": _("when everything was erased"),
        "journal": _("read again from the journal after a restored backup"),
    }
    return names.get(name, name)


def _fact_names() -> dict[str, str]:
    """Return in plain words what each fact of the evidence is about, in the order in which they are told."""
    return {
        "form": _("Form and version"),
        "box_default": _("The tick box at the start"),
        "page_sha256": _("The page as served (SHA-256)"),
        "confirm_page_sha256": _("The page with the button (SHA-256)"),
        "requested_at": _("Asked"),
        "request_event": _("The event for the request"),
        "channel": _("Asked to confirm by"),
        "confirmation_queued_at": _("Confirmation queued"),
        "confirmation_sent_at": _("Confirmation sent"),
        "confirmed_at": _("Confirmed"),
        "code_shown_at": _("Code shown"),
        "gateway": _("Gateway"),
        "mo_id": _("The gateway's ID for the SMS"),
        "mo_text": _("The person wrote"),
        "callback": _("Signature of the gateway"),
        "vouched_by": _("Vouched for by"),
        "confirmation": _("ID of the confirmation link"),
        "confirmation_sms": _("The gateway's ID for the confirmation"),
        "confirmation_sender": _("Sender of the confirmation"),
        "confirmation_text": _("Text of the confirmation"),
        "confirmation_report": _("Delivery report of the confirmation"),
        "confirmation_operator": _("The operator said"),
        "code": _("Code"),
        "purpose_closed": _("The purpose was closed"),
        "colleague": _("ID of the member of staff"),
        "note": _("Note by the member of staff"),
    }


def facts_in_words(private: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return every step and every proof of one event as (what, value), empty ones left out.

    A fact that has no words yet keeps its name.
    """
    facts = private.get("workflow", {}) | private.get("proof", {})
    names = _fact_names()
    order = [*(name for name in names if name in facts), *sorted(facts.keys() - names.keys())]
    return [(names.get(name, name), _value(facts[name])) for name in order if facts[name] != ""]


def _value(value: str | int) -> str | int | datetime:
    """Return a moment as one, in local time; everything else as it is."""
    if isinstance(value, str) and value.endswith("+00:00"):
        return timezone.localtime(datetime.fromisoformat(value))
    return value


def case_events(
    opened: list[dict[str, Any]],
    headers: dict[str, tuple[int, dict[str, Any]]],
    texts: dict[str, Wording],
) -> list[dict[str, Any]]:
    """Return the events of one person for people, oldest first. A deleted detail shows its header alone."""
    return [_case_event(event, headers[event["event_id"]][1], texts) for event in opened]


def _case_event(
    event: dict[str, Any], header: dict[str, Any], texts: dict[str, Wording]
) -> dict[str, Any]:
    shown = {
        "index": event["index"],
        "event_id": event["event_id"],
        "title": ConsentEvent.Type(header["type"]).label,
        "day": header["recorded_day"],
        "wording": texts.get(header["notice_sha256"]),
    }
    if event["detail"] is None:
        return shown
    private = event["detail"]["private"]
    return shown | {
        "at": timezone.localtime(datetime.fromisoformat(private["occurred_at"])),
        "method": method_in_words(private["method"]),
        "phone": private["phone"],
        "language": private["language"],
        "facts": facts_in_words(private),
    }


def audit_rows(
    organisation: Organisation, counts: Counter[tuple[str, str, str]]
) -> list[tuple[str, str, str, int]]:
    """Return (purpose, month, what, how many), in that order. Counts only: nobody is in them."""
    names = {
        public_id.hex: name
        for public_id, name in organisation.purposes.values_list("public_id", "name")
    }
    return [
        (names[purpose], month, str(ConsentEvent.Type(kind).label), count)
        for (purpose, month, kind), count in sorted(
            counts.items(), key=lambda row: (names[row[0][0]], row[0][1:])
        )
    ]
