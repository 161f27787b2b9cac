"""What was purged, when, and how much of it."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PurgeRun(models.Model):
    """One run of one retention policy. Counts only: a purge log holds nothing about anyone."""

    policy = models.CharField(_("policy"), max_length=40)
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    counts = models.JSONField(_("rows"), default=dict)
    is_dry_run = models.BooleanField(_("dry run"), default=False)
    error = models.CharField(_("error"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("purge")
        verbose_name_plural = _("purges")
        indexes = [models.Index(fields=["-started_at"], name="purge_by_time")]

    def __str__(self) -> str:
        return f"{self.policy} {self.started_at:%Y-%m-%d %H:%M}"
