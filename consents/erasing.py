"""Erasing one number: one verb, in steps that can be taken up again, and a report (trust.md § 6, guide G07).

1. *asked*: an `Erasure` row says that it is to happen. From here on it happens, whoever crashes.
2. *destroyed*: one transaction. Content and keys go, queued messages stop, deliveries lose their person.
3. *gateway*: messages that may wait there are deleted through the gateway, one call each.
4. *overwritten*: the database's files no longer hold what was deleted (`overwriting`).

A suppression survives: it is what the person asked for. Repeating any step changes nothing.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import ngettext

from consents import due, ledger, legal_holds, limits, purging
from consents.incoming import open_incoming
from consents.models import (
    Case,
    CaseCode,
    Consent,
    ConsentEvent,
    ContactGuard,
    ErasedNumber,
    Erasure,
    ImportChunk,
    InboundMessage,
    Letter,
    ServiceMessage,
    Subject,
    Suppression,
)
from consents.purging import Counts
from consents.turns import take_turns
from smsconsent import crypto, outbox
from smsconsent.gateways import Gateway, GatewayMisconfigured, GatewayUnavailable

RESUME_AFTER = timedelta(minutes=1)
# The gateway is asked about what was handed over lately and not reported on; older is long on its way.
MOST_AT_GATEWAY = 100
LONGEST_PAUSE = timedelta(hours=1)
# So many one after the other are not about one message.
MOST_FAILURES = 3
CANCELLED_WITHIN = timedelta(hours=1)


def erase(subject: Subject, *, asked_by: str, now: datetime) -> Erasure | None:
    """Write down that this number is to be erased, and do it. None: it is gone already."""
    erasure = begin(subject, asked_by=asked_by, now=now)
    return destroy(erasure, now=now) if erasure else None


@transaction.atomic
def begin(subject: Subject, *, asked_by: str, now: datetime) -> Erasure | None:
    """Write down that this number is to be erased. None: it is gone already."""
    locked = _lock(subject.pk)
    if locked is None:
        return None
    found = Erasure.objects.unfinished().filter(subject=locked).first()
    return found or Erasure.objects.create(
        organisation_id=locked.organisation_id, subject=locked, asked_by=asked_by, asked_at=now
    )


@transaction.atomic
def destroy(erasure: Erasure, *, now: datetime) -> Erasure:
    """Remove everything about the number but anonymous headers, in one transaction. Safe to repeat."""
    subject = _lock(erasure.subject_id)
    mine = Erasure.objects.select_for_update(no_key=True, of=("self",)).get(pk=erasure.pk)
    if mine.destroyed_at is not None:
        return mine
    if subject is not None:
        # Consents before messages, as a hand-over locks them: it is either over, or finds no consent.
        consents = _lock_consents(subject)
        mine.at_gateway = _stop_messages(subject, now=now)
        _write_events(subject, consents, now=now)
        crypto.forget(subject.pk)
        mine.stays = _what_stays(subject, now=now)
        mine.counts = _delete(subject)
        _remember(subject, now=now)
    mine.subject, mine.destroyed_at = None, now
    mine.cancelled_at = None if mine.at_gateway else now
    mine.save()
    return mine


def resume(*, now: datetime, limit: int = 1000) -> int:
    """Finish erasures that were asked for and not carried out. Return how many.

    One that fails stops no other. Raises the first error at the end.
    """
    lost = Erasure.objects.unfinished().filter(asked_at__lte=now - RESUME_AFTER)
    return take_turns(lost.order_by("pk")[:limit], lambda each: bool(destroy(each, now=now)))


def cancel_at_gateway(*, gateway: Gateway, now: datetime, limit: int = 20) -> int:
    """Have the gateway delete what still waits there for an erased number. Return how many erasures ended.

    What it did not take is asked for again, later and later, until nothing can be waiting any more. However
    many fail, they hold up no other. Raises the first error at the end.
    """
    due = list(Erasure.objects.due_at_the_gateway(now)[:limit])
    # Before it is asked: also where asking breaks off, the others come first.
    for erasure in due:
        erasure.ask_gateway_at = _again_at(erasure, now)
    Erasure.objects.bulk_update(due, ["ask_gateway_at"])
    return take_turns(due, partial(_cancel, gateway=gateway, now=now))


def _again_at(erasure: Erasure, now: datetime) -> datetime:
    """A quarter of the time that it has waited from now, an hour at most."""
    assert erasure.destroyed_at is not None
    return now + min((now - erasure.destroyed_at) / 4, LONGEST_PAUSE)


def warning() -> str:
    """Return a sentence while messages to people who are erased may wait at the gateway, or ""."""
    late = timezone.now() - CANCELLED_WITHIN
    count = Erasure.objects.at_the_gateway().filter(destroyed_at__lte=late).count()
    if not count:
        return ""
    text = ngettext(
        "The gateway has not deleted what may wait there for the number of %(count)d erasure. It is asked"
        " again for a day; the latest errors say why.",
        "The gateway has not deleted what may wait there for the numbers of %(count)d erasures. It is asked"
        " again for a day; the latest errors say why.",
        count,
    )
    return text % {"count": count}


def forget_cases(cases: QuerySet[Case]) -> Counts:
    """Empty the personal parts of these requests; kind, dates and outcome stay. Return rows per table."""
    ids = list(cases.values_list("pk", flat=True))
    letters = Letter.objects.filter(case__in=ids).delete()[1]
    codes = CaseCode.objects.filter(case__in=ids).delete()[1]
    emptied = Case.objects.filter(pk__in=ids, number__isnull=False).update(
        number=None, number_index=None, note=None
    )
    return purging.added(letters, codes, {Case._meta.label: emptied})


# -- the parts of destroying ---------------------------------------------------------------------------
def _lock(subject_id: int | None) -> Subject | None:
    """Return the subject, locked until the transaction ends, or None when it is gone."""
    if subject_id is None:
        return None
    return (
        Subject.objects.select_for_update(no_key=True, of=("self",)).filter(pk=subject_id).first()
    )


def _lock_consents(subject: Subject) -> list[Consent]:
    locked = subject.consents.select_for_update(no_key=True, of=("self",))
    return list(locked.select_related("purpose", "wording").order_by("pk"))


def _stop_messages(subject: Subject, *, now: datetime) -> list[str]:
    """Stop what is queued, in every lane, and return the ids of what may wait at the gateway."""
    waiting: list[str] = []
    for lane in outbox.lanes():
        mine = lane.about(subject=subject)
        outbox.block_queued(mine, reason="erased")
        ids = outbox.maybe_at_gateway(mine, since=now - settings.STREX_RECOVERY_WINDOW)
        waiting += [str(pk) for pk in ids.values_list("pk", flat=True)[:MOST_AT_GATEWAY]]
    return waiting[:MOST_AT_GATEWAY]


def _write_events(subject: Subject, consents: Iterable[Consent], *, now: datetime) -> None:
    for consent in consents:
        ledger.append(
            ConsentEvent.Type.ERASED,
            subject=subject,
            consent=consent,
            wording=consent.wording,
            proof=ledger.Proof("erased"),
            now=now,
        )


def _delete(subject: Subject) -> Counts:
    """Delete content first, then links, then the number. Every statement finds its rows by an index."""
    total = purging.added(
        subject.event_details.all().delete()[1],
        replies_of(subject).delete()[1],
        _service_messages(subject).delete()[1],
        subject.visits.all().delete()[1],
        forget_cases(_answered_cases(subject)),
        _limits(subject),
        _unlink(subject),
        subject.delete()[1],
    )
    return {table: count for table, count in total.items() if count}


def _remember(subject: Subject, *, now: datetime) -> None:
    """Have an import know that this number was erased: a file from before must not bring it back."""
    owner = subject.organisation_id
    index = crypto.blind_index(subject.phone, use="suppression", organisation=owner)
    ErasedNumber.objects.create(organisation_id=owner, index=index, erased_at=now)


def replies_of(subject: Subject) -> QuerySet[InboundMessage]:
    """Return what this number wrote, known or not; not what another organisation has yet to act on."""
    wrote = InboundMessage.objects.filter(
        sender_index__in=crypto.blind_indexes(subject.phone, use="inbound")
    )
    others = [each.pk for each in wrote.unread() if _is_for_others(each, subject)]
    nobodys = wrote.filter(organisation=None).exclude(pk__in=others)
    here = wrote.filter(organisation=subject.organisation_id)
    return InboundMessage.objects.filter(subject=subject) | nobodys | here


def _is_for_others(message: InboundMessage, subject: Subject) -> bool:
    """Return whether it is for another organisation, which knows the number or alone answers there."""
    incoming = open_incoming(message, subject.phone, now=message.received_at)
    known_to = {each.organisation_id for each in incoming.subjects}
    answered_by = {each.pk for each in incoming.organisations}
    return bool((known_to or answered_by) - {subject.organisation_id})


def _service_messages(subject: Subject) -> QuerySet[ServiceMessage]:
    return ServiceMessage.objects.filter(
        organisation=subject.organisation_id,
        recipient_index__in=crypto.blind_indexes(
            subject.phone, use="lookup", organisation=subject.organisation_id
        ),
    )


def _limits(subject: Subject) -> Counts:
    """What was counted about the number. Somebody who can erase has shown that the number is theirs."""
    guards = ContactGuard.objects.filter(key__in=crypto.blind_indexes(subject.phone, use="limit"))
    return purging.added(guards.delete()[1], limits.forget(subject.phone))


def _unlink(subject: Subject) -> Counts:
    """Take the person out of messages that are kept for counting. One statement per lane."""
    return {lane._meta.label: lane.unlink(subject.pk) for lane in outbox.lanes()}


def _answered_cases(subject: Subject) -> QuerySet[Case]:
    """An open request keeps its number until it is answered, a restriction until it is lifted."""
    mine = Case.objects.about(subject.organisation, subject.phone)
    return mine.filter(closed_at__isnull=False, restricts=False)


def _what_stays(subject: Subject, *, now: datetime) -> list[dict[str, Any]]:
    """Keep what a legal hold needs, and return what this erasure leaves, and until when."""
    backups = timezone.localdate(now + settings.BACKUP_LIFE)
    stays = [_stay("headers", subject.event_count), _stay("backups", until=backups)]
    stays += _for_imports(subject, now=now)
    held = legal_holds.keep_evidence(subject, now=now)
    stays += [_stay("hold", hold.evidence.count(), until=hold.ends_on) for hold in held]
    if any(lane.about(subject=subject).exists() for lane in outbox.lanes()):
        stays.append(_stay("operator"))
    if messages := sum(lane.kept_about(subject.pk) for lane in outbox.lanes()):
        stays.append(_stay("deliveries", messages))
    about = Case.objects.about(subject.organisation, subject.phone)
    if cases := about.exclude(pk__in=_answered_cases(subject)).count():
        stays.append(_stay("cases", cases))
    blocks = Suppression.objects.blocking(subject.organisation, subject.phone)
    return stays + [_stay("block", 1, until=each.review_on) for each in blocks]


def _for_imports(subject: Subject, *, now: datetime) -> list[dict[str, Any]]:
    """What keeps the number from coming back, and the files that wait, in which it may stand."""
    stays = [_stay("erased", until=timezone.localdate(now + due.ERASED_FOR))]
    files = ImportChunk.objects.filter(run__organisation=subject.organisation_id, number=0)
    if uploaded := list(files.values_list("run__created_at", flat=True)):
        last_day = timezone.localdate(max(uploaded) + due.UPLOADS_FOR)
        stays.append(_stay("uploads", len(uploaded), until=last_day))
    return stays


def _stay(what: str, count: int = 0, *, until: date | None = None) -> dict[str, Any]:
    """Return one row of `Erasure.stays`."""
    return {"what": what, "count": count, "until": until.isoformat() if until else ""}


def _cancel(erasure: Erasure, *, gateway: Gateway, now: datetime) -> bool:
    """Ask about its messages as long as one can be waiting there. Return whether nothing is left to ask."""
    assert erasure.destroyed_at is not None
    is_over = now - erasure.destroyed_at > settings.STREX_RECOVERY_WINDOW
    erasure.at_gateway = [] if is_over else _cancel_each(erasure, gateway)
    erasure.cancelled_at = None if erasure.at_gateway else now
    erasure.save(update_fields=["at_gateway", "cancelled_at", "counts"])
    return not erasure.at_gateway


def _cancel_each(erasure: Erasure, gateway: Gateway) -> list[str]:
    """Ask the gateway about each message. Return those that could not be asked about.

    One that it refuses or breaks on keeps no other waiting. When several in a row fail, it is away.
    """
    left: list[str] = []
    failed = 0
    for position, message_id in enumerate(erasure.at_gateway):
        try:
            deleted = gateway.cancel(UUID(message_id))
        except (GatewayUnavailable, GatewayMisconfigured):
            left.append(message_id)
            failed += 1
            if failed == MOST_FAILURES:
                return [*left, *erasure.at_gateway[position + 1 :]]
            continue
        failed = 0
        if deleted:
            erasure.counts["gateway"] = erasure.counts.get("gateway", 0) + 1
    return left
