"""The life of a consent against a plain Python oracle: invariants 7 and 11, on the database of the run.

After every step each consent is where the oracle says, may be sent to exactly when the oracle says, and has
the events, chained and opening, that led there.
"""

from calendar import monthrange
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import permutations
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from consents import confirmations, ledger, lifetimes, services, situations, transitions
from consents.ledger import Proof
from consents.models import Consent, EventDetail, Purpose, Subject, Suppression, Wording
from consents.suspensions import suspend
from smsconsent import outbox
from smsconsent.gateways import Basis, Callback, Inbound, Receipt, ReceiptState, Trust
from tests.make import (
    HOUR,
    NOON,
    SHORT_NUMBER,
    make_consent,
    make_organisation,
    make_purpose,
    make_wording,
    phone,
)
from tests.trust import size

pytestmark = pytest.mark.django_db
EXAMPLES = size.of(30, 500)
STEPS = 30
PEOPLE, PURPOSES = st.sampled_from([1, 2]), st.sampled_from([0, 1])
ANYONE = st.integers(0, 3)
A_DAY, A_WEEK, PROOF_FOR = timedelta(hours=24), timedelta(days=7), timedelta(days=180)


# -- the oracle: what should be, in plain Python -----------------------------------------------------------
@dataclass
class Life:
    """One person and one purpose."""

    state: str = "pending"
    answer_by: datetime = NOON
    valid_until: datetime = NOON
    # The words asked about, and those of the last yes; when it was said; when its proof may go.
    asked: int = 1
    words: int = 1
    said_at: datetime = NOON
    kept_until: datetime | None = None


@dataclass
class Oracle:
    """What the law and the design say: no database, no shared code."""

    now: datetime = NOON
    lives: dict[tuple[int, int], Life] = field(default_factory=dict)
    events: dict[int, list[str]] = field(default_factory=dict)
    blocked: set[int] = field(default_factory=set)
    # When the number last showed signs of a new owner; the words of each purpose that are in force.
    doubted: dict[int, datetime] = field(default_factory=dict)
    words: dict[int, int] = field(default_factory=lambda: {0: 1, 1: 1})

    def ask(self, who: int, what: int) -> None:
        life = self.lives.get((who, what))
        if who in self.blocked:
            return
        # Whoever asks is known from now on, whatever comes of it.
        self.events.setdefault(who, [])
        is_asked = life and self.is_open(life) and life.asked == self.words[what]
        if life and (is_asked or self.stands(who, what)):
            return
        kept_until = self.now + A_WEEK
        if life and life.state == "granted":
            if self.counts(who, life):
                # Whoever asks has shown nothing yet: what holds stays.
                self.events[who].append("requested")
                return
            self.events[who].append("expired")
            kept_until = self.now + PROOF_FOR
        elif life and life.kept_until:
            kept_until = max(kept_until, life.kept_until)
        self.lives[who, what] = Life(
            "pending",
            answer_by=self.now + A_DAY,
            asked=self.words[what],
            words=self.words[what],
            kept_until=kept_until,
        )
        self.events[who].append("requested")

    def grant(self, who: int, what: int) -> None:
        life = self.lives[who, what]
        if self.is_open(life):
            life.state, life.said_at = "granted", self.now
            self.say_yes(who, life, life.asked, "granted")

    def renew(self, who: int, what: int) -> None:
        life = self.lives[who, what]
        if self.counts(who, life):
            self.say_yes(who, life, self.words[what], "renewed")

    def say_yes(self, who: int, life: Life, words: int, event: str) -> None:
        # The clock may have been put back since the last yes: then that one is the newer.
        life.valid_until, life.said_at = two_years_after(self.now), max(self.now, life.said_at)
        life.words, life.kept_until = words, None
        self.events[who].append(event)

    def end(self, who: int, what: int, steps: dict[str, tuple[str, str]]) -> None:
        life = self.lives[who, what]
        if life.state in steps:
            life.state, event = steps[life.state]
            self.events[who].append(event)
            if event != "lapsed":
                kept_for = A_WEEK if event == "refused" else PROOF_FOR
                life.kept_until = max(self.now + kept_for, life.kept_until or self.now)

    def run_timers(self) -> None:
        for (who, what), life in self.lives.items():
            if life.state == "pending" and life.answer_by <= self.now:
                self.end(who, what, {"pending": ("lapsed", "lapsed")})
            if life.state == "granted" and life.valid_until <= self.now:
                self.end(who, what, {"granted": ("expired", "expired")})

    def erase(self, who: int) -> None:
        self.lives = {key: life for key, life in self.lives.items() if key[0] != who}
        self.events.pop(who, None)
        self.doubted.pop(who, None)

    def holds(self, life: Life) -> bool:
        return life.state == "granted" and life.valid_until > self.now

    def counts(self, who: int, life: Life) -> bool:
        """It holds, and was said by whoever has the number now."""
        return self.holds(life) and (who not in self.doubted or life.said_at > self.doubted[who])

    def stands(self, who: int, what: int) -> bool:
        life = self.lives[who, what]
        return self.counts(who, life) and life.words == self.words[what]

    def is_open(self, life: Life) -> bool:
        return life.state == "pending" and life.answer_by > self.now

    def may_send(self, who: int, what: int) -> bool:
        return self.stands(who, what) and who not in self.blocked


