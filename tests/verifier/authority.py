"""A time-stamping authority of our own (RFC 3161): a root, a signer under it, and tokens."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


class Authority:
    """Stamps what it is given, at the time it is told."""

    def __init__(self, *, may_stamp: bool = True) -> None:
        self._root_key, self._key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self.root = self._certificate("Rot", self._root_key, None, may_stamp=False)
        self.signer = self._certificate("Tid", self._key, self.root, may_stamp=may_stamp)

    @property
    def root_pem(self) -> bytes:
        return self.root.public_bytes(serialization.Encoding.PEM)

    def stamp(self, content: bytes, at: datetime, *, spoil: bool = False) -> bytes:
        """Return a TimeStampResp (DER) over SHA-256 of the content. A spoiled one is signed wrongly."""
        info = self._info(content, at).dump()
        certificates = [
            asn1_x509.Certificate.load(each.public_bytes(serialization.Encoding.DER))
            for each in (self.signer, self.root)
        ]
        data = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [{"algorithm": "sha256"}],
                "encap_content_info": {
                    "content_type": "tst_info",
                    "content": core.ParsableOctetString(info),
                },
                "certificates": certificates,
                "signer_infos": [self._signer_info(info, certificates[0], spoil=spoil)],
            }
        )
        token = cms.ContentInfo({"content_type": "signed_data", "content": data})
        answer = tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token})
        return bytes(answer.dump())

    def _signer_info(
        self, info: bytes, certificate: asn1_x509.Certificate, *, spoil: bool
    ) -> dict[str, Any]:
        attributes = cms.CMSAttributes(
            [
                {"type": "content_type", "values": ["tst_info"]},
                {"type": "message_digest", "values": [sha256(info).digest()]},
            ]
        )
        issued = {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
        signed = attributes.dump() + (b"x" if spoil else b"")
        return {
            "version": "v1",
            "sid": cms.SignerIdentifier({"issuer_and_serial_number": issued}),
            "digest_algorithm": {"algorithm": "sha256"},
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": self._key.sign(signed, ec.ECDSA(hashes.SHA256())),
        }

    def _info(self, content: bytes, at: datetime) -> tsp.TSTInfo:
        return tsp.TSTInfo(
            {
                "version": "v1",
                "policy": "1.2.3.4",
                "message_imprint": {
                    "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
                    "hashed_message": sha256(content).digest(),
                },
                "serial_number": 1,
                "gen_time": at.astimezone(UTC),
            }
        )

    def _certificate(
        self,
        name: str,
        key: ec.EllipticCurvePrivateKey,
        issuer: x509.Certificate | None,
        *,
        may_stamp: bool,
    ) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        begin = datetime(2026, 1, 1, tzinfo=UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + timedelta(days=365))
            .add_extension(
                x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True
            )
        )
        if may_stamp:
            usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
            builder = builder.add_extension(usage, critical=True)
        return builder.sign(self._root_key, hashes.SHA256())
