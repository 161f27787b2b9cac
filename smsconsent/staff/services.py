"""The verbs about colleagues: let somebody in with a role, and take a role away."""

import logging
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import Model

from smsconsent import crypto
from smsconsent.staff import roles
from smsconsent.staff.models import RoleGroup, User

log = logging.getLogger(__name__)


@transaction.atomic
def admit(
    email: str, *, name: str, role: str, target: Model, organisation: Model, by: User
) -> tuple[User, bool]:
    """Give a role, and make the account when the address is new. Return it, and whether it is new.

    Whoever holds a role at one purpose may also open the organisation's portal, and nothing more there.
    """
    user = User.objects.filter(email__iexact=email).first()
    is_new = user is None
    if user is None:
        user = User.objects.create_user(email, name=name)
    roles.give_role(user, role, target)
    if target != organisation:
        roles.give_role(user, roles.GUEST, organisation)
    log.info("role given", extra={"role": role, "user": user.pk, "by": by.pk})
    return user, is_new


def dismiss(user: User, group: RoleGroup, *, by: User) -> None:
    """Take one role away, at once. Raises roles.LastAdministrator."""
    target: Any = group.target
    roles.take_role(user, group.role, target)
    log.info("role taken", extra={"role": group.role, "user": user.pk, "by": by.pk})


def renew_second_factors() -> int:
    """Encrypt the secrets of authenticator apps and recovery codes under the current key. Return how many."""
    changed = 0
    for pk in Authenticator.objects.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            found = Authenticator.objects.select_for_update().filter(pk=pk).first()
            if found is not None and (data := _renewed(found.data)) != found.data:
                Authenticator.objects.filter(pk=pk).update(data=data)
                changed += 1
    return changed


def _renewed(value: Any) -> Any:
    """Return a JSON value with each Fernet token in it under the current key."""
    if isinstance(value, dict):
        return {key: _renewed(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_renewed(each) for each in value]
    if not isinstance(value, str) or not value.startswith("gAAAA"):
        return value
    is_current = crypto.key_id_of(value.encode()) == crypto.current_key_id()
    return value if is_current else crypto.renew_token(value.encode()).decode()
