"""The key of the log changes: announced in the log, both sign for a time, then the new one alone."""

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from pytest_django import Settings

from consents import (
    anchors,
    bundles,
    keychanges,
    logkeys,
    notes,
    publication,
    receipts,
    sealing,
    verification,
)
from consents.models import Checkpoint, ConsentEvent, LogEntry
from smsconsent import crypto, health
from tests.make import DAY, MINUTE, NOON, make_consent, make_events, make_purpose, make_user
from verifier.smsconsent_verify import Report, read_keys, verify

pytestmark = pytest.mark.django_db
NEW = urlsafe_b64encode(b"another key of the log, made up.").decode()
THIRD = urlsafe_b64encode(b"a third key of the log, made up.").decode()
BOTH_FOR = timedelta(days=7)
AGREED = keychanges.Agreement(
    "account 1", "privacy officer, account 2", "Maskinen med nøkkelen brant"
)
UNSAID = keychanges.Agreement("", "", "")


def put_in_front(settings: Settings, key: str = NEW) -> None:
    settings.LEDGER_SIGNING_KEY = [key, *settings.LEDGER_SIGNING_KEY]


def lose_key(settings: Settings) -> None:
    """One event under the first key, of which only the public half is left."""
    seal_another(MINUTE)
    settings.LEDGER_FORMER_KEYS = [logkeys.periods()[0].key]
    settings.LEDGER_SIGNING_KEY = [NEW]


def change_key(settings: Settings) -> None:
    """One event under the first key, and the change to the second announced."""
    make_events(1)
    sealing.seal(now=NOON)
    put_in_front(settings)
    keychanges.announce(now=NOON, both_for=BOTH_FOR)


def signers() -> list[int]:
    """By how many keys each checkpoint is signed, in the order of size."""
    stored = Checkpoint.objects.order_by("size").values_list("note", flat=True)
    return [len(notes.read(note).signatures) for note in stored]


def seal_another(after: timedelta) -> None:
    make_events(1)
    sealing.seal(now=NOON + after, must_sign=True)


# -- changing --------------------------------------------------------------------------------------------
def test_a_key_that_is_not_announced_signs_nothing(settings: Settings) -> None:
    seal_another(MINUTE)
    put_in_front(settings)

    seal_another(2 * MINUTE)

    assert signers() == [1, 1]
    assert "rotate-key" in logkeys.warning()
    assert logkeys.warning() in anchors.warnings(now=NOON)


def test_from_the_checkpoint_that_covers_the_announcement_both_sign(settings: Settings) -> None:
    change_key(settings)

    seal_another(MINUTE)

    assert signers() == [1, 2]
    note = notes.read(Checkpoint.objects.latest("size").note)
    assert publication.signers(note, logkeys.trusted()) == set(crypto.log_public_keys())
    assert logkeys.warning() == ""


@pytest.mark.parametrize(("late", "signed_by"), [(-MINUTE, 2), (timedelta(), 1)])
def test_the_former_key_is_retired_when_the_time_of_both_is_over(
    settings: Settings, late: timedelta, signed_by: int
) -> None:
    change_key(settings)
    seal_another(MINUTE)

    seal_another(BOTH_FOR + late)

    assert signers()[-1] == signed_by


def test_afterwards_the_former_key_may_go(settings: Settings) -> None:
    change_key(settings)
    seal_another(MINUTE)
    seal_another(BOTH_FOR)
    assert (True, "The last key in LEDGER_SIGNING_KEY signs no longer: take it out.") in list(
        logkeys.findings()
    )
    settings.LEDGER_SIGNING_KEY = [NEW]

    seal_another(BOTH_FOR + MINUTE)

    assert signers() == [1, 2, 1, 1]
    assert verification.verify().problems == []


