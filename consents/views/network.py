"""The network that a request comes from, as a key that names nobody (trust.md § 9)."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from consents import limits


def network_of(request: HttpRequest) -> bytes | None:
    """Return today's keyed digest of the visitor's network, or None when there is no address.

    IPv6 counts by /64 and IPv4 by address. PRIVACY: the address itself is never stored or logged.
    """
    address = address_of(request)
    if address is None:
        return None
    prefix = 64 if address.version == 6 else 32
    network = ipaddress.ip_network((address, prefix), strict=False)
    return limits.network_key(str(network), day=timezone.localdate())


def address_of(request: HttpRequest) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return where a request comes from.

    SECURITY: only configured proxies may name the client; each appends one address.
    """
    hops = request.headers.get("X-Forwarded-For", "").split(",")
    trusted = settings.TRUSTED_PROXY_COUNT
    text = hops[-trusted] if trusted and len(hops) >= trusted else request.META["REMOTE_ADDR"]
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        return None
