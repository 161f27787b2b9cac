"""The block list: whom nobody may ask again, by any way, whatever else is deleted (law.md L34, L37-L39)."""

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from consents import block_list, services, transitions
from consents.ledger import Proof
from consents.models import Consent, Purpose, ServiceMessage, Suppression
from tests.make import DAY, NOON, make_consent, make_organisation, make_purpose, make_user, phone

pytestmark = pytest.mark.django_db
Reason = Suppression.Reason


def block(purpose: Purpose, *, reason: Reason = Reason.OBJECTION, only: bool = False) -> int:
    return services.block_number(
        purpose.organisation,
        phone(),
        purpose=purpose if only else None,
        reason=reason,
        by=make_user(),
        now=NOON,
    )


def is_asked(purpose: Purpose, number: int = 1) -> bool:
    wording = purpose.wordings.get()
    proof = Proof("web_form")
    return bool(
        transitions.open_request(
            purpose, phone(number), wording=wording, source="web", proof=proof, now=NOON + DAY
        )
    )


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        (Reason.OBJECTION, "withdrawn"),
        (Reason.NOT_ME, "invalid"),
        (Reason.WRONG_PERSON, "invalid"),
    ],
)
def test_blocking_ends_what_the_number_stands_on(reason: Reason, state: str) -> None:
    consent = make_consent("granted")

    assert block(consent.purpose, reason=reason) == 1

    consent.refresh_from_db()
    assert consent.state == state
    assert not is_asked(consent.purpose)


def test_a_block_for_one_purpose_leaves_the_others() -> None:
    consent = make_consent("granted")
    other = make_consent("granted", purpose=make_purpose(consent.purpose.organisation))

    block(consent.purpose, only=True)

    assert list(Consent.objects.sendable(NOON)) == [other]


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("blocked", [True, False])
def test_consent_is_the_first_gate_and_the_list_the_second(given: bool, blocked: bool) -> None:
    """law.md L39: the four combinations."""
    consent = make_consent("granted" if given else "refused")
    if blocked:
        services.suppress(
            consent.purpose.organisation, phone(), purpose=None, reason=Reason.NOT_ME, now=NOON
        )

    assert Consent.objects.sendable(NOON).exists() is (given and not blocked)


def test_a_block_survives_erasure() -> None:
    consent = make_consent("granted")
    block(consent.purpose)

    services.erase_subject(consent.subject, now=NOON)

    assert Suppression.objects.count() == 1
    assert not is_asked(consent.purpose)


def test_a_corrected_number_that_is_blocked_is_not_asked() -> None:
    consent = make_consent("granted", number=2)
    block(consent.purpose)

    counts = services.correct_number(consent.subject, phone(), by=make_user(), now=NOON)

    assert counts == {"ended": 1, "asked": 0, "not_asked": 1}
    assert not ServiceMessage.objects.filter(kind="confirmation").exists()


def test_a_number_is_taken_off_and_no_consent_comes_back() -> None:
    consent = make_consent("granted")
    block(consent.purpose)
    block(consent.purpose, only=True)

    count = services.unblock_number(consent.purpose.organisation, phone(), by=make_user())

    consent.refresh_from_db()
    assert count == 2
    assert consent.state == "withdrawn"
    assert is_asked(consent.purpose)


@pytest.mark.parametrize(("days", "mails"), [(729, 0), (730, 1)])
def test_the_list_is_reviewed_every_24_months(days: int, mails: int) -> None:
    purpose = make_purpose()
    make_user("privacy_officer", purpose.organisation)
    block(purpose)
    at = NOON + timedelta(days=days)

    block_list.remind(now=at)

    assert len(mail.outbox) == mails
    assert services.review_blocks(purpose.organisation, by=make_user(), now=at) == mails
    assert block_list.remind(now=at) == 0


def test_mail_that_cannot_be_sent_keeps_no_other_organisation_from_its_review() -> None:
    for email in ("no\nheader@fjord.example", "ombud@fjell.example"):
        purpose = make_purpose()
        make_user("privacy_officer", purpose.organisation, email=email)
        block(purpose)

    with pytest.raises(ValueError, match="newlines"):
        block_list.remind(now=NOON + 730 * DAY)

    assert [sent.to for sent in mail.outbox] == [["ombud@fjell.example"]]


def test_an_entry_holds_no_number_no_name_and_no_text() -> None:
    """law.md L37."""
    kinds = {field.name: type(field).__name__ for field in Suppression._meta.fields}

    assert kinds == {
        "id": "BigAutoField",
        "organisation": "ForeignKey",
        "purpose": "ForeignKey",
        "index": "BinaryField",
        "index_key_id": "CharField",
        "reason": "CharField",
        "created_on": "DateField",
        "review_on": "DateField",
    }


def test_the_page_blocks_counts_and_takes_off(client: Client) -> None:
    organisation = make_organisation()
    client.force_login(make_user("privacy_officer", organisation))
    path = reverse("people:blocks", args=[organisation.slug])

    client.post(path, {"phone": "900 00 001", "reason": "objection"})
    assert client.get(path).context["rows"][0]["count"] == 1

    remove = reverse("people:unblock", args=[organisation.slug])
    assert client.post(remove, {"unblock_phone": "900 00 001"}).status_code == 422
    client.post(remove, {"unblock_phone": "900 00 001", "explained": "on"})
    assert client.get(path).context["rows"] == []


def test_a_purpose_of_others_cannot_be_named(client: Client) -> None:
    organisation, foreign = make_organisation(), make_purpose()
    client.force_login(make_user("privacy_officer", organisation))

    answer = client.post(
        reverse("people:blocks", args=[organisation.slug]),
        {"phone": "900 00 001", "reason": "objection", "purpose": foreign.pk},
    )

    assert answer.status_code == 422
    assert not Suppression.objects.exists()


def test_a_number_is_blocked_only_after_a_question(client: Client) -> None:
    organisation = make_organisation()
    client.force_login(make_user("privacy_officer", organisation))
    path = reverse("people:blocks", args=[organisation.slug])

    asked = client.get(path).content.decode()
    wrong = client.post(path, {"phone": "letters", "reason": "objection"}).content.decode()

    assert 'id="block" data-dialog' in asked
    assert 'id="block" data-dialog' not in wrong, "errors must be seen without opening anything"
