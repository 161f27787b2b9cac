"""A stop here is a stop at Strex' own keyword services too, where somebody runs one (strex.md § 8).

Our database is the only truth; this is a courtesy to what else may write to the person. Off by default.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import ngettext

from consents.models import Consent
from smsconsent.gateways import Gateway, GatewayMisconfigured, GatewayUnavailable, gateway_name
from smsconsent.gateways.state import SharedState
from smsconsent.gateways.strex import Strex
from smsconsent.gateways.strex_services import sync_stop

Trouble = GatewayUnavailable | GatewayMisconfigured
log = logging.getLogger(__name__)
TELL_WITHIN = timedelta(days=2)
REMEMBERED_FOR = 3 * 24 * 3600
# Longer than a call takes. Should somebody die over it, the stop is told after this.
CLAIMED_FOR = 120
LONGEST_PAUSE = 4 * 3600
# So many refused one after the other are not about one of them: the rest waits for the next run.
MOST_REFUSED = 20
_NEVER = -1.0


@dataclass(frozen=True, slots=True)
class _Untold:
    """A stop that Strex has not heard of. `tries` have failed; no other before `due` (seconds since 1970)."""

    pk: int
    key: str
    tries: int
    due: float


def tell_stops(*, gateway: Gateway, now: datetime, limit: int = 200) -> int:
    """Tell Strex of the withdrawals of the last two days, each once. Return how many were told.

    What has been told is remembered in the cache: told twice, Strex says that it knew. One that is refused
    holds up no other: it is tried again later and later, until its two days are over. Where nobody answers
    the run ends, and the next one begins with other stops.
    """
    if not settings.STREX_SYNC_STOP or not isinstance(gateway, Strex):
        return 0
    state, told, refused = SharedState(gateway.name), 0, 0
    untold = list(_untold(state, now=now))
    failing = {each.key for each in untold if each.tries}
    for stop, consent in _due(untold, now=now, limit=limit):
        if not state.add(f"telling:{stop.key}", 1, seconds=CLAIMED_FOR):
            continue
        trouble = _tell(gateway, consent)
        _note(state, stop, trouble, now=now)
        if trouble is None:
            told, refused = told + 1, 0
            failing.discard(stop.key)
            continue
        refused += 1
        failing.add(stop.key)
        if isinstance(trouble, GatewayUnavailable) or refused == MOST_REFUSED:
            break
    state.set("stops_not_taken", len(failing))
    return told


def warning() -> str:
    """Return a sentence while Strex' keyword services do not take some of our stops, else nothing."""
    count = SharedState(gateway_name()).peek("stops_not_taken", 0) * settings.STREX_SYNC_STOP
    if not count:
        return ""
    return ngettext(
        "%(count)d stop could not be passed on to the keyword service at the gateway, which may go on"
        " writing to that person. We try again for two days; the latest errors say why.",
        "%(count)d stops could not be passed on to the keyword services at the gateway, which may go on"
        " writing to these people. We try again for two days; the latest errors say why.",
        count,
    ) % {"count": count}


def _lately(now: datetime) -> QuerySet[Consent]:
    ended = Consent.objects.filter(state=Consent.State.WITHDRAWN, ended_at__gt=now - TELL_WITHIN)
    return ended.exclude(purpose__keyword="")


def _untold(state: SharedState, *, now: datetime) -> Iterator[_Untold]:
    """Yield the stops of the last two days that were not told, the newest first."""
    rows = _lately(now).order_by("-ended_at", "-pk").values_list("pk", "ended_at")
    keys = {pk: f"{pk}:{ended_at.timestamp():.0f}" for pk, ended_at in rows if ended_at}
    known = state.get_all([f"stop:{key}" for key in keys.values()])
    for pk, key in keys.items():
        tries, due = known.get(f"stop:{key}", (0, 0))
        if due != _NEVER:
            yield _Untold(pk, key, tries, due)


def _due(untold: list[_Untold], *, now: datetime, limit: int) -> Iterator[tuple[_Untold, Consent]]:
    """Yield whom to tell of now: those that were never tried come first, and keep nobody waiting long."""
    due = [each for each in untold if each.due <= now.timestamp()]
    due = sorted(due, key=lambda each: each.tries)[:limit]
    # One that its person has asked for anew meanwhile is missing.
    consents = _lately(now).select_related("subject", "purpose__sender")
    found = consents.in_bulk([each.pk for each in due])
    return ((each, found[each.pk]) for each in due if each.pk in found)


def _tell(gateway: Strex, consent: Consent) -> Trouble | None:
    """Return why it was not taken. None: Strex knows."""
    purpose = consent.purpose
    number = purpose.sender.reply_number or purpose.sender.value
    try:
        sync_stop(gateway, consent.subject.phone, short_number=number, keyword=purpose.keyword)
    except (GatewayUnavailable, GatewayMisconfigured) as error:
        log.error("the stop of consent %d could not be passed on: %s", consent.pk, error)
        return error
    return None


def _note(state: SharedState, stop: _Untold, trouble: Trouble | None, *, now: datetime) -> None:
    """Remember it: as told, or how often it failed and when it is due again.

    That is in the next run, then after 2 minutes, 6, 14 and so on.
    """
    tries, due = stop.tries + 1, _NEVER
    if trouble is not None:
        due = now.timestamp() + min(60 * (2**tries - 2), LONGEST_PAUSE)
    state.set(f"stop:{stop.key}", (tries, due), seconds=REMEMBERED_FOR)
    state.delete(f"telling:{stop.key}")
