"""Campaigns, their approval, and one row per recipient."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Self
from uuid import uuid4

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, TruncDay
from django.utils.translation import gettext_lazy as _
from guardian.models import GroupObjectPermissionBase

from consents.models import Consent, Purpose, Subject
from smsconsent.outbox import Move, OutboundMessage
from smsconsent.trips import Answer, Trip, stored


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def due(self, now: datetime) -> "CampaignQuerySet":
        """Scheduled campaigns whose time has come."""
        return self.filter(state=Campaign.State.SCHEDULED, send_at__lte=now)

    def sending(self) -> "CampaignQuerySet":
        return self.filter(state=Campaign.State.SENDING)


class Campaign(models.Model):
    """One marketing message to those who said yes to one purpose."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        IN_REVIEW = "in_review", _("Waits for approval")
        APPROVED = "approved", _("Approved")
        SCHEDULED = "scheduled", _("Scheduled")
        SENDING = "sending", _("Sending")
        PAUSED = "paused", _("Paused")
        SENT = "sent", _("Sent")
        CANCELLED = "cancelled", _("Cancelled")

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    purpose = models.ForeignKey(
        Purpose, models.PROTECT, related_name="campaigns", verbose_name=_("purpose")
    )
    name = models.CharField(_("name"), max_length=80, help_text=_("Only colleagues see it."))
    text = models.TextField(_("message"), max_length=900)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.DRAFT)
    author = models.ForeignKey(
        "staff.User", models.PROTECT, related_name="+", verbose_name=_("written by")
    )
    created_at = models.DateTimeField(_("created"))
    submitted_by = models.ForeignKey(
        "staff.User", models.PROTECT, null=True, blank=True, related_name="+"
    )
    submitted_at = models.DateTimeField(_("sent for approval"), null=True, blank=True)
    send_at = models.DateTimeField(_("send at"), null=True, blank=True)
    not_after = models.DateTimeField(_("not after"), null=True, blank=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    pause_reason = models.CharField(_("why it is paused"), max_length=200, blank=True)
    # Only the first part is queued: the rest follows when its receipts are good (rollout.py).
    is_canary = models.BooleanField(_("the first part is going out"), default=False, editable=False)
    # When the gateway's guard last stopped a message of it, newest last; and how many it rejected.
    provider_stops = models.JSONField(default=list, editable=False)
    rejected_count = models.PositiveIntegerField(default=0, editable=False)
    # The waterfall as it was when the audience was frozen: reason → count.
    audience = models.JSONField(default=dict, editable=False)
    # Counts per state, written when the deliveries are anonymised; empty until then.
    outcome = models.JSONField(default=dict, editable=False)
    anonymised_at = models.DateTimeField(_("anonymised"), null=True, blank=True)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        permissions = [
            ("submit_campaign", "May send a campaign for approval"),
            ("approve_campaign", "May approve a campaign that somebody else wrote"),
            ("send_campaign", "May schedule, start, pause and cancel"),
        ]
        indexes = [models.Index(fields=["purpose", "-id"], name="campaign_by_purpose")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="scheduled") | Q(send_at__isnull=False),
                name="scheduled_has_a_time",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_editable(self) -> bool:
        return self.state in {self.State.DRAFT, self.State.IN_REVIEW, self.State.APPROVED}


class Approval(models.Model):
    """Somebody else than the author said yes or no to exactly this text and audience (law.md L59).

    `content_sha256` is of the message as it leaves (`texts.content_sha256`). `recipient_count` is how many it
    would have gone to; when many more have come since, it is not sent on this approval (`running`).
    """

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="approvals")
    by = models.ForeignKey("staff.User", models.PROTECT, related_name="+")
    at = models.DateTimeField(_("time"))
    is_approved = models.BooleanField(_("approved"))
    comment = models.CharField(_("comment"), max_length=300, blank=True)
    content_sha256 = models.CharField(max_length=64)
    recipient_count = models.PositiveIntegerField(_("recipients then"))

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.by}"


class Tally(models.Model):
    """How many messages of a campaign came to a state, or left it (negative). Only ever added to.

    Progress is the sum, so that nobody counts a million rows; `tallies.compact` adds up what is old.
    """

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="tallies")
    state = models.CharField(max_length=12, choices=OutboundMessage.State.choices)
    reason = models.CharField(max_length=40, blank=True)
    count = models.IntegerField()

    class Meta:
        verbose_name = _("count")
        verbose_name_plural = _("counts")

    def __str__(self) -> str:
        return f"{self.state} {self.reason}: {self.count:+}"


