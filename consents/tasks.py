"""What workers run. A task is a wake-up call: the database knows what is due, so losing one loses nothing."""

from datetime import timedelta

from celery import shared_task
from django.db import connection
from django.utils import timezone

from consents import (
    anchors,
    block_list,
    cases,
    closing,
    confirmations,
    erasing,
    imports,
    inbox,
    journal,
    lifetimes,
    overwriting,
    page_codes,
    reminders,
    retention,
    sealing,
    suspensions,
    syncing,
    verification,
)
from consents.models import ServiceMessage
from smsconsent import outbox, polling
from smsconsent.gateways import get_gateway
from smsconsent.gateways.state import SharedState
from smsconsent.waking import WakeUp, clear_mark


@shared_task(base=WakeUp, throws=(journal.JournalBehind,))
def drain_journal() -> None:
    journal.drain()


@shared_task(base=WakeUp, throws=(journal.JournalBehind,))
def beat_in_journal() -> None:
    journal.beat(now=timezone.now())


@shared_task(base=WakeUp)
def cut_journal() -> None:
    journal.cut_old(now=timezone.now())


@shared_task(base=WakeUp)
def send_service_messages() -> None:
    clear_mark(send_service_messages)
    SharedState("jobs").touch("worker")
    outbox.work(ServiceMessage, gateway=get_gateway(), clock=timezone.now)


@shared_task(base=WakeUp)
def queue_codes() -> None:
    if page_codes.queue_codes(now=timezone.now()):
        send_service_messages.delay_on_commit()


@shared_task(base=WakeUp)
def recover_service_messages() -> None:
    # Longer would keep a confirmation waiting.
    end = timezone.now() + timedelta(seconds=5)
    polling.recover_all(
        ServiceMessage,
        gateway=get_gateway(),
        record=suspensions.record_receipt,
        clock=timezone.now,
        until=lambda: timezone.now() > end,
    )


@shared_task(base=WakeUp)
def ask_for_missing_reports() -> None:
    record, now = suspensions.record_receipt, timezone.now()
    polling.ask_overdue(ServiceMessage, gateway=get_gateway(), record=record, now=now)


@shared_task(base=WakeUp)
def ask_about_doubted_reports() -> None:
    # A few seconds at a time: a campaign wants the worker as well.
    end = timezone.now() + timedelta(seconds=5)
    polling.ask_doubted(
        gateway=get_gateway(),
        record=suspensions.record_receipt,
        clock=timezone.now,
        until=lambda: timezone.now() > end,
    )


@shared_task(base=WakeUp)
def tell_stops() -> None:
    syncing.tell_stops(gateway=get_gateway(), now=timezone.now())


@shared_task(base=WakeUp)
def send_confirmation_email(confirmation_id: int) -> None:
    confirmations.send_email(confirmation_id, now=timezone.now())


@shared_task(base=WakeUp)
def send_waiting_emails() -> None:
    confirmations.send_waiting_emails(now=timezone.now())


@shared_task(base=WakeUp)
def read_unread_messages() -> None:
    inbox.read_unread(now=timezone.now())


@shared_task(base=WakeUp)
def lapse_unconfirmed() -> None:
    lifetimes.lapse_unanswered(now=timezone.now())


@shared_task(base=WakeUp)
def expire_consents() -> None:
    lifetimes.expire_consents(now=timezone.now())


@shared_task(base=WakeUp)
def end_closed_purposes() -> None:
    end = timezone.now() + timedelta(seconds=20)
    closing.end_consents(now=timezone.now(), until=lambda: timezone.now() > end)


@shared_task(base=WakeUp)
def remind_people() -> None:
    now = timezone.now()
    if (
        reminders.ask_to_renew(now=now)
        + reminders.tell_of_notice(now=now)
        + reminders.remind(now=now)
    ):
        send_service_messages.delay_on_commit()


@shared_task(base=WakeUp)
def remind_of_cases() -> None:
    cases.remind(now=timezone.now())


@shared_task(base=WakeUp)
def remind_of_blocks() -> None:
    block_list.remind(now=timezone.now())


@shared_task(base=WakeUp)
def suspend_silent_numbers() -> None:
    suspensions.suspend_silent(now=timezone.now())


@shared_task(base=WakeUp)
def advance_imports() -> None:
    # A slice of a large file at a time: the worker has other things to do as well.
    end = timezone.now() + timedelta(seconds=20)
    imports.advance(clock=timezone.now, until=lambda: timezone.now() > end)


@shared_task(base=WakeUp)
def carry_on_erasures() -> None:
    try:
        erasing.resume(now=timezone.now())
    finally:  # What fails here leaves no message of others waiting at the gateway.
        erasing.cancel_at_gateway(gateway=get_gateway(), now=timezone.now())


@shared_task(base=WakeUp)
def overwrite_erased() -> None:
    overwriting.overwrite(now=timezone.now())


@shared_task(base=WakeUp)
def seal_events() -> None:
    sealing.seal_all(now=timezone.now())


@shared_task(base=WakeUp)
def anchor_log() -> None:
    anchors.anchor_everywhere(now=timezone.now())


@shared_task(base=WakeUp)
def verify_log() -> None:
    verification.run_due(clock=timezone.now)


@shared_task(base=WakeUp)
def purge() -> None:
    retention.purge_all(now=timezone.now())
    if connection.vendor == "sqlite":
        overwriting.overwrite(now=timezone.now())
