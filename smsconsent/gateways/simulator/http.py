"""HTTP/1.1 for the simulator, no more than it needs: keep-alive, lengths, chunks, and ways to misbehave."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

LARGEST_HEAD = 64 * 1024
LARGEST_BODY = 64 * 1024 * 1024
# A connection without a request is closed after this many seconds.
IDLE_FOR = 120.0


class HttpError(Exception):
    """Answer with this status and Strex' only known shape of an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass(slots=True)
class Response:
    """An answer. The last three fields are ways in which a server misbehaves."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    hang_for: float = 0.0
    drop: bool = False
    slow_for: float = 0.0


@dataclass(slots=True)
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        pairs = parse_qs(urlsplit(self.target).query, keep_blank_values=True)
        return {name: values[0] for name, values in pairs.items()}

    @property
    def url(self) -> str:
        """The address as the client saw it."""
        return f"http://{self.headers.get('host', '')}{self.target}"

    def json(self) -> Any:
        """Return the body, whatever its Content-Type. Raises HttpError 400."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise HttpError(400, "The body is not JSON.") from None

    def json_object(self) -> dict[str, Any]:
        """Return the body, which must be one object. Raises HttpError 400."""
        found = self.json()
        if not isinstance(found, dict):
            raise HttpError(400, "The body is not one JSON object.")
        return found


Answerer = Callable[[Request], Awaitable[Response]]
Answer = Callable[..., Response | Awaitable[Response]]


@dataclass(slots=True)
class Routes:
    """Which function answers which address."""

    table: list[tuple[str, re.Pattern[str], Answer]] = field(default_factory=list)

    def add(self, method: str, pattern: str) -> Callable[[Answer], Answer]:
        """Let the decorated function answer. `{name}` in the pattern is one part of the path."""
        expression = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern.replace(".", r"\."))

        def decorate(function: Answer) -> Answer:
            self.table.append((method, re.compile(expression), function))
            return function

        return decorate

    def find(self, method: str, path: str) -> tuple[Answer, dict[str, str]]:
        """Return a function and the named parts. Raises HttpError 404 and 405."""
        allowed = False
        for own, pattern, function in self.table:
            match = pattern.fullmatch(path)
            if match and own == method:
                return function, match.groupdict()
            allowed = allowed or bool(match)
        raise HttpError(405 if allowed else 404, "There is nothing here.")


def as_json(value: Any, status: int = 200, **headers: str) -> Response:
    """Return a JSON answer."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    names = {name.replace("_", "-"): text for name, text in headers.items()}
    return Response(status, body, {"Content-Type": "application/json; charset=utf-8"} | names)


async def serve_connection(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answerer
) -> None:
    """Answer the requests of one connection until either side closes it."""
    try:
        while True:
            request = await _read(reader, writer)
            if request is None:
                break
            response = await answer(request)
            if not await _write(writer, response, is_head=request.method == "HEAD"):
                break
            if request.headers.get("connection", "").lower() == "close":
                break
    except (ConnectionError, asyncio.IncompleteReadError, TimeoutError):
        pass
    except HttpError as error:
        await _write(writer, as_json({"Message": error.message}, error.status))
    finally:
        writer.close()


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    """Return the next request, or None when there is none. Raises HttpError for one we cannot read."""
    try:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), IDLE_FOR)
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError:
        raise HttpError(431, "The headers are too long.") from None
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    parts = first.split(" ")
    if len(parts) != 3:
        raise HttpError(400, "That is not HTTP.")
    headers: dict[str, str] = {}
    for line in lines:
        name, _colon, value = line.partition(":")
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    return Request(parts[0], parts[1], headers, await _read_body(reader, headers))


async def _read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _read_chunks(reader)
    length = headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit():
        raise HttpError(400, "Content-Length is not a number.")
    if int(length) > LARGEST_BODY:
        raise HttpError(413, "The body is too large.")
    return await reader.readexactly(int(length)) if int(length) else b""


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while True:
        line = await reader.readuntil(b"\r\n")
        try:
            size = int(line.split(b";")[0], 16)
        except ValueError:
            raise HttpError(400, "That is not a chunk.") from None
        if len(body) + size > LARGEST_BODY:
            raise HttpError(413, "The body is too large.")
        if not size:
            break
        body += (await reader.readexactly(size + 2))[:-2]
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass
    return body


async def _write(
    writer: asyncio.StreamWriter, response: Response, *, is_head: bool = False
) -> bool:
    """Send an answer, well or badly. Return whether the connection is still of use."""
    if response.hang_for:
        await asyncio.sleep(response.hang_for)
    if response.hang_for or response.drop:
        writer.transport.abort()
        return False
    reason = HTTPStatus(response.status).phrase
    lines = [f"HTTP/1.1 {response.status} {reason}"]
    if response.status not in (204, 304):
        lines.append(f"Content-Length: {len(response.body)}")
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    body = b"" if is_head else response.body
    if response.slow_for:
        await _write_slowly(writer, head + body, response.slow_for)
    else:
        writer.write(head + body)
    await writer.drain()
    return True


async def _write_slowly(writer: asyncio.StreamWriter, content: bytes, seconds: float) -> None:
    """Spread an answer over some seconds, in twenty pieces: never quiet for long, yet never done."""
    size = max(1, len(content) // 20)
    for start in range(0, len(content), size):
        writer.write(content[start : start + size])
        await writer.drain()
        await asyncio.sleep(seconds / 20)
