"""Months as the calendar has them: 31 January and one month is the last day of February."""

from datetime import date
from typing import TypeVar

D = TypeVar("D", bound=date)


def add_months(at: D, months: int) -> D:
    """Return the same day so many calendar months later (or earlier), or that month's last day."""
    month = at.month - 1 + months
    year, month = at.year + month // 12, month % 12 + 1
    for day in range(at.day, at.day - 4, -1):
        try:
            return at.replace(year=year, month=month, day=day)
        except ValueError:
            continue
    raise AssertionError("every month has a 28th")
