"""The campaign gate: consent at that second, promise, quiet hours, not-after."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Q, QuerySet

from campaigns import audiences, texts
from campaigns.models import Approval, Campaign, Delivery
from consents import calendar, sealing
from consents.models import Consent, InboundMessage
from smsconsent import crypto, outbox, signing
from smsconsent.gateways import Outgoing
from smsconsent.lookups import Keys
from smsconsent.phones import Phone

SAME_TEXT_WITHIN = timedelta(hours=1)
EVIDENCE_PAUSE = timedelta(minutes=1)


class Recipient(Protocol):
    """What the gate knows of a delivery: `Delivery.for_gate`."""

    pk: UUID
    campaign_id: int
    consent_id: int | None
    sender: str


class Person(NamedTuple):
    """Who may be written to at this moment: a consent that holds, and the number that gave it."""

    pk: int
    purpose_id: int
    subject_id: int
    phone_index: bytes
    stop_nonce: bytes
    # Fewer messages than promised, if the person wants that.
    chosen_count: int | None
    phone: Phone


@dataclass(slots=True)
class _Facts:
    """What the gate read, after the locks, about one batch."""

    campaigns: dict[int, "_Message"]
    people: dict[int, Person]
    # Of those who may not be sent to: whose own pause is why.
    paused: set[int]
    unread: set[bytes]


@dataclass(frozen=True, slots=True)
class _Message:
    """What holds for all messages of one campaign at this moment, found out once."""

    campaign: Campaign
    # What becomes of all of them, whoever they are for.
    verdict: outbox.Block | outbox.Wait | None
    # What becomes of those that nothing else stops.
    timing: outbox.Block | outbox.Wait | None
    text: str
    has_link: bool
    tag: str
    purpose_id: int
    promised_count: int
    # By subject, with those of this batch: messages that count against the promise of the purpose.
    spent: defaultdict[int, int]
    # Subjects who have got this very text within the hour.
    lately: set[int]
    # Under the keys of the purpose's organisation, so a number of another one does not pass.
    is_index: Callable[[Phone, bytes], bool]


class CampaignGate:
    """Who may still receive a campaign message, at the moment it is handed over."""

    def lock(self, rows: QuerySet[Delivery]) -> None:
        """Consents in pk order, then campaigns: a withdrawal, a pause or a cancellation waits or wins.

        NO KEY UPDATE rather than SHARE on consents: two batches that would spend the same promise
        take turns, and it conflicts with a withdrawal just as well.
        """
        outbox.lock_in_order(Consent, rows.values("consent"), mode="NO KEY UPDATE")
        outbox.lock_in_order(Campaign, rows.values("campaign"), mode="SHARE")

    def decide(self, rows: Sequence[Recipient], *, now: datetime) -> list[outbox.Verdict]:
        facts = _read(rows, now=now)
        return [_decide_one(row, facts, now=now) for row in rows]


def _read(rows: Sequence[Recipient], *, now: datetime) -> _Facts:
    """Read anew, in statements of their own: a locking join does not re-read its other tables."""
    campaigns = Campaign.objects.select_related("purpose__organisation", "purpose__sender").in_bulk(
        {row.campaign_id for row in rows}
    )
    people = _people({row.consent_id for row in rows if row.consent_id}, now=now)
    facts = _Facts(
        campaigns=_messages(campaigns, now=now),
        people=people,
        paused=_paused({row.consent_id for row in rows} - people.keys(), now=now),
        # Few, at any time.
        unread=InboundMessage.objects.unread().senders(),
    )
    subjects = Keys(person.subject_id for person in facts.people.values())
    for message in facts.campaigns.values():
        _read_history(message, subjects, now=now)
    return facts


def _people(consents: Iterable[int], *, now: datetime) -> dict[int, Person]:
    """Return, by consent, those who may be sent to; whoever is missing may not."""
    rows = Consent.objects.sendable(now).filter(pk__any=Keys(consents))
    columns = (
        *("pk", "purpose_id", "subject_id"),
        *("subject__phone_index", "stop_nonce", "chosen_count"),
    )
    found: Iterable[Any] = rows.values_list(*columns, crypto.token_of("subject__phone"))
    open_phone = crypto.phone_opener()
    return {row[0]: Person(*(*row, open_phone(token))) for *row, token in found}


def _paused(consents: Iterable[int | None], *, now: datetime) -> set[int]:
    """Return which of these consents their person has paused."""
    ids = Keys(pk for pk in consents if pk)
    rows = Consent.objects.granted(now).filter(pk__any=ids, paused_until__gt=now)
    return set(rows.values_list("pk", flat=True))


def _messages(campaigns: Mapping[int, Campaign], *, now: datetime) -> dict[int, _Message]:
    approved = _approved(campaigns.values())
    # Shared by the campaigns of one purpose, and by those that say the same.
    spent: defaultdict[int, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
    lately: defaultdict[str, set[int]] = defaultdict(set)
    # trust.md § 5: evidence first. Nothing is sent while events have waited for minutes to be sealed.
    pause = EVIDENCE_PAUSE if sealing.is_behind(now) else timedelta(0)
    return {
        campaign.pk: _Message(
            campaign=campaign,
            verdict=_of_campaign(campaign, approved, now=now),
            timing=_of_the_hour(campaign, now=now, not_before=now + pause),
            text=texts.full_text(campaign.purpose, campaign.text),
            has_link=texts.needs_stop_link(campaign.purpose),
            tag=f"c{campaign.public_id.hex}",
            purpose_id=campaign.purpose_id,
            promised_count=campaign.purpose.promised_count,
            spent=spent[campaign.purpose_id],
            lately=lately[campaign.text],
            is_index=crypto.index_checker(
                use="lookup", organisation=campaign.purpose.organisation_id
            ),
        )
        for campaign in campaigns.values()
    }


def _decide_one(row: Recipient, facts: _Facts, *, now: datetime) -> outbox.Verdict:
    message = facts.campaigns[row.campaign_id]
    if message.verdict:
        return message.verdict
    person = facts.people.get(row.consent_id or 0)
    if person is None or person.purpose_id != message.purpose_id:
        return outbox.Block("paused" if row.consent_id in facts.paused else "no_consent")
    if reason := _person_refusal(person, message, facts):
        return outbox.Block(reason)
    if message.timing:
        return message.timing
    message.spent[person.subject_id] += 1
    message.lately.add(person.subject_id)
    return outbox.Send(_outgoing(row, message, person))


def _of_campaign(
    campaign: Campaign, approved: Collection[int], *, now: datetime
) -> outbox.Block | outbox.Wait | None:
    if campaign.state == Campaign.State.PAUSED:
        return outbox.Wait(now)
    if campaign.state != Campaign.State.SENDING:
        return outbox.Block("cancelled")
    if campaign.pk not in approved:
        return outbox.Block("not_approved")
    if not campaign.purpose.organisation.processor_agreement and not settings.EMBEDDED:
        return outbox.Block("no_processor_agreement")
    return None


def _of_the_hour(
    campaign: Campaign, *, now: datetime, not_before: datetime
) -> outbox.Block | outbox.Wait | None:
    """Quiet hours put off what they need not stop for good."""
    opening = calendar.next_opening(campaign.purpose, not_before)
    if campaign.not_after is not None and opening >= campaign.not_after:
        return outbox.Block("not_after")
    return outbox.Wait(opening) if opening > now else None


def _person_refusal(person: Person, message: _Message, facts: _Facts) -> str:
    """Return why this person does not get it, or "". The order does not matter: each no is a no."""
    if facts.unread and not facts.unread.isdisjoint(
        crypto.blind_indexes(person.phone, use="inbound")
    ):
        return "unread_reply"
    most = min(person.chosen_count or message.promised_count, message.promised_count)
    if message.spent[person.subject_id] >= most:
        return "promise_used"
    if person.subject_id in message.lately:
        return "same_text"
    # A Fernet token does not know its row: a swapped one opens cleanly (trust.md § 4).
    return "" if message.is_index(person.phone, person.phone_index) else "index_mismatch"


def _outgoing(row: Recipient, message: _Message, person: Person) -> Outgoing:
    text = message.text
    if message.has_link:
        token = signing.derived_token(bytes(person.stop_nonce), purpose="stop")
        text = text.replace(texts.SAMPLE_TOKEN, token)
    return Outgoing(
        id=row.pk,
        recipient=person.phone,
        sender=row.sender,
        text=text,
        not_after=message.campaign.not_after,
        urgent=False,
        tag=message.tag,
    )


def is_approved(campaign: Campaign) -> bool:
    """Return whether somebody else has approved exactly these words."""
    return bool(_approved([campaign]))


def _approved(campaigns: Iterable[Campaign]) -> set[int]:
    """Return the campaigns whose newest approval is a yes, by another person, to this very message."""
    by_id = {campaign.pk: campaign for campaign in campaigns}
    newest: dict[int, Approval] = {
        approval.campaign_id: approval
        for approval in Approval.objects.filter(campaign__in=by_id).order_by("pk")
    }
    return {
        pk
        for pk, approval in newest.items()
        if approval.is_approved
        and approval.content_sha256 == texts.content_sha256(by_id[pk])
        and approval.by_id not in {by_id[pk].author_id, by_id[pk].submitted_by_id}
    }


def _read_history(message: _Message, subjects: Keys[int], *, now: datetime) -> None:
    """Note what these numbers have got: messages that count against the promise, and this very text.

    The same text to the same number within the hour is stopped by the gateway (strex.md § 7).
    """
    purpose, text = message.campaign.purpose, message.campaign.text
    since, lately = now - purpose.promised_for, now - SAME_TEXT_WITHIN
    spent = Q(campaign__purpose=purpose, state__in=audiences.SPENT, handed_over_at__gt=since)
    same = Q(campaign__text=text, handed_over_at__gt=lately)
    rows = Delivery.objects.filter(subject__pk__any=subjects, handed_over_at__gt=min(since, lately))
    counts = rows.values_list("subject_id").annotate(
        spent=Count("pk", filter=spent), same=Count("pk", filter=same)
    )
    for subject, spent_count, same_count in counts.order_by():
        message.spent[subject] = spent_count
        if same_count:
            message.lately.add(subject)
