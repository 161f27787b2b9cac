"""The same work without anything that this product adds: what each figure is compared with."""

from django.db import connection

from campaigns.models import Campaign

BATCH = 1000


def bare_freeze(campaign: Campaign) -> None:
    """One INSERT … SELECT of every consent of the purpose into the same table, and no rule."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO campaigns_delivery
               (id, campaign_id, sender, queued_at, not_before, subject_id, consent_id, state, reason,
                attempts, detail, consent_event)
               SELECT gen_random_uuid(), %s, '26112', now(), now(), subject_id, id, 'queued', '', 0, '', ''
               FROM consents_consent WHERE purpose_id = %s""",
            [campaign.pk, campaign.purpose_id],
        )


def bare_pipeline(size: int) -> None:
    """INSERT … SELECT RETURNING, and an UPDATE per batch, into a table with a primary key and a state."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE bare (id bigserial PRIMARY KEY, state text)")
        for _start in range(0, size, BATCH):
            cursor.execute(
                """INSERT INTO bare (state) SELECT 'queued' FROM generate_series(1, %s)
                   RETURNING id""",
                [BATCH],
            )
            ids = [row[0] for row in cursor.fetchall()]
            cursor.execute(
                "UPDATE bare SET state = 'sent' WHERE id BETWEEN %s AND %s", [ids[0], ids[-1]]
            )
        cursor.execute("DROP TABLE bare")


def bare_purge() -> None:
    """DELETE in batches by ctid, until nothing is left."""
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                """DELETE FROM consents_inboundmessage WHERE ctid = ANY (ARRAY(
                   SELECT ctid FROM consents_inboundmessage LIMIT 10000))"""
            )
            if not cursor.rowcount:
                return
