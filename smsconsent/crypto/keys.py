"""The keys that encrypt, by day and under a legal hold: what opens a token, and what a key is called."""

from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from fernet_fields import fields as library

from smsconsent.phones import Phone

KEY_BYTES = 32


class CannotDecrypt(Exception):
    """A token does not open with any key we have. Never answered with the token itself."""


class UnknownKey(Exception):
    """What is asked for names a key that this process does not hold."""


@lru_cache(maxsize=8)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    if not keys or not all(keys):
        raise ImproperlyConfigured(
            "FERNET_KEYS or FERNET_HOLD_KEYS is empty. Without a key nothing can be stored."
        )
    derived = [library.hkdf.derive_fernet_key(key) for key in keys]
    return MultiFernet([Fernet(key) for key in derived])


def current_fernet() -> MultiFernet:
    """Return what encrypts daily work, and opens it under each key that is still accepted."""
    # SECURITY: FERNET_KEYS alone. The library would fall back to SECRET_KEY.
    return _fernet(tuple(getattr(settings, "FERNET_KEYS", None) or ()))


def hold_fernet() -> MultiFernet:
    """Return what encrypts and opens evidence under a legal hold."""
    # SECURITY: never the daily keys. Without a key of its own nothing can be held.
    return _fernet(tuple(settings.FERNET_HOLD_KEYS))


@lru_cache(maxsize=8)
def name_of(key: str) -> str:
    """Return the name of a key, which tells nothing about it: 8 hexadecimal digits."""
    return sha256(b"smsconsent/key-id\0" + key.encode()).hexdigest()[:8]


def current_key_id() -> str:
    """Return the name of the key that encrypts now: 8 hexadecimal digits."""
    current_fernet()
    return name_of(settings.FERNET_KEYS[0])


def current_hold_key_id() -> str:
    """Return the name of the key under which evidence is held now: 8 hexadecimal digits."""
    hold_fernet()
    return name_of(settings.FERNET_HOLD_KEYS[0])


def encrypt_bytes(value: bytes) -> bytes:
    """Return a Fernet token of the value."""
    return current_fernet().encrypt(value)


def decrypt_bytes(token: bytes) -> bytes:
    """Open a token. Raises CannotDecrypt."""
    try:
        return current_fernet().decrypt(token)
    except InvalidToken:
        raise CannotDecrypt(
            "a stored value does not open with the keys of this installation"
        ) from None


def phone_opener() -> Callable[[bytes], Phone]:
    """Return what opens the tokens of many numbers (`token_of`). It raises CannotDecrypt."""
    decrypt = current_fernet().decrypt

    def open_phone(token: bytes) -> Phone:
        try:
            return Phone(decrypt(bytes(token)).decode())
        except InvalidToken:
            raise CannotDecrypt(
                "a stored number does not open with the keys of this installation"
            ) from None

    return open_phone


def renew_token(token: bytes, *, is_held: bool = False) -> bytes:
    """Return the same content under the first key of its list, with its time of writing.

    `is_held`: of FERNET_HOLD_KEYS. Raises CannotDecrypt.
    """
    try:
        return (hold_fernet() if is_held else current_fernet()).rotate(token)
    except InvalidToken:
        raise CannotDecrypt("a stored value opens with none of the keys") from None


def key_id_of(token: bytes, *, is_held: bool = False) -> str:
    """Return the name of the key that opens this token. Raises CannotDecrypt when none does."""
    for key in settings.FERNET_HOLD_KEYS if is_held else settings.FERNET_KEYS:
        try:
            _fernet((key,)).decrypt(token)
        except InvalidToken:
            continue
        return name_of(key)
    raise CannotDecrypt("a stored value opens with none of the keys")


def can_hold() -> bool:
    """Return whether this installation has a key for evidence under a legal hold."""
    return any(settings.FERNET_HOLD_KEYS)


def forget(subject_id: int) -> None:
    """Destroy the key of one subject.

    Today all subjects share the keys in FERNET_KEYS, so there is none to destroy: erasing deletes the
    rows. A keyring of one key per subject changes this function and nothing around it (trust.md § 4).
    """


def key_bytes(key: str) -> bytes:
    """Return the 32 bytes that a setting spells in URL-safe base64. Raises ImproperlyConfigured."""
    try:
        raw = urlsafe_b64decode(key + "=" * (-len(key) % 4))
    except (NotBase64, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise ImproperlyConfigured("Each key must be 32 bytes in URL-safe base64.")
    return raw
