"""A whole running product for the tests that go from door to door: web, workers, beat and simulator.

`embedded` is what `make run` starts: one process on SQLite. `separate` is what production runs: gunicorn,
two Celery workers and beat as processes of their own, on PostgreSQL and Valkey.
"""

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import httpx2

from tests import environment, servers
from tests.settings import IS_POSTGRES
from tests.simulator import SHORT_NUMBER, Simulator

PYTHON = sys.executable
# Seconds for what workers do in the background, on a machine that is busy with the suite.
WAIT = 60.0


@dataclass
class Installation:
    """A running product. `passwords` has one account per role, by the name before the @."""

    url: str
    simulator: Simulator
    passwords: dict[str, str]
    processes: dict[str, servers.Started]
    variables: dict[str, str | None]
    visitors: ExitStack

    def visitor(self) -> "Visitor":
        visitor = Visitor(self.url)
        self.visitors.callback(visitor.client.close)
        return visitor

    def colleague(self, account: str) -> "Visitor":
        """Return a visitor who has signed in at the portal."""
        visitor = self.visitor()
        email = f"{account}@nordlys.example"
        answer = visitor.send(
            "/staff/account/login/", {"login": email, "password": self.passwords[email]}
        )
        assert answer.status_code == 200, answer.text
        assert "/staff/" in str(answer.url)
        assert "login" not in str(answer.url), "the sign-in was refused"
        return visitor

    def wait_for_text(self, number: str, part: str) -> str:
        """Return the first text at the handset that holds `part`, once it has arrived."""
        found: str = eventually(
            lambda: next((t for t in self.simulator.received(number) if part in t), None),
            f"«{part}» at {number}; there is: {self.simulator.received(number)}",
        )
        return found

    def run_command(self, *arguments: str) -> str:
        """Run a management command on this installation, and return what it prints."""
        started = servers.spawn(
            "command", [PYTHON, "manage.py", *arguments], environment=self.variables
        )
        assert started.process.wait(60) == 0, started.log.read_text(encoding="utf-8")
        return started.log.read_text(encoding="utf-8")


class Visitor:
    """Somebody with a browser without JavaScript: follows redirects, keeps cookies, sends the token."""

    def __init__(self, url: str) -> None:
        self.client = httpx2.Client(
            base_url=url, follow_redirects=True, timeout=30, trust_env=False
        )

    def open(self, path: str) -> httpx2.Response:
        return self.client.get(path)

    def send(
        self, path: str, fields: dict[str, str] | None = None, *, page: str = ""
    ) -> httpx2.Response:
        """Open `page` (or the path itself) for its token, and send the form to `path`."""
        shown = self.open(page or path)
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', shown.text)
        assert found, f"{page or path} has no form: {shown.status_code}"
        return self.client.post(
            path,
            data={"csrfmiddlewaretoken": found[1], **(fields or {})},
            headers={"Referer": str(shown.url)},
        )


def eventually(check: Callable[[], Any], what: str, *, within: float = WAIT) -> Any:
    """Return what `check` finds, as soon as it finds something true."""
    give_up_at = time.monotonic() + within
    while time.monotonic() < give_up_at:
        if found := check():
            return found
        time.sleep(0.05)
    raise AssertionError(f"Not within {within:.0f} seconds: {what}")


@contextmanager
def embedded(folder: Path | None = None, **variables: str) -> Iterator[Installation]:
    """Run `manage.py run` as a newcomer does, on free ports and a folder of its own."""
    var = folder or Path(mkdtemp(dir=servers.folder(), prefix="embedded-"))
    port, simulator_port = servers.free_port(), servers.free_port()
    chosen: dict[str, str | None] = _clean() | {
        "VAR": str(var),
        "PORT": str(port),
        "SIMULATOR_PORT": str(simulator_port),
        **variables,
    }
    started = servers.spawn("run", [PYTHON, "manage.py", "run"], environment=chosen)
    with ExitStack() as visitors:
        visitors.callback(started.stop)
        servers.wait_for(started, lambda: "Ctrl-C stops" in _log(started), within=60)
        yield Installation(
            f"http://127.0.0.1:{port}",
            Simulator(f"http://127.0.0.1:{simulator_port}", "", "", started),
            _passwords(var),
            {"run": started},
            chosen,
            visitors,
        )


