"""Legal holds: evidence that must outlive an erasure, each step by two people.

Who may erase a number may ask for a hold on its evidence, and approve what a colleague has asked for.
"""

from collections.abc import Callable
from tempfile import TemporaryFile

from django.contrib import messages
from django.db.models import Model
from django.forms import Form
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from consents import exports, services
from consents.models import LegalHold, Subject
from consents.staff_forms import HoldForm, OpeningForm, ReleaseForm
from consents.views.staff.doors import (
    colleague,
    login_required,
    open_organisation,
    open_subject,
    show,
)
from smsconsent import crypto

PERMISSION = "consents.erase_subject"


@login_required
@require_safe
def holds(request: HttpRequest, organisation: str) -> HttpResponse:
    """Every hold of the organisation, the newest first: also where the number is gone."""
    controller = open_organisation(request, organisation, PERMISSION)
    people = controller.holds.select_related("asked_by", "approved_by", "subject")
    context = {"holds": people.order_by("-asked_at")[:100], "today": timezone.localdate()}
    return show(request, "holds", controller, context, current="people:retention")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, organisation: str, public_id: str) -> HttpResponse:
    """Ask for a hold on the evidence of one number."""
    subject = open_subject(request, organisation, public_id, PERMISSION)
    form = HoldForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and (held := _hold(request, subject, form)):
        return redirect("people:hold", organisation, held.reference)
    context = {"form": form, "subject": subject, "can_hold": crypto.can_hold()}
    status = 422 if form.errors else 200
    return show(
        request,
        "hold_ask",
        subject.organisation,
        context,
        current="people:search",
        status=status,
    )


@never_cache
@login_required
@require_safe
def hold(request: HttpRequest, organisation: str, reference: str) -> HttpResponse:
    """One hold: who asked, who approved, who has read; and the evidence, to whoever may read it now."""
    found = _open(request, organisation, reference)
    rows = services.read_held(found, by=colleague(request), now=timezone.now())
    context = {
        "hold": found,
        "openings": found.openings.select_related("asked_by", "approved_by").order_by("-asked_at"),
        "evidence_count": found.evidence.count(),
        "is_read": rows is not None,
        "evidence": [exports.held(row) for row in rows or []],
        "form": OpeningForm(),
        "today": timezone.localdate(),
        "is_over": found.ends_on < timezone.localdate() or found.released_at is not None,
        "release_form": ReleaseForm(),
    }
    return show(request, "hold", found.organisation, context, current="people:retention")


@login_required
@require_POST
def approve(request: HttpRequest, organisation: str, reference: str) -> HttpResponse:
    found = _open(request, organisation, reference)
    return _approve(request, found, services.approve_hold, found)


@login_required
@require_POST
def ask_to_open(request: HttpRequest, organisation: str, reference: str) -> HttpResponse:
    found = _open(request, organisation, reference)
    form = OpeningForm(request.POST)
    return _ask(request, found, form, services.ask_to_open, _("Write why it must be read."))


@login_required
@require_POST
def approve_opening(
    request: HttpRequest, organisation: str, reference: str, opening: int
) -> HttpResponse:
    found = _open(request, organisation, reference)
    asked = get_object_or_404(found.openings, pk=opening)
    return _approve(request, found, services.approve_opening, asked)


@never_cache
@login_required
@require_POST
def bundle(request: HttpRequest, organisation: str, reference: str) -> HttpResponseBase:
    """Download what is held as a case bundle, while one may read it."""
    found = _open(request, organisation, reference)
    file = TemporaryFile()  # noqa: SIM115  the answer closes it
    try:
        services.export_held(found, file, by=colleague(request), now=timezone.now())
    except services.NotOpened:
        messages.error(request, _("Ask to read it first. A colleague must approve."))
    except services.NothingSealed:
        messages.info(request, _("Nothing is sealed yet. Try again in a minute."))
    else:
        name = f"hold-{found.reference[:8]}-{timezone.localdate()}.zip"
        return FileResponse(file, as_attachment=True, filename=name)
    file.close()
    return redirect("people:hold", organisation, reference)


@login_required
@require_POST
def release(request: HttpRequest, organisation: str, reference: str) -> HttpResponse:
    """Ask that the hold end before its last day."""
    found = _open(request, organisation, reference)
    form = ReleaseForm(request.POST)
    return _ask(request, found, form, services.ask_to_release, _("Write why it can end."))


@login_required
@require_POST
def approve_release(request: HttpRequest, organisation: str, reference: str) -> HttpResponse:
    """End it, for good. The page has asked once more before this is pressed."""
    found = _open(request, organisation, reference)
    told = _("The hold is over, and what it kept is deleted.")
    return _approve(request, found, services.approve_release, found, told=told)


def _hold(request: HttpRequest, subject: Subject, form: HoldForm) -> LegalHold | None:
    """Ask for the hold. None: the form says why it cannot be."""
    try:
        return services.ask_for_hold(
            subject, by=colleague(request), now=timezone.now(), **form.cleaned_data
        )
    except services.LastDayRefused:
        form.add_error(
            "ends_on", _("The last day must be in the future, and at most three years from now.")
        )
    except services.NoHoldKey:
        form.add_error(
            None,
            _(
                "This installation has no key for held evidence. Whoever runs it must "
                "set FERNET_HOLD_KEYS."
            ),
        )
    return None


def _ask(
    request: HttpRequest, found: LegalHold, form: Form, ask: Callable[..., object], missing: str
) -> HttpResponse:
    """Ask for what a colleague must approve. `missing` is said without a reason."""
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        ask(found, reason=reason, by=colleague(request), now=timezone.now())
    else:
        messages.error(request, missing)
    return redirect("people:hold", found.organisation.slug, found.reference)


def _approve(
    request: HttpRequest,
    found: LegalHold,
    approve: Callable[..., bool],
    what: Model,
    *,
    told: str = "",
) -> HttpResponse:
    """Approve what a colleague has asked for. `told` is said when this press did it."""
    try:
        if approve(what, by=colleague(request), now=timezone.now()) and told:
            messages.success(request, told)
    except services.NeedsAnother:
        messages.error(request, _("You asked for it yourself. A colleague must approve."))
    return redirect("people:hold", found.organisation.slug, found.reference)


def _open(request: HttpRequest, organisation: str, reference: str) -> LegalHold:
    """A hold is reached through its organisation, as everything is."""
    controller = open_organisation(request, organisation, PERMISSION)
    people = controller.holds.select_related(
        "organisation", "asked_by", "approved_by", "subject", "release_asked_by", "released_by"
    )
    return get_object_or_404(people, reference=reference)
