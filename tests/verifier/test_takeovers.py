"""A log takes over from one whose end was lost, and whoever lies about what was lost is named."""

from pathlib import Path
from typing import Any

import pytest

from tests.verifier.forgery import NOON, ORIGIN, Signer, Story, root, write
from verifier.smsconsent_verify import Report, read_keys, verify

SECOND = ORIGIN.replace("/1", "/2")
OLD, NEW = Signer(1), Signer(1, SECOND)
KEPT, PUBLISHED = 40, 45


class Lost:
    """The first log had published 45 entries; of them 40 are here, and a second log goes on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.story = Story.make()
        self.log = self.story.log
        self.whole = self.log.leaves
        self.log.entries = self.log.entries[:KEPT]
        self.log.signer = NEW

    def published(self, size: int) -> bytes:
        """What the first log had published at this size."""
        return OLD.sign(size, root(self.whole[:size]))

    def go_on(self) -> None:
        self.log.event(self.log.person(300), "granted", NOON)

    def check(self, *anchors: bytes, by: Signer = OLD) -> Report:
        kept = []
        for number, content in enumerate(anchors):
            path = self.folder / f"kept-{number}.txt"
            path.write_bytes(content)
            kept.append(str(path))
        bundle = write(self.folder, self.log.files())
        return verify(bundle, keys=read_keys(by.verifier), anchors=kept)


@pytest.fixture
def lost(tmp_path: Path) -> Lost:
    return Lost(tmp_path)


def codes(report: Report, weight: str) -> set[str]:
    return {each.code for each in report.findings if each.weight == weight}


@pytest.mark.parametrize("by", [OLD, NEW])
def test_a_log_that_says_what_it_lost_holds_and_says_so(lost: Lost, by: Signer) -> None:
    lost.log.take_over(lost.published(PUBLISHED))
    lost.go_on()

    report = lost.check(lost.published(30), lost.published(43), lost.published(PUBLISHED), by=by)

    assert codes(report, "failed") == set()
    assert {"log_taken_over", "entries_lost"} <= codes(report, "limited")
    assert [each["size"] for each in report.facts["anchors"]] == [30]


def test_what_came_along_is_held_against_the_old_checkpoints(lost: Lost) -> None:
    lost.log.entries[3] = lost.log.entries[3].replace(b"granted", b"refused")
    lost.log.take_over(lost.published(PUBLISHED))

    assert codes(lost.check(lost.published(30)), "failed") == {"history_rewritten"}


def test_a_loss_that_was_larger_than_told_is_named(lost: Lost) -> None:
    lost.log.take_over(lost.published(43))

    assert codes(lost.check(lost.published(PUBLISHED)), "failed") == {"loss_understated"}


def test_another_root_than_the_one_that_was_told_is_named(lost: Lost) -> None:
    lost.log.take_over(lost.published(PUBLISHED))
    other = OLD.sign(PUBLISHED, bytes(32))

    assert codes(lost.check(other), "failed") == {"two_histories"}


@pytest.mark.parametrize(
    "told",
    [
        {"former_checkpoint": Signer(2).sign(PUBLISHED, bytes(32)).decode()},
        {"former_checkpoint": "Hei"},
        {"former_size": 44},
        {"former_root": "x"},
    ],
)
def test_a_takeover_that_shows_no_signed_checkpoint_is_named(
    lost: Lost, told: dict[str, Any]
) -> None:
    lost.log.take_over(lost.published(PUBLISHED), **told)

    assert codes(lost.check(), "failed") == {"takeover_forged"}


def test_a_takeover_at_another_place_than_it_says_is_named(lost: Lost) -> None:
    lost.log.take_over(lost.published(PUBLISHED), kept=KEPT - 1)

    assert codes(lost.check(), "failed") == {"takeover_misplaced"}


def test_a_takeover_of_no_form_is_no_entry(lost: Lost) -> None:
    lost.log.take_over(lost.published(PUBLISHED), former_size="45")

    assert "header_malformed" in codes(lost.check(by=NEW), "failed")


def test_another_name_without_a_word_is_not_believed(lost: Lost) -> None:
    report = lost.check(lost.published(30))

    assert "wrong_key" in codes(report, "failed")


def test_a_second_takeover_follows_the_first(lost: Lost) -> None:
    lost.log.take_over(lost.published(PUBLISHED))
    second = NEW.sign(60, bytes(32))
    lost.log.entries = lost.log.entries[: KEPT + 1]
    third = lost.log.signer = Signer(1, ORIGIN.replace("/1", "/3"))
    lost.log.take_over(second)

    report = lost.check(lost.published(30), second, by=OLD)

    assert third.origin == report.facts["origin"]
    assert codes(report, "failed") == set()
