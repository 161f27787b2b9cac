"""Many rows at once: the same rows as one by one, on both databases."""

import pytest
from django.db import IntegrityError, transaction
from django.forms import model_to_dict

from consents.models import Subject
from smsconsent import bulk, crypto
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
