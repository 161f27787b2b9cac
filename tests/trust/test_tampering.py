"""Fifteen ways to tamper with evidence, each many times over: found, named, and so by two verifiers (INV 16).

`make trust` makes 10,000 of each. The bundles never touch a disk.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from random import Random
from typing import Any

import pytest

from tests.trust import size
from tests.verifier import second
from tests.verifier.forgery import (
    NOON,
    NOTICE,
    WORDING,
    Files,
    Signer,
    Story,
    canonical,
    lines_of,
    named,
)
from verifier import smsconsent_verify
from verifier.smsconsent_verify import (
    Bundle,
    Keys,
    Outside,
    Report,
    Unreadable,
    read_keys,
    verify_bundle,
    verify_receipt,
)

EACH = size.of(60, 10_000)
# The library takes twenty times as long as the RFC written down: it looks at some of them.
BY_LIBRARY = size.of(10, 100)
PUBLIC = Signer().private.public_key().public_bytes_raw()
KEYS = read_keys(Signer().verifier)
# What hashes and signatures alone show: the second verifier must see the same.
BY_HASH = {
    "root_differs", "leaf_missing", "leaf_inserted", "signature_forged", "wrong_key", "checkpoint_malformed",
    "history_rewritten", "tail_cut", "two_histories",
}  # fmt: skip


class InMemory(Bundle):
    """A bundle that is no file."""

    def __init__(self, files: Files) -> None:
        self.files, self.names = files, set(files)

    def close(self) -> None:
        pass

    def read(self, name: str) -> bytes:
        try:
            return self.files[name]
        except KeyError as error:
            raise Unreadable(name) from error

    def lines(self, name: str) -> Iterator[bytes]:
        yield from self.read(name).splitlines()


@dataclass
class Scene:
    """One log and its case bundle; `kept` is what somebody else holds of it."""

    story: Story
    files: Files
    kept: list[bytes]
    dice: Random
    received: dict[int, Any]

    @property
    def entries(self) -> int:
        return len(self.story.log.entries)

    def again(self) -> None:
        """Sign and write the bundle anew, as the holder of the key can."""
        self.files = self.story.log.files(self.story.ada)

    def change(self, name: str, number: int, change: Callable[[Any], Any]) -> None:
        lines = lines_of(self.files, name)
        lines[number] = canonical(change(json.loads(lines[number]))) + b"\n"
        self.files[name] = b"".join(lines)

    def codes(self) -> set[str]:
        report, outside = Report(), Outside()
        for number, note in enumerate(self.kept):
            outside.add(note, f"kept-{number}.txt", report, self.received.get(number))
        try:
            verify_bundle(InMemory(self.files), Keys(KEYS), outside, [], report)
        except Unreadable:
            return {"unreadable"}
        return {each.code for each in report.findings if each.weight == "failed"}

    def is_sound(self, *, by_library: bool) -> bool:
        return second.is_sound(self.files, PUBLIC, self.kept, by_library=by_library)


@cache
def make_story(more: int) -> tuple[Story, Files]:
    """A log of 45 entries and some more, and its bundle. Nobody changes these: scenes are copies."""
    story = Story.make()
    for number in range(more):
        story.log.event(
            story.log.person(400 + number), "granted", NOON + timedelta(days=2, hours=1)
        )
    return story, story.log.files(story.ada)


def make_scene(seed: int) -> Scene:
    dice = Random(seed)
    first, files = make_story(dice.randrange(12))
    story = Story(copy(first.log), copy(first.ada), first.bo)
    story.log.entries, story.ada.events = list(first.log.entries), list(first.ada.events)
    kept = [story.log.checkpoint(dice.randrange(1, len(story.log.entries)))]
    return Scene(story, dict(files), kept, dice, {})


# -- without the key -------------------------------------------------------------------------------------
def change_a_header(scene: Scene) -> None:
    def change(line: Any) -> Any:
        raw = bytearray(b64decode(line["header"]))
        raw[scene.dice.randrange(len(raw))] ^= 1 << scene.dice.randrange(8)
        return {"header": b64encode(bytes(raw)).decode()}

    scene.change("leaves.jsonl", scene.dice.randrange(scene.entries), change)


def remove_a_leaf(scene: Scene) -> None:
    lines = lines_of(scene.files, "leaves.jsonl")
    del lines[scene.dice.randrange(len(lines))]
    scene.files["leaves.jsonl"] = b"".join(lines)


def insert_a_leaf(scene: Scene) -> None:
    lines = lines_of(scene.files, "leaves.jsonl")
    lines.insert(scene.dice.randrange(len(lines) + 1), scene.dice.choice(lines))
    scene.files["leaves.jsonl"] = b"".join(lines)


def reorder_leaves(scene: Scene) -> None:
    lines = lines_of(scene.files, "leaves.jsonl")
    one, other = scene.dice.sample(range(len(lines)), 2)
    lines[one], lines[other] = lines[other], lines[one]
    scene.files["leaves.jsonl"] = b"".join(lines)


def change_a_detail(scene: Scene) -> None:
    def change(event: Any) -> Any:
        detail = event["detail"]
        name = scene.dice.choice([*detail["private"], "salt"])
        if name == "salt":
            detail["salt"] = scene.dice.randbytes(32).hex()
        else:
            detail["private"][name] += scene.dice.choice("0123456789")
        return event

    scene.change("events.jsonl", scene.dice.randrange(3), change)


def swap_details(scene: Scene) -> None:
    one, other = scene.dice.sample(range(3), 2)
    taken = scene.dice.choice([scene.story.ada.events[other], *scene.story.bo.events])["detail"]
    scene.change("events.jsonl", one, lambda event: event | {"detail": taken})


def withhold_an_event(scene: Scene) -> None:
    lines = lines_of(scene.files, "events.jsonl")
    del lines[scene.dice.randrange(len(lines))]
    scene.files["events.jsonl"] = b"".join(lines)


def add_an_event_that_is_not_theirs(scene: Scene) -> None:
    theirs = scene.dice.choice(scene.story.bo.events)
    invented = scene.story.ada.events[0] | {"event_id": scene.dice.randbytes(16).hex()}
    scene.files["events.jsonl"] += canonical(scene.dice.choice([theirs, invented])) + b"\n"


def change_the_chain(scene: Scene) -> None:
    def change(event: Any) -> Any:
        detail = event["detail"]
        if scene.dice.random() < 0.5:
            detail["prev"] = scene.dice.randbytes(32).hex()
        else:
            detail["seq"] += scene.dice.choice([-2, -1, 1, 2, 5])
        return event

    scene.change("events.jsonl", scene.dice.randrange(3), change)


def swap_a_text(scene: Scene) -> None:
    folder, text = scene.dice.choice([("wordings", WORDING), ("notices", NOTICE)])
    name = scene.dice.choice(sorted(text))
    changed = text | {name: text[name] + scene.dice.choice("abc.")}
    scene.files[f"{folder}/{named(text)}.json"] = canonical(changed)


def forge_the_checkpoint(scene: Scene) -> None:
    origin, count, top = scene.files["checkpoint.txt"].split(b"\n")[:3]
    tail = scene.files["checkpoint.txt"].partition(b"\n\n")[2]
    kind = scene.dice.randrange(4)
    if kind == 0:
        count = b"%d" % (int(count) + scene.dice.choice([-1, 1, 9]))
    elif kind == 1:
        top = b64encode(scene.dice.randbytes(32))
    elif kind == 2:
        tail = (
            tail.rpartition(b" ")[0]
            + b" "
            + b64encode(Signer().id + scene.dice.randbytes(64))
            + b"\n"
        )
    else:
        stranger = Signer(scene.dice.randrange(2, 200))
        scene.files["checkpoint.txt"] = stranger.sign(int(count), b64decode(top))
        return
    scene.files["checkpoint.txt"] = b"\n".join([origin, count, top]) + b"\n\n" + tail


# -- with the key ----------------------------------------------------------------------------------------
def rewrite_history(scene: Scene) -> None:
    entries = scene.story.log.entries
    anchored = int(scene.kept[0].split(b"\n")[1])
    at = scene.dice.randrange(anchored)
    kind = scene.dice.randrange(3)
    if kind == 0:
        digit = scene.dice.choice([each for each in b"0123456789abcdef" if each != entries[at][11]])
        entries[at] = entries[at][:11] + bytes([digit]) + entries[at][12:]
    elif kind == 1:
        del entries[at]
        entries.append(entries[-1][::-1])
    else:
        entries.insert(at, entries[at][::-1])
    scene.again()


def cut_the_tail(scene: Scene) -> None:
    scene.kept = [scene.story.log.checkpoint()]
    del scene.story.log.entries[-scene.dice.randrange(1, 20) :]
    scene.again()


def back_date_an_event(scene: Scene) -> None:
    seen = NOON + timedelta(days=scene.dice.randrange(4, 30))
    scene.kept, scene.received = [scene.story.log.checkpoint()], {0: seen}
    said = seen - timedelta(minutes=scene.dice.randrange(61, 40_000))
    scene.story.log.event(scene.story.ada, "granted", max(said, NOON - timedelta(days=400)))
    scene.again()


TAMPERINGS: list[tuple[Callable[[Scene], None], set[str]]] = [
    (change_a_header, {"root_differs"}),
    (remove_a_leaf, {"leaf_missing"}),
    (insert_a_leaf, {"leaf_inserted"}),
    (reorder_leaves, {"root_differs"}),
    (change_a_detail, {"detail_changed", "detail_malformed"}),
    (swap_details, {"detail_swapped", "detail_changed"}),
    (withhold_an_event, {"event_withheld"}),
    (add_an_event_that_is_not_theirs, {"event_foreign", "event_unknown"}),
    (change_the_chain, {"chain_broken", "chain_gap", "chain_order"}),
    (swap_a_text, {"wording_changed", "notice_changed"}),
    (forge_the_checkpoint, {"signature_forged", "wrong_key", "checkpoint_malformed"}),
    (rewrite_history, {"history_rewritten"}),
    (cut_the_tail, {"tail_cut"}),
    (back_date_an_event, {"back_dated"}),
]


@pytest.mark.parametrize(
    ("tamper", "names"), TAMPERINGS, ids=[tamper.__name__ for tamper, _names in TAMPERINGS]
)
def test_each_tampering_is_found_and_named_by_two_verifiers(
    tamper: Callable[[Scene], None],
    names: set[str],
    record_property: Callable[[str, object], None],
) -> None:
    missed, apart = [], []
    every = max(1, EACH // BY_LIBRARY)
    for seed in range(EACH):
        scene = make_scene(seed)

        tamper(scene)

        found = scene.codes()
        if not found & names:
            missed.append((seed, found))
        if bool(found & BY_HASH) is scene.is_sound(by_library=seed % every == 0):
            apart.append((seed, found))
    record_property("tamperings", EACH)
    record_property("not named", len(missed))
    record_property("verifiers apart", len(apart))
    assert (missed[:3], apart[:3]) == ([], [])


def test_two_receipts_that_cannot_both_be_true_are_found_by_two_verifiers(
    record_property: Callable[[str, object], None],
) -> None:
    missed, apart = [], []
    for seed in range(EACH):
        scene = make_scene(seed)
        log, dice = scene.story.log, scene.dice
        first = log.receipt(dice.choice(scene.story.bo.events))
        at = dice.randrange(20)
        log.entries[at] = log.entries[at].replace(b"granted", dice.choice([b"refused", b"expired"]))
        event = dice.choice(scene.story.ada.events)

        found = check_receipt(log.receipt(event), first)

        if "two_histories" not in found:
            missed.append((seed, found))
        notes = [first["evidence"]["proof"].partition("\n\n")[2].encode(), log.checkpoint()]
        if second.agree(notes[0], notes[1], PUBLIC):
            apart.append(seed)
    record_property("tamperings", EACH)
    record_property("not named", len(missed))
    record_property("verifiers apart", len(apart))
    assert (missed[:3], apart[:3]) == ([], [])


def check_receipt(receipt: dict[str, Any], kept: dict[str, Any]) -> set[str]:
    report, outside = Report(), Outside()
    outside.add(json.dumps(kept).encode(), "kept.json", report, None)
    verify_receipt(json.dumps(receipt).encode(), Keys(KEYS), outside, [], report)
    return {each.code for each in report.findings if each.weight == "failed"}


def test_what_nobody_touched_passes_both() -> None:
    for seed in range(EACH // 10):
        scene = make_scene(seed)

        assert scene.codes() == set()
        assert scene.is_sound(by_library=True)


def test_with_a_check_switched_off_the_tampering_goes_unseen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(smsconsent_verify, "check_root", lambda *args: None)
    monkeypatch.setattr(smsconsent_verify, "check_anchors", lambda *args: None)
    scene = make_scene(1)

    reorder_leaves(scene)

    assert not scene.codes() & BY_HASH
    assert not scene.is_sound(by_library=False)
