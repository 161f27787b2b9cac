"""Many new rows at once: COPY on PostgreSQL, where an INSERT of values costs Django most of the time.

Values are what the fields hold, of plain types; what is encrypted is encrypted on the way. Each function
raises IntegrityError as `bulk_create` does.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, islice
from operator import attrgetter, methodcaller
from typing import Any

from django.db import connection, models
from django.db.models import Model

from smsconsent.trips import Trip

# Below this the two extra statements cost more than they save.
WORTHWHILE = 100
# So many rows are written at once: enough for speed, few enough that the database need not wait long.
PIECE = 200

Values = tuple[Any, ...]


def insert(rows: Sequence[Model]) -> None:
    """Insert new rows of one model and give them their keys."""
    if len(rows) < WORTHWHILE or connection.vendor != "postgresql":
        if rows:
            type(rows[0])._default_manager.bulk_create(rows)
        return
    model = type(rows[0])
    fields = [field for field in model._meta.local_concrete_fields if not field.generated]
    for row, key in zip(rows, reserve(model, len(rows)), strict=True):
        row.pk = key
    _take_keys(rows, [field for field in fields if field.is_relation])
    _copy(model, fields, map(attrgetter(*(field.attname for field in fields)), rows), {})


def insert_values(
    model: type[Model], columns: Sequence[str], rows: Iterable[Values], *, same: Mapping[str, Any]
) -> None:
    """Insert new rows that are no objects yet: their values in the order of `columns`, and what is the same
    in all. The columns are those of the table; what is not named is as the database has it by default.

    Rows may be made on the way, without asking the database: it stores the first while the next are made.
    """
    rows = iter(rows)
    first = list(islice(rows, WORTHWHILE))
    if len(first) < WORTHWHILE or connection.vendor != "postgresql":
        made = [model(**dict(zip(columns, row, strict=True)), **same) for row in chain(first, rows)]
        model._default_manager.bulk_create(made)
        return
    fields = {field.attname: field for field in model._meta.local_concrete_fields}
    constants = {fields[name]: value for name, value in same.items()}
    _copy(model, [fields[name] for name in columns], chain(first, rows), constants)


def reserve(model: type[Model], count: int) -> list[int]:
    """Return keys that nobody else gets, for rows about to be inserted. SQLite: in this transaction."""
    key: Any = model._meta.pk
    table, column = model._meta.db_table, key.column
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                """SELECT nextval(name) FROM generate_series(1, %s),
                   (SELECT pg_get_serial_sequence(%s, %s)::regclass AS name OFFSET 0) AS sequence""",
                [count, table, column],
            )
            return [key for (key,) in cursor.fetchall()]
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        last = cursor.fetchone()
    first = last[0] + 1 if last else 1
    return list(range(first, first + count))


def update(rows: Sequence[Model], *names: str) -> None:
    """Write these fields of rows that are there, in one statement."""
    if len(rows) < WORTHWHILE or connection.vendor != "postgresql":
        if rows:
            type(rows[0])._default_manager.bulk_update(rows, names, batch_size=200)
        return
    model, quote = type(rows[0]), connection.ops.quote_name
    fields: list[Any] = [model._meta.pk, *map(model._meta.get_field, names)]
    key, *columns = [quote(field.column) for field in fields]
    arrays = ", ".join(f"%s::{field.db_type(connection)}[]" for field in fields)
    values = [[getattr(row, field.attname) for row in rows] for field in fields]
    changes = ", ".join(f"{column} = new.{column}" for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE {quote(model._meta.db_table)} AS old SET {changes}
                FROM unnest({arrays}) AS new (the_key, {", ".join(columns)})
                WHERE old.{key} = new.the_key""",  # noqa: S608  names of our own columns
            values,
        )


def check_keys(trip: Trip, *, meanwhile: Callable[[], None]) -> None:
    """Send the last trip of this transaction, on which the database checks its foreign keys, and do something
    meanwhile that asks no database. Raises IntegrityError once it is done.
    """
    if connection.vendor == "postgresql":
        trip.add("SET CONSTRAINTS ALL IMMEDIATE")
        trip.add("SET CONSTRAINTS ALL DEFERRED")
    trip.go_unanswered(meanwhile=meanwhile)


def _take_keys(rows: Sequence[Model], relations: Iterable[Any]) -> None:
    """Name what each row points to, which may have got its key only now."""
    for field in relations:
        for row in rows:
            if getattr(row, field.attname) is None and field.is_cached(row):
                related = field.get_cached_value(row)
                if related is not None:
                    setattr(row, field.attname, getattr(related, field.target_field.attname))


def _copy(
    model: type[Model], fields: Sequence[Any], rows: Iterable[Values], same: Mapping[Any, Any]
) -> None:
    """COPY rows in the text format, column by column: what can be done in C is not done here."""
    forms = [_form(field) for field in fields]
    end = "".join(f"\t{prefix}{encode(value)}" for (prefix, encode), value in _formed(same))
    line = "\t".join(f"{prefix}%s" for prefix, _encode in forms) + end.replace("%", "%%") + "\n"
    quote = connection.ops.quote_name
    names = ", ".join(quote(field.column) for field in (*fields, *same))
    rest = iter(rows)
    # Django wraps the errors of its own calls, and COPY is none of them.
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(f"COPY {quote(model._meta.db_table)} ({names}) FROM STDIN") as copy,
    ):
        while piece := list(islice(rest, PIECE)):
            encoded = [
                map(encode, column)
                for (_prefix, encode), column in zip(forms, zip(*piece, strict=True), strict=True)
            ]
            copy.write("".join(map(line.__mod__, zip(*encoded, strict=True))))


def _formed(same: Mapping[Any, Any]) -> list[tuple[tuple[str, Callable[[Any], Any]], Any]]:
    return [(_form(field), value) for field, value in same.items()]


def _form(field: Any) -> tuple[str, Callable[[Any], Any]]:
    """Return how a column's values are written: what stands before each, and the function that writes it."""
    is_nullable = field.null
    while field.is_relation:
        field = field.target_field
    if hasattr(field, "to_plain_bytes"):
        prefix, encode = "", _sealing(field)
    else:
        prefix, encode = next(form for kind, form in _FORMS if isinstance(field, kind))
    if not is_nullable:
        return prefix, encode
    return "", lambda value: "\\N" if value is None else f"{prefix}{encode(value)}"


def _sealing(field: Any) -> Callable[[Any], str]:
    """Write tokens as the text that they are: bytes are read so too, and it is half as long."""
    seal: Callable[[Any], bytes] = field.sealing()
    return lambda value: seal(value).decode()


def _escaped(value: str) -> str:
    if "\\" in value or "\n" in value or "\t" in value or "\r" in value:
        value = value.replace("\\", "\\\\").replace("\n", "\\n")
        value = value.replace("\t", "\\t").replace("\r", "\\r")
    return value


_FORMS: tuple[tuple[Any, tuple[str, Callable[[Any], Any]]], ...] = (
    (models.BinaryField, ("\\\\x", methodcaller("hex"))),
    (models.UUIDField, ("", attrgetter("hex"))),
    (models.DateField, ("", methodcaller("isoformat"))),
    ((models.CharField, models.TextField), ("", _escaped)),
    ((models.IntegerField, models.BooleanField), ("", str)),
)
