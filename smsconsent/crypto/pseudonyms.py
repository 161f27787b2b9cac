"""Keyed pseudonyms: how a number is found again without being readable (law.md L40)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from hmac import digest as hmac

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from smsconsent.crypto.keys import KEY_BYTES, UnknownKey, key_bytes, name_of
from smsconsent.phones import Phone


@lru_cache(maxsize=4096)
def _derived_key(key: str, use: str, organisation: int | None) -> bytes:
    raw = key_bytes(key)
    info = f"smsconsent/{use}/{'' if organisation is None else organisation}".encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(raw)


def keyed_digests(value: bytes, *, use: str, organisation: int | None = None) -> list[bytes]:
    """Return what a value may be stored under, the current form first. 32 bytes each.

    HMAC-SHA-256 under the oldest index key, over that the next one, and so on to the newest. So a stored
    pseudonym is renewed without knowing what it stands for (`add_layers`), and a key that has leaked opens
    nothing once another lies over it. Keys are never taken away: the innermost finds the block list.
    """
    return _layered(value, _layer_keys(use, organisation))


def add_layers(digest: bytes, *, key_id: str, use: str, organisation: int | None = None) -> bytes:
    """Return the current form of a digest whose newest layer is of this key. Raises UnknownKey."""
    names = [name_of(key) for key in settings.INDEX_KEYS]
    if key_id not in names:
        raise UnknownKey(key_id)
    for key in reversed(settings.INDEX_KEYS[: names.index(key_id)]):
        digest = _layer(digest, key, use=use, organisation=organisation)
    return digest


def current_index_key_id() -> str:
    """Return the name of the newest index key: 8 hexadecimal digits."""
    if not settings.INDEX_KEYS:
        raise ImproperlyConfigured("INDEX_KEYS is empty.")
    return name_of(settings.INDEX_KEYS[0])


def _layer_keys(use: str, organisation: int | None) -> list[bytes]:
    """Return the keys of all layers, the innermost first."""
    keys: list[str] = settings.INDEX_KEYS
    if not keys:
        raise ImproperlyConfigured(
            "INDEX_KEYS is empty. Without a key no number can be found again."
        )
    return [_derived_key(key, use, organisation) for key in reversed(keys)]


def _layered(value: bytes, keys: list[bytes]) -> list[bytes]:
    return [value := hmac(key, value, "sha256") for key in keys][::-1]


def _layer(value: bytes, key: str, *, use: str, organisation: int | None) -> bytes:
    return hmac(_derived_key(key, use, organisation), value, "sha256")


def keyed_digest(value: bytes, *, use: str, organisation: int | None = None) -> bytes:
    """Return HMAC-SHA-256 of a value under the current index key. 32 bytes."""
    return keyed_digests(value, use=use, organisation=organisation)[0]


def blind_indexes(phone: Phone, *, use: str, organisation: int | None = None) -> list[bytes]:
    """Return what this number may be stored under, the current form first (`keyed_digests`)."""
    return keyed_digests(phone.e164.encode(), use=use, organisation=organisation)


def blind_indexes_of(
    phones: Iterable[Phone], *, use: str, organisation: int | None = None
) -> dict[str, tuple[bytes, ...]]:
    """Return `blind_indexes` of many numbers, by number."""
    numbers = [phone.e164 for phone in phones]
    layers, values = [], [number.encode() for number in numbers]
    for key in _layer_keys(use, organisation):
        values = [hmac(key, value, "sha256") for value in values]
        layers.append(values)
    return dict(zip(numbers, zip(*reversed(layers), strict=True), strict=True))


def blind_index(phone: Phone, *, use: str, organisation: int | None = None) -> bytes:
    """Return the keyed pseudonym of a number for one use, at one organisation. 32 bytes.

    law.md L40: all sixteen million Norwegian mobile numbers are hashed in seconds, so the key, and
    the place where it is kept, is what protects the index.
    """
    return blind_indexes(phone, use=use, organisation=organisation)[0]


def index_checker(*, use: str, organisation: int | None = None) -> Callable[[Phone, bytes], bool]:
    """Return what says whether a number is stored under an index, in its current form or an older one.

    For many numbers: the keys are looked up once.
    """
    keys = _layer_keys(use, organisation)
    if len(keys) > 1:
        return lambda phone, index: bytes(index) in _layered(phone.e164.encode(), keys)
    # Mostly: then there is one form, and a campaign asks for each of its messages.
    [key] = keys
    return lambda phone, index: hmac(key, phone.e164.encode(), "sha256") == index


@dataclass(frozen=True, slots=True)
class KeyedIndex:
    """How a model's column came about, named in its `keyed_indexes`: what rotating the index key needs.

    `key_id` names the column with the newest key, `number` the encrypted number if the row holds it, and
    `is_compared` whether the database itself compares such columns: then equal ones change together.
    """

    field: str
    use: str
    key_id: str
    organisation: str | None = None
    number: str | None = None
    is_compared: bool = False
