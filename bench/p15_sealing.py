"""P15: sealing keeps up, a proof is quick however long the log, and the whole log is verified in time."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median

from django.conf import settings
from django.db import connection
from django.utils import timezone

from bench.registry import Bench, Figure, timed
from consents import merkle, notes, proofs, sealing, verification
from consents.models import ConsentEvent
from tests import servers

MEASURES = ("P15",)
PER_SECOND, PROOF_SECONDS, VERIFY_SECONDS = 1_000, 0.005, 60


def measure(bench: Bench) -> Iterator[Figure]:
    for size in bench.sizes:
        settings.LEDGER_FILE = Path(servers.folder()) / f"checkpoints-{size}.txt"
        settings.JOURNAL_FILE = Path(servers.folder()) / f"journal-{size}.jsonl"
        with bench.database():
            fill(size)
            took = timed(sealing.seal_all, now=timezone.now(), batches=size)
            assert sealing.log_size() == size
            yield Figure(
                "P15",
                f"seal {size:,} events",
                f"{size / took:,.0f} events/s",
                size / took >= PER_SECOND,
                {"per_second": size / took},
            )
            proof = median(prove(size))
            yield Figure(
                "P15",
                f"proof of one event among {size:,}",
                f"{proof * 1000:.1f} ms",
                proof <= PROOF_SECONDS,
                {"ms": proof * 1000},
            )
            verified = timed(require_whole)
            yield Figure(
                "P15",
                f"manage.py ledger verify, {size:,} events",
                f"{verified:.1f} s",
                verified <= VERIFY_SECONDS * max(1, size / 1_000_000),
                {"seconds": verified},
            )


def prove(size: int) -> Iterator[float]:
    """Yield how long each of a hundred proofs took, to the text that a receipt holds."""
    places = range(0, size, size // 100)
    ids = [ConsentEvent.objects.get(leaf=place).event_id for place in places]
    for event_id in ids:
        yield timed(proofs.proof_text, event_id)
    found = proofs.inclusion_proof(ids[-1], size)
    header = bytes(ConsentEvent.objects.get(event_id=ids[-1]).header)
    assert merkle.is_included(
        merkle.leaf_hash(header),
        index=found.index,
        size=size,
        proof=found.hashes,
        root=proofs.root_at(size),
    )
    assert proofs.proof_text(ids[-1]).startswith(notes.PROOF_HEADER)


def require_whole() -> None:
    assert verification.verify().problem_count == 0


def fill(size: int) -> None:
    """Events as verbs write their headers, made by the database itself."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO ledger_event (event_id, header, leaf_hash)
            SELECT event_id, header, sha256('\\x00'::bytea || header) FROM (
                SELECT event_id, convert_to(
                    '{"commit":"' || repeat(event_id, 2) || '","event_id":"' || event_id
                    || '","notice_sha256":"' || repeat('0', 64) || '","purpose":"' || repeat('0', 32)
                    || '","recorded_day":"2026-03-10","tag":"' || repeat('1', 64)
                    || '","type":"granted","v":1}', 'UTF8') AS header
                FROM (SELECT md5(n::text) AS event_id FROM generate_series(1, %s) AS n) AS ids
            ) AS made
            """,
            [size],
        )
        cursor.execute("ANALYZE")
