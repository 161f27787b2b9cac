"""A gateway that accepts every batch at once, in a process of its own: `python -m bench.stub PORT`.

The simulator keeps every message and would be the limit; this one counts what it is given, and notes when
each urgent message came.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.error import URLError
from urllib.request import urlopen

from tests import servers


class Stub(BaseHTTPRequestHandler):
    """POST takes whatever comes; GET tells how many messages that were, and which of them were urgent."""

    protocol_version = "HTTP/1.1"
    taken = 0
    # The number, and when its message had come: seconds of the clock that all processes share.
    urgent: ClassVar[list[tuple[str, float]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if b'"priority": "High"' in body:
            found = json.loads(body)
            batch = found if isinstance(found, list) else [found]
            self.urgent.extend((each["recipient"], time.monotonic()) for each in batch)
        type(self).taken += body.count(b'"transactionId"')
        self._answer(201, b"")

    def do_GET(self) -> None:
        self._answer(200, json.dumps({"taken": self.taken, "urgent": self.urgent}).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *values: object) -> None:
        """Say nothing."""


@contextmanager
def start_stub() -> Iterator[str]:
    """Run the stub, and yield its URL."""
    port = servers.free_port()
    started = servers.spawn("stub", [sys.executable, "-m", "bench.stub", str(port)])
    url = f"http://127.0.0.1:{port}/"
    servers.wait_for(started, lambda: _answers(url))
    try:
        yield url
    finally:
        started.stop()


def taken(url: str) -> int:
    """Return how many messages the stub has accepted."""
    return int(_ask(url)["taken"])


def urgent(url: str) -> dict[str, float]:
    """Return when the last urgent message to each number came, as `time.monotonic` tells the time."""
    return dict(_ask(url)["urgent"])


def _ask(url: str) -> Any:
    with urlopen(url, timeout=10) as answer:  # noqa: S310  our own process
        return json.loads(answer.read())


def _answers(url: str) -> bool:
    try:
        return taken(url) >= 0
    except URLError:
        return False


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Stub).serve_forever()
