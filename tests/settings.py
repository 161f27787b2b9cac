"""The product's settings, on a database of the tests. TEST_DATABASE=sqlite|postgres chooses which."""

import os

from tests import environment, servers

TEST_DATABASE = os.environ.get("TEST_DATABASE", "sqlite")
if TEST_DATABASE not in {"sqlite", "postgres"}:
    raise SystemExit("TEST_DATABASE is either sqlite or postgres.")
IS_POSTGRES = TEST_DATABASE == "postgres"

environment.enter(
    environment.TESTS
    | {"VAR": str(servers.folder())}
    | (
        {
            "DATABASE_URL": servers.postgres("smsconsent"),
            "DATABASE_POOL_SIZE": "40",
            "REDIS_URL": servers.valkey(),
        }
        if IS_POSTGRES
        else {"DATABASE_URL": f"sqlite:///{servers.folder() / 'unused.sqlite3'}"}
    )
)

# The product reads its environment when it is imported, so the lines above come first.
from smsconsent.settings import *  # noqa: E402

if not IS_POSTGRES:
    # A file, not memory: threads and processes then wait for each other as they do in the product.
    DATABASES["default"]["TEST"] = {"NAME": servers.folder() / "test.sqlite3"}
    DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"

# A message on this broker is lost, as every message may be: the database is the queue of record. Tests
# call the verb that a task calls; those that need a worker start a real one.
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {}
# WhiteNoise warns when there is none.
STATIC_ROOT.mkdir(exist_ok=True)
# Signing in is no test of the password hasher, which is slow on purpose.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
