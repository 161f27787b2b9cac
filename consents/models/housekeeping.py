"""What was purged, when, and how much of it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from smsconsent import crypto


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


class KeyCanary(models.Model):
    """One row of known content, which shows at each start that the keys are those of this database."""

    word = crypto.EncryptedTextField()
    key_id = models.CharField(max_length=8)
    index = models.BinaryField(max_length=32, editable=False)
    index_key_id = models.CharField(max_length=8)

    keyed_indexes = (crypto.KeyedIndex("index", "canary", "index_key_id"),)

    class Meta:
        db_table = "key_canary"
        verbose_name = _("canary of the keys")
        verbose_name_plural = _("canaries of the keys")

    def __str__(self) -> str:
        return f"{self.key_id} {self.index_key_id}"
