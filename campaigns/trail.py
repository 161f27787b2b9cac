"""Who did what with a campaign: kept in the log of the back office, shown on the campaign's page."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import Campaign
from smsconsent.staff.models import User


class Act(models.TextChoices):
    """What a colleague does and `Approval` does not hold."""

    CHANGED = "changed", gettext_lazy("changed")
    SUBMITTED = "submitted", gettext_lazy("sent for approval")
    SCHEDULED = "scheduled", gettext_lazy("scheduled")
    STARTED = "started", gettext_lazy("started")
    PAUSED = "paused", gettext_lazy("paused")
    RESUMED = "resumed", gettext_lazy("resumed")
    CANCELLED = "cancelled", gettext_lazy("cancelled")


@dataclass(frozen=True, slots=True)
class Deed:
    at: datetime
    by: User
    what: str
    comment: str = ""


def record(campaign: Campaign, act: Act, *, by: User, now: datetime) -> None:
    """Write down who did it and when, in the verb's own transaction."""
    LogEntry.objects.create(
        user=by,
        content_type=ContentType.objects.get_for_model(Campaign),
        object_id=str(campaign.pk),
        object_repr=str(campaign),
        action_flag=CHANGE,
        change_message=act,
        action_time=now,
    )


def deeds_of(campaign: Campaign) -> list[Deed]:
    """Return what colleagues have done with it and what approvers said, the latest first."""
    approvals = campaign.approvals.select_related("by")
    answers = [
        Deed(each.at, each.by, _("approved") if each.is_approved else _("sent back"), each.comment)
        for each in approvals
    ]
    entries = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Campaign),
        object_id=str(campaign.pk),
        change_message__in=Act.values,
    )
    acts = [
        Deed(each.action_time, each.user, str(Act(each.change_message).label))
        for each in entries.select_related("user")
    ]
    return sorted([*answers, *acts], key=lambda deed: deed.at, reverse=True)
