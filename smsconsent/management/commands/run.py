"""`manage.py run`: the whole of smsconsent in one foreground command, on the embedded installation."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from celery.beat import Service
from celery.signals import worker_ready
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.module_loading import import_string

from smsconsent.celery import app

READY_WITHIN = 20.0


class QuietHandler(WSGIRequestHandler):
    """Serves without a log line per request: the terminal belongs to the banner."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the library's own name
        pass


class Command(BaseCommand):
    help = "Start web, worker, beat and the gateway simulator. Ctrl-C stops them all."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.EMBEDDED:
            raise CommandError(
                "`run` is for the embedded installation. In production start gunicorn, worker and "
                "beat (docs/operations.md)."
            )
        started_at = time.monotonic()
        port, simulator_port = settings.PORT, settings.SIMULATOR_PORT
        for number in (port, simulator_port):
            _require_free(number)
        self._say("Preparing the database")
        settings.STATIC_ROOT.mkdir(exist_ok=True)
        self._prepare_database()
        # Ctrl-C may come before the worker listens for it.
        with suppress(KeyboardInterrupt), _remembering_ctrl_c():
            self._run(port, simulator_port, started_at)
        self._say("Stopped.")

    def _run(self, port: int, simulator_port: int, started_at: float) -> None:
        self._say("Starting the Strex Connect simulator")
        with _simulator(port, simulator_port), _web(port):
            self._say("Starting web, worker and beat")
            _wait_until_ready(f"http://127.0.0.1:{port}/healthz", what="the web server")
            _wait_until_ready(f"http://127.0.0.1:{simulator_port}/api/ping", what="the simulator")
            self._say(f"Ready after {time.monotonic() - started_at:.1f} seconds")
            call_command("banner", stdout=self.stdout)
            self.stdout.flush()
            _work()

    def _say(self, line: str) -> None:
        self.stdout.write(f"· {line}")
        self.stdout.flush()

    def _prepare_database(self) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", verbosity=0)
            # A new right belongs to those who hold its role already.
            call_command("sync_roles")
        call_command("demo", if_empty=True, stdout=self.stdout)
        connection.close()


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise CommandError(
                f"Port {port} is in use. Stop what uses it, or choose other ports: "
                "make run PORT=8010 SIMULATOR_PORT=8036"
            ) from None


@contextmanager
def _simulator(port: int, simulator_port: int) -> Iterator[None]:
    """Run the simulator as a process of its own, ended with ours."""
    environment = os.environ | {
        "SIMULATOR_PORT": str(simulator_port),
        "SIMULATOR_CALLBACK_BASE": f"http://127.0.0.1:{port}",
        "SIMULATOR_SECRET": settings.STREX_CALLBACK_SECRETS[0],
        "SIMULATOR_API_KEY": settings.STREX_API_KEY,
        "SIMULATOR_ENDS_WITH_INPUT": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "smsconsent.gateways.simulator"],
        env=environment,
        cwd=settings.BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        # Ctrl-C reaches the whole process group; ours ends the simulator itself, in its own order.
        start_new_session=True,
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()


@contextmanager
def _web(port: int) -> Iterator[None]:
    server = ThreadedWSGIServer(("127.0.0.1", port), QuietHandler)
    server.set_app(import_string(settings.WSGI_APPLICATION))
    thread = threading.Thread(target=server.serve_forever, name="web", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def _wait_until_ready(url: str, *, what: str) -> None:
    give_up_at = time.monotonic() + READY_WITHIN
    while time.monotonic() < give_up_at:
        try:
            with urlopen(url, timeout=2):  # noqa: S310  an http address on this machine
                return
        except (URLError, OSError):
            time.sleep(0.05)
    raise CommandError(f"{what} did not start within {READY_WITHIN:.0f} seconds.")


@contextmanager
def _remembering_ctrl_c() -> Iterator[None]:
    """Have a Ctrl-C that was lost come again, once the worker listens.

    Until then it is a KeyboardInterrupt, and Python drops one that is raised in a callback of its own, as
    there are many while modules are imported.
    """
    came = threading.Event()

    def interrupt(_number: int, _frame: object) -> None:
        came.set()
        raise KeyboardInterrupt

    def remind(**_: object) -> None:
        if came.is_set():
            signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, interrupt)
    worker_ready.connect(remind)
    try:
        yield
    finally:
        worker_ready.disconnect(remind)
        signal.signal(signal.SIGINT, before)


def _work() -> None:
    """Run worker and beat until Ctrl-C. The worker owns the main thread, and so the signals."""
    # Celery warns whoever is root. In a container or a fresh virtual machine, everybody is.
    warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")
    beat = Service(app, schedule_filename=str(settings.VAR / "beat"))
    threading.Thread(target=beat.start, name="beat", daemon=True).start()
    worker = app.Worker(
        pool="threads",
        concurrency=4,
        queues=["service", "campaigns", "ledger"],
        quiet=True,
        loglevel="WARNING",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    try:
        worker.start()
    finally:
        beat.stop()
