"""Legal holds: evidence that a claim needs, beyond an erasure and under a key of its own (Art. 17(3)(e))."""

from datetime import date
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from consents.models.organisations import Organisation
from consents.models.subjects import Subject
from smsconsent import crypto, signing


def _colleague(what: Any, *, null: bool = False) -> Any:
    """Return the field of a colleague who did something. Whoever did it stays on record."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=null, related_name="+", verbose_name=what
    )


def _two_people(asked: str, agreed: str, *, name: str) -> models.CheckConstraint:
    """Return the rule that whoever asked cannot agree."""
    return models.CheckConstraint(condition=Q((agreed, None)) | ~Q((agreed, F(asked))), name=name)


class LegalHoldQuerySet(models.QuerySet["LegalHold"]):
    def active(self, today: date) -> "LegalHoldQuerySet":
        """Holds that two people stand for, not released, and whose last day is not over."""
        return self.filter(approved_at__isnull=False, released_at=None, ends_on__gte=today)

    def over(self, today: date) -> "LegalHoldQuerySet":
        return self.filter(Q(ends_on__lt=today) | Q(released_at__isnull=False))


class LegalHold(models.Model):
    """One claim. Asked for by one colleague, approved by another, and over by itself after `ends_on`."""

    reference = models.CharField(
        _("reference"), max_length=22, unique=True, default=signing.new_token, editable=False
    )
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="holds", verbose_name=_("organisation")
    )
    subject = models.ForeignKey(Subject, models.SET_NULL, null=True, related_name="holds")
    reason = crypto.EncryptedTextField(_("legal reason"), null=True)
    ends_on = models.DateField(_("last day"))
    asked_by = _colleague(_("asked by"))
    asked_at = models.DateTimeField(_("asked"))
    approved_by = _colleague(_("approved by"), null=True)
    approved_at = models.DateTimeField(_("approved"), null=True)
    # Kept with the evidence when the number is erased: it shows that none of the person's events is left out.
    tag_key = crypto.HeldTextField(null=True, editable=False)
    # Before its last day, by two people again. The reason is about the claim, not about a person.
    release_reason = models.CharField(_("why released"), max_length=200, blank=True, db_default="")
    release_asked_by = _colleague(_("release asked by"), null=True)
    release_asked_at = models.DateTimeField(_("release asked"), null=True)
    released_by = _colleague(_("released by"), null=True)
    released_at = models.DateTimeField(_("released"), null=True)

    objects = LegalHoldQuerySet.as_manager()

    class Meta:
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")
        constraints = [
            _two_people("asked_by", "approved_by", name="hold_needs_two_people"),
            _two_people("release_asked_by", "released_by", name="release_needs_two_people"),
            crypto.token_constraint("tag_key", name="held_tag_key_is_ciphertext", shortest=150),
        ]

    def __str__(self) -> str:
        return self.reference


class HeldEvidence(models.Model):
    """The detail of one event, re-encrypted under the hold key when its number was erased."""

    hold = models.ForeignKey(LegalHold, models.CASCADE, related_name="evidence")
    event_id = models.CharField(_("event"), max_length=32)
    detail = crypto.HeldTextField()

    class Meta:
        verbose_name = _("held evidence")
        verbose_name_plural = _("held evidence")
        constraints = [
            models.UniqueConstraint(fields=["hold", "event_id"], name="held_once"),
            crypto.token_constraint("detail", name="held_evidence_is_ciphertext", shortest=300),
        ]

    def __str__(self) -> str:
        return self.event_id


class HoldOpening(models.Model):
    """Somebody wants to read what is held, and somebody else lets them: the trace of both."""

    hold = models.ForeignKey(LegalHold, models.CASCADE, related_name="openings")
    reason = models.CharField(_("reason"), max_length=200)
    asked_by = _colleague(_("asked by"))
    asked_at = models.DateTimeField(_("asked"))
    approved_by = _colleague(_("approved by"), null=True)
    approved_at = models.DateTimeField(_("approved"), null=True)

    class Meta:
        verbose_name = _("opening of held evidence")
        verbose_name_plural = _("openings of held evidence")
        constraints = [_two_people("asked_by", "approved_by", name="opening_needs_two_people")]

    def __str__(self) -> str:
        return f"{self.asked_at:%Y-%m-%d %H:%M}"
