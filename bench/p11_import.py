"""P11: consents from a CSV file, against COPY + HMAC + encryption of the same columns in a bare script."""

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from secrets import token_bytes, token_hex
from tempfile import TemporaryDirectory
from time import perf_counter

import psycopg
from django.utils import timezone

from bench.crowd import number
from bench.registry import Bench, Figure, timed
from consents.models import Consent, ConsentEvent, Organisation
from smsconsent import crypto
from smsconsent.phones import Phone
from tests import environment
from tests.make import make_purpose

MEASURES = ("P11",)
MOST_MB = 200


def measure(bench: Bench) -> Iterator[Figure]:
    for size in bench.sizes:
        with bench.database() as url, TemporaryDirectory() as folder:
            purpose = make_purpose(slug="tilbud")
            file = Path(folder) / "consents.csv"
            write(file, size)
            seconds, peak = run_command(purpose.organisation, file, url)
            assert Consent.objects.count() == ConsentEvent.objects.count() == size
            bare = timed(bare_import, file, url, purpose.organisation)
        yield Figure(
            "P11",
            f"import {size:,} consents from CSV",
            f"{seconds / bare:.1f} × bare; {size / seconds:,.0f}/s; peak {peak:.0f} MB",
            seconds / bare <= 3 and peak <= MOST_MB,
            {"per_second": size / seconds, "ratio": seconds / bare, "mb": peak},
        )


def write(file: Path, size: int) -> None:
    """Write a file of `size` consents, each with a number of its own."""
    at = f"{timezone.now() - timedelta(days=30):%Y-%m-%d %H:%M}"
    with file.open("w", encoding="utf-8", newline="") as target:
        table = csv.writer(target, delimiter=";")
        table.writerow(["number", "purpose", "source", "method", "time", "wording"])
        for position in range(size):
            phone = number(position).e164
            table.writerow([phone, "tilbud", "Kassa i Bergen", "paper_form", at, "1"])


def run_command(organisation: Organisation, file: Path, url: str) -> tuple[float, float]:
    """Import in a process of its own. Return its seconds, start included, and its peak memory in MB."""
    variables = environment.TESTS | {
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "smsconsent.settings",
    }
    proof = file.with_name("form.pdf")
    proof.write_bytes(b"%PDF-1.7")
    command = ["import_consents", str(file), "--organisation", organisation.slug]
    began = perf_counter()
    child = subprocess.Popen(  # noqa: S603  our own command
        [sys.executable, "manage.py", *command, "--proof", str(proof)],
        env=os.environ | variables,
        stdout=subprocess.DEVNULL,
    )
    _pid, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0
    return perf_counter() - began, usage.ru_maxrss / 1024


def bare_import(file: Path, url: str, organisation: Organisation) -> None:
    """The same columns by COPY into four tables with nothing but a primary key: no check and no rule."""
    with psycopg.connect(url) as session, file.open(encoding="utf-8", newline="") as source:
        for name in ("subject", "consent", "event", "detail"):
            session.execute(
                f"CREATE TABLE bare_{name} (id bigint PRIMARY KEY, a bytea, b bytea, c bytea)"
            )
        rows = csv.reader(source, delimiter=";")
        next(rows)
        batch: list[tuple[int, list[tuple[bytes, bytes, bytes]]]] = []
        for place, cells in enumerate(rows):
            batch.append((place, _bare_row(cells, organisation.pk)))
            if len(batch) == 2000:
                _copy(session, batch)
        _copy(session, batch)


def _bare_row(cells: list[str], organisation: int) -> list[tuple[bytes, bytes, bytes]]:
    phone, key, event = Phone(cells[0]), token_bytes(32), token_hex(16).encode()
    header = sha256(event).digest() * 9
    return [
        (
            crypto.encrypt_bytes(cells[0].encode()) + crypto.encrypt_bytes(key),
            crypto.blind_index(phone, use="lookup", organisation=organisation),
            crypto.blind_index(phone, use="suppression", organisation=organisation),
        ),
        (token_bytes(16), crypto.keyed_digest(event, use="stop"), event),
        (event, header, sha256(header).digest()),
        (event, crypto.encrypt_bytes(header * 3), crypto.keyed_digest(event, use="tag")),
    ]


def _copy(
    session: psycopg.Connection, batch: list[tuple[int, list[tuple[bytes, bytes, bytes]]]]
) -> None:
    with session.cursor() as cursor:
        for which, name in enumerate(("subject", "consent", "event", "detail")):
            with cursor.copy(f"COPY bare_{name} FROM STDIN (FORMAT binary)") as copy:
                copy.set_types(["int8", "bytea", "bytea", "bytea"])
                for place, tables in batch:
                    copy.write_row((place, *tables[which]))
    session.commit()
    batch.clear()