def two_years_after(at: datetime) -> datetime:
    last = monthrange(at.year + 2, at.month)[1]
    return at.replace(year=at.year + 2, day=min(at.day, last))


REFUSE = {"pending": ("refused", "refused")}
WITHDRAW = REFUSE | {"granted": ("withdrawn", "withdrawn")}
INVALIDATE = dict.fromkeys(("pending", "granted"), ("invalid", "invalidated"))


# -- the machine: the same acts on the product -------------------------------------------------------------
class LifeCycle(RuleBasedStateMachine):
    """Acts come in any order, twice, late, and through what somebody read long ago."""

    # What happened in all the lives that were played.
    seen: ClassVar[Counter[str]] = Counter()

    @initialize()
    def begin(self) -> None:
        self.oracle = Oracle()
        self.inside = transaction.atomic()
        self.inside.__enter__()
        organisation = make_organisation()
        self.purposes = [make_purpose(organisation) for _each in range(2)]
        # Read once and never again: a task or a page that comes late has nothing newer.
        self.stale: dict[tuple[int, int], Consent] = {}
        # One has said yes already: else few lives get as far as an end.
        self.ask(1, 0)
        self.grant(0)

    def teardown(self) -> None:
        if hasattr(self, "inside"):
            for events in self.oracle.events.values():
                self.seen.update(events)
            transaction.set_rollback(True)
            self.inside.__exit__(None, None, None)

    @rule(hours=st.sampled_from([-1, 1, 23, 24, 25, 24 * 400, 24 * 731]))
    def wait(self, hours: int) -> None:
        self.oracle.now += timedelta(hours=hours)

    @rule(who=PEOPLE, what=PURPOSES)
    def ask(self, who: int, what: int) -> None:
        purpose = self.purposes[what]
        consent = transitions.open_request(
            purpose,
            phone(who),
            wording=current(purpose),
            source=Consent.Source.WEB,
            proof=Proof("web_form"),
            now=self.oracle.now,
        )
        self.oracle.ask(who, what)
        if consent is not None:
            self.stale.setdefault((who, what), consent)

    @rule(one=ANYONE)
    def grant(self, one: int) -> None:
        for who, what, consent in self.known(one):
            transitions.grant(consent, proof=Proof("mo_reply"), now=self.oracle.now)
            self.oracle.grant(who, what)

    @rule(one=ANYONE)
    def renew(self, one: int) -> None:
        for who, what, consent in self.known(one):
            words = current(self.purposes[what])
            transitions.renew(consent, wording=words, proof=Proof("link"), now=self.oracle.now)
            self.oracle.renew(who, what)

    @rule(one=ANYONE)
    def refuse(self, one: int) -> None:
        self.end(one, transitions.refuse, REFUSE)

    @rule(one=ANYONE)
    def withdraw(self, one: int) -> None:
        self.end(one, transitions.withdraw, WITHDRAW)

    @rule(one=ANYONE)
    def invalidate(self, one: int) -> None:
        self.end(one, transitions.invalidate, INVALIDATE)

    @rule()
    def run_timers(self) -> None:
        lifetimes.lapse_unanswered(now=self.oracle.now)
        lifetimes.expire_consents(now=self.oracle.now)
        self.oracle.run_timers()

    @rule(who=PEOPLE)
    def block(self, who: int) -> None:
        services.suppress(
            self.purposes[0].organisation,
            phone(who),
            purpose=None,
            reason=Suppression.Reason.OBJECTION,
            now=self.oracle.now,
        )
        self.oracle.blocked.add(who)

    @rule(who=PEOPLE)
    def erase(self, who: int) -> None:
        for subject in self.subjects(who):
            services.erase_subject(subject, now=self.oracle.now)
        self.oracle.erase(who)
        self.stale = {key: each for key, each in self.stale.items() if key[0] != who}

    @invariant()
    def is_as_the_oracle_says(self) -> None:
        found = {self.key_of(each): each for each in Consent.objects.select_related("subject")}
        states = {key: each.state for key, each in found.items()}
        assert states == {key: life.state for key, life in self.oracle.lives.items()}
        kept = {key: each.delete_after for key, each in found.items()}
        assert kept == {key: life.kept_until for key, life in self.oracle.lives.items()}
        sendable = {each.pk for each in Consent.objects.sendable(self.oracle.now)}
        assert {key for key, each in found.items() if each.pk in sendable} == {
            key for key in self.oracle.lives if self.oracle.may_send(*key)
        }

    @invariant()
    def has_the_events_that_led_there(self) -> None:
        for who, events in self.oracle.events.items():
            details = EventDetail.objects.filter(subject__in=self.subjects(who))
            rows = list(details.select_related("event").order_by("seq"))
            assert [ledger.kind_of(each.event) for each in rows] == events
            previous = b""
            for seq, each in enumerate(rows, start=1):
                content = ledger.open_detail(each)
                assert (each.seq, content["prev"]) == (seq, previous.hex())
                previous = sha256(bytes(each.event.header)).digest()

    def end(self, one: int, verb: Any, steps: dict[str, tuple[str, str]]) -> None:
        for who, what, consent in self.known(one):
            verb(consent, proof=Proof("link"), now=self.oracle.now)
            self.oracle.end(who, what, steps)

    def known(self, one: int) -> list[tuple[int, int, Consent]]:
        """Return one of the consents that somebody has read, or none as long as there is none."""
        known = sorted(self.stale)
        return [(*key, self.stale[key]) for key in known[one % max(len(known), 1) :][:1]]

    def subjects(self, who: int) -> Any:
        return Subject.objects.with_phone(self.purposes[0].organisation, phone(who))

    def key_of(self, consent: Consent) -> tuple[int, int]:
        number = next(who for who in (1, 2) if phone(who) == consent.subject.phone)
        return number, [each.pk for each in self.purposes].index(consent.purpose_id)


