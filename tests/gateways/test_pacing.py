"""When a gateway is left alone and how fast we are, for all processes together. Time is the test's own."""

import threading
import time
from random import Random

import pytest
from pytest_django import Settings

from smsconsent.gateways import GatewayMisconfigured, GatewayUnavailable
from smsconsent.gateways.pacing import Breaker, RateLimit
from smsconsent.gateways.state import SharedState


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def breakers(clock: Clock, count: int = 1) -> list[Breaker]:
    """As many processes as are named, each with a breaker of its own."""
    return [Breaker(SharedState("test", clock)) for _process in range(count)]


def fail(breaker: Breaker, times: int = 5) -> None:
    for _time in range(times):
        breaker.enter()
        breaker.failed()


def is_left_alone(breaker: Breaker) -> bool:
    try:
        breaker.enter()
    except GatewayUnavailable:
        return True
    return False


def test_four_failures_are_bad_luck_and_five_open_it(clock: Clock) -> None:
    [breaker] = breakers(clock)

    fail(breaker, 4)
    assert not is_left_alone(breaker)
    breaker.failed()

    assert is_left_alone(breaker)


def test_a_success_in_between_begins_the_count_anew(clock: Clock) -> None:
    [breaker] = breakers(clock)

    fail(breaker, 4)
    breaker.succeeded()
    fail(breaker, 4)

    assert not is_left_alone(breaker)


def test_what_one_process_finds_out_holds_for_all(clock: Clock) -> None:
    first, second = breakers(clock, 2)

    fail(first, 3)
    fail(second, 2)

    assert is_left_alone(first)
    assert is_left_alone(second)


def test_after_the_pause_one_process_probes_while_the_others_wait(clock: Clock) -> None:
    first, second = breakers(clock, 2)
    fail(first)
    clock.now += 36

    first.enter()

    assert is_left_alone(second)


def test_of_many_that_come_at_once_exactly_one_probes(clock: Clock) -> None:
    many = breakers(clock, 16)
    fail(many[0])
    clock.now += 36
    let_through: list[Breaker] = []

    def knock(breaker: Breaker) -> None:
        if not is_left_alone(breaker):
            let_through.append(breaker)

    threads = [threading.Thread(target=knock, args=[breaker]) for breaker in many]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(let_through) == 1


def test_a_probe_that_succeeds_closes_it_for_all(clock: Clock) -> None:
    first, second = breakers(clock, 2)
    fail(first)
    clock.now += 36
    first.enter()

    first.succeeded()

    assert not is_left_alone(second)
    assert not is_left_alone(first)


def test_each_probe_that_fails_doubles_the_pause_up_to_ten_minutes(clock: Clock) -> None:
    [breaker] = breakers(clock)
    fail(breaker)
    pauses = []

    for _probe in range(7):
        shut = SharedState("test", clock).get("shut")["until"]
        pauses.append(shut - clock.now)
        clock.now = shut
        breaker.enter()
        breaker.failed()

    plain = [30, 60, 120, 240, 480, 600, 600]
    assert all(0.8 * p <= pause <= 1.2 * p for p, pause in zip(plain, pauses, strict=True))
    # The jitter: not all of them the plain figure.
    assert pauses != plain


def test_a_pause_that_the_gateway_asked_for_outlasts_another_success(clock: Clock) -> None:
    first, second = breakers(clock, 2)
    second.enter()
    first.pause(60)

    second.succeeded()

    assert is_left_alone(first)
    clock.now += 60
    assert not is_left_alone(first)


def test_a_configuration_error_is_told_apart_from_an_outage(clock: Clock) -> None:
    first, second = breakers(clock, 2)

    first.pause(60, misconfigured="the key is refused")

    with pytest.raises(GatewayMisconfigured, match="the key is refused"):
        second.enter()


def test_an_emptied_cache_closes_it(clock: Clock) -> None:
    [breaker] = breakers(clock)
    fail(breaker)

    SharedState("test", clock).delete("shut", "failures", "probe")

    assert not is_left_alone(breaker)


