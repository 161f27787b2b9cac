"""Invariant 17: once a number is erased and the disk overwritten, no store holds it, in any spelling.

Nor is there any ciphertext left, in the live stores, that opens to it. Each scan has a control: what is
planted, and what is there before the erasure, must be found.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import redis
from celery import Celery
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from consents import erasing, journal, services
from consents.models import Purpose, Subject
from smsconsent import crypto
from tests import servers
from tests.settings import IS_POSTGRES
from tests.trust.test_dump import NUMBER, dump, live_a_whole_life

pytestmark = pytest.mark.django_db(transaction=True)
TOKEN = re.compile(rb"gAAAAA[A-Za-z0-9_-]{80,}={0,2}")
# What pg_dump writes of a bytea.
HEX_TOKEN = re.compile(rb"6741414141(?:[0-9a-f]{2}){90,}")


def spellings() -> dict[str, bytes]:
    """The fourteen ways of trust.md in which careless code may have left the number."""
    e164 = NUMBER.e164
    national = e164.removeprefix("+47")
    whole = int(e164[1:])
    digits = e164[1:]
    swapped = "".join(digits[at + 1] + digits[at] for at in range(0, len(digits), 2))
    aligned = [b64encode(b"x" * shift + e164.encode())[(0, 2, 3)[shift] :] for shift in range(3)]
    return {
        "E.164": e164.encode(),
        "national": national.encode(),
        "with 00": f"0047{national}".encode(),
        "spaced": f"{national[:3]} {national[3:5]} {national[5:]}".encode(),
        "packed decimal": bytes.fromhex(digits),
        "packed decimal, as on the air": bytes.fromhex(swapped),
        "UTF-16": national.encode("utf-16-le"),
        **{f"base64, {shift}": each.rstrip(b"=")[:-1][1:] for shift, each in enumerate(aligned)},
        "hexadecimal": e164.encode().hex().encode(),
        "URL": quote(e164).encode(),
        "int64, little end first": whole.to_bytes(8, "little"),
        "int64, big end first": whole.to_bytes(8, "big"),
        "JSON": json.dumps(f"\u200b{e164}")[1:-1].replace("+", "\\u002b").encode()[6:],
    }


def spellings_in(content: bytes) -> list[str]:
    return [name for name, raw in spellings().items() if raw in content]


def opened(content: bytes) -> int:
    """Return how many encrypted values in these bytes open to the number, whatever stands around them."""
    tokens = set(TOKEN.findall(content))
    tokens |= {bytes.fromhex(each.decode()) for each in HEX_TOKEN.findall(content)}
    count = 0
    for token in tokens:
        # The bytes after a token may look like more of it.
        for end in range(len(token), max(len(token) - 8, 99), -1):
            try:
                count += NUMBER.e164.encode() in crypto.decrypt_bytes(token[:end])
                break
            except crypto.CannotDecrypt:
                continue
    return count


def stores(valkey_url: str) -> Iterator[tuple[str, bytes]]:
    """Yield everything that outlives the process, by name."""
    yield "dump", dump()
    yield "journal", Path(django_settings.JOURNAL_FILE).read_bytes()
    yield "broker and cache", broker(valkey_url)
    for folder in (django_settings.MEDIA_ROOT, django_settings.STATIC_ROOT):
        yield str(folder), b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())
    if IS_POSTGRES:
        with connection.cursor() as cursor:
            cursor.execute("CHECKPOINT")
            cursor.execute("SELECT oid FROM pg_database WHERE datname = current_database()")
            (oid,) = cursor.fetchone()
        data = servers.folder() / "postgres"
        heap = (data / "base" / str(oid)).iterdir()
        yield "heap", b"".join(path.read_bytes() for path in heap if path.is_file())


def broker(url: str) -> bytes:
    """Return every key of this test's database on Valkey, and what it holds, as a dump would have it."""
    with redis.from_url(url) as client:
        return b"".join(key + (client.dump(key) or b"") for key in client.scan_iter())


@pytest.fixture
def erased(valkey_url: str, tmp_path: Path, settings: Settings) -> str:
    """A number that lived a whole life, seen before it was erased, and then overwritten everywhere."""
    settings.JOURNAL_FILE = tmp_path / "journal.jsonl"
    live_a_whole_life()
    cache.set("seen", True)
    with Celery("tests", broker=valkey_url) as app:
        app.send_task("consents.tasks.read_unread_messages", queue="service")
    journal.drain()
    before = dict(stores(valkey_url))
    for name in {"dump", "heap"} & before.keys():
        assert opened(before[name]) > 3, "the scan opens what is there"

    for subject in list(Subject.objects.all()):
        if subject.phone == NUMBER:
            services.erase_subject(subject, now=timezone.now())
    journal.drain()
    assert erasing.overwrite(now=timezone.now())
    return valkey_url


def test_an_erased_number_is_in_no_store_in_any_spelling(erased: str) -> None:
    found = {name: spellings_in(content) for name, content in stores(erased)}

    assert {name: names for name, names in found.items() if names} == {}


def test_nothing_that_is_left_opens_to_an_erased_number(erased: str) -> None:
    found = {name: opened(content) for name, content in stores(erased)}

    assert {name: count for name, count in found.items() if count} == {}


@pytest.mark.parametrize("name", spellings())
def test_the_scan_finds_each_spelling_that_is_planted(name: str) -> None:
    content = b"before" + spellings()[name] + b"after"

    assert name in spellings_in(content)


def test_the_scan_finds_what_is_planted_in_the_database(
    valkey_url: str, tmp_path: Path, settings: Settings
) -> None:
    settings.JOURNAL_FILE = tmp_path / "journal.jsonl"
    live_a_whole_life()
    journal.drain()
    Purpose.objects.update(name=NUMBER.e164[3:])

    found = {name for name, content in stores(valkey_url) if spellings_in(content)}

    assert "dump" in found
    assert "heap" in found or not IS_POSTGRES
