"""`pk__any=[…]`: one parameter however long the list is.

`pk__in` makes a placeholder of each value; for a batch of a thousand, writing and parsing them costs more
than finding the rows. PostgreSQL gets `= ANY(array)`; SQLite, whose batches are small, gets `IN`. For a
foreign key, name the key behind it: `subject__pk__any`, which needs no join.
"""

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import Field
from django.db.models.lookups import In


@Field.register_lookup
class AnyOf(In):
    """Matches each of a list of values. An empty list matches nothing, without asking the database."""

    lookup_name = "any"

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        if not self.rhs:
            raise EmptyResultSet
        column, params = self.process_lhs(compiler, connection)
        prepare = self.lhs.output_field.get_db_prep_value
        values = [prepare(value, connection, prepared=True) for value in self.rhs]
        return f"{column} = ANY(%s)", (*params, values)
