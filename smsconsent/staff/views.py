"""The portal's start page, and who holds which role."""

from typing import Any

from allauth.account.forms import ResetPasswordForm
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from smsconsent.staff import access, navigation, roles, services
from smsconsent.staff.forms import RoleForm
from smsconsent.staff.models import RoleGroup, User

PAGE = "staff:colleagues"


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Each organisation one has a role in: what waits there, and its pages."""
    user = _user(request)
    mine = access.visible_to(user, _organisations(), "consents.view_organisation")
    rows = [_welcome(user, organisation) for organisation in mine.order_by("name")]
    frame = navigation.portal(user, rows[0]["organisation"]) if len(rows) == 1 else {}
    return render(request, "staff/home.html", frame | {"rows": rows})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def colleagues(request: HttpRequest, organisation: str) -> HttpResponse:
    """List who holds which role here, and give one more."""
    controller = _open(request, organisation)
    form = RoleForm(
        request.POST or None, organisation=controller, purposes=list(_purposes(controller))
    )
    if request.method == "POST" and form.is_valid():
        _admit(request, controller, form)
        return redirect(PAGE, organisation)
    rows = _holders(controller)
    context = {
        "form": form,
        "rows": rows,
        "roles": [(role.name, role.summary) for role in roles.ROLES.values()],
    }
    frame = navigation.portal(_user(request), controller, current=PAGE)
    status = 422 if form.errors else 200
    return render(request, "staff/colleagues.html", frame | context, status=status)


@login_required
@require_POST
def take_role(request: HttpRequest, organisation: str, group: int, user: int) -> HttpResponse:
    controller = _open(request, organisation)
    held = get_object_or_404(_groups(controller), pk=group)
    colleague = get_object_or_404(User, pk=user, groups=held.group)
    try:
        services.dismiss(colleague, held, by=_user(request))
    except roles.LastAdministrator:
        messages.error(
            request,
            _("Somebody must be able to give roles. Make somebody else an administrator first."),
        )
    else:
        messages.success(request, _("The role is taken away."))
    return redirect(PAGE if colleague != request.user else "staff:home", *_to(colleague, request))


def _to(colleague: User, request: HttpRequest) -> list[str]:
    """Whoever took a role from oneself may no longer see the list."""
    assert request.resolver_match is not None
    return [] if colleague == request.user else [request.resolver_match.kwargs["organisation"]]


def _admit(request: HttpRequest, controller: Model, form: RoleForm) -> None:
    user, is_new = services.admit(
        form.cleaned_data["email"],
        name=form.cleaned_data["name"],
        role=form.cleaned_data["role"],
        target=form.target,
        organisation=controller,
        by=_user(request),
    )
    if is_new:
        invitation = ResetPasswordForm({"email": user.email})
        if invitation.is_valid():
            invitation.save(request)
        messages.success(
            request,
            _("The account is created, and an e-mail with a link to choose a password is sent."),
        )
    else:
        messages.success(request, _("The role is given."))


def _welcome(user: User, organisation: Model) -> dict[str, Any]:
    frame = navigation.portal(user, organisation)
    counters = [import_string(name) for name in settings.PORTAL_COUNTERS]
    found = [counter(user, organisation) for counter in counters]
    held = _groups(organisation).filter(group__user=user)
    return {
        "organisation": organisation,
        "groups": frame["navigation"],
        "waiting": [each for each in found if each is not None],
        "roles": [roles.ROLES[role] for role in sorted({row.role for row in held})],
    }


def _holders(controller: Model) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    second = Authenticator.objects.filter(user=OuterRef("pk"))
    for group in _groups(controller).select_related("group").order_by("content_type", "object_id"):
        holders = User.objects.filter(groups=group.group, is_active=True)
        for user in holders.annotate(has_second_factor=Exists(second)):
            row: dict[str, Any] = {"id": f"take-{group.pk}-{user.pk}", "user": user, "group": group}
            rows.append(row | {"role": roles.ROLES[group.role], "target": group.target})
    held: dict[int, set[str]] = {}
    for each in rows:
        held.setdefault(each["user"].pk, set()).add(each["group"].role)
    for each in rows:
        each["is_both"] = any(held[each["user"].pk] >= set(pair) for pair in roles.SEPARATE_DUTIES)
    return sorted(rows, key=lambda each: (each["user"].name, each["user"].email, each["role"].name))


def _groups(controller: Model) -> QuerySet[RoleGroup]:
    """Return the groups of the organisation and of its purposes that a colleague can be given."""
    place = ContentType.objects.get_for_model
    purposes = _purposes(controller)
    here = Q(content_type=place(controller), object_id=controller.pk)
    there = Q(content_type=place(purposes.model), object_id__in=purposes.values("pk"))
    return RoleGroup.objects.filter(here | there).exclude(role=roles.GUEST)


def _open(request: HttpRequest, slug: str) -> Any:
    return access.get_for_user(_user(request), _organisations(), "consents.manage_roles", slug=slug)


def _organisations() -> QuerySet[Any]:
    model: Any = apps.get_model("consents", "Organisation")
    found: QuerySet[Any] = model.objects.all()
    return found


def _purposes(controller: Model) -> QuerySet[Any]:
    model: Any = apps.get_model("consents", "Purpose")
    found: QuerySet[Any] = model.objects.filter(organisation=controller).order_by("name")
    return found


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
