"""Keys, encrypted fields and the blind index. The only module that sees a key (trust.md § 4).

The fields subclass those of `fernet_fields`, whose `bulk_update()` and `update(Value(…))` would
encrypt the text of the SQL expression over the value. Ours encrypt values, let `F()` of an encrypted
field through, and refuse any other expression. A wrong key raises; it never yields ciphertext.
"""

from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from hmac import digest as hmac
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import models
from django.db.models.expressions import BaseExpression, Case, Col, F, Value, When
from django.db.models.functions import Cast
from fernet_fields import fields as library

from smsconsent.phones import Phone

KEY_BYTES = 32


class CannotDecrypt(Exception):
    """A token does not open with any key we have. Never answered with the token itself."""


class UnknownKey(Exception):
    """What is asked for names a key that this process does not hold."""


class PlaintextRefused(FieldError):
    """A value or expression that would put plaintext, or rubbish, into an encrypted column."""


# -- keys ----------------------------------------------------------------------------------------------
@lru_cache(maxsize=8)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    if not keys or not all(keys):
        raise ImproperlyConfigured(
            "FERNET_KEYS or FERNET_HOLD_KEYS is empty. Without a key nothing can be stored."
        )
    derived = [library.hkdf.derive_fernet_key(key) for key in keys]
    return MultiFernet([Fernet(key) for key in derived])


def _current_fernet() -> MultiFernet:
    # SECURITY: FERNET_KEYS alone. The library would fall back to SECRET_KEY.
    return _fernet(tuple(getattr(settings, "FERNET_KEYS", None) or ()))


def _hold_fernet() -> MultiFernet:
    # SECURITY: never the daily keys. Without a key of its own nothing can be held.
    return _fernet(tuple(settings.FERNET_HOLD_KEYS))


@lru_cache(maxsize=8)
def _key_id(key: str) -> str:
    return sha256(b"smsconsent/key-id\0" + key.encode()).hexdigest()[:8]


def current_key_id() -> str:
    """Return the name of the key that encrypts now: 8 hexadecimal digits."""
    _current_fernet()
    return _key_id(settings.FERNET_KEYS[0])


def current_hold_key_id() -> str:
    """Return the name of the key under which evidence is held now: 8 hexadecimal digits."""
    _hold_fernet()
    return _key_id(settings.FERNET_HOLD_KEYS[0])


def encrypt_bytes(value: bytes) -> bytes:
    """Return a Fernet token of the value."""
    return _current_fernet().encrypt(value)


def decrypt_bytes(token: bytes) -> bytes:
    """Open a token. Raises CannotDecrypt."""
    try:
        return _current_fernet().decrypt(token)
    except InvalidToken:
        raise CannotDecrypt(
            "a stored value does not open with the keys of this installation"
        ) from None


def phone_opener() -> Callable[[bytes], Phone]:
    """Return what opens the tokens of many numbers (`token_of`). It raises CannotDecrypt."""
    decrypt = _current_fernet().decrypt

    def open_phone(token: bytes) -> Phone:
        try:
            return Phone(decrypt(bytes(token)).decode())
        except InvalidToken:
            raise CannotDecrypt(
                "a stored number does not open with the keys of this installation"
            ) from None

    return open_phone


def token_of(field: str) -> Cast:
    """Select the token of an encrypted field as it is stored: for many rows, opening them apart is faster."""
    return Cast(field, models.BinaryField())


def renew_token(token: bytes, *, is_held: bool = False) -> bytes:
    """Return the same content under the first key of its list, with its time of writing.

    `is_held`: of FERNET_HOLD_KEYS. Raises CannotDecrypt.
    """
    try:
        return (_hold_fernet() if is_held else _current_fernet()).rotate(token)
    except InvalidToken:
        raise CannotDecrypt("a stored value opens with none of the keys") from None


def key_id_of(token: bytes, *, is_held: bool = False) -> str:
    """Return the name of the key that opens this token. Raises CannotDecrypt when none does."""
    for key in settings.FERNET_HOLD_KEYS if is_held else settings.FERNET_KEYS:
        try:
            _fernet((key,)).decrypt(token)
        except InvalidToken:
            continue
        return _key_id(key)
    raise CannotDecrypt("a stored value opens with none of the keys")


def can_hold() -> bool:
    """Return whether this installation has a key for evidence under a legal hold."""
    return any(settings.FERNET_HOLD_KEYS)


