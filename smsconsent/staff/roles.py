"""Roles as data, and the groups that carry them. Nobody is granted a permission one by one.

A role is held at an organisation, or at one purpose. `sync_roles` makes one group per role and object,
and gives it guardian's object permissions. The kernel knows neither app, so models are named by string.
"""

from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from guardian.utils import get_group_obj_perms_model

from smsconsent.staff.models import RoleGroup, User

ORGANISATION, PURPOSE, CAMPAIGN = "consents.organisation", "consents.purpose", "campaigns.campaign"


@dataclass(frozen=True, slots=True)
class Role:
    """A plain name, one sentence, and what it may do on each kind of object."""

    name: str | Promise
    summary: str | Promise
    may: dict[str, tuple[str, ...]] = field(default_factory=dict)


_SEE = {ORGANISATION: ("view_organisation",), PURPOSE: ("view_purpose",)}
_SEE_ALL = _SEE | {CAMPAIGN: ("view_campaign",)}

ROLES: dict[str, Role] = {
    "privacy_officer": Role(
        _("Privacy officer"),
        _(
            "Is responsible for the consents: wordings, privacy notice, evidence, erasure "
            "and retention."
        ),
        {
            ORGANISATION: (
                "view_organisation",
                "change_organisation",
                "find_subject",
                "reveal_number",
                "erase_subject",
                "register_request",
                "handle_requests",
                "review_inbox",
                "view_evidence",
                "export_evidence",
                "view_retention",
                "run_purge",
                "import_consents",
                "approve_import",
            ),
            PURPOSE: ("view_purpose", "withdraw_consent", "publish_wording"),
            CAMPAIGN: ("view_campaign",),
        },
    ),
    "marketer": Role(
        _("Marketer"),
        _("Writes campaigns, and sends them once somebody else has approved."),
        {
            ORGANISATION: ("view_organisation",),
            PURPOSE: ("view_purpose", "add_campaign_here"),
            CAMPAIGN: ("view_campaign", "change_campaign", "submit_campaign", "send_campaign"),
        },
    ),
    "approver": Role(
        _("Approver"),
        _("Approves campaigns that others have written, and can pause them."),
        _SEE | {CAMPAIGN: ("view_campaign", "approve_campaign", "send_campaign")},
    ),
    "customer_service": Role(
        _("Customer service"),
        _(
            "Helps people: finds a number, stops messages for them, registers requests,"
            " settles unclear replies."
        ),
        {
            ORGANISATION: (
                "view_organisation",
                "find_subject",
                "register_request",
                "review_inbox",
                "import_consents",
            ),
            PURPOSE: ("view_purpose", "record_consent", "withdraw_consent"),
        },
    ),
    "auditor": Role(
        _("Auditor"),
        _("Sees everything but full numbers, and changes nothing."),
        _SEE_ALL
        | {ORGANISATION: ("view_organisation", "find_subject", "view_evidence", "view_retention")},
    ),
    "administrator": Role(
        _("Administrator"),
        _("Gives and removes roles, and sets up the organisation."),
        _SEE_ALL
        | {
            ORGANISATION: (
                "view_organisation",
                "change_organisation",
                "manage_roles",
                "view_retention",
            ),
            PURPOSE: ("view_purpose", "change_purpose"),
        },
    ),
}

# Opens the organisation's portal and no more, for whoever holds a role at one of its purposes only. It is
# given along with that role, never by itself.
GUEST = "guest"
_GUEST_MAY = {ORGANISATION: ("view_organisation",)}

# Two halves of one safeguard. Held together they are shown as a warning; the verb refuses in any case.
SEPARATE_DUTIES = (("marketer", "approver"),)


class LastAdministrator(Exception):
    """Somebody must be left who can give roles."""


