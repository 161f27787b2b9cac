"""Links and codes: hashed at rest, bound to one purpose. The row that holds a digest holds its end date."""

from base64 import urlsafe_b64encode
from hmac import compare_digest
from hmac import digest as hmac
from secrets import choice, token_bytes

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

TOKEN_BYTES = 16
_DIGITS = "0123456789"
# A totally anti-symmetric quasigroup (Damm 2004): finds each wrong digit and each swap of neighbours.
_DAMM = (
    "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
    "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
)  # fmt: skip


def new_token() -> str:
    """Return 128 random bits as 22 characters that fit a URL."""
    return _text(token_bytes(TOKEN_BYTES))


def derived_token(nonce: bytes, *, purpose: str) -> str:
    """Return the token that belongs to a stored random nonce: the same each time, 22 characters.

    For links that must be written again later, such as the stop link of a consent.
    """
    return _text(_mac(_keys()[0], b"derived\0" + nonce, purpose)[:TOKEN_BYTES])


def digest(token: str, *, purpose: str) -> bytes:
    """Return what is stored of a token: 32 bytes, useless without the key, bound to the purpose."""
    return _mac(_keys()[0], token.encode("utf-8", "replace"), purpose)


def digests(token: str, *, purpose: str) -> list[bytes]:
    """Return what a token may be stored as: one entry per accepted key, the current one first."""
    return [_mac(key, token.encode("utf-8", "replace"), purpose) for key in _keys()]


def new_pin(digits: int = 6) -> str:
    """Return a random code of this many digits, each of them free: for a person to type from an SMS."""
    return "".join(choice(_DIGITS) for _place in range(digits))


def new_code(digits: int) -> str:
    """Return a random code of this many digits, the last of which is a check digit."""
    body = "".join(choice(_DIGITS) for _place in range(digits - 1))
    return body + str(_damm(body))


def code_is_well_formed(code: str) -> bool:
    """Return whether the check digit fits: one wrong digit, or two neighbours swapped, does not."""
    return code.isascii() and code.isdigit() and _damm(code) == 0


def is_digest_of(stored: bytes, code: str, *, purpose: str) -> bool:
    """Return whether a stored digest is that of this code, under any accepted key. Constant time."""
    # Every key is compared, so that the time tells nothing.
    return sum(compare_digest(stored, each) for each in digests(code, purpose=purpose)) > 0


def _damm(digits: str) -> int:
    interim = 0
    for digit in digits:
        interim = int(_DAMM[interim][int(digit)])
    return interim


def _keys() -> list[bytes]:
    keys: list[str] = settings.TOKEN_KEYS
    if not keys or not all(keys):
        raise ImproperlyConfigured("TOKEN_KEYS is empty. Without a key no link can be made.")
    return [key.encode() for key in keys]


def _mac(key: bytes, value: bytes, purpose: str) -> bytes:
    return hmac(key, purpose.encode() + b"\0" + value, "sha256")


def _text(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()
