"""Requests from people: the clock, the code, what is carried out, the answer, the end (law.md L43-L47)."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from consents import cases, retention, services, writing
from consents.models import (
    Case,
    CaseEvent,
    Consent,
    Disclosure,
    Letter,
    Organisation,
    ServiceMessage,
    Subject,
    Suppression,
)
from smsconsent.gsm import measure
from smsconsent.staff.models import User
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    make_consent,
    make_organisation,
    make_purpose,
    make_user,
    phone,
)

pytestmark = pytest.mark.django_db
TODAY = NOON.date()


def make_case(
    kind: str = "access",
    *,
    organisation: Organisation | None = None,
    number: int = 1,
    received_on: date = TODAY,
    language: str = "nb",
    identified: bool = False,
) -> Case:
    organisation = organisation or make_purpose().organisation
    case = services.register_case(
        organisation,
        phone(number),
        kind=kind,
        channel="phone",
        received_on=received_on,
        language=language,
        note="",
        by=make_user(),
        now=NOON,
    )
    if identified:
        Case.objects.filter(pk=case.pk).update(identified_at=NOON)
        case.refresh_from_db()
    return case


def close(case: Case, outcome: str = "done", *, reason: str = "", text: str = "") -> Letter:
    return services.close_case(
        case, outcome=outcome, reason=reason, text=text, by=make_user(), now=NOON
    )


def send_code(case: Case, *, now: datetime = NOON) -> str:
    services.send_case_code(case, by=make_user(), now=now)
    newest = ServiceMessage.objects.filter(kind="case_code").order_by("-queued_at", "-pk")
    codes = {message.text for message in newest if message.queued_at == now}
    [text] = codes
    found = re.search(r"\d{6}", text)
    assert found
    return found[0]


def read_back(case: Case, code: str, *, now: datetime = NOON) -> None:
    services.check_case_code(case, code, by=make_user(), now=now)


# -- the clock -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("received", "due", "extended"),
    [
        (date(2026, 3, 10), date(2026, 4, 10), date(2026, 6, 10)),
        (date(2026, 1, 31), date(2026, 2, 28), date(2026, 4, 30)),
        (date(2024, 1, 31), date(2024, 2, 29), date(2024, 4, 30)),
        (date(2024, 1, 29), date(2024, 2, 29), date(2024, 4, 29)),
        (date(2026, 12, 31), date(2027, 1, 31), date(2027, 3, 31)),
    ],
)
def test_a_case_is_due_the_same_day_next_month_or_its_last(
    received: date, due: date, extended: date
) -> None:
    case = make_case(received_on=received)
    assert case.due_on == due
    assert case.warn_on == received + timedelta(days=21)

    at = datetime.combine(due, NOON.timetz())
    services.extend_case(case, reason="Mange saker", by=make_user(), now=at)

    case.refresh_from_db()
    assert case.due_on == extended


def test_more_time_needs_a_reason() -> None:
    with pytest.raises(services.ReasonMissing):
        services.extend_case(make_case(), reason="  ", by=make_user(), now=NOON)


@pytest.mark.parametrize("days", [32, 100])
def test_more_time_is_taken_within_the_first_month_only(days: int) -> None:
    case = make_case()

    with pytest.raises(services.TooLateToExtend):
        services.extend_case(case, reason="Mange", by=make_user(), now=NOON + days * DAY)


def test_more_time_is_taken_once() -> None:
    case = make_case()
    services.extend_case(case, reason="Mange", by=make_user(), now=NOON)

    with pytest.raises(services.TooLateToExtend):
        services.extend_case(case, reason="Mange", by=make_user(), now=NOON)


def test_the_person_is_told_why_it_takes_longer() -> None:
    case = make_case()

    letter = services.extend_case(case, reason="Vi har mange saker", by=make_user(), now=NOON)

    assert "Vi har mange saker" in letter.text
    assert "10. juni 2026" in letter.text
    assert "Datatilsynet" in letter.text


@pytest.mark.parametrize(
    ("after", "mails"),
    [(timedelta(days=20), 0), (timedelta(days=21), 1), (timedelta(days=31), 1), (32 * DAY, 2)],
)
def test_the_privacy_officer_is_reminded_once_for_each_threshold(
    after: timedelta, mails: int
) -> None:
    case = make_case()
    make_user("privacy_officer", case.organisation, email="ombud@fjord.example")

    for day in range(after.days + 1):
        for _time in range(2):
            cases.remind(now=NOON + day * DAY)

    assert len(mail.outbox) == mails
    assert all(sent.to == ["ombud@fjord.example"] for sent in mail.outbox)
    assert all(case.reference in sent.body and "900" not in sent.body for sent in mail.outbox)


def test_more_time_starts_the_reminders_anew() -> None:
    case = make_case()
    make_user("privacy_officer", case.organisation)
    cases.remind(now=NOON + 21 * DAY)
    services.extend_case(case, reason="Mange", by=make_user(), now=NOON + 22 * DAY)

    cases.remind(now=NOON + 60 * DAY)
    assert len(mail.outbox) == 1
    cases.remind(now=NOON + 86 * DAY)
    assert len(mail.outbox) == 2


def test_mail_that_cannot_be_sent_keeps_no_other_organisation_waiting() -> None:
    for number, email in enumerate(["no\nheader@fjord.example", "ombud@fjell.example"], start=1):
        case = make_case(number=number)
        make_user("privacy_officer", case.organisation, email=email)

    with pytest.raises(ValueError, match="newlines"):
        cases.remind(now=NOON + 21 * DAY)

    assert [sent.to for sent in mail.outbox] == [["ombud@fjell.example"]]


def test_a_closed_case_reminds_of_nothing() -> None:
    case = make_case()
    make_user("privacy_officer", case.organisation)
    close(case, "taken_back")

    assert cases.remind(now=NOON + 60 * DAY) == 0


# -- whose number it is ----------------------------------------------------------------------------
def test_a_code_to_the_number_shows_whose_it_is() -> None:
    case = make_case()

    read_back(case, send_code(case), now=NOON + 14 * MINUTE)

    case.refresh_from_db()
    assert case.identified_at == NOON + 14 * MINUTE


def test_a_code_is_sent_to_a_number_that_we_know_nothing_about() -> None:
    case = make_case(number=77)

    assert send_code(case)
    assert not Subject.objects.exists()


@pytest.mark.parametrize(("after", "works"), [(15 * MINUTE - SECOND, True), (15 * MINUTE, False)])
def test_a_code_lives_fifteen_minutes(after: timedelta, works: bool) -> None:
    case = make_case()
    code = send_code(case)

    if works:
        read_back(case, code, now=NOON + after)
    else:
        with pytest.raises(services.CodeOver):
            read_back(case, code, now=NOON + after)


def test_five_wrong_tries_end_a_code() -> None:
    case = make_case()
    code = send_code(case)
    wrong = "000000" if code != "000000" else "111111"
    for _try in range(5):
        with pytest.raises(services.CodeWrong):
            read_back(case, wrong)

    with pytest.raises(services.CodeOver):
        read_back(case, code)


def test_a_code_of_one_case_opens_no_other() -> None:
    first = make_case()
    second = make_case("erasure", organisation=first.organisation)
    code = send_code(first)
    send_code(second, now=NOON + SECOND)

    with pytest.raises(services.CodeWrong):
        read_back(second, code)


def test_a_new_code_ends_the_earlier_one() -> None:
    case = make_case()
    code = send_code(case)
    send_code(case, now=NOON + MINUTE)

    with pytest.raises((services.CodeWrong, services.CodeOver)):
        read_back(case, code, now=NOON + 2 * MINUTE)


def test_a_number_gets_three_codes_a_day() -> None:
    case = make_case()
    for minute in range(3):
        send_code(case, now=NOON + minute * MINUTE)

    with pytest.raises(services.CodeNotSent):
        services.send_case_code(case, by=make_user(), now=NOON + HOUR)


def test_the_code_is_hashed_at_rest() -> None:
    case = make_case()
    code = send_code(case)

    assert code.encode() not in bytes(case.codes.get().digest)
    assert len(bytes(case.codes.get().digest)) == 32


def test_no_field_of_a_case_takes_a_document(client: Client) -> None:
    case = make_case()
    client.force_login(make_user("privacy_officer", case.organisation))

    for name, args in (
        ("case-new", []),
        ("case", [case.public_id]),
        ("case-close", [case.public_id]),
    ):
        page = client.get(reverse(f"people:{name}", args=[case.organisation.slug, *args]))
        assert b'type="file"' not in page.content


# -- what is carried out ---------------------------------------------------------------------------
def act(case: Case, **values: object) -> dict[str, int]:
    return services.act_on_case(case, by=make_user(), now=NOON, **values)  # type: ignore[arg-type]  # one number


@pytest.mark.parametrize("kind", ["access", "portability", "erasure", "rectification"])
def test_what_shows_or_destroys_needs_the_number_to_be_shown(kind: str) -> None:
    with pytest.raises(services.NotIdentified):
        act(make_case(kind))


def test_erasure_leaves_the_case_and_nothing_else() -> None:
    consent = make_consent("granted")
    case = make_case("erasure", organisation=consent.purpose.organisation, identified=True)

    act(case)

    assert not Subject.objects.exists()
    assert Case.objects.get().acted_at == NOON


def test_an_objection_needs_no_reason_and_ends_and_blocks_everything() -> None:
    consent = make_consent("granted")
    make_consent("granted", purpose=make_purpose(consent.purpose.organisation))

    act(make_case("objection", organisation=consent.purpose.organisation))

    assert set(Consent.objects.values_list("state", flat=True)) == {"withdrawn"}
    assert Suppression.objects.get().reason == "objection"
    assert Suppression.objects.get().purpose is None


def test_an_objection_blocks_a_number_that_we_know_nothing_about() -> None:
    case = make_case("objection", number=77)

    act(case)

    assert Suppression.objects.blocking(case.organisation, phone(77)).exists()


def test_a_restriction_holds_marketing_until_it_is_lifted() -> None:
    consent = make_consent("granted")
    case = make_case("restriction", organisation=consent.purpose.organisation)
    act(case)
    services.release_number(consent.subject)
    assert not Consent.objects.sendable(NOON).exists()

    services.lift_restriction(case, by=make_user(), now=NOON)

    assert Consent.objects.sendable(NOON).exists()


def test_a_corrected_number_answers_for_itself() -> None:
    consent = make_consent("granted")
    case = make_case("rectification", organisation=consent.purpose.organisation, identified=True)

    counts = act(case, new_phone=phone(2))

    consent.refresh_from_db()
    asked = Consent.objects.exclude(pk=consent.pk).get()
    assert counts == {"ended": 1, "asked": 1, "not_asked": 0}
    assert (consent.state, asked.state) == ("withdrawn", "pending")
    assert asked.subject.phone == phone(2)
    assert ServiceMessage.objects.get(kind="confirmation").recipient == phone(2)


@pytest.mark.parametrize("other", ["access", "portability", "restriction"])
def test_erasing_waits_for_what_it_would_take_away(other: str) -> None:
    case = make_case("erasure", identified=True)
    blocking = make_case(other, organisation=case.organisation)
    assert cases.related(case) == [("clashing", blocking)]

    with pytest.raises(services.ClashingRequest):
        act(case)

    close(blocking, "taken_back")
    act(case)


def test_the_same_request_twice_is_recognised() -> None:
    first = make_case("access")
    second = make_case("access", organisation=first.organisation)
    make_case("access", organisation=first.organisation, number=2)
    make_case("objection", organisation=first.organisation)

    assert cases.related(second) == [("doubled", first)]


# -- the answer ------------------------------------------------------------------------------------
@pytest.mark.parametrize("outcome", ["refused", "partly"])
def test_a_refusal_needs_a_reason(outcome: str) -> None:
    with pytest.raises(services.ReasonMissing):
        close(make_case(identified=True), outcome)


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
@pytest.mark.parametrize("kind", Case.Kind.values)
def test_every_answer_says_how_to_complain(kind: str, language: str) -> None:
    case = make_case(kind, language=language)

    for outcome in Case.Outcome.values:
        text = cases.draft(case, Letter.Kind.ANSWER, outcome=outcome, reason="Fordi")

        assert "postkasse@datatilsynet.no" in text
        assert case.organisation.contact_email in text
        assert ("Fordi" in text) is (outcome in {"refused", "partly", "not_shown"})


@pytest.mark.parametrize(
    ("language", "words"),
    [("nb", "ba du om innsyn"), ("nn", "bad du om innsyn"), ("en", "you asked to see")],
)
def test_the_answer_is_in_the_language_of_the_case(language: str, words: str) -> None:
    case = make_case(language=language, identified=True)

    assert words in close(case).text


def test_the_officer_may_change_the_words_but_not_leave_out_the_complaint() -> None:
    case = make_case(identified=True)
    with pytest.raises(services.ComplaintMissing):
        close(case, text="Her er alt.")

    letter = close(case, text="Her er alt. Du kan klage til Datatilsynet.")

    assert letter.text == "Her er alt. Du kan klage til Datatilsynet."


@pytest.mark.parametrize("kind", sorted(cases.NEEDS_ACTION))
def test_a_case_is_not_done_before_it_is_carried_out(kind: str) -> None:
    with pytest.raises(services.NotActedUpon):
        close(make_case(kind, identified=True))


@pytest.mark.parametrize("kind", sorted(cases.NEEDS_IDENTITY))
def test_a_case_is_not_done_for_a_stranger(kind: str) -> None:
    with pytest.raises(services.NotIdentified):
        close(make_case(kind))


def test_the_database_closes_no_case_without_an_outcome() -> None:
    case = make_case()

    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(closed_at=NOON)


LATE: dict[str, Callable[[Case, User], object]] = {
    "close": lambda case, by: close(case, "taken_back"),
    "extend": lambda case, by: services.extend_case(case, reason="x", by=by, now=NOON),
    "act": lambda case, by: services.act_on_case(case, by=by, now=NOON),
    "code": lambda case, by: services.send_case_code(case, by=by, now=NOON),
}


@pytest.mark.parametrize("step", LATE)
def test_nothing_more_is_done_in_a_closed_case(step: str) -> None:
    case = make_case("objection")
    close(case, "taken_back")

    with pytest.raises(services.CaseClosed):
        LATE[step](case, make_user())


def test_each_step_leaves_a_line() -> None:
    case = make_case("objection")
    read_back(case, send_code(case))
    services.extend_case(case, reason="Mange", by=make_user(), now=NOON)
    act(case)
    close(case)

    kinds = CaseEvent.objects.filter(case=case).order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == [
        "registered", "code_sent", "identified", "extended", "letter", "acted", "letter", "closed",
    ]  # fmt: skip


def test_the_code_is_one_short_message() -> None:
    organisation = make_organisation(name="N" * 60)
    for language in ("nb", "nn", "en"):
        text = writing.render(
            ServiceMessage.Kind.CASE_CODE,
            {"organisation": organisation, "code": "123456"},
            language,
        )
        assert measure(text).segments <= 2


# -- the end ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("after", "number", "case_is_kept"),
    [
        (90 * DAY - SECOND, True, True),
        (90 * DAY, False, True),
        (730 * DAY - SECOND, False, True),
        (730 * DAY, False, False),
    ],
)
def test_a_case_loses_its_number_first_and_goes_later(
    after: timedelta, number: bool, case_is_kept: bool
) -> None:
    close(make_case(identified=True))
    [policy] = cases.POLICY

    retention.purge(policy, now=NOON + after)

    assert Case.objects.exists() is case_is_kept
    assert Case.objects.filter(number__isnull=False, number_index__isnull=False).exists() is number
    assert Letter.objects.exists() is number


def test_an_answered_erasure_keeps_no_number() -> None:
    consent = make_consent("granted")
    organisation = consent.purpose.organisation
    close(make_case("access", organisation=organisation, identified=True))
    case = make_case("erasure", organisation=organisation, identified=True)

    act(case)
    letter = close(case)

    assert not Case.objects.filter(number__isnull=False).exists()
    assert list(Letter.objects.all()) == [letter]
    assert "900" not in letter.text


def test_an_open_case_is_kept_however_old() -> None:
    make_case()
    [policy] = cases.POLICY

    retention.purge(policy, now=NOON + 3000 * DAY)

    assert Case.objects.get().number == phone()


def test_a_restriction_in_force_can_be_lifted_however_old() -> None:
    case = make_case("restriction")
    act(case)
    close(case)
    [policy] = cases.POLICY

    retention.purge(policy, now=NOON + 3000 * DAY)

    assert services.lift_restriction(case, by=make_user(), now=NOON)


# -- the pages -------------------------------------------------------------------------------------
def url(case: Case, name: str = "case", *more: object) -> str:
    return reverse(f"people:{name}", args=[case.organisation.slug, case.public_id, *more])


def test_an_officer_goes_from_the_request_to_the_printed_answer(client: Client) -> None:
    organisation = make_purpose().organisation
    client.force_login(make_user("privacy_officer", organisation))
    client.post(
        reverse("people:case-new", args=[organisation.slug]),
        {
            "kind": "objection",
            "phone": "900 00 001",
            "received_on": "2026-11-24",
            "channel": "phone",
            "language": "nn",
        },
    )
    case = Case.objects.get()
    client.post(url(case, "case-act"))

    draft = client.post(url(case, "case-close"), {"outcome": "done"}).context["form"]
    text = draft.initial["text"]
    fields = {"outcome": "done", "drafted": "done", "text": text}
    answer = client.post(url(case, "case-close"), fields, follow=True)

    assert "protesterte du mot marknadsføring" in answer.content.decode()
    assert Case.objects.get().outcome == "done"
    assert client.get(url(case)).status_code == 200


@pytest.mark.parametrize("kind", sorted(cases.SHOWS_DATA))
def test_the_copy_for_the_answer_leaves_a_trace(client: Client, kind: str) -> None:
    consent = make_consent("granted")
    organisation = consent.purpose.organisation
    case = make_case(kind, organisation=organisation, identified=True)
    client.force_login(make_user("privacy_officer", organisation))

    page = client.post(url(case, "case-copy"))
    file = client.post(url(case, "case-copy"), {"file": "json"})
    table = client.post(url(case, "case-copy"), {"file": "csv"})

    assert consent.wording.declaration in page.content.decode()
    assert phone().e164 in file.content.decode()
    assert case.reference in file["Content-Disposition"]
    assert phone().e164 in table.content.decode()
    assert f"{case.reference}.csv" in table["Content-Disposition"]
    assert [case.reference in look.reason for look in Disclosure.objects.all()] == [True] * 3


def test_a_new_owner_of_the_number_is_not_handed_what_is_the_old_ones(client: Client) -> None:
    consent = make_consent("granted", at=NOON - 2 * DAY)
    organisation = consent.purpose.organisation
    Subject.objects.update(suspended_at=NOON - DAY, suspended_for=Subject.Doubt.GONE)
    case = make_case("access", organisation=organisation, identified=True)
    client.force_login(make_user("privacy_officer", organisation))

    answers = [client.post(url(case, "case-copy"), {"file": file}) for file in ("", "json", "csv")]

    page, *files = [each.content.decode() for each in answers]
    assert all("kan ha fått ny eier" in each for each in (page, *files))
    assert not any(consent.wording.declaration in each for each in (page, *files))


@pytest.mark.parametrize(("kind", "identified"), [("access", False), ("objection", True)])
def test_no_copy_for_a_stranger_or_for_another_request(
    client: Client, kind: str, identified: bool
) -> None:
    organisation = make_consent("granted").purpose.organisation
    case = make_case(kind, organisation=organisation, identified=identified)
    client.force_login(make_user("privacy_officer", organisation))

    answer = client.post(url(case, "case-copy"), {"file": "json"})

    assert answer.status_code == 302
    assert not Disclosure.objects.exists()


def test_a_letter_for_another_outcome_is_written_anew(client: Client) -> None:
    case = make_case("objection")
    client.force_login(make_user("privacy_officer", case.organisation))
    fields = {"outcome": "taken_back", "drafted": "done", "text": "Vi har stoppet alt."}

    page = client.post(url(case, "case-close"), fields)

    assert "ikke lenger ønsker dette" in page.context["form"].initial["text"]
    assert Case.objects.get().is_open


def test_the_second_of_two_officers_who_close_at_once_is_told(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = make_case("objection")
    client.force_login(make_user("privacy_officer", case.organisation))
    close_case = services.close_case

    def close_after_a_colleague(case: Case, **values: Any) -> Letter:
        close_case(case, **values)
        return close_case(case, **values)

    monkeypatch.setattr(services, "close_case", close_after_a_colleague)
    text = cases.draft(case, Letter.Kind.ANSWER, outcome="taken_back")
    fields = {"outcome": "taken_back", "drafted": "taken_back", "text": text}
    page = client.post(url(case, "case-close"), fields, follow=True)

    assert page.redirect_chain[-1][0] == url(case)
    assert "Saken er allerede avsluttet" in page.content.decode()


def test_the_list_has_pages_that_follow_each_other(client: Client) -> None:
    organisation = make_organisation()
    for number in range(30):
        make_case(organisation=organisation, number=number, received_on=TODAY - DAY * (number % 3))
    client.force_login(make_user("customer_service", organisation))
    path = reverse("people:cases", args=[organisation.slug])

    first = client.get(path).context
    second = client.get(path + first["next_url"]).context

    shown = [row["case"].pk for row in (*first["rows"], *second["rows"])]
    assert len(shown) == len(set(shown)) == 30
    assert second["next_url"] == ""
    assert first["overdue"] == 30


@pytest.mark.parametrize("after", ["x", "2026-99-99_1", "2026-01-01_", "2026-01-01_x", "9" * 40])
def test_a_strange_place_in_the_list_is_the_beginning(client: Client, after: str) -> None:
    case = make_case()
    client.force_login(make_user("customer_service", case.organisation))
    path = reverse("people:cases", args=[case.organisation.slug])

    for show in ("", "&show=closed"):
        assert client.get(f"{path}?after={after}{show}").status_code == 200
