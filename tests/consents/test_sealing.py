"""Waiting events become leaves, leaves a tree, the tree a signed checkpoint; and nothing is signed that
does not extend what was published."""

import re
from base64 import b64decode
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from io import BytesIO

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection, transaction
from django.db.models import Max
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from consents import merkle, notes, proofs, publication, sealing, services, triggers
from consents.models import Anchor, Checkpoint, ConsentEvent, Leaf, LogEntry, Node, PendingEvent
from smsconsent import crypto
from tests.environment import ROOT
from tests.make import MINUTE, NOON, SECOND, make_consent, make_events, make_purpose, make_user

pytestmark = pytest.mark.django_db


def leaves() -> list[bytes]:
    """The leaf hashes of the log, computed from the headers alone."""
    headers = Leaf.objects.order_by("tree_index").values_list("event__header", flat=True)
    return [merkle.leaf_hash(bytes(header)) for header in headers]


def test_every_waiting_event_gets_one_place_without_a_gap() -> None:
    make_events(7)

    assert sealing.seal(now=NOON, limit=4).count == 4
    assert sealing.seal(now=NOON, limit=4).count == 3

    assert list(Leaf.objects.order_by("pk").values_list("pk", flat=True)) == list(range(7))
    assert ConsentEvent.objects.filter(leaf=None).count() == PendingEvent.objects.count() == 0


def test_consents_of_people_are_sealed() -> None:
    make_consent("withdrawn")

    sealing.seal(now=NOON)

    assert Leaf.objects.count() == ConsentEvent.objects.count() == 3


def test_sealing_nothing_does_nothing() -> None:
    assert sealing.seal(now=NOON) == sealing.Sealed(0, None)
    assert not Checkpoint.objects.exists()


@pytest.mark.parametrize("batches", [[1], [2, 1], [5, 3, 8], [1] * 9])
def test_root_and_nodes_are_those_of_the_headers(batches: list[int]) -> None:
    for count in batches:
        make_events(count)
        sealing.seal(now=NOON)

    size = sum(batches)
    stored = {merkle.node_of(row.number): bytes(row.hash) for row in Node.objects.all()}
    frontier = merkle.Frontier()
    assert proofs.root_at(size) == merkle.root(leaves())
    assert stored == dict(pair for leaf in leaves() for pair in frontier.append(leaf))


def test_a_stored_proof_is_the_one_from_all_leaves() -> None:
    make_events(11)
    sealing.seal(now=NOON)

    for event in ConsentEvent.objects.all():
        found = proofs.inclusion_proof(event.event_id, 11)
        assert list(found.hashes) == merkle.inclusion_proof(leaves(), found.index)
        assert merkle.is_included(
            merkle.leaf_hash(bytes(event.header)),
            index=found.index,
            size=11,
            proof=found.hashes,
            root=proofs.root_at(11),
        )
    for old in range(12):
        assert proofs.consistency_proof(old, 11) == merkle.consistency_proof(leaves(), old)


def test_a_proof_takes_three_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    event_id = make_events(33)[5]
    sealing.seal(now=NOON)

    with django_assert_num_queries(3):
        proofs.inclusion_proof(event_id, 33)


def test_an_event_beyond_the_size_is_not_sealed_yet() -> None:
    early, late = make_events(2)

    with pytest.raises(proofs.NotSealed):
        proofs.proof_text(early)
    sealing.seal(now=NOON)

    assert proofs.inclusion_proof(early, 1).index == 0
    for event_id, size in ((late, 1), (early, 3), ("f" * 32, 2)):
        with pytest.raises(proofs.NotSealed):
            proofs.inclusion_proof(event_id, size)


