"""What people answer, and what the system itself writes to them."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from consents.models.consents import Consent
from consents.models.organisations import LANGUAGES, Organisation
from consents.models.purposes import Purpose
from consents.models.subjects import Subject
from smsconsent import crypto
from smsconsent.outbox import OutboundMessage

# How often acting on a message may fail before it goes to a colleague.
ATTEMPTS = 5


class InboundQuerySet(models.QuerySet["InboundMessage"]):
    def unread(self) -> "InboundQuerySet":
        """Stored, but not yet acted on: the gate refuses these numbers (trust.md T2)."""
        return self.filter(state=InboundMessage.State.UNREAD)

    def senders(self) -> set[bytes]:
        """The index of each number that these are from."""
        indexes = self.exclude(sender_index=None).values_list("sender_index", flat=True)
        return {bytes(index) for index in indexes if index}

    def for_review(self) -> "InboundQuerySet":
        """Unclear replies that wait for a colleague."""
        return self.filter(state=InboundMessage.State.REVIEW)

    def open_from(self, subject: Subject) -> "InboundQuerySet":
        """What this number wrote that nobody has acted on: not read yet, or waiting at its organisation."""
        mine = Q(sender_index__in=crypto.blind_indexes(subject.phone, use="inbound"))
        here = Q(organisation=subject.organisation_id) & (mine | Q(subject=subject))
        return self.filter(
            (mine & Q(state=InboundMessage.State.UNREAD))
            | (here & Q(state=InboundMessage.State.REVIEW))
        )


class InboundMessage(models.Model):
    """An SMS from a person. Stored before it is acknowledged, acted on once (law.md L30, L31)."""

    class State(models.TextChoices):
        UNREAD = "unread", _("Not read yet")
        DONE = "done", _("Acted on")
        REVIEW = "review", _("Waits for a colleague")
        REVIEWED = "reviewed", _("Settled by a colleague")

    gateway = models.CharField(_("gateway"), max_length=20)
    message_id = models.CharField(_("the gateway's id"), max_length=100)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="inbound"
    )
    subject = models.ForeignKey(
        Subject, models.SET_NULL, null=True, blank=True, related_name="inbound"
    )
    sender = crypto.EncryptedPhoneField(_("number"), null=True)
    sender_index = models.BinaryField(max_length=32, null=True, editable=False)
    index_key_id = models.CharField(
        max_length=8, default=crypto.current_index_key_id, editable=False
    )
    recipient = models.CharField(_("short number"), max_length=20)
    text = crypto.EncryptedTextField(_("text"))
    key_id = models.CharField(max_length=8, editable=False)
    is_stop = models.BooleanField(_("the gateway calls it a stop"), null=True)
    trust = models.CharField(_("signature"), max_length=10)
    vouched_by = models.CharField(_("vouched for by"), max_length=10)
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    intent = models.CharField(_("read as"), max_length=10, blank=True)
    is_certain = models.BooleanField(_("certain"), default=False)
    topic = models.ForeignKey(Purpose, models.SET_NULL, null=True, blank=True, related_name="+")
    attempts = models.PositiveSmallIntegerField(default=0)
    # Of a reply to a shared short number each organisation that knows the sender has one to settle.
    is_copy = models.BooleanField(default=False, db_default=False, editable=False)
    received_at = models.DateTimeField(_("received"))
    reviewed_at = models.DateTimeField(_("settled"), null=True, blank=True)
    reviewed_by = models.ForeignKey(
        "staff.User", models.SET_NULL, null=True, blank=True, related_name="+"
    )

    keyed_indexes = (crypto.KeyedIndex("sender_index", "inbound", "index_key_id", None, "sender"),)
    objects = InboundQuerySet.as_manager()

    class Meta:
        verbose_name = _("reply")
        verbose_name_plural = _("replies")
        constraints = [
            models.UniqueConstraint(
                fields=["gateway", "message_id"], condition=Q(is_copy=False), name="inbound_once"
            ),
        ]
        indexes = [
            models.Index(F("received_at"), name="inbound_by_time"),
            models.Index(F("sender_index"), name="inbound_by_number"),
            models.Index(F("id"), condition=Q(state__in=["unread", "review"]), name="inbound_open"),
        ]

    def __str__(self) -> str:
        return f"{self.received_at:%Y-%m-%d %H:%M} {self.intent or self.state}"

    @property
    def is_given_up(self) -> bool:
        """Return whether it waits for a colleague because acting on it failed time and again."""
        return self.state == self.State.REVIEW and self.attempts >= ATTEMPTS


class CallbackNonce(models.Model):
    """A signed callback that was taken in. The same nonce with another body is a forgery (strex.md § 6)."""

    key_name = models.CharField(max_length=64)
    nonce = models.CharField(max_length=64)
    body_sha256 = models.BinaryField(max_length=32)
    at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("callback nonce")
        verbose_name_plural = _("callback nonces")
        constraints = [models.UniqueConstraint(fields=["key_name", "nonce"], name="nonce_once")]

    def __str__(self) -> str:
        return self.nonce


class ServiceMessage(OutboundMessage):
    """A confirmation, a receipt or an answer. Never marketing. Its own lane: it waits for no campaign."""

    class Kind(models.TextChoices):
        CONFIRMATION = "confirmation", _("Request to confirm")
        WELCOME = "welcome", _("Receipt for a yes")
        STOPPED = "stopped", _("Receipt for a stop")
        HELP = "help", _("Answer to a question")
        REMINDER = "reminder", _("Reminder of a consent")
        NOTICE = "notice", _("Change of the privacy notice")
        RENEWAL = "renewal", _("Request to renew")
        CASE_CODE = "case_code", _("Code for a request about one's data")
        UNKNOWN_CODE = "unknown_code", _("Answer to an unknown code")
        PAGE_CODE = "page_code", _("Code to my page")

    gate = "consents.service_gate.ServiceGate"
    listener = "consents.service_gate.on_receipt"
    is_urgent = True
    shown_with = ("subject", "consent__subject", "consent__purpose__organisation", "organisation")

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="service_messages")
    # Stands first in an index below.
    subject = models.ForeignKey(
        Subject,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="service_messages",
        db_index=False,
    )
    consent = models.ForeignKey(
        Consent, models.CASCADE, null=True, blank=True, related_name="service_messages"
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    language = models.CharField(max_length=2, choices=LANGUAGES, default="nb")
    recipient = crypto.EncryptedPhoneField(_("number"))
    recipient_index = models.BinaryField(max_length=32, editable=False)
    index_key_id = models.CharField(
        max_length=8, default=crypto.current_index_key_id, editable=False
    )
    text = crypto.EncryptedTextField(_("text"))
    key_id = models.CharField(max_length=8, editable=False)
    # The id of the message that this one repeats. Unique: none is repeated twice.
    repeats = models.UUIDField(_("repeats"), null=True, unique=True, editable=False)

    keyed_indexes = (
        crypto.KeyedIndex("recipient_index", "lookup", "index_key_id", "organisation", "recipient"),
    )

    class Meta(OutboundMessage.Meta):
        verbose_name = _("service message")
        verbose_name_plural = _("service messages")
        indexes = [
            *OutboundMessage.Meta.indexes,
            models.Index(fields=["subject", "kind"], name="service_of_subject"),
            models.Index(F("queued_at"), name="service_by_time"),
            models.Index(F("recipient_index"), name="service_by_number"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.queued_at:%Y-%m-%d %H:%M}"

    @property
    def words(self) -> str:
        text: str = self.text
        return text

    @classmethod
    def last_texts_to(cls, subject_id: int) -> list[str]:
        mine = cls.objects.filter(subject=subject_id, handed_over_at__isnull=False)
        return [row.text for row in mine.order_by("-queued_at")[:3]]
