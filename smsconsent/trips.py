"""Several statements in one trip to the database.

On the paths where somebody waits, the way to PostgreSQL and back costs more than most statements, and
Django spends as long again on writing each of them. So what needs nothing from one another is written as
SQL, gathered, and sent at once. SQLite has no way to go: there they run one by one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

from django.db import connection, transaction
from django.db.models import Model
from psycopg.adapt import Transformer

M = TypeVar("M", bound=Model)
Rows = list[tuple[Any, ...]]


@dataclass(slots=True)
class Answer:
    """What one statement gave: its rows, and how many it found or changed. Empty until the trip is over."""

    rows: Rows = field(default_factory=list)
    count: int = 0


class Trip:
    """Statements that go together and are answered together, in their order.

    Each sees the work of those before it. Outside a transaction they make one: all count, or none. Inside
    one a statement that fails spoils all of it, as any other does. A trip that raised is over: what was
    added to it is gone, its answers stay empty, and nothing is concluded.
    """

    def __init__(self) -> None:
        self._statements: list[tuple[str, Sequence[Any], Answer]] = []
        self._conclusions: list[Callable[[], None]] = []

    def add(self, sql: str, params: Sequence[Any] = ()) -> Answer:
        """Take one statement along. Its answer is filled in by `go`, and empty until then."""
        answer = Answer()
        self._statements.append((sql, params, answer))
        return answer

    def then(self, conclude: Callable[[], None]) -> None:
        """Have something done once the answers are there, at the end of `go`."""
        self._conclusions.append(conclude)

    def insert(
        self,
        rows: Sequence[Model],
        *,
        ignore_conflicts: bool = False,
        returning: tuple[str, ...] = (),
    ) -> Answer:
        """Take new rows of one model along. The answer counts them, and has these fields of each.

        `ignore_conflicts`: one that a unique constraint forbids is passed over, and not in the answer.
        No rows are no statement, and the answer stays empty.
        """
        if not rows:
            return Answer()
        model = type(rows[0])
        sql, fields = _inserting(model, rows[0].pk is not None)
        end = _ending_insert(model, ignore_conflicts, returning)
        row = "(" + ", ".join(["%s"] * len(fields)) + ")"
        params = [
            each.get_db_prep_save(each.pre_save(one, add=True), connection)
            for one in rows
            for each in fields
        ]
        return self.add(f"{sql} VALUES {', '.join([row] * len(rows))} {end}", params)

    def update(self, rows: Sequence[Model], *names: str) -> None:
        """Take the present values of these fields of rows of one model along. One may be there twice.

        No rows are no statement.
        """
        if not rows:
            return
        model = type(rows[0])
        sql, fields = _updating(model, names)
        lines = [
            [
                *(each.get_db_prep_save(getattr(row, each.attname), connection) for each in fields),
                stored(model, "pk", row.pk),
            ]
            for row in rows
        ]
        if len(lines) > 1 and connection.vendor == "postgresql":
            head, line, end = _updating_many(model, names)
            values = ", ".join([line] * len(lines))
            self.add(f"{head} {values} {end}", [each for line in lines for each in line])
        else:
            for params in lines:
                self.add(sql, params)

    def go(self) -> None:
        """Send what was added since the last time, and wait. Raises what the first bad statement raises."""
        statements, self._statements = self._statements, []
        conclusions, self._conclusions = self._conclusions, []
        if connection.vendor == "postgresql":
            _send_together(statements)
        elif statements:
            with transaction.atomic(savepoint=False):
                for each in statements:
                    _send_together([each])
        for conclude in conclusions:
            conclude()

    def go_unanswered(self, *, meanwhile: Callable[[], None]) -> None:
        """Send what was added, and do something while the database works on it: its answers stay empty.

        What is done meanwhile asks no database, and is always done. What the first bad statement raises is
        raised after it at the latest.
        """
        if connection.vendor != "postgresql":
            try:
                self.go()
            finally:
                meanwhile()
            return
        statements, self._statements = self._statements, []
        with (
            connection.cursor() as cursor,
            connection.wrap_database_errors,
            connection.connection.pipeline(),
        ):
            try:
                for sql, params, _answer in statements:
                    cursor.execute(sql, params)
            finally:
                # A quick database has told of its error by now.
                meanwhile()

    def go_alone(self) -> None:
        """The same; inside a transaction under a savepoint, so that what fails spoils nothing before it."""
        if connection.in_atomic_block:
            with transaction.atomic():
                self.go()
        else:
            self.go()


def _send_together(statements: Sequence[tuple[str, Sequence[Any], Answer]]) -> None:
    if not statements:
        return
    with connection.cursor() as cursor:
        sql = ";".join(sql for sql, _params, _answer in statements)
        params = [each for _sql, params, _answer in statements for each in params]
        if connection.vendor == "postgresql":
            cursor.execute(_written_out(sql, params))
        else:
            cursor.execute(sql, params)
        for number, (_sql, _params, answer) in enumerate(statements):
            if number:
                cursor.nextset()
            answer.count = cursor.rowcount
            if _has_rows(cursor):
                answer.rows = cursor.fetchall()
                answer.count = len(answer.rows)


def _written_out(sql: str, params: Sequence[Any]) -> str:
    """Return the statements with their values in place, as psycopg writes them.

    It would take a long text apart each time, to find out where values go: thrice the work of writing them.
    """
    literal = Transformer(connection.connection).as_literal
    values = tuple(b"NULL" if each is None else literal(each) for each in params)
    return (sql.encode() % values).decode()


def _has_rows(cursor: Any) -> bool:
    # psycopg describes each column anew whenever it is asked for the description.
    result = getattr(cursor, "pgresult", None)
    return bool(result.nfields if result else cursor.description)


@cache
def _inserting(model: type[Model], with_key: bool) -> tuple[str, list[Any]]:
    """Return how a row of this model is inserted, up to its values, and the fields that these are of."""
    counted = None if with_key else model._meta.auto_field
    fields = [
        each for each in model._meta.concrete_fields if each is not counted and not each.generated
    ]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(each.column)) for each in fields)
    return f"INSERT INTO {quote(model._meta.db_table)} ({columns})", fields


@cache
def _ending_insert(model: type[Model], ignore_conflicts: bool, returning: tuple[str, ...]) -> str:
    """Return what follows the values of new rows."""
    fields: list[Any] = [model._meta.get_field(name) for name in returning]
    columns = ", ".join(connection.ops.quote_name(str(each.column)) for each in fields)
    conflicts = "ON CONFLICT DO NOTHING" if ignore_conflicts else ""
    return f"{conflicts} RETURNING {columns}" if columns else conflicts


@cache
def _updating(model: type[Model], names: tuple[str, ...]) -> tuple[str, list[Any]]:
    """Return how these fields of a row of this model are changed, and the fields."""
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    quote = connection.ops.quote_name
    changes = ", ".join(f"{quote(each.column)} = %s" for each in fields)
    table, key = quote(model._meta.db_table), quote(str(model._meta.pk.column))
    return f"UPDATE {table} SET {changes} WHERE {key} = %s", fields  # noqa: S608  names of columns


@cache
def _updating_many(model: type[Model], names: tuple[str, ...]) -> tuple[str, str, str]:
    """Return how these fields of many rows are changed: what goes before their values, one line of these,
    and what follows.
    """
    quote, key = connection.ops.quote_name, model._meta.pk
    fields: list[Any] = [*map(model._meta.get_field, names), key]
    columns = [quote(str(each.column)) for each in fields]
    changes = ", ".join(f"{column} = new.{column}" for column in columns[:-1])
    line = ", ".join(f"%s::{each.rel_db_type(connection)}" for each in fields)
    return (
        f"UPDATE {quote(model._meta.db_table)} AS old SET {changes} FROM (VALUES",  # noqa: S608  names of columns
        f"({line})",
        f") AS new ({', '.join(columns)}) WHERE old.{columns[-1]} = new.{columns[-1]}",
    )


def next_key(model: type[Model], *, trip: Trip) -> Answer:
    """Ask for a key that no row of this model has or will get, so that others can refer to it at once.

    On SQLite it is ours as long as the transaction, which holds the only write lock.
    """
    table = model._meta.db_table
    if connection.vendor == "postgresql":
        return trip.add("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [table])
    return trip.add(
        "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = %s), 0) + 1", [table]
    )


# -- rows as models --------------------------------------------------------------------------------------
@cache
def columns(model: type[Model], alias: str) -> str:
    """Return the columns of a model under this name of its table, in the order that `load` reads them."""
    quote = connection.ops.quote_name
    return ", ".join(f"{alias}.{quote(str(each.column))}" for each in model._meta.concrete_fields)


def load(model: type[M], row: Sequence[Any]) -> M:
    """Return the model that a row of `columns` holds, decrypted and converted as Django does."""
    names, converters = _reading(model, connection.vendor)
    values = list(row)
    for place, convert in converters:
        for each in convert:
            values[place] = each(values[place], None, connection)
    return model.from_db(connection.alias, names, values)


def load_all(models: Sequence[type[Model]], row: Sequence[Any]) -> list[Any]:
    """Return the models that stand one behind the other in a row."""
    loaded, start = [], 0
    for model in models:
        end = start + len(model._meta.concrete_fields)
        loaded.append(load(model, row[start:end]))
        start = end
    return loaded


@cache
def _reading(
    model: type[Model], vendor: str
) -> tuple[list[str], list[tuple[int, list[Callable[..., Any]]]]]:
    names, converters = [], []
    for place, each in enumerate(model._meta.concrete_fields):
        names.append(each.attname)
        column = each.get_col(model._meta.db_table)
        found = [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]
        if found:
            converters.append((place, found))
    return names, converters


def stored(model: type[Model], name: str, value: Any) -> Any:
    """Return a value as the database stores it in this field: what a statement takes as its parameter."""
    field: Any = model._meta.pk if name == "pk" else model._meta.get_field(name)
    return field.get_db_prep_save(value, connection)


def places(values: Sequence[Any]) -> str:
    """Return as many placeholders as there are values, in brackets."""
    return "(" + ", ".join(["%s"] * len(values)) + ")"
