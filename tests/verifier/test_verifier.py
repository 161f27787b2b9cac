"""Each way to lie with a bundle or a receipt is made here, and seen named (trust.md § 1.5, INV 16)."""

import json
import subprocess
import sys
from base64 import b64decode, b64encode
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pymerkle import InmemoryTree

from tests.environment import ROOT
from tests.verifier.forgery import (
    NOON,
    NOTICE,
    ORIGIN,
    WORDING,
    Log,
    Signer,
    Story,
    canonical,
    change_line,
    lines_of,
    named,
    root,
    write,
)
from verifier.smsconsent_verify import Report, Tree, Unreadable, main, read_keys, verify

LIMITS = {"no_anchor", "nothing_opened", "anchor_not_compared", "stamp_issuer_unchecked"}


@pytest.fixture
def story() -> Story:
    return Story.make()


class Desk:
    """Where somebody checks what they were given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, name: str, content: bytes | str) -> str:
        raw = content.encode() if isinstance(content, str) else content
        (self.folder / name).write_bytes(raw)
        return str(self.folder / name)

    def check(self, files: dict[str, bytes], *, anchors: tuple[str, ...] = ()) -> Report:
        keys = read_keys(Signer().verifier)
        return verify(write(self.folder, files), keys=keys, anchors=list(anchors))

    def check_receipt(self, receipt: dict[str, Any], *, anchors: tuple[str, ...] = ()) -> Report:
        path = Path(self.keep("receipt.json", json.dumps(receipt)))
        return verify(path, keys=read_keys(Signer().verifier), anchors=list(anchors))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def broken(report: Report) -> set[str]:
    return {found.code for found in report.findings if found.weight == "failed"}


# -- what is true, holds ---------------------------------------------------------------------------------
def test_a_true_case_bundle_holds_and_tells_the_story(desk: Desk, story: Story) -> None:
    report = desk.check(
        story.log.files(story.ada), anchors=(desk.keep("a", story.log.checkpoint()),)
    )

    assert report.holds
    assert report.findings == []
    assert [event["type"] for event in report.events] == ["requested", "granted", "withdrawn"]
    skipped = {name for name, status in report.as_json()["checks"].items() if status == "skipped"}
    assert skipped == {"timestamps"}


def test_a_true_audit_bundle_holds_and_opens_nothing(desk: Desk, story: Story) -> None:
    report = desk.check(story.log.files())

    assert report.holds
    assert {found.code for found in report.findings} == {"nothing_opened", "no_anchor"}
    assert report.events == []


def test_a_true_receipt_holds(desk: Desk, story: Story) -> None:
    for event in story.ada.events:
        assert desk.check_receipt(story.log.receipt(event)).holds


@pytest.mark.parametrize("size", [0, 1, 2, 3, 21, 44, 45])
def test_an_earlier_checkpoint_is_a_beginning_of_the_log(
    desk: Desk, story: Story, size: int
) -> None:
    kept = desk.keep("mail.txt", b"Hei!\r\n\r\n" + story.log.checkpoint(size) + b"\nHilsen loggen")

    report = desk.check(story.log.files(story.ada), anchors=(kept,))

    assert report.holds
    assert report.facts["anchors"] == [{"source": "mail.txt", "size": size}]


@pytest.mark.parametrize("size", [*range(1, 18), 31, 32, 33, 100])
def test_another_library_finds_the_same_root(size: int) -> None:
    entries = [Random(size).randbytes(40) + bytes([number]) for number in range(size)]
    other, tree = InmemoryTree(algorithm="sha256"), Tree()
    for entry in entries:
        other.append_entry(entry)
        tree.append(other.hash_buff(entry))

    assert tree.root == other.get_root()


# -- lies that the maker of the log has not signed -------------------------------------------------------
def change_header(files: dict[str, bytes], story: Story) -> None:
    def change(line: dict[str, str]) -> dict[str, str]:
        header = b64decode(line["header"]).replace(b'"granted"', b'"refused"')
        return {"header": b64encode(header).decode()}

    change_line(files, "leaves.jsonl", 5, change)


def write_header_in_another_form(files: dict[str, bytes], story: Story) -> None:
    def change(line: dict[str, str]) -> dict[str, str]:
        return {
            "header": b64encode(json.dumps(json.loads(b64decode(line["header"]))).encode()).decode()
        }

    change_line(files, "leaves.jsonl", 5, change)


def remove_leaf(files: dict[str, bytes], story: Story) -> None:
    lines = lines_of(files, "leaves.jsonl")
    del lines[7]
    files["leaves.jsonl"] = b"".join(lines)


def reorder_leaves(files: dict[str, bytes], story: Story) -> None:
    lines = lines_of(files, "leaves.jsonl")
    lines[3], lines[4] = lines[4], lines[3]
    files["leaves.jsonl"] = b"".join(lines)


def insert_leaf(files: dict[str, bytes], story: Story) -> None:
    other = Log(seed=9)
    other.event(other.person(7), "granted", NOON)
    lines = lines_of(files, "leaves.jsonl")
    lines.insert(3, canonical({"header": b64encode(other.entries[0]).decode()}) + b"\n")
    files["leaves.jsonl"] = b"".join(lines)


def repeat_leaf(files: dict[str, bytes], story: Story) -> None:
    lines = lines_of(files, "leaves.jsonl")
    files["leaves.jsonl"] = b"".join([*lines, lines[-1]])


def cut_tail(files: dict[str, bytes], story: Story) -> None:
    files["leaves.jsonl"] = b"".join(lines_of(files, "leaves.jsonl")[:-1])


def change_detail(files: dict[str, bytes], story: Story) -> None:
    def change(event: dict[str, Any]) -> dict[str, Any]:
        event["detail"]["private"]["method"] = "staff"
        return event

    change_line(files, "events.jsonl", 1, change)


def swap_details(files: dict[str, bytes], story: Story) -> None:
    first, second = (json.loads(line)["detail"] for line in lines_of(files, "events.jsonl")[:2])
    change_line(files, "events.jsonl", 0, lambda event: event | {"detail": second})
    change_line(files, "events.jsonl", 1, lambda event: event | {"detail": first})


def put_in_a_strangers_detail(files: dict[str, bytes], story: Story) -> None:
    theirs = story.bo.events[0]["detail"]
    change_line(files, "events.jsonl", 0, lambda event: event | {"detail": theirs})


def put_in_a_strangers_event(files: dict[str, bytes], story: Story) -> None:
    files["events.jsonl"] += canonical(story.bo.events[0]) + b"\n"


def withhold_last_event(files: dict[str, bytes], story: Story) -> None:
    files["events.jsonl"] = b"".join(lines_of(files, "events.jsonl")[:-1])


def invent_event(files: dict[str, bytes], story: Story) -> None:
    made_up = story.ada.events[0] | {"event_id": "0" * 32}
    files["events.jsonl"] += canonical(made_up) + b"\n"


def move_event(files: dict[str, bytes], story: Story) -> None:
    change_line(files, "events.jsonl", 0, lambda event: event | {"index": 3})


def renumber_event(files: dict[str, bytes], story: Story) -> None:
    def change(event: dict[str, Any]) -> dict[str, Any]:
        event["detail"]["seq"] = 7
        return event

    change_line(files, "events.jsonl", 2, change)


def break_chain(files: dict[str, bytes], story: Story) -> None:
    def change(event: dict[str, Any]) -> dict[str, Any]:
        event["detail"]["prev"] = "0" * 64
        return event

    change_line(files, "events.jsonl", 1, change)


def swap_wording(files: dict[str, bytes], story: Story) -> None:
    files[f"wordings/{named(WORDING)}.json"] = canonical(WORDING | {"title": "Noe helt annet"})


def remove_wording(files: dict[str, bytes], story: Story) -> None:
    del files[f"wordings/{named(WORDING)}.json"]


def swap_notice(files: dict[str, bytes], story: Story) -> None:
    files[f"notices/{named(NOTICE)}.json"] = canonical(NOTICE | {"body": "Vi selger alt."})


def remove_notice(files: dict[str, bytes], story: Story) -> None:
    del files[f"notices/{named(NOTICE)}.json"]


def forge_signature(files: dict[str, bytes], story: Story) -> None:
    genuine = files["checkpoint.txt"]
    files["checkpoint.txt"] = genuine.replace(b"\n45\n", b"\n46\n")


def sign_with_another_key(files: dict[str, bytes], story: Story) -> None:
    other = Signer(seed=2)
    files["checkpoint.txt"] = other.sign(45, root(story.log.leaves))
    files["log.pub"] = other.verifier.encode()


def lose_checkpoint(files: dict[str, bytes], story: Story) -> None:
    files["checkpoint.txt"] = b"Hei\n"


def give_another_tag_key(files: dict[str, bytes], story: Story) -> None:
    files["subject.json"] = canonical({"tag_key": "0" * 64})


def put_in_a_foreign_checkpoint(files: dict[str, bytes], story: Story) -> None:
    files["anchors/1.note"] = Signer(seed=2).sign(20, root(story.log.leaves[:20]))


UNSIGNED_LIES = [
    (change_header, "root_differs"),
    (write_header_in_another_form, "header_malformed"),
    (remove_leaf, "leaf_missing"),
    (reorder_leaves, "root_differs"),
    (insert_leaf, "leaf_inserted"),
    (repeat_leaf, "leaf_repeated"),
    (cut_tail, "leaf_missing"),
    (change_detail, "detail_changed"),
    (swap_details, "detail_swapped"),
    (put_in_a_strangers_detail, "detail_changed"),
    (put_in_a_strangers_event, "event_foreign"),
    (withhold_last_event, "event_withheld"),
    (invent_event, "event_unknown"),
    (move_event, "event_moved"),
    (renumber_event, "chain_gap"),
    (break_chain, "chain_broken"),
    (swap_wording, "wording_changed"),
    (remove_wording, "wording_missing"),
    (swap_notice, "notice_changed"),
    (remove_notice, "notice_missing"),
    (forge_signature, "signature_forged"),
    (sign_with_another_key, "wrong_key"),
    (lose_checkpoint, "checkpoint_malformed"),
    (give_another_tag_key, "tag_key_useless"),
    (put_in_a_foreign_checkpoint, "anchor_unsigned"),
]


@pytest.mark.parametrize(
    ("lie", "name"), UNSIGNED_LIES, ids=lambda each: getattr(each, "__name__", "")
)
def test_a_lie_in_a_bundle_is_named(desk: Desk, story: Story, lie: Any, name: str) -> None:
    files = story.log.files(story.ada)

    lie(files, story)

    report = desk.check(files)
    assert not report.holds
    assert name in broken(report)


# -- lies that the holder of the key has signed ----------------------------------------------------------
def rewrite(story: Story) -> None:
    story.log.entries[10] = story.log.entries[10].replace(b"granted", b"refused")


def remove(story: Story) -> None:
    del story.log.entries[10]


def insert(story: Story) -> None:
    other = Log(seed=9)
    other.event(other.person(7), "granted", NOON)
    story.log.entries.insert(10, other.entries[0])


def swap(story: Story) -> None:
    entries = story.log.entries
    entries[10], entries[11] = entries[11], entries[10]


@pytest.mark.parametrize("lie", [rewrite, remove, insert, swap])
def test_history_rewritten_under_the_true_key_is_found_by_what_others_kept(
    desk: Desk, story: Story, lie: Any
) -> None:
    kept = desk.keep("kept.txt", story.log.checkpoint(30))

    lie(story)

    assert desk.check(story.log.files()).holds
    assert broken(desk.check(story.log.files(), anchors=(kept,))) == {"history_rewritten"}


def test_a_tail_cut_under_the_true_key_is_found_by_what_others_kept(
    desk: Desk, story: Story
) -> None:
    kept = desk.keep("kept.txt", story.log.checkpoint())

    del story.log.entries[-1:]

    assert broken(desk.check(story.log.files(), anchors=(kept,))) == {"tail_cut"}


def test_a_receipt_in_somebodys_hands_is_an_anchor(desk: Desk, story: Story) -> None:
    receipt = story.log.receipt(story.ada.events[1], size=40)
    kept = desk.keep("receipt-of-ada.json", json.dumps(receipt))

    swap(story)

    assert broken(desk.check(story.log.files(), anchors=(kept,))) == {"history_rewritten"}


def test_a_back_dated_event_is_found_by_the_time_of_an_anchor(desk: Desk, story: Story) -> None:
    at = NOON + timedelta(days=3)
    kept = desk.keep("kept.txt", story.log.checkpoint()) + f"@{at.isoformat()}"
    story.log.event(story.ada, "granted", NOON + timedelta(days=2, hours=1))

    assert broken(desk.check(story.log.files(), anchors=(kept,))) == {"back_dated"}
    assert broken(desk.check(story.log.files(story.ada), anchors=(kept,))) == {"back_dated"}


def test_an_event_back_dated_within_its_day_is_found_once_it_is_opened(
    desk: Desk, story: Story
) -> None:
    at = NOON + timedelta(days=2, hours=5)
    kept = desk.keep("kept.txt", story.log.checkpoint()) + f"@{at.isoformat()}"
    story.log.event(story.ada, "granted", at - timedelta(hours=2))

    assert broken(desk.check(story.log.files(story.ada), anchors=(kept,))) == {"back_dated"}


def test_an_event_dated_ahead_is_found_by_the_time_of_an_anchor(desk: Desk, story: Story) -> None:
    kept = desk.keep("kept.txt", story.log.checkpoint()) + f"@{NOON.isoformat()}"

    assert broken(desk.check(story.log.files(story.ada), anchors=(kept,))) == {"post_dated"}


def test_an_event_whose_day_and_time_differ_is_named(desk: Desk, story: Story) -> None:
    index = story.ada.events[0]["index"]
    story.log.entries[index] = story.log.entries[index].replace(b"2026-03-10", b"2026-03-09")

    assert "day_differs" in broken(desk.check(story.log.files(story.ada)))


def test_an_event_put_in_front_of_another_is_named(desk: Desk, story: Story) -> None:
    first, second = (event["index"] for event in story.ada.events[:2])
    entries = story.log.entries
    entries[first], entries[second] = entries[second], entries[first]

    assert "chain_order" in broken(desk.check(story.log.files(story.ada)))


def test_an_event_sealed_twice_is_named(desk: Desk, story: Story) -> None:
    story.log.entries.append(story.log.entries[3])

    assert broken(desk.check(story.log.files())) == {"leaf_repeated"}


def test_the_wording_of_another_purpose_is_named(desk: Desk, story: Story) -> None:
    other = canonical(WORDING | {"purpose": "6" * 32})
    name = named(json.loads(other))
    story.log.wordings[name] = other
    index = story.ada.events[0]["index"]
    story.log.entries[index] = story.log.entries[index].replace(
        named(WORDING).encode(), name.encode()
    )

    assert "wording_of_other_purpose" in broken(desk.check(story.log.files(story.ada)))


# -- what cannot be known is said ------------------------------------------------------------------------
def test_a_deleted_detail_still_shows_its_event(desk: Desk, story: Story) -> None:
    story.ada.events[1]["detail"] = None

    report = desk.check(story.log.files(story.ada))

    assert report.holds
    assert "detail_deleted" in {found.code for found in report.findings}


def test_entries_of_other_organisations_limit_what_is_said(desk: Desk, story: Story) -> None:
    story.log.hidden = {0, story.ada.events[2]["index"]}
    story.ada.events.pop()

    report = desk.check(story.log.files(story.ada))

    assert report.holds
    assert report.status("completeness") == "limited"


def test_a_hidden_entry_of_the_person_is_not_believed(desk: Desk, story: Story) -> None:
    story.log.hidden = {story.ada.events[2]["index"]}

    assert broken(desk.check(story.log.files(story.ada))) == {"event_unknown"}


def test_an_anchor_of_another_log_is_no_anchor(desk: Desk, story: Story) -> None:
    other = story.log.checkpoint().replace(ORIGIN.encode(), b"andre.example.no/ledger/1")

    report = desk.check(story.log.files(), anchors=(desk.keep("other", other),))

    assert {"anchor_of_other_log", "no_anchor"} <= {found.code for found in report.findings}


def test_a_file_without_a_checkpoint_is_no_anchor(desk: Desk, story: Story) -> None:
    report = desk.check(story.log.files(), anchors=(desk.keep("mail", "Hei!"),))

    assert broken(report) == {"anchor_unreadable"}


# -- receipts --------------------------------------------------------------------------------------------
def test_two_receipts_that_cannot_both_be_true_are_found(desk: Desk, story: Story) -> None:
    first = story.log.receipt(story.bo.events[0])
    rewrite(story)
    second = story.log.receipt(story.ada.events[0])
    assert desk.check_receipt(first).holds
    assert desk.check_receipt(second).holds

    kept = desk.keep("bo.json", json.dumps(first))

    assert broken(desk.check_receipt(second, anchors=(kept,))) == {"two_histories"}


def test_receipts_of_two_sizes_cannot_be_compared_alone(desk: Desk, story: Story) -> None:
    kept = desk.keep("bo.json", json.dumps(story.log.receipt(story.bo.events[0], size=30)))

    report = desk.check_receipt(story.log.receipt(story.ada.events[0]), anchors=(kept,))

    assert report.holds
    assert {found.code for found in report.findings} == {"anchor_not_compared"}


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [
        ("event_time", "2026-03-10T11:00:01.000+00:00", "receipt_differs"),
        ("event_state", "withdrawn", "receipt_differs"),
        ("evidence.detail.private.phone", "+4790000999", "detail_changed"),
        ("evidence.wording.title", "Noe annet", "wording_changed"),
        ("evidence.notice.body", "Noe annet", "notice_changed"),
        ("evidence.wording", None, "wording_missing"),
        ("evidence.notice", None, "notice_missing"),
        ("evidence.detail", None, "detail_malformed"),
        ("evidence.proof", "", "not_sealed"),
    ],
)
def test_a_lie_in_a_receipt_is_named(
    desk: Desk, story: Story, field: str, value: object, name: str
) -> None:
    receipt = json.loads(json.dumps(story.log.receipt(story.ada.events[0])))
    *parts, last = field.split(".")
    inner = receipt
    for part in parts:
        inner = inner[part]

    inner[last] = value

    assert name in broken(desk.check_receipt(receipt))


def test_a_proof_of_another_place_is_named(desk: Desk, story: Story) -> None:
    receipt = story.log.receipt(story.ada.events[0])
    proof = receipt["evidence"]["proof"]

    receipt["evidence"]["proof"] = proof.replace("index 20", "index 21")

    assert broken(desk.check_receipt(receipt)) == {"not_included"}


# -- any single byte -------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(60))
def test_no_changed_byte_passes(desk: Desk, story: Story, seed: int) -> None:
    random = Random(seed)
    files = story.log.files(story.ada)
    name = random.choice(["leaves.jsonl", "events.jsonl", "checkpoint.txt", *sorted(files)[-2:]])
    before = files[name]
    at = random.randrange(len(before))
    files[name] = before[:at] + bytes([before[at] ^ 1 << random.randrange(7)]) + before[at + 1 :]

    try:
        found = desk.check(files)
    except Unreadable:
        return

    # A line of a signature that is not ours is let be; JSON may be spaced in more than one way.
    assert not found.holds or files[name].split() == before.split()


# -- the command -----------------------------------------------------------------------------------------
def test_the_command_needs_nothing_but_python_and_cryptography(desk: Desk, story: Story) -> None:
    bundle = write(desk.folder, story.log.files(story.ada))
    key = desk.keep("log.pub", story.log.signer.verifier)
    program = (
        "import sys, runpy; sys.path[:0] = []; sys.modules['django'] = None;"
        f"sys.argv = ['v', {str(bundle)!r}, '--key', {key!r}, '--json'];"
        f"runpy.run_path({str(ROOT / 'verifier/smsconsent_verify.py')!r}, run_name='__main__')"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=desk.folder,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["holds"] is True


@pytest.mark.parametrize(
    ("language", "said"), [("nb", "Beviset holder IKKE"), ("en", "does NOT hold")]
)
def test_the_command_names_the_lie_and_ends_with_1(
    desk: Desk, story: Story, capsys: pytest.CaptureFixture[str], language: str, said: str
) -> None:
    files = story.log.files(story.ada)
    withhold_last_event(files, story)
    key = desk.keep("log.pub", story.log.signer.verifier)

    code = main([str(write(desk.folder, files)), "--key", key, "--lang", language])

    assert code == 1
    printed = capsys.readouterr().out
    assert said in printed
    assert "withdrawn, 2026-03-12" in printed


@pytest.mark.parametrize("content", [b"", b"hei", b"{}", b"PK\x03\x04", b"[1]", b'{"evidence": 1}'])
def test_what_cannot_be_read_ends_with_2(desk: Desk, content: bytes) -> None:
    key = desk.keep("log.pub", Signer().verifier)

    assert main([desk.keep("bundle", content), "--key", key]) == 2


@pytest.mark.parametrize("key", ["", "hei", "a+b+c", Signer().verifier.replace("+", "+0", 1)])
def test_a_key_that_is_none_ends_with_2(desk: Desk, story: Story, key: str) -> None:
    bundle = write(desk.folder, story.log.files())

    assert main([str(bundle), "--key", desk.keep("log.pub", key)]) == 2
