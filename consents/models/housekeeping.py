"""What was purged, and what evidence was taken out: when, and how much of it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from consents.models.organisations import Organisation
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


class EvidenceExport(models.Model):
    """A bundle of evidence left the house. Only ever added to: the database refuses anything else.

    Nothing here is about a person: of a case bundle the reason stands in the Disclosure of its number.
    """

    class Kind(models.TextChoices):
        AUDIT = "audit", _("Audit bundle")
        CASE = "case", _("Case bundle")

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="evidence_exports")
    kind = models.CharField(_("kind"), max_length=5, choices=Kind.choices)
    by = models.ForeignKey(
        "staff.User", models.PROTECT, related_name="+", verbose_name=_("colleague")
    )
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    log_size = models.BigIntegerField(_("entries in the log"))
    file_sha256 = models.CharField("SHA-256", max_length=64)
    at = models.DateTimeField(_("time"))

    class Meta:
        db_table = "ledger_export"
        verbose_name = _("export of evidence")
        verbose_name_plural = _("exports of evidence")
        indexes = [models.Index(fields=["organisation", "-at"], name="export_by_time")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.kind}"