class Delivery(OutboundMessage):
    """One campaign × one number. The text is the campaign's; the number is the subject's."""

    gate = "campaigns.sending.CampaignGate"
    shown_with = ("subject", "consent__subject", "consent__purpose__organisation", "campaign")
    listener = "campaigns.rollout.on_receipt"
    counted_by = "campaign_id"

    # Both stand first in an index below; each further index is paid for by every message.
    campaign = models.ForeignKey(
        Campaign, models.PROTECT, related_name="deliveries", db_index=False
    )
    subject = models.ForeignKey(
        Subject, models.SET_NULL, null=True, related_name="deliveries", db_index=False
    )
    consent = models.ForeignKey(Consent, models.SET_NULL, null=True, related_name="deliveries")
    # The ledger event that allowed it (law.md L04); set when handed over.
    consent_event = models.CharField(max_length=32, blank=True)

    class Meta(OutboundMessage.Meta):
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        indexes = [
            # Small: what has left is not in it. A paused million does not stand in the way of others.
            models.Index(
                F("campaign"),
                F("due_at"),
                condition=Q(due_at__isnull=False),
                name="delivery_queue",
            ),
            OutboundMessage.Meta.indexes[1],
            models.Index(F("subject"), F("handed_over_at"), name="delivery_of_subject"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "subject"], name="one_delivery_a_campaign_and_number"
            )
        ]

    def __str__(self) -> str:
        return f"{self.campaign}: {self.state}"

    @classmethod
    def due(cls, now: datetime) -> QuerySet[Self]:
        """Rows of one campaign that is sending, whichever: they take turns.

        Pause and cancel act on rows already queued.
        """
        due = super().due(now)
        sending = Campaign.objects.sending().filter(Exists(due.filter(campaign=OuterRef("pk"))))
        chosen = sending.order_by("?").values_list("pk", flat=True).first()
        return due.none() if chosen is None else due.filter(campaign=chosen)

    @classmethod
    def for_gate(cls, rows: QuerySet[Self]) -> "QuerySet[Any, Any]":
        return rows.values_list("pk", "campaign_id", "consent_id", "sender", named=True)

    @classmethod
    def on_hand_over(cls) -> dict[str, Any]:
        """The ledger event that allowed it (law.md L04)."""
        event = Consent.objects.filter(pk=OuterRef("consent")).values("last_event_id")[:1]
        return {"consent_event": Coalesce(Subquery(event), Value(""))}

    @classmethod
    def note(cls, moves: Mapping[Move, int]) -> None:
        Tally.objects.bulk_create(
            Tally(campaign_id=campaign, state=state, reason=reason, count=count)
            for (campaign, state, reason), count in moves.items()
            if count
        )

    def move_one(self, move: str, params: Sequence[Any], state: str, *, trip: Trip) -> Answer:
        """SQLite writes nothing inside WITH: the count goes first, if it is still there to be moved."""
        trip.add(
            """INSERT INTO campaigns_tally (campaign_id, state, reason, count)
               SELECT mine.campaign_id, v.column1, v.column2, v.column3
               FROM campaigns_delivery AS mine, (VALUES (%s, %s, -1), (%s, %s, 1)) AS v
               WHERE mine.id = %s AND mine.state = %s""",
            [
                *(self.state, self.reason, state, self.reason),
                *(stored(Delivery, "pk", self.pk), self.state),
            ],
        )
        return super().move_one(move, params, state, trip=trip)

    @classmethod
    def move_together(
        cls, move: str, params: Sequence[Any], *, before: str, after: str, trip: Trip
    ) -> Answer:
        """One statement, which counts by campaign what it has moved."""
        return trip.add(
            f"""WITH mine AS ({move} RETURNING m.id, m.campaign_id, m.reason),
            noted AS (
                INSERT INTO campaigns_tally (campaign_id, state, reason, count)
                SELECT campaign_id, change.state, reason, change.step * count(*)
                FROM mine, (VALUES (%s, -1), (%s, 1)) AS change (state, step)
                GROUP BY campaign_id, reason, change.state, change.step
            )
            SELECT id FROM mine""",  # noqa: S608  our own words
            [*params, before, after],
        )

    @property
    def words(self) -> str:
        return self.campaign.text

    @classmethod
    def last_texts_to(cls, subject_id: int) -> list[str]:
        mine = cls.objects.filter(subject=subject_id, handed_over_at__isnull=False)
        newest = mine.order_by("-handed_over_at").select_related("campaign")[:3]
        return [row.campaign.text for row in newest]

    @classmethod
    def unlink(cls, subject_id: int) -> int:
        """Keep campaign, outcome and day; forget who, the exact times and the evidence relied on.

        Times are cut to the day: a second of hand-over would find the person again at the gateway.
        """
        days = {
            name: TruncDay(name, tzinfo=UTC)
            for name in ("queued_at", "not_before", "handed_over_at")
        }
        mine = cls.objects.filter(subject=subject_id)
        return mine.update(subject=None, consent=None, consent_event="", **days)

    @classmethod
    def kept_about(cls, subject_id: int) -> int:
        return cls.objects.filter(subject=subject_id).count()


class CampaignGroupPermission(GroupObjectPermissionBase):
    content_object = models.ForeignKey(Campaign, models.CASCADE)
