"""Each organisation that knows the sender of a reply has one of its own to settle; the old ones go to theirs."""

from django.db import migrations, models
from django.db.models import F, OuterRef, Subquery


def give_to_whom_it_concerns(apps, schema_editor):
    message = apps.get_model("consents", "InboundMessage")
    subject = apps.get_model("consents", "Subject")
    theirs = subject.objects.filter(pk=OuterRef("subject")).values("organisation")[:1]
    known = message.objects.filter(subject__isnull=False)
    wrong = known.exclude(organisation=F("subject__organisation")).values("pk")
    message.objects.filter(pk__in=wrong).update(organisation=Subquery(theirs))


class Migration(migrations.Migration):
    dependencies = [
        ("consents", "0027_purpose_closes_for_good"),
    ]

    operations = [
        migrations.AddField(
            model_name="inboundmessage",
            name="is_copy",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.RemoveConstraint(model_name="inboundmessage", name="inbound_once"),
        migrations.AddConstraint(
            model_name="inboundmessage",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_copy", False)),
                fields=("gateway", "message_id"),
                name="inbound_once",
            ),
        ),
        migrations.RunPython(give_to_whom_it_concerns, migrations.RunPython.noop),
    ]
