"""Verification names what somebody has changed, with the guards of the database taken away."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from consents import anchors, merkle, notes, problems, publication, sealing, triggers, verification
from consents.models import (
    Anchor,
    Checkpoint,
    ConsentEvent,
    EventDetail,
    Leaf,
    Node,
    PendingEvent,
    Verification,
)
from smsconsent import crypto
from tests.authority import time_stamping_authority
from tests.make import DAY, HOUR, MINUTE, NOON, SECOND, make_consent, make_events

pytestmark = pytest.mark.django_db


@pytest.fixture
def sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten events in three checkpoints, some of them a person's; and chunks of four."""
    monkeypatch.setattr(verification, "CHUNK", 4)
    make_consent("withdrawn")
    sealing.seal(now=NOON)
    for number, count in enumerate((5, 2), start=1):
        make_events(count)
        sealing.seal(now=NOON + number * MINUTE)
    assert sealing.log_size() == 10


def found() -> set[str]:
    return {problem["kind"] for problem in verification.verify().problems}


def execute(*statements: str) -> None:
    """Do it as the owner of the tables can: triggers and constraints away first."""
    triggers.remove(connection)
    connection.check_constraints()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"ALTER TABLE ledger_event DROP CONSTRAINT {triggers.LEAF_CHECK}")
        for statement in statements:
            cursor.execute(statement)


@pytest.mark.usefixtures("sealed")
def test_an_untouched_log_has_no_fault() -> None:
    make_events(2)

    report = verification.verify()

    assert report.problems == []
    assert (report.event_count, report.checkpoint_count, report.detail_count) == (10, 3, 3)


def test_an_empty_log_has_no_fault() -> None:
    assert found() == set()


def _change_header(*, with_hashes: bool) -> None:
    event = Leaf.objects.get(pk=4).event
    header = bytes(event.header).replace(b"granted", b"refused")
    execute()
    ConsentEvent.objects.filter(pk=event.pk).update(
        header=header, leaf_hash=merkle.leaf_hash(header)
    )
    if with_hashes:
        rebuild_nodes()


def rebuild_nodes() -> None:
    """Write every node anew, as somebody who knows the format would."""
    frontier = merkle.Frontier()
    for header in Leaf.objects.order_by("pk").values_list("event__header", flat=True):
        for node, digest in frontier.append(merkle.leaf_hash(bytes(header))):
            Node.objects.filter(number=merkle.number_of(node)).update(hash=digest)


def _swap_two_events() -> None:
    one, other = Leaf.objects.get(pk=3).event_id, Leaf.objects.get(pk=6).event_id
    execute()
    Leaf.objects.filter(pk__in=(3, 6)).delete()
    Leaf.objects.bulk_create([Leaf(tree_index=3, event_id=other), Leaf(tree_index=6, event_id=one)])


def _sign_another_root() -> None:
    execute()
    name = "samtykke.example/ledger/1"
    body = notes.checkpoint_body(name, 8, bytes(32))
    [(key, value)] = crypto.sign_for_log(body, by=crypto.log_public_keys())
    note = notes.assemble(body, [notes.Signature(name, notes.key_id(name, key), value)])
    Checkpoint.objects.filter(size=8).update(root=bytes(32), note=note)


def _forge_signature() -> None:
    execute()
    row = Checkpoint.objects.get(size=8)
    note = notes.read(row.note)
    [good] = note.signatures
    forged = notes.assemble(note.body, [notes.Signature(good.name, good.key_id, bytes(64))])
    Checkpoint.objects.filter(size=8).update(note=forged)


def _cut_off_the_tail() -> None:
    execute()
    Leaf.objects.filter(pk__gte=9).delete()
    Node.objects.filter(number__gte=17).delete()
    Checkpoint.objects.filter(size=10).delete()


def _change_a_detail() -> None:
    detail = EventDetail.objects.order_by("pk")[0]
    content = json.loads(detail.detail)
    content["private"]["method"] = "web_formx"
    EventDetail.objects.filter(pk=detail.pk).update(detail=json.dumps(content))


def _break_a_chain() -> None:
    detail = EventDetail.objects.order_by("-seq")[0]
    content = json.loads(detail.detail) | {"prev": "0" * 64}
    EventDetail.objects.filter(pk=detail.pk).update(detail=json.dumps(content))


def _garble_a_detail() -> None:
    row = EventDetail.objects.order_by("pk")[0]
    with connection.cursor() as cursor:
        cursor.execute("SELECT detail FROM ledger_detail WHERE id = %s", [row.pk])
        token = bytes(cursor.fetchone()[0])
        cursor.execute(
            "UPDATE ledger_detail SET detail = %s WHERE id = %s",
            [token[:-6] + b"AAAAA=", row.pk],
        )


def _hold_back() -> None:
    make_events(1)
    PendingEvent.objects.all().delete()


