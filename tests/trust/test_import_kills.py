"""An import that is killed, again and again: nothing lost, nothing twice, and the evidence whole."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.utils import timezone

from consents.models import Consent, ConsentEvent, ConsentImport, EventDetail, Subject
from tests import environment
from tests.make import DAY, make_purpose
from tests.trust import size

pytestmark = [pytest.mark.postgres, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ROWS, KILLS = size.of(5_000, 100_000), size.of(2, 20)


def start(file: Path, organisation: str, database_url: str) -> "subprocess.Popen[bytes]":
    variables = environment.TESTS | {
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "smsconsent.settings",
    }
    command = [
        sys.executable,
        "manage.py",
        "import_consents",
        str(file),
        "--organisation",
        organisation,
        "--proof",
        str(file.with_name("form.pdf")),
    ]
    return subprocess.Popen(
        command, env=os.environ | variables, cwd=environment.ROOT, stdout=subprocess.DEVNULL
    )


def test_an_import_that_is_killed_goes_on(tmp_path: Path, database_url: str) -> None:
    purpose = make_purpose(slug="tilbud")
    file = tmp_path / "consents.csv"
    at = f"{timezone.now() - 30 * DAY:%Y-%m-%d %H:%M}"
    rows = [f"+479{number:07};tilbud;Kassa;paper_form;{at};1" for number in range(ROWS)]
    file.write_text(
        "\n".join(["number;purpose;source;method;time;wording", *rows]), encoding="utf-8"
    )
    file.with_name("form.pdf").write_bytes(b"%PDF-1.7 skjema")
    dice = random.Random(20261125)
    for _kill in range(KILLS):
        child = start(file, purpose.organisation.slug, database_url)
        before = ConsentImport.objects.values_list("done_count", flat=True).first() or 0
        while child.poll() is None and (seen() or 0) <= before:
            time.sleep(0.02)
        time.sleep(dice.random() / 5)
        child.send_signal(signal.SIGKILL)
        child.wait()

    assert start(file, purpose.organisation.slug, database_url).wait() == 0

    run = ConsentImport.objects.get()
    assert (run.state, run.good_count, run.problem_count) == ("imported", ROWS, 0)
    assert Subject.objects.filter(event_count=1).count() == Consent.objects.count() == ROWS
    assert ConsentEvent.objects.count() == EventDetail.objects.filter(seq=1).count() == ROWS


def seen() -> int | None:
    return ConsentImport.objects.values_list("done_count", flat=True).first()
