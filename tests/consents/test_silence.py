"""Nobody answers while campaigns are sent: perhaps no stop reaches us."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from pytest_django import Settings

from consents import services, silence
from smsconsent.gateways import Callback, Inbound, Trust
from smsconsent.gateways.state import SharedState
from tests.make import DAY, NOON, SECOND, SHORT_NUMBER, phone

pytestmark = pytest.mark.django_db


def receive(at: datetime) -> None:
    inbound = Inbound(uuid4().hex, phone(), SHORT_NUMBER, "Hei!", None, at)
    callback = Callback(trust=Trust.SIGNED, nonce=None)
    services.receive_message(inbound, gateway="strex", callback=callback, body=b"", now=at)


@pytest.mark.parametrize(
    ("heard", "sent", "is_said"),
    [
        (None, DAY, True),
        (None, None, False),
        (7 * DAY - SECOND, DAY, False),
        (7 * DAY, DAY, True),
        (8 * DAY, 7 * DAY - SECOND, True),
        (8 * DAY, 7 * DAY, False),
    ],
)
def test_silence_is_said_after_a_week_in_which_campaigns_were_sent(
    heard: timedelta | None, sent: timedelta | None, is_said: bool
) -> None:
    if heard:
        receive(NOON - heard)
    if sent:
        SharedState("strex", (NOON - sent).timestamp).touch("campaign")

    with time_machine.travel(NOON, tick=False):
        assert bool(silence.warning()) is is_said


def test_nobody_is_told_where_the_limit_is_nought(settings: Settings) -> None:
    settings.STREX_INBOUND_SILENCE = timedelta(0)
    SharedState("strex").touch("campaign")

    assert silence.warning() == ""
