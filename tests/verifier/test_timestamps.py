"""Time stamps (RFC 3161) beside a bundle: what they prove, and each way in which they prove nothing."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from tests.verifier.authority import Authority
from tests.verifier.forgery import NOON, Signer, Story, write
from verifier.smsconsent_verify import Report, main, read_keys, verify

LATER = NOON + timedelta(days=3)


@pytest.fixture
def story() -> Story:
    return Story.make()


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def check(folder: Path, story: Story, stamp: bytes, *, trust: Authority | None = None) -> Report:
    files = story.log.files(story.ada) | {"anchors/45.txt": story.log.checkpoint(45)}
    files["anchors/45.tsr"] = stamp
    roots: list[x509.Certificate] = [trust.root] if trust else []
    keys = read_keys(Signer().verifier)
    return verify(write(folder, files), keys=keys, tsa_roots=roots)


def codes(report: Report) -> set[str]:
    return {found.code for found in report.findings}


def test_a_stamp_by_somebody_trusted_holds_and_tells_the_time(
    tmp_path: Path, story: Story, authority: Authority
) -> None:
    stamp = authority.stamp(story.log.checkpoint(45), LATER)

    report = check(tmp_path, story, stamp, trust=authority)

    assert report.holds
    assert codes(report) == {"stamp_revocation"}
    assert report.facts["timestamps"] == [
        {"source": "anchors/45.tsr", "time": LATER.isoformat(), "size": 45}
    ]


def test_without_a_root_it_says_that_the_issuer_was_not_checked(
    tmp_path: Path, story: Story, authority: Authority
) -> None:
    report = check(tmp_path, story, authority.stamp(story.log.checkpoint(45), LATER))

    assert report.holds
    assert codes(report) == {"stamp_issuer_unchecked"}
    assert report.status("timestamps") == "limited"


def test_a_stamp_of_something_else_is_named(
    tmp_path: Path, story: Story, authority: Authority
) -> None:
    stamp = authority.stamp(story.log.checkpoint(44), LATER)

    assert "stamp_of_other" in codes(check(tmp_path, story, stamp, trust=authority))


def test_a_forged_stamp_is_named(tmp_path: Path, story: Story, authority: Authority) -> None:
    stamp = authority.stamp(story.log.checkpoint(45), LATER, spoil=True)

    assert "stamp_forged" in codes(check(tmp_path, story, stamp, trust=authority))


@pytest.mark.parametrize("cut", [1, 2, 20, 200, 400])
def test_half_a_stamp_is_named(
    tmp_path: Path, story: Story, authority: Authority, cut: int
) -> None:
    stamp = authority.stamp(story.log.checkpoint(45), LATER)[:-cut]

    assert "stamp_malformed" in codes(check(tmp_path, story, stamp, trust=authority))


def test_no_changed_byte_of_a_stamp_lends_it_trust(
    tmp_path: Path, story: Story, authority: Authority
) -> None:
    stamp = authority.stamp(story.log.checkpoint(45), LATER)
    allowed = {"stamp_revocation"}

    for at in range(1, len(stamp), 29):
        spoiled = stamp[:at] + bytes([stamp[at] ^ 1]) + stamp[at + 1 :]
        report = check(tmp_path, story, spoiled, trust=authority)
        told = report.facts.get("timestamps", [])
        # What is neither signed nor read, such as the status of the answer, may be anything.
        assert not report.holds or told[0]["time"] == LATER.isoformat(), at
        assert not report.holds or codes(report) == allowed, at


@pytest.mark.parametrize(
    ("by", "at"),
    [
        (Authority(), LATER),
        (None, datetime(2027, 6, 1, tzinfo=UTC)),
        (None, datetime(2025, 6, 1, tzinfo=UTC)),
    ],
    ids=["a stranger", "after the certificate", "before the certificate"],
)
def test_a_stamp_by_nobody_trusted_is_named(
    tmp_path: Path, story: Story, authority: Authority, by: Authority | None, at: datetime
) -> None:
    stamp = (by or authority).stamp(story.log.checkpoint(45), at)

    assert "stamp_untrusted" in codes(check(tmp_path, story, stamp, trust=authority))


def test_a_certificate_that_may_not_stamp_is_named(tmp_path: Path, story: Story) -> None:
    other = Authority(may_stamp=False)

    report = check(tmp_path, story, other.stamp(story.log.checkpoint(45), LATER), trust=other)

    assert "stamp_untrusted" in codes(report)


def test_an_event_back_dated_behind_a_stamp_is_named(
    tmp_path: Path, story: Story, authority: Authority
) -> None:
    stamp = authority.stamp(story.log.checkpoint(45), LATER)
    story.log.event(story.ada, "granted", LATER - timedelta(hours=2))

    assert "back_dated" in codes(check(tmp_path, story, stamp, trust=authority))


def test_the_command_takes_a_root_and_a_stamp_from_outside(
    tmp_path: Path, story: Story, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = write(tmp_path, story.log.files(story.ada))
    (tmp_path / "kept.tsr").write_bytes(authority.stamp(story.log.checkpoint(), LATER))
    (tmp_path / "root.pem").write_bytes(authority.root_pem)
    (tmp_path / "log.pub").write_text(Signer().verifier)
    named = [str(tmp_path / name) for name in ("kept.tsr", "root.pem", "log.pub")]

    code = main([str(bundle), "--anchor", named[0], "--tsa-root", named[1], "--key", named[2]])

    assert code == 0
    assert "er ikke sjekket (krever nett)" in capsys.readouterr().out


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_openssl_agrees_with_our_authority(
    tmp_path: Path, story: Story, authority: Authority
) -> None:
    (tmp_path / "note").write_bytes(story.log.checkpoint())
    (tmp_path / "root.pem").write_bytes(authority.root_pem)
    (tmp_path / "stamp.tsr").write_bytes(authority.stamp(story.log.checkpoint(), LATER))

    said = subprocess.run(
        ["openssl", "ts", "-reply", "-in", "stamp.tsr", "-text"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert "Status: Granted" in said.stdout
    assert "Mar 13 11:00:00 2026 GMT" in said.stdout
