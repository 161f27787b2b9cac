"""What led to a yes: the steps of the double opt-in, gathered as evidence when it is given (law.md L19).

A renewal is a yes as well: its steps are those of the message that asked for it, and the event before it.

EDPB 05/2020 § 108 asks how and when consent was given and what the person was shown. The confirmation's
own row is deleted after 30 days, so what it proves is copied into the encrypted detail of the event.
"""

from dataclasses import replace
from datetime import UTC, datetime

from consents import ledger
from consents.ledger import Facts, Proof
from consents.models import Confirmation, Consent, ConsentEvent, EventDetail, ServiceMessage

# What is taken over from the request, so that a receipt for the yes stands alone.
OF_THE_FORM = ("form", "box_default", "page_sha256", "page_named")

ASKS = (ServiceMessage.Kind.CONFIRMATION, ServiceMessage.Kind.RENEWAL)


def with_steps(proof: Proof, *, consent: Consent, now: datetime) -> Proof:
    """Return the proof of a yes with everything that came before it. A few short queries."""
    workflow = _of_request(consent, now) | proof.workflow | {"confirmed_at": _moment(now)}
    # The message with the code is the yes itself: no other had asked for it.
    steps, facts = ({}, {}) if proof.method == "handset_code" else _of_confirmation(consent)
    return replace(proof, workflow=workflow | steps, facts=proof.facts | facts)


def _of_request(consent: Consent, now: datetime) -> Facts:
    """Return form, page and time of the request that is being answered."""
    found: Facts = {"requested_at": _moment(consent.requested_at)}
    request = _led_here(consent, now)
    if request is None:
        return found
    found["request_event"] = request.event.event_id
    private = ledger.open_detail(request)["private"]
    if ledger.kind_of(request.event) == ConsentEvent.Type.REQUESTED:
        found["requested_at"] = private["occurred_at"]
    asked = private.get("workflow", {})
    return found | {name: asked[name] for name in OF_THE_FORM if name in asked}


def _led_here(consent: Consent, now: datetime) -> EventDetail | None:
    """Return the event before the yes. A consent that holds may be renewed upon a request."""
    events = EventDetail.objects.filter(consent=consent).select_related("event").order_by("-seq")
    last = events.filter(event__event_id=consent.last_event_id).first()
    if last is None or ledger.kind_of(last.event) == ConsentEvent.Type.REQUESTED:
        return last
    link = _newest_link(consent)
    since = _moment(link.created_at if link else now)
    for each in events.filter(seq__gt=last.seq):
        if ledger.kind_of(each.event) == ConsentEvent.Type.REQUESTED:
            # An older one got no answer: what is answered now is the question that came after it.
            is_this = ledger.open_detail(each)["private"]["occurred_at"] >= since
            return each if is_this else last
    return last


def _newest_link(consent: Consent) -> Confirmation | None:
    return Confirmation.objects.filter(consent=consent).order_by("-created_at", "-pk").first()


def _of_confirmation(consent: Consent) -> tuple[Facts, Facts]:
    """Return times and proof of the message that asked for the second yes, as it is known by now."""
    link = _newest_link(consent)
    if link is not None and link.channel == Confirmation.Channel.EMAIL:
        return {"channel": "email", "confirmation_sent_at": _moment(link.email_sent_at)}, {}
    sms = (
        ServiceMessage.objects.filter(consent=consent, kind__in=ASKS).order_by("-queued_at").first()
    )
    if sms is None:
        return {}, {}
    times: Facts = {
        "channel": "sms",
        "confirmation_queued_at": _moment(sms.queued_at),
        "confirmation_sent_at": _moment(sms.handed_over_at),
    }
    return times, {
        "confirmation_sms": sms.pk.hex,
        "confirmation_sender": sms.sender,
        "confirmation_text": sms.text,
        "confirmation_report": str(sms.state),
        "confirmation_operator": sms.detail,
    }


def _moment(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds") if at else ""
