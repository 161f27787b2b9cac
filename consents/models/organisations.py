"""The controller, the senders it speaks as, and its privacy notice."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

RESERVED_SLUGS = frozenset(
    {
        "account",
        "accounts",
        "admin",
        "api",
        "c",
        "favicon.ico",
        "healthz",
        "hooks",
        "i18n",
        "language",
        "me",
        "media",
        "metrics",
        "r",
        "readyz",
        "robots.txt",
        "s",
        "staff",
        "static",
    }
)
# Pages of an organisation stand beside its purposes: /<organisation>/privacy/.
RESERVED_PURPOSE_SLUGS = frozenset({"erased", "me", "privacy"})
LANGUAGES = [("nb", "Bokmål"), ("nn", "Nynorsk"), ("en", "English")]

slug_is_free = RegexValidator(
    rf"^(?:{'|'.join(word.replace('.', chr(92) + '.') for word in sorted(RESERVED_SLUGS))})$",
    _("This address is used by the system itself. Choose another one."),
    inverse_match=True,
)


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    def sharing_a_number_with(self, organisation: "Organisation") -> "OrganisationQuerySet":
        """Others that are answered at one of its short numbers."""
        numbers = organisation.senders.exclude(reply_number="").values("reply_number")
        others = self.exclude(pk=organisation.pk)
        return others.filter(senders__reply_number__in=numbers).distinct()


class Organisation(models.Model):
    """The controller (GDPR Art. 4(7)): who asks, who sends, who answers for it."""

    slug = models.SlugField(_("address"), max_length=50, unique=True, validators=[slug_is_free])
    name = models.CharField(_("name"), max_length=60)
    number = models.CharField(_("organisation number"), max_length=20)
    address = models.CharField(_("postal address"), max_length=200)
    contact_email = models.EmailField(_("e-mail for questions"))
    contact_phone = models.CharField(_("phone for questions"), max_length=20, blank=True)
    processor_agreement = models.CharField(
        _("processor agreement with the gateway"),
        max_length=200,
        blank=True,
        help_text=_("Reference and date. Without it nothing is sent in production (GDPR Art. 28)."),
    )
    # What people may write besides the words that count for everybody (`consents.housewords`), one on a
    # line. Here and not in rows of their own, since a stop is read with what one trip brings.
    stop_words = models.TextField(blank=True, default="", db_default="", editable=False)
    help_words = models.TextField(blank=True, default="", db_default="", editable=False)
    start_words = models.TextField(blank=True, default="", db_default="", editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        permissions = [
            ("manage_roles", "May give and take roles"),
            ("find_subject", "May look up a number"),
            ("reveal_number", "May see a full number, with a reason"),
            ("erase_subject", "May erase everything about a number"),
            ("register_request", "May register what a person asks about their data"),
            ("handle_requests", "May carry out and answer what people ask about their data"),
            ("review_inbox", "May read and settle unclear replies"),
            ("view_evidence", "May read the evidence of consents"),
            ("export_evidence", "May take evidence out of the house, with a reason"),
            ("view_retention", "May see what is kept and purged"),
            ("run_purge", "May start a purge"),
            ("import_consents", "May import consents that were given elsewhere"),
            ("approve_import", "May let imported consents be sent to"),
        ]

    def __str__(self) -> str:
        return self.name


class Sender(models.Model):
    """What stands as sender of an SMS: a short number, or letters that cannot be answered (law.md L26)."""

    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="senders", verbose_name=_("organisation")
    )
    value = models.CharField(
        _("sender"),
        max_length=11,
        validators=[RegexValidator(r"^(?:[0-9]{4,8}|[A-Za-z0-9 ]{2,11})$")],
        help_text=_("A short number, or 2 to 11 letters."),
    )
    reply_number = models.CharField(
        _("short number for replies"),
        max_length=8,
        blank=True,
        validators=[RegexValidator(r"^[0-9]{4,8}$")],
        help_text=_("Empty when replies are not possible; messages then carry a stop link."),
    )

    class Meta:
        verbose_name = _("sender")
        verbose_name_plural = _("senders")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "value"], name="sender_once")
        ]

    def __str__(self) -> str:
        return self.value

    @property
    def is_answered_directly(self) -> bool:
        """Whether pressing «reply» reaches us: the sender is itself the number for replies."""
        return bool(self.reply_number) and self.value == self.reply_number


class PrivacyNoticeQuerySet(models.QuerySet["PrivacyNotice"]):
    def current(self, language: str) -> "PrivacyNotice | None":
        """Return the newest notice in this language, else in bokmål."""
        return (
            self.filter(language=language).order_by("-version").first()
            or self.filter(language="nb").order_by("-version").first()
        )


class PrivacyNotice(models.Model):
    """One version of the privacy notice (GDPR Art. 13). Never changed or removed: the database refuses."""

    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="notices", verbose_name=_("organisation")
    )
    language = models.CharField(_("language"), max_length=2, choices=LANGUAGES)
    version = models.PositiveIntegerField(_("version"))
    body = models.TextField(
        _("text"),
        help_text=_("Blank lines part paragraphs; a line that begins with ## is a heading."),
    )
    is_material = models.BooleanField(
        _("people are told of the change"),
        default=False,
        db_default=False,
        help_text=_(
            "New data, a new recipient or a longer time. Each person gets one SMS about it."
        ),
    )
    sha256 = models.CharField("SHA-256", max_length=64, editable=False)
    published_at = models.DateTimeField(_("published"))

    objects = PrivacyNoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("privacy notice")
        verbose_name_plural = _("privacy notices")
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "language", "version"], name="notice_version_once"
            ),
            models.CheckConstraint(
                condition=Q(version__gte=1), name="notice_version_counts_from_1"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation} {self.language} v{self.version}"

    @property
    def paragraphs(self) -> list[tuple[str, str]]:
        """Return the body as ("heading" or "paragraph", text). A heading is a line of its own."""
        found: list[tuple[str, str]] = []
        for part in self.body.replace("\r\n", "\n").split("\n\n"):
            first, _break, rest = part.strip().partition("\n")
            if first.startswith("##"):
                found += [("heading", first[2:].strip()), ("paragraph", rest.strip())]
            else:
                found.append(("paragraph", part.strip()))
        return [(kind, text) for kind, text in found if text]
