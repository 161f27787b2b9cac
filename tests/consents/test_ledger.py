"""What an event is, byte for byte: the canonical JSON of its header and of its detail."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consents import ledger
from consents.canonical import canonical_json
from consents.ledger import Proof
from consents.models import Consent, ConsentEvent
from tests.make import NOON, make_consent

HEX = st.binary(min_size=16, max_size=32).map(bytes.hex)
FACTS = st.dictionaries(st.text(max_size=9), st.text(max_size=30) | st.integers(), max_size=4)


@given(HEX, HEX, HEX, st.dates().map(str), st.sampled_from(ConsentEvent.Type.values))
def test_a_header_is_canonical(first: str, second: str, third: str, day: str, kind: str) -> None:
    content = {"commit": first, "event_id": second, "notice_sha256": third, "purpose": first}
    content |= {"recorded_day": day, "tag": second}

    header = ledger.header_json(**content, kind=kind)

    assert header == canonical_json(content | {"type": kind, "v": 1})


@given(HEX, st.integers(min_value=1), FACTS, FACTS, st.sampled_from(Consent.Source))
def test_a_private_part_is_canonical(
    ref: str,
    version: int,
    workflow: dict[str, str | int],
    proof: dict[str, str | int],
    source: Consent.Source,
) -> None:
    content: dict[str, str] = {
        "subject_ref": ref, "phone": "+4790000001", "occurred_at": "2020-02-29T23:59:59.999+00:00",
        "valid_until": "", "expressed_by": "subject", "method": "mo_reply", "language": "nb",
    }  # fmt: skip

    private = ledger.private_json(
        **content, source=source, wording_version=version, workflow=workflow, proof=proof
    )

    whole = content | {"source": source.value, "wording_version": version}
    assert private == canonical_json(whole | {"workflow": workflow, "proof": proof})


@given(st.binary(max_size=32), FACTS, st.binary(max_size=32), st.integers(min_value=1))
def test_a_detail_is_canonical(
    prev: bytes, private: dict[str, str | int], salt: bytes, seq: int
) -> None:
    detail = ledger.detail_json(
        prev=prev, private=canonical_json(private), salt=salt, seq=seq
    ).encode()

    whole = {"prev": prev.hex(), "private": private, "salt": salt.hex(), "seq": seq}
    assert detail == canonical_json(whole)


@pytest.mark.django_db
def test_an_event_commits_to_its_detail_and_both_are_canonical() -> None:
    consent = make_consent("granted")
    facts: ledger.Facts = {"wrote": 'Sier "ja" \\ æøå 😀 \n', "parts": 2}

    line = ledger.prepare(
        ConsentEvent.Type.RENEWED,
        subject=consent.subject,
        consent=consent,
        wording=consent.wording,
        proof=Proof("mo_reply", facts=facts, workflow={"form": "1"}),
        said_at=datetime(2020, 2, 29, 23, 59, 59, 999_999, UTC),
        now=NOON,
    )

    header, detail = json.loads(line.header), json.loads(line.detail)
    assert line.header == canonical_json(header)
    assert line.detail.encode() == canonical_json(detail)
    assert header["commit"] == ledger.commitment(bytes.fromhex(detail["salt"]), detail["private"])
    assert (header["v"], header["type"]) == (1, "renewed")
    assert header["recorded_day"] == f"{NOON:%Y-%m-%d}"
    assert detail["private"]["proof"] == facts
    assert detail["private"]["occurred_at"] == "2020-02-29T23:59:59.999+00:00"
    assert detail["seq"] == consent.subject.event_count == line.seq
