"""«Set up my keywords»: the words of our purposes, registered at the gateway so that they reach us."""

from collections.abc import Iterable

from consents.models import Organisation, Purpose
from smsconsent.gateways import GatewayMisconfigured, get_gateway
from smsconsent.gateways.strex import Strex
from smsconsent.gateways.strex_keywords import Action, Step, Wanted, plan, take

COUNTRY = "NO"


def plan_keywords(organisation: Organisation | None = None) -> list[Step]:
    """Return what would have to be done at the gateway, without doing it.

    For one organisation: its numbers. Closed purposes count too, since a stop must always reach us, and
    so do those of others at the same number. Raises GatewayUnavailable and GatewayMisconfigured.
    """
    purposes = Purpose.objects.exclude(keyword="").exclude(sender__reply_number="")
    if organisation is not None:
        numbers = purposes.filter(organisation=organisation).values("sender__reply_number")
        purposes = purposes.filter(sender__reply_number__in=numbers)
    pairs = purposes.values_list("sender__reply_number", "keyword")
    return plan(_gateway(), [Wanted(f"{COUNTRY}-{number}", word) for number, word in pairs])


def set_up_keywords(steps: Iterable[Step], *, delete: bool) -> int:
    """Do the steps of a plan; deletions only when that is said. Return how many were taken.

    Raises GatewayUnavailable and GatewayMisconfigured; what was done until then stays, and a new plan
    goes on from there.
    """
    gateway, taken = _gateway(), 0
    for step in steps:
        if step.action is Action.KEEP or (step.action is Action.DELETE and not delete):
            continue
        take(gateway, step)
        taken += 1
    return taken


def _gateway() -> Strex:
    gateway = get_gateway()
    if not isinstance(gateway, Strex):
        raise GatewayMisconfigured("this gateway has no keywords to set up")
    return gateway
