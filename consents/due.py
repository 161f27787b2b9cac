"""What is due to go, named once: counting and purging read the same rows.

Each kind is found through an index and comes in its order, so that a batch costs what goes and not what
stays. Boundaries are exact: what is as old as its life goes, a second before it stays (law.md L41).
"""

from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from consents.models import (
    CallbackNonce,
    Confirmation,
    Consent,
    ConsentImport,
    ContactGuard,
    ErasedNumber,
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

INBOUND_FOR = timedelta(days=90)
SERVICE_MESSAGES_FOR = timedelta(days=30)
CONFIRMATIONS_FOR = timedelta(days=1)
VISITS_FOR = timedelta(hours=1)
NONCES_FOR = timedelta(minutes=15)
GUARDS_FOR = timedelta(days=31)
WINDOWS_FOR = timedelta(hours=48)
UPLOADS_FOR = timedelta(days=7)
ERASED_FOR = timedelta(days=31)
PROBLEMS_FOR = timedelta(days=30)
PURGE_LOG_FOR = timedelta(days=730)
# A number without a consent: a request under way may finish.
GRACE = timedelta(days=1)


def ended_consents(now: datetime) -> QuerySet[Consent]:
    """Consents whose proof has served its time. A legal hold keeps them until it is over."""
    held = LegalHold.objects.active(timezone.localdate(now)).filter(subject=OuterRef("subject"))
    ended = Consent.objects.filter(~Exists(held), delete_after__lte=now)
    return ended.order_by("delete_after")


def idle_subjects(now: datetime) -> QuerySet[Subject]:
    """Numbers that no consent needs."""
    consents = Consent.objects.filter(subject=OuterRef("pk"))
    return Subject.objects.filter(~Exists(consents), created_at__lte=now - GRACE)


def stray_subjects(now: datetime) -> QuerySet[Subject]:
    """Numbers that never came to a consent: the others go with their last one.

    Those that the last purge has looked at had a consent, or are gone.
    """
    looked = PurgeRun.objects.filter(
        policy="numbers", is_dry_run=False, finished_at__isnull=False, started_at__lt=now
    )
    last = looked.order_by("-started_at").values_list("started_at", flat=True).first()
    stray = idle_subjects(now).order_by("created_at")
    # Twice the grace: whatever was locked, or under way, at the last look.
    return stray.filter(created_at__gt=last - 2 * GRACE) if last else stray


def used_confirmations(now: datetime) -> QuerySet[Confirmation]:
    ended = Confirmation.objects.filter(expires_at__lte=now - CONFIRMATIONS_FOR)
    return ended.order_by("expires_at")


def old_addresses(now: datetime) -> QuerySet[Confirmation]:
    """E-mail addresses whose only use is over: the link was pressed, or can no longer be."""
    kept = Confirmation.objects.filter(email__isnull=False).order_by("pk")
    return kept.filter(Q(expires_at__lte=now) | Q(used_at__isnull=False))


def old_inbound(now: datetime) -> QuerySet[InboundMessage]:
    old = InboundMessage.objects.filter(received_at__lte=now - INBOUND_FOR)
    return old.order_by("received_at")


def old_service_messages(now: datetime) -> QuerySet[ServiceMessage]:
    old = ServiceMessage.objects.filter(queued_at__lte=now - SERVICE_MESSAGES_FOR)
    return old.order_by("queued_at")


def old_codes(now: datetime) -> QuerySet[HandsetCode]:
    ended = HandsetCode.objects.filter(expires_at__lte=now - CONFIRMATIONS_FOR)
    return ended.order_by("expires_at")


def old_visits(now: datetime) -> QuerySet[Visit]:
    return Visit.objects.filter(expires_at__lte=now - VISITS_FOR).order_by("expires_at")


def old_nonces(now: datetime) -> QuerySet[CallbackNonce]:
    return CallbackNonce.objects.filter(at__lte=now - NONCES_FOR).order_by("at")


def old_guards(now: datetime) -> QuerySet[ContactGuard]:
    return ContactGuard.objects.filter(t1__lte=now - GUARDS_FOR).order_by("t1")


def old_windows(now: datetime) -> QuerySet[RateWindow]:
    return RateWindow.objects.filter(starts_at__lte=now - WINDOWS_FOR).order_by("starts_at")


def old_erased(now: datetime) -> QuerySet[ErasedNumber]:
    old = ErasedNumber.objects.filter(erased_at__lte=now - ERASED_FOR)
    return old.order_by("erased_at")


def old_uploads(now: datetime) -> QuerySet[ImportChunk]:
    old = ImportChunk.objects.filter(run__created_at__lte=now - UPLOADS_FOR)
    return old.order_by("run")


def old_problems(now: datetime) -> QuerySet[ImportProblem]:
    old = ImportProblem.objects.filter(run__created_at__lte=now - PROBLEMS_FOR)
    return old.order_by("run")


def spent_imports(now: datetime) -> QuerySet[ConsentImport]:
    """Imports that no consent rests on any more, and whose errors are gone."""
    consents = Consent.objects.filter(imported_by=OuterRef("pk"))
    spent = ConsentImport.objects.filter(~Exists(consents), created_at__lte=now - PROBLEMS_FOR)
    return spent.order_by("pk")


def old_sessions(now: datetime) -> QuerySet[Session]:
    return Session.objects.filter(expire_date__lte=now).order_by("expire_date")


def old_erasures(now: datetime) -> QuerySet[Erasure]:
    return Erasure.objects.filter(destroyed_at__lte=now - PURGE_LOG_FOR).order_by("pk")


def old_purge_runs(now: datetime) -> QuerySet[PurgeRun]:
    return PurgeRun.objects.filter(started_at__lte=now - PURGE_LOG_FOR).order_by("started_at")
