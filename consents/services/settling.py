"""What colleagues do for a person: find, stop, erase, settle what was unclear, and look with a reason."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from consents import erasing, pausing, suspensions, tasks, transitions, writing
from consents.ledger import Proof
from consents.models import (
    Consent,
    Disclosure,
    Erasure,
    InboundMessage,
    Organisation,
    Purpose,
    ServiceMessage,
    Subject,
    Suppression,
)
from consents.services.reasons import written
from smsconsent import crypto
from smsconsent.phones import Phone
from smsconsent.staff.models import User

REVIEW_BLOCKS_AFTER = timedelta(days=730)
DECISIONS = frozenset({"stop", "resume", "wrong_person", "never_ask"})


def find_subject(organisation: Organisation, phone: Phone) -> Subject | None:
    """Return the subject with this number, through the blind index."""
    return Subject.objects.with_phone(organisation, phone).first()


@transaction.atomic
def withdraw_for_person(consent: Consent, *, by: User, channel: str, now: datetime) -> bool:
    """A person asked a colleague to stop: same effect, same evidence as by SMS (law.md L32)."""
    proof = Proof("staff", facts={"colleague": by.pk, "channel": channel[:40]})
    return transitions.withdraw(consent, proof=proof, now=now)


@transaction.atomic
def reveal(subject: Subject, *, by: User, reason: str, now: datetime) -> Phone:
    """Show a full number to a colleague: the one way to see it. It leaves a trace with the reason.

    Raises ReasonMissing.
    """
    Disclosure.objects.create(subject=subject, by=by, reason=written(reason)[:200], at=now)
    phone: Phone = subject.phone
    return phone


@transaction.atomic
def suppress(
    organisation: Organisation,
    phone: Phone,
    *,
    purpose: Purpose | None,
    reason: Suppression.Reason,
    now: datetime,
) -> Suppression:
    """Put a number on the block list, for one purpose or for all. Safe to repeat."""
    Suppression.objects.renew(organisation, phone)
    found = Suppression.objects.blocking(organisation, phone).filter(purpose=purpose).first()
    if found is not None:
        return found
    today = timezone.localdate(now)
    return Suppression.objects.create(
        organisation=organisation,
        purpose=purpose,
        index=crypto.blind_index(phone, use="suppression", organisation=organisation.pk),
        reason=reason,
        created_on=today,
        review_on=today + REVIEW_BLOCKS_AFTER,
    )


@transaction.atomic
def settle_review(message: InboundMessage, *, decision: str, by: User, now: datetime) -> None:
    """Settle an unclear reply by one of DECISIONS, for its organisation alone. Safe to repeat.

    «Wrong person» declares every yes of this number invalid and keeps the proof; «never ask» also blocks.
    Raises ValueError when the person is another organisation's.
    """
    # The number before its messages, as an erasure locks them.
    if message.subject is not None:
        Subject.objects.select_for_update(no_key=True).filter(pk=message.subject.pk).first()
    waiting = InboundMessage.objects.for_review().select_for_update(of=("self",))
    mine = waiting.filter(pk=message.pk).first()
    if mine is None or mine.organisation is None or mine.sender is None:
        return
    subject = mine.subject or find_subject(mine.organisation, mine.sender)
    if subject is not None and subject.organisation_id != mine.organisation_id:
        raise ValueError("an organisation settles what its own people wrote")
    mine.state = InboundMessage.State.REVIEWED
    mine.reviewed_at, mine.reviewed_by = now, by
    mine.save(update_fields=["state", "reviewed_at", "reviewed_by"])
    if decision == "never_ask":
        reason = Suppression.Reason.WRONG_PERSON
        suppress(mine.organisation, mine.sender, purpose=None, reason=reason, now=now)
    if subject is not None:
        _carry_out(decision, subject, by=by, message=mine, now=now)


def _carry_out(
    decision: str, subject: Subject, *, by: User, message: InboundMessage, now: datetime
) -> None:
    if decision == "stop":
        _stop_all(subject, by=by, message=message, now=now)
    if decision in {"wrong_person", "never_ask"}:
        declare_wrong_person(subject, by=by, now=now)
    pausing.release_number(subject, by=by)


@transaction.atomic
def declare_wrong_person(subject: Subject, *, by: User, now: datetime) -> int:
    """The number is not the person's who said yes: no yes given so far counts. Return how many ended.

    Nothing is blocked: whoever has the number now may ask for messages and confirm (F173).
    """
    proof = Proof("staff", facts={"colleague": by.pk, "channel": "wrong_person"})
    consents = subject.consents.select_related("subject", "purpose").order_by("pk")
    ended = sum(transitions.invalidate(each, proof=proof, now=now) for each in consents)
    mine = Subject.objects.filter(pk=subject.pk)
    suspensions.suspend(mine, reason=Subject.Doubt.WRONG_PERSON, now=now)
    return ended


def erase_subject(
    subject: Subject, *, now: datetime, asked_by: str = Erasure.AskedBy.STAFF
) -> Erasure | None:
    """Remove everything about a number but anonymous headers, and return the report.

    None: it is gone already. What waits at the gateway is deleted there by a worker, and should this
    process end in between, a worker finishes what was begun.
    """
    erasure = erasing.erase(subject, asked_by=asked_by, now=now)
    tasks.carry_on_erasures.delay_on_commit()
    return erasure


def _stop_all(subject: Subject, *, by: User, message: InboundMessage, now: datetime) -> None:
    proof = Proof(
        "staff", facts={"colleague": by.pk, "channel": "sms", "mo_id": message.message_id}
    )
    consents = subject.consents.select_related("subject", "purpose__organisation").order_by("pk")
    stopped = [each for each in consents if transitions.withdraw(each, proof=proof, now=now)]
    if stopped:
        writing.queue_answer(
            ServiceMessage.Kind.STOPPED,
            organisation=subject.organisation,
            sender=message.recipient,
            phone=subject.phone,
            language=subject.language,
            now=now,
        )
        tasks.send_service_messages.delay_on_commit()
