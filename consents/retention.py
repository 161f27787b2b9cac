"""Personal data has an owner, a reason and an end date, as data: `POLICY`.

Each purge deletes one batch, at most `limit` rows of its main table, and returns counts per table. It is
repeated until nothing is left. What is due stands in `due`, how it goes in `purging` (law.md L41).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from consents import due, legal_holds, purging
from consents.models import Confirmation, Consent, PurgeRun, Subject
from consents.purging import Counts


@dataclass(frozen=True, slots=True)
class Policy:
    """One kind of personal data: which fields, why we hold them, how long, and how they go."""

    name: str
    title: str | Promise
    covers: tuple[str, ...]
    reason: str | Promise
    life: str | Promise
    purge: Callable[[datetime, int], Counts]
    count: Callable[[datetime], Counts]


def policies() -> list[Policy]:
    """Return the policies of every app, as settings name them."""
    return [policy for path in settings.RETENTION_POLICIES for policy in import_string(path)]


def purge(
    policy: Policy, *, now: datetime, limit: int = purging.BATCH, dry_run: bool = False
) -> Counts:
    """Remove what is due under one policy, batch by batch, and log it. A dry run only counts."""
    run = PurgeRun.objects.create(policy=policy.name, started_at=now, is_dry_run=dry_run)
    if dry_run:
        run.counts = policy.count(now)
    else:
        run.counts = purging.repeat(policy.purge, now=now, limit=limit)
    run.finished_at = now
    run.save(update_fields=["counts", "finished_at"])
    return dict(run.counts)


def purge_all(
    *, now: datetime, limit: int = purging.BATCH, dry_run: bool = False
) -> dict[str, Counts]:
    """Run every policy. One that fails is logged with its error, and the others still run.

    Raises the first error at the end, so that the failure is seen.
    """
    result: dict[str, Counts] = {}
    errors: list[Exception] = []
    for policy in policies():
        try:
            result[policy.name] = purge(policy, now=now, limit=limit, dry_run=dry_run)
        except Exception as error:  # noqa: BLE001  whatever it is, the other purges must still run
            PurgeRun.objects.filter(policy=policy.name, finished_at=None).update(
                error=type(error).__name__
            )
            errors.append(error)
    if errors:
        raise errors[0]
    return result


@transaction.atomic
def _purge_consents(now: datetime, limit: int) -> Counts:
    """Delete one batch of ended consents, with their evidence, and the numbers whose last one it was.

    Both rows are locked, and nobody is waited for: a person who asks anew in this moment keeps them.
    """
    found = due.ended_consents(now).select_for_update(skip_locked=True, of=("self", "subject"))
    # Only what is locked is read: `of` wants the row of the number as well.
    locked = list(found.select_related("subject").only("pk", "subject__created_at")[:limit])
    counts = purging.delete_by_id(Consent, [consent.pk for consent in locked])
    last = due.idle_subjects(now).filter(pk__any=[consent.subject_id for consent in locked])
    idle = list(last.values_list("pk", flat=True))
    return purging.added(counts, purging.delete_by_id(Subject, idle))


def _count_consents(now: datetime) -> Counts:
    return {Consent._meta.label: due.ended_consents(now).count()}


def _purge_subjects(now: datetime, limit: int) -> Counts:
    return purging.delete(due.stray_subjects(now), limit=limit)


def _count_subjects(now: datetime) -> Counts:
    return {Subject._meta.label: due.idle_subjects(now).count()}


def _forget_addresses(now: datetime, limit: int) -> Counts:
    ids = list(due.old_addresses(now).values_list("pk", flat=True)[:limit])
    changed = Confirmation.objects.filter(pk__any=ids).update(email=None, token=None)
    return {Confirmation._meta.label: changed}


def _count_addresses(now: datetime) -> Counts:
    return {Confirmation._meta.label: due.old_addresses(now).count()}


def _keep(now: datetime, limit: int) -> Counts:
    """Nothing goes by the clock here: these rows go with what they hang on, or by a decision."""
    return {}


def _count_none(now: datetime) -> Counts:
    return {}


POLICY: tuple[Policy, ...] = (
    Policy(
        name="consents",
        title=_("Consents and their evidence"),
        covers=(
            "consents.Consent.state",
            "consents.Consent.paused_until",
            "consents.Consent.chosen_count",
            "consents.Consent.stop_nonce",
            "consents.Consent.stop_digest",
            "consents.Consent.receipt_digest",
            "consents.EventDetail.detail",
        ),
        reason=_("To prove that the person said yes, and to answer complaints afterwards."),
        life=_(
            "While the consent is valid, and then for as long as the purpose keeps the "
            "proof (180 days unless a reason for another time is written). Requests "
            "without an answer, and a no: 7 days; the proof of an earlier yes stays as long as "
            "it would have."
        ),
        purge=_purge_consents,
        count=_count_consents,
    ),
    Policy(
        name="numbers",
        title=_("Phone numbers"),
        covers=(
            "consents.Subject.phone",
            "consents.Subject.phone_index",
            "consents.Subject.suppression_index",
            "consents.Subject.tag_key",
            "consents.Subject.language",
            "consents.Subject.suspended_at",
            "consents.Subject.bounce_count",
            "consents.Subject.reached_at",
        ),
        reason=_("To send what was agreed to, and to recognise the person."),
        life=_("As long as at least one consent, or the proof of one, needs the number."),
        purge=_purge_subjects,
        count=_count_subjects,
    ),
    Policy(
        name="confirmations",
        title=_("Confirmation links"),
        covers=("consents.Confirmation.digest",),
        reason=_("To recognise the link that the person presses."),
        life=_("1 day after the link has expired."),
        **purging.over(due.used_confirmations),
    ),
    Policy(
        name="email_addresses",
        title=_("E-mail addresses"),
        covers=("consents.Confirmation.email", "consents.Confirmation.token"),
        reason=_("To send one confirmation link."),
        life=_("Until the link is used or has expired."),
        purge=_forget_addresses,
        count=_count_addresses,
    ),
    Policy(
        name="replies",
        title=_("Replies from people"),
        covers=(
            "consents.InboundMessage.sender",
            "consents.InboundMessage.sender_index",
            "consents.InboundMessage.text",
        ),
        reason=_("To act on what the person wrote, and to settle what was unclear."),
        life=_("90 days."),
        **purging.over(due.old_inbound),
    ),
    Policy(
        name="service_messages",
        title=_("Confirmations and receipts by SMS"),
        covers=(
            "consents.ServiceMessage.recipient",
            "consents.ServiceMessage.recipient_index",
            "consents.ServiceMessage.text",
        ),
        reason=_("To send them once, and to see that they arrived."),
        life=_("30 days."),
        **purging.over(due.old_service_messages),
    ),
    Policy(
        name="codes",
        title=_("One-time codes"),
        covers=("consents.HandsetCode.code",),
        reason=_("To recognise the SMS that the person sends first."),
        life=_("1 day after the code has expired."),
        **purging.over(due.old_codes),
    ),
    Policy(
        name="visits",
        title=_("Visits to my page"),
        covers=(
            "consents.Visit.digest",
            "consents.Visit.code_digest",
            "consents.Visit.code",
            "consents.Visit.subject",
        ),
        reason=_("To let in the person who has the phone with this number."),
        life=_("An hour after the quarter of an hour is over."),
        **purging.over(due.old_visits),
    ),
    Policy(
        name="limits",
        title=_("Limits against misuse"),
        covers=(
            "consents.ContactGuard.key",
            "consents.RateWindow.key",
            "consents.CallbackNonce.nonce",
        ),
        reason=_("So that nobody can make us send many messages to somebody else's number."),
        life=_("Numbers as keyed pseudonyms: 31 days. Networks: 48 hours. Callbacks: 15 minutes."),
        **purging.over(due.old_guards, due.old_windows, due.old_nonces),
    ),
    Policy(
        name="imports",
        title=_("Imported files"),
        covers=(
            "consents.ConsentImport.proof",
            "consents.ImportChunk.content",
            "consents.ImportProblem.cell",
        ),
        reason=_("To take in consents that were given elsewhere, and to prove how."),
        life=_(
            "The file until it is imported, 7 days at most. Its errors, numbers cut: 30 days. The proof "
            "as long as a consent rests on it."
        ),
        **purging.over(due.old_uploads, due.old_problems, due.spent_imports),
    ),
    Policy(
        name="block_list",
        title=_("Block list"),
        covers=("consents.Suppression.index",),
        reason=_("So that a person who has said «never ask again» is not asked again."),
        life=_("Until the person asks us to delete it; reviewed every 24 months."),
        purge=_keep,
        count=_count_none,
    ),
    Policy(
        name="disclosures",
        title=_("Who has seen a number"),
        covers=("consents.Disclosure.reason",),
        reason=_("So that the person can be told who has looked."),
        life=_("As long as the number itself."),
        purge=_keep,
        count=_count_none,
    ),
    Policy(
        name="colleagues",
        title=_("Colleagues' accounts"),
        covers=("staff.User.email", "staff.User.name", "sessions.Session.session_data"),
        reason=_("To let colleagues sign in, and to know who did what."),
        life=_("As long as the colleague works here. Sessions: 12 hours."),
        **purging.over(due.old_sessions),
    ),
    Policy(
        name="erasures",
        title=_("Reports of erasures"),
        covers=(
            "consents.Erasure.subject",
            "consents.Erasure.at_gateway",
            "consents.ErasedNumber.index",
        ),
        reason=_(
            "To show what was deleted, when, and what stays, and so that no file brings the number back."
        ),
        life=_(
            "The link to the number: until it is deleted, in the same minute. A scrambled form of it: "
            "31 days. The report, which holds counts only: 24 months."
        ),
        **purging.over(due.old_erasures, due.old_erased),
    ),
    Policy(
        name="legal_holds",
        title=_("Evidence under a legal hold"),
        covers=(
            "consents.LegalHold.reason",
            "consents.LegalHold.subject",
            "consents.LegalHold.tag_key",
            "consents.HeldEvidence.detail",
            "consents.HoldOpening.reason",
        ),
        reason=_("To establish, exercise or defend a legal claim (GDPR Art. 17(3)(e))."),
        life=_("Until the last day of the hold. Who asked, approved and read: 24 months more."),
        purge=legal_holds.end_holds,
        count=legal_holds.count_ended,
    ),
    Policy(
        name="purge_log",
        title=_("Log of purges"),
        covers=(),
        reason=_("To show that data is deleted on time. It contains counts only."),
        life=_("24 months."),
        **purging.over(due.old_purge_runs),
    ),
)