TAMPERING: dict[str, tuple[Callable[[], None], set[str]]] = {
    "a header, its hash left": (
        lambda: execute(
            "UPDATE ledger_event SET header = (SELECT e.header FROM ledger_event e JOIN ledger_leaf l "
            "ON e.id = l.event_id WHERE l.tree_index = 5) WHERE id = "
            "(SELECT event_id FROM ledger_leaf WHERE tree_index = 4)"
        ),
        {"event_changed", "leaf_hash_wrong"},
    ),
    "a header with its hash": (lambda: _change_header(with_hashes=False), {"event_changed"}),
    "a header with all nodes": (lambda: _change_header(with_hashes=True), {"root_wrong"}),
    "two events swapped": (_swap_two_events, {"event_changed"}),
    "a leaf taken away": (
        lambda: execute("DELETE FROM ledger_leaf WHERE tree_index = 2"),
        {"leaf_missing", "event_unsealed"},
    ),
    "the tail cut off": (
        _cut_off_the_tail,
        {"log_cut", "checkpoint_missing", "event_unsealed"},
    ),
    "a node": (
        lambda: execute(
            "UPDATE ledger_node SET hash = leaf_hash FROM ledger_event WHERE number = 3"
        ),
        {"node_wrong"},
    ),
    "a node taken away": (
        lambda: execute("DELETE FROM ledger_node WHERE number = 3"),
        {"node_missing"},
    ),
    "a node too many": (
        lambda: Node(number=20, hash=bytes(32)).save(),
        {"node_extra"},
    ),
    "an event held back": (
        _hold_back,
        {"event_unsealed"},
    ),
    "another root signed": (_sign_another_root, {"published_differs", "root_wrong"}),
    "a forged signature": (_forge_signature, {"signature_wrong"}),
    "what is stored of a checkpoint": (
        lambda: execute("UPDATE ledger_checkpoint SET size = 9 WHERE size = 8"),
        {"checkpoint_changed", "checkpoint_missing", "published_missing", "root_wrong"},
    ),
    "a checkpoint taken away": (
        lambda: execute("DELETE FROM ledger_checkpoint WHERE size = 8"),
        {"checkpoint_missing"},
    ),
    "a detail": (_change_a_detail, {"detail_changed"}),
    "a detail that does not open": (_garble_a_detail, {"detail_unreadable"}),
    "a chain": (_break_a_chain, {"chain_broken"}),
}


@pytest.mark.usefixtures("sealed")
@pytest.mark.parametrize("name", TAMPERING)
def test_what_was_changed_is_named(name: str) -> None:
    tamper, kinds = TAMPERING[name]

    tamper()

    assert found() == kinds


@pytest.mark.usefixtures("sealed")
@pytest.mark.parametrize(
    ("edit", "kind"),
    [
        (lambda pieces: pieces[:1] + pieces[2:], "published_missing"),
        (lambda pieces: [pieces[1], pieces[0], pieces[2]], "published_unreadable"),
        (lambda pieces: [pieces[0], "nonsense\n\n— nobody\n", *pieces[1:]], "published_unreadable"),
        (lambda pieces: pieces[:2], "published_missing"),
    ],
)
def test_an_edited_published_copy_is_named(
    settings: Settings, edit: Callable[[list[str]], list[str]], kind: str
) -> None:
    pieces = list(publication.every())

    settings.LEDGER_FILE.write_text("".join(f"{piece}\n" for piece in edit(pieces)))

    assert kind in found()


@pytest.mark.usefixtures("sealed")
def test_a_time_stamp_over_something_else_is_named(settings: Settings, tmp_path: Path) -> None:
    with time_stamping_authority() as authority:
        settings.LEDGER_TSA_URL = authority.url
        settings.LEDGER_TSA_CERTIFICATES = authority.write_root(tmp_path / "root.pem")
        anchors.stamp(Checkpoint.objects.get(size=10), now=NOON)
    assert found() == set()
    execute()

    Anchor.objects.filter(kind="rfc3161").update(size=8)

    assert found() == {"stamp_wrong"}


def test_every_fault_has_words_and_every_word_a_test() -> None:
    named = {kind for _tamper, kinds in TAMPERING.values() for kind in kinds}

    assert (
        named | {"published_unreadable", "signature_missing", "stamp_wrong"}
        == problems.KINDS.keys()
    )


# -- asked for -------------------------------------------------------------------------------------
@pytest.mark.usefixtures("sealed")
def test_a_verification_that_is_asked_for_is_run_once() -> None:
    asked = verification.ask(now=NOON)
    assert verification.ask(now=NOON + MINUTE) == asked

    done = verification.run_due(clock=lambda: NOON + MINUTE)

    assert done == asked
    assert done is not None
    assert (done.done, done.total, done.problem_count) == (13, 13, 0)
    assert verification.run_due(clock=lambda: NOON + 2 * MINUTE) is None


@pytest.mark.parametrize(("waited", "runs"), [(DAY - SECOND, False), (DAY, True)])
def test_the_log_is_verified_every_day(waited: object, runs: bool) -> None:
    verification.run_due(clock=lambda: NOON)

    assert (verification.run_due(clock=lambda: NOON + waited) is not None) is runs  # type: ignore[operator]


def test_one_that_was_killed_does_not_stand_in_the_way() -> None:
    Verification.objects.create(requested_at=NOON, started_at=NOON)

    assert verification.ask(now=NOON + HOUR).started_at == NOON
    assert verification.ask(now=NOON + 4 * HOUR).started_at is None


@pytest.mark.usefixtures("sealed")
def test_the_command_ends_with_1_and_names_the_fault(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("ledger", "verify")
    _forge_signature()

    with pytest.raises(CommandError, match=r"1 faults"):
        call_command("ledger", "verify")

    assert ": 8\n" in capsys.readouterr().out


def test_the_command_signs_and_prints_the_checkpoint(capsys: pytest.CaptureFixture[str]) -> None:
    make_events(1)

    call_command("ledger", "checkpoint")
    call_command("ledger", "anchor")

    out = capsys.readouterr().out
    assert Checkpoint.objects.get().note in out
    assert "file : 1 events" in out
    assert timezone.now().strftime("%Y-%m-%d") in out
