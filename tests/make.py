"""Plain functions that make what a test needs. Each has sensible defaults; name only what matters."""

from datetime import UTC, datetime, timedelta
from itertools import count
from secrets import token_bytes, token_hex
from typing import Any

from campaigns import running
from campaigns import services as campaign_services
from campaigns.models import Campaign
from consents import confirmations, limits, notices, services, transitions
from consents.canonical import canonical_json
from consents.ledger import Proof
from consents.merkle import leaf_hash
from consents.models import (
    Confirmation,
    Consent,
    ConsentEvent,
    InboundMessage,
    LegalHold,
    Organisation,
    Purpose,
    Sender,
    Subject,
    Wording,
)
from smsconsent import crypto
from smsconsent.phones import Phone
from smsconsent.staff import roles
from smsconsent.staff.models import User
from smsconsent.trips import Trip

# A Tuesday at noon in Oslo, when messages may be sent.
NOON = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = (
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
)
SHORT_NUMBER = "26112"
_numbers = count(1)
# Short, and complete: every part that must be there.
NOTICE = notices.completed("Vi passer på.", "nb")

TEXTS = services.Texts(
    title="Tilbud på SMS",
    who="Fjord Sport AS",
    what="Tilbud på sportsutstyr",
    why="For at du skal få vite om tilbud først",
    frequency="inntil 4 SMS i måneden",
    how_to_stop="Svar STOPP når som helst",
    declaration="Ja, send meg tilbud på SMS",
    age_declaration="Jeg er 15 år eller eldre",
)


def phone(number: int = 1) -> Phone:
    """Return a fake number: +47 900 00 001 and up."""
    return Phone(f"+4790000{number:03}")


def make_organisation(slug: str = "", **values: Any) -> Organisation:
    """An organisation with a privacy notice and roles, but without purposes."""
    slug = slug or f"org{next(_numbers)}"
    defaults = {
        "name": "Fjord Sport",
        "number": "900 000 001",
        "address": "Fjordveien 1",
        "contact_email": "personvern@fjord.example",
        "processor_agreement": "Test",
    }
    organisation = Organisation.objects.create(slug=slug, **(defaults | values))
    roles.sync_roles(organisation)
    services.publish_notice(organisation, language="nb", body=NOTICE, now=NOON - 30 * DAY)
    return organisation


def make_purpose(
    organisation: Organisation | None = None, slug: str = "", **values: Any
) -> Purpose:
    """A purpose with a published wording. `sender` may be letters; else it is the short number."""
    organisation = organisation or make_organisation()
    slug = slug or f"purpose{next(_numbers)}"
    sender = values.pop("sender", SHORT_NUMBER)
    reply_number = values.pop("reply_number", SHORT_NUMBER)
    found, _created = Sender.objects.get_or_create(
        organisation=organisation, value=sender, defaults={"reply_number": reply_number}
    )
    defaults = {"name": slug.capitalize(), "keyword": slug.upper(), "sender": found}
    purpose = Purpose.objects.create(organisation=organisation, slug=slug, **(defaults | values))
    roles.sync_roles(purpose, inherit_from=organisation)
    make_wording(purpose)
    return purpose


def make_wording(
    purpose: Purpose, *, language: str = "nb", is_material: bool = False, **texts: Any
) -> Wording:
    values = {name: getattr(TEXTS, name) for name in services.Texts.__slots__}
    if purpose.promised_count != 4 or purpose.promised_period != Purpose.Period.MONTH:
        unit = {"week": "uka", "month": "måneden"}[purpose.promised_period]
        values["frequency"] = f"inntil {purpose.promised_count} SMS i {unit}"
    values |= texts
    return services.publish_wording(
        purpose,
        language=language,
        texts=services.Texts(**values),
        is_material=is_material,
        by=None,
        now=NOON - 30 * DAY,
    )


def make_consent(
    state: str = "granted",
    *,
    purpose: Purpose | None = None,
    number: int | Phone = 1,
    at: datetime = NOON - DAY,
) -> Consent:
    """A consent that came to its state the way people bring it there, `at` that moment."""
    purpose = purpose or make_purpose()
    wording = purpose.wordings.current("nb")
    assert wording is not None
    consent = transitions.open_request(
        purpose,
        number if isinstance(number, Phone) else phone(number),
        wording=wording,
        source=Consent.Source.WEB,
        proof=Proof("web_form"),
        now=at,
    )
    assert consent is not None
    proof = Proof("mo_reply")
    if consent.is_granted:
        assert transitions.renew(consent, wording=wording, proof=proof, now=at)
    elif state in {"granted", "withdrawn", "expired", "invalid"}:
        assert transitions.grant(consent, proof=proof, now=at)
    steps = {
        "withdrawn": lambda: transitions.withdraw(consent, proof=Proof("mo_stop"), now=at),
        "expired": lambda: transitions.expire(consent, now=at),
        "refused": lambda: transitions.refuse(consent, proof=Proof("mo_reply"), now=at),
        "lapsed": lambda: transitions.lapse(consent, now=at),
        "invalid": lambda: transitions.invalidate(consent, proof=Proof("staff"), now=at),
    }
    if state in steps:
        assert steps[state]()
    consent.refresh_from_db()
    assert consent.state == state
    return consent