def forget(subject_id: int) -> None:
    """Destroy the key of one subject.

    Today all subjects share the keys in FERNET_KEYS, so there is none to destroy: erasing deletes the
    rows. A keyring of one key per subject changes this function and nothing around it (trust.md § 4).
    """


# -- the blind index -----------------------------------------------------------------------------------
def _key_bytes(key: str) -> bytes:
    try:
        raw = urlsafe_b64decode(key + "=" * (-len(key) % 4))
    except (NotBase64, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise ImproperlyConfigured("Each key must be 32 bytes in URL-safe base64.")
    return raw


@lru_cache(maxsize=4096)
def _derived_key(key: str, use: str, organisation: int | None) -> bytes:
    raw = _key_bytes(key)
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
    names = [_key_id(key) for key in settings.INDEX_KEYS]
    if key_id not in names:
        raise UnknownKey(key_id)
    for key in reversed(settings.INDEX_KEYS[: names.index(key_id)]):
        digest = _layer(digest, key, use=use, organisation=organisation)
    return digest


def current_index_key_id() -> str:
    """Return the name of the newest index key: 8 hexadecimal digits."""
    if not settings.INDEX_KEYS:
        raise ImproperlyConfigured("INDEX_KEYS is empty.")
    return _key_id(settings.INDEX_KEYS[0])


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
) -> dict[str, list[bytes]]:
    """Return `blind_indexes` of many numbers, by number."""
    keys = _layer_keys(use, organisation)
    return {phone.e164: _layered(phone.e164.encode(), keys) for phone in phones}


def blind_index(phone: Phone, *, use: str, organisation: int | None = None) -> bytes:
    """Return the keyed pseudonym of a number for one use, at one organisation. 32 bytes.

    law.md L40: all sixteen million Norwegian mobile numbers are hashed in seconds, so the key, and
    the place where it is kept, is what protects the index.
    """
    return blind_indexes(phone, use=use, organisation=organisation)[0]


def is_index_of(phone: Phone, index: bytes, *, use: str, organisation: int | None = None) -> bool:
    """Return whether this number is stored under this index, in its current form or an older one."""
    value = phone.e164.encode()
    if len(settings.INDEX_KEYS) == 1:
        # Mostly: then there is one form, and a campaign asks for each of its messages.
        return _layer(value, settings.INDEX_KEYS[0], use=use, organisation=organisation) == index
    return bytes(index) in keyed_digests(value, use=use, organisation=organisation)


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


# -- the signature of the log --------------------------------------------------------------------------
@lru_cache(maxsize=4)
def _signing_keys(keys: tuple[str, ...]) -> list[Ed25519PrivateKey]:
    return [Ed25519PrivateKey.from_private_bytes(_key_bytes(key)) for key in keys]


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


# Generic for the type checker only: Django's own classes take no parameters.
if TYPE_CHECKING:
    TextField = models.TextField[Any, Any]
    BinaryField = models.BinaryField[Any, Any]
else:
    TextField, BinaryField = models.TextField, models.BinaryField


# -- the fields ----------------------------------------------------------------------------------------
class GuardedField(library.EncryptedField):  # type: ignore[misc]  # the library has no types
    """An encrypted column that no expression and no plaintext can slip into."""

    def to_plain_bytes(self, value: Any) -> bytes:
        raise PlaintextRefused(f"{type(self).__name__} does not say how to encode its value")

    def from_plain_bytes(self, value: bytes) -> Any:
        raise PlaintextRefused(f"{type(self).__name__} does not say how to decode its value")

    def encryptor(self) -> Callable[[bytes], bytes]:
        return _current_fernet().encrypt

    def decrypt(self, token: bytes) -> bytes:
        return decrypt_bytes(token)

    def sealing(self) -> Callable[[Any], bytes]:
        """Return what encrypts many values, and nothing but values."""
        encrypt, to_plain_bytes = self.encryptor(), self.to_plain_bytes
        return lambda value: encrypt(to_plain_bytes(value))

    def get_prep_value(self, value: Any) -> Any:
        return value

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        """Encrypt. Reached by save, bulk_create, update, and by Value() with this output field."""
        if value is None:
            return None
        if isinstance(value, BaseExpression | F):
            return self.checked_expression(value)
        return connection.Database.Binary(self.sealing()(value))

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if isinstance(value, BaseExpression | F) or hasattr(value, "as_sql"):
            return self.checked_expression(value)
        return self.get_db_prep_value(value, connection)

    def checked_expression(self, value: Any) -> Any:
        """Return an expression that can only yield tokens of this kind of field; refuse any other."""
        parts = [value]
        while parts:
            part = parts.pop()
            if isinstance(part, Case | When):
                results = [part.default] if isinstance(part, Case) else [part.result]
                parts += [*results, *(part.cases if isinstance(part, Case) else [])]
            elif isinstance(part, Value) and part.value is None:
                continue
            elif type(part).__name__ == "Cast":
                parts += part.get_source_expressions()
            elif not self._is_of_this_kind(part):
                raise PlaintextRefused(
                    f"{self.name} is encrypted: only values and other encrypted fields may be written"
                )
        return value

    def _is_of_this_kind(self, part: Any) -> bool:
        field = (
            part.target if isinstance(part, Col) else getattr(part, "_output_field_or_none", None)
        )
        if isinstance(part, Value):
            return type(field) is type(self)
        return isinstance(part, Col) and type(field) is type(self)

    def from_db_value(self, value: Any, expression: Any, connection: Any, *args: Any) -> Any:
        return None if value is None else self.from_plain_bytes(self.decrypt(bytes(value)))


