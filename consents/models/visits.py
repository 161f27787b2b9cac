"""Visits to my page: a code that was asked for, and the quarter of an hour that it opens."""

from datetime import datetime

from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from consents.models.organisations import Organisation
from consents.models.subjects import Subject
from smsconsent import crypto


class VisitQuerySet(models.QuerySet["Visit"]):
    def waiting(self, now: datetime) -> "VisitQuerySet":
        """Visits whose code may still be tried."""
        return self.filter(opened_at=None, expires_at__gt=now, tries__lt=Visit.MOST_TRIES)

    def open(self, now: datetime) -> "VisitQuerySet":
        """Visits whose code was right, and whose time is not up."""
        return self.filter(opened_at__isnull=False, expires_at__gt=now)


class Visit(models.Model):
    """Somebody typed a number on my page. The row is the same whether we know the number or not.

    PRIVACY: the number itself is not here. An unknown number leaves a row without a subject, to which
    nothing is ever sent, so that both are answered alike (law.md L14, trust.md T17).
    """

    MOST_TRIES = 5

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="visits")
    subject = models.ForeignKey(Subject, models.CASCADE, null=True, related_name="visits")
    # Of the secret in the visitor's cookie. Replaced when the code was right.
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    code_digest = models.BinaryField(max_length=32, editable=False)
    # The worker that queues the SMS must know the code, so it waits here, encrypted, for seconds.
    code = crypto.EncryptedTextField(null=True, editable=False)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    created_at = models.DateTimeField(_("asked"))
    expires_at = models.DateTimeField(_("until"), db_index=True)
    opened_at = models.DateTimeField(_("opened"), null=True)

    objects = VisitQuerySet.as_manager()

    class Meta:
        verbose_name = _("visit to my page")
        verbose_name_plural = _("visits to my page")
        indexes = [
            models.Index(F("id"), condition=models.Q(code__isnull=False), name="visit_code_unsent")
        ]

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M}"