# -- checkpoints -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("waited", "events", "signs"),
    [
        (sealing.CHECKPOINT_EVERY - SECOND, 1, False),
        (sealing.CHECKPOINT_EVERY, 1, True),
        (-sealing.CHECKPOINT_EVERY, 1, True),
        (sealing.CHECKPOINT_EVERY, 0, False),
        (SECOND, sealing.CHECKPOINT_LEAVES - 1, False),
        (SECOND, sealing.CHECKPOINT_LEAVES, True),
    ],
)
def test_a_checkpoint_is_signed_in_time_or_after_many_events(
    waited: timedelta, events: int, signs: bool
) -> None:
    make_events(1)
    sealing.seal(now=NOON)
    make_events(events)

    sealed = sealing.seal(now=NOON + waited)

    assert (sealed.checkpoint is not None) is signs


def test_a_checkpoint_reads_as_a_signed_note_to_somebody_else() -> None:
    """Written from the specifications of C2SP, with no code of ours."""
    make_events(5)
    sealing.seal(now=NOON)

    note = Checkpoint.objects.get().note

    origin, size, root, empty, signature, end = note.split("\n")
    assert (origin, size, empty, end) == ("samtykke.example/ledger/1", "5", "", "")
    dash, name, encoded = signature.split(" ")
    assert (dash, name) == ("\u2014", origin)
    [public_key] = crypto.log_public_keys()
    raw = b64decode(encoded, validate=True)
    assert raw[:4] == sha256(name.encode() + b"\n\x01" + public_key).digest()[:4]
    Ed25519PublicKey.from_public_bytes(public_key).verify(
        raw[4:], f"{origin}\n{size}\n{root}\n".encode()
    )
    assert b64decode(root) == merkle.root(leaves())


def test_a_proof_reads_as_a_tlog_proof_to_somebody_else() -> None:
    event_id = make_events(5)[3]
    sealing.seal(now=NOON)

    head, index, *hashes = proofs.proof_text(event_id).partition("\n\n")[0].split("\n")

    assert (head, index) == ("c2sp.org/tlog-proof@v1", "index 3")
    assert [b64decode(each) for each in hashes] == merkle.inclusion_proof(leaves(), 3)
    assert proofs.proof_text(event_id).endswith("\n\n" + Checkpoint.objects.get().note)


def test_without_a_key_nothing_is_sealed(settings: Settings) -> None:
    settings.LEDGER_SIGNING_KEY = []
    make_events(1)

    with pytest.raises(ImproperlyConfigured, match="LEDGER_SIGNING_KEY"):
        sealing.seal(now=NOON)

    assert not Leaf.objects.exists()


# -- the published copy ----------------------------------------------------------------------------
def test_every_checkpoint_is_published_once(settings: Settings) -> None:
    for number in range(3):
        make_events(2)
        sealing.seal(now=NOON + number * MINUTE)
        sealing.publish(now=NOON)

    published = list(publication.every())
    assert published == list(Checkpoint.objects.order_by("size").values_list("note", flat=True))
    assert len(published) == Anchor.objects.filter(kind="file").count() == 3


def test_what_a_crash_left_unpublished_is_published_next_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_events(1)
    with monkeypatch.context() as patch:
        patch.setattr(sealing, "publish", lambda **_: None)
        sealing.seal(now=NOON)
    assert publication.last() is None

    sealing.seal(now=NOON + SECOND)

    published = publication.last()
    assert published is not None
    assert published.size == 1


def test_a_file_of_one_note_is_read_whole() -> None:
    make_events(1)
    sealing.seal(now=NOON)

    assert list(publication.every()) == [Checkpoint.objects.get().note]


@pytest.mark.parametrize("kept", [*range(0, 150, 21), 75, 76, 77, 78])
def test_a_note_that_a_crash_cut_short_is_passed_over(settings: Settings, kept: int) -> None:
    make_events(1)
    sealing.seal(now=NOON)
    file = settings.LEDGER_FILE
    torn = file.read_bytes()[:kept]
    with file.open("ab") as appended:
        appended.write(torn)
    make_events(1)

    assert sealing.seal(now=NOON + MINUTE).checkpoint

    whole = list(Checkpoint.objects.order_by("size").values_list("note", flat=True))
    assert [text for text in publication.every() if text in whole] == whole
    newest = publication.last()
    assert newest is not None
    assert newest.size == 2