class EncryptedTextField(GuardedField, TextField):
    """Text, encrypted."""

    def to_plain_bytes(self, value: Any) -> bytes:
        if not isinstance(value, str):
            raise PlaintextRefused(f"{self.name} takes text, not {type(value).__name__}")
        return value.encode()

    def from_plain_bytes(self, value: bytes) -> str:
        return value.decode()


class HeldTextField(EncryptedTextField):
    """Text under the hold keys alone: what the daily work can read does not open it, nor the reverse."""

    def encryptor(self) -> Callable[[bytes], bytes]:
        return _hold_fernet().encrypt

    def decrypt(self, token: bytes) -> bytes:
        try:
            return _hold_fernet().decrypt(token)
        except InvalidToken:
            raise CannotDecrypt("held evidence does not open with FERNET_HOLD_KEYS") from None


class EncryptedBytesField(GuardedField, BinaryField):
    """Bytes, encrypted: keys and salts."""

    def to_plain_bytes(self, value: Any) -> bytes:
        if not isinstance(value, bytes | bytearray | memoryview):
            raise PlaintextRefused(f"{self.name} takes bytes, not {type(value).__name__}")
        return bytes(value)

    def from_plain_bytes(self, value: bytes) -> bytes:
        return value


class EncryptedPhoneField(GuardedField, TextField):
    """A phone number, encrypted. It takes and gives a Phone, never a bare string."""

    # For the type checker, which would expect text.
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def to_python(self, value: Any) -> Any:
        return value

    def to_plain_bytes(self, value: Any) -> bytes:
        if not isinstance(value, Phone):
            raise PlaintextRefused(f"{self.name} takes a Phone, not {type(value).__name__}")
        return value.e164.encode()

    def from_plain_bytes(self, value: bytes) -> Phone:
        return Phone(value.decode())

    def value_to_string(self, obj: models.Model) -> str:
        value = self.value_from_object(obj)
        return value.masked if isinstance(value, Phone) else ""


class _IsToken(models.Func):
    """True where a column holds a Fernet token of a length that fits. Works below the lookup guard."""

    output_field = models.BooleanField()
    conditional = True

    def __init__(self, column: str, shortest: int, longest: int) -> None:
        super().__init__(Value(shortest), Value(longest))
        self.column, self.shortest, self.longest = column, shortest, longest

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        return "smsconsent.crypto._IsToken", (self.column, self.shortest, self.longest), {}

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **context: Any) -> tuple[str, Any]:
        column = connection.ops.quote_name(self.column)
        bounds = f"length({column}) BETWEEN {int(self.shortest)} AND {int(self.longest)}"
        if connection.vendor == "postgresql":
            return f"(substring({column} from 1 for 6) = 'gAAAAA'::bytea AND {bounds})", []
        return f"(substr({column}, 1, 6) = x'674141414141' AND {bounds})", []


_IsToken.__module__ = "smsconsent.crypto"


def token_constraint(
    field: str, *, name: str, shortest: int = 100, longest: int | None = None
) -> models.CheckConstraint:
    """Return a constraint by which no plaintext fits the column (trust.md § 4). Lengths in bytes."""
    most = longest if longest is not None else (120 if shortest == 100 else 10_000)
    return models.CheckConstraint(condition=_IsToken(field, shortest, most), name=name)
