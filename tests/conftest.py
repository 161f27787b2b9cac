"""What every test stands on: servers, the gateway simulator, and a clean slate between tests."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from secrets import token_hex

import pytest
import redis
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import connection, transaction
from django.db.backends.base.operations import BaseDatabaseOperations
from hypothesis import settings as hypothesis_settings
from pytest_django import Settings

from consents import triggers
from smsconsent.gateways import gateway_of_process, get_gateway, state
from smsconsent.gateways.strex import Strex
from tests import servers
from tests.settings import IS_POSTGRES
from tests.simulator import Simulator, start_simulator

TESTS = Path(__file__).parent
# A folder that says what its tests are.
MARKED_FOLDERS = {
    "e2e": pytest.mark.e2e,
    "gateways": pytest.mark.slow,
    "journeys": pytest.mark.slow,
    "trust": pytest.mark.trust,
    "verifier": pytest.mark.slow,
}

# Those that start the product, whose database their fixtures hide.
USES_THE_PRODUCT = {"e2e", "journeys", "trust"}
DATABASE_FIXTURES = {"db", "transactional_db", "django_db_setup", "postgres_url", "valkey_url"}

# The time an example takes says more about the machine than about the code.
hypothesis_settings.register_profile("tests", deadline=None, print_blob=True)
hypothesis_settings.load_profile("tests")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0]
        if folder in MARKED_FOLDERS:
            item.add_marker(MARKED_FOLDERS[folder])
        if folder not in USES_THE_PRODUCT and not _has_a_database(item):
            item.add_marker(pytest.mark.once)
        if item.get_closest_marker("postgres") and not IS_POSTGRES:
            item.add_marker(pytest.mark.skip(reason="needs TEST_DATABASE=postgres"))


def _has_a_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    return bool(item.get_closest_marker("django_db") or fixtures & DATABASE_FIXTURES)


# -- databases -------------------------------------------------------------------------------------
@pytest.fixture
def postgres_url() -> Iterator[str]:
    """An empty PostgreSQL database, dropped after the test. psycopg and DATABASE_URL both read it."""
    with servers.fresh_database() as url:
        yield url


@pytest.fixture
def valkey_url() -> str:
    """An empty Valkey database that only this test uses."""
    url = servers.valkey()
    with redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture
def database_url(transactional_db: None) -> str:
    """The database of this test, for the processes it starts: they see what the test has committed."""
    name = connection.settings_dict["NAME"]
    return servers.postgres(name) if IS_POSTGRES else f"sqlite:///{name}"


@pytest.fixture(autouse=True, scope="session")
def flush_of_append_only_tables() -> Iterator[None]:
    """Let the tests that commit be cleaned up after: the flush unlocks what is append-only.

    Only the test runner's flush: the product has no way to do it.
    """
    execute = BaseDatabaseOperations.execute_sql_flush

    def unlock_and_execute(self: BaseDatabaseOperations, sql_list: Iterable[str]) -> None:
        with transaction.atomic(using=self.connection.alias):
            triggers.remove(self.connection)
            execute(self, sql_list)
            triggers.install(self.connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", unlock_and_execute)
        yield


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """Limits count in the cache, and each test starts at nought. The kinds of rows have new numbers after a
    test that has emptied the database.
    """
    ContentType.objects.clear_cache()
    cache.clear()
    state.touched.clear()


@pytest.fixture(autouse=True)
def own_published_log(settings: Settings) -> None:
    """Each test has an empty log in its database, so it needs an empty published copy as well."""
    settings.LEDGER_FILE = servers.folder() / "logs" / token_hex(8) / "checkpoints.txt"


@pytest.fixture(autouse=True)
def own_journal(settings: Settings) -> None:
    """The journal tells of events that no other test's database has."""
    settings.JOURNAL_FILE = servers.folder() / "journals" / token_hex(8) / "journal.jsonl"


# -- the gateway -----------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def simulator_process() -> Iterator[Simulator]:
    """One simulator per test process, started when a test first asks."""
    with start_simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(simulator_process: Simulator, settings: Settings) -> Iterator[Simulator]:
    """A running Strex Connect without messages, which the product's gateway now talks to."""
    simulator_process.reset()
    settings.STREX_BASE_URL = f"{simulator_process.url}/"
    gateway_of_process.cache_clear()
    yield simulator_process
    gateway = get_gateway()
    assert isinstance(gateway, Strex)
    gateway.close()
    gateway_of_process.cache_clear()
