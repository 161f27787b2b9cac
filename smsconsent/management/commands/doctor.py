"""`manage.py doctor`: one plain sentence about each thing that must work, and what to do if it does not."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.utils import timezone, translation
from django.utils.module_loading import import_string

from smsconsent import crypto, outbox, queues
from smsconsent.gateways import (
    Gateway,
    GatewayMisconfigured,
    GatewayUnavailable,
    gateway_name,
    get_gateway,
    watch,
)
from smsconsent.gateways.http_json import HttpJson
from smsconsent.gateways.state import SharedState
from smsconsent.gateways.strex import Strex
from smsconsent.health import problems_found, warnings_found

# The service lane is looked at each five seconds.
JOBS_WITHIN = timedelta(seconds=60)
LAG_ALLOWED = timedelta(seconds=60)
# Where callbacks are not signed, a campaign's reports are asked for no faster than it was sent.
QUESTIONS_WITHIN = timedelta(hours=1)
CLOCK_ALLOWED = timedelta(seconds=60)
SECRET_DIGITS = 64

Finding = tuple[bool, str]


class Command(BaseCommand):
    help = "Say what works and what does not. Ends with 1 when something must be mended."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        checks: list[Callable[[], Iterator[Finding]]] = [
            check_database,
            check_keys,
            check_warnings,
            check_gateway,
            check_callbacks,
            check_clock,
            check_jobs,
            check_lag,
            *map(import_string, settings.DOCTOR_CHECKS),
        ]
        with translation.override("en"):
            findings = [finding for check in checks for finding in _run(check)]
        for is_well, sentence in findings:
            mark = self.style.SUCCESS("ok") if is_well else self.style.ERROR("!!")
            self.stdout.write(f"{mark}  {sentence}")
        ill = sum(not is_well for is_well, _sentence in findings)
        if ill:
            raise CommandError(f"{ill} of {len(findings)} things need a person.")
        self.stdout.write("All is well.")


def _run(check: Callable[[], Iterator[Finding]]) -> list[Finding]:
    try:
        return list(check())
    except DatabaseError:
        return [(False, "The database does not answer.")]


def check_database() -> Iterator[Finding]:
    problems = problems_found()
    yield from ((False, problem) for problem in problems)
    if not problems:
        yield True, "The database answers, and its tables are up to date."


def check_keys() -> Iterator[Finding]:
    yield True, f"Data is encrypted under the key {crypto.current_key_id()}."
    if watch.key_warning():
        return
    if last := watch.key_expires_on():
        yield True, f"The API key of the gateway is good until {last:%d %B %Y}."
    else:
        yield True, "Nobody has said when the API key ends: set STREX_API_KEY_EXPIRES_ON."


def check_warnings() -> Iterator[Finding]:
    """What `/readyz` and the portal warn of: the key, the lanes, silence, prices, evidence."""
    return ((False, warning) for warning in warnings_found())


def check_gateway() -> Iterator[Finding]:
    try:
        gateway = get_gateway()
        gateway.ping()
    except (GatewayMisconfigured, GatewayUnavailable) as error:
        yield False, f"The gateway {settings.GATEWAY}: {error}."
        return
    yield True, f"The gateway {gateway.name} answers and takes our key."
    yield from _server_keys(gateway)
    yield from _reports(gateway)


def _server_keys(gateway: Gateway) -> Iterator[Finding]:
    if not isinstance(gateway, Strex):
        return
    names = gateway.settings.server_key_names
    if not names:
        yield (
            settings.STREX_CALLBACK_SIGNATURE != "required",
            "No key of the gateway is known (STREX_SERVER_KEY_NAMES), so callbacks count as unsigned.",
        )
    elif missing := gateway.load_server_keys(now=timezone.now()):
        yield False, f"These keys of the gateway cannot be loaded: {', '.join(missing)}."
    else:
        yield True, f"Callbacks are checked with {', '.join(names)}."


def _reports(gateway: Gateway) -> Iterator[Finding]:
    if not isinstance(gateway, HttpJson) or gateway.settings.status_path:
        return
    is_signed = bool(gateway.settings.signing_secret)
    so = "so what a crash leaves in doubt stays unknown, and is never sent again"
    if not is_signed:
        so = "and HTTP_JSON_SIGNING_SECRET is empty, so no delivery report counts: set one of the two"
    yield (
        is_signed,
        f"The gateway cannot be asked about a message (status_path in HTTP_JSON_CONFIG), {so}.",
    )


def check_callbacks() -> Iterator[Finding]:
    secrets = settings.STREX_CALLBACK_SECRETS
    if not secrets:
        yield False, "STREX_CALLBACK_SECRETS is empty: the gateway cannot reach us."
        return
    if any(len(secret) < SECRET_DIGITS for secret in secrets):
        yield False, "A secret in STREX_CALLBACK_SECRETS is shorter than 64 hexadecimal digits."
    base = settings.STREX_CALLBACK_BASE_URL
    if urlsplit(base).scheme != "https" and not settings.EMBEDDED:
        yield False, "STREX_CALLBACK_BASE_URL must begin with https."
    problem = watch.callback_problem(f"{base}/hooks/{gateway_name()}/{secrets[0]}/receipts/")
    # SECURITY: the secret is part of the address, so only the part before it is shown.
    yield not problem, f"The webhooks at {base}: {problem or 'they answer'}."


def check_clock() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT CURRENT_TIMESTAMP")
        told = cursor.fetchone()[0]
    moment = told if isinstance(told, datetime) else datetime.fromisoformat(told)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    yield _clock("the database", moment)
    if date := _date_of_gateway():
        yield _clock("the gateway", date)


def _clock(whose: str, moment: datetime) -> Finding:
    off = abs(timezone.now() - moment)
    told = f"Our clock and that of {whose} differ by {off.total_seconds():.0f} seconds."
    return off <= CLOCK_ALLOWED, told


def _date_of_gateway() -> datetime | None:
    try:
        gateway = get_gateway()
        answer = gateway.ask("GET", "api/ping") if isinstance(gateway, Strex) else None
        return parsedate_to_datetime(answer.headers.get("Date", "")) if answer else None
    except (GatewayMisconfigured, GatewayUnavailable, ValueError):
        return None


def check_jobs() -> Iterator[Finding]:
    if not settings.REDIS_URL:
        yield (
            True,
            "The worker is part of `manage.py run`, and cannot be seen from another process.",
        )
        return
    seen = SharedState("jobs").peek("last:worker")
    if seen is None:
        yield False, "No worker has been seen: start `celery worker` and `celery beat`."
        return
    ago = timezone.now() - datetime.fromtimestamp(seen, UTC)
    yield ago <= JOBS_WITHIN, f"The worker was last seen {ago.total_seconds():.0f} seconds ago."


def check_lag() -> Iterator[Finding]:
    now = timezone.now()
    lanes = [(queues.depth(model, now=now), LAG_ALLOWED) for model in outbox.lanes()]
    for found, allowed in [*lanes, (queues.questions(now=now), QUESTIONS_WITHIN)]:
        late = found.oldest_for or timedelta(0)
        yield (
            late <= allowed,
            f"{found.name}: {found.waiting} wait, the first for {late.total_seconds():.0f} seconds.",
        )
