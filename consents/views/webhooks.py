"""Callbacks from the gateway. The secret address lets one in; the signature decides what it may do."""

import logging
import time
from collections.abc import Callable
from functools import wraps
from hmac import compare_digest
from ipaddress import ip_network

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from consents import services
from consents.views.network import address_of
from smsconsent.gateways import (
    Callback,
    CallbackMalformed,
    CallbackRefused,
    Gateway,
    Inbound,
    gateway_name,
    get_gateway,
)
from smsconsent.gateways.state import SharedState

log = logging.getLogger(__name__)
# SECURITY: a callback is a few hundred bytes. Nothing larger is read, let alone parsed (trust.md T24).
LARGEST_BODY = 32 * 1024

Act = Callable[[Gateway, Callback, bytes], None]


def _callback(act: Act) -> Callable[..., HttpResponse]:
    """Wrap one act as a webhook: check, act, and answer exactly 200 once it is stored (strex.md § 5)."""

    @csrf_exempt
    @require_POST
    @wraps(act)
    def view(request: HttpRequest, gateway: str, secret: str) -> HttpResponse:
        _require_secret(gateway, secret)
        _require_network(request)
        started_at = time.monotonic()
        try:
            body = _body(request)
            carrier = get_gateway()
            callback = carrier.verify(
                method="POST",
                path=request.path,
                headers=request.headers,
                body=body,
                now=timezone.now(),
            )
            act(carrier, callback, body)
        except _TooLarge:
            return HttpResponse("The body is too large.", status=413, content_type="text/plain")
        except CallbackMalformed:
            log.error("a callback could not be read")
            SharedState(gateway).count("malformed")
            return HttpResponse("This is not a callback.", status=400, content_type="text/plain")
        except (CallbackRefused, services.ReplayedNonce):
            log.warning("a callback with a wrong signature was refused")
            SharedState(gateway).count("refused")
            return HttpResponse("Wrong signature.", status=401, content_type="text/plain")
        except (DatabaseError, InterfaceError):
            # Nothing was stored, so the gateway must come again.
            log.exception("a callback could not be stored")
            return HttpResponse("Try again.", status=503, content_type="text/plain")
        finally:
            _watch_the_time(gateway, time.monotonic() - started_at)
        return HttpResponse(status=200)

    return view


@_callback
def inbound(gateway: Gateway, callback: Callback, body: bytes) -> None:
    """An SMS from a person."""
    services.receive_message(
        gateway.read_inbound(body),
        gateway=gateway.name,
        callback=callback,
        body=body,
        now=timezone.now(),
    )


@_callback
def receipts(gateway: Gateway, callback: Callback, body: bytes) -> None:
    """What became of a message."""
    found, now = gateway.read_receipt(body), timezone.now()
    if isinstance(found, Inbound):
        services.receive_message(found, gateway=gateway.name, callback=callback, body=body, now=now)
    else:
        services.receive_receipt(found, gateway=gateway.name, callback=callback, body=body, now=now)


def _watch_the_time(gateway: str, seconds: float) -> None:
    """How long Strex waits for an answer is not documented, so a slow one is said (strex.md § 12, 3)."""
    if seconds > settings.STREX_CALLBACK_BUDGET:
        SharedState(gateway).count("slow")
        log.error("a callback took %.1f seconds to answer", seconds)


class _TooLarge(Exception):
    pass


def _body(request: HttpRequest) -> bytes:
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        return _body_in_pieces(request)
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise CallbackMalformed from None
    if length > LARGEST_BODY:
        raise _TooLarge
    try:
        return request.body
    except RequestDataTooBig:
        raise _TooLarge from None
    except UnreadablePostError:
        raise CallbackMalformed from None


def _body_in_pieces(request: HttpRequest) -> bytes:
    """Read a body without a length, as .NET writes them: Django would take it for empty.

    Only the server knows where it ends, and says whether it tells.
    """
    if not request.META.get("wsgi.input_terminated"):
        raise CallbackMalformed
    try:
        body: bytes = request.META["wsgi.input"].read(LARGEST_BODY + 1)
    except OSError:
        raise CallbackMalformed from None
    if len(body) > LARGEST_BODY:
        raise _TooLarge
    return body


def _require_network(request: HttpRequest) -> None:
    """Answer 404 to whoever calls from elsewhere, where STREX_CALLBACK_NETWORKS says from where."""
    allowed = [ip_network(text) for text in settings.STREX_CALLBACK_NETWORKS]
    address = address_of(request)
    if allowed and not any(address is not None and address in each for each in allowed):
        raise Http404


def _require_secret(gateway: str, secret: str) -> None:
    """Answer 404 unless the address is ours. Two secrets are valid while one is being changed."""
    given = secret.encode()
    matches = [
        compare_digest(given, known.encode()) for known in settings.STREX_CALLBACK_SECRETS if known
    ]
    if not any(matches) or gateway != gateway_name():
        raise Http404
