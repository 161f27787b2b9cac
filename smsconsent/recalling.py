"""Figures that take long to count are remembered for a minute; those that do not are always fresh."""

import json
from collections.abc import Callable
from hashlib import sha256
from time import perf_counter
from typing import Any

from django.core.cache import cache

KEPT_FOR = 60


def recall(*name: str | int, count: Callable[[], Any], long: float) -> Any:
    """Return what `count` returns, or what it returned within the last minute if it took `long` seconds.

    `name` says what is counted. Counts only, of plain types: nothing about a person is remembered.
    """
    key = "recall." + sha256(json.dumps(name).encode()).hexdigest()
    found = cache.get(key)
    if found is not None:
        return found
    began = perf_counter()
    found = count()
    if perf_counter() - began > long:
        cache.set(key, found, KEPT_FOR)
    return found
