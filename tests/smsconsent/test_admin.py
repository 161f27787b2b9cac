"""The back office: every model is listed, numbers are found elsewhere, evidence is only looked at."""

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from guardian.shortcuts import get_group_perms, remove_perm

from campaigns.models import Campaign
from consents.models import Consent, ConsentEvent, Organisation, Subject
from smsconsent.staff import access, roles
from tests.make import make_campaign, make_consent, make_user

pytestmark = pytest.mark.django_db
OURS = [
    model
    for model in apps.get_models()
    if model._meta.app_label in {"consents", "campaigns", "staff"}
    # guardian's rows: its permission pages show them, on the object
    and not model.__name__.endswith("GroupPermission")
]
# What a verb changes, or nothing at all: never a form.
READ_ONLY = [
    model for model in OURS if model.__name__ not in {"Organisation", "Sender", "Purpose", "User"}
]


@pytest.fixture
def officer(client: Client) -> Client:
    client.force_login(make_user(is_staff=True, is_superuser=True))
    return client


def address(model: type, page: str, *args: object) -> str:
    meta = model._meta  # type: ignore[attr-defined]  # each is a Django model
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("model", OURS)
def test_every_model_is_listed(officer: Client, model: type) -> None:
    make_campaign("sending", purpose=make_consent("granted").purpose)

    assert model in admin.site._registry
    assert officer.get(address(model, "changelist")).status_code == 200


@pytest.mark.parametrize("model", READ_ONLY)
def test_what_only_verbs_write_has_no_form(officer: Client, model: type) -> None:
    assert officer.get(address(model, "add")).status_code == 403


def test_evidence_can_be_looked_at_and_not_changed(officer: Client) -> None:
    make_consent("granted")
    event = ConsentEvent.objects.all()[0]
    path = address(ConsentEvent, "change", event.pk)

    shown = officer.get(path).content.decode()

    assert "recorded_day" in shown
    assert officer.post(path, {"event_id": "x"}).status_code == 403
    assert officer.post(address(ConsentEvent, "delete", event.pk)).status_code == 403


@pytest.mark.parametrize("model", [Subject, Consent])
def test_no_number_is_searched_for_in_an_address(officer: Client, model: type) -> None:
    make_consent("granted")

    page = officer.get(address(model, "changelist")).content.decode()

    assert 'name="q"' not in page
    assert reverse("staff:home") in page
    assert "i portalen" in page


def test_no_page_shows_a_full_number(officer: Client) -> None:
    consent = make_consent("granted", number=1)

    pages = [address(Subject, "changelist"), address(Subject, "change", consent.subject_id)]

    assert all(b"90000001" not in officer.get(page).content for page in pages)


def test_an_action_withdraws_through_the_verb(officer: Client) -> None:
    consent = make_consent("granted")

    officer.post(
        address(Consent, "changelist"), {"action": "withdraw", "_selected_action": [consent.pk]}
    )

    consent.refresh_from_db()
    assert consent.state == "withdrawn"
    assert ConsentEvent.objects.count() == 3


def test_nobody_is_erased_here(officer: Client) -> None:
    consent = make_consent("granted")

    officer.post(
        address(Subject, "changelist"),
        {"action": "erase", "_selected_action": [consent.subject_id]},
    )

    assert Subject.objects.exists()


def test_permissions_on_an_object_have_their_page(officer: Client) -> None:
    campaign = make_campaign()
    purpose = campaign.purpose

    for found in (purpose.organisation, purpose, campaign):
        assert officer.get(address(type(found), "permissions", found.pk)).status_code == 200


def test_a_campaign_is_looked_at_and_not_written_here(officer: Client) -> None:
    campaign = make_campaign(text="Halv pris.")

    officer.post(address(Campaign, "change", campaign.pk), {"text": "Noe annet.", "name": "x"})

    campaign.refresh_from_db()
    assert campaign.text == "Halv pris."


def test_a_new_organisation_can_let_somebody_in(officer: Client) -> None:
    fields = {
        "slug": "fjell",
        "name": "Fjell",
        "number": "900 000 002",
        "address": "Fjellveien 2",
        "contact_email": "hei@fjell.example",
    }
    officer.post(address(Organisation, "add"), fields)
    user = make_user()

    call_command("grant", user.email, "administrator", "fjell")

    mine = access.visible_to(user, Organisation.objects.all(), "consents.manage_roles")
    assert [each.slug for each in mine] == ["fjell"]


@pytest.mark.parametrize("words", [("x@y.example", "fjell"), ("", "nowhere")])
def test_granting_to_nobody_says_so(words: tuple[str, str]) -> None:
    user = make_user()

    with pytest.raises(CommandError, match="There is no"):
        call_command("grant", words[0] or user.email, "administrator", words[1])


@pytest.mark.parametrize("kind", ["organisation", "purpose", "campaign"])
def test_a_right_that_an_update_brings_reaches_those_who_hold_the_role(kind: str) -> None:
    campaign = make_campaign()
    purpose = campaign.purpose
    target = {
        "organisation": purpose.organisation,
        "purpose": purpose,
        "campaign": campaign,
    }[kind]
    officer = roles.group_of("privacy_officer", purpose.organisation)
    right = f"view_{kind}"
    remove_perm(right, officer, target)

    call_command("sync_roles")

    assert right in get_group_perms(officer, target)


@pytest.mark.parametrize("slug", ["privacy", "me", "erased"])
def test_a_purpose_cannot_take_the_address_of_a_page(slug: str) -> None:
    purpose = make_consent("granted").purpose
    purpose.slug = slug

    with pytest.raises(ValidationError, match="Velg en annen"):
        purpose.full_clean()


@pytest.mark.parametrize("keyword", ["NEI", "FERDIG"])
def test_a_purpose_cannot_take_a_word_that_people_answer_with(keyword: str) -> None:
    purpose = make_consent("granted").purpose
    purpose.organisation.stop_words = "ferdig"
    purpose.keyword = keyword

    with pytest.raises(ValidationError, match="Velg et annet"):
        purpose.full_clean()


def test_a_second_factor_can_be_taken_away_and_neither_read_nor_planted(officer: Client) -> None:
    factor = Authenticator.objects.create(
        user=make_user(), type=Authenticator.Type.TOTP, data={"secret": "not-for-colleagues"}
    )

    assert officer.get(address(Authenticator, "add")).status_code == 403
    page = officer.get(address(Authenticator, "change", factor.pk)).content.decode()
    assert "not-for-colleagues" not in page
    assert 'name="_save"' not in page
    officer.post(address(Authenticator, "delete", factor.pk), {"post": "yes"})
    assert not Authenticator.objects.filter(pk=factor.pk).exists()


def test_a_page_of_the_back_office_is_named_in_its_title(officer: Client) -> None:
    page = officer.get(address(Consent, "changelist")).content.decode()

    title = page[page.index("<title>") + len("<title>") : page.index("</title>")]
    heading = page[page.index("<h1>") + len("<h1>") : page.index("</h1>")]
    assert heading in title
