"""An index that hangs on no state: a report of a message then writes its row alone (HOT, decision 25)."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def leave_room(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Let each page have room for new versions of its rows: a report writes its number as well, once a day."""
    _fill(schema_editor, "SET (fillfactor = 85)")


def fill_up(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _fill(schema_editor, "RESET (fillfactor)")


def _fill(schema_editor: BaseDatabaseSchemaEditor, how: str) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for table in ("consents_servicemessage", "consents_subject"):
            schema_editor.execute(f"ALTER TABLE {table} {how}")


class Migration(migrations.Migration):
    dependencies = [
        ("consents", "0024_release_of_holds"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="servicemessage",
            name="servicemessage_due",
        ),
        migrations.RemoveIndex(
            model_name="servicemessage",
            name="servicemessage_leased",
        ),
        migrations.RunPython(leave_room, fill_up),
        migrations.AddField(
            model_name="servicemessage",
            name="due_at",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(models.When(state="queued", then=models.F("not_before"))),
                output_field=models.DateTimeField(null=True),
            ),
        ),
        migrations.AddField(
            model_name="servicemessage",
            name="in_doubt",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(
                    models.When(state__in=["leased", "unknown"], then=True), default=False
                ),
                output_field=models.BooleanField(),
            ),
        ),
        migrations.AlterField(
            model_name="servicemessage",
            name="subject",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="service_messages",
                to="consents.subject",
            ),
        ),
        migrations.AddIndex(
            model_name="servicemessage",
            index=models.Index(
                models.F("due_at"),
                condition=models.Q(("due_at__isnull", False)),
                name="servicemessage_due",
            ),
        ),
        migrations.AddIndex(
            model_name="servicemessage",
            index=models.Index(
                models.F("lease_until"),
                condition=models.Q(("in_doubt", True)),
                name="servicemessage_in_doubt",
            ),
        ),
    ]
