"""What the gateway is to be asked: what became of a message, when the news of it cannot be believed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import models, transaction

# Longer than a batch of questions takes. Whoever died over it, or got no answer, is made up for then.
ASK_AGAIN = timedelta(seconds=60)


class Question(models.Model):
    """A report of this message came that nobody vouched for. One row, until the gateway has answered.

    A table of its own, so that the message is written once, by the answer (docs/decisions/0033).
    """

    message = models.UUIDField(primary_key=True, editable=False)
    since = models.DateTimeField()
    due_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "outbox_question"

    @classmethod
    def put(cls, message_id: UUID, *, now: datetime) -> None:
        """Have it asked. If it is being asked right now, it is asked once more: there is later news."""
        cls._default_manager.bulk_create(
            [cls(message=message_id, since=now, due_at=now)],
            update_conflicts=True,
            unique_fields=["message"],
            update_fields=["due_at"],
        )

    @classmethod
    @transaction.atomic
    def take(cls, *, now: datetime, limit: int) -> list[UUID]:
        """Return at most `limit` messages, which have waited longest. For a minute nobody else gets them."""
        due = cls._default_manager.filter(due_at__lte=now).order_by("due_at", "pk")
        ids = due.select_for_update(skip_locked=True).values_list("pk", flat=True)[:limit]
        taken = list(ids)
        cls._default_manager.filter(pk__any=taken).update(due_at=now + ASK_AGAIN)
        return taken

    @classmethod
    def settle(cls, answered: Sequence[UUID], *, taken_at: datetime) -> None:
        """Forget these, but for those that were put again since they were taken."""
        cls._default_manager.filter(pk__any=answered, due_at=taken_at + ASK_AGAIN).delete()

    @classmethod
    @transaction.atomic
    def give_up(cls, *, before: datetime, limit: int = 10_000) -> list[UUID]:
        """Forget what has waited since before then, so many at most. Return their messages."""
        late = cls._default_manager.filter(since__lte=before).select_for_update(skip_locked=True)
        lost = list(late.values_list("pk", flat=True)[:limit])
        cls._default_manager.filter(pk__any=lost).delete()
        return lost
