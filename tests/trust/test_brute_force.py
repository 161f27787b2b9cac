"""Invariant 9: whoever steals the database, but not the keys, gets no number back by trying them all.

There are sixteen million valid Norwegian mobile numbers. Each is hashed in the ways that careless code would
hash it, and looked for among everything in the dump that is long enough to be a digest.
"""

import hashlib
import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from smsconsent.phones import Phone
from tests.make import make_purpose
from tests.trust import size
from tests.trust.test_dump import live_a_whole_life

pytestmark = pytest.mark.django_db(transaction=True)

# `make test` tries the numbers around those in the database; `make trust` all of them, for minutes.
NUMBER = Phone("+4790000123")
SHORTEST, LONGEST, PREFIX = 16, 64, 8
HASHES: dict[str, Callable[[bytes], bytes]] = {
    "md5": lambda value: hashlib.md5(value, usedforsecurity=False).digest(),
    "sha1": lambda value: hashlib.sha1(value, usedforsecurity=False).digest(),
    "sha256": lambda value: hashlib.sha256(value).digest(),
    "sha512": lambda value: hashlib.sha512(value).digest(),
    "blake2b": lambda value: hashlib.blake2b(value, digest_size=32).digest(),
}
HEX = re.compile(rb"[0-9a-fA-F]{16,128}")
BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{11,88}={0,2}")


def national_numbers() -> Iterable[str]:
    if size.IS_RELEASE:
        # Every number of eight digits that begins with 4 or 9: the sixteen million valid ones, and more.
        return (
            f"{number}" for first in (4, 9) for number in range(first * 10**7, (first + 1) * 10**7)
        )
    return (f"{number}" for number in range(90_000_000, 90_020_000))


def stored_values() -> Iterator[bytes]:
    """Yield every value in every column of every table, as bytes."""
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(model._meta.db_table)}")
            for value in chain.from_iterable(cursor.fetchall()):
                if isinstance(value, bytes | memoryview):
                    yield bytes(value)
                elif value is not None:
                    yield str(value).encode()


def digests_in(values: Iterable[bytes]) -> set[bytes]:
    """Return the beginning of whatever may be a digest: raw, hexadecimal, base64; cut off or whole."""
    found = set()
    for value in values:
        if SHORTEST <= len(value) <= LONGEST:
            found.add(value[:PREFIX])
        found |= {bytes.fromhex(each[:16].decode())[:PREFIX] for each in HEX.findall(value)}
        for each in BASE64.findall(value):
            text = each.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))[:12]
            try:
                found.add(b64decode(text + b"=" * (-len(text) % 4))[:PREFIX])
            except NotBase64:
                continue
    return {each for each in found if len(each) == PREFIX}


def numbers_found(haystack: set[bytes]) -> list[tuple[str, str]]:
    """Return (number, hash) for every number that some hash without a key gives away."""
    found = []
    for national in national_numbers():
        for spelling in (f"+47{national}", national, f"0047{national}", f"47{national}"):
            raw = spelling.encode()
            for name, digest in HASHES.items():
                if digest(raw)[:PREFIX] in haystack:
                    found.append((spelling, name))
    return found


def test_no_number_comes_back_from_a_stolen_database() -> None:
    live_a_whole_life()

    haystack = digests_in(stored_values())

    assert len(haystack) > 20, "there are pseudonyms and digests to try"
    assert numbers_found(haystack) == []


@pytest.mark.parametrize("name", ["md5", "sha1", "sha256", "sha512"])
@pytest.mark.parametrize(
    "write",
    [
        lambda digest: digest.hex(),
        lambda digest: digest.hex()[:32].upper(),
        lambda digest: b64encode(digest).decode()[:28],
        lambda digest: f"id={digest.hex()};{timezone.now():%Y}",
    ],
    ids=["hex", "half of it", "base64", "in a sentence"],
)
def test_a_planted_hash_without_a_key_is_found(name: str, write: Callable[[bytes], str]) -> None:
    purpose = make_purpose()
    purpose.evidence_reason = write(HASHES[name](NUMBER.e164.encode()))
    purpose.save()

    haystack = digests_in(stored_values())

    digest = HASHES[name](NUMBER.e164.encode())
    assert digest[:PREFIX] in haystack


def test_trying_the_numbers_finds_the_planted_hash() -> None:
    planted = {HASHES["sha256"](NUMBER.e164.encode())[:PREFIX]}

    assert numbers_found(planted) == [(NUMBER.e164, "sha256")]
