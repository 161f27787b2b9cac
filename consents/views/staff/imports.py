"""Imports of consents: upload, see the errors on their cells, import, approve (law.md L49, features F127)."""

from io import BytesIO
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from consents import exports, services
from consents.import_forms import ApprovalForm, ImportForm, type_of
from consents.models import ConsentImport
from consents.sheets import COLUMNS
from consents.views.files import csv_file
from consents.views.staff.doors import colleague, login_required, open_organisation, show

IMPORT, APPROVE = "consents.import_consents", "consents.approve_import"
CURRENT = "people:imports"
SHOWN = 50
KINDS = {"imported": "ok", "unreadable": "danger", "checked": "info"}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def imports(request: HttpRequest, organisation: str) -> HttpResponse:
    """List the newest imports, and take a new file."""
    controller = open_organisation(request, organisation, IMPORT)
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file, proof = form.cleaned_data["file"], form.cleaned_data["proof"]
        content = file.read()
        run = services.open_import(
            controller,
            lambda: BytesIO(content),
            by=colleague(request),
            proof=proof.read(),
            proof_type=type_of(proof),
            now=timezone.now(),
        )
        services.keep_upload(run, _pieces(file))
        if run.state in {ConsentImport.State.IMPORTING, ConsentImport.State.IMPORTED}:
            messages.info(
                request,
                _("This file was uploaded before. The form that was chosen then stays its proof."),
            )
        return redirect("people:import", organisation, run.public_id)
    rows = controller.imports.order_by("-created_at")[:20]
    context = {"form": form, "rows": [{"run": run, "badge": _badge(run)} for run in rows]}
    status = 422 if request.method == "POST" else 200
    return show(
        request,
        "imports",
        controller,
        context | {"columns": COLUMNS},
        current=CURRENT,
        status=status,
    )


def _pieces(file: "UploadedFile[Any]") -> list[bytes]:
    file.seek(0)
    return list(file.chunks(services.CHUNK))


def _badge(run: ConsentImport) -> str:
    return KINDS.get(run.state, "neutral")


def _open(request: HttpRequest, organisation: str, run: UUID, permission: str) -> ConsentImport:
    controller = open_organisation(request, organisation, permission)
    runs = ConsentImport.objects.select_related("organisation", "by", "approved_by")
    return get_object_or_404(runs, organisation=controller, public_id=run)


@never_cache
@login_required
@require_safe
def one_import(request: HttpRequest, organisation: str, run: UUID) -> HttpResponse:
    """Show how far an import has come, and each error on its cell."""
    return _page(request, _open(request, organisation, run, IMPORT), ApprovalForm())


def _page(
    request: HttpRequest, run: ConsentImport, form: ApprovalForm, *, status: int = 200
) -> HttpResponse:
    found = run.problems.order_by("row")[:SHOWN]
    context = {
        "run": run,
        "badge": _badge(run),
        "problems": [{"at": each, "text": exports.problem_text(each)} for each in found],
        "shown": SHOWN,
        "reason_form": form,
    }
    return show(request, "import", run.organisation, context, current=CURRENT, status=status)


@login_required
@require_POST
def start(request: HttpRequest, organisation: str, run: UUID) -> HttpResponse:
    """Import what was checked."""
    found = _open(request, organisation, run, IMPORT)
    if not found.is_kept or not services.start_import(found):
        messages.info(request, _("This file is not waiting to be imported."))
    return redirect("people:import", organisation, run)


@login_required
@require_POST
def approve(request: HttpRequest, organisation: str, run: UUID) -> HttpResponse:
    """Let what was imported be sent to, with a reason that is written down."""
    found = _open(request, organisation, run, APPROVE)
    form = ApprovalForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form, status=422)
    reason = form.cleaned_data["reason"]
    if services.approve_import(found, by=colleague(request), reason=reason, now=timezone.now()):
        messages.success(request, _("Approved. These people may now get campaigns."))
    else:
        messages.info(request, _("There is nothing to approve here."))
    return redirect("people:import", organisation, run)


@never_cache
@login_required
@require_safe
def problems(request: HttpRequest, organisation: str, run: UUID) -> HttpResponse:
    """The errors as a CSV that Norwegian spreadsheets open: row, column, cell, error."""
    found = _open(request, organisation, run, IMPORT)
    return csv_file(exports.problems_of(found), "import-errors.csv")


@never_cache
@login_required
@require_safe
def proof(request: HttpRequest, organisation: str, run: UUID) -> HttpResponse:
    """The form on which people said yes, for those who must judge it."""
    found = _open(request, organisation, run, APPROVE)
    if not found.proof:
        raise Http404
    # SECURITY: always a download, of a type that we have looked at ourselves.
    answer = HttpResponse(
        bytes(found.proof), content_type=found.proof_type or "application/octet-stream"
    )
    answer["Content-Disposition"] = "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
