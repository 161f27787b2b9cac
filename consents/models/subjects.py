"""One number at one organisation, the block list, and who has looked."""

from datetime import datetime, timedelta
from uuid import uuid4

from django.db import models
from django.utils.translation import gettext_lazy as _

from consents.models.organisations import LANGUAGES, Organisation
from consents.models.purposes import Purpose
from smsconsent import crypto
from smsconsent.phones import Phone

# How long a number that its operator bars for now is left alone.
BARRED_FOR = timedelta(days=30)


class SubjectQuerySet(models.QuerySet["Subject"]):
    def with_phone(self, organisation: Organisation, phone: Phone) -> "SubjectQuerySet":
        """The subject with this number, found through the blind index. At most one row."""
        indexes = crypto.blind_indexes(phone, use="lookup", organisation=organisation.pk)
        return self.filter(organisation=organisation, phone_index__in=indexes)


class Subject(models.Model):
    """One phone number at one organisation. No name, no address, no birth date (guide G06)."""

    class Doubt(models.TextChoices):
        """Why the number may belong to somebody else by now (law.md L58, strex.md § 8)."""

        GONE = "gone", _("The operator knows no subscriber with this number.")
        BARRED = "barred", _("The operator has barred this number twice.")
        BOUNCED = "bounced", _("Three messages in a row did not arrive, over two weeks or more.")
        SILENT = "silent", _("Nothing has reached this number for a long time.")
        WRONG_PERSON = "wrong", _("The person who has the number says that it was not them.")

    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="subjects", verbose_name=_("organisation")
    )
    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    phone = crypto.EncryptedPhoneField(_("number"))
    phone_index = models.BinaryField(max_length=32, editable=False)
    suppression_index = models.BinaryField(max_length=32, editable=False)
    # Two, for the block list and the numbers it is compared with change together (smsconsent.rotation).
    index_key_id = models.CharField(
        max_length=8, default=crypto.current_index_key_id, editable=False
    )
    suppression_key_id = models.CharField(
        max_length=8, default=crypto.current_index_key_id, editable=False
    )
    tag_key = crypto.EncryptedBytesField(editable=False)
    key_id = models.CharField(max_length=8, editable=False)
    language = models.CharField(_("language"), max_length=2, choices=LANGUAGES, default="nb")
    created_at = models.DateTimeField(_("first seen"))
    # Hold on doubt: an unclear reply stops marketing until a colleague decides (keywords.md).
    held_at = models.DateTimeField(_("on hold since"), null=True, blank=True)
    # A sign that the number may be somebody else's: no yes given before this moment counts (law.md L58).
    suspended_at = models.DateTimeField(_("suspended since"), null=True, blank=True)
    suspended_for = models.CharField(
        _("why suspended"),
        max_length=10,
        choices=Doubt.choices,
        blank=True,
        default="",
        db_default="",
    )
    barred_until = models.DateTimeField(_("barred by the operator until"), null=True, blank=True)
    bounce_count = models.PositiveSmallIntegerField(_("bounces in a row"), default=0, db_default=0)
    bouncing_since = models.DateTimeField(_("first of these bounces"), null=True, blank=True)
    # To the day, no finer: written at most once a day.
    reached_at = models.DateTimeField(_("last known to have been reached"), null=True, blank=True)
    # Told by SMS, apart from marketing, that the privacy notice has changed in substance (law.md L23).
    notice_told_at = models.DateTimeField(_("told of the changed notice"), null=True, blank=True)
    event_count = models.PositiveIntegerField(default=0, editable=False)
    last_event_hash = models.BinaryField(max_length=32, default=bytes, editable=False)

    keyed_indexes = (
        crypto.KeyedIndex("phone_index", "lookup", "index_key_id", "organisation", "phone"),
        crypto.KeyedIndex(
            "suppression_index",
            "suppression",
            "suppression_key_id",
            "organisation",
            "phone",
            is_compared=True,
        ),
    )
    objects = SubjectQuerySet.as_manager()

    class Meta:
        verbose_name = _("number")
        verbose_name_plural = _("numbers")
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "phone_index"], name="one_subject_a_number"
            ),
            crypto.token_constraint("phone", name="subject_phone_is_ciphertext"),
        ]
        indexes = [
            models.Index(fields=["organisation", "suppression_index"], name="subject_block"),
            models.Index(fields=["created_at"], name="subject_by_time"),
        ]

    def __str__(self) -> str:
        phone: Phone = self.phone
        return phone.masked

    @property
    def doubted_since(self) -> datetime | None:
        """The newest sign that somebody else may have the number by now; None without any (L58)."""
        barred_at = self.barred_until and self.barred_until - BARRED_FOR
        signs = [at for at in (self.suspended_at, self.bouncing_since, barred_at) if at]
        return max(signs, default=None)


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    def blocking(self, organisation: Organisation, phone: Phone) -> "SuppressionQuerySet":
        """Blocks on this number at this organisation, for all purposes or for one."""
        indexes = crypto.blind_indexes(phone, use="suppression", organisation=organisation.pk)
        return self.filter(organisation=organisation, index__in=indexes)

    def renew(self, organisation: Organisation, phone: Phone) -> None:
        """Bring every pseudonym of this number that blocks are compared by to the current form.

        For whoever writes one while the index key changes: the database compares old and new by equality.
        """
        indexes = crypto.blind_indexes(phone, use="suppression", organisation=organisation.pk)
        key_id = crypto.current_index_key_id()
        if len(indexes) > 1:
            self.blocking(organisation, phone).update(index=indexes[0], index_key_id=key_id)
            Subject.objects.filter(
                organisation=organisation, suppression_index__in=indexes[1:]
            ).update(suppression_index=indexes[0], suppression_key_id=key_id)


class Suppression(models.Model):
    """A number that must not be asked again: pseudonym, scope, date, reason; nothing else (L37)."""

    class Reason(models.TextChoices):
        NOT_ME = "not_me", _("«It was not me»")
        OBJECTION = "objection", _("Objection to marketing")
        WRONG_PERSON = "wrong_person", _("Wrong person")

    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="suppressions", verbose_name=_("organisation")
    )
    purpose = models.ForeignKey(
        Purpose,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="suppressions",
        verbose_name=_("purpose"),
    )
    index = models.BinaryField(max_length=32, editable=False)
    index_key_id = models.CharField(
        max_length=8, default=crypto.current_index_key_id, editable=False
    )
    reason = models.CharField(_("reason"), max_length=20, choices=Reason.choices)
    created_on = models.DateField(_("since"))
    review_on = models.DateField(_("to be reviewed"))

    keyed_indexes = (
        crypto.KeyedIndex("index", "suppression", "index_key_id", "organisation", is_compared=True),
    )
    objects = SuppressionQuerySet.as_manager()

    class Meta:
        verbose_name = _("blocked number")
        verbose_name_plural = _("block list")
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "index"],
                condition=models.Q(purpose=None),
                name="blocked_once_everywhere",
            ),
            models.UniqueConstraint(
                fields=["organisation", "purpose", "index"], name="blocked_once_a_purpose"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation} {self.created_on}: {self.get_reason_display()}"


class Disclosure(models.Model):
    """A colleague saw a full number, and why. Only ever added to (guide G18)."""

    subject = models.ForeignKey(
        Subject, models.CASCADE, related_name="disclosures", verbose_name=_("number")
    )
    by = models.ForeignKey(
        "staff.User", models.PROTECT, related_name="+", verbose_name=_("colleague")
    )
    reason = models.CharField(_("reason"), max_length=200)
    at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("disclosure")
        verbose_name_plural = _("disclosures")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.by}"
