"""Tables of the journal outside the database, and room for the name it uses for each consent."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("consents", "0004_page_of_a_code")]
    operations = [
        migrations.CreateModel(
            name="PendingEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("event", models.BigIntegerField(null=True)),
                ("block", models.BigIntegerField(null=True)),
                ("reference", models.UUIDField(null=True)),
            ],
            options={
                "verbose_name": "entry for the journal",
                "verbose_name_plural": "entries for the journal",
                "db_table": "journal_pending",
                "indexes": [models.Index(fields=["event"], name="journal_of_event")],
            },
        ),
        migrations.CreateModel(
            name="JournalMark",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("batch", models.CharField(max_length=16)),
            ],
            options={
                "verbose_name": "mark of the journal",
                "verbose_name_plural": "marks of the journal",
                "db_table": "journal_mark",
            },
        ),
        migrations.AddField("consent", "public_id", models.UUIDField(editable=False, null=True)),
    ]
