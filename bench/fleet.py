"""The whole product, as docs/operations.md says to run it: site, workers and beat, a process each."""

import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import mkdtemp

import redis

from bench.web import site, variables_of_product
from tests import environment, servers

MANUAL = Path(__file__).parent.parent / "docs" / "operations.md"


@contextmanager
def fleet(database_url: str, gateway_url: str) -> Iterator[int]:
    """Run it, at any hour and as fast as the gateway takes it. Yield the port of the site."""
    folder = mkdtemp(dir=servers.folder(), prefix="fleet-")
    variables = variables_of_product() | {
        "VAR": folder,
        "STREX_BASE_URL": gateway_url,
        "QUIET_HOURS": "false",
    }
    with redis.from_url(variables["REDIS_URL"]) as broker:
        broker.flushdb()
    with ExitStack() as stack:
        port = stack.enter_context(site("smsconsent.wsgi", database_url, **variables))
        for politeness, command in _workers():
            if command[-1] == "beat":
                command += ["--schedule", f"{folder}/beat"]
            started = servers.spawn(
                "worker",
                [*politeness, sys.executable, "-m", *command],
                environment=environment.TESTS | variables | {"DATABASE_URL": database_url},
            )
            stack.callback(started.stop)
        yield port


def _workers() -> list[tuple[list[str], list[str]]]:
    """Return the commands that the manual names, so that what is measured is what it says.

    Before each stands what it is run by: `nice`, or nothing.
    """
    commands = r"^(nice .+ |)\.venv/bin/(celery .+)$"
    lines = re.findall(commands, MANUAL.read_text("utf-8"), re.MULTILINE)
    assert len(lines) == 4, lines
    return [(shlex.split(before), shlex.split(command)) for before, command in lines]
