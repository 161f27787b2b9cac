"""Requests from people about their own data: what waits, what is answered, and a new one (law.md L43)."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from consents import services
from consents.case_forms import CaseForm
from consents.models import Case, Organisation
from consents.views.staff.case import CURRENT, HANDLE, REGISTER, badge
from consents.views.staff.doors import colleague, login_required, open_organisation, show
from smsconsent.staff import access
from smsconsent.staff.models import User

PAGE = 25


@login_required
@require_safe
def cases(request: HttpRequest, organisation: str) -> HttpResponse:
    """List open cases, the most urgent first, or closed ones, the newest first. Keyset pages."""
    controller = open_organisation(request, organisation, REGISTER)
    is_closed = request.GET.get("show") == "closed"
    rows = controller.cases.filter(closed_at__isnull=not is_closed)
    rows, kept = (_closed if is_closed else _open)(rows, request.GET.get("after", ""))
    found = list(rows[: PAGE + 1])
    last = found[PAGE - 1] if len(found) > PAGE else None
    today = timezone.localdate()
    context = {
        "rows": [{"case": case, "badge": badge(case, today)} for case in found[:PAGE]],
        "is_closed": is_closed,
        "next_url": f"?{kept}after={_place(last, is_closed)}" if last else "",
        "overdue": controller.cases.overdue(today).count(),
    }
    return show(request, "cases", controller, context, current=CURRENT)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def case_new(request: HttpRequest, organisation: str) -> HttpResponse:
    controller = open_organisation(request, organisation, REGISTER)
    initial = {"received_on": timezone.localdate(), "language": get_language() or "nb"}
    form = CaseForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        case = services.register_case(
            controller, values.pop("phone"), by=colleague(request), now=timezone.now(), **values
        )
        messages.success(request, _("The request is registered. The time to answer has started."))
        return redirect("people:case", organisation, case.public_id)
    return show(request, "case_new", controller, {"form": form}, current=CURRENT)


def waiting(user: User, organisation: Organisation) -> dict[str, Any] | None:
    """Count open cases, for the start page of whoever handles them; overdue ones alarm."""
    if HANDLE not in access.permissions_on(user, organisation):
        return None
    count = organisation.cases.open().count()
    overdue = organisation.cases.overdue(timezone.localdate()).exists()
    return {
        "label": _("Requests about data"),
        "count": count,
        "url": reverse("people:cases", args=[organisation.slug]),
        "kind": "danger" if overdue else "warning" if count else "",
    }


def _open(rows: Any, after: str) -> tuple[Any, str]:
    day, _mark, pk = after.partition("_")
    try:
        if after:
            place = date.fromisoformat(day), int(pk)
            rows = rows.filter(Q(due_on__gt=place[0]) | Q(due_on=place[0], pk__gt=place[1]))
    except ValueError:
        pass
    return rows.order_by("due_on", "pk"), ""


def _closed(rows: Any, after: str) -> tuple[Any, str]:
    if after.isdecimal() and len(after) < 19:
        rows = rows.filter(pk__lt=int(after))
    return rows.order_by("-pk"), "show=closed&"


def _place(case: Case, is_closed: bool) -> str:
    return str(case.pk) if is_closed else f"{case.due_on.isoformat()}_{case.pk}"
