"""From now on every consent has its random name."""

from uuid import uuid4

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("consents", "0006_name_consents")]
    operations = [
        migrations.AlterField(
            "consent", "public_id", models.UUIDField(default=uuid4, editable=False, unique=True)
        )
    ]
