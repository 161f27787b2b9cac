"""Changing keys while everything runs: encrypted columns and pseudonyms, batch by batch (trust.md § 4).

Both may be cut off at any moment and begun again. A row is changed only if it still holds what was read, so
whoever writes meanwhile wins, and the next pass finds what is left. Columns are found by looking at the
models: one that is added later is rotated as well.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction
from django.utils.module_loading import import_string

from smsconsent import crypto
from smsconsent.phones import Phone

BATCH = 250
# Called with a table and how many of its rows have been looked at.
Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Guarded:
    """One table with encrypted columns; `key_id` is the column that names the key, where there is one.

    `is_held`: they are evidence under a legal hold, with keys of its own.
    """

    table: str
    pk: str
    columns: tuple[str, ...]
    key_id: str | None
    is_held: bool = False

    @property
    def current_key_id(self) -> str:
        return crypto.current_hold_key_id() if self.is_held else crypto.current_key_id()


class IndexMismatch(Exception):
    """A pseudonym does not belong to the number beside it: the row was tampered with, and is left alone."""


def guarded_tables(*, held: bool = False) -> list[Guarded]:
    """Return every table with columns encrypted under FERNET_KEYS; `held`: under FERNET_HOLD_KEYS."""
    found = []
    for model in apps.get_models():
        fields = [
            each
            for each in model._meta.local_fields
            if isinstance(each, crypto.GuardedField)
            and isinstance(each, crypto.HeldTextField) is held
        ]
        if fields and not model._meta.proxy:
            names = {each.name for each in model._meta.local_fields}
            columns = tuple(str(each.column) for each in fields)
            key_id = "key_id" if "key_id" in names and not held else None
            pk = str(model._meta.pk.column)
            found.append(Guarded(model._meta.db_table, pk, columns, key_id, held))
    return found


def keyed_indexes() -> list[tuple[type[models.Model], crypto.KeyedIndex]]:
    """Return every column that holds pseudonyms, as the models declare them."""
    return [
        (model, each)
        for model in apps.get_models()
        for each in getattr(model, "keyed_indexes", ())
        if not model._meta.proxy
    ]


# -- what is encrypted -------------------------------------------------------------------------------------
def rotate_fernet(*, progress: Progress = lambda table, count: None) -> int:
    """Write every encrypted value anew under the first of FERNET_KEYS. Return how many rows changed."""
    changed = _rotate(guarded_tables(), progress)
    for path in settings.ALSO_ENCRYPTED:
        changed += import_string(path)()
    return changed


def rotate_held(*, progress: Progress = lambda table, count: None) -> int:
    """Write what legal holds keep anew under the first of FERNET_HOLD_KEYS. Return how many rows changed."""
    return _rotate(guarded_tables(held=True), progress)


def _rotate(tables: list[Guarded], progress: Progress) -> int:
    changed = 0
    for table in tables:
        seen = 0
        for rows in _batches(table, only_old=True):
            changed += _renew(table, rows)
            seen += len(rows)
            progress(table.table, seen)
    return changed


def misplaced(*, held: bool = False, progress: Progress = lambda table, count: None) -> int:
    """Return how many rows hold a value that does not open with the first key, or name another key.

    Reads everything. 0 after a rotation: then the old key may go, once no backup needs it. Raises
    CannotDecrypt when a value opens with none of the keys.
    """
    wrong = 0
    for table in guarded_tables(held=held):
        seen = 0
        for rows in _batches(table, only_old=False):
            for _pk, key_id, *tokens in rows:
                ids = {
                    crypto.key_id_of(bytes(token), is_held=held)
                    for token in tokens
                    if token is not None
                }
                wrong += bool(
                    (ids | ({key_id} if table.key_id else set())) - {table.current_key_id}
                )
            seen += len(rows)
            progress(table.table, seen)
    return wrong


def _batches(table: Guarded, *, only_old: bool) -> Iterator[list[Sequence[Any]]]:
    """Yield rows as (pk, key id, token, …) in the order of the primary key."""
    quote = connection.ops.quote_name
    pk, key_id = quote(table.pk), quote(table.key_id) if table.key_id else "NULL"
    columns = ", ".join([pk, key_id, *map(quote, table.columns)])
    old = f"AND {key_id} <> %s" if only_old and table.key_id else ""
    values = [table.current_key_id] if old else []
    last: Any = None
    while True:
        after = "" if last is None else f"AND {pk} > %s"
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {columns} FROM {quote(table.table)} WHERE 1 = 1 {old} {after} "  # noqa: S608  names of ours
                f"ORDER BY {pk} LIMIT {BATCH}",
                values if last is None else [*values, last],
            )
            rows = cursor.fetchall()
        if not rows:
            return
        yield rows
        last = rows[-1][0]


def _renew(table: Guarded, rows: list[Sequence[Any]]) -> int:
    """Write one batch anew: each row only if it still holds the same tokens and names the same key."""
    quote, current = connection.ops.quote_name, table.current_key_id
    names = [*table.columns, *([table.key_id] if table.key_id else [])]
    sets = ", ".join(f"{quote(name)} = %s" for name in names)
    same = " AND ".join(f"{quote(name)} IS NOT DISTINCT FROM %s" for name in names)
    statement = f"UPDATE {quote(table.table)} SET {sets} WHERE {quote(table.pk)} = %s AND {same}"  # noqa: S608
    changes = []
    for pk, key_id, *tokens in rows:
        new = [_renewed(token, table) for token in tokens]
        if table.key_id or new != tokens:
            ids = ([current], [key_id]) if table.key_id else ([], [])
            changes.append([*new, *ids[0], pk, *tokens, *ids[1]])
    return _execute_all(statement, changes)


def _renewed(token: Any, table: Guarded) -> Any:
    """Return the token under the current key; one that is under it already, or nothing, as it is."""
    if token is None:
        return token
    held = table.is_held
    if crypto.key_id_of(bytes(token), is_held=held) == table.current_key_id:
        return token
    return crypto.renew_token(bytes(token), is_held=held)


def _execute_all(statement: str, changes: list[list[Any]]) -> int:
    if not changes:
        return 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(statement, changes)
        count: int = cursor.rowcount
    return max(count, 0)


# -- pseudonyms --------------------------------------------------------------------------------------------
def rotate_index(*, by_layer: bool = False, progress: Progress = lambda table, count: None) -> int:
    """Bring every pseudonym to the newest of INDEX_KEYS. Return how many changed.

    From the number beside it, which checks it too; where the row holds no number, or `by_layer`, by
    laying the newer keys over what stands there. Both end in the same value. Raises IndexMismatch.
    """
    changed = 0
    # What the database compares goes first: a block and the numbers under it change in one transaction.
    for model, index in sorted(keyed_indexes(), key=lambda pair: not pair[1].is_compared):
        seen = 0
        for rows in _old_rows(model, index):
            changed += _renew_index(model, index, rows, by_layer=by_layer)
            seen += len(rows)
            progress(model._meta.db_table, seen)
    return changed


def old_indexes() -> int:
    """Return how many rows name another key than the newest, or hold what their number does not give."""
    count = 0
    for model, index in keyed_indexes():
        rows = model._default_manager
        count += rows.exclude(**{index.key_id: crypto.current_index_key_id()}).count()
        if index.number:
            filled = rows.filter(**{f"{index.number}__isnull": False}).order_by("pk")
            for row in filled.only(
                "pk", index.number, index.field, *_organisation(index)
            ).iterator():
                count += bytes(getattr(row, index.field)) != _forms(row, index)[0]
    return count


def _old_rows(model: type[models.Model], index: crypto.KeyedIndex) -> Iterator[list[Any]]:
    old = model._default_manager.exclude(**{index.key_id: crypto.current_index_key_id()})
    number = [index.number] if index.number else []
    fields = [index.field, index.key_id, *number, *_organisation(index)]
    last: Any = None
    while True:
        rest = old if last is None else old.filter(pk__gt=last)
        rows = list(rest.order_by("pk").only("pk", *fields)[:BATCH])
        if not rows:
            return
        yield rows
        last = rows[-1].pk


def _renew_index(
    model: type[models.Model], index: crypto.KeyedIndex, rows: list[Any], *, by_layer: bool
) -> int:
    """Renew one batch in one transaction, with every column that the database compares with this one."""
    current, pk = crypto.current_index_key_id(), model._meta.pk
    changes, equals = [], []
    for row in rows:
        old = getattr(row, index.field)
        new = None if old is None else _current_form(row, index, by_layer=by_layer)
        key = pk.get_db_prep_value(row.pk, connection)
        changes.append([new, current, key, old, getattr(row, index.key_id)])
        equals.append([new, current, old, *[getattr(row, name) for name in _organisation(index)]])
    with transaction.atomic():
        for other_model, other in keyed_indexes() if index.is_compared else []:
            if other.is_compared and other.use == index.use and other_model is not model:
                _execute_all(
                    _update(other_model, other, by=[other.field, *_organisation(other)]), equals
                )
        same = [str(pk.column), index.field, index.key_id]
        return _execute_all(_update(model, index, by=same), changes)


def _update(model: type[models.Model], index: crypto.KeyedIndex, *, by: list[str]) -> str:
    """Return the statement that sets a pseudonym and its key where these columns are as they were."""
    quote = connection.ops.quote_name
    # A row by its primary key may hold no pseudonym at all.
    equals = "=" if model._meta.pk.column not in by else "IS NOT DISTINCT FROM"
    where = " AND ".join(
        f"{quote(name)} {equals if name == index.field else '='} %s" for name in by
    )
    return (
        f"UPDATE {quote(model._meta.db_table)} SET {quote(index.field)} = %s, {quote(index.key_id)} = %s "  # noqa: S608
        f"WHERE {where}"
    )


def _current_form(row: Any, index: crypto.KeyedIndex, *, by_layer: bool) -> bytes:
    value = bytes(getattr(row, index.field))
    if by_layer or not index.number:
        return crypto.add_layers(
            value,
            key_id=getattr(row, index.key_id),
            use=index.use,
            organisation=_organisation_of(row, index),
        )
    forms = _forms(row, index)
    if value not in forms:
        raise IndexMismatch(f"{type(row).__name__} {row.pk}: {index.field} is not of its number")
    return forms[0]


def _forms(row: Any, index: crypto.KeyedIndex) -> list[bytes]:
    phone: Phone = getattr(row, index.number or "")
    return crypto.blind_indexes(phone, use=index.use, organisation=_organisation_of(row, index))


def _organisation(index: crypto.KeyedIndex) -> list[str]:
    return [f"{index.organisation}_id"] if index.organisation else []


def _organisation_of(row: Any, index: crypto.KeyedIndex) -> int | None:
    organisation: int | None = (
        getattr(row, f"{index.organisation}_id") if index.organisation else None
    )
    return organisation
