"""Signatures: of a callback from Strex, `X-ECDSA-Signature: keyName:timestamp:nonce:signature`, and of a
request of ours, `Authorization: ECDSA keyName:timestamp:nonce:signature`, where that is configured.

ECDSA P-256 over SHA-256 of method, full address, timestamp, nonce and body hash, without separators, as
the public .NET and Java SDKs check it. The signature is r || s, 64 bytes, not DER.
"""

import re
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Self
from uuid import uuid4

import httpx2
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from smsconsent.gateways import CallbackRefused, GatewayMisconfigured
from smsconsent.gateways.strex_settings import StrexSettings

HEADER = "X-ECDSA-Signature"
KEY_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_FORMAT = re.compile(
    r"(?P<name>[A-Za-z0-9_-]{1,64}):(?P<at>[0-9]{1,12}):(?P<nonce>[A-Za-z0-9_-]{1,64})"
    r":(?P<signature>[A-Za-z0-9+/]{86}==)",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Signature:
    """The four parts of the header, of the right shape. Says nothing about who wrote them."""

    key_name: str
    timestamp: str
    nonce: str
    r_and_s: bytes

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> Self | None:
        """Return None without such a header. Raises CallbackRefused for a malformed or doubled one."""
        found = [value for name, value in headers.items() if name.lower() == HEADER.lower()]
        if not found:
            return None
        match = _FORMAT.fullmatch(found[0]) if len(found) == 1 else None
        if match is None:
            raise CallbackRefused("the signature header is malformed")
        r_and_s = b64decode(match["signature"])
        # Two bits of the last letter say nothing; only one way of writing a signature is right.
        if b64encode(r_and_s).decode() != match["signature"]:
            raise CallbackRefused("the signature header is malformed")
        return cls(match["name"], match["at"], match["nonce"], r_and_s)

    def is_fresh(self, *, now: datetime, skew: int) -> bool:
        """Return whether it was made within `skew` seconds of now, to either side."""
        return abs(now.timestamp() - int(self.timestamp)) <= skew

    def message(self, *, method: str, url: str, body: bytes) -> bytes:
        """Return the bytes that were signed. The body as received, before anybody parsed it."""
        return text_to_sign(method, url, self.timestamp, self.nonce, body)


def text_to_sign(method: str, url: str, timestamp: str, nonce: str, body: bytes) -> bytes:
    """Return what is signed in either direction. The address is whole, its query as it is sent."""
    body_hash = b64encode(sha256(body).digest()).decode() if body else ""
    return f"{method.lower()}{url.lower()}{timestamp}{nonce}{body_hash}".encode()


class RequestSigner(httpx2.Auth):
    """Signs each request, as the public SDKs do (strex.md § 9). Off unless a key is configured."""

    requires_request_body = True

    def __init__(
        self, key_name: str, key: ec.EllipticCurvePrivateKey, clock: Callable[[], float] = time.time
    ) -> None:
        self._key_name, self._key, self._clock = key_name, key, clock

    @classmethod
    def from_settings(cls, settings: StrexSettings) -> Self | None:
        """Return None when requests are not signed. Raises GatewayMisconfigured for what is no key."""
        if not settings.signing_key:
            return None
        try:
            number = int.from_bytes(bytes.fromhex(settings.signing_key))
            return cls(settings.signing_key_name, ec.derive_private_key(number, ec.SECP256R1()))
        except ValueError:
            raise GatewayMisconfigured("STREX_SIGNING_KEY is no P-256 key in hexadecimal") from None

    def auth_flow(
        self, request: httpx2.Request
    ) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Add the header to one request, over the address and the body as they leave."""
        timestamp, nonce = str(int(self._clock())), str(uuid4())
        message = text_to_sign(request.method, str(request.url), timestamp, nonce, request.content)
        r, s = decode_dss_signature(self._key.sign(message, ec.ECDSA(SHA256())))
        signature = b64encode(r.to_bytes(32) + s.to_bytes(32)).decode()
        token = f"{self._key_name}:{timestamp}:{nonce}:{signature}"
        request.headers["Authorization"] = f"ECDSA {token}"
        yield request


@dataclass(frozen=True, slots=True)
class ServerKey:
    """A public key of the gateway, and when it may be used."""

    public_key: ec.EllipticCurvePublicKey
    usable_from: datetime
    expires_at: datetime

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Self:
        """Read a PublicKey. Raises ValueError for another algorithm, another curve or a bad date."""
        algorithms = str(fields.get("signAlgo")).lower(), str(fields.get("hashAlgo")).lower()
        if algorithms != ("ecdsap256", "sha256"):
            raise ValueError("not an ECDsaP256 key with SHA256")
        try:
            key = load_der_public_key(b64decode(fields["publicKeyString"], validate=True))
            dates = read_moment(fields["notUsableBefore"]), read_moment(fields["expiry"])
        except (KeyError, TypeError, UnsupportedAlgorithm) as error:
            raise ValueError("not a public key") from error
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
            raise ValueError("not a key on P-256")
        return cls(key, *dates)

    def check(self, signature: Signature, message: bytes, *, now: datetime) -> None:
        """Raises CallbackRefused unless this key, in its time, made this signature."""
        if not self.usable_from <= now < self.expires_at:
            raise CallbackRefused("the key of the signature is not in use now")
        r, s = (int.from_bytes(part) for part in (signature.r_and_s[:32], signature.r_and_s[32:]))
        try:
            self.public_key.verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
        except InvalidSignature:
            raise CallbackRefused("the signature is wrong") from None


def read_moment(text: str) -> datetime:
    """Return an ISO 8601 moment; without an offset it is UTC. Raises ValueError, TypeError."""
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    # .NET writes "no date" as year 1 or 9999, where arithmetic and conversions overflow.
    floor = datetime(1970, 1, 2, tzinfo=UTC)
    return max(floor, min(moment, floor + timedelta(days=365 * 1000)))
