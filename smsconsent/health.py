"""Whether the process lives (`/healthz`) and whether it should get traffic (`/readyz`). No personal data."""

from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import translation
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 while the process can answer at all. Asks nobody else."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200, or 503 with one sentence per thing that is wrong.

    Warnings want a person soon, and no change of traffic: a stop must get in while nothing gets out.
    """
    problems = problems_found()
    status = "not ready" if problems else "ok"
    found = {"status": status, "problems": problems, "warnings": warnings_found()}
    return JsonResponse(found, status=503 if problems else 200)


def problems_found() -> list[str]:
    """Return one sentence per readiness check that fails. Settings name the checks."""
    checks: list[Callable[[], str]] = [import_string(path) for path in settings.READINESS_CHECKS]
    return [problem for check in checks if (problem := _run(check))]


def warnings_found() -> list[str]:
    """Return one sentence per thing that wants a person soon, in English. Settings name the checks."""
    checks: list[Callable[[], str]] = [import_string(path) for path in settings.READINESS_WARNINGS]
    with translation.override("en"):
        return [warning for check in checks if (warning := _run(check))]


def require_start() -> None:
    """Refuse to start, with one sentence, when a check of START_CHECKS says no. Asked by web and workers."""
    for path in settings.START_CHECKS:
        import_string(path)()
    # A worker that forks must not hand its children a connection that is in use, or the pool's threads.
    connections.close_all()
    getattr(connection, "close_pool", bool)()


def _run(check: Callable[[], str]) -> str:
    try:
        return check()
    except DatabaseError:
        return "The database does not answer."


def database_answers() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def migrations_are_applied() -> str:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(missing)} migrations are missing: run manage.py migrate." if missing else ""
