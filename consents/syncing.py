"""A stop here is a stop at Strex' own keyword services too, where somebody runs one (strex.md § 8).

Our database is the only truth; this is a courtesy to what else may write to the person. Off by default.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings

from consents.models import Consent
from smsconsent.gateways import Gateway, GatewayMisconfigured, GatewayUnavailable
from smsconsent.gateways.state import SharedState
from smsconsent.gateways.strex import Strex
from smsconsent.gateways.strex_services import sync_stop

log = logging.getLogger(__name__)
TELL_WITHIN = timedelta(days=2)
REMEMBERED_FOR = 3 * 24 * 3600


def tell_stops(*, gateway: Gateway, now: datetime, limit: int = 200) -> int:
    """Tell Strex of the withdrawals of the last two days, each once. Return how many were told.

    What has been told is remembered in the cache: told twice, Strex says that it knew.
    """
    if not settings.STREX_SYNC_STOP or not isinstance(gateway, Strex):
        return 0
    lately = Consent.objects.filter(
        state=Consent.State.WITHDRAWN, ended_at__gt=now - TELL_WITHIN
    ).exclude(purpose__keyword="")
    told = 0
    for consent in lately.select_related("subject", "purpose__sender").order_by("-ended_at")[
        :limit
    ]:
        try:
            told += _tell(gateway, consent)
        except (GatewayUnavailable, GatewayMisconfigured) as error:
            log.error("a stop could not be passed on: %s", error)
            break
    return told


def _tell(gateway: Strex, consent: Consent) -> bool:
    assert consent.ended_at is not None  # it is withdrawn
    state = SharedState(gateway.name)
    key = f"told:{consent.pk}:{consent.ended_at.timestamp():.0f}"
    if not state.add(key, 1, seconds=REMEMBERED_FOR):
        return False
    purpose = consent.purpose
    number = purpose.sender.reply_number or purpose.sender.value
    try:
        sync_stop(gateway, consent.subject.phone, short_number=number, keyword=purpose.keyword)
    except (GatewayUnavailable, GatewayMisconfigured):
        state.delete(key)
        raise
    return True
