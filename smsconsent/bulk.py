"""Many new rows at once: COPY on PostgreSQL, where an INSERT of values costs Django most of the time."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model

# Below this the two extra statements cost more than they save.
WORTHWHILE = 100


def insert(rows: Sequence[Model]) -> None:
    """Insert new rows of one model and give them their keys. Raises IntegrityError as `bulk_create` does.

    Values are what the fields hold, of plain types; what is encrypted is encrypted on the way.
    """
    if len(rows) < WORTHWHILE or connection.vendor != "postgresql":
        if rows:
            type(rows[0])._default_manager.bulk_create(rows)
        return
    meta = type(rows[0])._meta
    fields = list(meta.local_concrete_fields)
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [meta.db_table, meta.pk.column, len(rows)],
        )
        for row, (key,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = key
        table = connection.ops.quote_name(meta.db_table)
        # Django wraps the errors of its own calls, and COPY is none of them.
        with (
            connection.wrap_database_errors,
            cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
        ):
            copy.write(_block(rows, fields))


def _block(rows: Sequence[Model], fields: Sequence[Any]) -> str:
    names = [field.attname for field in fields]
    encrypted = [(field, i) for i, field in enumerate(fields) if hasattr(field, "to_plain_bytes")]
    relations = [field for field in fields if field.is_relation]
    lines = []
    for row in rows:
        for field in relations:
            # What it points to may have got its key only now.
            if field.is_cached(row) and (related := field.get_cached_value(row)):
                setattr(row, field.attname, getattr(related, field.target_field.attname))
        values = [getattr(row, name) for name in names]
        for field, place in encrypted:
            values[place] = field.get_db_prep_save(values[place], connection)
        lines.append("\t".join(map(_text, values)) + "\n")
    return "".join(lines)


def _text(value: Any) -> str:
    """Return a value in the text format of COPY."""
    if value is None:
        return "\\N"
    if isinstance(value, str):
        if "\\" in value or "\n" in value or "\t" in value or "\r" in value:
            value = value.replace("\\", "\\\\").replace("\n", "\\n")
            value = value.replace("\t", "\\t").replace("\r", "\\r")
        return str(value)
    if isinstance(value, int | UUID):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    raw = getattr(value, "obj", value)
    if isinstance(raw, bytes | bytearray | memoryview):
        return "\\\\x" + raw.hex()
    raise TypeError(f"COPY of {type(value).__name__} is not known here")
