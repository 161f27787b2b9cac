"""The environment that the tests give the product. The keys are made up and open nothing.

`python -m tests.environment COMMAND …` runs a management command as production would be set up, with
neither its database nor its gateway: `make check` asks it for `check --deploy` and missing migrations.
"""

import os
import re
import sys
from base64 import urlsafe_b64encode
from pathlib import Path

from django.core.management import execute_from_command_line

ROOT = Path(__file__).resolve().parent.parent
ENV_EXAMPLE = ROOT / ".env.example"

# Nothing listens there, so a test that forgets the simulator fails at once and reaches nobody.
NOWHERE = "http://127.0.0.1:9/"
CALLBACK_SECRET = "5e" * 32


def _key(meaning: bytes) -> str:
    return urlsafe_b64encode(meaning.ljust(32, b".")).decode()


KEYS = {
    "SECRET_KEY": "only for tests: signs nothing that anyone would believe 0123456789",
    "FERNET_KEYS": "only for tests: encrypts nobody",
    "FERNET_HOLD_KEYS": "only for tests: holds nothing for anybody",
    "INDEX_KEYS": _key(b"only for tests: index"),
    "TOKEN_KEYS": _key(b"only for tests: token"),
    "LEDGER_SIGNING_KEY": _key(b"only for tests: log"),
}
TESTS = KEYS | {
    "EMBEDDED": "true",
    "PUBLIC_URL": "https://samtykke.example",
    "EMAIL_URL": "memorymail://",
    "LOG_LEVEL": "WARNING",
    "STREX_BASE_URL": NOWHERE,
    "STREX_API_KEY": "only-for-tests",
    "STREX_CALLBACK_SECRETS": CALLBACK_SECRET,
    "STREX_MESSAGES_PER_SECOND": "0",
    "STREX_CANARY_SIZE": "0",
    "EVEN_ANSWER_MS": "0",
}
PRODUCTION = KEYS | {
    "DATABASE_URL": "sqlite://:memory:",
    "REDIS_URL": "redis://127.0.0.1:9/0",
    "PUBLIC_URL": "https://samtykke.example",
    "ALLOWED_HOSTS": "samtykke.example",
    "TRUSTED_PROXY_COUNT": "1",
    "EMAIL_URL": "smtp://127.0.0.1:9",
    "STREX_BASE_URL": "https://gateway.example/",
    "STREX_API_KEY": "only-for-tests",
    "STREX_CALLBACK_SECRETS": CALLBACK_SECRET,
}


def documented_variables() -> dict[str, str]:
    """Return each variable of `.env.example` with the comment above it, `""` where there is none."""
    found, comment = {}, ""
    for line in ENV_EXAMPLE.read_text(encoding="utf-8").splitlines():
        assignment = re.match(r"#?([A-Z][A-Z0-9_]*)=", line)
        if assignment:
            found[assignment[1]] = comment
            comment = ""
        else:
            comment = line.lstrip("# ").strip()
    return found


def enter(environment: dict[str, str]) -> None:
    """Set these variables, and unset every other one of the product's.

    SECURITY: a developer's shell may name a real database or a real gateway. Tests reach neither.
    """
    for name in documented_variables():
        os.environ.pop(name, None)
    os.environ.update(environment)


if __name__ == "__main__":
    enter(PRODUCTION)
    os.environ["DJANGO_SETTINGS_MODULE"] = "smsconsent.settings"
    execute_from_command_line(["manage.py", *sys.argv[1:]])
