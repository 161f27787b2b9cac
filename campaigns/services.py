"""The verbs of campaigns: write, submit, approve, schedule, pause, cancel. Each moves one state, once.

Each says who did it: an approval is a row of its own, the rest is the campaign's trail.
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from campaigns import audiences, cancelling, running, sending, tallies, tasks, texts, trail
from campaigns.models import Approval, Campaign, Delivery
from campaigns.trail import Act
from consents.models import Purpose
from smsconsent.staff import roles
from smsconsent.staff.models import User

State = Campaign.State


class CampaignError(Exception):
    """A verb refuses; its text says why, in the reader's language, and what to do."""


class WrongState(CampaignError):
    """The campaign is not where this verb begins: somebody else may have been faster."""


class OwnCampaign(CampaignError):
    """Nobody approves what they have written or submitted themselves."""


class ApprovalVoid(CampaignError):
    """The words are no longer those that were approved."""


class TextNotSendable(CampaignError):
    """The text breaks a rule."""


class SentToday(CampaignError):
    """The same words go to the same purpose already today: a double click, or a mistake."""


@transaction.atomic
def create_campaign(purpose: Purpose, *, by: User, name: str, text: str, now: datetime) -> Campaign:
    """Write a draft. The organisation's and the purpose's roles hold on it at once."""
    campaign = Campaign.objects.create(
        purpose=purpose, name=name, text=text, author=by, created_at=now
    )
    roles.sync_roles(campaign, inherit_from=purpose)
    roles.sync_roles(campaign, inherit_from=purpose.organisation)
    return campaign


@transaction.atomic
def edit_campaign(campaign: Campaign, *, by: User, name: str, text: str, now: datetime) -> None:
    """Change name or words. A new text makes it a draft again, and voids an approval."""
    mine = _lock(campaign, State.DRAFT, State.IN_REVIEW, State.APPROVED)
    if text != mine.text:
        mine.state, mine.submitted_by, mine.submitted_at = State.DRAFT, None, None
    mine.name, mine.text = name, text
    # Whoever writes the words is their author, and cannot approve them.
    mine.author = by
    mine.save()
    trail.record(mine, Act.CHANGED, by=by, now=now)
    campaign.refresh_from_db()


@transaction.atomic
def submit(campaign: Campaign, *, by: User, now: datetime) -> None:
    """Send a draft for approval. Raises TextNotSendable or SentToday."""
    mine = _lock(campaign, State.DRAFT)
    _require_sendable(mine, now=now)
    mine.state, mine.submitted_by, mine.submitted_at = State.IN_REVIEW, by, now
    mine.pause_reason = ""
    mine.save()
    trail.record(mine, Act.SUBMITTED, by=by, now=now)
    campaign.refresh_from_db()


@transaction.atomic
def approve(campaign: Campaign, *, by: User, comment: str = "", now: datetime) -> None:
    """Approve exactly these words and today's audience (law.md L59). Raises OwnCampaign."""
    mine = _lock(campaign, State.IN_REVIEW)
    if by.pk in {mine.author_id, mine.submitted_by_id}:
        raise OwnCampaign(_("You wrote this campaign. Somebody else must approve it."))
    _require_sendable(mine, now=now)
    _record(mine, by=by, is_approved=True, comment=comment, now=now)
    mine.state = State.APPROVED
    mine.save()
    campaign.refresh_from_db()


@transaction.atomic
def send_back(campaign: Campaign, *, by: User, comment: str, now: datetime) -> None:
    """Give a campaign back to its author, with a reason."""
    mine = _lock(campaign, State.IN_REVIEW)
    _record(mine, by=by, is_approved=False, comment=comment, now=now)
    mine.state = State.DRAFT
    mine.save()
    campaign.refresh_from_db()


@transaction.atomic
def schedule(
    campaign: Campaign,
    *,
    by: User,
    send_at: datetime,
    not_after: datetime | None = None,
    now: datetime,
) -> None:
    """Let sending begin at `send_at`. Raises ApprovalVoid, TextNotSendable or SentToday."""
    mine = _lock(campaign, State.APPROVED, State.SCHEDULED)
    if not sending.is_approved(mine):
        raise ApprovalVoid(_("The text has been changed since it was approved."))
    _require_sendable(mine, now=now)
    mine.state, mine.send_at, mine.not_after = State.SCHEDULED, send_at, not_after
    mine.save()
    trail.record(mine, Act.STARTED if send_at <= now else Act.SCHEDULED, by=by, now=now)
    campaign.refresh_from_db()


