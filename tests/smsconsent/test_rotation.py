"""Changing keys: what is encrypted, what is a pseudonym, and the canary that notices the wrong ones."""

from base64 import urlsafe_b64encode

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import models
from django.db.models import BinaryField
from django.db.models.functions import Cast
from pytest_django import Settings

from consents import (
    canary,
    confirmations,
    journal,
    journal_blocks,
    journalfile,
    limits,
    services,
    writing,
)
from consents.models import (
    Consent,
    ContactGuard,
    HeldEvidence,
    InboundMessage,
    ServiceMessage,
    Subject,
    Suppression,
)
from smsconsent import crypto, rotation
from smsconsent.staff.adapters import MFAAdapter
from tests.make import (
    DAY,
    NOON,
    count_contact,
    make_consent,
    make_email_question,
    make_hold,
    make_purpose,
    make_user,
    phone,
)

pytestmark = pytest.mark.django_db
NEW_FERNET = "another key for tests that is made up as well"
HELD = "what was said " * 30
NEW_INDEX = urlsafe_b64encode(b"another index key, made up......").decode()
THIRD_INDEX = urlsafe_b64encode(b"a third index key, made up......").decode()


def put_in_front(settings: Settings, name: str, key: str) -> None:
    setattr(settings, name, [key, *getattr(settings, name)])


def keep_only_the_first(settings: Settings, name: str) -> None:
    setattr(settings, name, getattr(settings, name)[:1])


def live() -> Consent:
    """One of each thing that holds something encrypted or pseudonymous."""
    consent = make_consent("granted")
    confirmations.queue_welcome(consent, now=NOON)
    pending = make_consent("pending", purpose=consent.purpose, number=2, at=NOON)
    make_email_question(pending, "kari@person.example", now=NOON)
    InboundMessage.objects.create(
        gateway="strex",
        message_id="1",
        sender=phone(1),
        sender_index=crypto.blind_index(phone(1), use="inbound"),
        recipient="26112",
        text="Hei",
        key_id=crypto.current_key_id(),
        trust="signed",
        vouched_by="signature",
        state="review",
        received_at=NOON,
    )
    return consent


def block(consent: Consent, number: int = 1) -> None:
    services.suppress(
        consent.purpose.organisation,
        phone(number),
        purpose=None,
        reason=Suppression.Reason.OBJECTION,
        now=NOON,
    )


# -- what is encrypted -------------------------------------------------------------------------------------
def test_after_the_rotation_everything_opens_with_the_new_key_alone(settings: Settings) -> None:
    consent = live()
    canary.plant()
    put_in_front(settings, "FERNET_KEYS", NEW_FERNET)

    assert rotation.rotate_fernet() > 6

    assert rotation.misplaced() == 0
    keep_only_the_first(settings, "FERNET_KEYS")
    assert Subject.objects.get(pk=consent.subject_id).phone == phone(1)
    assert rotation.misplaced() == 0


def test_every_table_with_something_encrypted_is_rotated() -> None:
    tables = {table.table for table in rotation.guarded_tables()}

    assert {
        "consents_subject",
        "ledger_detail",
        "consents_inboundmessage",
        "consents_servicemessage",
        "consents_confirmation",
        "key_canary",
    } <= tables


def test_a_second_rotation_has_nothing_to_do(settings: Settings) -> None:
    live()
    put_in_front(settings, "FERNET_KEYS", NEW_FERNET)
    rotation.rotate_fernet()

    assert rotation.rotate_fernet() == 0


def test_a_row_that_changed_meanwhile_is_left_to_whoever_changed_it(settings: Settings) -> None:
    subject = make_consent("granted").subject
    put_in_front(settings, "FERNET_KEYS", NEW_FERNET)
    (table,) = (t for t in rotation.guarded_tables() if t.table == "consents_subject")
    (rows,) = rotation._batches(table, only_old=True)
    Subject.objects.filter(pk=subject.pk).update(phone=phone(7))

    assert rotation._renew(table, rows) == 0
    assert Subject.objects.get().phone == phone(7)


