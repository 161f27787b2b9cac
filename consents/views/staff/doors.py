"""How a colleague reaches an organisation or a purpose: 404 to a stranger, 403 to a reader."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from consents.models import Organisation, Purpose, Subject
from smsconsent.staff import access, navigation
from smsconsent.staff.models import User

__all__ = [
    "colleague",
    "login_required",
    "open_organisation",
    "open_purpose",
    "open_subject",
    "show",
]


def colleague(request: HttpRequest) -> User:
    """Return who is signed in. The view stands behind `login_required`."""
    assert isinstance(request.user, User)
    return request.user


def open_organisation(request: HttpRequest, slug: str, permission: str) -> Organisation:
    return access.get_for_user(
        colleague(request), Organisation.objects.all(), permission, slug=slug
    )


def open_purpose(request: HttpRequest, organisation: str, slug: str, permission: str) -> Purpose:
    purposes = Purpose.objects.select_related("organisation", "sender")
    return access.get_for_user(
        colleague(request), purposes, permission, organisation__slug=organisation, slug=slug
    )


def open_subject(
    request: HttpRequest, organisation: str, public_id: Any, permission: str
) -> Subject:
    """A number is reached through its organisation: whoever may not look numbers up sees none."""
    controller = open_organisation(request, organisation, permission)
    subjects = Subject.objects.select_related("organisation")
    return get_object_or_404(subjects, organisation=controller, public_id=public_id)


def show(
    request: HttpRequest,
    template: str,
    organisation: Organisation,
    context: dict[str, Any],
    *,
    current: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render a page of the portal inside its frame."""
    frame = navigation.portal(colleague(request), organisation, current=current)
    return render(request, f"consents/staff/{template}.html", frame | context, status=status)