@transaction.atomic
def start_now(campaign: Campaign, *, by: User, now: datetime) -> None:
    """Begin at once: the worker freezes the audience and sends. Pressed twice, it begins once."""
    schedule(campaign, by=by, send_at=now, now=now)
    tasks.start_due_campaigns.delay_on_commit()


@transaction.atomic
def pause(campaign: Campaign, *, by: User, now: datetime) -> None:
    """Hold what has not left. A batch that is being handed over is waited for."""
    mine = _lock(campaign, State.SENDING)
    mine.state = State.PAUSED
    mine.save()
    trail.record(mine, Act.PAUSED, by=by, now=now)
    campaign.refresh_from_db()


@transaction.atomic
def resume(campaign: Campaign, *, by: User, now: datetime) -> None:
    """Go on with what has not left, if it is still what was approved."""
    mine = _lock(campaign, State.PAUSED)
    if not sending.is_approved(mine):
        raise ApprovalVoid(_("The text has been changed since it was approved."))
    mine.state, mine.pause_reason = State.SENDING, ""
    # Whoever goes on has settled it with the gateway; what comes from now on counts anew.
    mine.provider_stops, mine.rejected_count = [], 0
    mine.save()
    trail.record(mine, Act.RESUMED, by=by, now=now)
    campaign.refresh_from_db()
    tasks.send_campaigns.delay_on_commit()


@transaction.atomic
def cancel(campaign: Campaign, *, by: User, now: datetime) -> int:
    """Stop for good: nothing leaves once this is committed. Return how many messages were still waiting.

    A worker marks them batch by batch; of a small campaign, all are marked here.
    """
    mine = _lock(campaign, State.APPROVED, State.SCHEDULED, State.SENDING, State.PAUSED)
    waiting = tallies.by_state(mine).get(Delivery.State.QUEUED, 0)
    mine.state, mine.ended_at = State.CANCELLED, now
    mine.save()
    trail.record(mine, Act.CANCELLED, by=by, now=now)
    campaign.refresh_from_db()
    if waiting > cancelling.block_some(mine):
        tasks.block_cancelled.delay_on_commit()
    return waiting


def stop_after_restore(*, now: datetime) -> list[str]:
    """After a restored backup: what this old copy would start or go on with may have been sent already.

    Return a sentence per kind of campaign that now waits for a colleague.
    """
    with override("nb"):
        reason = _("The database was restored. Check what has already been sent.")
    going = Campaign.objects.sending().update(state=State.PAUSED, pause_reason=reason)
    due = Campaign.objects.due(now).update(state=State.APPROVED)
    notes = {
        f"{going} campaigns are paused: look at what the gateway has sent before you resume.": going,
        f"{due} campaigns whose time has passed are no longer scheduled.": due,
    }
    return [note for note, count in notes.items() if count]


def _lock(campaign: Campaign, *states: State) -> Campaign:
    """Return the campaign as it is now, locked. Raises WrongState unless it is in one of these states."""
    mine = (
        Campaign.objects.select_for_update(no_key=True, of=("self",))
        .select_related("purpose__organisation", "purpose__sender")
        .get(pk=campaign.pk)
    )
    if mine.state not in states:
        raise WrongState(
            _("The campaign is now: %(state)s. Nothing was changed.")
            % {"state": mine.get_state_display()}
        )
    return mine


def _require_sendable(campaign: Campaign, *, now: datetime) -> None:
    if problems := texts.problems_with(campaign.purpose, campaign.text):
        raise TextNotSendable(" ".join(problems))
    same = Campaign.objects.filter(
        purpose=campaign.purpose,
        text=campaign.text,
        state__in=[State.SCHEDULED, State.SENDING, State.SENT],
        send_at__gt=now - running.SENDS_FOR,
    ).exclude(pk=campaign.pk)
    if same.exists():
        raise SentToday(_("The same message is already going out to the same people today."))


def _record(
    campaign: Campaign, *, by: User, is_approved: bool, comment: str, now: datetime
) -> None:
    Approval.objects.create(
        campaign=campaign,
        by=by,
        at=now,
        is_approved=is_approved,
        comment=comment,
        content_sha256=texts.content_sha256(campaign),
        recipient_count=audiences.waterfall(campaign.purpose, now=now).rest,
    )