def test_the_verify_pass_finds_a_row_that_names_the_wrong_key(settings: Settings) -> None:
    make_consent("granted")
    put_in_front(settings, "FERNET_KEYS", NEW_FERNET)
    Subject.objects.update(key_id=crypto.current_key_id())

    rotation.rotate_fernet()

    assert rotation.misplaced() == 1


def test_a_wrong_key_never_yields_data(settings: Settings) -> None:
    make_consent("granted")
    settings.FERNET_KEYS = [NEW_FERNET]

    with pytest.raises(crypto.CannotDecrypt):
        Subject.objects.get()
    with pytest.raises(crypto.CannotDecrypt):
        rotation.rotate_fernet()


def test_second_factors_are_rotated_too(settings: Settings) -> None:
    data = {"secret": MFAAdapter().encrypt("geheim"), "used_mask": 3}
    factor = Authenticator.objects.create(user=make_user(), type="totp", data=data)
    put_in_front(settings, "FERNET_KEYS", NEW_FERNET)

    rotation.rotate_fernet()
    keep_only_the_first(settings, "FERNET_KEYS")

    factor.refresh_from_db()
    assert MFAAdapter().decrypt(factor.data["secret"]) == "geheim"
    assert factor.data["used_mask"] == 3


# -- what is held ------------------------------------------------------------------------------------------
def test_held_evidence_opens_with_the_new_hold_key_alone(settings: Settings) -> None:
    make_held()
    put_in_front(settings, "FERNET_HOLD_KEYS", NEW_FERNET)
    assert rotation.misplaced(held=True) == 2

    assert rotation.rotate_held() == 2

    keep_only_the_first(settings, "FERNET_HOLD_KEYS")
    assert rotation.misplaced(held=True) == 0
    assert [each.detail for each in HeldEvidence.objects.order_by("pk")] == [HELD, HELD]


def test_a_rotation_of_hold_keys_that_was_cut_off_goes_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_held()
    put_in_front(settings, "FERNET_HOLD_KEYS", NEW_FERNET)
    monkeypatch.setattr(rotation, "BATCH", 1)
    found = {each.table: each for each in rotation.guarded_tables(held=True)}
    table = found[HeldEvidence._meta.db_table]
    rotation._renew(table, next(rotation._batches(table, only_old=True)))
    assert rotation.misplaced(held=True) == 1

    assert rotation.rotate_held() == 1
    assert rotation.misplaced(held=True) == 0


def test_the_daily_keys_and_the_hold_keys_are_rotated_apart(settings: Settings) -> None:
    make_held()
    before = HeldEvidence.objects.annotate(token=Cast("detail", BinaryField())).get(event_id="1")
    put_in_front(settings, "FERNET_KEYS", NEW_FERNET)

    rotation.rotate_fernet()

    after = HeldEvidence.objects.annotate(token=Cast("detail", BinaryField())).get(event_id="1")
    assert bytes(after.token) == bytes(before.token)


def make_held() -> None:
    hold = make_hold(make_consent("granted").subject)
    for event_id in "12":
        HeldEvidence.objects.create(hold=hold, event_id=event_id, detail=HELD)


# -- pseudonyms --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("by_layer", [False, True])
def test_both_ways_end_in_the_same_pseudonyms(settings: Settings, by_layer: bool) -> None:
    consent = live()
    block(consent)
    put_in_front(settings, "INDEX_KEYS", NEW_INDEX)

    rotation.rotate_index(by_layer=by_layer)

    organisation = consent.purpose.organisation_id
    subject = Subject.objects.get(pk=consent.subject_id)
    current = {
        use: crypto.blind_index(phone(1), use=use, organisation=organisation)
        for use in ("lookup", "suppression")
    }
    assert bytes(subject.phone_index) == current["lookup"]
    assert bytes(subject.suppression_index) == current["suppression"]
    assert bytes(Suppression.objects.get().index) == current["suppression"]
    assert bytes(ServiceMessage.objects.get().recipient_index) == current["lookup"]
    inbound = crypto.blind_index(phone(1), use="inbound")
    assert InboundMessage.objects.filter(sender_index=inbound).exists()
    assert rotation.old_indexes() == 0


