"""Personal data has an owner, a reason and an end date, as data: `POLICY`. And what erasing one number means.

Each purge deletes one batch, at most `limit` rows of its main table, and returns counts per table.
`purge_all` repeats until nothing is left or its time is up. Timing stands in settings (law.md L41).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from consents import holding
from consents.models import (
    CallbackNonce,
    Confirmation,
    Consent,
    ConsentImport,
    ContactGuard,
    Erasure,
    HandsetCode,
    ImportChunk,
    ImportProblem,
    InboundMessage,
    LegalHold,
    PurgeRun,
    RateWindow,
    ServiceMessage,
    Subject,
    Visit,
)

BATCH = 500
UNCONFIRMED_FOR = timedelta(days=7)
INBOUND_FOR = timedelta(days=90)
SERVICE_MESSAGES_FOR = timedelta(days=30)
CONFIRMATIONS_FOR = timedelta(days=1)
VISITS_FOR = timedelta(hours=1)
NONCES_FOR = timedelta(minutes=15)
GUARDS_FOR = timedelta(days=31)
WINDOWS_FOR = timedelta(hours=48)
UPLOADS_FOR = timedelta(days=7)
PROBLEMS_FOR = timedelta(days=30)
PURGE_LOG_FOR = timedelta(days=730)

Counts = dict[str, int]


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


def purge(policy: Policy, *, now: datetime, limit: int = BATCH, dry_run: bool = False) -> Counts:
    """Remove what is due under one policy, batch by batch, and log it. A dry run only counts."""
    run = PurgeRun.objects.create(policy=policy.name, started_at=now, is_dry_run=dry_run)
    if dry_run:
        run.counts = policy.count(now)
    else:
        run.counts = _repeat(policy.purge, now=now, limit=limit)
    run.finished_at = now
    run.save(update_fields=["counts", "finished_at"])
    return dict(run.counts)


def purge_all(*, now: datetime, limit: int = BATCH, dry_run: bool = False) -> dict[str, Counts]:
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


def _repeat(
    step: Callable[[datetime, int], Counts], *, now: datetime, limit: int, batches: int = 1000
) -> Counts:
    total: Counts = {}
    for _number in range(batches):
        counts = step(now, limit)
        if not any(counts.values()):
            break
        for table, count in counts.items():
            total[table] = total.get(table, 0) + count
    return total


def _delete(rows: QuerySet[Any], *, limit: int) -> Counts:
    """Delete one batch, with what hangs on it. Locks stay short: each batch is a transaction."""
    with transaction.atomic():
        ids = list(rows.order_by("pk").values_list("pk", flat=True)[:limit])
        counts: Counts = rows.model._default_manager.filter(pk__in=ids).delete()[1]
    return counts


# -- what is due, named once: counting and purging read the same rows ----------------------------------
def _ended_consents(now: datetime) -> QuerySet[Consent]:
    """Consents whose proof has served its time. A legal hold keeps them until it is over."""
    held = LegalHold.objects.active(timezone.localdate(now)).filter(subject=OuterRef("subject"))
    return Consent.objects.filter(~Exists(held), delete_after__lte=now)


def _idle_subjects(now: datetime) -> QuerySet[Subject]:
    """Numbers that no consent needs any more. A day's grace lets a request under way finish."""
    return Subject.objects.filter(consents=None, created_at__lte=now - timedelta(days=1))


def _used_confirmations(now: datetime) -> QuerySet[Confirmation]:
    return Confirmation.objects.filter(expires_at__lte=now - CONFIRMATIONS_FOR)


def _old_addresses(now: datetime) -> QuerySet[Confirmation]:
    """E-mail addresses whose only use is over: the link was pressed, or can no longer be."""
    return Confirmation.objects.filter(
        Q(expires_at__lte=now) | Q(used_at__isnull=False), email__isnull=False
    )


def _old_inbound(now: datetime) -> QuerySet[InboundMessage]:
    return InboundMessage.objects.filter(received_at__lte=now - INBOUND_FOR)


def _old_service_messages(now: datetime) -> QuerySet[ServiceMessage]:
    return ServiceMessage.objects.filter(queued_at__lte=now - SERVICE_MESSAGES_FOR)


def _old_codes(now: datetime) -> QuerySet[HandsetCode]:
    return HandsetCode.objects.filter(expires_at__lte=now - CONFIRMATIONS_FOR)


def _old_visits(now: datetime) -> QuerySet[Visit]:
    return Visit.objects.filter(expires_at__lte=now - VISITS_FOR)


def _old_nonces(now: datetime) -> QuerySet[CallbackNonce]:
    return CallbackNonce.objects.filter(at__lte=now - NONCES_FOR)


def _old_guards(now: datetime) -> QuerySet[ContactGuard]:
    return ContactGuard.objects.filter(t1__lte=now - GUARDS_FOR)


def _old_windows(now: datetime) -> QuerySet[RateWindow]:
    return RateWindow.objects.filter(starts_at__lte=now - WINDOWS_FOR)


