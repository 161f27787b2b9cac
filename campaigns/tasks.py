"""What workers run. A task is a wake-up call: the database knows what is due, so losing one loses nothing."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from campaigns import cancelling, rollout, running, tallies
from campaigns.models import Delivery
from consents import suspensions
from smsconsent import outbox, polling
from smsconsent.gateways import get_gateway
from smsconsent.waking import WakeUp


@shared_task(base=WakeUp)
def start_due_campaigns() -> None:
    now = timezone.now()
    if running.start_due(now=now) + rollout.release_canaries(now=now):
        send_campaigns.delay_on_commit()


@shared_task(base=WakeUp)
def send_campaigns() -> None:
    if outbox.work_in_threads(Delivery, gateway=get_gateway(), clock=timezone.now):
        # There may be more; another worker may take it.
        send_campaigns.delay_on_commit()
    running.finish(now=timezone.now())
    tallies.compact()


@shared_task(base=WakeUp)
def block_cancelled() -> None:
    end = timezone.now() + timedelta(seconds=20)
    cancelling.end_overdue(now=timezone.now())
    cancelling.block_rest(until=lambda: timezone.now() > end)


@shared_task(base=WakeUp)
def recover_deliveries() -> None:
    end = timezone.now() + timedelta(seconds=20)
    polling.recover_all(
        Delivery,
        gateway=get_gateway(),
        record=suspensions.record_receipt,
        clock=timezone.now,
        until=lambda: timezone.now() > end,
    )


@shared_task(base=WakeUp)
def ask_for_missing_reports() -> None:
    polling.ask_overdue(
        Delivery, gateway=get_gateway(), record=suspensions.record_receipt, now=timezone.now()
    )
