"""The Merkle log over the events: leaves, nodes, checkpoints, anchors (trust.md § 5). None ever changes."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from consents.models.evidence import ConsentEvent


class Leaf(models.Model):
    """The place of one event in the log. `tree_index` counts from 0 without a gap."""

    tree_index = models.BigIntegerField(_("place"), primary_key=True)
    event = models.OneToOneField(ConsentEvent, models.PROTECT, related_name="leaf")

    class Meta:
        db_table = "ledger_leaf"
        verbose_name = _("leaf")
        verbose_name_plural = _("leaves")

    def __str__(self) -> str:
        return str(self.tree_index)


class LogEntry(models.Model):
    """Marks an event whose header is about the log itself, such as a change of its key (`entries`)."""

    event = models.OneToOneField(
        ConsentEvent, models.PROTECT, primary_key=True, related_name="log_entry"
    )

    class Meta:
        db_table = "ledger_entry"
        verbose_name = _("entry about the log")
        verbose_name_plural = _("entries about the log")

    def __str__(self) -> str:
        return str(self.event_id)


class Node(models.Model):
    """The hash of one perfect subtree, under its number (`merkle.number_of`)."""

    number = models.BigIntegerField(primary_key=True)
    hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "ledger_node"
        verbose_name = _("node")
        verbose_name_plural = _("nodes")

    def __str__(self) -> str:
        return str(self.number)


class Checkpoint(models.Model):
    """A signed statement of how large the log was, and what its root. `note` is the C2SP signed note."""

    size = models.BigIntegerField(_("events"), unique=True)
    root = models.BinaryField(max_length=32)
    note = models.CharField(max_length=2000)
    signed_at = models.DateTimeField(_("signed"))

    class Meta:
        db_table = "ledger_checkpoint"
        verbose_name = _("checkpoint")
        verbose_name_plural = _("checkpoints")

    def __str__(self) -> str:
        return f"{self.size}"


class Anchor(models.Model):
    """A checkpoint that stands somewhere out of the operator's reach, and what shows it."""

    class Kind(models.TextChoices):
        FILE = "file", _("Append-only file")
        MAIL = "mail", _("E-mail to the privacy officer")
        TIME_STAMP = "rfc3161", _("Time stamp")

    size = models.BigIntegerField(_("events"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    # The organisation whose officers got the mail, or the address of the time-stamping authority.
    place = models.CharField(_("place"), max_length=200, blank=True)
    # The time-stamp response (DER); empty for the others.
    proof = models.BinaryField(default=b"")
    anchored_at = models.DateTimeField(_("anchored"))

    class Meta:
        db_table = "ledger_anchor"
        verbose_name = _("anchor")
        verbose_name_plural = _("anchors")
        constraints = [
            models.UniqueConstraint(fields=["kind", "place", "size"], name="anchored_once_a_place")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.size}"


class Verification(models.Model):
    """One re-hashing of the whole log: asked for by a colleague or by the clock, and what it found."""

    requested_at = models.DateTimeField(_("asked for"))
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    total = models.BigIntegerField(default=0)
    done = models.BigIntegerField(default=0)
    problem_count = models.PositiveIntegerField(_("faults"), default=0)
    # [{"kind", "where"}, …]: the first of them, without personal data.
    problems = models.JSONField(default=list)

    class Meta:
        db_table = "ledger_verification"
        verbose_name = _("verification")
        verbose_name_plural = _("verifications")

    def __str__(self) -> str:
        return f"{self.requested_at:%Y-%m-%d %H:%M}"
