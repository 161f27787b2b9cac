"""What was erased, when, and what stays: the report that the person and the authority may see (F163)."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from consents.models.organisations import Organisation
from consents.models.subjects import Subject
from smsconsent import crypto, signing


class ErasureQuerySet(models.QuerySet["Erasure"]):
    def unfinished(self) -> "ErasureQuerySet":
        """Erasures whose content may still be here: the process ended between asking and doing."""
        return self.filter(destroyed_at=None)

    def at_the_gateway(self) -> "ErasureQuerySet":
        """Erasures with messages that the gateway has not been asked to delete yet."""
        return self.filter(destroyed_at__isnull=False, cancelled_at=None)

    def due_at_the_gateway(self, now: datetime) -> "ErasureQuerySet":
        """Those of them that it is to be asked about now: first the new ones, then who has waited longest."""
        due = self.at_the_gateway().filter(Q(ask_gateway_at=None) | Q(ask_gateway_at__lte=now))
        return due.order_by(F("ask_gateway_at").asc(nulls_first=True), "pk")


class Erasure(models.Model):
    """One erasure, step by step, and the report of it.

    PRIVACY: while it runs it names the number's row and messages. Once they are gone it holds
    counts and times only, and a random reference.
    """

    class AskedBy(models.TextChoices):
        PERSON = "person", _("The person, on my page")
        STAFF = "staff", _("A colleague, for the person")
        JOURNAL = "journal", _("The journal, after an old copy was restored")

    reference = models.CharField(
        _("reference"), max_length=22, unique=True, default=signing.new_token, editable=False
    )
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="erasures", verbose_name=_("organisation")
    )
    subject = models.ForeignKey(Subject, models.SET_NULL, null=True, related_name="erasures")
    asked_by = models.CharField(_("asked by"), max_length=10, choices=AskedBy.choices)
    asked_at = models.DateTimeField(_("asked"))
    destroyed_at = models.DateTimeField(_("deleted"), null=True)
    # Random ids of messages that may wait at the gateway; emptied as it answers.
    at_gateway = models.JSONField(default=list, editable=False)
    # When the gateway is to be asked again, after it could not. Null: at once.
    ask_gateway_at = models.DateTimeField(null=True, editable=False)
    cancelled_at = models.DateTimeField(_("deleted at the gateway"), null=True)
    overwritten_at = models.DateTimeField(_("overwritten on disk"), null=True)
    # Rows per table; and what stays, each as {"what", "count", "until"}.
    counts = models.JSONField(_("rows"), default=dict)
    stays = models.JSONField(_("stays"), default=list)

    objects = ErasureQuerySet.as_manager()

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        indexes = [
            models.Index(fields=["organisation", "-asked_at"], name="erasure_by_time"),
            models.Index(
                fields=["id"],
                condition=models.Q(destroyed_at=None)
                | models.Q(cancelled_at=None)
                | models.Q(overwritten_at=None),
                name="erasure_unfinished",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def row_count(self) -> int:
        return sum(self.counts.values())


class ErasedNumber(models.Model):
    """A number that was erased lately, so that no file from before brings it back (decision 32).

    PRIVACY: pseudonym and moment, for a month. Imports alone look here: the person may say yes again at once.
    """

    organisation = models.ForeignKey(
        Organisation,
        models.PROTECT,
        related_name="+",
        verbose_name=_("organisation"),
        db_index=False,
    )
    # The same form as on the block list, which an import has at hand.
    index = models.BinaryField(max_length=32, editable=False)
    index_key_id = models.CharField(
        max_length=8, default=crypto.current_index_key_id, editable=False
    )
    erased_at = models.DateTimeField(_("deleted"), db_index=True)

    keyed_indexes = (crypto.KeyedIndex("index", "suppression", "index_key_id", "organisation"),)

    class Meta:
        verbose_name = _("erased number")
        verbose_name_plural = _("erased numbers")
        indexes = [models.Index(fields=["organisation", "index"], name="erased_by_number")]

    def __str__(self) -> str:
        return f"{self.erased_at:%Y-%m-%d %H:%M}"
