"""Imports of consents that were given elsewhere: the run, its file while needed, its errors, its proof."""

from datetime import datetime
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from consents.models.organisations import Organisation
from smsconsent import crypto


class ConsentImport(models.Model):
    """One file of consents. What came of it may be sent to once somebody has approved it (law.md L49)."""

    class State(models.TextChoices):
        CHECKING = "checking", _("Being checked")
        CHECKED = "checked", _("Checked")
        IMPORTING = "importing", _("Being imported")
        IMPORTED = "imported", _("Imported")
        UNREADABLE = "unreadable", _("Cannot be read")

    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="imports", verbose_name=_("organisation")
    )
    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    # Which file it is: the same one again continues where it stopped, and is never imported twice.
    sha256 = models.CharField("SHA-256", max_length=64, editable=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by")
    )
    created_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    row_count = models.PositiveIntegerField(_("rows"), default=0)
    # Checkpoint: rows of the file that are settled, in the transaction that settled them.
    done_count = models.PositiveIntegerField(_("rows settled"), default=0)
    good_count = models.PositiveIntegerField(_("consents"), default=0)
    problem_count = models.PositiveIntegerField(_("rows with an error"), default=0)
    # The old form, the log of the old system: shown when somebody asks how the yes came about.
    proof = crypto.EncryptedBytesField(_("proof"), null=True, blank=True)
    proof_type = models.CharField(max_length=40, blank=True, default="")
    proof_sha256 = models.CharField(max_length=64, blank=True, default="", editable=False)
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("approved by"),
    )
    approval_reason = models.CharField(_("why they may be sent to"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "sha256"], name="file_imported_once"),
            crypto.token_constraint("proof", name="import_proof_is_ciphertext", longest=20_000_000),
        ]

    def __str__(self) -> str:
        created: datetime = self.created_at
        return f"{self.organisation} {created:%Y-%m-%d %H:%M}"

    @property
    def is_working(self) -> bool:
        return self.state in {self.State.CHECKING, self.State.IMPORTING}

    @property
    def is_kept(self) -> bool:
        """Return whether the file is here: an upload is for some days, the command reads its own."""
        return self.chunks.exists()

    @property
    def awaits_approval(self) -> bool:
        return self.state == self.State.IMPORTED and bool(self.good_count) and not self.approved_at


class ImportChunk(models.Model):
    """A piece of an uploaded file, encrypted, until the import is through."""

    run = models.ForeignKey(ConsentImport, models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    content = crypto.EncryptedBytesField()

    class Meta:
        verbose_name = _("piece of a file")
        verbose_name_plural = _("pieces of files")
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="import_chunk_once"),
            crypto.token_constraint(
                "content", name="import_chunk_is_ciphertext", shortest=1, longest=1_000_000
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run} #{self.number}"


class ImportProblem(models.Model):
    """What is wrong with one cell: row and column of the file, and the cell itself, encrypted."""

    run = models.ForeignKey(ConsentImport, models.CASCADE, related_name="problems")
    row = models.PositiveIntegerField(_("row"))
    column = models.CharField(_("column"), max_length=10)
    code = models.CharField(_("error"), max_length=20)
    # A number is cut to its last three characters before it comes here.
    cell = crypto.EncryptedTextField(_("cell"))

    class Meta:
        verbose_name = _("error in a file")
        verbose_name_plural = _("errors in files")
        constraints = [
            models.UniqueConstraint(fields=["run", "row"], name="one_problem_a_row"),
            crypto.token_constraint("cell", name="import_cell_is_ciphertext", longest=2000),
        ]

    def __str__(self) -> str:
        return f"{self.row} {self.column}: {self.code}"
