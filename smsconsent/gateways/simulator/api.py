"""The API of Strex Connect: out-messages and in-messages."""

from typing import Any

from smsconsent.gateways.simulator.http import HttpError, Request, Response, Routes, as_json
from smsconsent.gateways.simulator.messages import Message, make_message
from smsconsent.gateways.simulator.text import is_gsm
from smsconsent.gateways.simulator.world import World

LARGEST_BATCH = 10_000
routes = Routes()


@routes.add("GET", "/api/ping")
def ping(world: World, request: Request) -> Response:
    return as_json("pong")


@routes.add("POST", "/api/out-messages")
def create(world: World, request: Request) -> Response:
    """Take one message, at once or not at all."""
    fields = request.json_object()
    now = world.clock.now()
    message = make_message(fields, now=now, readable_at=now)
    problem = message.problem or _unicode_problem(world, fields)
    if problem:
        raise HttpError(400, problem)
    message_id = _take(world, message)
    location = f"http://{request.headers.get('host', '')}/api/out-messages/{message_id}"
    return Response(201, headers={"Location": location})


@routes.add("POST", "/api/out-messages/batch")
def create_batch(world: World, request: Request) -> Response:
    """Take up to 10,000 messages. A bad one fails alone and later; its receipt tells."""
    batch = request.json()
    if not isinstance(batch, list) or not all(isinstance(fields, dict) for fields in batch):
        raise HttpError(400, "The body is not an array of messages.")
    if len(batch) > LARGEST_BATCH:
        raise HttpError(400, f"A batch holds at most {LARGEST_BATCH} messages.")
    ids = [fields["transactionId"] for fields in batch if fields.get("transactionId")]
    if len(set(ids)) < len(ids):
        raise HttpError(400, "TransactionId must be unique within a batch.")
    now = world.clock.now()
    readable_at = now + world.switches.batch_readable_seconds
    fresh = []
    for fields in batch:
        message = make_message(fields, now=now, readable_at=readable_at)
        if message.id in world.store.by_id:
            _take(world, message, in_batch=True)
        else:
            fresh.append(message)
    world.pipeline.accept(fresh)
    return Response(201)


@routes.add("GET", "/api/out-messages/{message_id}")
def show(world: World, request: Request, message_id: str) -> Response:
    return as_json(_find(world, message_id).as_out_message())


@routes.add("PUT", "/api/out-messages/{message_id}")
def change(world: World, request: Request, message_id: str) -> Response:
    """Replace a scheduled message while it is still here."""
    old = _find_scheduled(world, message_id)
    fields = request.json_object() | {"transactionId": message_id}
    now = world.clock.now()
    message = make_message(fields, now=now, readable_at=now)
    if message.problem:
        raise HttpError(400, message.problem)
    old.is_deleted = True
    world.pipeline.accept([message])
    return Response(204)


@routes.add("DELETE", "/api/out-messages/{message_id}")
def delete(world: World, request: Request, message_id: str) -> Response:
    """Delete a scheduled message while it is still here."""
    _find_scheduled(world, message_id).is_deleted = True
    return Response(204)


@routes.add("POST", "/api/prepare-msisdns")
def prepare(world: World, request: Request) -> Response:
    if not isinstance(request.json(), list):
        raise HttpError(400, "The body is not an array of numbers.")
    return Response(204)


@routes.add("GET", "/api/in-messages/{short_number_id}/{message_id}")
def show_inbound(world: World, request: Request, short_number_id: str, message_id: str) -> Response:
    found = world.inbox.get(short_number_id, message_id)
    if found is None:
        raise HttpError(404, "No such message.")
    return as_json(found)


def _take(world: World, message: Message, *, in_batch: bool = False) -> str:
    """Accept a message, or settle what it means that its id is known. Raises HttpError 409."""
    old = world.store.by_id.get(message.id)
    if old is None or old.is_deleted or old.due_at > world.clock.now():
        # Posting a scheduled message again is the documented way to change it.
        if old is not None:
            old.is_deleted = True
        world.pipeline.accept([message])
    elif world.switches.duplicate == "409" and not in_batch:
        raise HttpError(409, "TransactionId was used before.")
    else:
        world.store.count("duplicates")
        world.reports.send_duplicate(message.fields.get("deliveryReportUrl"), old)
    return message.id


def _unicode_problem(world: World, fields: dict[str, Any]) -> str:
    refused = fields.get("allowUnicode") is False and not is_gsm(str(fields.get("content", "")))
    return "Content is not GSM." if refused and world.switches.non_gsm == "400" else ""


def _find(world: World, message_id: str) -> Message:
    message = world.store.readable(message_id, world.clock.now())
    if message is None:
        raise HttpError(404, "No such message.")
    return message


def _find_scheduled(world: World, message_id: str) -> Message:
    message = _find(world, message_id)
    if message.due_at <= world.clock.now():
        raise HttpError(409, "The message is being sent, or was sent.")
    return message
