"""The checkpoints of the log, stored and published, held against the tree as it grows. For `verification`."""

from collections.abc import Iterator

from consents import entries, logkeys, merkle, notes, publication, sealing
from consents.models import Anchor, Checkpoint
from consents.problems import Report

CHUNK = 4_000


class Marks:
    """Stored and published checkpoints in order of size, each checked when the tree has grown to it."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._keys, self._entries = logkeys.trusted(), logkeys.read()
        self._first = logkeys.first_key(self._entries)
        self._rows = _side_by_side(report)
        self._next = next(self._rows, None)

    def check(self, frontier: merkle.Frontier) -> None:
        while self._next is not None and self._next[0] <= frontier.size:
            size, root, note = self._next
            self._report.checkpoint_count += 1
            if root != frontier.root:
                self._report.add("root_wrong", size)
            self._check_signatures(note)
            self._next = next(self._rows, None)

    def _check_signatures(self, note: notes.SignedNote) -> None:
        if not publication.is_ours(note, self._keys):
            self._report.add("signature_wrong", note.size)
        elif self._first is not None:
            due = entries.signers(self._entries, size=note.size, first=self._first)
            if not publication.signers(note, self._keys) >= set(due):
                self._report.add("signature_missing", note.size)

    def finish(self) -> None:
        """What is left covers more events than there are, unless it was signed meanwhile."""
        size = sealing.log_size()
        while self._next is not None:
            if self._next[0] > size:
                self._report.add("log_cut", self._next[0])
            self._next = next(self._rows, None)


def _side_by_side(report: Report) -> Iterator[tuple[int, bytes, notes.SignedNote]]:
    """Merge stored and published checkpoints by size, and name what only one of them has."""
    newest = Anchor.objects.filter(kind=Anchor.Kind.FILE).order_by("-size").first()
    published_until = newest.size if newest else 0
    stored, published = _stored(report), _published(report)
    ours, theirs = next(stored, None), next(published, None)
    while ours is not None or theirs is not None:
        if theirs is None or (ours is not None and ours.size < theirs.size):
            assert ours is not None
            if ours.size <= published_until:
                report.add("published_missing", ours.size)
            yield ours.size, ours.root, ours
            ours = next(stored, None)
        elif ours is None or theirs.size < ours.size:
            # Signed since we began to read, it is there by now.
            if not Checkpoint.objects.filter(size=theirs.size).exists():
                report.add("checkpoint_missing", theirs.size)
            yield theirs.size, theirs.root, theirs
            theirs = next(published, None)
        else:
            if ours.body != theirs.body:
                report.add("published_differs", ours.size)
                yield theirs.size, theirs.root, theirs
            yield ours.size, ours.root, ours
            ours, theirs = next(stored, None), next(published, None)


def _stored(report: Report) -> Iterator[notes.SignedNote]:
    """Yield the stored checkpoints by size, in keyset pages."""
    size = -1
    while rows := list(Checkpoint.objects.filter(size__gt=size).order_by("size")[:CHUNK]):
        for row in rows:
            size = row.size
            try:
                note = notes.read(row.note)
            except notes.MalformedNote:
                report.add("checkpoint_changed", size)
                continue
            if (note.size, note.root) != (size, bytes(row.root)):
                report.add("checkpoint_changed", size)
            yield notes.SignedNote(note.origin, size, bytes(row.root), note.body, note.signatures)


def _published(report: Report) -> Iterator[notes.SignedNote]:
    """Yield the published checkpoints. A piece that a crash cut short is the beginning of the next one.

    What a former log had published beyond the place where this one took over is lost, and known to be.
    """
    size, torn, takeovers = 0, "", logkeys.takeovers()
    for text in publication.every():
        try:
            note = notes.read(text)
        except notes.MalformedNote:
            torn = text.rstrip("\n")
            continue
        takeover = takeovers.get(note.origin)
        if takeover is not None and note.size > takeover.content["kept"]:
            continue
        if (torn and not text.startswith(torn)) or note.size <= size:
            report.add("published_unreadable", note.size)
        if note.size > size:
            yield note
        size, torn = max(size, note.size), ""