def test_the_daily_verification_misses_the_second_signature(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_key(settings)
    with monkeypatch.context() as patch:
        patch.setattr(logkeys, "signers", lambda size: crypto.log_public_keys()[:1])
        seal_another(MINUTE)

    found = verification.verify().problems

    assert {"kind": "signature_missing", "where": "3"} in found


def test_a_former_key_that_is_gone_too_early_stops_the_sealing(settings: Settings) -> None:
    change_key(settings)
    seal_another(MINUTE)
    settings.LEDGER_SIGNING_KEY = [NEW]
    make_events(1)

    with pytest.raises(ImproperlyConfigured, match="put it back"):
        sealing.seal(now=NOON + DAY)

    assert sealing.log_size() == 3
    assert any(not is_well for is_well, _sentence in logkeys.findings())


def test_a_key_that_was_swapped_without_a_word_stops_the_sealing(settings: Settings) -> None:
    seal_another(MINUTE)
    former = logkeys.periods()[0].key
    settings.LEDGER_SIGNING_KEY, settings.LEDGER_FORMER_KEYS = [NEW], [former]
    make_events(1)

    with pytest.raises(ImproperlyConfigured, match="rotate-key"):
        sealing.seal(now=NOON + DAY)


def test_a_lost_key_is_followed_by_one_that_announces_itself(settings: Settings) -> None:
    lose_key(settings)
    with pytest.raises(keychanges.CannotAnnounce, match="--former-key-lost"):
        keychanges.announce(now=NOON)

    keychanges.announce(now=NOON, agreement=AGREED)
    seal_another(DAY)

    assert signers() == [1, 1]
    assert verification.verify().problems == []


def test_announcing_twice_announces_once(settings: Settings) -> None:
    change_key(settings)

    with pytest.raises(keychanges.CannotAnnounce, match="nothing to announce"):
        keychanges.announce(now=NOON)

    assert LogEntry.objects.count() == 1


def test_one_change_waits_for_the_other(settings: Settings) -> None:
    change_key(settings)
    put_in_front(settings, THIRD)

    with pytest.raises(keychanges.CannotAnnounce, match="both its keys still sign"):
        keychanges.announce(now=NOON)


def test_a_retired_key_does_not_come_back(settings: Settings) -> None:
    change_key(settings)
    seal_another(MINUTE)
    seal_another(BOTH_FOR)
    settings.LEDGER_SIGNING_KEY = settings.LEDGER_SIGNING_KEY[::-1]

    with pytest.raises(keychanges.CannotAnnounce, match="retired"):
        keychanges.announce(now=NOON + BOTH_FOR)


def test_a_second_change_follows_the_first(settings: Settings) -> None:
    change_key(settings)
    seal_another(MINUTE)
    seal_another(BOTH_FOR)
    settings.LEDGER_SIGNING_KEY = [THIRD, NEW]

    keychanges.announce(now=NOON + BOTH_FOR, both_for=timedelta())
    seal_another(BOTH_FOR + MINUTE)

    assert signers() == [1, 2, 1, 1]
    assert [bool(each.until) for each in logkeys.periods()] == [False, True, True]
    assert verification.verify().problems == []


# -- cut off ---------------------------------------------------------------------------------------------
class Killed(Exception):
    pass


@pytest.mark.parametrize("at", ["LogEntry.objects.create", "ConsentEvent.objects.create"])
def test_an_announcement_that_is_cut_off_is_none(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    def die(**kwargs: object) -> None:
        raise Killed

    seal_another(MINUTE)
    put_in_front(settings)
    model = at.partition(".")[0]
    with monkeypatch.context() as patch:
        patch.setattr(getattr(keychanges, model).objects, "create", die)
        with pytest.raises(Killed), transaction.atomic():
            keychanges.announce(now=NOON)
    assert not LogEntry.objects.exists()

    keychanges.announce(now=NOON)
    seal_another(DAY)

    assert signers() == [1, 2]


def test_a_sealer_that_dies_while_it_retires_a_key_retires_it_the_next_time(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*args: object, **kwargs: object) -> None:
        raise Killed

    change_key(settings)
    seal_another(MINUTE)
    with monkeypatch.context() as patch:
        patch.setattr(sealing, "_sign", die)
        with pytest.raises(Killed):
            seal_another(BOTH_FOR)

    sealing.seal(now=NOON + BOTH_FOR, must_sign=True)

    assert signers() == [1, 2, 1]
    kinds = [bytes(each.event.header) for each in LogEntry.objects.order_by("event")]
    assert [re.findall(rb"key_\w+", kind)[0] for kind in kinds] == [
        b"key_announced",
        b"key_retired",
    ]


# -- what others see -------------------------------------------------------------------------------------
def exported(tmp_path: Path) -> Path:
    consent = make_consent("granted")
    sealing.seal(now=NOON + 2 * BOTH_FOR, must_sign=True)
    path = tmp_path / "bundle.zip"
    with BytesIO() as file:
        bundles.write_case(file, consent.subject, now=NOON)
        path.write_bytes(file.getvalue())
    return path


def check(path: Path, key: str, *anchored: str) -> Report:
    return verify(path, keys=read_keys(key), anchors=list(anchored))


@pytest.fixture
def changed(settings: Settings, tmp_path: Path) -> tuple[Path, str, str, str]:
    """A bundle across a change, the former key, the new one, and a file of every checkpoint."""
    seal_another(MINUTE)
    former = logkeys.periods()[0].key
    put_in_front(settings)
    keychanges.announce(now=NOON, both_for=BOTH_FOR)
    seal_another(DAY)
    seal_another(BOTH_FOR)
    return exported(tmp_path), former, logkeys.periods()[0].key, str(settings.LEDGER_FILE)


@pytest.mark.parametrize("is_former", [True, False])
def test_a_bundle_across_the_change_holds_under_either_key(
    changed: tuple[Path, str, str, str], is_former: bool
) -> None:
    path, former, new, checkpoints = changed

    report = check(path, former if is_former else new, checkpoints)

    assert report.holds
    assert report.status("keys") == report.status("signature") == "ok"
    assert [each["type"] for each in report.facts["keys"]] == ["key_announced", "key_retired"]


def test_a_key_of_somebody_else_does_not_lead_to_the_log(
    changed: tuple[Path, str, str, str],
) -> None:
    stranger = notes.verifier_key("samtykke.example/ledger/1", b"x" * 32)

    found = {each.code for each in check(changed[0], stranger).findings}

    assert {"wrong_key", "anchor_unsigned"} <= found


def test_a_receipt_leads_from_the_former_key_to_the_new_one(
    settings: Settings, tmp_path: Path, client: Client
) -> None:
    seal_another(MINUTE)
    former = logkeys.periods()[0].key
    put_in_front(settings)
    keychanges.announce(now=NOON, both_for=timedelta())
    consent = make_consent("granted")
    sealing.seal(now=NOON + DAY, must_sign=True)
    path = tmp_path / "receipt.jsonld"
    path.write_bytes(client.get(f"{receipts.address_of(consent)}receipt.jsonld").content)

    report = check(path, former)

    assert report.holds
    assert "key_change_unproven" in {each.code for each in report.findings}


@pytest.mark.parametrize(
    ("agreement", "code"), [(AGREED, "key_change_agreed"), (UNSAID, "key_change_alone")]
)
def test_a_lost_key_is_told_of_and_who_stands_for_the_new_one(
    settings: Settings, tmp_path: Path, agreement: keychanges.Agreement, code: str
) -> None:
    lose_key(settings)
    keychanges.announce(now=NOON, agreement=agreement)

    path = exported(tmp_path)

    report = check(path, logkeys.published(), str(settings.LEDGER_FILE))
    found = {each.code: each.text("nb") for each in report.findings}
    assert report.holds
    assert code in found
    assert (AGREED.agreed_by in found[code]) is (agreement is AGREED)
    assert "wrong_key" in {
        each.code for each in check(path, settings.LEDGER_FORMER_KEYS[0]).findings
    }


def test_everybody_can_read_the_keys_and_when_they_sign(settings: Settings, client: Client) -> None:
    change_key(settings)
    seal_another(MINUTE)

    text = client.get("/evidence/keys.txt").content.decode()

    new, former = read_keys(text)
    assert [new.raw, former.raw] == crypto.log_public_keys()
    assert "# from 2026-03-10T11:00:00+00:00 to further notice" in text
    assert "# from the beginning to 2026-03-17T11:00:00+00:00" in text


def test_a_process_without_the_signing_key_knows_the_keys_once_they_changed(
    settings: Settings,
) -> None:
    change_key(settings)
    seal_another(MINUTE)
    before = logkeys.published()

    settings.LEDGER_SIGNING_KEY = []

    assert logkeys.published() == before


# -- the commands ----------------------------------------------------------------------------------------
def test_the_command_announces_and_prints(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    seal_another(MINUTE)
    with pytest.raises(CommandError, match="nothing to announce"):
        call_command("ledger", "rotate-key")
    put_in_front(settings)

    call_command("ledger", "rotate-key", "--both-for-days", "3")
    call_command("ledger", "keys")

    assert "Announced: samtykke.example/ledger/1+" in capsys.readouterr().out
    assert ConsentEvent.objects.count() == 2


def rotate_without_former(**options: str) -> None:
    call_command("ledger", "rotate-key", "--former-key-lost", **options)


def test_a_lost_key_is_followed_when_a_privacy_officer_agrees(settings: Settings) -> None:
    lose_key(settings)
    officer, operator = make_user("privacy_officer", make_purpose().organisation), make_user()

    rotate_without_former(by=operator.email, agreed_by=officer.email, reason=AGREED.reason)

    header = json.loads(bytes(LogEntry.objects.earliest("pk").event.header))
    assert header["agreed_by"] == f"privacy officer, account {officer.pk}"
    assert (header["asked_by"], header["reason"]) == (f"account {operator.pk}", AGREED.reason)
    assert officer.email not in str(header)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "two people must stand for the change"),
        ({"reason": ""}, "two people must stand for the change"),
        ({"agreed_by": "nobody@fjord.example"}, "two people must stand for the change"),
        ({"by": "officer@fjord.example"}, "other than you"),
        ({"agreed_by": "marketer@fjord.example"}, "privacy officer other than you"),
        ({"reason": "Kari (90000001) mistet den"}, "stays in the log for good"),
        ({"reason": "Spør kari@fjord.example"}, "stays in the log for good"),
    ],
)
def test_a_lost_key_is_not_followed_on_one_persons_word(
    settings: Settings, options: dict[str, str], sentence: str
) -> None:
    lose_key(settings)
    organisation = make_purpose().organisation
    make_user("privacy_officer", organisation, email="officer@fjord.example")
    make_user("marketer", organisation, email="marketer@fjord.example")
    complete = {
        "by": "marketer@fjord.example",
        "agreed_by": "officer@fjord.example",
        "reason": AGREED.reason,
    }

    with pytest.raises(CommandError, match=sentence):
        rotate_without_former(**(complete | options if options else {}))

    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(
    ("arrange", "signers", "warns"),
    [(lambda settings: None, 1, False), (put_in_front, 1, True), (change_key, 1, False)],
)
def test_the_doctor_says_which_key_signs_and_which_one_waits(
    settings: Settings, arrange: Callable[[Settings], None], signers: int, warns: bool
) -> None:
    seal_another(MINUTE)

    arrange(settings)

    said = [sentence for _is_well, sentence in logkeys.findings()]
    assert said[0].startswith("The log is signed by ")
    assert said[0].count(" and ") == signers - 1
    assert any("rotate-key" in each for each in health.warnings_found()) is warns
