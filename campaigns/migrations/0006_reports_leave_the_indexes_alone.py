"""An index that hangs on no state: a report of a message then writes its row alone (HOT, decision 25)."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def leave_room(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Let each page have room for new versions of its rows. The fields below then write the table anew."""
    _fill(schema_editor, "SET (fillfactor = 85)")


def fill_up(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _fill(schema_editor, "RESET (fillfactor)")


def _fill(schema_editor: BaseDatabaseSchemaEditor, how: str) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER TABLE campaigns_delivery {how}")


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0005_count_parts"),
        ("consents", "0025_reports_leave_the_indexes_alone"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="delivery",
            name="delivery_leased",
        ),
        migrations.RemoveIndex(
            model_name="delivery",
            name="delivery_queue",
        ),
        migrations.RunPython(leave_room, fill_up),
        migrations.AddField(
            model_name="delivery",
            name="due_at",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(models.When(state="queued", then=models.F("not_before"))),
                output_field=models.DateTimeField(null=True),
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="in_doubt",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(
                    models.When(state__in=["leased", "unknown"], then=True), default=False
                ),
                output_field=models.BooleanField(),
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                models.F("campaign"),
                models.F("due_at"),
                condition=models.Q(("due_at__isnull", False)),
                name="delivery_queue",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                models.F("lease_until"),
                condition=models.Q(("in_doubt", True)),
                name="delivery_in_doubt",
            ),
        ),
    ]
