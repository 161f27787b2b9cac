"""Bundles of evidence on their way out of the house: each with a name, a reason and a line in the log."""

from datetime import datetime
from hashlib import sha256
from typing import BinaryIO

from django.db import transaction
from django.utils.translation import gettext as _

from consents import bundles, receipts
from consents.bundles import NothingSealed
from consents.models import Consent, Disclosure, EvidenceExport, LegalHold, Organisation, Subject
from consents.services.legal_holds import read_held
from consents.services.reasons import written
from smsconsent.staff.models import User

__all__ = [
    "NotOpened",
    "NothingSealed",
    "export_audit",
    "export_case",
    "export_held",
    "open_receipt",
]


class NotOpened(Exception):
    """Nobody else has let this colleague read what is held, or nothing is held yet."""


def export_audit(
    organisation: Organisation, file: BinaryIO, *, by: User, reason: str, now: datetime
) -> EvidenceExport:
    """Write the audit bundle into a file that is open for reading and writing, and log it.

    It holds every header of the organisation and no personal data. Raises NothingSealed or
    ReasonMissing.
    """
    why = written(reason)
    size = bundles.write_audit(file, organisation, now=now)
    return _log(
        organisation, EvidenceExport.Kind.AUDIT, file, size=size, by=by, reason=why, now=now
    )


def export_case(
    subject: Subject,
    file: BinaryIO,
    *,
    by: User,
    reason: str,
    now: datetime,
    with_all_headers: bool = False,
) -> EvidenceExport:
    """Write everything that proves one person's consents, opened, and log it twice.

    PRIVACY: the reason stands with the person's number, as a disclosure, and goes with it. The line that
    cannot be deleted tells neither person nor reason. Raises NothingSealed or ReasonMissing.
    """
    why = written(reason)
    size = bundles.write_case(file, subject, now=now, with_all_headers=with_all_headers)
    with transaction.atomic():
        told = f"{_('Case bundle')}: {why}"[:200]
        Disclosure.objects.create(subject=subject, by=by, reason=told, at=now)
        return _log(subject.organisation, EvidenceExport.Kind.CASE, file, size=size, by=by, now=now)


def export_held(hold: LegalHold, file: BinaryIO, *, by: User, now: datetime) -> EvidenceExport:
    """Write the case of an erased number from what a hold has kept, and log it.

    Only for whoever may read it now: the reason and the two people stand with the opening. Raises
    NotOpened and NothingSealed.
    """
    rows = read_held(hold, by=by, now=now)
    if not rows:
        raise NotOpened
    size = bundles.write_held(file, hold, rows, now=now)
    return _log(hold.organisation, EvidenceExport.Kind.CASE, file, size=size, by=by, now=now)


@transaction.atomic
def open_receipt(consent: Consent, *, by: User, reason: str, now: datetime) -> str:
    """Return the path of the person's receipt, and write down who opened it and why.

    Raises ReasonMissing.
    """
    told = f"{_('Receipt')}: {written(reason)}"[:200]
    Disclosure.objects.create(subject_id=consent.subject_id, by=by, reason=told, at=now)
    # A consent from before there were receipts gets its address now.
    Consent.objects.filter(pk=consent.pk, receipt_digest=None).update(
        receipt_digest=receipts.digest_of(bytes(consent.stop_nonce))
    )
    return receipts.address_of(consent)


def _log(
    organisation: Organisation,
    kind: EvidenceExport.Kind,
    file: BinaryIO,
    *,
    size: int,
    by: User,
    now: datetime,
    reason: str = "",
) -> EvidenceExport:
    file.seek(0)
    digest = sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    file.seek(0)
    return EvidenceExport.objects.create(
        organisation=organisation,
        kind=kind,
        by=by,
        reason=reason[:200],
        log_size=size,
        file_sha256=digest.hexdigest(),
        at=now,
    )
