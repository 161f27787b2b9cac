"""P13: an audit bundle of that many entries, checked by a process of its own."""

import os
import subprocess
import sys
import time
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.registry import Bench, Figure
from consents.canonical import canonical_json
from consents.ledger import content_hash

MEASURES = ("P13",)
SECONDS_A_MILLION, MOST_MB = 15, 300
ORIGIN = "bench.example.no/ledger/1"
NOTICE = {"language": "nb", "body": "Vi passer på."}
WORDING = {"language": "nb", "title": "Tilbud", "notice_sha256": content_hash(NOTICE)}


def measure(bench: Bench) -> Iterator[Figure]:
    for size in bench.sizes:
        seconds, processor, megabytes = verify(size)
        yield Figure(
            "P13",
            f"verify an audit bundle of {size:,} entries",
            f"{seconds:.1f} s, {processor:.1f} of processor; {size / seconds:,.0f}/s; {megabytes:.0f} MB",
            None
            if size < 1_000_000
            else seconds <= SECONDS_A_MILLION * size / 1_000_000 and megabytes <= MOST_MB,
            {
                "seconds": seconds,
                "processor_s": processor,
                "per_second": size / seconds,
                "mb": megabytes,
            },
        )


def verify(size: int) -> tuple[float, float, float]:
    """Return seconds, those of them on a processor, and megabytes (peak) of checking so many entries."""
    with TemporaryDirectory() as folder:
        bundle, key = Path(folder, "audit.zip"), Path(folder, "log.pub")
        _write(bundle, key, size)
        program = Path(__file__).parent.parent / "verifier" / "smsconsent_verify.py"
        began = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, program, bundle, "--key", key], stdout=subprocess.DEVNULL
        )
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - began
    assert process.returncode == 0
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def _write(bundle: Path, key: Path, size: int) -> None:
    private = Ed25519PrivateKey.generate()
    public = b"\1" + private.public_key().public_bytes_raw()
    number = sha256(ORIGIN.encode() + b"\n" + public).digest()[:4]
    key.write_text(f"{ORIGIN}+{number.hex()}+{b64encode(public).decode()}\n")
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("manifest.json", canonical_json({"kind": "audit"}))
        archive.writestr(f"wordings/{content_hash(WORDING)}.json", canonical_json(WORDING))
        archive.writestr(f"notices/{content_hash(NOTICE)}.json", canonical_json(NOTICE))
        with archive.open("leaves.jsonl", "w") as lines:
            edge: list[bytes] = []
            for index in range(size):
                header = _header(Random(index))  # noqa: S311  nothing is protected here
                lines.write(b'{"header":"' + b64encode(header) + b'"}\n')
                _append(edge, index, sha256(b"\0" + header).digest())
        body = f"{ORIGIN}\n{size}\n{b64encode(_top(edge)).decode()}\n".encode()
        line = b64encode(number + private.sign(body)).decode()
        archive.writestr("checkpoint.txt", body + f"\n— {ORIGIN} {line}\n".encode())


def _header(random: Random) -> bytes:
    text = random.randbytes(96).hex()
    wording = content_hash(WORDING)
    return (
        f'{{"commit":"{text[:64]}","event_id":"{text[64:96]}","notice_sha256":"{wording}",'
        f'"purpose":"{text[96:128]}","recorded_day":"2026-03-10","tag":"{text[128:]}",'
        '"type":"granted","v":1}'
    ).encode()


def _append(edge: list[bytes], index: int, joined: bytes) -> None:
    while index & 1:
        joined, index = sha256(b"\1" + edge.pop() + joined).digest(), index >> 1
    edge.append(joined)


def _top(edge: list[bytes]) -> bytes:
    joined = edge[-1]
    for left in reversed(edge[:-1]):
        joined = sha256(b"\1" + left + joined).digest()
    return joined
