"""The signature of the log: only the process that seals holds its key (trust.md § 5)."""

from collections.abc import Sequence
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from smsconsent.crypto.keys import UnknownKey, key_bytes


@lru_cache(maxsize=4)
def _signing_keys(keys: tuple[str, ...]) -> list[Ed25519PrivateKey]:
    return [Ed25519PrivateKey.from_private_bytes(key_bytes(key)) for key in keys]


def log_public_keys() -> list[bytes]:
    """Return the Ed25519 public keys that this process signs the log with, newest first. 32 bytes each.

    Empty in a process without LEDGER_SIGNING_KEY: only the one that seals needs it.
    """
    keys = _signing_keys(tuple(settings.LEDGER_SIGNING_KEY))
    return [key.public_key().public_bytes_raw() for key in keys]


def sign_for_log(body: bytes, *, by: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
    """Return (public key, signature) under each of these keys. Raises UnknownKey when one is not here."""
    keys = _signing_keys(tuple(settings.LEDGER_SIGNING_KEY))
    own = {key.public_key().public_bytes_raw(): key for key in keys}
    if not own.keys() >= set(by):
        raise UnknownKey("LEDGER_SIGNING_KEY lacks a key of the log")
    return [(key, own[key].sign(body)) for key in by]


def is_signed(body: bytes, signature: bytes, *, public_key: bytes) -> bool:
    """Return whether this Ed25519 signature is over exactly these bytes."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, body)
    except (InvalidSignature, ValueError):
        return False
    return True
