"""The block list. It cannot be browsed: there are no numbers in it, only pseudonyms (law.md L37, L38)."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from consents import services
from consents.models import Organisation, Suppression
from consents.staff_forms import BlockForm, UnblockForm
from consents.views.staff.doors import colleague, login_required, open_organisation, show

PERMISSION = "consents.handle_requests"


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def blocks(request: HttpRequest, organisation: str) -> HttpResponse:
    """Show what is on the list, in counts, and put a number on it."""
    controller = open_organisation(request, organisation, PERMISSION)
    form = BlockForm(request.POST or None, organisation=controller)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        ended = services.block_number(
            controller,
            values["phone"],
            purpose=values["purpose"],
            reason=Suppression.Reason(values["reason"]),
            by=colleague(request),
            now=timezone.now(),
        )
        text = _("The number is on the block list. Consents that ended: %(count)d.")
        messages.success(request, text % {"count": ended})
        return redirect("people:blocks", organisation)
    return _page(request, controller, form=form, status=422 if form.errors else 200)


@login_required
@require_POST
def unblock(request: HttpRequest, organisation: str) -> HttpResponse:
    """Take a number off the list, when the person asks and has heard what it means."""
    controller = open_organisation(request, organisation, PERMISSION)
    form = UnblockForm(request.POST)
    if not form.is_valid():
        return _page(request, controller, unblock_form=form, status=422)
    count = services.unblock_number(
        controller, form.cleaned_data["unblock_phone"], by=colleague(request)
    )
    if count:
        messages.success(
            request, _("The number is off the list. That does not bring any consent back.")
        )
    else:
        messages.info(request, _("The number is not on the list."))
    return redirect("people:blocks", organisation)


@login_required
@require_POST
def review_blocks(request: HttpRequest, organisation: str) -> HttpResponse:
    controller = open_organisation(request, organisation, PERMISSION)
    count = services.review_blocks(controller, by=colleague(request), now=timezone.now())
    text = ngettext("%(count)d entry is kept.", "%(count)d entries are kept.", count)
    messages.success(request, text % {"count": count})
    return redirect("people:blocks", organisation)


def _page(
    request: HttpRequest,
    organisation: Organisation,
    *,
    form: BlockForm | None = None,
    unblock_form: UnblockForm | None = None,
    status: int = 200,
) -> HttpResponse:
    due = Count("pk", filter=Q(review_on__lte=timezone.localdate()))
    rows = (
        organisation.suppressions.values("reason", "purpose__name")
        .annotate(count=Count("pk"), due=due)
        .order_by("purpose__name", "reason")
    )
    found: list[dict[str, Any]] = [dict(row) for row in rows]
    for row in found:
        row["reason"] = Suppression.Reason(row["reason"]).label
    context = {
        "rows": found,
        "due": sum(row["due"] for row in found),
        "form": form or BlockForm(organisation=organisation),
        "unblock_form": unblock_form or UnblockForm(),
    }
    return show(request, "blocks", organisation, context, current="people:blocks", status=status)
