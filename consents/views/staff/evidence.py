"""The sealed log: how large, how lately sealed and anchored, what warns, and a verification on request."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from consents import anchors, logkeys, problems, sealing, services, verification
from consents.models import Organisation, PendingEvent
from consents.staff_forms import ExportForm
from consents.views.staff.doors import login_required, open_organisation, show
from smsconsent.staff import access
from smsconsent.staff.models import User

NEEDED = "consents.view_evidence"


@login_required
@require_safe
def ledger(request: HttpRequest, organisation: str) -> HttpResponse:
    controller = open_organisation(request, organisation, NEEDED)
    now = timezone.now()
    context = {
        "stats": _stats(now),
        "warnings": anchors.warnings(now=now, organisation=controller),
        "checkpoint": anchors.newest_checkpoint(),
        "anchors": anchors.newest_anchors(controller),
        "keys": logkeys.periods(),
        "export_form": ExportForm(),
        "exports": controller.evidence_exports.select_related("by").order_by("-at")[:20],
    }
    return show(
        request, "ledger", controller, context | _verification(now), current="people:ledger"
    )


@login_required
@require_POST
def verify(request: HttpRequest, organisation: str) -> HttpResponse:
    """Start a verification. It needs no other right than to see the evidence: it only reads."""
    open_organisation(request, organisation, NEEDED)
    services.verify_log(now=timezone.now())
    messages.info(request, _("The log is being verified. This page shows how far it has come."))
    return redirect("people:ledger", organisation)


@login_required
@require_safe
def progress(request: HttpRequest, organisation: str) -> HttpResponse:
    """Return the part of the page that tells of the verification, for a page that waits for it."""
    controller = open_organisation(request, organisation, NEEDED)
    context = {"organisation": controller} | _verification(timezone.now())
    return render(request, "consents/staff/_verification.html", context)


def waiting(user: User, organisation: Organisation) -> dict[str, Any] | None:
    """Count what warns about the log, for the start page of whoever may see the evidence."""
    if NEEDED not in access.permissions_on(user, organisation):
        return None
    count = len(anchors.warnings(now=timezone.now(), organisation=organisation))
    if not count:
        return None
    return {
        "label": _("Warnings about the evidence"),
        "count": count,
        "url": reverse("people:ledger", args=[organisation.slug]),
        "kind": "danger",
    }


def _stats(now: datetime) -> list[dict[str, Any]]:
    checkpoint, size = anchors.newest_checkpoint(), sealing.log_size()
    waited = int(anchors.oldest_waiting(now).total_seconds())
    signed = checkpoint.size if checkpoint else 0
    return [
        {"label": _("Sealed events"), "value": size},
        {
            "label": _("Waiting to be sealed"),
            "value": PendingEvent.objects.count(),
            "hint": ngettext("for %(count)d second", "for %(count)d seconds", waited)
            % {"count": waited}
            if waited
            else "",
            "kind": "warning" if anchors.oldest_waiting(now) > anchors.SEAL_LAG_WARNS else "",
        },
        {
            "label": _("In the last checkpoint"),
            "value": signed,
            "hint": _ago(checkpoint.signed_at) if checkpoint else "",
        },
    ]


def _ago(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%d.%m.%Y %H:%M:%S")


def _verification(now: datetime) -> dict[str, Any]:
    latest = verification.latest()
    found = [
        (problems.KINDS[problem["kind"]], problem["where"])
        for problem in (latest.problems if latest else [])
    ]
    return {
        "verification": latest,
        "is_running": latest is not None and verification.is_under_way(latest, now=now),
        "problems": found,
    }
