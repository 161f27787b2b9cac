"""Working through rows of which a bad one must not stop the others."""

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

from django.db.models import Model

log = logging.getLogger(__name__)
Row = TypeVar("Row", bound=Model)


def take_turns(rows: Iterable[Row], act: Callable[[Row], int]) -> int:
    """Do this to each row. Return the sum of what it returns.

    One that raises is logged by its id, since the error may quote what is personal, and the others have
    their turn. Raises the first error at the end, so that the failure is seen.
    """
    done = 0
    first: Exception | None = None
    for row in rows:
        try:
            done += act(row)
        except Exception as error:  # noqa: BLE001  whatever it is, the others must have their turn
            log.error("%s %s failed: %s", row._meta.label, row.pk, type(error).__name__)
            first = first or error
    if first is not None:
        try:
            raise first
        finally:
            # The error knows this frame: with a way back, both would stay, and their cursors open.
            del first
    return done
