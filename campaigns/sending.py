"""The campaign gate: consent at that second, promise, quiet hours, not-after. And what the message says."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from campaigns import audiences, calendar, guards
from campaigns.models import Approval, Campaign, Delivery
from consents.models import Consent, InboundMessage, Purpose
from smsconsent import crypto, gsm, outbox, signing
from smsconsent.gateways import Outgoing

MOST_SEGMENTS = 6
SAME_TEXT_WITHIN = timedelta(hours=1)
SENDS_FOR = timedelta(hours=24)
# Stands in for a real link when a text is measured: same length, opens nothing.
SAMPLE_TOKEN = "x" * 22


# -- what the message says -------------------------------------------------------------------------------
def full_text(purpose: Purpose, text: str, *, token: str = SAMPLE_TOKEN) -> str:
    """Return the text as it leaves: the sender named, and a way out that cannot be removed (G23, L25, L26).

    The language of the two additions is bokmål, as that of the campaign.
    """
    name = purpose.organisation.name
    body = text.strip()
    if name.casefold() not in body.casefold():
        body = f"{name}: {body}"
    with override("nb"):
        return gsm.normalise(f"{body} {_stop_line(purpose, token)}")


def _stop_line(purpose: Purpose, token: str) -> str:
    sender = purpose.sender
    if sender.is_answered_directly:
        return _("Answer STOPP to stop")
    if sender.reply_number and purpose.keyword:
        return _("Stop: %(keyword)s STOPP to %(number)s") % {
            "keyword": purpose.keyword,
            "number": sender.reply_number,
        }
    return _("Stop: %(link)s") % {
        "link": settings.PUBLIC_URL + reverse("consents:stop", args=[token])
    }


def needs_stop_link(purpose: Purpose) -> bool:
    """Return whether each message must carry a link of its own, since no reply can stop it."""
    sender = purpose.sender
    return not sender.is_answered_directly and not (sender.reply_number and purpose.keyword)


def problems_with(purpose: Purpose, text: str) -> list[str]:
    """Return one sentence for each reason why this text may not be sent."""
    problems = []
    if not text.strip():
        problems.append(_("The message is empty."))
    if "~~" in text:
        problems.append(
            _("The message must not hold ~~: the gateway may read it as a sign of its own.")
        )
    if gsm.measure(full_text(purpose, text)).segments > MOST_SEGMENTS:
        most = MOST_SEGMENTS
        problems.append(_("The message is longer than %(most)d parts.") % {"most": most})
    return problems


# -- the gate --------------------------------------------------------------------------------------------
@dataclass(slots=True)
class _Facts:
    """What the gate read, after the locks, about one batch."""

    campaigns: dict[int, Campaign]
    approved: set[int]
    sendable: set[int]
    consents: dict[int, Consent]
    unread: set[bytes]
    spent: Counter[tuple[int, int]] = field(default_factory=Counter)
    lately: set[tuple[int, str]] = field(default_factory=set)


class CampaignGate:
    """Who may still receive a campaign message, at the moment it is handed over."""

    def lock(self, rows: Sequence[Delivery]) -> None:
        """Consents in pk order, then campaigns: a withdrawal, a pause or a cancellation waits or wins.

        NO KEY UPDATE rather than SHARE on consents: two batches that would spend the same promise
        take turns, and it conflicts with a withdrawal just as well.
        """
        outbox.lock_in_order(
            Consent.objects.filter(pk__in={row.consent_id for row in rows}), mode="NO KEY UPDATE"
        )
        outbox.lock_in_order(
            Campaign.objects.filter(pk__in={row.campaign_id for row in rows}), mode="SHARE"
        )

    def decide(self, rows: Sequence[Delivery], *, now: datetime) -> list[outbox.Verdict]:
        facts = _read(rows, now=now)
        verdicts = [_decide_one(row, facts, now=now) for row in rows]
        sent = [
            row.pk
            for row, verdict in zip(rows, verdicts, strict=True)
            if isinstance(verdict, outbox.Send)
        ]
        _name_evidence(sent)
        return verdicts


def _read(rows: Sequence[Delivery], *, now: datetime) -> _Facts:
    """Read anew, in statements of their own: a locking join does not re-read its other tables."""
    campaigns = Campaign.objects.select_related("purpose__organisation", "purpose__sender").in_bulk(
        {row.campaign_id for row in rows}
    )
    ids = {row.consent_id for row in rows if row.consent_id}
    consents = Consent.objects.select_related("subject").in_bulk(ids)
    facts = _Facts(
        campaigns=campaigns,
        approved=_approved(campaigns.values()),
        sendable=set(Consent.objects.sendable(now).filter(pk__in=ids).values_list("pk", flat=True)),
        consents=consents,
        unread=_unread(consents.values()),
    )
    subjects = [consent.subject_id for consent in consents.values()]
    for purpose in {campaign.purpose for campaign in campaigns.values()}:
        facts.spent.update(_spent(purpose, subjects, now=now))
    facts.lately = _lately(campaigns.values(), subjects, now=now)
    return facts


def _decide_one(row: Delivery, facts: _Facts, *, now: datetime) -> outbox.Verdict:
    campaign = facts.campaigns[row.campaign_id]
    if campaign.state == Campaign.State.PAUSED:
        return outbox.Wait(now)
    if reason := _campaign_refusal(campaign, facts):
        return outbox.Block(reason)
    consent = facts.consents.get(row.consent_id or 0)
    if consent is None or consent.purpose_id != campaign.purpose_id:
        return outbox.Block("no_consent")
    opening = calendar.next_opening(campaign.purpose, now)
    too_late = row.not_after is not None and opening >= row.not_after
    if reason := "not_after" if too_late else _person_refusal(consent, campaign, facts):
        return outbox.Block(reason)
    if opening > now:
        return outbox.Wait(opening)
    facts.spent[consent.subject_id, campaign.purpose_id] += 1
    facts.lately.add((consent.subject_id, campaign.text))
    return outbox.Send(_outgoing(row, campaign, consent))


def _campaign_refusal(campaign: Campaign, facts: _Facts) -> str:
    if campaign.state != Campaign.State.SENDING:
        return "cancelled"
    if campaign.pk not in facts.approved:
        return "not_approved"
    if not campaign.purpose.organisation.processor_agreement and not settings.EMBEDDED:
        return "no_processor_agreement"
    return ""


def _person_refusal(consent: Consent, campaign: Campaign, facts: _Facts) -> str:
    """Return why this person does not get it, or "". The order does not matter: each no is a no."""
    subject = consent.subject
    phone = subject.phone
    known = crypto.blind_indexes(phone, use="lookup", organisation=subject.organisation_id)
    refusals = {
        "no_consent": consent.pk not in facts.sendable,
        "unread_reply": not facts.unread.isdisjoint(crypto.blind_indexes(phone, use="inbound")),
        "promise_used": facts.spent[subject.pk, campaign.purpose_id]
        >= campaign.purpose.promised_count,
        "same_text": (subject.pk, campaign.text) in facts.lately,
        # A Fernet token does not know its row: a swapped one opens cleanly (trust.md § 4).
        "index_mismatch": bytes(subject.phone_index) not in known,
    }
    return next((reason for reason, holds in refusals.items() if holds), "")


def _outgoing(row: Delivery, campaign: Campaign, consent: Consent) -> Outgoing:
    token = SAMPLE_TOKEN
    if needs_stop_link(campaign.purpose):
        token = signing.derived_token(bytes(consent.stop_nonce), purpose="stop")
    return Outgoing(
        id=row.pk,
        recipient=consent.subject.phone,
        sender=row.sender,
        text=full_text(campaign.purpose, campaign.text, token=token),
        not_after=row.not_after,
        urgent=False,
        tag=f"c{campaign.pk}",
    )


def is_approved(campaign: Campaign) -> bool:
    """Return whether somebody else has approved exactly these words."""
    return bool(_approved([campaign]))


def _approved(campaigns: Iterable[Campaign]) -> set[int]:
    """Return the campaigns whose newest approval is a yes, by another person, to these very words."""
    by_id = {campaign.pk: campaign for campaign in campaigns}
    newest: dict[int, Approval] = {
        approval.campaign_id: approval
        for approval in Approval.objects.filter(campaign__in=by_id).order_by("pk")
    }
    return {
        pk
        for pk, approval in newest.items()
        if approval.is_approved
        and approval.content_sha256 == by_id[pk].content_sha256
        and approval.by_id not in {by_id[pk].author_id, by_id[pk].submitted_by_id}
    }


def _unread(consents: Iterable[Consent]) -> set[bytes]:
    """Return the index of each of these numbers from which a stored message has not been acted on."""
    indexes = [
        index
        for consent in consents
        for index in crypto.blind_indexes(consent.subject.phone, use="inbound")
    ]
    rows = InboundMessage.objects.unread().filter(sender_index__in=indexes)
    return {bytes(index) for index in rows.values_list("sender_index", flat=True) if index}


def _spent(
    purpose: Purpose, subjects: Sequence[int], *, now: datetime
) -> dict[tuple[int, int], int]:
    rows = Delivery.objects.filter(
        subject__in=subjects,
        campaign__purpose=purpose,
        state__in=audiences.SPENT,
        handed_over_at__gt=now - purpose.promised_for,
    )
    counted = rows.values_list("subject_id").annotate(count=Count("pk")).order_by("subject_id")
    return {(subject, purpose.pk): count for subject, count in counted}


def _lately(
    campaigns: Iterable[Campaign], subjects: Sequence[int], *, now: datetime
) -> set[tuple[int, str]]:
    """Return which of these numbers got which of these texts within the hour (strex.md § 7)."""
    rows = Delivery.objects.filter(
        subject__in=subjects,
        handed_over_at__gt=now - SAME_TEXT_WITHIN,
        campaign__text__in={campaign.text for campaign in campaigns},
    )
    return set(rows.values_list("subject_id", "campaign__text"))


def _name_evidence(ids: Sequence[UUID]) -> None:
    """Write on each message the ledger event that allowed it (law.md L04), in one statement."""
    event = Consent.objects.filter(pk=OuterRef("consent")).values("last_event_id")[:1]
    Delivery.objects.filter(pk__in=ids).update(consent_event=Subquery(event))


# -- beginning and end -----------------------------------------------------------------------------------
def start_due(*, now: datetime) -> int:
    """Start the scheduled campaigns whose time has come. Return how many began."""
    ids = list(Campaign.objects.due(now).order_by("send_at").values_list("pk", flat=True)[:20])
    return sum(_start_one(pk, now=now) for pk in ids)


@transaction.atomic
def _start_one(campaign_id: int, *, now: datetime) -> bool:
    """Freeze the audience and begin, once, whoever else tries."""
    campaign = (
        Campaign.objects.due(now)
        .select_for_update(no_key=True, of=("self",), skip_locked=True)
        .filter(pk=campaign_id)
        .first()
    )
    if campaign is None:
        return False
    if not is_approved(campaign):
        campaign.state = Campaign.State.PAUSED
        campaign.pause_reason = "not_approved"
        campaign.save(update_fields=["state", "pause_reason"])
        return False
    campaign.not_after = campaign.not_after or default_end(campaign.purpose, now)
    campaign.state, campaign.started_at = Campaign.State.SENDING, now
    campaign.save(update_fields=["state", "started_at", "not_after"])
    guards.freeze_first(campaign, now=now)
    return True


def default_end(purpose: Purpose, starts_at: datetime) -> datetime:
    """Return when it is too late: the end of the first open day. A stalled campaign wakes nobody (F075)."""
    if not settings.QUIET_HOURS:
        return starts_at + SENDS_FOR
    day = timezone.localtime(calendar.next_opening(purpose, starts_at)).date()
    end = datetime.combine(day, purpose.closes_at)
    return timezone.make_aware(end, timezone.get_default_timezone())


def finish(*, now: datetime) -> int:
    """Mark as sent the campaigns with nothing left to send or to find out. Return how many."""
    open_rows = Delivery.objects.filter(campaign=OuterRef("pk")).filter(
        Q(state__in=audiences.WAITING) | Q(state=Delivery.State.UNKNOWN, lease_until__isnull=False)
    )
    going = Campaign.objects.sending().filter(is_canary=False)
    done = going.exclude(pk__in=open_rows.values("campaign"))
    return done.update(state=Campaign.State.SENT, ended_at=now)
