"""P4: freezing an audience, with every rule, against the bare INSERT … SELECT into the same table."""

from collections.abc import Iterator

from django.db import connection
from django.utils import timezone

from bench.crowd import crowd
from bench.raw import bare_freeze
from bench.registry import Bench, Figure, timed
from campaigns import audiences
from campaigns.models import Delivery
from tests.make import make_campaign

MEASURES = ("P4",)


def measure(bench: Bench) -> Iterator[Figure]:
    for size in bench.sizes:
        with bench.database():
            purpose = crowd(size)
            campaign = make_campaign("scheduled", purpose=purpose, now=timezone.now())
            ours = timed(audiences.freeze, campaign, now=timezone.now())
            assert Delivery.objects.count() == size
            with connection.cursor() as cursor:
                cursor.execute("TRUNCATE campaigns_delivery")
            other = make_campaign(purpose=purpose, now=timezone.now())
            bare = timed(bare_freeze, other)
        yield Figure(
            "P4",
            f"freeze {size:,} recipients",
            f"{ours / bare:.1f} × bare; {size / ours:,.0f}/s to {size / bare:,.0f}/s",
            ours / bare <= 2,
            {"per_second": size / ours, "bare_per_second": size / bare, "ratio": ours / bare},
        )