def test_a_number_is_found_before_during_and_after(settings: Settings) -> None:
    consent = make_consent("granted")
    organisation = consent.purpose.organisation

    def is_found() -> bool:
        return Subject.objects.with_phone(organisation, phone(1)).get() == consent.subject

    put_in_front(settings, "INDEX_KEYS", NEW_INDEX)
    assert is_found()
    rotation.rotate_index()
    assert is_found()
    put_in_front(settings, "INDEX_KEYS", THIRD_INDEX)
    assert is_found()
    rotation.rotate_index(by_layer=True)

    assert is_found()
    assert Subject.objects.count() == 1


def test_a_known_number_is_not_taken_in_twice(settings: Settings) -> None:
    consent = make_consent("withdrawn")
    put_in_front(settings, "INDEX_KEYS", NEW_INDEX)

    make_consent("granted", purpose=consent.purpose, at=NOON)

    assert Subject.objects.count() == 1


@pytest.mark.parametrize("rotated_first", [Subject, Suppression])
def test_a_blocked_number_is_blocked_at_every_moment(
    settings: Settings, rotated_first: type[models.Model]
) -> None:
    consent = make_consent("granted")
    block(consent)
    put_in_front(settings, "INDEX_KEYS", NEW_INDEX)
    (index,) = (each for each in rotated_first.keyed_indexes if each.is_compared)  # type: ignore[attr-defined]

    for rows in rotation._old_rows(rotated_first, index):
        rotation._renew_index(rotated_first, index, rows, by_layer=True)

    assert Consent.objects.suppressed().get() == consent
    assert not Consent.objects.sendable(NOON).exists()


def test_a_block_made_while_the_key_changes_blocks_at_once(settings: Settings) -> None:
    consent = make_consent("granted")
    put_in_front(settings, "INDEX_KEYS", NEW_INDEX)

    block(consent)

    assert Consent.objects.suppressed().get() == consent


def test_an_old_block_holds_against_a_number_that_is_taken_in_anew(settings: Settings) -> None:
    first = make_consent("granted")
    services.suppress(
        first.purpose.organisation,
        phone(1),
        purpose=first.purpose,
        reason=Suppression.Reason.OBJECTION,
        now=NOON,
    )
    services.erase_subject(first.subject, now=NOON)
    put_in_front(settings, "INDEX_KEYS", NEW_INDEX)

    make_consent("granted", purpose=make_purpose(first.purpose.organisation), at=NOON)

    subject, old = Subject.objects.get(), Suppression.objects.get()
    assert bytes(subject.suppression_index) == bytes(old.index)


def test_limits_count_on_under_the_new_key(settings: Settings) -> None:
    purpose = make_purpose()
    assert count_contact(phone(1), purpose)
    put_in_front(settings, "INDEX_KEYS", NEW_INDEX)

    assert not count_contact(phone(1), purpose)
    assert count_contact(phone(1), purpose, now=NOON + DAY)
    assert ContactGuard.objects.count() == 1


def test_the_codes_of_a_colleague_count_on_under_the_new_key(settings: Settings) -> None:
    for _code in range(limits.CASE_CODES_A_DAY):
        assert limits.take_case_code(phone(1), now=NOON)
    put_in_front(settings, "INDEX_KEYS", NEW_INDEX)

    assert not limits.take_case_code(phone(1), now=NOON)


