"""The last second of a gateway: what has left in it, counted exactly and for all processes together."""

import os
import threading
import time
from functools import cache
from typing import cast

import redis
from django.conf import settings
from django.core.cache import cache as memory

SECOND = 1_000_000  # in microseconds, the unit here
# One atomic step: the server runs nothing else meanwhile. Its clock is the only one, unless ARGV[3] gives
# another, so that machines whose clocks differ agree.
ENTER = """
local count, most, now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if not now then
    local time = redis.call('TIME')
    now = time[1] * 1000000 + time[2]
end
local left, used = {}, 0
for _, entry in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
    local at, many = string.match(entry, '(%d+):(%d+)')
    if tonumber(at) <= now - 1000000 then
        redis.call('LPOP', KEYS[1])
    else
        used = used + many
        table.insert(left, {tonumber(at), tonumber(many)})
    end
end
if used == 0 or used + count <= most then
    redis.call('RPUSH', KEYS[1], string.format('%.0f:%d', now, count))
    redis.call('PEXPIRE', KEYS[1], 2000)
    return 0
end
for _, entry in ipairs(left) do
    used = used - entry[2]
    if used == 0 or used + count <= most then
        return entry[1] + 1000000 - now
    end
end
"""
_lock = threading.Lock()


def enter(key: str, count: int, *, most: int, now: float | None = None) -> float:
    """Let `count` messages pass if at most `most` have then passed within the last second.

    Return 0.0 if they did; else nothing is counted, and the seconds until there may be room. A batch that
    is larger than `most` passes alone. `now`: seconds since 1970, for tests; else the clock of the cache.
    """
    moment = None if now is None else round(now * SECOND)
    if not settings.REDIS_URL:
        return _enter_here(key, count, most, moment or time.time_ns() // 1000) / SECOND
    arguments = [count, most, "" if moment is None else moment]
    script = _connection(settings.REDIS_URL, os.getpid()).register_script(ENTER)
    return cast("int", script(keys=[key], args=arguments)) / SECOND


def _enter_here(key: str, count: int, most: int, now: int) -> int:
    """The same for the embedded installation, whose threads are all there is."""
    with _lock:
        passed: list[tuple[int, int]] = memory.get(key, [])
        left = [(at, many) for at, many in passed if at > now - SECOND]
        used = sum(many for _at, many in left)
        if used == 0 or used + count <= most:
            memory.set(key, [*left, (now, count)], 2)
            return 0
    for at, many in left:
        used -= many
        if used == 0 or used + count <= most:
            return at + SECOND - now
    raise AssertionError("once the last of them is out there is room")


@cache
def _connection(url: str, pid: int) -> redis.Redis:
    """Of one process: a connection must not survive a fork."""
    return redis.Redis.from_url(url, **settings.REDIS_TIMEOUTS)
