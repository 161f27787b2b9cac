"""Listens where the product would: keeps the callbacks of the simulator, and can pass them on to it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from django.test import Client

from tests.simulator import Simulator


@dataclass
class Heard:
    """One callback as it came."""

    path: str
    body: bytes
    signature: str | None


@dataclass
class Ear:
    """`statuses` are answered in turn, and then `status`."""

    url: str = ""
    status: int = 200
    statuses: list[int] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)

    def wait_for(self, count: int, *, within: float = 10) -> list[Heard]:
        """Return what was heard, once it is so much."""
        give_up_at = time.monotonic() + within
        while len(self.heard) < count and time.monotonic() < give_up_at:
            time.sleep(0.005)
        assert len(self.heard) >= count, f"heard {len(self.heard)} of {count}"
        return self.heard

    def pass_on(self, client: Client) -> list[int]:
        """Give the product all that was heard, in that order, and return its answers."""
        return [pass_on(client, each) for each in self.heard]


def pass_on(client: Client, heard: Heard) -> int:
    headers = {"X-ECDSA-Signature": heard.signature} if heard.signature is not None else {}
    return client.post(
        heard.path, heard.body, content_type="application/json", headers=headers
    ).status_code


@contextmanager
def listening() -> Iterator[Ear]:
    ear = Ear()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            ear.heard.append(Heard(self.path, body, self.headers.get("X-ECDSA-Signature")))
            self.send_response(ear.statuses.pop(0) if ear.statuses else ear.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the library's own name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    ear.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield ear
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def let_pass(simulator: Simulator, seconds: float) -> None:
    """Let time pass at the gateway. What falls due on the way has happened when this returns."""
    simulator.set("clock", {"advance": seconds})