class LifeInDoubt(LifeCycle):
    """Everybody has said yes, and then it no longer suffices; somebody asks for them again."""

    @initialize()
    def begin(self) -> None:
        super().begin()
        self.ask(2, 0)
        self.grant(1)
        self.wait(1)
        self.change_in_substance(0)
        self.doubt(2)
        self.ask(1, 0)
        self.ask(2, 0)

    @rule(what=PURPOSES)
    def change_in_substance(self, what: int) -> None:
        words = self.oracle.words[what] = self.oracle.words[what] + 1
        make_wording(self.purposes[what], what=f"Tilbud {words}", is_material=True)

    @rule(who=PEOPLE)
    def doubt(self, who: int) -> None:
        if suspend(self.subjects(who), reason=Subject.Doubt.GONE, now=self.oracle.now):
            self.oracle.doubted[who] = self.oracle.now


def current(purpose: Purpose) -> Wording:
    words = purpose.wordings.current("nb")
    assert words is not None
    return words


def play(
    machine: type[RuleBasedStateMachine], *, phases: list[Phase], examples: int = EXAMPLES
) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            phases=phases,
            stateful_step_count=STEPS,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_a_consent_lives_as_the_oracle_says(
    record_property: Callable[[str, object], None],
) -> None:
    LifeCycle.seen.clear()

    play(LifeCycle, phases=[Phase.generate, Phase.shrink])

    record_property("lives", EXAMPLES)
    record_property("events", LifeCycle.seen.total())
    # The invariants assert after every step; here, that there was something to assert about.
    assert {"requested", "granted", "withdrawn", "refused"} <= LifeCycle.seen.keys()


