"""Both directions of the signature: requests that clients sign, callbacks that the server signs."""

import re
import time
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from uuid import uuid4

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

# The order of P-256: a private key is a number below it.
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_TOKEN = re.compile(r"([^:\s]+):(\d+):([^:\s]+):(\S+)")


@dataclass(frozen=True, slots=True)
class Token:
    """keyName:timestamp:nonce:signature, as it stands in either header."""

    key_name: str
    timestamp: int
    nonce: str
    signature: bytes

    @classmethod
    def parse(cls, text: str) -> "Token | None":
        match = _TOKEN.fullmatch(text)
        try:
            return match and cls(match[1], int(match[2]), match[3], b64decode(match[4]))
        except ValueError:
            return None


def text_to_sign(method: str, url: str, timestamp: int, nonce: str, body: bytes) -> bytes:
    """Return what is signed; the URL with its query, all of it in lower case."""
    content_hash = b64encode(sha256(body).digest()).decode() if body else ""
    return f"{method.lower()}{url.lower()}{timestamp}{nonce}{content_hash}".encode()


def derive_key(secret: str) -> ec.EllipticCurvePrivateKey:
    """Return the same key for the same secret, so that a restart does not change the server key."""
    number = int.from_bytes(sha256(b"simulated server key" + secret.encode()).digest())
    return ec.derive_private_key(1 + number % (_ORDER - 1), ec.SECP256R1())


def public_text(key: ec.EllipticCurvePrivateKey) -> str:
    """Return the public half as Strex publishes it: base64 of the DER SubjectPublicKeyInfo."""
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b64encode(der).decode()


def sign(
    key: ec.EllipticCurvePrivateKey,
    key_name: str,
    *,
    url: str,
    body: bytes,
    timestamp: int | None = None,
) -> str:
    """Return the value of `X-ECDSA-Signature` for a POST. Its clock is the real one."""
    timestamp = int(time.time()) if timestamp is None else timestamp
    nonce = str(uuid4())
    message = text_to_sign("post", url, timestamp, nonce, body)
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(SHA256())))
    signature = b64encode(r.to_bytes(32) + s.to_bytes(32)).decode()
    return f"{key_name}:{timestamp}:{nonce}:{signature}"


def is_signed_by(public_key: str, signature: bytes, message: bytes) -> bool:
    """Return whether r || s is a signature of the message under a base64 DER key."""
    key = load_der_public_key(b64decode(public_key))
    if not isinstance(key, ec.EllipticCurvePublicKey) or len(signature) != 64:
        return False
    der = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
    try:
        key.verify(der, message, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True