@transaction.atomic
def sync_roles(target: Model, *, inherit_from: Model | None = None) -> None:
    """Give every role's group exactly its permissions on this object. Safe to repeat.

    `inherit_from`: the organisation, whose groups then also get their permissions on this purpose or
    campaign; a purpose is inherited from in the same way by its campaigns.
    """
    label = target._meta.label_lower
    may = {name: role.may for name, role in ROLES.items()} | {GUEST: _GUEST_MAY}
    groups = [] if label == CAMPAIGN else [_groups_of(target)]
    if inherit_from is not None:
        groups.append(_groups_of(inherit_from))
    wanted = {
        (group, codename)
        for by_role in groups
        for role, group in by_role.items()
        for codename in may[role].get(label, ())
    }
    _set_permissions(target, {pk for by_role in groups for pk in by_role.values()}, wanted)


def give_role(user: User, role: str, target: Model) -> None:
    """Put a colleague into the group of this role on this object. Raises KeyError for an unknown role."""
    group_of(role, target).user_set.add(user)


@transaction.atomic
def take_role(user: User, role: str, target: Model) -> None:
    """Take a colleague out of the group. Raises LastAdministrator rather than lock everybody out."""
    group = group_of(role, target)
    holders = User.objects.select_for_update().filter(groups=group, is_active=True)
    if role == "administrator" and {each.pk for each in holders} == {user.pk}:
        raise LastAdministrator
    group.user_set.remove(user)


def group_of(role: str, target: Model) -> Group:
    """Return the group of those who hold this role on this object; make it when it is new."""
    if role not in ROLES and role != GUEST:
        raise KeyError(role)
    content_type = ContentType.objects.get_for_model(target)
    key: dict[str, Any] = {"role": role, "content_type": content_type, "object_id": target.pk}
    found = RoleGroup.objects.filter(**key).select_related("group").first()
    if found is not None:
        return found.group
    group, _created = Group.objects.get_or_create(name=_name_of(role, target))
    RoleGroup.objects.get_or_create(**key, defaults={"group": group})
    return group


def holders_of(role: str, target: Model) -> list[User]:
    """Return the active colleagues who hold this role on this object."""
    return list(User.objects.filter(groups=group_of(role, target), is_active=True).order_by("name"))


def is_held(role: str, *, by: User) -> bool:
    """Return whether an active colleague holds this role on any object."""
    return by.is_active and by.groups.filter(role_group__role=role).exists()


def _name_of(role: str, target: Model) -> str:
    return f"{role}@{target._meta.label_lower}:{target.pk}"


def _groups_of(target: Model) -> dict[str, int]:
    """Return the group of each role on this object, by its name; make those that are new. Few statements."""
    content_type = ContentType.objects.get_for_model(target)
    mine = RoleGroup.objects.filter(content_type=content_type, object_id=target.pk)
    found = dict(mine.values_list("role", "group_id"))
    missing = {_name_of(role, target): role for role in {*ROLES, GUEST} - found.keys()}
    if not missing:
        return found
    # Whoever makes the same ones meanwhile is as welcome.
    Group.objects.bulk_create([Group(name=name) for name in missing], ignore_conflicts=True)
    made = Group.objects.filter(name__in=missing).values_list("name", "pk")
    RoleGroup.objects.bulk_create(
        [
            RoleGroup(
                role=missing[name], content_type=content_type, object_id=target.pk, group_id=pk
            )
            for name, pk in made
        ],
        ignore_conflicts=True,
    )
    return dict(mine.values_list("role", "group_id"))


def _set_permissions(target: Model, groups: set[int], wanted: set[tuple[int, str]]) -> None:
    """Let these groups hold on this object what is wanted, and nothing else."""
    model: Any = get_group_obj_perms_model(target)
    rows = model.objects.filter(content_object=target, group__in=groups)
    columns = ("pk", "group_id", "permission__codename")
    held = {(group, codename): pk for pk, group, codename in rows.values_list(*columns)}
    # By name: whoever remembers content types may remember those of a database that is gone.
    known = Permission.objects.filter(
        content_type__app_label=target._meta.app_label,
        content_type__model=target._meta.model_name,
    )
    ids = dict(known.values_list("codename", "pk"))
    model.objects.bulk_create(
        [
            model(group_id=group, permission_id=ids[codename], content_object=target)
            for group, codename in sorted(wanted - held.keys())
        ],
        ignore_conflicts=True,
    )
    surplus = [pk for key, pk in held.items() if key not in wanted]
    if surplus:
        model.objects.filter(pk__in=surplus).delete()