def test_a_yes_that_no_longer_suffices_lives_as_the_oracle_says() -> None:
    LifeCycle.seen.clear()

    play(LifeInDoubt, phases=[Phase.generate], examples=size.of(10, 500))

    assert {"requested", "granted", "expired"} <= LifeCycle.seen.keys()


def end_whatever_is_asked_for(self: situations.Situation, now: datetime) -> bool:
    """Whoever types a number ends the consent that holds."""
    return False


def grant_what_was_stopped(consent: Consent, *, proof: Proof, now: datetime) -> bool:
    """A late yes restores what was withdrawn: the worst of mistakes."""
    stopped = Consent.objects.filter(pk=consent.pk, state="withdrawn")
    restored = stopped.update(state="granted", ended_at=None, valid_until=now + A_DAY)
    return bool(restored) or transitions_grant(consent, proof=proof, now=now)


def forget_the_evidence(kind: str, consent: Consent, changed: Any, *, trip: Any, **_: Any) -> None:
    """Write what changed, and no event at all."""
    if changed:
        trip.update([consent], *changed)


def never_end(*args: Any, **kwargs: Any) -> bool:
    return False


transitions_grant = transitions.grant


@pytest.mark.parametrize(
    ("verb", "bug"),
    [
        ("grant", grant_what_was_stopped),
        ("_record", forget_the_evidence),
        ("withdraw", never_end),
    ],
)
def test_a_planted_bug_turns_the_machine_red(
    monkeypatch: pytest.MonkeyPatch, verb: str, bug: Callable[..., object]
) -> None:
    monkeypatch.setattr(transitions, verb, bug)

    with pytest.raises(AssertionError):
        play(LifeCycle, phases=[Phase.generate], examples=200)


def test_a_request_that_ends_what_holds_turns_the_machine_red(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(situations.Situation, "holds", end_whatever_is_asked_for)

    with pytest.raises(AssertionError):
        play(LifeInDoubt, phases=[Phase.generate], examples=200)


# -- order, doubling and clock -----------------------------------------------------------------------------
def arrive(text: str, message_id: str, *, now: datetime) -> None:
    inbound = Inbound(message_id, phone(1), SHORT_NUMBER, text, None, now)
    callback = Callback(trust=Trust.SIGNED, basis=Basis.SIGNATURE, nonce=None)
    services.receive_message(inbound, gateway="strex", callback=callback, body=b"", now=now)


@pytest.mark.parametrize("clock", [timedelta(0), HOUR, -HOUR, A_DAY])
@pytest.mark.parametrize("order", sorted(set(permutations(["JA", "JA", "STOPP"]))))
@pytest.mark.parametrize("times", [1, 2])
def test_where_a_stop_is_among_the_answers_nothing_may_be_sent(
    order: tuple[str, ...], times: int, clock: timedelta
) -> None:
    consent = make_consent("pending", at=NOON)
    ids = [uuid4().hex for _each in order]

    for moment, (text, message_id) in enumerate(list(zip(order, ids, strict=True)) * times):
        arrive(text, message_id, now=NOON + moment * clock)

    consent.refresh_from_db()
    assert consent.state in {"withdrawn", "refused"}
    assert not Consent.objects.sendable(NOON + 7 * A_DAY).exists()


def report(message: Any, state: str, *, duplicate: bool = False) -> Receipt:
    return Receipt(
        id=message.pk,
        state=ReceiptState(state),
        detail="",
        final=state != "handed_over",
        gone=False,
        duplicate=duplicate,
        stopped=False,
        segments=1,
    )


@pytest.mark.parametrize("order", sorted(permutations(["handed_over", "failed", "delivered"])))
@pytest.mark.parametrize("times", [1, 5])
def test_reports_in_any_order_end_in_the_best_of_them(order: tuple[str, ...], times: int) -> None:
    message = confirmations.queue_welcome(make_consent("granted", at=NOON), now=NOON)
    type(message).objects.update(state="handed_over", handed_over_at=NOON)

    for state in order * times:
        outbox.record_receipt(report(message, state), now=NOON)
        outbox.record_receipt(report(message, "failed", duplicate=True), now=NOON)

    message.refresh_from_db()
    assert message.state == "delivered"
