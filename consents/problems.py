"""What a verification of the log may find, and what it has found."""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

MOST_LISTED = 100

KINDS = {
    "leaf_missing": _("A place in the log is empty"),
    "event_changed": _("An event is not the one that was sealed"),
    "leaf_hash_wrong": _("The stored checksum of an event is wrong"),
    "node_missing": _("A node of the tree is missing"),
    "node_wrong": _("A node of the tree does not match what is below it"),
    "node_extra": _("There is a node beyond the log"),
    "event_unsealed": _("An event is neither sealed nor waiting"),
    "log_cut": _("A checkpoint covers more events than there are"),
    "root_wrong": _("A checkpoint states a different root from the one the events give"),
    "checkpoint_changed": _("A checkpoint says something other than what is stored about it"),
    "signature_wrong": _("A checkpoint is not signed by a key of this log"),
    "signature_missing": _("A checkpoint lacks the signature of a key that had to sign then"),
    "checkpoint_missing": _("A published checkpoint is missing in the database"),
    "published_missing": _("A checkpoint that was published is missing in the published copy"),
    "published_differs": _("The published checkpoint and the stored one differ"),
    "published_unreadable": _(
        "The published copy contains something that is not a checkpoint, or is out of order"
    ),
    "stamp_wrong": _("A time stamp does not belong to its checkpoint"),
    "detail_unreadable": _("The details of an event cannot be decrypted"),
    "detail_changed": _("The details of an event are not the ones that were sealed"),
    "chain_broken": _("The events of one person do not follow one another"),
}


@dataclass(slots=True)
class Report:
    """What was looked at, and what is wrong. Only the first problems are listed; all are counted."""

    progress: Callable[[int], None] = lambda done: None
    event_count: int = 0
    checkpoint_count: int = 0
    stamp_count: int = 0
    detail_count: int = 0
    problem_count: int = 0
    problems: list[dict[str, str]] = field(default_factory=list)

    def add(self, kind: str, where: object) -> None:
        self.problem_count += 1
        if len(self.problems) < MOST_LISTED:
            self.problems.append({"kind": kind, "where": str(where)})

    def tell(self) -> None:
        self.progress(self.event_count + self.detail_count)
