"""Signatures of callbacks and of requests, against the vectors of strex.md § 6 and § 9."""

from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from smsconsent.gateways import Basis, CallbackRefused, GatewayUnavailable, Trust
from smsconsent.gateways.simulator.signatures import is_signed_by, text_to_sign
from smsconsent.gateways.strex import Strex
from smsconsent.gateways.strex_settings import StrexSettings

BODY = (
    b'{"transactionId":"m1","created":"2026-01-15T09:30:00+00:00","sender":"+4700000001",'
    b'"recipient":"2002","content":"SKI STOPP"}'
)
PATH = "/webhooks/strex/in/3f9a1c"
KEY_NAME, STAMP, NONCE = "2023-11-01", 1768469400, "8d1f0c52-5d6e-4a57-9d0a-0b1f3a2c4e11"
SIGNATURE = (
    "BioaE5bhdwKS8ULoVDlkh3ymAaSB23/65NacJWNaeNySu1Z0IdPB86l3SQea3hSZgiu5KtIIfZ4F27Al2rY4Yw=="
)
PUBLIC_KEY = {
    "accountId": 1,
    "name": KEY_NAME,
    "publicKeyString": (
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEgYTucJTa4rGO7c/BVW4Hxwy6lt+u39gaEms9iiwcK4Vc8v0ND3Sx"
        "sgsG/P4oByKZgXRDlOU5jDaZwOOv+12Xpw=="
    ),
    "signAlgo": "ECDsaP256",
    "hashAlgo": "SHA256",
    "notUsableBefore": "2023-11-01T00:00:00Z",
    "expiry": "2030-01-01T00:00:00Z",
}
NOW = datetime.fromtimestamp(STAMP, UTC)


def header(
    *, name: str = KEY_NAME, at: object = STAMP, nonce: str = NONCE, signature: str = SIGNATURE
) -> dict[str, str]:
    return {"X-ECDSA-Signature": f"{name}:{at}:{nonce}:{signature}"}


def gateway(policy: str = "stop-only", **key: Any) -> Strex:
    """An adapter that has loaded the key of the vector, and calls nobody."""
    settings = StrexSettings(
        base_url="https://gateway.example/",
        api_key="k",
        callback_base_url="https://consent.example.no",
        callback_signature=policy,
        server_key_names=(KEY_NAME,),
    )
    adapter = Strex(settings)
    adapter.keys._fetch = lambda name: PUBLIC_KEY | key
    return adapter


def record_fetches(adapter: Strex) -> list[str]:
    asked: list[str] = []

    def fetch(name: str) -> dict[str, Any]:
        asked.append(name)
        return PUBLIC_KEY

    adapter.keys._fetch = fetch
    return asked


def verify(adapter: Strex, headers: dict[str, str], **changes: Any) -> tuple[Trust, Basis]:
    values: dict[str, Any] = {"method": "POST", "path": PATH, "body": BODY, "now": NOW}
    found = adapter.verify(headers=headers, **(values | changes))
    adapter.close()
    return found.trust, found.basis


def test_the_vector_is_good() -> None:
    adapter = gateway("required")

    callback = adapter.verify(method="POST", path=PATH, headers=header(), body=BODY, now=NOW)

    adapter.close()
    assert callback.trust is Trust.SIGNED
    assert callback.nonce == (KEY_NAME, NONCE)


def test_case_of_address_and_header_name_does_not_matter() -> None:
    headers = {"x-ecdsa-signature": header()["X-ECDSA-Signature"]}

    assert verify(gateway(), headers, path=PATH.upper())[0] is Trust.SIGNED


r, s = b64decode(SIGNATURE)[:32], b64decode(SIGNATURE)[32:]
DER = b64encode(encode_dss_signature(int.from_bytes(r), int.from_bytes(s))).decode()
FORGED: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "body": (header(), {"body": BODY.replace(b"STOPP", b"STOPQ")}),
    "path": (header(), {"path": PATH[:-1] + "d"}),
    "nonce": (header(nonce=NONCE[:-1] + "2"), {}),
    "timestamp": (header(at=STAMP + 1), {}),
    "signature in DER": (header(signature=DER), {}),
    "r and s swapped": (header(signature=b64encode(s + r).decode()), {}),
    "r and s nought": (header(signature=b64encode(bytes(64)).decode()), {}),
    "a second header": ({**header(), "x-ecdsa-signature": header()["X-ECDSA-Signature"]}, {}),
    "two values in one": ({"X-ECDSA-Signature": ",".join([*header().values()] * 2)}, {}),
    "scheme word": ({"X-ECDSA-Signature": f"ECDSA {header()['X-ECDSA-Signature']}"}, {}),
    "written in another way": (header(signature=SIGNATURE[:-3] + "x=="), {}),
    "empty": ({"X-ECDSA-Signature": ""}, {}),
    "timestamp with a sign": (header(at=f"+{STAMP}"), {}),
    "other digits": (header(at="١٧٦٨٤٦٩٤٠٠"), {}),
    "name with a slash": (header(name="../x"), {}),
}


