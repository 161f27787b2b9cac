"""`make bench`: measure on a PostgreSQL of its own, and print one line per target of the design.

`python -m bench [size]`: how many recipients (default 20000). Absolute figures drift from machine to
machine, so each is compared with a bare version of the same work, measured in the same run.
"""

import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.utils import timezone

from bench.raw import bare_freeze, bare_pipeline, bare_purge
from campaigns import audiences
from campaigns.models import Campaign, Delivery
from consents import retention
from consents.models import InboundMessage
from smsconsent import crypto, outbox
from smsconsent.gateways import Handover, Outcome, Outgoing
from tests import servers
from tests.installation import embedded
from tests.make import DAY, make_campaign, make_crowd, make_purpose, phone

SIZE = 20_000
NOT_YET = {
    "P2": "the same dispatch at 10 k, 100 k and 1 M",
    "P3": "1 to 2 worker processes",
    "P5": "inbound STOP",
    "P6": "public sign-up",
    "P7": "receipts",
    "P8": "consent with full evidence",
    "P9": "check API",
    "P11": "CSV import",
    "P12": "portal pages",
    "P13": "verifier",
}


class Discard:
    """Takes every message and sends none: what is measured is ours."""

    name, max_batch = "discard", 1000

    def hand_over(self, batch: Sequence[Outgoing], *, now: datetime) -> list[Handover]:
        return [Handover(each.id, Outcome.ACCEPTED) for each in batch]


def timed(work: Callable[[], object]) -> float:
    """Return how many seconds the work took."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def say(target: str, what: str, figure: str) -> None:
    sys.stdout.write(f"{target:4} {what:44} {figure}\n")
    sys.stdout.flush()


def measure_campaign(size: int) -> None:
    purpose = make_purpose()
    make_crowd(purpose, size, at=timezone.now())
    campaign = make_campaign("scheduled", purpose=purpose, now=timezone.now())
    frozen = timed(lambda: audiences.freeze(campaign, now=timezone.now()))
    bare = timed(lambda: bare_freeze(make_campaign(purpose=purpose, now=timezone.now())))
    say("P4", f"freeze {size:,} recipients", f"{frozen / bare:.1f} × bare; {size / frozen:,.0f}/s")
    Campaign.objects.filter(pk=campaign.pk).update(state=Campaign.State.SENDING)
    mine = Delivery.objects.filter(campaign=campaign)
    Delivery.objects.exclude(campaign=campaign).delete()

    def dispatch() -> None:
        outbox.work(Delivery, gateway=Discard(), clock=timezone.now, batches=size)  # type: ignore[arg-type]  # no more is asked of it here

    took = timed(dispatch)
    assert mine.filter(state="handed_over").count() == size
    raw = timed(lambda: bare_pipeline(size))
    say("P1", f"dispatch {size:,}, one worker", f"{raw / took:.0%} of bare; {size / took:,.0f}/s")


def measure_purge(size: int) -> None:
    def fill() -> None:
        old = timezone.now() - 100 * DAY
        InboundMessage.objects.bulk_create(
            InboundMessage(
                gateway="bench",
                message_id=str(number),
                sender=phone(),
                sender_index=crypto.blind_index(phone(), use="inbound"),
                recipient="26112",
                text="Hei",
                key_id="bench",
                trust="signed",
                vouched_by="signature",
                state="done",
                received_at=old,
            )
            for number in range(size)
        )

    policy = next(each for each in retention.policies() if each.name == "replies")
    fill()
    ours = timed(lambda: retention.purge(policy, now=timezone.now()))
    fill()
    bare = timed(bare_purge)
    say("P10", f"purge {size:,} replies", f"{ours / bare:.1f} × bare; {size / ours:,.0f} rows/s")


def measure_start() -> None:
    with embedded() as first:
        folder = first.variables["VAR"]

    def start_again() -> None:
        with embedded(Path(str(folder))):
            pass

    say("P14", "embedded start and stop, second time", f"{timed(start_again):.1f} s")


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else SIZE
    settings.QUIET_HOURS = False
    with servers.fresh_database() as url:
        connection.settings_dict["NAME"] = url.rsplit("/", 1)[1]
        call_command("migrate", verbosity=0)
        measure_campaign(size)
        measure_purge(size)
        connections.close_all()
        connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL has one
    measure_start()
    for target, what in NOT_YET.items():
        say(target, what, "not measured yet")


if __name__ == "__main__":
    main()