def test_a_long_file_is_read_whole_and_in_order(settings: Settings) -> None:
    root = bytes(32)
    texts = []
    for size in range(1, 12_000):
        body = notes.checkpoint_body("samtykke.example/ledger/1", size, root)
        texts.append(
            notes.assemble(body, [notes.Signature("samtykke.example/ledger/1", b"abcd", root * 2)])
        )
    settings.LEDGER_FILE.parent.mkdir(parents=True)
    settings.LEDGER_FILE.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")

    assert list(publication.every()) == texts


def test_a_restored_database_signs_nothing(settings: Settings) -> None:
    """The published copy knows of more events than the database."""
    make_events(1)
    sealing.seal(now=NOON)
    _publish_another_log(settings, size=2, root=bytes(32))
    make_events(1)

    with pytest.raises(publication.PublishedLogDiffers, match="older"):
        sealing.seal(now=NOON + MINUTE)

    assert (Leaf.objects.count(), Checkpoint.objects.count()) == (1, 1)


def test_a_rewritten_database_signs_nothing(settings: Settings) -> None:
    make_events(4)
    sealing.seal(now=NOON)
    settings.LEDGER_FILE.unlink()
    _publish_another_log(settings, size=3, root=bytes(32))
    make_events(1)

    with pytest.raises(publication.PublishedLogDiffers, match="not those that were published"):
        sealing.seal(now=NOON + MINUTE)

    assert Leaf.objects.count() == 4


def test_a_lost_published_copy_signs_nothing_until_it_is_back(settings: Settings) -> None:
    make_events(1)
    sealing.seal(now=NOON)
    mailed = settings.LEDGER_FILE.read_text()
    settings.LEDGER_FILE.unlink()
    make_events(1)
    with pytest.raises(publication.PublishedLogDiffers, match="gone"):
        sealing.seal(now=NOON + MINUTE)

    settings.LEDGER_FILE.write_text(mailed)

    assert sealing.seal(now=NOON + MINUTE).checkpoint


def test_a_published_copy_of_another_log_signs_nothing(settings: Settings) -> None:
    make_events(1)
    sealing.seal(now=NOON)
    settings.LEDGER_ORIGIN = "another.example/ledger/1"
    make_events(1)

    with pytest.raises(publication.PublishedLogDiffers, match=r"another\.example"):
        sealing.seal(now=NOON + MINUTE)


def _publish_another_log(settings: Settings, *, size: int, root: bytes) -> None:
    name = settings.LEDGER_ORIGIN
    body = notes.checkpoint_body(name, size, root)
    [(key, signature)] = crypto.sign_for_log(body, by=crypto.log_public_keys())
    settings.LEDGER_FILE.parent.mkdir(parents=True, exist_ok=True)
    with settings.LEDGER_FILE.open("a") as file:
        signed = notes.Signature(name, notes.key_id(name, key), signature)
        file.write(notes.assemble(body, [signed]) + "\n")


# -- what somebody with the application's rights could put among the waiting ------------------------
def test_a_row_about_no_event_or_a_sealed_one_holds_nothing_up() -> None:
    make_events(2)
    sealing.seal(now=NOON)
    newest = ConsentEvent.objects.aggregate(newest=Max("pk"))["newest"]
    PendingEvent.objects.bulk_create([PendingEvent(pk=pk) for pk in (newest - 1, newest + 900)])
    make_events(1)

    assert sealing.seal(now=NOON).count == 1
    assert not PendingEvent.objects.exists()


def test_a_waiting_event_says_since_when() -> None:
    make_events(1)

    age = timezone.now() - PendingEvent.objects.get().since

    assert timedelta(0) <= age < MINUTE


