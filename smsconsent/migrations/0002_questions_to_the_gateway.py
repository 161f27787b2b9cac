from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("smsconsent", "0001_leases"),
    ]

    operations = [
        migrations.CreateModel(
            name="Question",
            fields=[
                ("message", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("since", models.DateTimeField()),
                ("due_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "db_table": "outbox_question",
            },
        ),
    ]
