"""The same work without anything that this product adds: what each figure is compared with."""

import json
from urllib.request import Request, urlopen

import psycopg
from django.db import connection

from campaigns.models import Campaign
from smsconsent import crypto

BATCH = 1000


def bare_freeze(campaign: Campaign) -> int:
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
        return int(cursor.rowcount)


def bare_pipeline(database_url: str, gateway_url: str, purpose_id: int) -> int:
    """Send to everybody of a purpose as fast as PostgreSQL and Python can: no gate, no lock, no lease.

    Per batch one INSERT … SELECT RETURNING by keyset, decryption, one POST, one UPDATE of a range, in a
    table with nothing but a primary key. Returns how many were posted.
    """
    with psycopg.connect(database_url, autocommit=True) as session:
        session.execute(
            """CREATE TABLE bare
               (id bigserial PRIMARY KEY, subject_id bigint, state text, sent_at timestamptz)"""
        )
        sent = last = 0
        while rows := session.execute(
            """WITH next AS (
                   SELECT subject_id FROM consents_consent
                   WHERE purpose_id = %s AND state = 'granted' AND id > %s ORDER BY id LIMIT %s
               ), made AS (
                   INSERT INTO bare (subject_id, state) SELECT subject_id, 'queued' FROM next
                   RETURNING id, subject_id
               ) SELECT made.id, phone, c.id FROM made JOIN consents_subject s ON s.id = made.subject_id
                 JOIN consents_consent c ON c.subject_id = s.id AND c.purpose_id = %s ORDER BY c.id""",
            [purpose_id, last, BATCH, purpose_id],
        ).fetchall():
            _post(gateway_url, [(row[0], row[1]) for row in rows])
            session.execute(
                "UPDATE bare SET state = 'sent', sent_at = now() WHERE id BETWEEN %s AND %s",
                [rows[0][0], rows[-1][0]],
            )
            last, sent = rows[-1][2], sent + len(rows)
        session.execute("DROP TABLE bare")
    return sent


def _post(gateway_url: str, rows: list[tuple[int, bytes]]) -> None:
    messages = [
        {
            "transactionId": str(pk),
            "recipient": crypto.decrypt_bytes(phone).decode(),
            "content": "Hei",
        }
        for pk, phone in rows
    ]
    body = json.dumps(messages).encode()
    with urlopen(Request(gateway_url, body, method="POST"), timeout=10) as answer:  # noqa: S310  our stub
        answer.read()


def bare_purge(table: str, condition: str) -> None:
    """DELETE in batches by ctid, until nothing is left."""
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                f"""DELETE FROM {table} WHERE ctid = ANY (ARRAY(
                   SELECT ctid FROM {table} WHERE {condition} LIMIT 10000))"""  # noqa: S608  fixed words
            )
            if not cursor.rowcount:
                return


def bare_purge_of_consents() -> None:
    """DELETE of ended consents, their evidence and their numbers in batches, until nothing is left."""
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                "SELECT id, subject_id FROM consents_consent WHERE delete_after <= now() LIMIT 10000"
            )
            rows = cursor.fetchall()
            if not rows:
                return
            consents, subjects = [row[0] for row in rows], [row[1] for row in rows]
            cursor.execute("DELETE FROM ledger_detail WHERE consent_id = ANY (%s)", [consents])
            cursor.execute("DELETE FROM consents_consent WHERE id = ANY (%s)", [consents])
            cursor.execute("DELETE FROM consents_subject WHERE id = ANY (%s)", [subjects])
