"""The whole database, as a thief would get it: no number in any spelling, no address, no message by name."""

import subprocess
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.models import Delivery
from consents import confirmations, services
from consents.models import InboundMessage, Suppression
from smsconsent import crypto
from smsconsent.phones import Phone
from tests import servers
from tests.make import (
    make_campaign,
    make_consent,
    make_email_question,
    make_purpose,
    make_user,
    phone,
)
from tests.settings import IS_POSTGRES

pytestmark = pytest.mark.django_db(transaction=True)

NUMBER = phone(123)
EMAIL = "kari.nordmann@person.example"
WORDS = "Kari Nordmann vil gjerne slutte"


def spellings() -> Iterator[bytes]:
    """The number as people, programs and careless code may have written it down."""
    national = NUMBER.e164.removeprefix("+47")
    for text in (
        national,
        NUMBER.e164,
        f"0047{national}",
        f"{national[:3]} {national[3:5]} {national[5:]}",
        f"{national[:2]} {national[2:4]} {national[4:6]} {national[6:]}",
        national[::-1],
    ):
        raw = text.encode()
        yield raw
        yield raw.hex().encode()
        yield b64encode(raw).rstrip(b"=")
        # A hash without a key can be searched: sixteen million numbers take seconds.
        yield sha256(raw).digest()
        yield sha256(raw).hexdigest().encode()
    yield from (EMAIL.encode(), EMAIL.encode().hex().encode(), WORDS.encode(), b"Nordmann")


def dump() -> bytes:
    """Return every byte that the database has on disk, as a dump would have it."""
    name = connection.settings_dict["NAME"]
    if not IS_POSTGRES:
        file = Path(name)
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return b"".join(
            path.read_bytes() for path in file.parent.glob(f"{file.name}*") if path.is_file()
        )
    return subprocess.run(
        [servers.postgres_program("pg_dump"), "--dbname", servers.postgres(name)],
        check=True,
        capture_output=True,
    ).stdout


def live_a_whole_life(number: Phone = NUMBER) -> None:
    now = timezone.now()
    purpose = make_purpose(asks_by_email=True)
    consent = make_consent("pending", purpose=purpose, number=number, at=now)
    confirmations.queue_sms(consent, now=now)
    make_email_question(consent, EMAIL, now=now)
    granted = make_consent(
        "granted", purpose=make_purpose(purpose.organisation), number=number, at=now
    )
    confirmations.queue_welcome(granted, now=now)
    make_campaign("sending", purpose=granted.purpose, now=now)
    InboundMessage.objects.create(
        gateway="strex",
        message_id="1",
        organisation=purpose.organisation,
        subject=granted.subject,
        sender=number,
        sender_index=crypto.blind_index(number, use="inbound"),
        recipient="26112",
        text=f"{WORDS} {number.e164}",
        key_id=crypto.current_key_id(),
        trust="signed",
        vouched_by="signature",
        state="review",
        received_at=now,
    )
    services.request_consent(
        make_purpose(purpose.organisation),
        number,
        wording=purpose.wordings.get(),
        source="web",
        proof=services.Proof("web_form"),
        network=b"n" * 32,
        now=now,
    )
    services.reveal(granted.subject, by=make_user(), reason="klage", now=now)
    services.suppress(
        purpose.organisation, number, purpose=None, reason=Suppression.Reason.OBJECTION, now=now
    )


def test_the_dump_names_nobody() -> None:
    live_a_whole_life()
    assert Delivery.objects.exists()

    content = dump()

    assert b"consents_subject" in content, "this is the whole database"
    found = [spelling for spelling in spellings() if spelling in content]
    assert found == []


def test_the_search_would_find_a_number() -> None:
    purpose = make_purpose()
    purpose.name = f"Ring {NUMBER.e164}"
    purpose.save()

    content = dump()

    assert any(spelling in content for spelling in spellings())
