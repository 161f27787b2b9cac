"""Invariant 17: once a number is erased and the disk overwritten, no store holds it, in any spelling.

Nor is there any ciphertext left that opens to it. Each scan has a control: what is planted, and what is
there before the erasure, must be found. The running product is scanned in tests/journeys.
"""

import os
from pathlib import Path

import pytest
import redis
from celery import Celery
from django.conf import settings as django_settings
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from consents import journal, overwriting, remanence, services
from consents.models import Consent, Purpose, Subject
from tests import servers
from tests.installation import eventually
from tests.make import make_consent, make_purpose, make_user, phone
from tests.settings import IS_POSTGRES
from tests.trust import size
from tests.trust.test_dump import live_a_whole_life

pytestmark = pytest.mark.django_db(transaction=True)
# Several processes share PostgreSQL's log and Valkey's files: each of them looks for a number of its own.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw31").removeprefix("gw"))
NUMBER = phone(900 + WORKER)
# The history of the broker keeps what was planted there, and tests may come in any order.
CARELESS = phone(950 + WORKER)
NEIGHBOURS = range(801, 805)


def stores(valkey_url: str) -> remanence.Stores:
    """Return everything that outlives the process, by name, with what was in memory brought to the files."""
    remanence.settle()
    with redis.from_url(valkey_url) as client:
        client.save()
    return remanence.of_database() | {
        "journal": remanence.in_files(django_settings.JOURNAL_FILE),
        "published log": remanence.in_files(django_settings.LEDGER_FILE),
        "broker and cache": remanence.in_files(servers.folder() / "valkey"),
        "media": remanence.in_files(django_settings.MEDIA_ROOT),
        "static files": remanence.in_files(django_settings.STATIC_ROOT),
    }


def live_among_others() -> None:
    """Rows of other people lie before and behind theirs, in pages that stay in use."""
    purpose = make_purpose()
    for number in NEIGHBOURS[:2]:
        make_consent("granted", purpose=purpose, number=number)
    live_a_whole_life(NUMBER)
    for number in NEIGHBOURS[2:]:
        make_consent("granted", purpose=purpose, number=number)


def visit_by_web() -> None:
    """What goes through the web leaves sessions, messages and a log of the back office."""
    consent = Consent.objects.filter(state="granted").latest("pk")
    organisation = consent.purpose.organisation
    person, colleague = Client(), Client()
    person.post(f"/{organisation.slug}/me/", {"phone": NUMBER.e164})
    person.post(
        f"/{organisation.slug}/{consent.purpose.slug}/", {"phone": NUMBER.e164, "agree": "on"}
    )
    officer = make_user("privacy_officer", organisation, is_staff=True, is_superuser=True)
    colleague.force_login(officer)
    colleague.post(f"/staff/{organisation.slug}/numbers/", {"phone": NUMBER.e164})
    subject = next(each for each in Subject.objects.all() if each.phone == NUMBER)
    colleague.get(f"/admin/consents/subject/{subject.pk}/change/")
    kind = ContentType.objects.get_for_model(subject)
    LogEntry.objects.create(
        user=officer,
        content_type=kind,
        object_id=str(subject.pk),
        object_repr=str(subject),
        action_flag=2,
    )
    assert Session.objects.exists()


def erase() -> None:
    for subject in list(Subject.objects.all()):
        if subject.phone == NUMBER:
            services.erase_subject(subject, now=timezone.now())
    journal.drain()


@pytest.fixture
def lived(valkey_url: str, tmp_path: Path, settings: Settings) -> str:
    """A number that lived a whole life, and has been seen in every store that may hold it."""
    settings.JOURNAL_FILE = tmp_path / "journal.jsonl"
    remanence.settle()
    live_among_others()
    visit_by_web()
    cache.set("seen", True)
    with Celery("tests", broker=valkey_url) as app:
        app.send_task("consents.tasks.read_unread_messages", queue="service")
    journal.drain()
    return valkey_url


def test_an_erased_number_is_in_no_store_in_any_spelling_and_nothing_opens_to_it(
    lived: str,
) -> None:
    before = {each.store: each for each in remanence.look(NUMBER, stores(lived))}
    assert before[remanence.FILES].opened > 3, "the scan opens what is there"
    spelt = {name: each.spelt for name, each in before.items() if each.spelt}
    assert spelt == {}, "not even before"

    erase()
    # Whoever works beside this test, in a database of their own, may still see what was deleted.
    # At release size that is minutes.
    eventually(
        lambda: overwriting.overwrite(now=timezone.now()),
        "nobody sees the deleted rows",
        within=size.of(60, 900),
    )

    after = remanence.look(NUMBER, stores(lived))
    assert {each.store: each for each in after if not each.is_clean or each.obstacle} == {}
    assert all(each.size for each in after if each.store in {remanence.FILES, "broker and cache"})


@pytest.mark.postgres
def test_until_then_postgres_keeps_ciphertext_in_its_files_and_its_log(lived: str) -> None:
    erase()

    log = look_at(remanence.WAL)
    remanence.settle()
    files, log_after_a_checkpoint = look_at(remanence.FILES), look_at(remanence.WAL)

    assert (files.opened > 3, files.spelt) == (True, set())
    assert (log.opened > 3, log.spelt) == (True, set())
    assert log_after_a_checkpoint.is_clean, "with wal_recycle=off, as docs/operations.md has it"


def look_at(store: str) -> remanence.Look:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_switch_wal()")
    (found,) = remanence.look(NUMBER, {store: remanence.of_database()[store]})
    return found


def test_the_number_is_not_in_the_broker_s_history(lived: str) -> None:
    read = stores(lived)["broker and cache"]
    content = b"".join(read())

    assert remanence.look(NUMBER, {"broker": read})[0].is_clean
    assert b"read_unread_messages" in content, "everything that was ever sent is here"
    assert content.startswith(b"VALKEY"), "and so is what was kept"


@pytest.mark.parametrize("name", remanence.spellings(NUMBER))
def test_the_scan_finds_each_spelling_that_is_planted(name: str, tmp_path: Path) -> None:
    copy = tmp_path / "forgotten.csv"
    copy.write_bytes(b"before" + remanence.spellings(NUMBER)[name] + b"after")

    (found,) = remanence.look(NUMBER, {"planted": remanence.in_files(tmp_path)})

    assert name in found.spelt


def test_the_scan_finds_what_is_planted_in_the_database_and_on_the_broker(lived: str) -> None:
    Purpose.objects.update(name=CARELESS.e164[3:])
    with redis.from_url(lived) as client:
        client.set("careless", CARELESS.e164)

    found = {each.store: each.spelt for each in remanence.look(CARELESS, stores(lived))}
    with redis.from_url(lived) as client:
        client.flushdb()

    where = {remanence.FILES, "broker and cache"}
    where |= {remanence.ROWS} if IS_POSTGRES else set()
    assert {name for name, spelt in found.items() if "national" in spelt} == where


def test_a_store_that_cannot_be_read_says_so() -> None:
    def refuse() -> remanence.Bytes:
        raise remanence.NotReadable("permission denied")

    (found,) = remanence.look(CARELESS, {"locked": refuse})

    assert found.obstacle == "permission denied"
