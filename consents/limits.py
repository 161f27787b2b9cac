"""Limits on messages to numbers that have proved nothing yet: trust.md § 9, invariant 8.

One conditional statement per limit, so that they are exact under any concurrency. A refusal rolls
back what was counted before it. Keys are HMACs; limits stand in the database; in doubt, no.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from consents.models import ContactGuard, Purpose, RateWindow
from smsconsent import crypto
from smsconsent.phones import Phone
from smsconsent.trips import Answer, Trip

DAY, MONTH = timedelta(hours=24), timedelta(days=30)
ANSWERS_A_DAY = 3
CASE_CODES_A_DAY = 3
CODES_A_DAY = 3
ANSWER_KINDS = ("stopped", "help", "code")

# Uses one of a limit in a window. No row comes back when it is used up.
_COUNT = """INSERT INTO rate_window (scope, key, starts_at, used) VALUES (%s, %s, %s, 1)
            ON CONFLICT (scope, key, starts_at) DO UPDATE SET used = rate_window.used + 1
            WHERE rate_window.used < %s RETURNING used"""

_NOTHING = "SELECT 1 WHERE 1 = 0"

# Exact in every rolling window: a fixed one lets double through at its edge.
_COUNT_NUMBER = """INSERT INTO contact_guard (key, t1) VALUES (%s, %s)
                   ON CONFLICT (key) DO UPDATE
                   SET t3 = contact_guard.t2, t2 = contact_guard.t1, t1 = excluded.t1
                   WHERE contact_guard.t1 <= %s
                     AND (contact_guard.t3 IS NULL OR contact_guard.t3 <= %s) RETURNING t1"""


class _Refused(Exception):
    pass


def count_contact(
    phone: Phone, *, purpose: Purpose, network: bytes | None, now: datetime, trip: Trip
) -> list[Answer]:
    """Count one confirmation to this number on a trip: once in 24 hours and thrice in 30 days over all forms.

    Then per network, form and in total. An answer without a row is a limit that says no; whoever asks
    then takes back what was counted.
    """
    hour, day = _stored(_hour(now)), _stored(_day(now))
    number = _current(ContactGuard, crypto.blind_indexes(phone, use="limit"))
    form = _current(RateWindow, crypto.keyed_digests(purpose.public_id.bytes, use="limit"))
    windows = [
        ("form", form, hour, settings.CONFIRMATIONS_PER_FORM_AND_HOUR),
        ("total", b"", day, settings.CONFIRMATIONS_PER_DAY),
    ]
    if network is not None:
        most = settings.CONFIRMATIONS_PER_NETWORK_AND_HOUR
        windows.insert(0, ("network", network, hour, most))
    moments = [_stored(now), _stored(now - DAY), _stored(now - MONTH)]
    answers = [trip.add(_COUNT_NUMBER, [number, *moments])]
    for scope, key, starts_at, most in windows:
        # 0 refuses everything: then no row is to come back, not even the first of a window.
        sql = (_COUNT, [scope, key, starts_at, most]) if most > 0 else (_NOTHING, [])
        answers.append(trip.add(*sql))
    return answers


def move_contact(phone: Phone, *, counted_at: datetime, now: datetime) -> bool:
    """Have the confirmation that was counted then leave now: the limits run from this moment.

    Return whether it may: not when another has been counted since.
    """
    keys = crypto.blind_indexes(phone, use="limit")
    return bool(ContactGuard.objects.filter(key__in=keys, t1=counted_at).update(t1=now))


def take_answer(phone: Phone, kind: str, *, now: datetime, a_day: int = ANSWERS_A_DAY) -> bool:
    """Use one of today's answers of this kind to this number. Return whether there was one left.

    Two machines cannot talk to each other for ever, and a second STOP gets no second receipt.
    """
    key = _number_key(phone, kind)
    return _take(("answer", key, a_day, _day(now)))


def count_answers(phones: Sequence[Phone], kind: str, *, now: datetime, trip: Trip) -> None:
    """Count answers that are sent whatever the limit says, so that the next ones meet it."""
    keys = [_number_key(phone, kind) for phone in phones]
    one, day = "(%s, %s, %s, 1)", _stored(_day(now))
    windows = [each for key in keys for each in ("answer", key, day)]
    trip.add(_COUNT.replace(one, ", ".join([one] * len(keys))), [*windows, ANSWERS_A_DAY])


def take_case_code(phone: Phone, *, now: datetime) -> bool:
    """Use one of today's codes from a colleague to this number. Return whether there was one left."""
    key = _number_key(phone, "case_code")
    return _take(("case_code", key, CASE_CODES_A_DAY, _day(now)))


def take_page_code(phone: Phone, *, network: bytes | None, now: datetime) -> bool:
    """Use one of today's codes for my page to this number, known or not. Return whether there was one left.

    3 a day per number over all organisations, which is also what bounds the guesses; then per network
    and in total. Where one of these says no, none is used.
    """
    key = _number_key(phone, "page_code")
    uses = [("page_code", key, CODES_A_DAY, _day(now))]
    if network is not None:
        most = settings.CODES_PER_NETWORK_AND_HOUR
        uses.append(("page_network", network, most, _hour(now)))
    return _take(*uses, ("page_total", b"", settings.CODES_PER_DAY, _day(now)))


def forget(phone: Phone) -> dict[str, int]:
    """Delete what was counted about this number. Return rows per table."""
    return windows_of(phone).delete()[1]


def windows_of(phone: Phone) -> QuerySet[RateWindow]:
    """Return what was counted about this number, in whatever limit."""
    uses = ("limit/page_code", "limit/case_code", *(f"limit/{kind}" for kind in ANSWER_KINDS))
    keys = [key for use in uses for key in crypto.blind_indexes(phone, use=use)]
    return RateWindow.objects.filter(scope__in=["answer", "page_code", "case_code"], key__in=keys)


def network_key(network: str, *, day: date) -> bytes:
    """Return the key of a visitor's network for one day. The address itself is never stored."""
    return crypto.keyed_digest(f"{day.isoformat()} {network}".encode(), use="network")


def _number_key(phone: Phone, kind: str) -> bytes:
    return _current(RateWindow, crypto.blind_indexes(phone, use=f"limit/{kind}"))


def _current(model: type[ContactGuard] | type[RateWindow], keys: list[bytes]) -> bytes:
    """Return the current form of a key, and bring over what is counted under an older one.

    After a change of the index key nobody may begin at nought. These rows live for days, so they are
    renewed when they are used, and not by `rotate_keys`.
    """
    current, *older = keys
    rows = model._default_manager
    if older and not rows.filter(key=current).exists():
        rows.filter(key__in=older).update(key=current)
    return current


def _hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)


def _day(now: datetime) -> datetime:
    local = timezone.localtime(now)
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def _take(*uses: tuple[str, bytes, int, datetime]) -> bool:
    """Use one of each limit (scope, key, how many, since when), or none. Return whether all had one left."""
    try:
        with transaction.atomic():
            for use in uses:
                _count(*use)
    except _Refused:
        return False
    return True


def _count(scope: str, key: bytes, limit: int, starts_at: datetime) -> None:
    """Use one of `limit` in this window, or raise _Refused. `limit` 0 refuses everything."""
    if limit < 1:
        raise _Refused
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [scope, key, _stored(starts_at), limit])
        if cursor.fetchone() is None:
            raise _Refused


def _stored(at: datetime) -> str:
    """Return a moment as this database stores it, so that comparing text compares time on SQLite."""
    return str(connection.ops.adapt_datetimefield_value(at))
