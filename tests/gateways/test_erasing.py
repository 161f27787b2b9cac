"""An erasure reaches the gateway: what still waits there is deleted, and never arrives (L30, G08)."""

from datetime import timedelta
from uuid import UUID

import httpx2
import pytest
from django.utils import timezone

from campaigns.models import Delivery
from consents import erasing, services
from smsconsent.gateways import get_gateway
from smsconsent.phones import Phone
from tests.make import HOUR, make_campaign, make_consent, make_purpose, phone
from tests.simulator import Simulator

pytestmark = pytest.mark.django_db


def schedule_at_gateway(simulator: Simulator, message_id: UUID, recipient: Phone) -> None:
    """Have Strex keep a message for an hour, under the id that our row has."""
    fields = {
        "transactionId": str(message_id),
        "sender": "26112",
        "recipient": recipient.e164,
        "content": "Halv pris på ski.",
        "sendTime": (timezone.now() + HOUR).isoformat(),
    }
    answer = httpx2.post(
        f"{simulator.url}/api/out-messages",
        json=fields,
        headers={"X-ApiKey": simulator.api_key},
        trust_env=False,
    )
    assert answer.status_code == 201, answer.text


def test_what_is_scheduled_at_the_gateway_is_gone_there_after_an_erasure(
    simulator: Simulator,
) -> None:
    now, purpose = timezone.now(), make_purpose()
    erased, stays = (
        make_consent("granted", purpose=purpose, number=number, at=now - HOUR).subject
        for number in (1, 2)
    )
    make_campaign("sending", purpose=purpose, now=now)
    for subject in (erased, stays):
        row = Delivery.objects.get(subject=subject)
        schedule_at_gateway(simulator, row.pk, subject.phone)
    Delivery.objects.update(state="handed_over", handed_over_at=now)

    erasure = services.erase_subject(erased, now=now)
    assert erasure is not None
    erasing.cancel_at_gateway(gateway=get_gateway(), now=now)

    erasure.refresh_from_db()
    assert erasure.counts["gateway"] == 1
    assert erasure.cancelled_at == now
    simulator.set("clock", {"advance": timedelta(hours=2).total_seconds()})
    assert simulator.received(phone(2).e164) == ["Halv pris på ski."]
    assert simulator.received(phone(1).e164) == []