@pytest.mark.parametrize("forgery", FORGED)
@pytest.mark.parametrize("policy", ["required", "stop-only", "path"])
def test_a_forgery_is_refused_under_every_policy(policy: str, forgery: str) -> None:
    headers, changes = FORGED[forgery]
    adapter = gateway(policy)

    with pytest.raises(CallbackRefused):
        verify(adapter, headers, **changes)


@pytest.mark.parametrize(
    ("off", "trust"),
    [(300, Trust.SIGNED), (-300, Trust.SIGNED), (301, Trust.STALE), (-301, Trust.STALE)],
)
def test_a_good_signature_with_another_time_is_stale(off: int, trust: Trust) -> None:
    assert verify(gateway(), header(), now=NOW + timedelta(seconds=off))[0] is trust


@pytest.mark.parametrize(
    "dates",
    [
        {"expiry": "2026-01-15T09:29:59Z"},
        {"notUsableBefore": "2026-01-15T09:30:01Z"},
    ],
    ids=["expired", "not yet"],
)
def test_a_key_out_of_its_time_is_refused(dates: dict[str, str]) -> None:
    with pytest.raises(CallbackRefused):
        verify(gateway(**dates), header())


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("required", None),
        ("stop-only", (Trust.UNSIGNED, Basis.PATH)),
        ("path", (Trust.SIGNED, Basis.PATH)),
        ("off", (Trust.SIGNED, Basis.NOTHING)),
    ],
)
@pytest.mark.parametrize("headers", [{}, header(name="2099-01-01")], ids=["absent", "not loaded"])
def test_without_a_signature_the_policy_decides(
    policy: str, headers: dict[str, str], expected: tuple[Trust, Basis] | None
) -> None:
    if expected is None:
        with pytest.raises(CallbackRefused):
            verify(gateway(policy), headers)
    else:
        assert verify(gateway(policy), headers) == expected


def test_a_key_that_a_callback_names_is_never_fetched(caplog: pytest.LogCaptureFixture) -> None:
    adapter = gateway()
    asked = record_fetches(adapter)

    verify(adapter, header(name="evil"))

    assert asked == [KEY_NAME]
    assert "add it to STREX_SERVER_KEY_NAMES" in caplog.text


def test_keys_are_loaded_once_a_day() -> None:
    adapter = gateway()
    asked = record_fetches(adapter)

    for passed in (0, 23 * 3600, 24 * 3600):
        adapter.keys.get(KEY_NAME, now=NOW + timedelta(seconds=passed))

    adapter.close()
    assert len(asked) == 2


def test_a_key_that_the_gateway_has_withdrawn_is_trusted_no_more() -> None:
    adapter = gateway("required")
    adapter.keys.get(KEY_NAME, now=NOW)
    adapter.keys._fetch = lambda name: None

    assert adapter.load_server_keys(now=NOW) == [KEY_NAME]

    assert adapter.keys.get(KEY_NAME, now=NOW) is None
    adapter.close()


def test_a_key_stays_while_the_gateway_cannot_be_asked() -> None:
    adapter = gateway("required")
    key = adapter.keys.get(KEY_NAME, now=NOW)

    def fail(name: str) -> dict[str, Any]:
        raise GatewayUnavailable

    adapter.keys._fetch = fail

    assert adapter.load_server_keys(now=NOW) == [KEY_NAME]

    assert adapter.keys.get(KEY_NAME, now=NOW) is key is not None
    adapter.close()


@pytest.mark.parametrize(
    "fields",
    [
        {"signAlgo": "RSA"},
        {"hashAlgo": "SHA1"},
        {"publicKeyString": "AAAA"},
        {"publicKeyString": "not base64!"},
        {"publicKeyString": None},
        {"expiry": "soon"},
    ],
)
def test_a_key_that_is_no_key_is_not_loaded(fields: dict[str, Any]) -> None:
    adapter = gateway(**fields)

    assert adapter.load_server_keys(now=NOW) == [KEY_NAME]

    adapter.close()


# -- requests (strex.md § 9) ---------------------------------------------------------------------------
def test_the_request_vector_is_good_for_the_simulator() -> None:
    message = text_to_sign(
        "POST",
        "https://test.target365.io/api/out-messages",
        1700000000,
        "11111111-2222-3333-4444-555555555555",
        b'{"transactionId":"t1"}',
    )
    signature = b64decode(
        "wPiDVpO+h180riVHSfRM18ep7iowHCFURC9TNXjMxiRklj1YpuXUispJkqtIOKJnXObqpjbw75G1VjnHDr6plg=="
    )
    key = (
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEdS1KbFR1cUjK+3E4PxH3PmLaH/MATsqsCZUFpwtrG8MXYlMwam2t"
        "FopB8Eg3Auo6qPIuQDXRKURObtPdICoNAQ=="
    )

    assert message == (
        b"posthttps://test.target365.io/api/out-messages1700000000"
        b"11111111-2222-3333-4444-555555555555ynDNVA6Pnzz1A8COxyEd1BhlHhdctTzYT7qQUkgs6nU="
    )
    assert is_signed_by(key, signature, message)
    assert not is_signed_by(key, signature, message + b" ")
