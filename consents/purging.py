"""How rows go: a batch at a time, by statements over the whole batch, each batch a short transaction."""

from collections.abc import Callable
from datetime import datetime
from time import perf_counter
from typing import Any

from django.db import connection, models, transaction
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

# Rows of the main table: the most at once, and how many the first batch tries.
BATCH, FIRST = 10_000, 500
# Seconds that a batch may hold its locks before the next one is made smaller.
LONG = 0.08
MOST_BATCHES = 10_000

Counts = dict[str, int]
Step = Callable[[datetime, int], Counts]


def repeat(step: Step, *, now: datetime, limit: int) -> Counts:
    """Take batches of at most `limit` until nothing is left, each as large as the machine is quick."""
    total: Counts = {}
    size = min(FIRST, limit)
    for _number in range(MOST_BATCHES):
        began = perf_counter()
        counts = step(now, size)
        if not any(counts.values()):
            break
        total = added(total, counts)
        size = _next_size(size, took=perf_counter() - began, limit=limit)
    return total


def _next_size(size: int, *, took: float, limit: int) -> int:
    """Return how many rows the next batch tries, after one that took so many seconds."""
    if took > LONG:
        return max(1, size // 2)
    if took < LONG / 3:
        return min(limit, size * 2)
    return size


def over(*sources: Callable[[datetime], QuerySet[Any]]) -> dict[str, Any]:
    """Return the purge and count functions over these rows, as keyword arguments of a Policy."""

    def count(now: datetime) -> Counts:
        return {source(now).model._meta.label: source(now).count() for source in sources}

    def purge(now: datetime, limit: int) -> Counts:
        return added(*(delete(source(now), limit=limit) for source in sources))

    return {"count": count, "purge": purge}


def added(*parts: Counts) -> Counts:
    """Return the sum, table by table."""
    total: Counts = {}
    for table, count in (pair for part in parts for pair in part.items()):
        total[table] = total.get(table, 0) + count
    return total


def delete(rows: QuerySet[Any], *, limit: int) -> Counts:
    """Delete the first `limit` of these rows, in their order, with what hangs on them.

    Rows that somebody else has locked are left for another time when something hangs on them: they may
    be about to change.
    """
    if not _relations(rows.model):
        return _delete_alone(rows[:limit])
    with transaction.atomic():
        locked = rows.select_for_update(skip_locked=True, of=("self",)).only("pk")
        return delete_by_id(rows.model, [row.pk for row in locked[:limit]])


def delete_by_id(model: type[models.Model], ids: list[Any]) -> Counts:
    """Delete these rows and what hangs on them, a statement for each table.

    What must not go while something points to it is left to the database, which refuses at the commit.
    """
    if not ids:
        return {}
    counts: Counts = {}
    for relation in _relations(model):
        child: Any = relation.related_model
        hanging = child._base_manager.filter(**{f"{relation.field.name}__pk__any": ids})
        if relation.on_delete is models.SET_NULL:
            hanging.update(**{relation.field.name: None})
        elif relation.on_delete is models.CASCADE and _relations(child):
            counts = added(counts, delete_by_id(child, list(hanging.values_list("pk", flat=True))))
        elif relation.on_delete is models.CASCADE:
            counts = added(counts, _remove(hanging))
    return added(counts, _remove(model._base_manager.filter(pk__any=ids)))


def _relations(model: type[models.Model]) -> list[Any]:
    """Return what other tables point to this one with, also where the model has no name for it."""
    fields = model._meta.get_fields(include_hidden=True)
    return [each for each in fields if each.auto_created and (each.one_to_many or each.one_to_one)]


def _delete_alone(rows: QuerySet[Any]) -> Counts:
    """Delete rows that nothing hangs on, in one statement; on PostgreSQL by where they lie."""
    model = rows.model
    if connection.vendor == "postgresql":
        table = connection.ops.quote_name(model._meta.db_table)
        places = rows.annotate(place=RawSQL(f"{table}.ctid", ())).values("place")  # noqa: S611  a fixed name
        sql, params = places.query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table} WHERE ctid = ANY (ARRAY({sql}))", params)  # noqa: S608  made by Django
            return {model._meta.label: cursor.rowcount}
    return _remove(model._base_manager.filter(pk__in=rows.values("pk")))


def _remove(rows: QuerySet[Any]) -> Counts:
    """Delete by one statement, without looking for what hangs on the rows."""
    rows_deleted = rows._raw_delete(rows.db)  # noqa: SLF001  `delete` looks
    return {rows.model._meta.label: rows_deleted}
