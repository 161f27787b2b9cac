"""Sixteen colleagues type at once: a code still has five tries, and opens a case once (trust.md § 9)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import connection

from consents import services
from consents.models import Case, CaseEvent
from smsconsent import signing
from tests.make import NOON, make_purpose, make_user, phone

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 16


def answer(case: Case, code: str) -> str:
    """Return the name of what came of one try."""
    try:
        services.check_case_code(case, code, by=case.registered_by, now=NOON)
    except (services.CodeWrong, services.CodeOver) as error:
        return type(error).__name__
    finally:
        connection.close()
    return "right"


@pytest.fixture
def case(monkeypatch: pytest.MonkeyPatch) -> Case:
    monkeypatch.setattr(signing, "new_pin", lambda digits=6: "123456")
    made = services.register_case(
        make_purpose().organisation,
        phone(),
        kind="access",
        channel="phone",
        received_on=date(2026, 3, 10),
        language="nb",
        note="",
        by=make_user(),
        now=NOON,
    )
    services.send_case_code(made, by=made.registered_by, now=NOON)
    return made


def test_a_code_has_five_tries_however_many_type_at_once(case: Case) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(lambda _n: answer(case, "000000"), range(AT_ONCE)))

    assert (results.count("CodeWrong"), results.count("CodeOver")) == (5, AT_ONCE - 5)
    with pytest.raises(services.CodeOver):
        services.check_case_code(case, "123456", by=case.registered_by, now=NOON)


def test_the_right_code_opens_the_case_once(case: Case) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(lambda _n: answer(case, "123456"), range(AT_ONCE)))

    assert results.count("right") == 1
    assert CaseEvent.objects.filter(case=case, kind="identified").count() == 1
