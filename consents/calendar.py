"""When nobody is disturbed: marketing, and what reminds of a consent, leave inside the purpose's hours in
Europe/Oslo, and not on Sundays or holidays (L28; whether a reminder is marketing is for a lawyer, L24).
"""

from datetime import date, datetime, timedelta
from functools import lru_cache

from django.conf import settings
from django.utils import timezone

from consents.models import Purpose

# Days around Easter Sunday: Maundy Thursday to Easter Monday, Ascension, Whit Sunday and Monday.
_AROUND_EASTER = (-3, -2, 0, 1, 39, 49, 50)
_FIXED = ((1, 1), (5, 1), (5, 17), (12, 25), (12, 26))
LONGEST_CLOSURE = 14


@lru_cache(maxsize=16)
def holidays(year: int) -> frozenset[date]:
    """Return the Norwegian public holidays of one year."""
    easter = _easter(year)
    moving = {easter + timedelta(days=days) for days in _AROUND_EASTER}
    return frozenset(moving | {date(year, month, day) for month, day in _FIXED})


def next_opening(purpose: Purpose, now: datetime) -> datetime:
    """Return `now` when sending is allowed, else the next moment when it is."""
    if not settings.QUIET_HOURS:
        return now
    local = timezone.localtime(now)
    if _is_open_day(local.date()) and purpose.opens_at <= local.time() < purpose.closes_at:
        return now
    first = 0 if local.time() < purpose.opens_at else 1
    for days in range(first, LONGEST_CLOSURE):
        day = local.date() + timedelta(days=days)
        if _is_open_day(day):
            opening = datetime.combine(day, purpose.opens_at)
            return timezone.make_aware(opening, timezone.get_default_timezone())
    raise AssertionError("no closure lasts two weeks")


def closing(purpose: Purpose, now: datetime) -> datetime:
    """Return when today's hours of a purpose end. For a moment inside them."""
    if not settings.QUIET_HOURS:
        return now + timedelta(days=1)
    end = datetime.combine(timezone.localtime(now).date(), purpose.closes_at)
    return timezone.make_aware(end, timezone.get_default_timezone())


def _is_open_day(day: date) -> bool:
    return day.isoweekday() != 7 and day not in holidays(day.year)


def _easter(year: int) -> date:
    """Return Easter Sunday: the anonymous Gregorian computus (Meeus, Astronomical Algorithms, ch. 8)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    weekday = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * weekday) // 451
    month, day = divmod(h + weekday - 7 * m + 114, 31)
    return date(year, month, day + 1)