# -- how fast -------------------------------------------------------------------------------------------
@pytest.fixture(params=["in the process", "on the server"])
def shared_by(request: pytest.FixtureRequest, settings: Settings) -> str:
    """Where the last second is remembered: embedded in the process, in production on the server."""
    on_server = request.param == "on the server"
    settings.REDIS_URL = request.getfixturevalue("valkey_url") if on_server else ""
    return str(request.param)


def limits(clock: Clock, per_second: int, count: int = 1) -> list[RateLimit]:
    return [
        RateLimit(per_second, "test", clock=clock, sleep=clock.sleep) for _process in range(count)
    ]


def passes(limit: RateLimit, count: int, *, patience: float = 0, urgent: bool = False) -> bool:
    try:
        limit.wait_for_room(count, patience=patience, urgent=urgent)
    except GatewayUnavailable:
        return False
    return True


def most_within_a_second(left: list[tuple[int, int]]) -> int:
    """Return how many left in the fullest second; moments are in milliseconds."""
    return max(sum(n for at, n in left if start <= at < start + 1000) for start, _n in left)


@pytest.mark.usefixtures("shared_by")
def test_two_processes_share_one_second(clock: Clock) -> None:
    first, second = limits(clock, 100, 2)

    assert passes(first, 90)
    assert not passes(second, 90)


@pytest.mark.usefixtures("shared_by")
def test_at_the_edge_of_two_seconds_no_more_leaves_than_in_one(clock: Clock) -> None:
    [limit] = limits(clock, 100)
    clock.now = 1_000_000.999
    passes(limit, 90)

    clock.now = 1_000_001.001

    assert not passes(limit, 1)
    clock.now = 1_000_001.998
    assert not passes(limit, 1)
    clock.now = 1_000_001.999
    assert passes(limit, 90)


@pytest.mark.usefixtures("shared_by")
def test_whoever_has_patience_leaves_when_there_is_room(clock: Clock) -> None:
    [limit] = limits(clock, 100)
    passes(limit, 60)
    clock.now += 0.25
    passes(limit, 30)

    assert passes(limit, 60, patience=1)

    assert clock.now == 1_000_001.0


@pytest.mark.usefixtures("shared_by")
def test_whoever_has_none_is_told_how_long_it_takes(clock: Clock) -> None:
    [limit] = limits(clock, 100)
    passes(limit, 90)
    clock.now += 0.25

    with pytest.raises(GatewayUnavailable) as caught:
        limit.wait_for_room(90, patience=0.5)

    assert caught.value.retry_after == 0.75


@pytest.mark.usefixtures("shared_by")
def test_a_campaign_leaves_room_for_what_is_urgent(clock: Clock) -> None:
    [limit] = limits(clock, 100)

    assert passes(limit, 90)
    assert not passes(limit, 1)

    assert passes(limit, 10, urgent=True)
    assert not passes(limit, 1, urgent=True)


def test_nought_is_without_limit(clock: Clock) -> None:
    [limit] = limits(clock, 0)

    assert all(passes(limit, 10_000) for _batch in range(5))


@pytest.mark.usefixtures("shared_by")
def test_no_second_of_a_minute_holds_more_than_its_share(clock: Clock) -> None:
    processes, chance = limits(clock, 50, 4), Random(7)
    left: list[tuple[int, int]] = []
    moment = 1_000_000_000

    for _turn in range(600):
        moment += chance.choice([10, 100, 300])
        clock.now = moment / 1000
        count, urgent = chance.randint(1, 45), chance.random() < 0.3
        if passes(chance.choice(processes), count, urgent=urgent):
            left.append((moment, count))

    assert 45 <= most_within_a_second(left) <= 50
    # It is used as well: no less than half of it on the whole.
    assert sum(n for _at, n in left) > (moment - 1_000_000_000) / 1000 * 50 / 2


def test_processes_that_come_at_once_share_the_clock_of_the_server(
    valkey_url: str, settings: Settings
) -> None:
    settings.REDIS_URL = valkey_url
    began_at = time.monotonic()

    def run() -> None:
        for _message in range(6):
            RateLimit(20, "test").wait_for_room(1, patience=10, urgent=True)

    threads = [threading.Thread(target=run) for _process in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # Of 24 messages at 20 a second the last four leave a second after the first.
    assert 1 <= time.monotonic() - began_at < 3
