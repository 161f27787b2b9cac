"""`python -m smsconsent.gateways.simulator`: serve one simulated account until told to stop."""

import argparse
import asyncio
import os
import signal
import sys
from contextlib import suppress

from smsconsent.gateways.simulator.app import App
from smsconsent.gateways.simulator.http import LARGEST_HEAD, serve_connection
from smsconsent.gateways.simulator.world import Config, World

DEFAULT_PORT = 8026
# SECURITY: never another address. Nobody proves who they are to a handset.
LOOPBACK = "127.0.0.1"


def read_config(arguments: list[str] | None = None) -> Config:
    """Return what the command line says, else the environment, else the default."""
    parser = argparse.ArgumentParser(
        prog="python -m smsconsent.gateways.simulator",
        description="A local Strex Connect with a mobile phone to answer from.",
        epilog="Every option can be set in the environment: --api-key is SIMULATOR_API_KEY.",
    )
    add, environ = parser.add_argument, os.environ
    port = int(environ.get("SIMULATOR_PORT") or DEFAULT_PORT)
    add("--port", type=int, default=port, help="port on 127.0.0.1; 0 = any free one")
    for name, default, text in (
        ("callback-base", "", "address of the application, such as http://127.0.0.1:8000"),
        ("secret", "", "secret part of the callback address"),
        ("api-key", "", "accepted API keys, separated by commas"),
        ("short-number", "26112", "short numbers of the account, separated by commas"),
        ("key-name", "simulator", "name of the key that signs callbacks"),
    ):
        variable = "SIMULATOR_" + name.upper().replace("-", "_")
        add(f"--{name}", default=environ.get(variable) or default, help=text)
    options = parser.parse_args(arguments)
    return Config(
        port=options.port,
        callback_base=options.callback_base,
        secret=options.secret,
        api_keys=_split(options.api_key),
        short_numbers=_split(options.short_number),
        key_name=options.key_name,
    )


def ends_with_its_parent() -> bool:
    """Return whether to stop when standard input ends: whoever started it is gone, however it went."""
    return os.environ.get("SIMULATOR_ENDS_WITH_INPUT") == "1"


async def serve(config: Config) -> None:
    """Serve until SIGTERM or SIGINT. Prints one line, with the address, when it is ready."""
    world = World(config)
    app = App(world)
    connections: set[asyncio.Task[None]] = set()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            connections.add(task)
            task.add_done_callback(connections.discard)
        # At the end it is cancelled while it waits for more, which Python 3.11 would print as an error.
        with suppress(asyncio.CancelledError):
            await serve_connection(reader, writer, app.answer)

    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    if ends_with_its_parent():
        # Nothing is ever written there, so it becomes readable only by ending.
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stopped.set)
    server = await asyncio.start_server(connect, LOOPBACK, config.port, limit=LARGEST_HEAD)
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"Simulated Strex Connect: http://{LOOPBACK}:{port}/handset/\n")
    sys.stdout.flush()
    await stopped.wait()
    server.close()
    for task in connections | world.clock.under_way:
        task.cancel()
    await asyncio.gather(*connections, return_exceptions=True)
    world.callbacks.close()


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


if __name__ == "__main__":
    try:
        asyncio.run(serve(read_config()))
    except OSError as error:
        sys.exit(f"The simulator cannot start: {error}")
