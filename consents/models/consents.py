"""Consents, and the second yes that they wait for."""

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from consents.models.imports import ConsentImport
from consents.models.organisations import LANGUAGES
from consents.models.purposes import Purpose, Wording
from consents.models.subjects import Subject, Suppression
from smsconsent import crypto
from smsconsent.recalling import recall


class ConsentQuerySet(models.QuerySet["Consent"]):
    def for_purpose(self, purpose: Purpose) -> "ConsentQuerySet":
        return self.filter(purpose=purpose)

    def by_state(self, purposes: Sequence[Purpose]) -> dict[int, dict[str, int]]:
        """Return how many consents each purpose has in each state, by key. Of many: as of a minute ago."""
        keys = sorted(purpose.pk for purpose in purposes)

        def count() -> list[tuple[int, str, int]]:
            rows = self.filter(purpose__in=keys).values_list("purpose", "state")
            return list(rows.annotate(count=models.Count("pk")).order_by())

        counts: dict[int, dict[str, int]] = {key: {} for key in keys}
        for purpose, state, number in recall("consents", *keys, count=count, long=0.02):
            counts[purpose][state] = number
        return counts

    def pending(self, now: datetime) -> "ConsentQuerySet":
        """Requests that may still be answered."""
        return self.filter(state=Consent.State.PENDING, answer_by__gt=now)

    def granted(self, now: datetime) -> "ConsentQuerySet":
        """Consents that hold at this moment, whatever else may forbid sending."""
        return self.filter(state=Consent.State.GRANTED, valid_until__gt=now)

    def suppressed(self) -> "ConsentQuerySet":
        """Consents whose number is on the block list, for their purpose or for all."""
        return self.filter(Exists(_blocks()))

    def doubtful(self) -> "ConsentQuerySet":
        """Consents whose number has shown signs of a new owner since the last yes (law.md L58)."""
        at = F("subject__suspended_at")
        return self.filter(
            Q(confirmed_at=None) | Q(confirmed_at__lte=at),
            Q(renewed_at=None) | Q(renewed_at__lte=at),
            subject__suspended_at__isnull=False,
        )

    def outdated(self) -> "ConsentQuerySet":
        """Consents to words that have changed in substance since the last yes (law.md L23)."""
        return self.filter(wording__in=Wording.objects.outdated())

    def unapproved(self) -> "ConsentQuerySet":
        """Imported consents that neither the person nor the privacy officer has vouched for (law.md L49)."""
        return self.exclude(_VOUCHED_FOR)

    def standing(self, now: datetime) -> "ConsentQuerySet":
        """Consents that need no new yes: unexpired, from this person, vouched for, to what is sent today."""
        certain = self.granted(now).filter(_SURE, _VOUCHED_FOR)
        return certain.exclude(wording__in=Wording.objects.outdated())

    def renewable(self, now: datetime) -> "ConsentQuerySet":
        """Consents whose person may be asked for a new yes, or reminded of the old one.

        Granted and unexpired, from this person, vouched for, purpose open, number neither on hold, barred
        nor blocked.
        """
        return self.granted(now).filter(
            _SURE,
            _VOUCHED_FOR,
            Q(purpose__closed_at=None) | Q(purpose__closed_at__gt=now),
            Q(subject__barred_until=None) | Q(subject__barred_until__lte=now),
            ~Exists(_blocks()),
            subject__held_at=None,
        )

    def sendable(self, now: datetime) -> "ConsentQuerySet":
        """Consents that marketing may be sent on, at this very moment. Spelled once, here (law.md L01, L39).

        Renewable, to what is sent today, and not paused by the person.
        """
        running = self.renewable(now).filter(Q(paused_until=None) | Q(paused_until__lte=now))
        return running.exclude(wording__in=Wording.objects.outdated())


# A sign of a new owner voids every yes before it, and none after it.
_SURE = (
    Q(subject__suspended_at=None)
    | Q(confirmed_at__gt=F("subject__suspended_at"))
    | Q(renewed_at__gt=F("subject__suspended_at"))
)

# What was imported counts once the person has said yes again, or the privacy officer has approved it.
_VOUCHED_FOR = (
    Q(imported_by=None) | Q(imported_by__approved_at__isnull=False) | Q(renewed_at__isnull=False)
)


def _blocks() -> models.QuerySet[Suppression]:
    return Suppression.objects.filter(
        Q(purpose=None) | Q(purpose=OuterRef("purpose")),
        organisation=OuterRef("subject__organisation"),
        index=OuterRef("subject__suppression_index"),
    )


