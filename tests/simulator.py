"""The gateway simulator as the tests see it: start one, look inside, answer as a person would."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests import environment, servers

SHORT_NUMBER = "26112"


@dataclass(frozen=True)
class Simulator:
    """A running simulator. Numbers are written in any way a handset takes: `+4790000001`."""

    url: str
    api_key: str
    secret: str
    process: servers.Started

    def state(self, **query: str) -> Any:
        """Return counts, what went over the wire and, with `number=`, the messages to that number."""
        parts = "&".join(f"{name}={value.replace('+', '%2B')}" for name, value in query.items())
        return self._ask("GET", f"/_sim/state?{parts}")

    def messages(self, number: str) -> list[Any]:
        """Return what the handset shows, both ways, newest last: id, direction, sender, to, text, time."""
        found: list[Any] = self._ask("GET", f"/handset/{number}.json")
        return found

    def received(self, number: str) -> list[str]:
        """Return the texts that arrived at the handset, newest last."""
        return [entry["text"] for entry in self.messages(number) if entry["direction"] == "in"]

    def reply(self, number: str, text: str, *, to: str = SHORT_NUMBER) -> Any:
        """Send a text from the handset, on its way to the product's webhook."""
        return self._ask("POST", f"/handset/{number}", {"to": to, "text": text})

    def reset(self) -> None:
        """Forget messages, faults and switches."""
        self._ask("POST", "/_sim/reset")

    def set(self, what: str, value: Any) -> Any:
        """Pull a string: `set("switches", {…})`, `"faults"`, `"clock"`, `"numbers/+47…"`."""
        return self._ask("POST", f"/_sim/{what}", value)

    def is_ready(self) -> bool:
        try:
            self._ask("GET", "/api/ping")
        except (URLError, ConnectionError):
            return False
        return True

    def _ask(self, method: str, path: str, content: Any = None) -> Any:
        body = None if content is None else json.dumps(content).encode()
        request = Request(
            self.url + path, body, {"Content-Type": "application/json"}, method=method
        )
        with urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text.strip().startswith((b"{", b"[")) else text


@contextmanager
def start_simulator(*, callback_base: str = "", port: int | None = None) -> Iterator[Simulator]:
    """Run a simulator on a free port. Inbound messages go to `callback_base`, if there is one."""
    port = port or servers.free_port()
    key, secret = environment.TESTS["STREX_API_KEY"], environment.CALLBACK_SECRET
    started = servers.spawn(
        "simulator",
        [sys.executable, "-m", "smsconsent.gateways.simulator"],
        environment={
            "SIMULATOR_PORT": str(port),
            "SIMULATOR_CALLBACK_BASE": callback_base,
            "SIMULATOR_SECRET": secret,
            "SIMULATOR_API_KEY": key,
        },
    )
    simulator = Simulator(f"http://127.0.0.1:{port}", key, secret, started)
    servers.wait_for(started, simulator.is_ready)
    try:
        yield simulator
    finally:
        started.stop()
