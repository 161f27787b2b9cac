"""When a gateway is left alone and how fast we are, for all processes together. Time is the test's own."""

import threading

import pytest

from smsconsent.gateways import GatewayMisconfigured, GatewayUnavailable
from smsconsent.gateways.pacing import Breaker, RateLimit
from smsconsent.gateways.state import SharedState


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


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
def limits(clock: Clock, per_second: int, count: int = 1) -> list[RateLimit]:
    return [RateLimit(per_second, SharedState("test", clock)) for _process in range(count)]


def test_two_processes_share_one_second(clock: Clock) -> None:
    first, second = limits(clock, 100, 2)

    assert first.reserve(90, patience=1) == 0
    assert second.reserve(90, patience=1) == 1
    with pytest.raises(GatewayUnavailable) as caught:
        first.reserve(90, patience=1)

    assert caught.value.retry_after == 2


def test_a_second_later_there_is_room_again(clock: Clock) -> None:
    [limit] = limits(clock, 100)
    limit.reserve(90, patience=0)

    clock.now += 1

    assert limit.reserve(90, patience=0) == 0


def test_a_campaign_leaves_room_for_what_is_urgent(clock: Clock) -> None:
    [limit] = limits(clock, 100)

    assert limit.reserve(90, patience=0) == 0
    with pytest.raises(GatewayUnavailable):
        limit.reserve(1, patience=0)

    assert limit.reserve(10, patience=0, urgent=True) == 0


def test_nought_is_without_limit(clock: Clock) -> None:
    [limit] = limits(clock, 0)

    assert {limit.reserve(10_000, patience=0) for _batch in range(5)} == {0}


def test_a_minute_never_holds_more_than_sixty_seconds_worth(clock: Clock) -> None:
    processes = limits(clock, 50, 4)
    sent, end = 0, clock.now + 60

    while clock.now < end:
        for process in processes:
            try:
                if process.reserve(45, patience=0) == 0:
                    sent += 45
            except GatewayUnavailable:
                pass
        clock.now += 0.1

    assert sent == 60 * 45