# -- append-only -----------------------------------------------------------------------------------
TABLES = {
    "ledger_event": ("event_id", "'x'"),
    "ledger_leaf": ("event_id", "event_id + 100000"),
    "ledger_entry": ("event_id", "event_id + 100000"),
    "ledger_node": ("hash", "hash"),
    "ledger_checkpoint": ("note", "'x'"),
    "ledger_anchor": ("place", "'x'"),
    "consents_wording": ("title", "'x'"),
    "consents_privacynotice": ("body", "'x'"),
    "ledger_export": ("reason", "'x'"),
}


REFUSED = {
    "postgresql": ("UPDATE {0} SET {1} = {2}", "DELETE FROM {0}", "TRUNCATE {0} CASCADE"),
    "sqlite": ("UPDATE {0} SET {1} = {2}", "DELETE FROM {0}", "REPLACE INTO {0} SELECT * FROM {0}"),
}
# On PostgreSQL the way in which replication switches triggers off; on SQLite the default, in which REPLACE
# deletes without asking the delete trigger.
UNGUARDED = {
    "postgresql": "SET LOCAL session_replication_role = replica",
    "sqlite": "PRAGMA recursive_triggers=OFF",
}


@pytest.fixture
def guards_at_rest() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(UNGUARDED[connection.vendor])
        yield
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA recursive_triggers=ON")


def refusals() -> list[str]:
    """Return the statements against evidence that the database has not refused as append-only."""
    purpose = make_purpose()
    make_consent("granted", purpose=purpose)
    LogEntry.objects.create(event=ConsentEvent.objects.latest("pk"))
    sealing.seal(now=NOON, must_sign=True)
    with BytesIO() as file:
        services.export_audit(
            purpose.organisation, file, by=make_user(), reason="Kontroll", now=NOON
        )
    connection.check_constraints()
    passed = []
    with connection.cursor() as cursor:
        for table, values in TABLES.items():
            for statement in REFUSED[connection.vendor]:
                try:
                    with transaction.atomic():
                        cursor.execute(statement.format(table, *values))
                except DatabaseError as error:
                    if "append-only" in str(error):
                        continue
                passed.append(statement.format(table, *values))
    return passed


def test_the_database_refuses_to_change_evidence() -> None:
    assert refusals() == []


@pytest.mark.usefixtures("guards_at_rest")
def test_evidence_stays_where_other_triggers_rest() -> None:
    assert refusals() == []


def test_every_evidence_table_is_guarded() -> None:
    assert TABLES.keys() == triggers.IMMUTABLE.keys()


@pytest.mark.parametrize("table", TABLES)
def test_a_missing_guard_is_seen(table: str) -> None:
    kind = "row" if connection.vendor == "postgresql" else "del"
    suffix = f" ON {table}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {table}_{kind}{suffix}")

    assert f"{table}_{kind}" in triggers.are_in_place()


@pytest.mark.postgres
def test_the_documented_roles_can_do_what_they_need_and_no_more() -> None:
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    [grants] = re.findall(r"```sql\n(CREATE ROLE.*?)```", text, re.DOTALL)
    forbidden = {
        "smsconsent_app": [
            "UPDATE ledger_event SET event_id = 'x'",
            "DELETE FROM ledger_pending",
            "INSERT INTO ledger_node VALUES (90, 'x')",
            "INSERT INTO ledger_entry SELECT max(id) FROM ledger_event",
            "ALTER TABLE ledger_event DISABLE TRIGGER ALL",
        ],
        "smsconsent_sealer": ["DELETE FROM ledger_leaf", "TRUNCATE ledger_checkpoint"],
    }
    with connection.cursor() as cursor:
        cursor.execute(grants)
        for role, statements in forbidden.items():
            cursor.execute(f"SET LOCAL ROLE {role}")
            if role == "smsconsent_app":
                make_events(2)
            else:
                assert sealing.seal(now=NOON).count == 2
            for statement in statements:
                with pytest.raises(DatabaseError, match=r"denied|owner"), transaction.atomic():
                    cursor.execute(statement)
