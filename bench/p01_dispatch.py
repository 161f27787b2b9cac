"""P1: a campaign through the whole outbox, by one worker, against bare SQL and one POST a batch."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.utils import timezone

from bench.crowd import crowd
from bench.raw import bare_pipeline
from bench.registry import Bench, Figure, timed
from bench.stub import start_stub, taken
from bench.web import APPS
from campaigns.models import Delivery
from consents.models import Purpose
from smsconsent import outbox
from smsconsent.celery import leave_the_program_alone
from smsconsent.gateways import gateway_of_process, get_gateway
from tests import environment, servers
from tests.make import make_campaign

MEASURES = ("P1", "P2")
GOAL = 0.30
PEER_SIZE = 2000


def measure(bench: Bench) -> Iterator[Figure]:
    rates = {}
    for size in bench.sizes:
        with bench.database() as url, stub_as_gateway() as gateway_url:
            purpose = crowd(size)
            raw = size / timed(bare_pipeline, url, gateway_url, purpose.pk)
            ours = rates[size] = dispatch(purpose, gateway_url)
        yield Figure(
            "P1",
            f"dispatch to {size:,}, one worker",
            f"{ours / raw:.0%} of bare; {ours:,.0f}/s to {raw:,.0f}/s",
            ours / raw >= GOAL,
            {"per_second": ours, "bare_per_second": raw, "ratio": ours / raw},
        )
    peer = newsletter(PEER_SIZE)
    times = rates[bench.size] / peer
    yield Figure(
        "P1",
        "dispatch against django-newsletter, to a dummy backend",
        f"{times:.0f} × newsletter; {rates[bench.size]:,.0f}/s to {peer:,.0f}/s",
        times >= 20,
        {"times_newsletter": times, "newsletter_per_second": peer},
    )
    if len(rates) > 1:
        spread = max(rates.values()) / min(rates.values()) - 1
        what = f"dispatch from {min(rates):,} to {max(rates):,}"
        yield Figure("P2", what, f"within {spread:.0%}", spread <= 0.15, {"spread": spread})


def newsletter(size: int) -> float:
    """Let django-newsletter send one message to `size` people. Return messages a second."""
    with servers.fresh_database() as url:
        found = subprocess.run(  # noqa: S603  our own process
            [sys.executable, APPS / "peer.py", str(size)],
            env={**environment.TESTS, "DATABASE_URL": url},
            check=True,
            capture_output=True,
            text=True,
        )
    return size / float(found.stdout)


@contextmanager
def stub_as_gateway() -> Iterator[str]:
    """Let the real adapter talk to a stub that accepts everything."""
    with start_stub() as url:
        settings.STREX_BASE_URL, settings.QUIET_HOURS, settings.STREX_CANARY_SIZE = url, False, 0
        gateway_of_process.cache_clear()
        yield url
        gateway_of_process.cache_clear()


def dispatch(purpose: Purpose, gateway_url: str) -> float:
    """Freeze a campaign to everybody of the purpose and send it. Return messages a second."""
    campaign = make_campaign("sending", purpose=purpose, now=timezone.now())
    gateway = get_gateway()
    # As a worker does when it starts.
    leave_the_program_alone()
    before = taken(gateway_url)
    took = timed(
        outbox.work_in_threads, Delivery, gateway=gateway, clock=timezone.now, batches=1_000_000
    )
    size = taken(gateway_url) - before
    assert size == Delivery.objects.filter(campaign=campaign, state="handed_over").count() > 0
    return size / took
