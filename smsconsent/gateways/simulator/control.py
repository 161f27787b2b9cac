"""The strings behind the scene: `/_sim/` sets time, switches and faults, and looks inside."""

from dataclasses import asdict
from typing import Any

from smsconsent.gateways.simulator.clock import iso
from smsconsent.gateways.simulator.handset_pages import page
from smsconsent.gateways.simulator.handsets import tidy_number
from smsconsent.gateways.simulator.http import HttpError, Request, Response, Routes, as_json
from smsconsent.gateways.simulator.world import DAY, World, public_key

LONGEST_JUMP = 400 * DAY
FASTEST = 1_000_000
routes = Routes()


@routes.add("GET", "/_sim")
def to_traffic(world: World, request: Request) -> Response:
    return Response(302, headers={"Location": "/_sim/"})


@routes.add("GET", "/_sim/")
def traffic(world: World, request: Request) -> Response:
    return page("traffic.html")


@routes.add("GET", "/_sim/state")
def state(world: World, request: Request) -> Response:
    """Return counts, what went over the wire, and with `?number=` the messages to that number."""
    number = tidy_number(request.query.get("number", ""))
    by_status: dict[str, int] = {}
    messages = []
    for message in world.store.by_id.values():
        by_status[message.status] = by_status.get(message.status, 0) + 1
        if number and message.recipient == number:
            messages.append(message.as_out_message())
    found = {
        "now": iso(world.clock.now()),
        "speed": world.clock.speed,
        "messages": by_status,
        "counts": world.store.counts,
        "callbacks": world.callbacks.counts | {"open": world.callbacks.open_count},
        "waiting": len(world.callbacks.waiting),
        "switches": asdict(world.switches),
        "faults": [asdict(fault) for fault in world.faults.active],
        "requests": list(world.requests),
        "callbackLog": list(world.callbacks.log),
    }
    return as_json(found | ({"toNumber": messages} if number else {}))


@routes.add("POST", "/_sim/reset")
def reset(world: World, request: Request) -> Response:
    world.reset()
    return Response(204)


@routes.add("POST", "/_sim/clock")
async def set_clock(world: World, request: Request) -> Response:
    """`{"speed": 60}` lets time run, `{"advance": 3600}` jumps; the answer comes when it has happened."""
    fields = request.json_object()
    speed, seconds = fields.get("speed"), fields.get("advance", 0)
    if speed is not None:
        if not isinstance(speed, int | float) or not 0 < speed <= FASTEST:
            raise HttpError(400, f"speed is a number above 0, at most {FASTEST}.")
        world.clock.set_speed(float(speed))
    if not isinstance(seconds, int | float) or not 0 <= seconds <= LONGEST_JUMP:
        raise HttpError(400, "advance is a number of seconds, not below 0.")
    if seconds:
        try:
            await world.clock.advance(float(seconds))
        except RuntimeError as error:
            raise HttpError(409, str(error)) from error
    return as_json({"now": iso(world.clock.now()), "speed": world.clock.speed})


@routes.add("POST", "/_sim/switches")
def set_switches(world: World, request: Request) -> Response:
    """Change some switches; the answer shows all of them."""
    try:
        world.switches.change(request.json_object())
    except (ValueError, TypeError) as error:
        raise HttpError(400, str(error)) from error
    return as_json(asdict(world.switches))


@routes.add("POST", "/_sim/faults")
def add_fault(world: World, request: Request) -> Response:
    try:
        world.faults.add(request.json_object())
    except (ValueError, TypeError) as error:
        raise HttpError(400, str(error)) from error
    return Response(204)


@routes.add("DELETE", "/_sim/faults")
def clear_faults(world: World, request: Request) -> Response:
    world.faults.active.clear()
    return Response(204)


@routes.add("POST", "/_sim/in-messages")
def send_inbound(world: World, request: Request) -> Response:
    """Let a phone send something: sender, recipient, content, and `isStopMessage` if it shall be set."""
    fields = request.json_object()
    texts = [fields.get(name) for name in ("sender", "recipient", "content")]
    is_stop = fields.get("isStopMessage")
    if not all(isinstance(text, str) for text in texts) or is_stop not in (None, True, False):
        raise HttpError(
            400, "sender, recipient and content are texts, isStopMessage true or false."
        )
    sender, recipient, content = map(str, texts)
    # A sender that is no number is let through as it is: it happens.
    entry = world.inbox.receive(tidy_number(sender) or sender, recipient, content, is_stop=is_stop)
    return as_json(entry.as_json(), 202)


@routes.add("POST", "/_sim/numbers/{typed}")
def script_number(world: World, request: Request, typed: str) -> Response:
    """Set how a phone behaves: `{"off": true}`, or an end such as `{"status": "Failed", "detail": …}`."""
    number = tidy_number(typed)
    if not number:
        raise HttpError(400, "That is not a phone number.")
    handset = world.handsets.get(number)
    try:
        handset.script(request.json_object())
    except ValueError as error:
        raise HttpError(400, str(error)) from error
    if not handset.is_off:
        world.pipeline.switch_on(handset)
    return Response(204)


@routes.add("POST", "/_sim/api-keys")
def set_api_keys(world: World, request: Request) -> Response:
    """Replace the keys that are accepted, as when one has expired."""
    keys = request.json()
    if not isinstance(keys, list):
        raise HttpError(400, "The body is not an array of keys.")
    world.api_keys.clear()
    world.api_keys.update(str(key) for key in keys)
    return Response(204)


@routes.add("POST", "/_sim/client-keys")
def add_client_key(world: World, request: Request) -> Response:
    """Register a public key that a client signs its requests with: name and publicKeyString."""
    fields = request.json_object()
    name, text = _text(fields, "name"), _text(fields, "publicKeyString")
    now = world.clock.now()
    world.client_keys[name] = public_key(name, text, start=now, end=now + 365 * DAY)
    return Response(204)


@routes.add("POST", "/_sim/subscriptions")
def set_subscription(world: World, request: Request) -> Response:
    """Put a subscription of a keyword service into a state: phone, shortNumber, keyword, active."""
    fields = request.json_object()
    world.subscriptions.set(
        tidy_number(_text(fields, "phone")),
        _text(fields, "shortNumber"),
        _text(fields, "keyword"),
        active=fields.get("active") is not False,
    )
    return Response(204)


@routes.add("POST", "/_sim/callbacks/retry")
def retry_callbacks(world: World, request: Request) -> Response:
    """Try now what waits for its next try."""
    return as_json({"tried": world.callbacks.retry_now()})


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise HttpError(400, f"{name} is a text.")
    return value
