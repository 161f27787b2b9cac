"""Append-only, enforced by the database: evidence, wordings and notices (trust.md § 5, law.md L20, L21).

Plain SQL, written once per database. `post_migrate` puts the triggers back and checks them, because
SQLite drops them without a word when Django rebuilds a table.
"""

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

# Table → what is unique in it: INSERT OR REPLACE must not slip past the delete trigger on SQLite.
IMMUTABLE: dict[str, tuple[tuple[str, ...], ...]] = {
    "ledger_event": (("id",), ("event_id",)),
    "ledger_leaf": (("tree_index",), ("event_id",)),
    "ledger_entry": (("event_id",),),
    "ledger_node": (("number",),),
    "ledger_checkpoint": (("id",), ("size",)),
    "ledger_anchor": (("id",), ("kind", "place", "size")),
    "consents_wording": (
        ("id",),
        ("purpose_id", "language", "version"),
        ("purpose_id", "language", "sha256"),
    ),
    "consents_privacynotice": (("id",), ("organisation_id", "language", "version")),
    "ledger_export": (("id",),),
}
LEAF_CHECK = "ledger_event_leaf_hash_is_true"
# Trigger → the table, what is filled in on INSERT, and the column that takes the new row's id.
FILLED: dict[str, tuple[str, str, str]] = {
    "ledger_event_pending": ("ledger_event", "ledger_pending", "id"),
    "ledger_event_journal": ("ledger_event", "journal_pending", "event"),
    "suppression_journal": ("consents_suppression", "journal_pending", "block"),
}


class TriggersMissing(Exception):
    """A table that must be append-only is not."""


def install(database: BaseDatabaseWrapper) -> None:
    """Create every trigger, replacing what stands there. Safe to repeat.

    A table that a later migration makes is left for later: SQLite renames nothing as long as a trigger
    names a table that is not there.
    """
    tables = set(database.introspection.table_names())
    statements = _postgresql(tables) if database.vendor == "postgresql" else _sqlite(tables)
    with database.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def remove(database: BaseDatabaseWrapper) -> None:
    """Take the triggers away: the way back of the migration."""
    with database.cursor() as cursor:
        for name, table in _names(database):
            suffix = f" ON {table}" if database.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{suffix}")


def check(database: BaseDatabaseWrapper) -> None:
    """Raise TriggersMissing unless each trigger exists and, on PostgreSQL, always fires."""
    query = (
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'A'"
        if database.vendor == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    with database.cursor() as cursor:
        cursor.execute(query)
        found = {row[0] for row in cursor.fetchall()}
    missing = [name for name, _table in _names(database) if name not in found]
    if missing:
        raise TriggersMissing(", ".join(missing))


def are_in_place() -> str:
    """Return "" while the evidence is append-only, else one sentence. A readiness check."""
    try:
        check(connection)
    except TriggersMissing as missing:
        return f"The evidence is not append-only ({missing}): run manage.py migrate."
    return ""


def _names(database: BaseDatabaseWrapper) -> list[tuple[str, str]]:
    kinds = ("row", "trunc") if database.vendor == "postgresql" else ("upd", "del", "ins")
    tables = set(database.introspection.table_names())
    names = [(f"{table}_{kind}", table) for table in IMMUTABLE.keys() & tables for kind in kinds]
    return [*names, *((name, table) for name, (table, _into, _column) in _fillable(tables))]


def _fillable(tables: set[str]) -> list[tuple[str, tuple[str, str, str]]]:
    return [(name, (a, b, c)) for name, (a, b, c) in FILLED.items() if {a, b} <= tables]


def _postgresql(tables: set[str]) -> list[str]:
    statements = [
        """CREATE OR REPLACE FUNCTION smsconsent_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN RAISE EXCEPTION 'append-only: % on %', TG_OP, TG_TABLE_NAME
           USING ERRCODE = '42501'; END $$""",
        f"ALTER TABLE ledger_event DROP CONSTRAINT IF EXISTS {LEAF_CHECK}",
        f"""ALTER TABLE ledger_event ADD CONSTRAINT {LEAF_CHECK}
            CHECK (leaf_hash = sha256('\\x00'::bytea || header))""",
    ]
    for name, (table, into, column) in _fillable(tables):
        statements += [
            f"""CREATE OR REPLACE FUNCTION smsconsent_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN INSERT INTO {into} ({column}) SELECT id FROM fresh; RETURN NULL; END $$""",  # noqa: S608  fixed names
            f"DROP TRIGGER IF EXISTS {name} ON {table}",
            # Once a statement: an import writes thousands of rows with one.
            f"""CREATE TRIGGER {name} AFTER INSERT ON {table} REFERENCING NEW TABLE AS fresh
                FOR EACH STATEMENT EXECUTE FUNCTION smsconsent_{name}()""",
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
        ]
    for table in IMMUTABLE.keys() & tables:
        statements += [
            f"DROP TRIGGER IF EXISTS {table}_row ON {table}",
            f"""CREATE TRIGGER {table}_row BEFORE UPDATE OR DELETE ON {table}
                FOR EACH ROW EXECUTE FUNCTION smsconsent_immutable()""",
            f"DROP TRIGGER IF EXISTS {table}_trunc ON {table}",
            f"""CREATE TRIGGER {table}_trunc BEFORE TRUNCATE ON {table}
                FOR EACH STATEMENT EXECUTE FUNCTION smsconsent_immutable()""",
            # ALWAYS: also under session_replication_role = replica.
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_row",
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_trunc",
        ]
    return statements


def _sqlite(tables: set[str]) -> list[str]:
    statements = []
    for name, (table, into, column) in _fillable(tables):
        statements += [
            f"DROP TRIGGER IF EXISTS {name}",
            f"""CREATE TRIGGER {name} AFTER INSERT ON {table}
                BEGIN INSERT INTO {into} ({column}) VALUES (new.id); END""",  # noqa: S608  fixed names
        ]
    for table in IMMUTABLE.keys() & tables:
        same = " OR ".join(
            "(" + " AND ".join(f"{column} = new.{column}" for column in columns) + ")"
            for columns in IMMUTABLE[table]
        )
        refuse = "BEGIN SELECT RAISE(ABORT, 'append-only'); END"
        statements += [
            f"DROP TRIGGER IF EXISTS {table}_upd",
            f"CREATE TRIGGER {table}_upd BEFORE UPDATE ON {table} {refuse}",
            f"DROP TRIGGER IF EXISTS {table}_del",
            f"CREATE TRIGGER {table}_del BEFORE DELETE ON {table} {refuse}",
            f"DROP TRIGGER IF EXISTS {table}_ins",
            f"""CREATE TRIGGER {table}_ins BEFORE INSERT ON {table}
                WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) {refuse}""",  # noqa: S608  fixed names
        ]
    return statements
