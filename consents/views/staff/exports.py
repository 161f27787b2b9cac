"""Evidence for strangers: the case bundle of one number, and the audit bundle of an organisation."""

from collections.abc import Callable
from tempfile import TemporaryFile
from typing import Any, BinaryIO, cast
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from consents import services
from consents.staff_forms import ExportForm
from consents.views.staff.doors import colleague, login_required, open_organisation, open_subject

PERMISSION = "consents.export_evidence"


@never_cache
@login_required
@require_POST
def case_bundle(request: HttpRequest, organisation: str, public_id: UUID) -> HttpResponseBase:
    """Download every event of one person, opened. Who did it, and why, is stored with the number."""
    subject = open_subject(request, organisation, public_id, PERMISSION)
    back = redirect("people:number", organisation, public_id)
    name = f"sak-{str(public_id)[:8]}-{timezone.localdate()}.zip"

    def write(file: BinaryIO, **how: Any) -> object:
        return services.export_case(subject, file, **how)

    return _download(request, write, name=name, back=back)


@never_cache
@login_required
@require_POST
def audit_bundle(request: HttpRequest, organisation: str) -> HttpResponseBase:
    """Download every header of an organisation: no personal data."""
    controller = open_organisation(request, organisation, PERMISSION)
    back = redirect("people:ledger", organisation)
    name = f"revisjon-{controller.slug}-{timezone.localdate()}.zip"

    def write(file: BinaryIO, **how: Any) -> object:
        return services.export_audit(controller, file, **how)

    return _download(request, write, name=name, back=back)


@never_cache
@login_required
@require_POST
def receipt(request: HttpRequest, organisation: str, public_id: UUID, consent: int) -> HttpResponse:
    """Open the person's own receipt, for example to print it at the counter. It tells the full number."""
    subject = open_subject(request, organisation, public_id, PERMISSION)
    mine = get_object_or_404(subject.consents, pk=consent)
    form = ExportForm(request.POST)
    if not form.is_valid():
        _ask_for_a_reason(request)
        return redirect("people:number", organisation, public_id)
    reason = form.cleaned_data["reason"]
    address = services.open_receipt(mine, by=colleague(request), reason=reason, now=timezone.now())
    return redirect(address)


def _ask_for_a_reason(request: HttpRequest) -> None:
    messages.error(request, _("Write why you export. It is stored together with your name."))


def _download(
    request: HttpRequest, write: Callable[..., object], *, name: str, back: HttpResponse
) -> HttpResponseBase:
    """Write into a file that nobody else can open and that is gone once it has been sent."""
    form = ExportForm(request.POST)
    if not form.is_valid():
        _ask_for_a_reason(request)
        return back
    file = cast("BinaryIO", TemporaryFile())  # noqa: SIM115  the answer closes it
    try:
        reason = form.cleaned_data["reason"]
        write(file, by=colleague(request), reason=reason, now=timezone.now())
    except services.NothingSealed:
        file.close()
        messages.info(request, _("Nothing is sealed yet. Try again in a minute."))
        return back
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")