def _old_uploads(now: datetime) -> QuerySet[ImportChunk]:
    return ImportChunk.objects.filter(run__created_at__lte=now - UPLOADS_FOR)


def _old_problems(now: datetime) -> QuerySet[ImportProblem]:
    return ImportProblem.objects.filter(run__created_at__lte=now - PROBLEMS_FOR)


def _spent_imports(now: datetime) -> QuerySet[ConsentImport]:
    """Imports that no consent rests on any more, and whose errors are gone."""
    return ConsentImport.objects.filter(consents=None, created_at__lte=now - PROBLEMS_FOR)


def _old_sessions(now: datetime) -> QuerySet[Session]:
    return Session.objects.filter(expire_date__lte=now)


def _old_erasures(now: datetime) -> QuerySet[Erasure]:
    return Erasure.objects.filter(destroyed_at__lte=now - PURGE_LOG_FOR)


def _old_purge_runs(now: datetime) -> QuerySet[PurgeRun]:
    return PurgeRun.objects.filter(started_at__lte=now - PURGE_LOG_FOR)


def _rows(*sources: Callable[[datetime], QuerySet[Any]]) -> dict[str, Any]:
    """Return the purge and count functions over these rows, as keyword arguments of a Policy."""

    def count(now: datetime) -> Counts:
        return {source(now).model._meta.label: source(now).count() for source in sources}

    def purge_batch(now: datetime, limit: int) -> Counts:
        total: Counts = {}
        for source in sources:
            for table, number in _delete(source(now), limit=limit).items():
                total[table] = total.get(table, 0) + number
        return total

    return {"count": count, "purge": purge_batch}


def _forget_addresses(now: datetime, limit: int) -> Counts:
    ids = list(_old_addresses(now).order_by("pk").values_list("pk", flat=True)[:limit])
    changed = Confirmation.objects.filter(pk__in=ids).update(email=None, token=None)
    return {Confirmation._meta.label: changed}


def _count_addresses(now: datetime) -> Counts:
    return {Confirmation._meta.label: _old_addresses(now).count()}


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
            "While the consent holds, and then for the purpose's proof period (180 days unless "
            "another reason is written). Requests without an answer, and a no: 7 days."
        ),
        **_rows(_ended_consents),
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
        **_rows(_idle_subjects),
    ),
    Policy(
        name="confirmations",
        title=_("Confirmation links"),
        covers=("consents.Confirmation.digest",),
        reason=_("To recognise the link that the person presses."),
        life=_("1 day after the link has ended."),
        **_rows(_used_confirmations),
    ),
    Policy(
        name="email_addresses",
        title=_("E-mail addresses"),
        covers=("consents.Confirmation.email", "consents.Confirmation.token"),
        reason=_("To send one confirmation link."),
        life=_("Until the link is pressed or has ended."),
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
        **_rows(_old_inbound),
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
        **_rows(_old_service_messages),
    ),
    Policy(
        name="codes",
        title=_("One-time codes"),
        covers=("consents.HandsetCode.code",),
        reason=_("To recognise the SMS that the person sends first."),
        life=_("1 day after the code has ended."),
        **_rows(_old_codes),
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
        reason=_("To let the person in who has the number in hand."),
        life=_("An hour after the quarter of an hour is over."),
        **_rows(_old_visits),
    ),
    Policy(
        name="limits",
        title=_("Limits against misuse"),
        covers=(
            "consents.ContactGuard.key",
            "consents.RateWindow.key",
            "consents.CallbackNonce.nonce",
        ),
        reason=_("So that nobody can have us send many messages to somebody else's number."),
        life=_("Numbers as keyed pseudonyms: 31 days. Networks: 48 hours. Callbacks: 15 minutes."),
        **_rows(_old_guards, _old_windows, _old_nonces),
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
        **_rows(_old_uploads, _old_problems, _spent_imports),
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
        **_rows(_old_sessions),
    ),
    Policy(
        name="erasures",
        title=_("Reports of erasures"),
        covers=("consents.Erasure.subject", "consents.Erasure.at_gateway"),
        reason=_(
            "To show what was deleted, when, and what stays. Afterwards it holds counts only."
        ),
        life=_(
            "The link to the number: until it is deleted, in the same minute. The report: 24 months."
        ),
        **_rows(_old_erasures),
    ),
    Policy(
        name="legal_holds",
        title=_("Evidence under a legal hold"),
        covers=(
            "consents.LegalHold.reason",
            "consents.LegalHold.subject",
            "consents.HeldEvidence.detail",
            "consents.HoldOpening.reason",
        ),
        reason=_("To establish, exercise or defend a legal claim (GDPR Article 17 (3) (e))."),
        life=_("Until the last day of the hold. Who asked, approved and read: 24 months more."),
        purge=holding.end_holds,
        count=holding.count_ended,
    ),
    Policy(
        name="purge_log",
        title=_("Log of purges"),
        covers=(),
        reason=_("To show that data is deleted on time. It holds counts only."),
        life=_("24 months."),
        **_rows(_old_purge_runs),
    ),
)
