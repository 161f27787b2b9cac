"""Keys change under load while whoever changes them is killed again and again: invariant 20."""

import random
import sys
from base64 import urlsafe_b64encode

import pytest
from django.utils import timezone
from pytest_django import Settings

from consents import ledger, services, transitions
from consents.models import Consent, EventDetail, HeldEvidence, Purpose, Subject, Suppression
from smsconsent import crypto, rotation
from smsconsent.phones import Phone
from tests import environment, servers
from tests.make import make_consent, make_crowd, make_hold, make_purpose
from tests.trust import size

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]

PEOPLE = size.of(1_500, 9_000)
EVERY = 0.1  # seconds until the first kill
FERNET = "a new key for tests that is made up as well"
INDEX = urlsafe_b64encode(b"a new index key, made up........").decode()


@pytest.fixture
def purpose(settings: Settings) -> Purpose:
    """People, of whom each tenth is blocked and a few have evidence, under keys that are now old."""
    purpose = make_purpose()
    make_crowd(purpose, PEOPLE, at=timezone.now())
    for subject in Subject.objects.order_by("pk")[: PEOPLE // 10]:
        services.suppress(
            purpose.organisation,
            subject.phone,
            purpose=None,
            reason=Suppression.Reason.OBJECTION,
            now=timezone.now(),
        )
    for number in range(20):
        make_consent(purpose=purpose, number=Phone(f"+4790990{number:03}"), at=timezone.now())
    settings.FERNET_KEYS = [FERNET, *settings.FERNET_KEYS]
    settings.INDEX_KEYS = [INDEX, *settings.INDEX_KEYS]
    return purpose


def start(kind: str, database_url: str, settings: Settings) -> servers.Started:
    variables = {
        **environment.TESTS,
        "DJANGO_SETTINGS_MODULE": "smsconsent.settings",
        "DATABASE_URL": database_url,
        "FERNET_KEYS": ",".join(settings.FERNET_KEYS),
        "FERNET_HOLD_KEYS": ",".join(settings.FERNET_HOLD_KEYS),
        "INDEX_KEYS": ",".join(settings.INDEX_KEYS),
    }
    command = [sys.executable, "-m", "tests.killing", kind, str(EVERY)]
    return servers.spawn("killing", command, environment=variables)


def use(purpose: Purpose, blocked: int) -> None:
    """What goes on meanwhile: numbers are found, blocks hold, people answer."""
    now = timezone.now()
    phone = Phone(f"+479000{random.randrange(PEOPLE):04}")
    subject = Subject.objects.with_phone(purpose.organisation, phone).get()
    assert subject.phone == phone
    assert Consent.objects.suppressed().count() == blocked
    consent = Consent.objects.get(subject=subject, purpose=purpose)
    if not transitions.withdraw(consent, proof=ledger.Proof("mo_stop"), now=now):
        again = transitions.open_request(
            purpose,
            phone,
            wording=consent.wording,
            source=Consent.Source.WEB,
            proof=ledger.Proof("web_form"),
            now=now,
        )
        if again is not None:
            assert again.subject_id == subject.pk


@pytest.mark.parametrize("kind", ["fernet", "index", "layer"])
def test_a_rotation_that_is_killed_again_and_again_ends_with_everything_in_place(
    kind: str, purpose: Purpose, database_url: str, settings: Settings
) -> None:
    people, blocked = Subject.objects.count(), Suppression.objects.count()
    started = start(kind, database_url, settings)

    rounds = 0
    while started.process.poll() is None:
        use(purpose, blocked)
        rounds += 1

    report = started.log.read_text(encoding="utf-8")
    assert started.process.returncode == 0, report
    assert int(report) > 0, "it was killed"
    assert rounds > 10
    assert Subject.objects.count() == people
    assert Consent.objects.suppressed().count() == blocked
    if kind == "fernet":
        rotation.rotate_fernet()
        assert rotation.misplaced() == 0
        settings.FERNET_KEYS = [FERNET]
        for detail in EventDetail.objects.select_related("event"):
            ledger.open_detail(detail)
    else:
        rotation.rotate_index()
        assert rotation.old_indexes() == 0
    assert {each.phone for each in Subject.objects.all()} >= {Phone("+4790000000")}


def test_held_evidence_outlives_a_rotation_that_is_killed_again_and_again(
    database_url: str, settings: Settings
) -> None:
    hold = make_hold(make_consent().subject)
    said = "what was said " * 30
    HeldEvidence.objects.bulk_create(
        [HeldEvidence(hold=hold, event_id=str(number), detail=said) for number in range(PEOPLE)]
    )
    settings.FERNET_HOLD_KEYS = [FERNET, *settings.FERNET_HOLD_KEYS]

    started = start("hold", database_url, settings)
    started.process.wait(timeout=300)

    assert int(started.log.read_text(encoding="utf-8")) > 0, "it was killed"
    assert rotation.misplaced(held=True) == 0
    settings.FERNET_HOLD_KEYS = [FERNET]
    assert {each.detail for each in HeldEvidence.objects.iterator()} == {said}


def test_half_rotated_rows_open_under_the_key_they_name(purpose: Purpose) -> None:
    table = next(t for t in rotation.guarded_tables() if t.table == "consents_subject")
    rotation._renew(table, next(rotation._batches(table, only_old=True)))

    named = {
        (key_id, crypto.key_id_of(bytes(token)))
        for rows in rotation._batches(table, only_old=False)
        for _pk, key_id, *tokens in rows
        for token in tokens
    }

    assert len(named) == 2
    assert all(key_id == opened for key_id, opened in named)
