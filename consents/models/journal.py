"""What waits to be written to the journal outside the database, and how far the journal has come."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class PendingEntry(models.Model):
    """An event, a block or a hold that the journal does not hold yet. Filled by database triggers and verbs.

    `reference` is the consent's random public id, which the event itself must not name; for a hold, the
    number's.
    """

    event = models.BigIntegerField(null=True)
    block = models.BigIntegerField(null=True)
    # The number that was held or released: what is written is how it stands then.
    hold = models.BigIntegerField(null=True)
    reference = models.UUIDField(null=True)
    # Written by the database: the triggers know no other clock.
    since = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "journal_pending"
        verbose_name = _("entry for the journal")
        verbose_name_plural = _("entries for the journal")
        indexes = [models.Index(fields=["event"], name="journal_of_event")]

    def __str__(self) -> str:
        return str(self.pk)


class JournalMark(models.Model):
    """One row: the batch that was written to the journal last. A restored database names an older one."""

    batch = models.CharField(max_length=16)
    # How many places of the log it holds: they are dense, and committed in their order.
    leaves = models.BigIntegerField(default=0)

    class Meta:
        db_table = "journal_mark"
        verbose_name = _("mark of the journal")
        verbose_name_plural = _("marks of the journal")

    def __str__(self) -> str:
        return self.batch
