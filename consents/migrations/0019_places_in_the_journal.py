"""The journal holds the place of each event in the log as well."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("consents", "0018_exports_and_receipts"),
    ]

    operations = [
        migrations.AddField(
            model_name="journalmark",
            name="leaves",
            field=models.BigIntegerField(default=0),
        ),
    ]
