"""Time stamps by RFC 3161: somebody else says that these bytes existed at that time.

The authority is chosen by `LEDGER_TSA_URL`; what it answers counts only when it leads to a certificate in
`LEDGER_TSA_CERTIFICATES` (PEM). It learns a SHA-256 and nothing else.
"""

from datetime import datetime
from pathlib import Path

import httpx2
from cryptography import x509
from django.conf import settings
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

TIMEOUT = httpx2.Timeout(10, connect=2)
MOST_BYTES = 65_536
_MEDIA_TYPE = "application/timestamp-query"


class TimeStampUnavailable(Exception):
    """The authority cannot be reached, refuses, or answers with what does not verify."""


def stamp(data: bytes) -> bytes:
    """Return a verified time-stamp response (DER) over these bytes. Raises TimeStampUnavailable."""
    request = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).build()
    try:
        answer = httpx2.post(
            settings.LEDGER_TSA_URL,
            content=request.as_bytes(),
            headers={"Content-Type": _MEDIA_TYPE},
            timeout=TIMEOUT,
            follow_redirects=False,
        )
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise TimeStampUnavailable(type(error).__name__) from error
    if answer.status_code != 200 or len(answer.content) > MOST_BYTES:
        raise TimeStampUnavailable(f"the authority answers {answer.status_code}")
    _verify(answer.content, data, nonce=request.nonce)
    return answer.content


def stamped_at(response: bytes, data: bytes) -> datetime:
    """Return when these bytes were stamped. Raises TimeStampUnavailable unless that is shown."""
    return _verify(response, data, nonce=None)


def _verify(response: bytes, data: bytes, *, nonce: int | None) -> datetime:
    builder = VerifierBuilder(nonce=nonce)
    for root in _trusted_certificates():
        builder = builder.add_root_certificate(root)
    try:
        decoded = decode_timestamp_response(response)
        builder.build().verify_message(decoded, data)
    except (VerificationError, ValueError) as error:
        raise TimeStampUnavailable(f"the time stamp does not verify: {error}") from error
    moment: datetime = decoded.tst_info.gen_time
    return moment


def _trusted_certificates() -> list[x509.Certificate]:
    if not settings.LEDGER_TSA_CERTIFICATES:
        raise TimeStampUnavailable("LEDGER_TSA_CERTIFICATES names no file of trusted certificates")
    try:
        pem = Path(settings.LEDGER_TSA_CERTIFICATES).read_bytes()
        return x509.load_pem_x509_certificates(pem)
    except (OSError, ValueError) as error:
        raise TimeStampUnavailable(f"LEDGER_TSA_CERTIFICATES cannot be read: {error}") from error
