"""Encrypted fields.

They subclass those of `fernet_fields`, whose `bulk_update()` and `update(Value(…))` would encrypt the text of
the SQL expression over the value. Ours encrypt values, let `F()` of an encrypted field through, and refuse
any other expression.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.fernet import InvalidToken
from django.core.exceptions import FieldError
from django.db import models
from django.db.models.expressions import BaseExpression, Case, Col, F, Value, When
from django.db.models.functions import Cast
from fernet_fields import fields as library

from smsconsent.crypto.keys import CannotDecrypt, current_fernet, decrypt_bytes, hold_fernet
from smsconsent.phones import Phone


class PlaintextRefused(FieldError):
    """A value or expression that would put plaintext, or rubbish, into an encrypted column."""


# Generic for the type checker only: Django's own classes take no parameters.
if TYPE_CHECKING:
    TextField = models.TextField[Any, Any]
    BinaryField = models.BinaryField[Any, Any]
else:
    TextField, BinaryField = models.TextField, models.BinaryField


@dataclass(frozen=True, slots=True)
class Sealed:
    """A value that was encrypted ahead of its row, for fields of one kind."""

    kind: "type[GuardedField]"
    token: bytes


class GuardedField(library.EncryptedField):  # type: ignore[misc]  # the library has no types
    """An encrypted column that no expression and no plaintext can slip into."""

    def to_plain_bytes(self, value: Any) -> bytes:
        raise PlaintextRefused(f"{type(self).__name__} does not say how to encode its value")

    def from_plain_bytes(self, value: bytes) -> Any:
        raise PlaintextRefused(f"{type(self).__name__} does not say how to decode its value")

    def encryptor(self) -> Callable[[bytes], bytes]:
        return current_fernet().encrypt

    def decrypt(self, token: bytes) -> bytes:
        return decrypt_bytes(token)

    def sealing(self) -> Callable[[Any], bytes]:
        """Return what encrypts many values, and nothing but values. What was sealed ahead stays as it is."""
        encrypt, to_plain_bytes, kind = self.encryptor(), self.to_plain_bytes, type(self)

        def seal(value: Any) -> bytes:
            if type(value) is Sealed and value.kind is kind:
                return value.token
            return encrypt(to_plain_bytes(value))

        return seal

    def sealing_ahead(self) -> Callable[[Any], Sealed]:
        """Return what encrypts values of rows that are about to be made."""
        seal, kind = self.sealing(), type(self)
        return lambda value: Sealed(kind, seal(value))

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
        return hold_fernet().encrypt

    def decrypt(self, token: bytes) -> bytes:
        try:
            return hold_fernet().decrypt(token)
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


def sealing_ahead(model: type[models.Model], name: str) -> Callable[[Any], Sealed]:
    """Return what encrypts values of this field of rows that are about to be made."""
    field: Any = model._meta.get_field(name)
    sealing: Callable[[Any], Sealed] = field.sealing_ahead()
    return sealing


def token_of(field: str) -> Cast:
    """Select the token of an encrypted field as it is stored: for many rows, opening them apart is faster."""
    return Cast(field, models.BinaryField())


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
