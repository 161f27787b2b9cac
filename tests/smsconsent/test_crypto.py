"""Encrypted columns, on the database of the run: nothing readable gets in, and nothing else comes out."""

import pytest
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import IntegrityError, connection, transaction
from django.db.models import Case, CharField, F, TextField, Value, When
from django.db.models.functions import Concat, Upper
from pytest_django import Settings

from consents.models import InboundMessage, Subject
from smsconsent import crypto
from smsconsent.phones import Phone
from smsconsent.staff.adapters import MFAAdapter
from tests.make import make_consent, make_organisation, phone

pytestmark = pytest.mark.django_db
NEW_KEY = "another key for tests, made up like the first"


@pytest.fixture
def subject() -> Subject:
    return make_consent("granted").subject


def stored(subject: Subject, column: str = "phone") -> bytes:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM consents_subject WHERE id = %s", [subject.pk])
        return bytes(cursor.fetchone()[0])


def test_a_number_comes_back_as_it_went_in_and_is_ciphertext_between(subject: Subject) -> None:
    assert Subject.objects.get().phone == phone()
    assert stored(subject).startswith(b"gAAAA")
    assert b"9000" not in stored(subject)


def test_the_same_number_is_never_the_same_ciphertext(subject: Subject) -> None:
    before = stored(subject)
    subject.save()

    assert stored(subject) != before


@pytest.mark.parametrize("value", ["+4790000001", b"+4790000001", 90000001, object()])
def test_only_a_phone_goes_into_a_column_of_phones(subject: Subject, value: object) -> None:
    with pytest.raises(crypto.PlaintextRefused):
        Subject.objects.update(phone=value)


def test_update_and_bulk_update_encrypt(subject: Subject) -> None:
    Subject.objects.update(phone=phone(2))
    assert Subject.objects.get().phone == phone(2)

    subject.phone = phone(3)
    Subject.objects.bulk_update([subject], ["phone"])

    assert Subject.objects.get().phone == phone(3)
    assert stored(subject).startswith(b"gAAAA")


@pytest.mark.parametrize(
    "expression",
    [
        F("language"),
        Value("+4790000001"),
        Value("+4790000001", output_field=CharField()),
        Upper("language"),
        Concat(Value("+47"), F("language"), output_field=TextField()),
        Case(When(pk__gt=0, then=Value("+4790000001")), default=Value("x")),
    ],
)
def test_no_expression_writes_plaintext(subject: Subject, expression: object) -> None:
    before = stored(subject)

    with pytest.raises((crypto.PlaintextRefused, FieldError)), transaction.atomic():
        Subject.objects.update(phone=expression)

    assert stored(subject) == before


def test_plaintext_cannot_be_written_around_the_field(subject: Subject) -> None:
    with (
        pytest.raises(IntegrityError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE consents_subject SET phone = %s", [b"+4790000001"])


@pytest.mark.parametrize(
    "lookup", [{"phone": phone()}, {"phone__contains": "9000"}, {"phone__in": [phone()]}]
)
def test_a_number_is_not_searched_in_its_ciphertext(
    subject: Subject, lookup: dict[str, object]
) -> None:
    with pytest.raises((FieldError, TypeError, crypto.PlaintextRefused)):
        list(Subject.objects.filter(**lookup))


def test_a_number_is_found_through_its_index(subject: Subject) -> None:
    assert Subject.objects.with_phone(subject.organisation, phone()).get() == subject
    assert not Subject.objects.with_phone(subject.organisation, phone(2)).exists()
    assert not Subject.objects.with_phone(make_organisation(), phone()).exists()


def test_an_index_says_nothing_across_organisations_and_uses() -> None:
    indexes = {
        crypto.blind_index(phone(), use=use, organisation=organisation)
        for use in ("lookup", "suppression", "inbound", "limit")
        for organisation in (None, 1, 2)
    }

    assert len(indexes) == 12


def test_an_old_key_still_reads_and_a_new_one_writes(subject: Subject, settings: Settings) -> None:
    old = list(settings.FERNET_KEYS)
    settings.FERNET_KEYS = [NEW_KEY, *old]
    assert Subject.objects.get().phone == phone()
    old_id = crypto.current_key_id()

    Subject.objects.update(phone=phone(2))
    settings.FERNET_KEYS = [NEW_KEY]

    assert Subject.objects.values_list("phone", flat=True).get() == phone(2)
    assert crypto.current_key_id() == old_id


def test_without_its_key_a_number_is_lost_and_says_so(subject: Subject, settings: Settings) -> None:
    settings.FERNET_KEYS = [NEW_KEY]

    with pytest.raises(crypto.CannotDecrypt):
        Subject.objects.get()


def test_an_old_index_key_still_finds(subject: Subject, settings: Settings) -> None:
    settings.INDEX_KEYS = ["A" * 43 + "=", *settings.INDEX_KEYS]

    assert Subject.objects.with_phone(subject.organisation, phone()).get() == subject


@pytest.mark.parametrize("later_keys", [[], ["A" * 43 + "="]])
def test_an_index_is_checked_against_the_number_beside_it(
    settings: Settings, later_keys: list[str]
) -> None:
    stored = crypto.blind_index(phone(1), use="lookup", organisation=7)
    settings.INDEX_KEYS = [*later_keys, *settings.INDEX_KEYS]

    is_index = crypto.index_checker(use="lookup", organisation=7)

    assert is_index(phone(1), stored)
    assert is_index(phone(1), crypto.blind_index(phone(1), use="lookup", organisation=7))
    assert not is_index(phone(2), stored)


@pytest.mark.parametrize("keys", [[], ["too short"], ["!" * 44]])
def test_a_key_that_is_none_is_refused(settings: Settings, keys: list[str]) -> None:
    settings.INDEX_KEYS = keys

    with pytest.raises(ImproperlyConfigured):
        crypto.blind_index(phone(), use="lookup")


def test_tampered_ciphertext_does_not_open() -> None:
    token = bytearray(crypto.encrypt_bytes(b"value"))
    token[-5] ^= 1

    with pytest.raises(crypto.CannotDecrypt):
        crypto.decrypt_bytes(bytes(token))


@pytest.mark.parametrize("text", ["", "æøå 😀", "x" * 5000, "a\x00b"])
def test_any_text_comes_back(text: str) -> None:
    message = InboundMessage(
        gateway="strex", message_id="1", recipient="26112", text=text, state="done"
    )
    message.received_at = make_organisation().created_at
    message.save()

    assert InboundMessage.objects.get().text == text


def test_null_stays_null() -> None:
    message = InboundMessage(gateway="s", message_id="1", sender=None, text="", state="done")
    message.received_at = make_organisation().created_at
    message.save()

    assert InboundMessage.objects.get().sender is None


def test_a_second_factor_is_encrypted_at_rest() -> None:
    secret = MFAAdapter().encrypt("JBSWY3DPEHPK3PXP")

    assert "JBSWY3DP" not in secret
    assert MFAAdapter().decrypt(secret) == "JBSWY3DPEHPK3PXP"


def test_phones_are_compared_and_not_their_ciphertexts() -> None:
    assert Phone("+4790000001") == phone(1)
