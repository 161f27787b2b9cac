"""What is said while a consent lives waits for nobody, and locks people before their consents."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from consents import ledger, reminders, services
from consents.dates import add_months
from consents.models import ServiceMessage, Subject
from tests.make import DAY, NOON, NOTICE, make_consent

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def tell_of_notice() -> int:
    subject = Subject.objects.select_related("organisation").get()
    services.publish_notice(
        subject.organisation,
        language="nb",
        body=f"{NOTICE} Nytt.",
        is_material=True,
        now=NOON,
    )
    return reminders.tell_of_notice(now=NOON + DAY)


@pytest.mark.parametrize(
    "say",
    [
        tell_of_notice,
        lambda: reminders.remind(now=add_months(NOON, 12)),
        lambda: reminders.ask_to_renew(now=add_months(NOON, 24) - 2 * DAY),
    ],
    ids=["notice", "reminder", "renewal"],
)
def test_whoever_is_stopping_at_this_moment_is_passed_over(
    say: Callable[[], int], settings: Settings
) -> None:
    settings.QUIET_HOURS = False
    consent = make_consent("granted", at=NOON - DAY)
    locked, over = Event(), Event()

    def stop() -> None:
        """As a withdrawal does: the person's row first, the consent's later."""
        try:
            with transaction.atomic():
                ledger.lock_subject(consent.subject)
                locked.set()
                over.wait(10)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(stop)
        locked.wait(10)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        try:
            said = say()
        finally:
            over.set()
            connection.close()
        stopping.result()

    assert said == 0
    assert not ServiceMessage.objects.exists()
    assert say() == 1
