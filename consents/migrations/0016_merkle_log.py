"""Add the Merkle log over the events, append-only like them, and the time since which an event waits."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models.functions import Now

from consents import triggers


def install(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.install(schema_editor.connection)


def remove(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("consents", "0015_legal_holds")]
    operations = [
        # SQLite rebuilds the table of waiting events, and a trigger writes there.
        migrations.RunPython(remove, install),
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("size", models.BigIntegerField(unique=True, verbose_name="events")),
                ("root", models.BinaryField(max_length=32)),
                ("note", models.CharField(max_length=2000)),
                ("signed_at", models.DateTimeField(verbose_name="signed")),
            ],
            options={
                "verbose_name": "checkpoint",
                "verbose_name_plural": "checkpoints",
                "db_table": "ledger_checkpoint",
            },
        ),
        migrations.CreateModel(
            name="Node",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("hash", models.BinaryField(max_length=32)),
            ],
            options={
                "verbose_name": "node",
                "verbose_name_plural": "nodes",
                "db_table": "ledger_node",
            },
        ),
        migrations.AddField(
            model_name="pendingevent",
            name="since",
            field=models.DateTimeField(db_default=Now(), verbose_name="since"),
        ),
        migrations.CreateModel(
            name="Anchor",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("size", models.BigIntegerField(verbose_name="events")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("file", "Append-only file"),
                            ("mail", "E-mail to the privacy officer"),
                            ("rfc3161", "Time stamp"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("place", models.CharField(blank=True, max_length=200, verbose_name="place")),
                ("proof", models.BinaryField(default=b"")),
                ("anchored_at", models.DateTimeField(verbose_name="anchored")),
            ],
            options={
                "verbose_name": "anchor",
                "verbose_name_plural": "anchors",
                "db_table": "ledger_anchor",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("kind", "place", "size"), name="anchored_once_a_place"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Leaf",
            fields=[
                (
                    "tree_index",
                    models.BigIntegerField(primary_key=True, serialize=False, verbose_name="place"),
                ),
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="leaf",
                        to="consents.consentevent",
                    ),
                ),
            ],
            options={
                "verbose_name": "leaf",
                "verbose_name_plural": "leaves",
                "db_table": "ledger_leaf",
            },
        ),
        migrations.RunPython(install, remove),
    ]