@contextmanager
def separate(database_url: str, valkey_url: str, *, beat: bool = True) -> Iterator[Installation]:
    """Run what production runs, with the demo organisation in it."""
    var = Path(mkdtemp(dir=servers.folder(), prefix="separate-"))
    port, simulator_port = servers.free_port(), servers.free_port()
    url, simulator_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{simulator_port}"
    chosen = _clean() | _of_production(var, database_url, valkey_url, url, simulator_url)
    with ExitStack() as stack:

        def start(name: str, *command: str, **extra: str) -> servers.Started:
            started = servers.spawn(name, [PYTHON, "-m", *command], environment=chosen | extra)
            stack.callback(started.stop)
            return started

        simulator = _start_simulator(start, simulator_port, url)
        at_strex = Simulator(simulator_url, "", environment.CALLBACK_SECRET, simulator)
        installation = Installation(url, at_strex, {}, {}, chosen, stack)
        installation.run_command("migrate", "--verbosity=0")
        installation.run_command("demo")
        installation.passwords = _passwords(var)
        installation.processes = _start_product(start, port, var, beat=beat)
        servers.wait_for(simulator, at_strex.is_ready)
        servers.wait_for(installation.processes["web"], lambda: _answers(f"{url}/readyz"))
        yield installation


def _of_production(
    var: Path, database_url: str, valkey_url: str, url: str, simulator_url: str
) -> dict[str, str]:
    return environment.TESTS | {
        "VAR": str(var),
        "DATABASE_URL": database_url,
        "REDIS_URL": valkey_url,
        "PUBLIC_URL": url,
        "STREX_BASE_URL": f"{simulator_url}/",
        "STREX_SERVER_KEY_NAMES": "simulator",
        "STREX_ALLOW_FAKE_NUMBERS": "true",
        "QUIET_HOURS": "false",
    }


def _start_simulator(start: Callable[..., servers.Started], port: int, url: str) -> servers.Started:
    return start(
        "simulator",
        "smsconsent.gateways.simulator",
        SIMULATOR_PORT=str(port),
        SIMULATOR_CALLBACK_BASE=url,
        SIMULATOR_SECRET=environment.CALLBACK_SECRET,
        SIMULATOR_API_KEY=environment.TESTS["STREX_API_KEY"],
    )


def _start_product(
    start: Callable[..., servers.Started], port: int, var: Path, *, beat: bool
) -> dict[str, servers.Started]:
    """Start web, two workers and, unless a test is its own beat, beat."""
    celery = ("celery", "-A", "smsconsent")
    worker = (*celery, "worker", "-P", "threads", "-c", "4", "-l", "WARNING")
    web = ("gunicorn", "--bind", f"127.0.0.1:{port}", "--threads=8", "smsconsent.wsgi")
    processes = {
        "web": start("web", *web),
        "service": start("service", *worker, "-Q", "service,ledger", "-n", "service"),
        "campaigns": start("campaigns", *worker, "-Q", "campaigns", "-n", "campaigns"),
    }
    if beat:
        schedule = str(var / "beat")
        processes["beat"] = start("beat", *celery, "beat", "-s", schedule, "-l", "WARNING")
    return processes


@contextmanager
def running() -> Iterator[Installation]:
    """Run what the database of this run stands for: a newcomer's installation, or production."""
    if not IS_POSTGRES:
        with embedded() as installation:
            yield installation
        return
    with servers.fresh_database() as url, separate(url, servers.valkey()) as installation:
        yield installation


def _clean() -> dict[str, str | None]:
    """Take away every variable of the product that the test run itself has set."""
    names = {*environment.documented_variables(), *environment.TESTS}
    return dict.fromkeys(names) | {"DJANGO_SETTINGS_MODULE": "smsconsent.settings"}


def _log(started: servers.Started) -> str:
    return started.log.read_text(encoding="utf-8", errors="replace")


def _passwords(var: Path) -> dict[str, str]:
    lines = (var / "passwords.txt").read_text(encoding="utf-8").splitlines()
    return {line.split()[0]: line.split()[1] for line in lines}


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5):
            return True
    except (URLError, OSError):
        return False


__all__ = [
    "SHORT_NUMBER",
    "Installation",
    "Visitor",
    "embedded",
    "eventually",
    "running",
    "separate",
]
