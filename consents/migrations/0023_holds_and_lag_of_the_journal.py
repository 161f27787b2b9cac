"""The journal holds holds as well, and what waits for it knows since when."""

from typing import Any

from django.db import migrations, models
from django.db.models.functions import Now

from consents import triggers


def take_triggers_away(apps: Any, schema_editor: Any) -> None:
    """SQLite rebuilds the table, and renames nothing while a trigger names what is not there meanwhile."""
    if schema_editor.connection.vendor == "sqlite":
        triggers.remove(schema_editor.connection)


def put_triggers_back(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "sqlite":
        triggers.install(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [
        ("consents", "0022_entries_about_the_log"),
    ]

    operations = [
        migrations.RunPython(take_triggers_away, put_triggers_back),
        migrations.AddField(
            model_name="pendingentry",
            name="hold",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="pendingentry",
            name="since",
            field=models.DateTimeField(db_default=Now()),
        ),
        migrations.RunPython(put_triggers_back, take_triggers_away),
    ]
