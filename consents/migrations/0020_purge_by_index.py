"""What is due is found without reading what stays."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("consents", "0019_places_in_the_journal")]

    operations = [
        migrations.AddIndex(
            model_name="subject",
            index=models.Index(fields=["created_at"], name="subject_by_time"),
        ),
        migrations.AddIndex(
            model_name="confirmation",
            index=models.Index(
                models.F("id"),
                condition=models.Q(email__isnull=False),
                name="confirmation_with_email",
            ),
        ),
    ]
