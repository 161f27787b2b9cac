"""Requests from people about their own data (GDPR Art. 12, 15-18, 20, 21; law.md L43, L44).

PRIVACY: there is no field for a document: control of the number is the only proof of identity.
"""

from datetime import date, datetime, timedelta
from uuid import uuid4

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from consents.dates import add_months
from consents.models.organisations import LANGUAGES, Organisation
from smsconsent import crypto
from smsconsent.phones import Phone

WARN_AFTER = timedelta(days=21)
MONTHS_TO_ANSWER, MONTHS_MORE = 1, 2


class CaseQuerySet(models.QuerySet["Case"]):
    def open(self) -> "CaseQuerySet":
        """Cases that still wait for an answer."""
        return self.filter(closed_at=None)

    def overdue(self, today: date) -> "CaseQuerySet":
        return self.open().filter(due_on__lt=today)

    def about(self, organisation: Organisation, phone: Phone) -> "CaseQuerySet":
        """Cases about this number, known to us otherwise or not."""
        indexes = crypto.blind_indexes(phone, use="lookup", organisation=organisation.pk)
        return self.filter(organisation=organisation, number_index__in=indexes)


class Case(models.Model):
    """One request from one person, its clock, and how it ended."""

    class Kind(models.TextChoices):
        ACCESS = "access", _("Access")
        ERASURE = "erasure", _("Erasure")
        RECTIFICATION = "rectification", _("Correction of the number")
        OBJECTION = "objection", _("Objection to marketing")
        RESTRICTION = "restriction", _("Restriction")
        PORTABILITY = "portability", _("A copy to take along")

    class Channel(models.TextChoices):
        PHONE = "phone", _("By phone")
        COUNTER = "counter", _("At the counter")
        EMAIL = "email", _("By e-mail")
        LETTER = "letter", _("By letter")
        SMS = "sms", _("By SMS")

    class Outcome(models.TextChoices):
        DONE = "done", _("Done as asked")
        PARTLY = "partly", _("Done in part")
        REFUSED = "refused", _("Refused")
        NOT_SHOWN = "not_shown", _("The person did not show that the number is theirs")
        TAKEN_BACK = "taken_back", _("The person took the request back")
        DOUBLED = "doubled", _("Answered in another case")

    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="cases", verbose_name=_("organisation")
    )
    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    kind = models.CharField(_("what is asked for"), max_length=15, choices=Kind.choices)
    # Emptied before the rest of the case: when the answer has been given and complaints are past.
    number = crypto.EncryptedPhoneField(_("number"), null=True)
    number_index = models.BinaryField(max_length=32, null=True, editable=False)
    index_key_id = models.CharField(
        max_length=8, default=crypto.current_index_key_id, editable=False
    )
    key_id = models.CharField(max_length=8, editable=False)
    language = models.CharField(_("language"), max_length=2, choices=LANGUAGES, default="nb")
    channel = models.CharField(_("how it came"), max_length=10, choices=Channel.choices)
    note = crypto.EncryptedTextField(_("what the person asked"), null=True)
    received_on = models.DateField(_("received"))
    warn_on = models.DateField(_("warning"))
    due_on = models.DateField(_("to be answered by"))
    registered_by = models.ForeignKey("staff.User", models.PROTECT, related_name="+")
    registered_at = models.DateTimeField(_("registered"))
    identified_at = models.DateTimeField(_("identity shown"), null=True)
    acted_at = models.DateTimeField(_("carried out"), null=True)
    # In force until it is lifted: the number gets no marketing (GDPR Art. 18).
    restricts = models.BooleanField(_("restriction in force"), default=False)
    extended_at = models.DateTimeField(_("extended"), null=True)
    reminded_level = models.PositiveSmallIntegerField(default=0)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome.choices, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True)

    keyed_indexes = (
        crypto.KeyedIndex("number_index", "lookup", "index_key_id", "organisation", "number"),
    )
    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("request from a person")
        verbose_name_plural = _("requests from people")
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_at=None, outcome="")
                | (Q(closed_at__isnull=False) & ~Q(outcome="")),
                name="closed_case_has_outcome",
            ),
            crypto.token_constraint("number", name="case_number_is_ciphertext"),
        ]
        indexes = [
            models.Index(
                fields=["organisation", "due_on", "id"],
                condition=Q(closed_at=None),
                name="case_open_by_due_day",
            ),
            models.Index(F("number_index"), name="case_by_number"),
            models.Index(F("closed_at"), condition=Q(closed_at__isnull=False), name="case_closed"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """What stands on the letter: the year it came, and a running number."""
        return f"{self.received_on.year}-{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    def set_clock(self) -> None:
        """Due the same day next month, or its last day; warned of after 21 days (Art. 12(3))."""
        self.due_on = add_months(self.received_on, MONTHS_TO_ANSWER)
        self.warn_on = self.received_on + WARN_AFTER

    def may_extend(self, today: date) -> bool:
        """Return whether two months more may still be taken: once, and within the first month."""
        return self.is_open and self.extended_at is None and today <= self.due_on


class CaseEvent(models.Model):
    """What happened in a case, and who did it. PRIVACY: kinds and counts, no text about the person."""

    class Kind(models.TextChoices):
        REGISTERED = "registered", _("Registered")
        CODE_SENT = "code_sent", _("Code sent to the number")
        CODE_WRONG = "code_wrong", _("A wrong code was read back")
        IDENTIFIED = "identified", _("The code was right: the number is the person's")
        EXTENDED = "extended", _("Two months more, with a reason")
        REMINDED = "reminded", _("The privacy officer was reminded")
        ACTED = "acted", _("Carried out")
        LIFTED = "lifted", _("The restriction was lifted")
        LETTER = "letter", _("A letter was written")
        CLOSED = "closed", _("Closed")

    case = models.ForeignKey(Case, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    at = models.DateTimeField()
    by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("event of a request")
        verbose_name_plural = _("events of requests")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.kind}"


class CaseCode(models.Model):
    """A code that was sent to the number and is read back to a colleague. Hashed at rest; five tries."""

    MOST_TRIES = 5

    case = models.ForeignKey(Case, models.CASCADE, related_name="codes")
    digest = models.BinaryField(max_length=32, editable=False)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("code of a request")
        verbose_name_plural = _("codes of requests")

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M}"

    @classmethod
    def waiting(cls, case: Case, now: datetime) -> "models.QuerySet[CaseCode]":
        """Codes that may still be tried."""
        return cls.objects.filter(
            case=case, used_at=None, expires_at__gt=now, tries__lt=cls.MOST_TRIES
        )


class Letter(models.Model):
    """What we wrote to the person: an answer, or that we need more time. Encrypted, goes with the number."""

    class Kind(models.TextChoices):
        EXTENSION = "extension", _("We need more time")
        ANSWER = "answer", _("Answer")

    case = models.ForeignKey(Case, models.CASCADE, related_name="letters")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    language = models.CharField(_("language"), max_length=2, choices=LANGUAGES)
    text = crypto.EncryptedTextField(_("text"))
    key_id = models.CharField(max_length=8, editable=False)
    written_at = models.DateTimeField(_("written"))
    written_by = models.ForeignKey("staff.User", models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")
        constraints = [
            models.UniqueConstraint(fields=["case", "kind"], name="one_letter_a_kind"),
            crypto.token_constraint("text", name="letter_is_ciphertext", longest=40_000),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.written_at:%Y-%m-%d %H:%M}"

    @property
    def paragraphs(self) -> list[str]:
        text = self.text.replace("\r\n", "\n")
        return [part.strip() for part in text.split("\n\n") if part.strip()]
