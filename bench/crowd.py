"""A million people who said yes, in a minute: their rows are copies of one that the verbs made."""

from collections.abc import Iterator
from datetime import timedelta

from django.db import connection, models
from django.utils import timezone

from campaigns.models import Campaign, Tally
from consents.models import Consent, Organisation, Purpose, Subject
from smsconsent import crypto
from smsconsent.phones import Phone
from tests.make import make_consent, make_purpose

RANDOM = "gen_random_uuid()"
DIGEST = f"sha256({RANDOM}::text::bytea)"


def crowd(size: int, *, first: int = 0) -> Purpose:
    """Return a purpose with `size` consents that hold, without evidence, of the numbers from `first` on."""
    purpose = make_purpose(promised_count=50)
    model = make_consent(
        purpose=purpose, number=number(first), at=timezone.now() - timedelta(days=1)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE stage (phone bytea, lookup bytea, block bytea) ON COMMIT PRESERVE ROWS"
        )
        with cursor.copy("COPY stage (phone, lookup, block) FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["bytea", "bytea", "bytea"])
            for row in _numbers(first, size, purpose.organisation):
                copy.write_row(row)
        newest = model.subject_id
        _copy_row(
            Subject,
            model.subject_id,
            {
                "phone": "new.phone",
                "phone_index": "new.lookup",
                "suppression_index": "new.block",
            },
            "stage",
        )
        _copy_row(
            Consent,
            model.pk,
            {
                "subject_id": "new.id",
                "last_event_id": f"replace({RANDOM}::text, '-', '')",
                "stop_nonce": f"decode(replace({RANDOM}::text, '-', ''), 'hex')",
            },
            f"(SELECT id FROM consents_subject WHERE id > {newest} ORDER BY id)",  # noqa: S608  a number
        )
        cursor.execute("DROP TABLE stage")
        cursor.execute("VACUUM ANALYZE consents_subject, consents_consent")
    return purpose


def add_evidence() -> None:
    """Give each consent that has no evidence one event: a copy of the first, under an id of its own."""
    with connection.cursor() as cursor:
        cursor.execute(
            """CREATE TEMP TABLE made ON COMMIT PRESERVE ROWS AS
               SELECT id, subject_id, replace(gen_random_uuid()::text, '-', '') AS event
               FROM consents_consent c
               WHERE NOT EXISTS (SELECT FROM ledger_detail d WHERE d.consent_id = c.id)"""
        )
        cursor.execute(
            """INSERT INTO ledger_event (event_id, header, leaf_hash)
               SELECT event, e.header, e.leaf_hash
               FROM made, (SELECT header, leaf_hash FROM ledger_event ORDER BY id LIMIT 1) e"""
        )
        cursor.execute(
            """INSERT INTO ledger_detail (event_id, subject_id, consent_id, seq, detail, key_id)
               SELECT event, made.subject_id, made.id, 1, d.detail, d.key_id
               FROM made, (SELECT detail, key_id FROM ledger_detail ORDER BY id LIMIT 1) d"""
        )
        cursor.execute("DROP TABLE made")
        cursor.execute("VACUUM ANALYZE ledger_detail")


def deliver(*campaigns: Campaign) -> None:
    """Let each campaign have reached everybody of its purpose, a minute ago."""
    for campaign in campaigns:
        _deliver(campaign)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE campaigns_delivery")


def _deliver(campaign: Campaign) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            """INSERT INTO campaigns_delivery
               (id, campaign_id, sender, queued_at, not_before, subject_id, consent_id, state, reason,
                attempts, detail, consent_event, handed_over_at, segments)
               SELECT uuidv7(), %s, '26112', now(), now(), subject_id, id, 'delivered', '', 1, '',
                      last_event_id, now() - interval '1 minute', 1
               FROM consents_consent WHERE purpose_id = %s""",
            [campaign.pk, campaign.purpose_id],
        )
        count = cursor.rowcount
        cursor.execute("RESET session_replication_role")
    Tally.objects.create(campaign=campaign, state="delivered", reason="", count=count)
    now = timezone.now()
    Campaign.objects.filter(pk=campaign.pk).update(
        state="sent", send_at=now, ended_at=now, audience={"total": count, "exclusions": []}
    )


def send_many_to(subject: Subject, campaign: Campaign, count: int) -> None:
    """Let one number have got a message from each of `count` more campaigns."""
    _copy_row(Campaign, campaign.pk, {}, f"generate_series(1, {count})")
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO campaigns_delivery
               (id, campaign_id, sender, queued_at, not_before, subject_id, state, reason, attempts,
                detail, consent_event, handed_over_at, segments)
               SELECT gen_random_uuid(), id, '26112', now(), now(), %s, 'delivered', '', 1, '', '',
                      now() - interval '1 day', 1
               FROM campaigns_campaign WHERE id > %s ORDER BY id DESC LIMIT %s""",
            [subject.pk, campaign.pk, count],
        )


def number(position: int) -> Phone:
    return Phone(f"+479{position:07}")


def _numbers(
    first: int, size: int, organisation: Organisation
) -> Iterator[tuple[bytes, bytes, bytes]]:
    for position in range(first + 1, first + size):
        phone = number(position)
        yield (
            crypto.encrypt_bytes(phone.e164.encode()),
            crypto.blind_index(phone, use="lookup", organisation=organisation.pk),
            crypto.blind_index(phone, use="suppression", organisation=organisation.pk),
        )


def _copy_row(model: type[models.Model], pk: int, changes: dict[str, str], source: str) -> None:
    """Insert one row per row of `source` (as `new`): like row `pk`, but for the columns in `changes`."""
    fields = [field for field in model._meta.local_fields if not field.primary_key]
    random = {
        str(field.column): RANDOM if isinstance(field, models.UUIDField) else DIGEST
        for field in fields
        if isinstance(field, models.UUIDField)
        or (field.unique and isinstance(field, models.BinaryField))
    }
    columns = [str(field.column) for field in fields]
    values = [(random | changes).get(column) or f'old."{column}"' for column in columns]
    table = model._meta.db_table
    with connection.cursor() as cursor:
        # What the copied row refers to is there; to look for it a million times takes most of the time.
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            f"""INSERT INTO {table} ({", ".join(f'"{column}"' for column in columns)})
                SELECT {", ".join(values)} FROM {source} AS new, {table} AS old WHERE old.id = %s""",  # noqa: S608  our own words
            [pk],
        )
        cursor.execute("RESET session_replication_role")
