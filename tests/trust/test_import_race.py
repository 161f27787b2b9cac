"""An import against the people it is about: whichever commits first, a stop, a no and a block hold."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from threading import Event
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from consents import confirmations, import_rows, imports, ledger, services, transitions
from consents.import_people import Context, People
from consents.import_rules import Good
from consents.ledger import Proof
from consents.models import Consent, ConsentImport, EventDetail, Purpose, Subject, Suppression
from smsconsent.gateways import Basis, Callback, Inbound, Trust
from smsconsent.trips import Trip
from tests.make import DAY, SHORT_NUMBER, make_purpose, make_user, phone
from tests.trust import size

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
PEOPLE = size.of(60, 600)


def in_a_session_of_its_own(work: Callable[[], object]) -> None:
    try:
        work()
    finally:
        connection.close()


def take_in(purpose: Purpose, numbers: list[int]) -> ConsentImport:
    at = f"{timezone.now() - 30 * DAY:%Y-%m-%d %H:%M}"
    rows = [f"{phone(number).e164};{purpose.slug};Kassa;paper_form;{at};1" for number in numbers]
    text = "\n".join(["number;purpose;source;method;time;wording", *rows]).encode()
    run = services.open_import(
        purpose.organisation, lambda: BytesIO(text), by=None, is_dry_run=False, now=timezone.now()
    )
    imports.work(run, lambda: BytesIO(text), now=timezone.now(), until=lambda: False)
    return run


def stop(number: int) -> None:
    now = timezone.now()
    inbound = Inbound(
        message_id=uuid4().hex,
        sender=phone(number),
        recipient=SHORT_NUMBER,
        text="STOPP",
        is_stop=None,
        received_at=now,
    )
    callback = Callback(trust=Trust.SIGNED, basis=Basis.SIGNATURE, nonce=None)
    services.receive_message(inbound, gateway="strex", callback=callback, body=b"", now=now)


def test_an_import_waits_for_the_stop_of_a_stranger_that_is_under_way() -> None:
    purpose, stored, go_on = make_purpose(), Event(), Event()
    runs: list[ConsentImport] = []

    def stop_slowly() -> None:
        with transaction.atomic():
            stop(1)
            stored.set()
            go_on.wait(10)

    with ThreadPoolExecutor(2) as threads:
        stopping = threads.submit(in_a_session_of_its_own, stop_slowly)
        assert stored.wait(10)
        importing = threads.submit(
            in_a_session_of_its_own, lambda: runs.append(take_in(purpose, [1]))
        )
        with pytest.raises(TimeoutError):
            importing.result(timeout=0.5)
        go_on.set()
        stopping.result(10)
        importing.result(10)

    assert [problem.code for problem in runs[0].problems.all()] == ["stopped_since"]
    assert not Consent.objects.exists()


def test_the_stop_of_a_stranger_waits_for_the_import_that_is_storing_the_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    purpose, looked, go_on = make_purpose(), Event(), Event()
    real = import_rows.write

    def write_slowly(context: Context, found: People, rows: list[Good], *, trip: Trip) -> None:
        looked.set()
        go_on.wait(10)
        real(context, found, rows, trip=trip)

    monkeypatch.setattr(import_rows, "write", write_slowly)
    with ThreadPoolExecutor(2) as threads:
        importing = threads.submit(in_a_session_of_its_own, lambda: take_in(purpose, [1]))
        assert looked.wait(10)
        stopping = threads.submit(in_a_session_of_its_own, lambda: stop(1))
        with pytest.raises(TimeoutError):
            stopping.result(timeout=0.5)
        go_on.set()
        importing.result(10)
        stopping.result(10)

    assert Consent.objects.get().state == "withdrawn"


def test_whatever_people_do_while_they_are_imported_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "BATCH", 5)
    purpose, numbers = make_purpose(), list(range(1, PEOPLE + 1))
    dice = random.Random(20261125)
    choices = {number: dice.choice(["stop", "no", "block", "ask and stop"]) for number in numbers}
    order = dice.sample(numbers, len(numbers))

    def live() -> None:
        for number in order:
            act(choices[number], purpose, number)

    with ThreadPoolExecutor(3) as threads:
        importing = threads.submit(in_a_session_of_its_own, lambda: take_in(purpose, numbers))
        living = threads.submit(in_a_session_of_its_own, live)
        importing.result(60)
        living.result(60)
    run = ConsentImport.objects.get()
    services.approve_import(run, by=make_user(), reason="Alle skjema er sett", now=timezone.now())

    assert run.good_count + run.problem_count == len(numbers)
    assert not Consent.objects.sendable(timezone.now()).exists()
    for number in numbers:
        subject = Subject.objects.with_phone(purpose.organisation, phone(number)).first()
        if subject is not None:
            require_whole(subject)


def act(choice: str, purpose: Purpose, number: int) -> None:
    now, wording = timezone.now(), purpose.wordings.get()
    if choice == "stop":
        stop(number)
    elif choice == "block":
        reason = Suppression.Reason.OBJECTION
        services.suppress(purpose.organisation, phone(number), purpose=None, reason=reason, now=now)
    else:
        asked = confirmations.ask(
            purpose, phone(number), wording=wording, source="web", proof=Proof("web_form"), now=now
        )
        assert asked is not None
        consent = asked.consent
        later = now + timedelta(seconds=1)
        if choice == "no":
            # Where the import came first the question is one to renew, and a no to it a stop (decision 31).
            says_no, proof = (transitions.refuse, transitions.withdraw), Proof("mo_reply")
            assert any(each(consent, proof=proof, now=later) for each in says_no)
        else:
            stop(number)


def require_whole(subject: Subject) -> None:
    """The evidence of one person has no gap, no double and a chain that holds."""
    details = list(EventDetail.objects.filter(subject=subject).order_by("seq"))
    assert [detail.seq for detail in details] == list(range(1, subject.event_count + 1))
    previous = b""
    for detail in details:
        assert ledger.open_detail(detail)["prev"] == previous.hex()
        previous = sha256(bytes(detail.event.header)).digest()
    assert bytes(subject.last_event_hash) == previous
