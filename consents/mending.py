"""After a restored backup: the log grows again into what was published, or goes on under another name.

The places come from the journal, or from the published root; checkpoints come back from the published copy.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from consents import keychanges, logkeys, merkle, notes, proofs, publication, sealing
from consents.models import Anchor, Checkpoint, ConsentEvent, Leaf, PendingEvent


@transaction.atomic
def put_back(places: Iterable[tuple[int, str]]) -> int:
    """After a restored backup: give events the places in the log that they had. Return how many.

    As far as places follow on without a gap: so the log grows into what was published. Safe to repeat.
    """
    size, wanted = sealing.log_size(), dict(places)
    events = ConsentEvent.objects.filter(event_id__in=wanted.values(), leaf=None)
    found = {event.event_id: event for event in events}
    row: list[ConsentEvent] = []
    while (event := found.get(wanted.get(size + len(row), ""))) is not None:
        row.append(event)
    Leaf.objects.bulk_create(
        [Leaf(tree_index=size + at, event=event) for at, event in enumerate(row)]
    )
    PendingEvent.objects.filter(pk__in=[event.pk for event in row]).delete()
    sealing.grow(size, [bytes(event.header) for event in row])
    return len(row)


@transaction.atomic
def place_waiting() -> int:
    """After a restored backup: give waiting events the next places, if that gives the published root.

    For places that the journal does not tell. Return how many; 0 when the root is another one. Needs no
    key: a root that fits is proof enough.
    """
    try:
        size, published = sealing.log_size(), publication.newest()
    except OSError:
        return 0
    if published is None or published.size <= size:
        return 0
    waiting = PendingEvent.objects.order_by("pk").values_list("pk", flat=True)
    events = ConsentEvent.objects.filter(pk__in=list(waiting[: published.size - size])).order_by(
        "pk"
    )
    frontier = proofs.frontier_at(size)
    for event in events:
        frontier.append(merkle.leaf_hash(bytes(event.header)))
    if (frontier.size, frontier.root) != (published.size, published.root):
        return 0
    return put_back((size + at, event.event_id) for at, event in enumerate(events))


@transaction.atomic
def take_published_back(*, now: datetime) -> int:
    """After a restored backup: take in the published checkpoints that fit the log. Return how many."""
    newest = Checkpoint.objects.aggregate(newest=Max("size"))["newest"] or 0
    size, count = sealing.log_size(), 0
    for text, note in _published():
        if newest < note.size <= size and proofs.root_at(note.size) == note.root:
            row = Checkpoint(size=note.size, root=note.root, note=text, signed_at=now)
            row.save(force_insert=True)
            Anchor.objects.get_or_create(
                size=note.size, kind=Anchor.Kind.FILE, place="", defaults={"anchored_at": now}
            )
            newest, count = note.size, count + 1
    return count


def _published() -> Iterator[tuple[str, notes.SignedNote]]:
    keys = logkeys.trusted()
    for text in publication.every():
        try:
            note = notes.read(text)
        except notes.MalformedNote:
            continue
        if publication.is_ours(note, keys):
            yield text, note


@transaction.atomic
def begin_new_log(*, now: datetime) -> str:
    """Give up what was published and is lost: from here on a log of another name is signed. Return the name.

    Its first entry names the last published checkpoint of the former one and stands where that broke off;
    what is before it stays proven by the former checkpoints. Raises PublishedLogDiffers when what was
    published cannot be read.
    """
    published, size = publication.last(), sealing.log_size()
    if published is None:
        raise publication.PublishedLogDiffers(
            f"There is no published checkpoint in {settings.LEDGER_FILE}."
        )
    event = keychanges.begin_log(published, kept=size, now=now)
    put_back([(size, event.event_id)])
    return logkeys.origin()
