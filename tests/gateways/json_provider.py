"""A small provider for the JSON adapter, in a thread of the test: remembers messages, and can misbehave."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

JSON_KEY = "only-for-tests"
CREATED = 201


class JsonProvider(ThreadingHTTPServer):
    """Takes messages as JSON. `faults`: what the next posts meet, a status or a way to break off.

    `mumbled`: what it answers to whoever asks about a message, instead of what it knows.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.stored: dict[str, dict[str, Any]] = {}
        self.answered: list[tuple[str, int]] = []
        self.faults: list[tuple[int | str, int | None]] = []
        self.mumbled: str | None = None
        self.key = JSON_KEY
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self._thread = threading.Thread(target=self.serve_forever, args=[0.01])
        self._thread.start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


class Handler(BaseHTTPRequestHandler):
    server: JsonProvider

    def do_GET(self) -> None:
        found = self.server.stored.get(self.path.rpartition("/")[2])
        if not self._is_known():
            self._answer(401)
        elif self.path == "/ping":
            self._answer(200)
        elif self.server.mumbled is not None:
            self._answer(200, self.server.mumbled.encode())
        elif found is None:
            self._answer(404)
        else:
            self._answer(200, {"message": {"id": found["id"], "state": "Queued"}})

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        faults = self.server.faults
        fault, wait = faults.pop(0) if faults else (CREATED, None)
        fault = fault if self._is_known() else 401
        if fault in {CREATED, "hang", "drop"}:
            self.server.stored.setdefault(message["id"], message)
        if isinstance(fault, int):
            self._answer(fault, retry_after=wait)
        elif fault == "hang":
            time.sleep(0.5)

    def _is_known(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {self.server.key}"

    def _answer(self, status: int, body: Any = None, *, retry_after: int | None = None) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode() if body else b""
        self.server.answered.append((f"{self.command} {self.path}", status))
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        if retry_after:
            self.send_header("Retry-After", str(retry_after))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the library's own name
        pass
