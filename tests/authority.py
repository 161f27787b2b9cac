"""A time-stamping authority (RFC 3161) on this machine, by another hand: asn1crypto and cryptography."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

POLICY = "1.3.6.1.4.1.99999.1"
SHA_256 = algos.DigestAlgorithm({"algorithm": "sha256"})


@dataclass
class Authority:
    """`answer` may be replaced by a test that wants a bad one."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    root: x509.Certificate
    url: str = ""
    asked: list[bytes] = field(default_factory=list)
    status: int = 200
    bend: bool = False

    def write_root(self, path: Path) -> str:
        path.write_bytes(self.root.public_bytes(Encoding.PEM))
        return str(path)

    def respond(self, request: bytes) -> bytes:
        """Return the time-stamp response to a request, both DER."""
        asked = tsp.TimeStampReq.load(request)
        imprint = asked["message_imprint"].native
        if self.bend:
            imprint["hashed_message"] = bytes(32)
        info = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": POLICY,
                "message_imprint": imprint,
                "serial_number": len(self.asked),
                "gen_time": datetime.now(UTC).replace(microsecond=0),
                "nonce": asked["nonce"].native,
            }
        )
        response: bytes = tsp.TimeStampResp(
            {"status": {"status": "granted"}, "time_stamp_token": self._sign(info)}
        ).dump()
        return response

    def _sign(self, info: Any) -> Any:
        own = asn1.Certificate.load(self.certificate.public_bytes(Encoding.DER))
        content = info.dump()
        signed = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [SHA_256],
                "encap_content_info": {
                    "content_type": "tst_info",
                    "content": core.ParsableOctetString(content),
                },
                "certificates": [own],
                "signer_infos": [self._signer(own, _attributes(own, content))],
            }
        )
        return cms.ContentInfo({"content_type": "signed_data", "content": signed})

    def _signer(self, own: Any, attributes: Any) -> dict[str, Any]:
        name = {"issuer": own.issuer, "serial_number": own.serial_number}
        return {
            "version": "v1",
            "sid": {"issuer_and_serial_number": name},
            "digest_algorithm": SHA_256,
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": self.key.sign(attributes.dump(), ec.ECDSA(SHA256())),
        }


def _attributes(own: Any, content: bytes) -> Any:
    """What is signed: of which content, and by whose certificate."""
    certificate = {"cert_hash": sha256(own.dump()).digest()}
    return cms.CMSAttributes(
        [
            {"type": "content_type", "values": ["tst_info"]},
            {"type": "message_digest", "values": [sha256(content).digest()]},
            {"type": "signing_certificate_v2", "values": [{"certs": [certificate]}]},
        ]
    )


@contextmanager
def time_stamping_authority() -> Iterator[Authority]:
    """Run an authority on a free port of this machine."""
    authority = make_authority()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            authority.asked.append(body)
            self.send_response(authority.status)
            self.end_headers()
            self.wfile.write(authority.respond(body))

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        authority.url = f"http://127.0.0.1:{server.server_port}/"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield authority
        finally:
            server.shutdown()


def make_authority() -> Authority:
    """Return an authority with a certificate of its own making, under a root of its own making."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = _name("Test root")
    root = (
        _builder(root_name, root_name, root_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(root_key, SHA256())
    )
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    certificate = (
        _builder(_name("Test authority"), root_name, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(root_key, SHA256())
    )
    return Authority(key, certificate, root)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )
