"""Limits on what is sent to numbers that have not proved themselves: trust.md § 9. Keys are HMACs."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class RateWindow(models.Model):
    """How much of a limit is used in one fixed window. Counted by one conditional statement."""

    scope = models.CharField(max_length=20)
    key = models.BinaryField(max_length=32)
    starts_at = models.DateTimeField(db_index=True)
    used = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "rate_window"
        verbose_name = _("limit in use")
        verbose_name_plural = _("limits in use")
        constraints = [
            models.UniqueConstraint(fields=["scope", "key", "starts_at"], name="rate_window_once")
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.starts_at:%Y-%m-%d %H:%M}: {self.used}"


class ContactGuard(models.Model):
    """The last three confirmations to one number, over all forms: exact in every rolling window."""

    key = models.BinaryField(max_length=32, unique=True)
    t1 = models.DateTimeField(db_index=True)
    t2 = models.DateTimeField(null=True)
    t3 = models.DateTimeField(null=True)

    class Meta:
        db_table = "contact_guard"
        verbose_name = _("contact guard")
        verbose_name_plural = _("contact guards")

    def __str__(self) -> str:
        return f"{self.t1:%Y-%m-%d %H:%M}"
