"""Writing, approving and starting a campaign, and who gets it: the counts always add up."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from campaigns import audiences, running, sending, services, texts
from campaigns.models import Approval, Campaign, Delivery
from consents.models import Consent, Organisation, Sender, Subject, Suppression
from consents.services import suppress
from smsconsent.staff.models import User
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    make_campaign,
    make_consent,
    make_crowd,
    make_purpose,
    make_user,
    phone,
)

pytestmark = pytest.mark.django_db
STATES = ("draft", "in_review", "approved", "scheduled", "sending")
Verb = Callable[[Campaign, User], object]
VERBS: dict[str, tuple[Verb, set[str]]] = {
    "submit": (lambda c, by: services.submit(c, by=by, now=NOON), {"draft"}),
    "approve": (lambda c, by: services.approve(c, by=by, now=NOON), {"in_review"}),
    "send_back": (
        lambda c, by: services.send_back(c, by=by, comment="Kortere.", now=NOON),
        {"in_review"},
    ),
    "schedule": (
        lambda c, by: services.schedule(c, by=by, send_at=NOON + HOUR, now=NOON),
        {"approved", "scheduled"},
    ),
    "start_now": (
        lambda c, by: services.start_now(c, by=by, now=NOON),
        {"approved", "scheduled"},
    ),
    "pause": (lambda c, by: services.pause(c, by=by, now=NOON), {"sending"}),
    "resume": (lambda c, by: services.resume(c, by=by, now=NOON), set()),
    "cancel": (
        lambda c, by: services.cancel(c, by=by, now=NOON),
        {"approved", "scheduled", "sending"},
    ),
    "edit": (
        lambda c, by: services.edit_campaign(c, by=by, name="Ny", text="Ny tekst.", now=NOON),
        {"draft", "in_review", "approved"},
    ),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_works_from_its_states_and_refuses_elsewhere(state: str, verb: str) -> None:
    campaign = make_campaign(state)
    act, allowed = VERBS[verb]

    if state in allowed:
        act(campaign, make_user())
        return
    with pytest.raises(services.WrongState):
        act(campaign, make_user())
    campaign.refresh_from_db()
    assert campaign.state == state


def test_nobody_approves_what_they_wrote() -> None:
    campaign = make_campaign("in_review")

    with pytest.raises(services.OwnCampaign):
        services.approve(campaign, by=campaign.author, now=NOON)


def test_nobody_approves_what_they_sent_for_approval() -> None:
    campaign, sender = make_campaign("draft"), make_user()
    services.submit(campaign, by=sender, now=NOON)

    with pytest.raises(services.OwnCampaign):
        services.approve(campaign, by=sender, now=NOON)


def test_new_words_void_an_approval() -> None:
    campaign = make_campaign("approved")

    services.edit_campaign(campaign, by=make_user(), name="Ski", text="Nye ord.", now=NOON)

    assert campaign.state == "draft"
    assert not sending.is_approved(campaign)


def test_an_approval_names_the_words_and_the_number_of_recipients() -> None:
    purpose = make_purpose()
    make_consent("granted", purpose=purpose)
    campaign = make_campaign("approved", purpose=purpose)

    approval = Approval.objects.get()

    assert approval.content_sha256 == texts.content_sha256(campaign)
    assert approval.recipient_count == 1


@pytest.mark.parametrize("changed", ["the name in the text", "the sender"])
def test_a_change_in_what_leaves_voids_an_approval(changed: str) -> None:
    campaign = make_campaign("approved")
    if changed == "the sender":
        Sender.objects.update(value="Fjord")
    else:
        Organisation.objects.update(name="Fjell")

    assert not sending.is_approved(Campaign.objects.get(pk=campaign.pk))


@pytest.mark.parametrize(("more", "state"), [(20, "sending"), (21, "draft")])
def test_a_campaign_for_many_more_than_were_approved_is_approved_again(
    more: int, state: str
) -> None:
    purpose = make_purpose()
    make_crowd(purpose, 10)
    campaign = make_campaign("approved", purpose=purpose)
    make_crowd(purpose, more, first=10)

    services.start_now(campaign, by=make_user(), now=NOON)
    running.start_due(now=NOON)

    campaign.refresh_from_db()
    assert campaign.state == state
    assert campaign.pause_reason == ("" if state == "sending" else "audience_grown")
    assert campaign.deliveries.exists() is (state == "sending")


def test_a_large_audience_may_grow_by_a_tenth() -> None:
    purpose = make_purpose()
    make_crowd(purpose, 300)
    campaign = make_campaign("approved", purpose=purpose)
    make_crowd(purpose, 30, first=300)

    services.start_now(campaign, by=make_user(), now=NOON)

    assert running.start_due(now=NOON) == 1


def test_a_campaign_that_has_grown_is_sent_for_approval_again(client: Client) -> None:
    purpose = make_purpose()
    campaign = make_campaign("approved", purpose=purpose)
    make_crowd(purpose, 30)
    services.start_now(campaign, by=make_user(), now=NOON)
    running.start_due(now=NOON)
    campaign.refresh_from_db()
    client.force_login(make_user("marketer", purpose.organisation))
    address = reverse("campaigns:detail", args=[purpose.organisation.slug, campaign.public_id])

    page = client.get(address).content.decode()
    services.submit(campaign, by=campaign.author, now=NOON)

    assert "Mange flere" in page
    assert (campaign.state, campaign.pause_reason) == ("in_review", "")


def test_a_campaign_that_is_sent_back_is_a_draft_with_a_reason() -> None:
    campaign = make_campaign("in_review")

    services.send_back(campaign, by=make_user(), comment="Kortere, takk.", now=NOON)

    assert campaign.state == "draft"
    assert Approval.objects.get().comment == "Kortere, takk."


def test_the_same_words_go_out_once_a_day() -> None:
    first = make_campaign("sending", text="Halv pris!")

    with pytest.raises(services.SentToday):
        make_campaign("scheduled", purpose=first.purpose, text="Halv pris!", now=NOON + HOUR)

    make_campaign("scheduled", purpose=first.purpose, text="Halv pris!", now=NOON + DAY)


@pytest.mark.parametrize("text", [" ", "x" * 2000, "~~"])
def test_a_text_that_cannot_be_sent_is_not_submitted(text: str) -> None:
    campaign = make_campaign("draft", text=text)

    with pytest.raises(services.TextNotSendable):
        services.submit(campaign, by=campaign.author, now=NOON)


def test_starting_twice_begins_once() -> None:
    purpose = make_purpose()
    make_consent("granted", purpose=purpose)
    make_campaign("scheduled", purpose=purpose)

    begun = [running.start_due(now=NOON), running.start_due(now=NOON)]

    assert begun == [1, 0]
    assert Delivery.objects.count() == 1


def test_a_scheduled_campaign_waits_for_its_time() -> None:
    campaign = make_campaign("approved")
    services.schedule(campaign, by=campaign.author, send_at=NOON + HOUR, now=NOON)

    assert running.start_due(now=NOON + HOUR - MINUTE) == 0
    assert running.start_due(now=NOON + HOUR) == 1


# -- the audience ------------------------------------------------------------------------------------
def populate() -> Campaign:
    """One person for each reason, and two who remain."""
    purpose = make_purpose(promised_count=1)
    states = ("pending", "refused", "lapsed", "withdrawn", "expired", "invalid")
    for number, state in enumerate(states):
        make_consent(state, purpose=purpose, number=number, at=NOON - HOUR)
    rest = [
        make_consent("granted", purpose=purpose, number=number, at=NOON - HOUR)
        for number in range(10, 19)
    ]
    Consent.objects.filter(pk=rest[8].pk).update(paused_until=NOON + HOUR)
    Subject.objects.filter(pk=rest[0].subject_id).update(suspended_at=NOON)
    Subject.objects.filter(pk=rest[1].subject_id).update(held_at=NOON)
    Subject.objects.filter(pk=rest[5].subject_id).update(barred_until=NOON + HOUR)
    suppress(
        purpose.organisation,
        phone(12),
        purpose=purpose,
        reason=Suppression.Reason.OBJECTION,
        now=NOON,
    )
    before = make_campaign(purpose=purpose)
    for consent, state, at in ((rest[3], "delivered", NOON - DAY), (rest[4], "queued", None)):
        Delivery.objects.create(
            campaign=before,
            subject=consent.subject,
            consent=consent,
            sender="26112",
            state=state,
            queued_at=NOON,
            not_before=NOON,
            handed_over_at=at,
        )
    return make_campaign("scheduled", purpose=purpose)


def test_everybody_falls_into_one_line_of_the_waterfall() -> None:
    campaign = populate()

    found = audiences.waterfall(campaign.purpose, now=NOON)

    assert dict(found.exclusions) == {
        "not_confirmed": 1,
        "refused": 1,
        "lapsed": 1,
        "withdrawn": 1,
        "expired": 1,
        "invalid": 1,
        "closed": 0,
        "suspended": 1,
        "outdated": 0,
        "imported": 0,
        "barred": 1,
        "on_hold": 1,
        "suppressed": 1,
        "paused": 1,
        "promise_used": 1,
        "already_queued": 1,
    }
    assert (found.total, found.rest) == (15, 2)


def test_the_freeze_queues_whom_the_waterfall_leaves() -> None:
    campaign = populate()

    running.start_due(now=NOON)

    campaign.refresh_from_db()
    assert campaign.deliveries.count() == 2
    assert audiences.Waterfall.from_json(campaign.audience).rest == 2


@pytest.mark.parametrize(
    ("promised", "chosen", "is_used"),
    [(1, None, True), (2, None, False), (2, 1, True), (1, 2, True), (2, 2, False), (2, 0, True)],
)
def test_whoever_has_had_the_fewer_of_what_was_promised_and_chosen_is_left_out(
    promised: int, chosen: int | None, is_used: bool
) -> None:
    purpose = make_purpose(promised_count=promised)
    consent = make_consent("granted", purpose=purpose, at=NOON - HOUR)
    make_campaign("sending", purpose=purpose)
    Delivery.objects.update(state="delivered", handed_over_at=NOON - MINUTE)
    Consent.objects.filter(pk=consent.pk).update(chosen_count=chosen)

    found = audiences.waterfall(purpose, now=NOON)
    frozen = audiences.freeze(make_campaign("scheduled", purpose=purpose), now=NOON)

    assert (dict(found.exclusions)["promise_used"], frozen) == (is_used, not is_used)


def test_the_waterfall_takes_one_query_whatever_the_size(
    django_assert_num_queries: Callable[[int], object],
) -> None:
    purpose = populate().purpose

    with django_assert_num_queries(1):  # type: ignore[attr-defined]  # a context manager
        audiences.waterfall(purpose, now=NOON)


def test_the_freeze_takes_the_same_queries_whatever_the_size(
    django_assert_max_num_queries: Callable[[int], object],
) -> None:
    purpose = make_purpose()
    for number in range(30):
        make_consent("granted", purpose=purpose, number=number)
    campaign = make_campaign("scheduled", purpose=purpose)

    with django_assert_max_num_queries(8):  # type: ignore[attr-defined]  # a context manager
        audiences.freeze(campaign, now=NOON)

    assert Delivery.objects.count() == 30


def test_freezing_again_adds_nobody_twice() -> None:
    purpose = make_purpose()
    make_consent("granted", purpose=purpose)
    campaign = make_campaign("sending", purpose=purpose)

    audiences.freeze(campaign, now=NOON)

    assert Delivery.objects.count() == 1


def test_a_delivery_has_an_id_of_its_own_in_the_right_form() -> None:
    purpose = make_purpose()
    for number in range(20):
        make_consent("granted", purpose=purpose, number=number)
    make_campaign("sending", purpose=purpose)

    ids = list(Delivery.objects.values_list("pk", flat=True))

    assert len(set(ids)) == 20
    # SQLite makes random ones, PostgreSQL such that sort by time.
    assert {each.version for each in ids} <= {4, 7}


def test_consents_of_another_purpose_are_nobody_here() -> None:
    make_consent("granted")
    campaign = make_campaign("sending")

    assert not Delivery.objects.exists()
    assert audiences.waterfall(campaign.purpose, now=NOON).total == 0
    assert Consent.objects.count() == 1
