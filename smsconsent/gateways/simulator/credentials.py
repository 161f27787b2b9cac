"""Who is asking: an API key, or a signature by a key that was registered."""

import time

from smsconsent.gateways.simulator.http import HttpError, Request
from smsconsent.gateways.simulator.signatures import Token, is_signed_by, text_to_sign
from smsconsent.gateways.simulator.world import World

TOLERANCE = 300
COMMAND_PATH = "/api/services/command"


def check(world: World, request: Request) -> None:
    """Let the request pass, or raise HttpError 401."""
    authorization = request.headers.get("authorization", "")
    if request.path == COMMAND_PATH:
        # The one page about this call names no other header for the key.
        form = world.switches.command_authorization
        if authorization in [form.replace("{key}", key) for key in world.api_keys]:
            return
    elif request.headers.get("x-apikey") in world.api_keys:
        return
    scheme, _space, rest = authorization.partition(" ")
    token = Token.parse(rest) if scheme.upper() in ("HMAC", "ECDSA") else None
    if token is None or not _is_signed(world, request, token):
        raise HttpError(401, "Unauthorized.")


def _is_signed(world: World, request: Request, token: Token) -> bool:
    key = world.client_keys.get(token.key_name)
    if key is None or abs(time.time() - token.timestamp) > TOLERANCE:
        return False
    signed = any(
        is_signed_by(
            key["publicKeyString"],
            token.signature,
            text_to_sign(request.method, url, token.timestamp, token.nonce, request.body),
        )
        for url in _addresses(request)
    )
    return signed and _is_first(world, token)


def _addresses(request: Request) -> list[str]:
    """The address as the client may have written it: with the default port, or without."""
    host = request.headers.get("host", "")
    bare = host.removesuffix(":80")
    return [f"http://{name}{request.target}" for name in {host, bare, f"{bare}:80"}]


def _is_first(world: World, token: Token) -> bool:
    """Refuse a nonce that was seen before, and forget those that are too old to pass anyway."""
    now = time.time()
    nonce = token.key_name, token.nonce
    if world.switches.request_nonce == "once" and nonce in world.nonces:
        return False
    world.nonces[nonce] = now
    while world.nonces and next(iter(world.nonces.values())) < now - 2 * TOLERANCE:
        del world.nonces[next(iter(world.nonces))]
    return True
