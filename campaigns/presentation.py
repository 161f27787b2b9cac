"""What a campaign looks like to colleagues: preview and price, waterfall, progress, possible actions."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from campaigns import audiences, tallies, texts
from campaigns.models import Campaign, Delivery
from consents.models import Purpose
from smsconsent import gsm
from smsconsent.recalling import recall
from smsconsent.staff.models import User

State, Sent = Campaign.State, Delivery.State
BADGES = {
    State.DRAFT: "neutral",
    State.IN_REVIEW: "info",
    State.APPROVED: "ok",
    State.SCHEDULED: "info",
    State.SENDING: "info",
    State.PAUSED: "warning",
    State.SENT: "ok",
    State.CANCELLED: "danger",
}


def badge_of(campaign: Campaign) -> str:
    return BADGES[State(campaign.state)]


def preview_of(purpose: Purpose, text: str) -> dict[str, Any]:
    """Return the message as it will leave, its measure, and what it costs a recipient."""
    full = texts.full_text(purpose, text)
    measure = gsm.measure(full)
    return {
        "sender": purpose.sender.value,
        "measure": measure,
        "offenders": _offenders_in(full),
        "changes": [(gsm.name_of(old), new) for old, new in gsm.changes(text)],
        "cost": _cost(measure.segments),
        "problems": texts.problems_with(purpose, text) if text.strip() else [],
    }


def _cost(segments: int) -> str:
    price = Decimal(settings.SMS_PRICE_ORE) * segments / 100
    return _("%(price)s kr to each recipient") % {"price": f"{price:.2f}".replace(".", ",")}


def _offenders_in(full: str) -> list[dict[str, Any]]:
    """Return each character that forces UCS-2, with what it alone adds to the message."""
    prices = {char: gsm.price_of(char, full) for char in gsm.offenders(full)}
    return [
        {"name": gsm.name_of(char), "segments": more, "cost": _cost(more)}
        for char, more in prices.items()
    ]


def waterfall_of(campaign: Campaign, *, now: datetime) -> dict[str, Any]:
    """Return the waterfall as it was frozen, or as it would be now, for `includes/_waterfall.html`.

    Of a million people it takes seconds to count: then it may be a minute old. Approving counts anew.
    """
    counted = campaign.audience or recall(
        "waterfall",
        campaign.purpose_id,
        count=lambda: audiences.waterfall(campaign.purpose, now=now).to_json(),
        long=0.1,
    )
    found = audiences.Waterfall.from_json(counted)
    return {
        "rows": _rows(found),
        "total": found.total,
        "rest": found.rest,
        "is_frozen": bool(campaign.audience),
    }


def blocked_of(campaign: Campaign) -> list[tuple[str, int]]:
    """Return why messages were stopped at the last moment, with counts."""
    counted = tallies.by_reason(campaign, Sent.BLOCKED, Sent.EXPIRED, Sent.FAILED)
    return [(audiences.reason_label(reason), count) for reason, count in counted]


def progress_of(campaign: Campaign) -> dict[str, Any]:
    """Return counts per state, which were kept while the messages moved."""
    counts = tallies.by_state(campaign)
    total = sum(counts.values())
    waiting = counts.get(Sent.QUEUED, 0)
    stats = [
        (_("Recipients"), total, ""),
        (_("Waiting"), waiting, ""),
        (_("Sent"), _sum(counts, Sent.HANDED_OVER, Sent.DELIVERED, Sent.FAILED), ""),
        (_("Delivered"), counts.get(Sent.DELIVERED, 0), "ok"),
        (_("Not delivered"), counts.get(Sent.FAILED, 0), "warning"),
        (_("Stopped by a rule"), _sum(counts, Sent.BLOCKED, Sent.EXPIRED), ""),
        (_("Outcome not known"), counts.get(Sent.UNKNOWN, 0), "warning"),
    ]
    return {
        "stats": [
            {"label": label, "value": value, "kind": kind if value else ""}
            for label, value, kind in stats
        ],
        "done": total - waiting,
        "all": total,
        "is_moving": campaign.state in {State.SENDING, State.SCHEDULED},
    }


def actions_of(campaign: Campaign, *, user: User, may: set[str]) -> dict[str, bool]:
    """Return which actions this colleague may take on the campaign as it stands."""
    state = campaign.state
    own = user.pk in {campaign.author_id, campaign.submitted_by_id}
    sends = "campaigns.send_campaign" in may
    approves = "campaigns.approve_campaign" in may and state == State.IN_REVIEW
    return {
        "edit": "campaigns.change_campaign" in may and campaign.is_editable,
        "submit": "campaigns.submit_campaign" in may and state == State.DRAFT,
        "approve": approves and not own,
        "own": approves and own,
        "start": sends and state in {State.APPROVED, State.SCHEDULED},
        "schedule": sends and state == State.APPROVED,
        "pause": sends and state == State.SENDING,
        "resume": sends and state == State.PAUSED,
        "cancel": sends and state in {State.SCHEDULED, State.SENDING, State.PAUSED, State.APPROVED},
    }


def _sum(counts: dict[str, int], *states: str) -> int:
    return sum(counts.get(state, 0) for state in states)


def _rows(waterfall: audiences.Waterfall) -> list[dict[str, Any]]:
    left = waterfall.total
    rows: list[dict[str, Any]] = [
        {
            "label": _("Everybody we know for this purpose"),
            "count": left,
            "left": 0,
            "kind": "start",
        }
    ]
    for reason, count in waterfall.exclusions:
        left -= count
        if count:
            label = audiences.reason_label(reason)
            rows.append({"label": label, "count": count, "left": left, "kind": "out"})
    rows.append({"label": _("Get the message"), "count": left, "left": 0, "kind": "rest"})
    return rows