class Consent(models.Model):
    """One number × one purpose. Changed only by the verbs, each of which writes one event."""

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting for the person's yes")
        GRANTED = "granted", _("Consent given")
        REFUSED = "refused", _("Said no")
        LAPSED = "lapsed", _("Never confirmed")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        EXPIRED = "expired", _("Expired")
        INVALID = "invalid", _("Declared invalid")

    class Source(models.TextChoices):
        WEB = "web", _("Public page")
        KEYWORD = "keyword", _("Keyword by SMS")
        HANDSET = "handset", _("SMS from the person with a code")
        STAFF = "staff", _("Registered by a colleague")
        IMPORT = "import", _("Imported")

    # Random: what the journal outside the database calls this consent (trust.md § 6).
    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    subject = models.ForeignKey(
        Subject, models.CASCADE, related_name="consents", verbose_name=_("number")
    )
    purpose = models.ForeignKey(
        Purpose, models.PROTECT, related_name="consents", verbose_name=_("purpose")
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    wording = models.ForeignKey(
        Wording, models.PROTECT, related_name="consents", verbose_name=_("wording")
    )
    source = models.CharField(_("source"), max_length=10, choices=Source.choices)
    # Null once it has ended and a request made here has taken its place.
    imported_by = models.ForeignKey(
        ConsentImport,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="consents",
        verbose_name=_("import"),
    )
    requested_at = models.DateTimeField(_("asked"))
    answer_by = models.DateTimeField(_("may be confirmed until"))
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)
    renewed_at = models.DateTimeField(_("renewed"), null=True, blank=True)
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)
    reminded_at = models.DateTimeField(_("reminded"), null=True, blank=True)
    renewal_asked_at = models.DateTimeField(_("asked to renew"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    # The person's own wish, on my page: no message before this moment. The gate and `sendable` obey.
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True)
    # Fewer messages than promised, in the purpose's own period. Empty: as promised.
    chosen_count = models.PositiveSmallIntegerField(_("messages at most"), null=True, blank=True)
    # When the row and its evidence details go. Set by each transition; null while the consent holds.
    delete_after = models.DateTimeField(_("deleted after"), null=True, blank=True)
    # The ledger event that made this state: the campaign row names it as what it relied on.
    last_event_id = models.CharField(max_length=32, editable=False)
    # Random; the stop link of this consent is derived from it and found again by its digest.
    stop_nonce = models.BinaryField(max_length=16, editable=False)
    stop_digest = models.BinaryField(max_length=32, unique=True, editable=False)
    # So is the address of its receipt. Null on a consent from before there were receipts.
    receipt_digest = models.BinaryField(max_length=32, unique=True, null=True, editable=False)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints = [
            models.UniqueConstraint(fields=["subject", "purpose"], name="one_consent_a_purpose"),
            models.CheckConstraint(
                condition=~Q(state="granted")
                | Q(confirmed_at__isnull=False, valid_until__isnull=False, ended_at=None),
                name="granted_is_confirmed",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "granted"]) | Q(ended_at__isnull=False),
                name="ended_has_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["purpose", "state", "id"], name="consent_audience"),
            models.Index(F("answer_by"), condition=Q(state="pending"), name="consent_unanswered"),
            models.Index(F("valid_until"), condition=Q(state="granted"), name="consent_expiring"),
            models.Index(
                F("delete_after"), condition=Q(delete_after__isnull=False), name="consent_deletable"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.purpose}: {self.state}"

    @property
    def is_granted(self) -> bool:
        return self.state == self.State.GRANTED

    @property
    def spoken_at(self) -> datetime:
        """When the person last asked for this, or said yes to it."""
        said = (self.requested_at, self.confirmed_at, self.renewed_at)
        return max(at for at in said if at)

    def is_paused(self, now: datetime) -> bool:
        return self.is_granted and self.paused_until is not None and self.paused_until > now

    @property
    def most_messages(self) -> int:
        """How many messages the person may get in the purpose's period."""
        promised = self.purpose.promised_count
        return promised if self.chosen_count is None else min(self.chosen_count, promised)


class ConfirmationQuerySet(models.QuerySet["Confirmation"]):
    def renewals(self, now: datetime) -> "ConfirmationQuerySet":
        """Open questions whether a consent that holds shall go on."""
        return self.filter(wording__isnull=False, used_at=None, expires_at__gt=now)


class Confirmation(models.Model):
    """One way, sent to one person, of saying the second yes: a link by SMS. By e-mail: the step before it.

    The token is hashed at rest, works once, is bound to one request and ends. The e-mail address
    lives here, and only until it has been used or has lapsed.
    """

    class Channel(models.TextChoices):
        SMS = "sms", "SMS"
        EMAIL = "email", _("E-mail")

    consent = models.ForeignKey(Consent, models.CASCADE, related_name="confirmations")
    channel = models.CharField(max_length=5, choices=Channel.choices)
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    email = crypto.EncryptedTextField(null=True, blank=True)
    email_sent_at = models.DateTimeField(null=True, blank=True)
    # E-mail only: the token must be known to the worker that sends it, so it waits here encrypted.
    token = crypto.EncryptedTextField(null=True, blank=True)
    # A consent that holds is renewed under these words. Null: the first yes, under those of the request.
    wording = models.ForeignKey(Wording, models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, blank=True)

    objects = ConfirmationQuerySet.as_manager()

    class Meta:
        verbose_name = _("confirmation")
        verbose_name_plural = _("confirmations")
        indexes = [
            models.Index(F("id"), condition=Q(email__isnull=False), name="confirmation_with_email")
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def is_renewal(self) -> bool:
        return self.wording_id is not None

    @property
    def is_by_email(self) -> bool:
        """It asks whoever has an address, which shows nothing about the number."""
        return self.channel == self.Channel.EMAIL


class HandsetCode(models.Model):
    """«Send JA 4821 to 26112»: an open request without a number. The code names what was shown."""

    purpose = models.ForeignKey(Purpose, models.CASCADE, related_name="handset_codes")
    wording = models.ForeignKey(Wording, models.PROTECT, related_name="+")
    language = models.CharField(max_length=2, choices=LANGUAGES)
    code = models.CharField(max_length=8)
    form_version = models.CharField(max_length=20)
    # The page that showed the wording and the button, as it was served: evidence once the code is used.
    page_sha256 = models.CharField(max_length=64, blank=True)
    public_id = models.CharField(max_length=22, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("code for the handset")
        verbose_name_plural = _("codes for the handset")
        constraints = [
            # Codes are purged soon after they end, so the code space stays open.
            models.UniqueConstraint(
                fields=["code"], condition=Q(used_at=None), name="open_code_once"
            )
        ]

    def __str__(self) -> str:
        return self.code
