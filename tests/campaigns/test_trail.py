"""Who did what with a campaign: each verb leaves a name and a moment, and the page shows them."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from campaigns import services, trail
from campaigns.models import Campaign
from smsconsent.staff.models import User
from tests.make import HOUR, NOON, make_campaign, make_user

pytestmark = pytest.mark.django_db
LATER = NOON + HOUR
Verb = Callable[[Campaign, User], object]
VERBS: dict[str, tuple[str, Verb]] = {
    "changed": (
        "draft",
        lambda c, by: services.edit_campaign(c, by=by, name="Ny", text="Ny tekst.", now=LATER),
    ),
    "submitted": ("draft", lambda c, by: services.submit(c, by=by, now=LATER)),
    "scheduled": (
        "approved",
        lambda c, by: services.schedule(c, by=by, send_at=LATER + HOUR, now=LATER),
    ),
    "started": ("approved", lambda c, by: services.start_now(c, by=by, now=LATER)),
    "paused": ("sending", lambda c, by: services.pause(c, by=by, now=LATER)),
    "resumed": ("paused", lambda c, by: services.resume(c, by=by, now=LATER)),
    "cancelled": ("sending", lambda c, by: services.cancel(c, by=by, now=LATER)),
}


def make(state: str) -> Campaign:
    if state != "paused":
        return make_campaign(state)
    campaign = make_campaign("sending")
    services.pause(campaign, by=campaign.author, now=NOON)
    return campaign


@pytest.mark.parametrize("act", trail.Act)
def test_each_verb_says_who_and_when(act: trail.Act) -> None:
    state, verb = VERBS[act]
    campaign, colleague = make(state), make_user()

    verb(campaign, colleague)

    last = trail.deeds_of(campaign)[0]
    assert (last.what, last.by, last.at) == (str(act.label), colleague, LATER)


def test_a_verb_that_refuses_leaves_no_trail() -> None:
    campaign, colleague = make_campaign("draft"), make_user()

    with pytest.raises(services.WrongState):
        services.cancel(campaign, by=colleague, now=NOON)

    assert trail.deeds_of(campaign) == []


def test_an_answer_stands_between_what_was_done_before_and_after_it() -> None:
    campaign, approver = make_campaign("in_review"), make_user()
    services.send_back(campaign, by=approver, comment="Kortere.", now=LATER)
    services.submit(campaign, by=campaign.author, now=LATER + HOUR)

    deeds = trail.deeds_of(campaign)

    assert [deed.by for deed in deeds] == [campaign.author, approver, campaign.author]
    assert deeds[1].comment == "Kortere."


def test_the_page_names_who_cancelled(client: Client) -> None:
    campaign = make_campaign("sending")
    organisation = campaign.purpose.organisation
    colleague = make_user("marketer", organisation)
    services.cancel(campaign, by=colleague, now=NOON)
    client.force_login(make_user("auditor", organisation))

    address = reverse("campaigns:detail", args=[organisation.slug, campaign.public_id])
    page = client.get(address).content.decode()

    assert f"{colleague}: avlyst" in page
