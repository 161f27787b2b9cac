"""The one door to an object: 404 to a stranger, 403 to a reader without the right (architecture.md).

Permission is on the object, held through a role's group. A global model permission opens nothing, and a
superuser without a role sees nothing in the portal.
"""

from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404
from guardian.shortcuts import get_group_perms, get_objects_for_user

from smsconsent.staff.models import User

M = TypeVar("M", bound=Model)


def visible_to(user: User, queryset: QuerySet[M], permission: str) -> QuerySet[M]:
    """Return those rows on which the user holds the permission ("app_label.codename"). One query."""
    if not user.is_active:
        return queryset.none()
    found: QuerySet[M] = get_objects_for_user(
        user,
        permission,
        klass=queryset,
        use_groups=True,
        accept_global_perms=False,
        with_superuser=False,
    )
    return found


def get_for_user(user: User, queryset: QuerySet[M], permission: str, **lookup: Any) -> M:
    """Return the one object. Raises Http404 to a stranger and PermissionDenied to a mere reader."""
    found = queryset.filter(**lookup).first()
    if found is None:
        raise Http404
    require(user, found, permission)
    return found


def require(user: User, target: Model, permission: str) -> None:
    """Raise unless the user holds the permission on this object: Http404 if they may not even see it."""
    held = permissions_on(user, target)
    if permission in held:
        return
    view = f"{target._meta.app_label}.view_{target._meta.model_name}"
    if view in held:
        raise PermissionDenied
    raise Http404


def permissions_on(user: User, target: Model) -> set[str]:
    """Return what the user may do with this object, as "app_label.codename". One query."""
    if not user.is_active:
        return set()
    label = target._meta.app_label
    return {f"{label}.{codename}" for codename in get_group_perms(user, target)}
