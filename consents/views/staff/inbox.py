"""Unclear replies, which hold sending to their number until a colleague has decided."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from consents import services
from consents.models import InboundMessage, Organisation
from consents.views.staff.doors import colleague, login_required, open_organisation, show
from smsconsent.staff import access
from smsconsent.staff.models import User

PAGE = 25


@login_required
@require_safe
def inbox(request: HttpRequest, organisation: str) -> HttpResponse:
    """List the replies that wait, oldest first. Keyset pages: after the last id shown."""
    controller = open_organisation(request, organisation, "consents.review_inbox")
    waiting = InboundMessage.objects.for_review().filter(organisation=controller)
    after = request.GET.get("after", "")
    if after.isdecimal() and len(after) < 19:
        waiting = waiting.filter(pk__gt=int(after))
    rows = list(waiting.select_related("subject", "topic").order_by("pk")[: PAGE + 1])
    next_url = f"?after={rows[PAGE - 1].pk}" if len(rows) > PAGE else ""
    context = {"rows": rows[:PAGE], "next_url": next_url}
    return show(request, "inbox", controller, context, current="people:inbox")


@login_required
@require_POST
def settle(request: HttpRequest, organisation: str, message: int) -> HttpResponse:
    controller = open_organisation(request, organisation, "consents.review_inbox")
    found = get_object_or_404(InboundMessage, pk=message, organisation=controller)
    decision = request.POST.get("decision", "")
    if decision in services.DECISIONS:
        services.settle_review(found, decision=decision, by=colleague(request), now=timezone.now())
        messages.success(request, _("The reply is settled."))
    else:
        messages.error(request, _("Choose what to do with the reply."))
    return redirect("people:inbox", organisation)


def waiting(user: User, organisation: Organisation) -> dict[str, Any] | None:
    """Count the replies that wait, for the start page of whoever may settle them."""
    if "consents.review_inbox" not in access.permissions_on(user, organisation):
        return None
    count = InboundMessage.objects.for_review().filter(organisation=organisation).count()
    return {
        "label": _("Unclear replies"),
        "count": count,
        "url": reverse("people:inbox", args=[organisation.slug]),
        "kind": "warning" if count else "",
    }
