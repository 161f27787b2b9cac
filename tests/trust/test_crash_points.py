"""A sender dies at each line of the send path in turn. Nothing is lost, nothing sent twice (INV 2, 3)."""

import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns import audiences, tallies
from campaigns.models import Campaign, Delivery
from tests import environment, servers
from tests.make import make_campaign, make_crowd, make_purpose
from tests.simulator import Simulator
from tests.trust import size

pytestmark = [pytest.mark.postgres, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

# Of more than 300 lines: some of them in `make test`, all of them in `make trust`.
POINTS = size.of(12, 500)
# Two are lost, four recovered, eight sent: what one point may use up.
PEOPLE_A_POINT = 12
LATER = timedelta(seconds=100)


class Crasher:
    """The process that forks those who die, at moments that lie a lease apart."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._now = timezone.now()

    def lose(self) -> None:
        assert self._ask("lose") == "lived"

    def send(self, line: str = "") -> bool:
        """Return whether the sender lived."""
        self._now += LATER
        return self._ask("send", line) == "lived"

    def lines(self) -> list[str]:
        self._now += LATER
        return self._ask("lines").split()

    def _ask(self, verb: str, line: str = "") -> str:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{verb} {self._now.isoformat()} {line}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


@pytest.fixture
def crasher(database_url: str, simulator: Simulator) -> Iterator[Crasher]:
    # As soon as it is posted the gateway tells of it: the moments of this test are not real ones.
    simulator.set("switches", {"batch_readable_seconds": 0})
    variables = {
        **environment.TESTS,
        "DJANGO_SETTINGS_MODULE": "smsconsent.settings",
        "DATABASE_URL": database_url,
        "REDIS_URL": servers.valkey(),
        "STREX_BASE_URL": f"{simulator.url}/",
        "STREX_ALLOW_FAKE_NUMBERS": "true",
        "STREX_CALLBACK_BASE_URL": "",
        "QUIET_HOURS": "false",
    }
    with servers.talking_to([sys.executable, "-m", "tests.trust.crasher"], variables) as process:
        yield Crasher(process)


@pytest.fixture
def campaign() -> Campaign:
    purpose = make_purpose()
    make_crowd(purpose, PEOPLE_A_POINT * (POINTS + 2), at=timezone.now())
    campaign = make_campaign("sending", purpose=purpose, now=timezone.now())
    # A lease lies between two moments of this test: all of them together last longer than a campaign.
    Campaign.objects.update(not_after=None)
    Delivery.objects.update(not_after=None)
    return campaign


def open_rows() -> int:
    return Delivery.objects.exclude(state__in=["handed_over", "delivered"]).count()


def test_a_death_at_any_line_of_the_send_path_loses_nothing_and_doubles_nothing(
    campaign: Campaign,
    crasher: Crasher,
    simulator: Simulator,
    record_property: Callable[[str, object], None],
) -> None:
    crasher.lose()
    lines = crasher.lines()
    assert len(lines) > 100, lines
    points = random.sample(lines, min(POINTS, len(lines)))

    deaths: Counter[str] = Counter()
    for line in points:
        crasher.lose()
        deaths[line] += not crasher.send(line)
    eventually_sent = [crasher.send() for _again in range(open_rows()) if open_rows()]

    record_property("lines of the send path", len(lines))
    record_property("kills", deaths.total())
    assert set(eventually_sent) == {True}
    # A line of which the tracer saw the beginning only is not always reached again.
    assert deaths.total() >= 0.9 * len(points), [line for line in points if not deaths[line]]
    assert_each_message_went_once(campaign, simulator)


def assert_each_message_went_once(campaign: Campaign, simulator: Simulator) -> None:
    """One final state for each intent; at the gateway one message for each, and no second try."""
    states = dict(Counter(Delivery.objects.values_list("state", flat=True)))
    recipients = Delivery.objects.count()
    found = simulator.state()
    assert set(states) <= set(audiences.SPENT) - {"unknown", "failed"}, states
    assert sum(found["messages"].values()) == recipients
    assert found["counts"].get("duplicates", 0) == 0
    assert tallies.by_state(campaign) == states
