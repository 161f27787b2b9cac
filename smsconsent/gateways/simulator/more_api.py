"""The rest of the API: keywords, codes, export, public keys, the command service."""

import csv
import io
from typing import TypeVar

from smsconsent.gateways.simulator.clock import iso
from smsconsent.gateways.simulator.handsets import tidy_number
from smsconsent.gateways.simulator.http import HttpError, Request, Response, Routes, as_json
from smsconsent.gateways.simulator.messages import make_message, read_time
from smsconsent.gateways.simulator.subscriptions import ACTIONS
from smsconsent.gateways.simulator.world import World

EXPORT_HEADER = (
    "SendTime",
    "Sender",
    "Recipient",
    "RecipientPrefix",
    "MessageParts",
    "StatusCode",
    "DetailedStatusCode",
    "Operator",
    "Tags",
)
routes = Routes()
Found = TypeVar("Found")


@routes.add("GET", "/api/keywords")
def list_keywords(world: World, request: Request) -> Response:
    return as_json(world.keywords.search(request.query))


@routes.add("POST", "/api/keywords")
def create_keyword(world: World, request: Request) -> Response:
    try:
        keyword_id = world.keywords.add(request.json_object(), now=world.clock.now())
    except ValueError as error:
        raise HttpError(400, str(error)) from error
    location = f"http://{request.headers.get('host', '')}/api/keywords/{keyword_id}"
    return Response(201, headers={"Location": location})


@routes.add("GET", "/api/keywords/{keyword_id}")
def show_keyword(world: World, request: Request, keyword_id: str) -> Response:
    return as_json(_or_404(world.keywords.get(keyword_id)))


@routes.add("PUT", "/api/keywords/{keyword_id}")
def change_keyword(world: World, request: Request, keyword_id: str) -> Response:
    fields = request.json_object()
    try:
        _or_404(world.keywords.change(keyword_id, fields, now=world.clock.now()) or None)
    except ValueError as error:
        raise HttpError(400, str(error)) from error
    return Response(204)


@routes.add("DELETE", "/api/keywords/{keyword_id}")
def delete_keyword(world: World, request: Request, keyword_id: str) -> Response:
    _or_404(world.keywords.remove(keyword_id) or None)
    return Response(204)


@routes.add("POST", "/api/pincodes")
def create_pincode(world: World, request: Request) -> Response:
    """Send a code. It becomes an out-message with the same id, so a known id sends nothing."""
    fields, now = request.json_object(), world.clock.now()
    if fields.get("transactionId") not in world.store.by_id:
        try:
            carrier = world.pincodes.create(fields, now=now)
        except ValueError as error:
            raise HttpError(400, str(error)) from error
        world.pipeline.accept([make_message(carrier, now=now, readable_at=now)])
    return Response(204)


@routes.add("GET", "/api/pincodes/verification")
def verify_pincode(world: World, request: Request) -> Response:
    query = request.query
    found = world.pincodes.verify(
        query.get("transactionId", ""), query.get("pincode", ""), now=world.clock.now()
    )
    return as_json(_or_404(found))


@routes.add("GET", "/api/export/out-messages")
def export(world: World, request: Request) -> Response:
    start, end = (read_time(request.query.get(name)) for name in ("from", "to"))
    if start is None or end is None:
        raise HttpError(400, "From and to are required.")
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(EXPORT_HEADER)
    for message in world.store.sent_between(start, end):
        tags = message.fields.get("tags") or []
        row = (
            iso(message.created_at),
            message.sender,
            message.recipient,
            message.recipient[:3],
            message.parts,
            message.status,
            message.detail,
            "no.telenor",
            ";".join(str(tag) for tag in tags),
        )
        writer.writerow(row)
    return Response(200, out.getvalue().encode(), {"Content-Type": "text/csv; charset=utf-8"})


@routes.add("GET", "/api/server/public-keys/{name}")
@routes.add("GET", "/api/public-key/{name}")
def server_key(world: World, request: Request, name: str) -> Response:
    return as_json(_or_404(world.server_keys.get(name)))


@routes.add("GET", "/api/client/public-keys")
def client_keys(world: World, request: Request) -> Response:
    return as_json(list(world.client_keys.values()))


@routes.add("GET", "/api/client/public-keys/{name}")
def client_key(world: World, request: Request, name: str) -> Response:
    return as_json(_or_404(world.client_keys.get(name)))


@routes.add("DELETE", "/api/client/public-keys/{name}")
def delete_client_key(world: World, request: Request, name: str) -> Response:
    _or_404(world.client_keys.pop(name, None))
    return Response(204)


@routes.add("POST", "/api/services/command")
def command(world: World, request: Request) -> Response:
    """End a subscription of a keyword service: 200 done, 204 not active, 404 not known."""
    fields = request.json_object()
    if fields.get("action") not in ACTIONS:
        raise HttpError(400, "The action is unknown.")
    phone = tidy_number(str(fields.get("phone", "")))
    short_number, keyword = str(fields.get("shortNumber", "")), str(fields.get("keyword", ""))
    return Response(world.subscriptions.end(phone, short_number, keyword))


def _or_404(found: Found | None) -> Found:
    if found is None:
        raise HttpError(404, "Not found.")
    return found