def make_email_question(consent: Consent, email: str, *, now: datetime = NOON) -> Confirmation:
    """Ask for the second yes by e-mail. The worker sends the mail from the row."""
    confirmation = confirmations.question_by_email(consent, email, now=now)
    confirmation.save(force_insert=True)
    return confirmation


def count_contact(number: Phone, purpose: Purpose, *, now: datetime = NOON) -> bool:
    """Count one confirmation to this number, and return whether every limit lets it out."""
    trip = Trip()
    counted = limits.count_contact(number, purpose=purpose, network=None, now=now, trip=trip)
    trip.go()
    return all(limit.rows for limit in counted)


def make_unread(
    sender: Phone | None = None, *, recipient: str = SHORT_NUMBER, **values: Any
) -> InboundMessage:
    """A stop that was stored, and could not be acted on."""
    sender = sender or phone()
    defaults = {
        "gateway": "strex",
        "message_id": f"kept at {recipient}",
        "sender": sender,
        "sender_index": crypto.blind_index(sender, use="inbound"),
        "recipient": recipient,
        "text": "STOPP",
        "key_id": crypto.current_key_id(),
        "trust": "signed",
        "vouched_by": "signature",
        "state": "unread",
        "received_at": NOON,
    }
    return InboundMessage.objects.create(**(defaults | values))


def make_events(count: int) -> list[str]:
    """Events without people, as a verb would write their headers. Return their ids, oldest first."""
    ids = [token_hex(16) for _number in range(count)]
    headers = [
        canonical_json(
            {
                "v": 1,
                "event_id": each,
                "type": "granted",
                "purpose": "0" * 32,
                "notice_sha256": "0" * 64,
                "recorded_day": "2026-03-10",
                "commit": token_hex(32),
                "tag": token_hex(32),
            }
        )
        for each in ids
    ]
    ConsentEvent.objects.bulk_create(
        ConsentEvent(event_id=each, header=header, leaf_hash=leaf_hash(header))
        for each, header in zip(ids, headers, strict=True)
    )
    return ids


def make_hold(subject: Subject) -> LegalHold:
    """A legal hold that one colleague has asked for."""
    return services.ask_for_hold(
        subject,
        reason="Klage",
        ends_on=NOON.date() + 30 * DAY,
        by=make_user(),
        now=NOON,
    )


def make_user(role: str = "", target: Any = None, **values: Any) -> User:
    """A colleague, holding a role on an organisation or a purpose when one is named."""
    email = values.pop("email", f"kollega{next(_numbers)}@fjord.example")
    user = User.objects.create_user(email, "riktig hest batteri", **values)
    if role:
        roles.give_role(user, role, target)
    return user


def make_campaign(
    state: str = "draft", *, purpose: Purpose | None = None, text: str = "", now: datetime = NOON
) -> Campaign:
    """A campaign, brought to `state` by the verbs: draft, in_review, approved, scheduled or sending."""
    purpose = purpose or make_purpose()
    author, approver = make_user(), make_user()
    text = text or f"Halv pris på ski, nummer {next(_numbers)}."
    campaign = campaign_services.create_campaign(purpose, by=author, name="Ski", text=text, now=now)
    if state == "draft":
        return campaign
    campaign_services.submit(campaign, by=author, now=now)
    if state == "in_review":
        return campaign
    campaign_services.approve(campaign, by=approver, now=now)
    if state == "approved":
        return campaign
    campaign_services.schedule(campaign, by=author, send_at=now, now=now)
    if state == "sending":
        running.start_due(now=now)
        campaign.refresh_from_db()
    assert campaign.state == state
    return campaign


def make_crowd(
    purpose: Purpose, size: int, *, first: int = 0, at: datetime = NOON - DAY
) -> list[Consent]:
    """Many consents that hold, stored in bulk and without evidence: for races and measurements only."""
    organisation, wording = purpose.organisation, purpose.wordings.get()
    phones = [Phone(f"+4790{number:06}") for number in range(first, first + size)]
    people = Subject.objects.bulk_create(
        Subject(
            organisation=organisation,
            phone=each,
            phone_index=crypto.blind_index(each, use="lookup", organisation=organisation.pk),
            suppression_index=crypto.blind_index(
                each, use="suppression", organisation=organisation.pk
            ),
            tag_key=token_bytes(32),
            key_id=crypto.current_key_id(),
            created_at=at,
        )
        for each in phones
    )
    return Consent.objects.bulk_create(
        Consent(
            subject=subject,
            purpose=purpose,
            state=Consent.State.GRANTED,
            wording=wording,
            source=Consent.Source.WEB,
            requested_at=at,
            answer_by=at + DAY,
            confirmed_at=at,
            valid_until=at + 700 * DAY,
            last_event_id=token_hex(16),
            stop_nonce=token_bytes(16),
            stop_digest=token_bytes(32),
        )
        for subject in people
    )
