"""The embedded installation: one folder that holds the database, the keys and the demo passwords.

It serves newcomers, demonstrations and tests. A copy of the folder is a copy of everything, keys
included, so production keeps its keys in the environment (docs/operations.md).
"""

import os
import secrets
from base64 import urlsafe_b64encode
from pathlib import Path

import environ

KEYS_FILE = "keys.env"
PASSWORDS_FILE = "passwords.txt"


def enter(*, create: bool) -> None:
    """Point the environment at the embedded installation, unless DATABASE_URL names another one.

    The folder is `VAR` (default `var`). With `create` it is made, keys and all, when it is missing;
    without, a missing folder leaves the environment alone and settings say what they lack.
    """
    if os.environ.get("DATABASE_URL"):
        return
    var = Path(os.environ.get("VAR") or "var").absolute()
    keys = var / KEYS_FILE
    if create:
        _require_writable(var)
        if not keys.exists():
            _create_keys(keys)
        _add_missing_keys(keys)
    if keys.exists():
        os.environ.setdefault("EMBEDDED", "true")
        os.environ["VAR"] = str(var)
        os.environ["DATABASE_URL"] = f"sqlite:///{var / 'smsconsent.sqlite3'}"
        environ.Env.read_env(str(keys))
        # Whatever the port is today: the log keeps its name.
        os.environ.setdefault("LEDGER_ORIGIN", "localhost/ledger/1")
        _point_at_the_simulator()


def _point_at_the_simulator() -> None:
    """The gateway is the simulator on this machine, whose fake numbers and speed have no price."""
    port = os.environ.get("PORT") or "8000"
    simulator_port = os.environ.get("SIMULATOR_PORT") or "8026"
    os.environ.setdefault("PUBLIC_URL", f"http://127.0.0.1:{port}")
    os.environ.setdefault("STREX_BASE_URL", f"http://127.0.0.1:{simulator_port}/")
    os.environ.setdefault("STREX_MESSAGES_PER_SECOND", "0")
    os.environ.setdefault("STREX_SERVER_KEY_NAMES", "simulator")
    os.environ.setdefault("STREX_ALLOW_FAKE_NUMBERS", "true")
    os.environ.setdefault("QUIET_HOURS", "false")


def _require_writable(folder: Path) -> None:
    """Make the folder, or end with one sentence that says why it cannot be used."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{secrets.token_hex(4)}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise SystemExit(
            f"The folder {folder} cannot be written to ({error.strerror}). "
            "Choose another one: make run VAR=/path/to/folder"
        ) from None


def _create_keys(path: Path) -> None:
    """Write fresh random keys, readable by the owner alone; all or nothing."""
    lines = [
        f"SECRET_KEY={secrets.token_urlsafe(48)}",
        f"FERNET_KEYS={secrets.token_urlsafe(32)}",
        f"FERNET_HOLD_KEYS={secrets.token_urlsafe(32)}",
        f"INDEX_KEYS={_key()}",
        f"TOKEN_KEYS={_key()}",
        f"STREX_API_KEY={secrets.token_hex(16)}",
        f"STREX_CALLBACK_SECRETS={secrets.token_hex(32)}",
    ]
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
    draft.rename(path)


def _add_missing_keys(path: Path) -> None:
    """Give a folder from an older version what it lacks."""
    if "LEDGER_SIGNING_KEY=" not in path.read_text(encoding="utf-8"):
        with path.open("a", encoding="utf-8") as file:
            file.write(f"LEDGER_SIGNING_KEY={_key()}\n")


def _key() -> str:
    return urlsafe_b64encode(secrets.token_bytes(32)).decode()
