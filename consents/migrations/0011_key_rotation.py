"""Each pseudonym names its newest key, and a canary shows that the keys are the right ones."""

from django.db import migrations, models

import smsconsent.crypto


class Migration(migrations.Migration):
    dependencies = [
        ("consents", "0010_imported_consents"),
    ]

    operations = [
        migrations.CreateModel(
            name="KeyCanary",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("word", smsconsent.crypto.EncryptedTextField()),
                ("key_id", models.CharField(max_length=8)),
                ("index", models.BinaryField(max_length=32)),
                ("index_key_id", models.CharField(max_length=8)),
            ],
            options={
                "verbose_name": "canary of the keys",
                "verbose_name_plural": "canaries of the keys",
                "db_table": "key_canary",
            },
        ),
        migrations.AddField(
            model_name="case",
            name="index_key_id",
            field=models.CharField(
                default=smsconsent.crypto.current_index_key_id, editable=False, max_length=8
            ),
        ),
        migrations.AddField(
            model_name="inboundmessage",
            name="index_key_id",
            field=models.CharField(
                default=smsconsent.crypto.current_index_key_id, editable=False, max_length=8
            ),
        ),
        migrations.AddField(
            model_name="servicemessage",
            name="index_key_id",
            field=models.CharField(
                default=smsconsent.crypto.current_index_key_id, editable=False, max_length=8
            ),
        ),
        migrations.AddField(
            model_name="subject",
            name="index_key_id",
            field=models.CharField(
                default=smsconsent.crypto.current_index_key_id, editable=False, max_length=8
            ),
        ),
        migrations.AddField(
            model_name="subject",
            name="suppression_key_id",
            field=models.CharField(
                default=smsconsent.crypto.current_index_key_id, editable=False, max_length=8
            ),
        ),
        migrations.AddField(
            model_name="suppression",
            name="index_key_id",
            field=models.CharField(
                default=smsconsent.crypto.current_index_key_id, editable=False, max_length=8
            ),
        ),
    ]
