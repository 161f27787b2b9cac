"""Each event waits for the journal, and is then told its consent: with room on its page that writes no index."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def leave_room(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    # Each row is written once more, and then a third longer.
    _fill(schema_editor, "SET (fillfactor = 40)")


def fill_up(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _fill(schema_editor, "RESET (fillfactor)")


def _fill(schema_editor: BaseDatabaseSchemaEditor, how: str) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER TABLE journal_pending {how}")


class Migration(migrations.Migration):
    dependencies = [
        ("consents", "0030_ask_the_gateway_again"),
    ]

    operations = [
        migrations.RunPython(leave_room, fill_up),
    ]
