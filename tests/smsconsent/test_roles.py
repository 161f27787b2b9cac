"""Each role's group holds exactly what the role may do, on each object, after every sync."""

import pytest
from django.contrib.auth.models import Group, Permission
from guardian.shortcuts import get_group_perms
from pytest_django import DjangoAssertNumQueries

from consents.models import Organisation, Purpose
from consents.models.permissions import OrganisationGroupPermission, PurposeGroupPermission
from smsconsent.staff import roles
from smsconsent.staff.models import RoleGroup
from tests.make import make_organisation, make_purpose

pytestmark = pytest.mark.django_db


def held(role: str, target: Organisation | Purpose, on: Organisation | Purpose) -> set[str]:
    return {str(codename) for codename in get_group_perms(roles.group_of(role, target), on)}


@pytest.mark.parametrize("role", roles.ROLES)
def test_a_role_holds_exactly_what_it_may_do(role: str) -> None:
    purpose = make_purpose()
    may = roles.ROLES[role].may

    assert held(role, purpose.organisation, purpose.organisation) == set(may[roles.ORGANISATION])
    for target in (purpose, purpose.organisation):
        assert held(role, target, purpose) == set(may.get(roles.PURPOSE, ()))


def test_a_sync_takes_away_what_is_too_much_and_gives_what_lacks() -> None:
    organisation = make_organisation()
    group = roles.group_of("auditor", organisation)
    before = held("auditor", organisation, organisation)
    OrganisationGroupPermission.objects.filter(group=group).delete()
    surplus = Permission.objects.get(codename="manage_roles")
    OrganisationGroupPermission.objects.create(
        group=group, permission=surplus, content_object=organisation
    )

    roles.sync_roles(organisation)

    assert held("auditor", organisation, organisation) == before
    assert "manage_roles" not in before


def test_a_sync_leaves_other_objects_alone() -> None:
    one, other = make_purpose(), make_purpose()
    before = PurposeGroupPermission.objects.filter(content_object=other).count()

    PurposeGroupPermission.objects.filter(content_object=one).delete()
    roles.sync_roles(one, inherit_from=one.organisation)

    assert PurposeGroupPermission.objects.filter(content_object=other).count() == before
    assert not set(get_group_perms(roles.group_of("administrator", other), one))


def test_a_repeated_sync_changes_nothing_and_asks_little(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    purpose = make_purpose()
    counts = Group.objects.count(), RoleGroup.objects.count()

    with django_assert_max_num_queries(10):
        roles.sync_roles(purpose, inherit_from=purpose.organisation)

    assert (Group.objects.count(), RoleGroup.objects.count()) == counts
