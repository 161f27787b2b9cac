"""The file of an import, and what goes with it."""

from typing import Any, BinaryIO

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

MOST_BYTES = 20_000_000
MOST_PROOF_BYTES = 5_000_000
# What a browser shows without running it. By its first bytes, not by what the sender says it is.
PROOF_TYPES = {
    b"%PDF-": "application/pdf",
    b"\x89PNG\r\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
}


class ImportForm(forms.Form):
    """A CSV of consents, the form on which they were given, and who gave them."""

    file = forms.FileField(
        label=_("The file"),
        help_text=_(
            "CSV with the columns number, purpose, source, method, time and wording. At most 20 MB here; "
            "larger files go in with manage.py import_consents."
        ),
        widget=forms.ClearableFileInput({"accept": ".csv,.txt,text/csv"}),
    )
    proof = forms.FileField(
        label=_("The form that people filled in"),
        help_text=_("PDF, PNG or JPEG, at most 5 MB. Kept encrypted, as proof."),
        widget=forms.ClearableFileInput({"accept": ".pdf,.png,.jpg,.jpeg"}),
    )
    is_ours = forms.BooleanField(
        label=_("These people said yes to us. The list is neither bought nor rented."),
        error_messages={"required": _("A yes that was given to somebody else cannot be imported.")},
    )

    def clean_file(self) -> "UploadedFile[Any]":
        return _small_enough(self.cleaned_data["file"], MOST_BYTES)

    def clean_proof(self) -> "UploadedFile[Any]":
        proof = _small_enough(self.cleaned_data["proof"], MOST_PROOF_BYTES)
        if not type_of(proof):
            raise forms.ValidationError(_("Choose a PDF, PNG or JPEG."))
        return proof


def type_of(proof: "UploadedFile[Any] | BinaryIO") -> str:
    """Return the kind of file by its first bytes, or nothing."""
    proof.seek(0)
    start = proof.read(8)
    proof.seek(0)
    return next((kind for mark, kind in PROOF_TYPES.items() if start.startswith(mark)), "")


def _small_enough(file: "UploadedFile[Any]", most: int) -> "UploadedFile[Any]":
    if (file.size or 0) > most:
        raise forms.ValidationError(_("The file is too large."))
    return file


class ApprovalForm(forms.Form):
    """Why imported consents may be sent to."""

    reason = forms.CharField(
        label=_("What have you looked at?"),
        max_length=200,
        error_messages={"required": _("Write why. It is stored together with your name.")},
    )
