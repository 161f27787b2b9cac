"""Sites behind gunicorn, and a client that is faster than they are."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests import environment, servers

APPS = Path(__file__).with_name("apps")
PROCESSES, THREADS = 2, 8


@dataclass(frozen=True, slots=True)
class Load:
    """What the client saw: requests a second, and the seconds that 99 of 100, and all, took at most.

    `answered`: when each was, by its place, as `time.monotonic` tells the time.
    """

    per_second: float
    p99: float
    longest: float
    answered: Mapping[int, float]


@contextmanager
def site(application: str, database_url: str, **variables: str) -> Iterator[int]:
    """Serve one of `bench/apps`, or the product (`smsconsent.wsgi`). Yield the port."""
    port = servers.free_port()
    started = servers.spawn(
        "site",
        [
            *(sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--chdir", "."),
            *("--workers", str(PROCESSES), "--threads", str(THREADS), "--pythonpath", APPS),
            *("--keep-alive", "60", application),
        ],
        environment={**environment.TESTS, "DATABASE_URL": database_url, **variables},
    )
    servers.wait_for(started, lambda: _answers(port))
    try:
        yield port
    finally:
        started.stop()


@contextmanager
def bare(database_url: str) -> Iterator[int]:
    """Serve the minimal views of `bench/apps/bare.py`, on a table made for them. Yield the port."""
    subprocess.run(  # noqa: S603  our own process
        [sys.executable, APPS / "bare.py"],
        env={**environment.TESTS, "DATABASE_URL": database_url},
        check=True,
    )
    with site("bare", database_url) as port:
        yield port


def product(database_url: str, **variables: str) -> AbstractContextManager[int]:
    """Serve the product as production does, with limits that a measurement does not meet."""
    return site("smsconsent.wsgi", database_url, **variables_of_product(), **variables)


def variables_of_product() -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "smsconsent.settings",
        "REDIS_URL": servers.valkey(),
        "ALLOWED_HOSTS": "127.0.0.1",
        "STREX_CALLBACK_SIGNATURE": "off",
        "STREX_ALLOW_FAKE_NUMBERS": "true",
        "CONFIRMATIONS_PER_DAY": "10000000",
        "CONFIRMATIONS_PER_FORM_AND_HOUR": "10000000",
        "CONFIRMATIONS_PER_NETWORK_AND_HOUR": "10000000",
    }


def post(path: str, body: bytes, *, kind: str = "application/json", cookie: str = "") -> bytes:
    """Return one request, ready to be sent."""
    extra = f"Cookie: {cookie}\r\nReferer: http://127.0.0.1/\r\n" if cookie else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\n{extra}"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def load(port: int, requests: Sequence[bytes], *, good: bytes, clients: int = 8) -> Load:
    """Send all requests over `clients` connections, as fast as they are answered.

    Raises RuntimeError for an answer that is not `good`.
    """
    return _send(port, requests, good=good, clients=clients, per_second=None)


def steady(
    port: int, requests: Sequence[bytes], *, good: bytes, per_second: int, clients: int = 24
) -> Load:
    """Send so many requests a second, whether earlier ones have been answered or not.

    Each is timed from the moment when it was due, so that waiting for its turn counts as well.
    """
    return _send(port, requests, good=good, clients=clients, per_second=per_second)


def _send(
    port: int, requests: Sequence[bytes], *, good: bytes, clients: int, per_second: int | None
) -> Load:
    took: list[float] = []
    answered: dict[int, float] = {}
    bad: list[bytes] = []
    started = time.perf_counter()

    def run(first: int) -> None:
        client = _Client(port)
        for number in range(first, len(requests), clients):
            began = started + number / per_second if per_second else time.perf_counter()
            time.sleep(max(0.0, began - time.perf_counter()))
            answer = client.ask(requests[number])
            took.append(time.perf_counter() - began)
            answered[number] = time.monotonic()
            if not answer.startswith(b"HTTP/1.1 " + good):
                bad.append(answer)
                break
        client.connection.close()

    threads = [threading.Thread(target=run, args=(first,)) for first in range(clients)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    seconds = time.perf_counter() - started
    if bad or len(took) < len(requests):
        raise RuntimeError(f"{len(took)} of {len(requests)} answered; {bad[:1]!r}")
    in_order = sorted(took)
    p99, longest = in_order[int(len(took) * 0.99)], in_order[-1]
    return Load(len(took) / seconds, p99, longest, answered)


class _Client:
    """One connection that is kept open."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.connection = _connect(port)

    def ask(self, request: bytes) -> bytes:
        """Return the head of the answer."""
        try:
            return _ask(self.connection, request)
        except OSError:
            # gunicorn may close a connection that waits for its next request.
            self.connection.close()
            self.connection = _connect(self._port)
            return _ask(self.connection, request)


def _connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def _ask(connection: socket.socket, request: bytes) -> bytes:
    """Send a request and read its answer: the head, and as much body as the head says. Return the head."""
    connection.sendall(request)
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536) or _gone()
    head, _end, body = data.partition(b"\r\n\r\n")
    length = next(
        (
            int(line[15:])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        ),
        0,
    )
    while len(body) < length:
        body += connection.recv(65536) or _gone()
    return head


def _gone() -> bytes:
    raise ConnectionError("the site closed the connection")


def _answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/", timeout=5):
            return True
    except URLError as error:
        return hasattr(error, "code")
    except OSError:
        return False
