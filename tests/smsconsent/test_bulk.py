"""Many rows at once: the same rows as one by one, on both databases."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.forms import model_to_dict

from consents import merkle
from consents.models import ConsentEvent, Subject
from smsconsent import bulk, crypto
from smsconsent.trips import Trip
from tests.make import NOON, make_organisation, phone

pytestmark = pytest.mark.django_db
ODD = "a\\b\tc\nd\re\\N"


def make_subjects(count: int) -> list[Subject]:
    organisation = make_organisation()
    return [
        Subject(
            organisation=organisation,
            phone=phone(number),
            phone_index=crypto.blind_index(phone(number), use="lookup", organisation=1),
            suppression_index=b"\\\x00\t\n",
            tag_key=b"\x00" * 32,
            key_id=ODD[:8],
            created_at=NOON,
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("count", [0, 1, bulk.WORTHWHILE, bulk.WORTHWHILE * 2])
def test_rows_come_back_as_they_were(count: int) -> None:
    made = make_subjects(count)

    bulk.insert(made)

    found = {subject.pk: subject for subject in Subject.objects.all()}
    assert len(found) == count
    for subject in made:
        assert model_to_dict(found[subject.pk]) == model_to_dict(subject)
        assert found[subject.pk].phone == subject.phone
        assert bytes(found[subject.pk].suppression_index) == b"\\\x00\t\n"
        assert found[subject.pk].key_id == ODD[:8]


def test_keys_of_later_rows_do_not_collide() -> None:
    bulk.insert(make_subjects(bulk.WORTHWHILE))

    make_subjects(1)[0].save()

    assert Subject.objects.count() == bulk.WORTHWHILE + 1


def test_a_row_that_is_there_already_stops_them_all() -> None:
    made = make_subjects(bulk.WORTHWHILE)
    made[-1].phone_index = made[0].phone_index

    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert(made)

    assert not Subject.objects.exists()


@pytest.mark.parametrize("count", [1, bulk.WORTHWHILE, 2 * bulk.PIECE + 1])
def test_values_are_inserted_under_keys_that_were_reserved(count: int) -> None:
    organisation = make_organisation()
    keys = bulk.reserve(Subject, count)
    columns = (
        "id",
        "public_id",
        "phone",
        "phone_index",
        "suppression_index",
        "tag_key",
        "language",
    )
    rows = [
        (key, uuid4(), phone(place), b"%d" % place, b"\\\x00\t\n", b"\x00" * 32, "nb")
        for place, key in enumerate(keys)
    ]
    same = {
        "organisation_id": organisation.pk, "key_id": ODD[:8], "created_at": NOON, "event_count": 0,
        "last_event_hash": b"", "index_key_id": "50%s", "suppression_key_id": "", "suspended_for": "",
        "bounce_count": 0,
    }  # fmt: skip

    bulk.insert_values(Subject, columns, iter(rows), same=same)

    found = list(Subject.objects.order_by("pk"))
    assert [(each.pk, each.public_id, each.phone) for each in found] == [row[:3] for row in rows]
    assert {(each.key_id, each.index_key_id, each.held_at) for each in found} == {
        (ODD[:8], "50%s", None)
    }
    make_subjects(1)[0].save()
    assert Subject.objects.count() == count + 1


@pytest.mark.parametrize("count", [1, bulk.WORTHWHILE])
def test_what_was_sealed_ahead_is_stored_as_it_is(count: int) -> None:
    seal = crypto.sealing_ahead(Subject, "phone")
    sealed = [seal(phone(number)) for number in range(count)]
    made = make_subjects(count)
    for subject, one in zip(made, sealed, strict=True):
        subject.phone = one

    bulk.insert(made)

    rows = Subject.objects.order_by("pk").values_list(crypto.token_of("phone"), "phone")
    assert [(bytes(token), number) for token, number in rows] == [
        (one.token, phone(number)) for number, one in enumerate(sealed)
    ]


def test_what_was_sealed_for_another_kind_of_field_is_refused() -> None:
    made = make_subjects(1)
    made[0].phone = crypto.sealing_ahead(Subject, "tag_key")(b"\x00" * 32)

    with pytest.raises(crypto.PlaintextRefused):
        bulk.insert(made)


def test_what_fails_on_the_way_leaves_no_row_behind() -> None:
    def rows() -> Iterator[bulk.Values]:
        for place in range(bulk.WORTHWHILE + bulk.PIECE):
            yield f"{place}", b"", merkle.leaf_hash(b"")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        bulk.insert_values(ConsentEvent, ("event_id", "header", "leaf_hash"), rows(), same={})

    assert not ConsentEvent.objects.exists()


@pytest.mark.postgres
def test_a_key_that_names_nothing_is_found_and_the_rest_done_meanwhile() -> None:
    made, done = make_subjects(1), list[str]()
    made[0].organisation_id = 4711

    def insert() -> None:
        bulk.insert(made)
        bulk.check_keys(Trip(), meanwhile=lambda: done.append("read"))

    with pytest.raises(IntegrityError), transaction.atomic():
        insert()

    assert done == ["read"]
    assert not Subject.objects.exists()


@pytest.mark.parametrize("count", [1, bulk.WORTHWHILE])
def test_rows_are_updated_each_with_its_own_values(count: int) -> None:
    made = make_subjects(count)
    bulk.insert(made)
    for place, subject in enumerate(made):
        subject.event_count, subject.last_event_hash = place, b"\\%d" % place
        subject.language = "nn"

    bulk.update(made, "event_count", "last_event_hash")

    rows = Subject.objects.order_by("pk").values_list("event_count", "last_event_hash", "language")
    assert [(number, bytes(digest), language) for number, digest, language in rows] == [
        (place, b"\\%d" % place, "nb") for place in range(count)
    ]
