"""What a person should know about the gateway, in sentences: for `doctor`, `/readyz` and the portal."""

import logging
from datetime import date, timedelta

import httpx2
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from smsconsent.gateways import gateway_name
from smsconsent.gateways.pacing import Breaker
from smsconsent.gateways.state import SharedState, Snapshot

log = logging.getLogger(__name__)
WARN_BEFORE = timedelta(days=60)
CALLBACK_TIMEOUT = 3.0
# As long as any pause: an operator that refuses the account does not change its mind within seconds.
REFUSED_FOR = 600.0
REFUSED_ACCOUNT = gettext_noop("the operators refuse our account at the gateway")


def key_expires_on() -> date | None:
    """Return the last day of the API key, or None when nobody has said. Raises ValueError for no date."""
    text: str = settings.STREX_API_KEY_EXPIRES_ON
    return date.fromisoformat(text) if text else None


def key_warning() -> str:
    """Return a sentence from 60 days before the API key ends (strex.md § 1), else nothing."""
    try:
        last = key_expires_on()
    except ValueError:
        return _("STREX_API_KEY_EXPIRES_ON is not a date: write it as 2027-01-31.")
    if last is None:
        return ""
    left = (last - timezone.localdate()).days
    if left < 0:
        return _("The API key of the gateway has expired. Make a new one in the Strex portal.")
    if left > WARN_BEFORE.days:
        return ""
    return ngettext(
        "The API key of the gateway expires in %(days)d day. Make a new one in the "
        "Strex portal and set it as STREX_API_KEY_NEXT.",
        "The API key of the gateway expires in %(days)d days. Make a new one in the "
        "Strex portal and set it as STREX_API_KEY_NEXT.",
        left,
    ) % {"days": left}


def lane_warning() -> str:
    """Return a sentence while nothing is sent, and why; else nothing."""
    found = SharedState(gateway_name()).snapshot()
    if not found.is_known:
        return _("Nothing is sent: the cache (REDIS_URL) does not answer. The messages wait.")
    if found.shut_until is None:
        return ""
    if found.misconfigured:
        return _("Nothing is sent: %(why)s. The messages wait.") % {"why": _(found.misconfigured)}
    if found.is_half_open:
        return _("The gateway took no messages. The next message shows whether it does now.")
    at = timezone.localtime(found.shut_until).strftime("%H:%M:%S")
    return _(
        "The gateway takes no messages now. We try again at %(time)s; until then the messages wait."
    ) % {"time": at}


def next_key_warning() -> str:
    """Return a sentence when the first key is refused and the second one is in use."""
    if not SharedState(gateway_name()).snapshot().is_on_next_key:
        return ""
    return _("The first API key is refused and the next one is used: make it the first.")


def parts_warning() -> str:
    """Return a sentence when the gateway counts other parts than we did: prices are wrong (strex.md § 7)."""
    count = SharedState(gateway_name()).snapshot(counted=("parts_differ",)).counts["parts_differ"]
    if not count:
        return ""
    return ngettext(
        "The gateway counted a different number of parts than we did for %(count)d "
        "message today: prices in previews may be wrong.",
        "The gateway counted a different number of parts than we did for %(count)d "
        "messages today: prices in previews may be wrong.",
        count,
    ) % {"count": count}


def stop_lanes() -> None:
    """Send nothing for ten minutes and say why: a report says that the account is refused (strex.md § 10)."""
    log.critical("%s: nothing is sent until it is mended", REFUSED_ACCOUNT)
    Breaker(SharedState(gateway_name())).pause(REFUSED_FOR, misconfigured=REFUSED_ACCOUNT)


def callback_problem(url: str) -> str:
    """Return why the gateway could not call us at this address, or nothing. Asks it as anybody would."""
    try:
        # It takes POST only: 405 says that the address is ours, and nothing has happened.
        with httpx2.Client(timeout=CALLBACK_TIMEOUT, follow_redirects=False) as client:
            status = client.get(url).status_code
    except httpx2.HTTPError as error:
        return f"it does not answer ({type(error).__name__})"
    return "" if status == 405 else f"it answers {status} instead of 405"


def standing(found: Snapshot) -> tuple[str, str]:
    """Return the state of the lanes in a few words, and the colour of its badge."""
    if not found.is_known:
        return _("Stopped: the cache does not answer"), "danger"
    if found.misconfigured:
        return _("Stopped: the configuration is wrong"), "danger"
    if found.is_open:
        return _("Waiting after failures"), "warning"
    if found.is_half_open:
        return _("Trying again"), "warning"
    return _("Accepting messages"), "ok"
