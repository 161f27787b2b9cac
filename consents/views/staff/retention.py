"""What is kept, why and until when; and what has been purged."""

from typing import Any

from django.apps import apps
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from consents import exports
from consents.models import PurgeRun
from consents.retention import policies, purge_all
from consents.views.staff.doors import login_required, open_organisation, show


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def retention(request: HttpRequest, organisation: str) -> HttpResponse:
    """Show the policy table and the purge log. A dry run counts what would go, and removes nothing."""
    needed = "consents.run_purge" if request.method == "POST" else "consents.view_retention"
    controller = open_organisation(request, organisation, needed)
    if request.method == "POST":
        result = purge_all(now=timezone.now(), dry_run=True)
        due = sum(sum(counts.values()) for counts in result.values())
        messages.info(
            request,
            _("Dry run: %(count)d rows are due for deletion. Nothing was deleted.")
            % {"count": due},
        )
        return redirect("people:retention", organisation)
    context = {
        "policies": policies(),
        "erasures": controller.erasures.order_by("-asked_at")[:20],
        "runs": _latest_purges(),
    }
    return show(request, "retention", controller, context, current="people:retention")


def _latest_purges() -> list[dict[str, Any]]:
    """Return the newest runs of the purge in words: what kind of data, and how many rows of what."""
    titles = {policy.name: policy.title for policy in policies()}
    return [
        {
            "run": run,
            "title": titles.get(run.policy, run.policy),
            "counts": [(_name_of(table), count) for table, count in run.counts.items() if count],
        }
        for run in PurgeRun.objects.order_by("-started_at", "pk")[:20]
    ]


def _name_of(table: str) -> str:
    try:
        return str(apps.get_model(table)._meta.verbose_name_plural)
    except (LookupError, ValueError):  # a table that an earlier version had
        return table


@never_cache
@login_required
@require_safe
def erasure(request: HttpRequest, organisation: str, reference: str) -> HttpResponse:
    """The report of one erasure: what went, when, what stays. It names nobody."""
    controller = open_organisation(request, organisation, "consents.view_retention")
    found = get_object_or_404(controller.erasures, reference=reference)
    context = {"certificate": exports.certificate(found), "erasure": found}
    return show(request, "erasure", controller, context, current="people:retention")
