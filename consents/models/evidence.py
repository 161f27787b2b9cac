"""The evidence: an immutable header without personal data, and its deletable encrypted detail.

The design: an event is header + detail, sealed in batches into a Merkle log.
"""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from consents.models.consents import Consent
from consents.models.subjects import Subject
from smsconsent import crypto


class ConsentEvent(models.Model):
    """The header of one event. The database refuses to change, remove or truncate it.

    `header` is canonical JSON of exactly: v, event_id, type, purpose, notice_sha256, recorded_day,
    commit, tag. No foreign key: nothing that may be deleted is named from here.
    """

    class Type(models.TextChoices):
        REQUESTED = "requested", _("Asked")
        GRANTED = "granted", _("Consent given")
        RENEWED = "renewed", _("Renewed")
        REFUSED = "refused", _("Said no")
        LAPSED = "lapsed", _("Never confirmed")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        EXPIRED = "expired", _("Expired")
        INVALIDATED = "invalidated", _("Declared invalid")
        CORRECTED = "corrected", _("Corrected")
        ERASED = "erased", _("Erased")

    event_id = models.CharField(_("event"), max_length=32, unique=True)
    header = models.BinaryField()
    leaf_hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "ledger_event"
        verbose_name = _("event")
        verbose_name_plural = _("events")

    def __str__(self) -> str:
        return self.event_id


class EventDetail(models.Model):
    """What the header commits to: canonical JSON {salt, seq, prev, private}, encrypted, deletable."""

    event = models.OneToOneField(
        ConsentEvent, models.PROTECT, to_field="event_id", related_name="detail"
    )
    subject = models.ForeignKey(Subject, models.CASCADE, related_name="event_details")
    consent = models.ForeignKey(Consent, models.CASCADE, null=True, related_name="event_details")
    seq = models.PositiveIntegerField()
    detail = crypto.EncryptedTextField()
    key_id = models.CharField(max_length=8)

    class Meta:
        db_table = "ledger_detail"
        verbose_name = _("event detail")
        verbose_name_plural = _("event details")
        constraints = [
            models.UniqueConstraint(fields=["subject", "seq"], name="one_event_a_seq"),
            crypto.token_constraint("detail", name="event_detail_is_ciphertext", shortest=300),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} #{self.seq}"


class PendingEvent(models.Model):
    """Headers that wait to be sealed. Filled by a database trigger, so that none is ever missed."""

    id = models.BigIntegerField(primary_key=True)
    # Written by the database: the trigger knows no other clock.
    since = models.DateTimeField(_("since"), db_default=Now())

    class Meta:
        db_table = "ledger_pending"
        verbose_name = _("event to be sealed")
        verbose_name_plural = _("events to be sealed")

    def __str__(self) -> str:
        return str(self.pk)
