"""Purposes, and the exact words in which people are asked."""

from datetime import datetime, time, timedelta
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from consents import keywords
from consents.housewords import NOTHING, HouseWords, house_words
from consents.models.organisations import (
    LANGUAGES,
    RESERVED_PURPOSE_SLUGS,
    Organisation,
    PrivacyNotice,
    Sender,
    slug_is_free,
)


class PurposeQuerySet(models.QuerySet["Purpose"]):
    def open(self, now: datetime) -> "PurposeQuerySet":
        """Purposes that still ask and send."""
        return self.filter(Q(closed_at=None) | Q(closed_at__gt=now))

    def answered_at(self, reply_number: str) -> "PurposeQuerySet":
        """Purposes whose messages are answered to this short number."""
        return self.filter(sender__reply_number=reply_number)


class Purpose(models.Model):
    """One thing that people may say yes to (GDPR Art. 5(1)(b), 6(1)(a)). One purpose, one choice."""

    class Period(models.TextChoices):
        WEEK = "week", _("a week")
        MONTH = "month", _("a month")

    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="purposes", verbose_name=_("organisation")
    )
    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    slug = models.SlugField(_("address"), max_length=50)
    name = models.CharField(_("name"), max_length=60)
    sender = models.ForeignKey(
        Sender, models.PROTECT, related_name="purposes", verbose_name=_("sender")
    )
    keyword = models.CharField(
        _("keyword"),
        max_length=20,
        blank=True,
        validators=[RegexValidator(r"^[A-ZÆØÅ0-9]{2,20}$")],
        help_text=_("The word that people send to sign up. Capital letters and digits."),
    )
    promised_count = models.PositiveSmallIntegerField(
        _("messages at most"), default=4, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    promised_period = models.CharField(
        _("in"), max_length=5, choices=Period.choices, default=Period.MONTH
    )
    asks_by_sms = models.BooleanField(_("confirm by answering an SMS"), default=True)
    asks_by_email = models.BooleanField(_("confirm by e-mail"), default=False)
    asks_by_handset = models.BooleanField(_("the person sends the first SMS"), default=True)
    minimum_age = models.PositiveSmallIntegerField(
        _("minimum age"),
        null=True,
        blank=True,
        validators=[MinValueValidator(15)],
        help_text=_("People declare that they are this old. Empty: no declaration."),
    )
    consent_months = models.PositiveSmallIntegerField(
        _("a consent lasts (months)"),
        default=24,
        validators=[MinValueValidator(1), MaxValueValidator(36)],
    )
    reminder_months = models.PositiveSmallIntegerField(
        _("remind of the consent every (months)"),
        default=12,
        db_default=12,
        validators=[MaxValueValidator(36)],
        help_text=_("A message without marketing: what you said yes to, how to stop. 0: never."),
    )
    renewal_days = models.PositiveSmallIntegerField(
        _("ask to renew before the end (days)"),
        default=30,
        db_default=30,
        validators=[MaxValueValidator(90)],
        help_text=_("One message that asks for a new yes. 0: never; the consent then just ends."),
    )
    evidence_days = models.PositiveSmallIntegerField(
        _("proof is kept after the end (days)"), default=180, validators=[MaxValueValidator(730)]
    )
    evidence_reason = models.CharField(
        _("why the proof is kept that long"),
        max_length=200,
        default="For å svare på klager på meldinger som er sendt.",
    )
    opens_at = models.TimeField(_("sends from"), default=time(9))
    closes_at = models.TimeField(_("sends until"), default=time(20))
    closed_at = models.DateTimeField(
        _("closed"),
        null=True,
        blank=True,
        help_text=_(
            "From then on nobody is asked and nothing is sent. A day later all consents to it end, for good."
        ),
    )

    objects = PurposeQuerySet.as_manager()

    class Meta:
        verbose_name = _("purpose")
        verbose_name_plural = _("purposes")
        permissions = [
            ("record_consent", "May register a request for a person"),
            ("withdraw_consent", "May stop for a person"),
            ("add_campaign_here", "May write campaigns for this purpose"),
            ("publish_wording", "May publish wordings"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "slug"], name="purpose_address_once"),
            models.UniqueConstraint(
                fields=["sender", "keyword"], condition=~Q(keyword=""), name="keyword_once_a_sender"
            ),
            models.CheckConstraint(
                condition=Q(opens_at__lt=F("closes_at")), name="purpose_opens_before_it_closes"
            ),
            # law.md L28: quiet hours may only grow.
            models.CheckConstraint(
                condition=Q(opens_at__gte=time(9), closes_at__lte=time(20)),
                name="purpose_keeps_quiet_hours",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation}: {self.name}"

    def clean(self) -> None:
        """Refuse an address that a page of the organisation has, and a keyword that means something else."""
        super().clean()
        if self.slug in RESERVED_PURPOSE_SLUGS:
            raise ValidationError({"slug": slug_is_free.message})
        if self.keyword and not keywords.can_be_topic(self.keyword, house=self._house_words):
            raise ValidationError(
                {"keyword": _("People write this word to stop or to answer. Choose another.")}
            )

        if self._promises_more():
            raise ValidationError(
                {
                    "promised_count": _(
                        "People said yes to fewer messages. To send more, make a new purpose and ask anew."
                    )
                }
            )

    def _promises_more(self) -> bool:
        """Whether the promise was raised after people were asked: theirs would be broken (guide G12)."""
        before = Purpose.objects.filter(pk=self.pk, wordings__isnull=False).first()
        return before is not None and (
            self.promised_count * before.promised_for > before.promised_count * self.promised_for
            or self.promised_count > before.promised_count
        )

    @property
    def _house_words(self) -> HouseWords:
        if not self.organisation_id:
            return NOTHING
        own = self.organisation
        return house_words(stop=own.stop_words, help=own.help_words, start=own.start_words)

    def is_open(self, now: datetime) -> bool:
        """Whether it still asks and sends at this moment. As a condition: `PurposeQuerySet.open`."""
        return self.closed_at is None or self.closed_at > now

    @property
    def promised_for(self) -> timedelta:
        """The rolling window in which at most `promised_count` messages are sent: 7 or 30 days."""
        return timedelta(days=7 if self.promised_period == self.Period.WEEK else 30)


class WordingQuerySet(models.QuerySet["Wording"]):
    def current(self, language: str) -> "Wording | None":
        """Return the newest wording in this language, else in bokmål, else none.

        Never one that came with an import: those words were shown elsewhere, before.
        """
        shown = self.filter(imported_text="")
        return (
            shown.filter(language=language).order_by("-version").first()
            or shown.filter(language="nb").order_by("-version").first()
        )

    def outdated(self) -> "WordingQuerySet":
        """Wordings that a later one in the same language has changed in substance (law.md L23)."""
        newer = Wording.objects.filter(
            purpose=OuterRef("purpose"),
            language=OuterRef("language"),
            version__gt=OuterRef("version"),
            is_material=True,
        )
        return self.filter(Exists(newer))


class Wording(models.Model):
    """The exact words of one request for consent, in one language. Never changed: law.md L20.

    Content-addressed: `sha256` is over the canonical JSON of every text a person was shown, the
    privacy notice included by its own hash (`consents.ledger.wording_bundle`).
    """

    purpose = models.ForeignKey(
        Purpose, models.PROTECT, related_name="wordings", verbose_name=_("purpose")
    )
    language = models.CharField(_("language"), max_length=2, choices=LANGUAGES)
    version = models.PositiveIntegerField(_("version"))
    title = models.CharField(_("heading"), max_length=80)
    who = models.CharField(_("who"), max_length=200)
    what = models.CharField(_("what we send"), max_length=300)
    why = models.CharField(_("why"), max_length=300)
    frequency = models.CharField(_("how often"), max_length=100)
    how_to_stop = models.CharField(_("how to stop"), max_length=200)
    declaration = models.CharField(_("declaration beside the box"), max_length=300)
    age_declaration = models.CharField(_("age declaration"), max_length=200, blank=True)
    notice = models.ForeignKey(
        PrivacyNotice, models.PROTECT, related_name="wordings", verbose_name=_("privacy notice")
    )
    is_material = models.BooleanField(
        _("the change needs new consent"),
        default=False,
        help_text=_(
            "A new purpose, sender or kind of content. Mere rewording does not (EDPB 05/2020 § 110)."
        ),
    )
    # All that is known of the words of a consent given elsewhere, as the import brought them (law.md L49).
    imported_text = models.TextField(_("imported text"), blank=True, default="", db_default="")
    sha256 = models.CharField("SHA-256", max_length=64, editable=False)
    published_at = models.DateTimeField(_("published"))
    published_by = models.ForeignKey(
        "staff.User", models.PROTECT, null=True, related_name="+", verbose_name=_("published by")
    )

    objects = WordingQuerySet.as_manager()

    class Meta:
        verbose_name = _("wording")
        verbose_name_plural = _("wordings")
        constraints = [
            models.UniqueConstraint(
                fields=["purpose", "language", "version"], name="wording_version_once"
            ),
            models.UniqueConstraint(
                fields=["purpose", "language", "sha256"], name="wording_content_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.language} v{self.version}"
