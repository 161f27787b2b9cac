"""The key of a log changes, and whoever lies about it is named."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.verifier.forgery import NOON, Signer, Story, write
from verifier.smsconsent_verify import Report, read_keys, verify

OLD, NEW, STRANGER = Signer(1), Signer(2), Signer(3)


class Changed:
    """A log whose key changed: `both` and `alone` are the sizes from which two sign, and one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.story = Story.make()
        self.log = self.story.log
        self.both = self.log.announce(NEW, OLD, signed_by=(NEW, OLD)) + 1
        self.event()
        self.alone = self.log.retire(OLD) + 1
        self.event()

    def event(self) -> None:
        self.log.event(self.log.person(300), "granted", NOON + timedelta(days=3))

    def check(
        self, *given: Signer, by: list[Signer] | None = None, anchors: tuple[bytes, ...] = ()
    ) -> set[str]:
        """Check a case bundle that these have signed, under these keys. Return what failed."""
        report = self.report(*given, by=by, anchors=anchors)
        return {each.code for each in report.findings if each.weight == "failed"}

    def report(
        self, *given: Signer, by: list[Signer] | None = None, anchors: tuple[bytes, ...] = ()
    ) -> Report:
        files = self.log.files(self.story.ada) | {
            "checkpoint.txt": self.log.checkpoint(None, by or [NEW])
        }
        kept = []
        for number, content in enumerate(anchors):
            path = self.folder / f"kept-{number}.txt"
            path.write_bytes(content)
            kept.append(str(path))
        keys = read_keys("".join(each.verifier for each in given or (OLD,)))
        return verify(write(self.folder, files), keys=keys, anchors=kept)


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    return Changed(tmp_path)


@pytest.mark.parametrize("given", [(OLD,), (NEW,), (OLD, NEW)])
def test_the_whole_truth_holds_under_any_of_the_keys(
    changed: Changed, given: tuple[Signer, ...]
) -> None:
    log = changed.log
    before, during = log.checkpoint(20, [OLD]), log.checkpoint(changed.both, [NEW, OLD])

    assert changed.check(*given, anchors=(before, during)) == set()


@pytest.mark.parametrize(
    ("by", "code"),
    [([OLD], "key_not_valid"), ([STRANGER], "key_unannounced"), ([NEW, STRANGER], "")],
)
def test_a_checkpoint_under_a_key_that_is_not_valid_is_named(
    changed: Changed, by: list[Signer], code: str
) -> None:
    found = changed.check(OLD, NEW, STRANGER, by=by)

    assert found == ({code} if code else set())


@pytest.mark.parametrize(
    ("size_of", "by", "code"),
    [
        (lambda changed: changed.both - 1, [NEW], "key_not_valid"),
        (lambda changed: changed.both, [NEW], "cosignature_missing"),
        (lambda changed: changed.both, [OLD], "cosignature_missing"),
        (lambda changed: changed.alone - 1, [OLD], "cosignature_missing"),
        (lambda changed: changed.alone, [OLD], "key_not_valid"),
        (lambda changed: changed.alone, [OLD, NEW], ""),
    ],
)
def test_an_anchor_under_the_wrong_key_for_its_size_is_named(
    changed: Changed, size_of: Callable[[Changed], int], by: list[Signer], code: str
) -> None:
    kept = changed.log.checkpoint(size_of(changed), by)

    assert changed.check(anchors=(kept,)) == ({code} if code else set())


def test_a_change_that_was_never_announced_is_named(tmp_path: Path) -> None:
    quiet = Changed(tmp_path)
    del quiet.log.entries[quiet.alone - 1], quiet.log.entries[quiet.both - 1]
    kept = quiet.log.checkpoint(20, [OLD])

    assert quiet.check(OLD, NEW, anchors=(kept,)) == {"key_unannounced"}
    assert quiet.check(OLD, anchors=(kept,)) == {"wrong_key"}


def test_a_change_that_the_former_key_did_not_sign_leads_nowhere(tmp_path: Path) -> None:
    forged = Changed(tmp_path)
    forged.log.entries[forged.both - 1 :] = []
    forged.log.announce(NEW, OLD, signed_by=(NEW, STRANGER))
    forged.log.retire(OLD)

    assert forged.check(OLD) == {"key_change_forged", "wrong_key"}
    assert forged.check(OLD, NEW) == {"key_change_forged"}


TOLD = {"asked_by": "account 1", "agreed_by": "privacy officer, account 2", "reason": "Brann"}


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({}, "key_change_alone"),
        (TOLD, "key_change_agreed"),
        (TOLD | {"agreed_by": ""}, "key_change_alone"),
        (TOLD | {"reason": 1}, "key_change_alone"),
    ],
)
def test_a_change_that_the_new_key_announced_alone_is_told(
    tmp_path: Path, told: dict[str, Any], code: str
) -> None:
    lost = Changed(tmp_path)
    lost.log.entries[lost.both - 1 :] = []
    lost.log.announce(NEW, OLD, signed_by=(NEW,), **told)
    lost.log.retire(OLD)

    report = lost.report(OLD, NEW)

    assert report.holds
    codes = {each.code for each in report.findings}
    assert codes & {"key_change_alone", "key_change_agreed"} == {code}
    assert lost.check(OLD) == {"wrong_key"}


@pytest.mark.parametrize("key", ["", "nøkkel", OLD.verifier.replace("+", "+0", 1)])
def test_an_announcement_that_names_no_key_is_no_entry(tmp_path: Path, key: str) -> None:
    broken = Changed(tmp_path)
    broken.log.entries[broken.both - 1 :] = []
    nobody = Signer(4)
    nobody.verifier = key
    broken.log.retire(nobody)

    assert "header_malformed" in broken.check(OLD, by=[OLD])
