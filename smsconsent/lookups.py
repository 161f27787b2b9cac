"""`pk__any=[…]`: one parameter however long the list is.

`pk__in` makes a placeholder of each value; for a batch of a thousand, writing and parsing them costs more
than finding the rows. PostgreSQL gets `= ANY(array)`; SQLite, whose batches are small, gets `IN`. For a
foreign key, name the key behind it: `subject__pk__any`, which needs no join.
"""

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db.models import BinaryField, Field
from django.db.models.lookups import In

K = TypeVar("K")


class Keys(Generic[K]):
    """Keys that several statements ask for: written out once for all of them.

    Not a tuple, since Django looks into each item of one for expressions.
    """

    def __init__(self, keys: Iterable[K]) -> None:
        self._keys = tuple(keys)

    def __iter__(self) -> Iterator[K]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    @cached_property
    def text(self) -> str:
        """The keys as PostgreSQL reads those of an array, with commas between them."""
        return ",".join(map(_in_an_array, self._keys))


def _in_an_array(key: object) -> str:
    # The driver looks at each byte for what needs an escape, and hexadecimal needs none.
    return f'"\\\\x{key.hex()}"' if isinstance(key, bytes) else str(key)


@Field.register_lookup
class AnyOf(In):
    """Matches each of a list of values. An empty list matches nothing, without asking the database."""

    lookup_name = "any"

    def get_prep_lookup(self) -> Any:
        return self.rhs if isinstance(self.rhs, Keys) else super().get_prep_lookup()

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        if not self.rhs:
            raise EmptyResultSet
        column, params = self.process_lhs(compiler, connection)
        field = self.lhs.output_field
        keys = self.rhs
        if isinstance(field, BinaryField) and not isinstance(keys, Keys):
            keys = Keys(map(bytes, keys))
        if isinstance(keys, Keys):
            kind = field.db_type(connection)
            return f"{column} = ANY(%s::{kind}[])", (*params, f"{{{keys.text}}}")
        values = [field.get_db_prep_value(value, connection, prepared=True) for value in self.rhs]
        return f"{column} = ANY(%s)", (*params, values)
