"""The same number of statements whatever the answer: who counts them learns nothing (trust.md T17)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


@contextmanager
def even(statements: int) -> Iterator[None]:
    """Run the block, and then as many statements that do nothing as are missing to `statements`."""
    counted = 0

    def count(execute: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal counted
        counted += 1
        return execute(*arguments)

    with connection.execute_wrapper(count):
        yield
    with connection.cursor() as cursor:
        for _missing in range(statements - counted):
            cursor.execute("SELECT 1")
            cursor.fetchone()
