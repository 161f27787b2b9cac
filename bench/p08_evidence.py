"""P8: what evidence costs. The verbs «ask» and «say yes», with their events and without."""

from collections.abc import Iterator
from secrets import token_hex
from types import SimpleNamespace
from unittest.mock import patch

from django.utils import timezone

from bench.crowd import number
from bench.registry import Bench, Figure, timed
from consents import ledger, steps, transitions
from consents.ledger import Proof
from consents.models import Consent, EventDetail, Purpose
from tests.make import make_purpose

MEASURES = ("P8",)
# Many short turns: a pause of the machine must not fall on one side alone.
PEOPLE, TURNS = 100, 20


def measure(bench: Bench) -> Iterator[Figure]:
    with bench.database():
        purpose = make_purpose()
        say_yes(purpose, 0, 20)
        full = bare = 0.0
        # Turn by turn, so that both meet the machine in the same moods.
        for turn in range(TURNS):
            full += timed(say_yes, purpose, 10_000 + turn * PEOPLE, PEOPLE)
            written = EventDetail.objects.count()
            with (
                patch.object(ledger, "prepare", no_evidence),
                patch.object(ledger, "append_on", lambda *_, **__: None),
                patch.object(steps, "with_steps", lambda proof, **_: proof),
            ):
                bare += timed(say_yes, purpose, 20_000 + turn * PEOPLE, PEOPLE)
            assert written == EventDetail.objects.count() == 2 * (20 + (turn + 1) * PEOPLE)
    count = TURNS * PEOPLE
    yield Figure(
        "P8",
        f"{count:,} requests and yeses, each in its transaction",
        f"{bare / full:.0%} of without evidence; {count / full:,.0f}/s",
        bare / full >= 0.5,
        {"per_second": count / full, "ratio": bare / full},
    )


def no_evidence(*_: object, **__: object) -> SimpleNamespace:
    return SimpleNamespace(event_id=token_hex(16))


def say_yes(purpose: Purpose, first: int, count: int) -> None:
    wording = purpose.wordings.get()
    for position in range(first, first + count):
        now = timezone.now()
        consent = transitions.open_request(
            purpose,
            number(position),
            wording=wording,
            source=Consent.Source.WEB,
            proof=Proof("web_form"),
            now=now,
        )
        assert consent is not None
        assert transitions.grant(consent, proof=Proof("mo_reply"), now=now)
