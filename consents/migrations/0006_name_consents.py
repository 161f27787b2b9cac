"""Give each consent the random name that the journal uses for it."""

from uuid import uuid4

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

BATCH = 1000


def name_consents(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    consents = apps.get_model("consents", "Consent").objects
    while rows := list(consents.filter(public_id=None).order_by("pk")[:BATCH]):
        for row in rows:
            row.public_id = uuid4()
        consents.bulk_update(rows, ["public_id"])


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("consents", "0005_journal")]
    operations = [migrations.RunPython(name_consents, migrations.RunPython.noop)]