def test_a_swapped_row_is_noticed_and_left_alone(settings: Settings) -> None:
    consent = make_consent("granted")
    before = bytes(consent.subject.phone_index)
    Subject.objects.update(phone=phone(9))
    put_in_front(settings, "INDEX_KEYS", NEW_INDEX)

    with pytest.raises(rotation.IndexMismatch):
        rotation.rotate_index()

    assert bytes(Subject.objects.get().phone_index) == before


def test_a_leaked_key_alone_finds_nobody_any_more(settings: Settings) -> None:
    consent = make_consent("granted")
    leaked = list(settings.INDEX_KEYS)
    put_in_front(settings, "INDEX_KEYS", NEW_INDEX)
    rotation.rotate_index()

    settings.INDEX_KEYS = leaked

    assert not Subject.objects.with_phone(consent.purpose.organisation, phone(1)).exists()


def test_an_erasure_finds_messages_under_both_keys(settings: Settings) -> None:
    consent = make_consent("granted")
    confirmations.queue_welcome(consent, now=NOON)
    put_in_front(settings, "INDEX_KEYS", NEW_INDEX)
    writing.queue_answer(
        ServiceMessage.Kind.STOPPED,
        organisation=consent.purpose.organisation,
        sender="26112",
        phone=phone(1),
        language="nb",
        now=NOON,
    )

    services.erase_subject(Subject.objects.get(), now=NOON)

    assert not ServiceMessage.objects.exists()


def test_every_pseudonym_of_a_number_is_declared() -> None:
    declared = {(model, each.field) for model, each in rotation.keyed_indexes()}
    found = {
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.local_fields
        if type(field) is models.BinaryField and field.name.endswith("index")
    }

    assert found <= declared


# -- the command and the canary ----------------------------------------------------------------------------
def test_the_command_rotates_and_checks(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    live()
    put_in_front(settings, "FERNET_KEYS", NEW_FERNET)
    put_in_front(settings, "INDEX_KEYS", NEW_INDEX)
    with pytest.raises(CommandError, match="not under the newest key"):
        call_command("rotate_keys", "fernet", "--verify")

    call_command("rotate_keys", "fernet")
    call_command("rotate_keys", "index")
    call_command("rotate_keys", "hold")

    assert capsys.readouterr().out.count("Every row is under the newest key.") == 3


def test_the_command_says_that_there_is_no_hold_key(settings: Settings) -> None:
    settings.FERNET_HOLD_KEYS = []

    with pytest.raises(CommandError, match="FERNET_HOLD_KEYS is empty"):
        call_command("rotate_keys", "hold")


def test_the_right_keys_open_the_canary_before_and_after_a_rotation(settings: Settings) -> None:
    canary.plant()
    put_in_front(settings, "FERNET_KEYS", NEW_FERNET)
    put_in_front(settings, "INDEX_KEYS", NEW_INDEX)
    assert canary.problem() == ""

    rotation.rotate_fernet()
    rotation.rotate_index()

    keep_only_the_first(settings, "FERNET_KEYS")
    assert canary.problem() == ""


@pytest.mark.parametrize(("name", "key"), [("FERNET_KEYS", NEW_FERNET), ("INDEX_KEYS", NEW_INDEX)])
def test_the_wrong_keys_do_not_start(settings: Settings, name: str, key: str) -> None:
    canary.plant()
    setattr(settings, name, [key])

    with pytest.raises(SystemExit, match="put the right ones back"):
        canary.require_right_keys()


def test_a_block_in_the_journal_outlives_a_new_index_key(settings: Settings, tmp_path) -> None:
    settings.JOURNAL_FILE = tmp_path / "journal.jsonl"
    consent = make_consent("granted")
    block(consent, 5)
    journal.drain()
    (entry,) = (each for each in journalfile.backwards() if each.type == journal.BLOCKED)
    put_in_front(settings, "INDEX_KEYS", NEW_INDEX)

    content = journal_blocks.open_block(entry)

    assert content["index"] == (
        crypto.blind_index(
            phone(5), use="suppression", organisation=consent.purpose.organisation_id
        ).hex()
    )
