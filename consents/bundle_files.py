"""The files of a bundle, in a ZIP: the log's checkpoint and keys, texts, anchors, the report for people."""

import zipfile
from typing import IO, Any

from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import translation

from consents import ledger, logkeys
from consents.canonical import canonical_json
from consents.models import Anchor, Checkpoint, Organisation, Wording

# A ZIP cannot tell an earlier moment, and this one says nothing: the same data gives the same bytes.
NO_TIME = (1980, 1, 1, 0, 0, 0)


def archive(file: IO[bytes]) -> zipfile.ZipFile:
    """Return a new bundle, to be closed when all is written."""
    return zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)


def file_named(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, NO_TIME)
    info.compress_type, info.create_system = zipfile.ZIP_DEFLATED, 3
    info.external_attr = 0o644 << 16
    return info


def write(bundle: zipfile.ZipFile, name: str, content: bytes) -> None:
    bundle.writestr(file_named(name), content)


def start(bundle: zipfile.ZipFile, checkpoint: Checkpoint) -> None:
    """Write what the rest is held against: the signed checkpoint, and the keys of the log."""
    write(bundle, "checkpoint.txt", checkpoint.note.encode())
    write(bundle, "log.pub", logkeys.published().encode())


def write_texts(
    bundle: zipfile.ZipFile, organisation: Organisation, named: set[str]
) -> dict[str, Wording]:
    """Write the exact bytes of each wording that is named, and of the privacy notices that those name."""
    wordings = Wording.objects.filter(
        purpose__organisation=organisation, sha256__in=named
    ).select_related("purpose", "notice")
    texts = {wording.sha256: wording for wording in wordings.order_by("sha256", "pk")}
    for sha256, wording in texts.items():
        content = canonical_json(ledger.wording_bundle(wording))
        write(bundle, f"wordings/{sha256}.json", content)
    notices = {wording.notice.sha256: wording.notice for wording in texts.values()}
    for sha256, notice in sorted(notices.items()):
        write(bundle, f"notices/{sha256}.json", canonical_json(ledger.notice_bundle(notice)))
    return texts


def write_anchors(
    bundle: zipfile.ZipFile, checkpoint: Checkpoint, organisation: Organisation
) -> list[dict[str, Any]]:
    """Write the checkpoints that stand outside, with their time stamps. Return what stands where.

    Of the append-only file only the newest: it holds a checkpoint a minute.
    """
    own_mail = Q(kind=Anchor.Kind.MAIL, place=str(organisation.pk))
    kept = Anchor.objects.filter(own_mail | Q(kind=Anchor.Kind.TIME_STAMP))
    outside = list(kept.filter(size__lte=checkpoint.size).order_by("size", "kind", "place"))
    newest = Anchor.objects.filter(kind=Anchor.Kind.FILE, size__lte=checkpoint.size)
    outside += newest.order_by("-size")[:1]
    sizes = {anchor.size for anchor in outside}
    notes = Checkpoint.objects.filter(size__in=sizes).order_by("size").values_list("size", "note")
    for size, note in notes:
        write(bundle, f"anchors/{size:012}.txt", note.encode())
    stamps = [anchor for anchor in outside if anchor.proof]
    for number, anchor in enumerate(stamps, 1):
        write(bundle, f"anchors/{anchor.size:012}-{number}.tsr", bytes(anchor.proof))
    return [
        {"size": each.size, "kind": each.get_kind_display(), "at": each.anchored_at}
        for each in outside
    ]


def write_report(bundle: zipfile.ZipFile, kind: str, facts: dict[str, Any]) -> None:
    """Write the same for people, in bokmål: one file that prints and needs no network."""
    with translation.override("nb"):
        text = render_to_string(f"consents/bundles/{kind}.html", facts)
    write(bundle, "report.html", text.encode())
