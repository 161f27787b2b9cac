"""A code to the number shows whose it is, before anything is shown or destroyed (law.md L44)."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from consents import limits, tasks, writing
from consents.models import Case, CaseCode, CaseEvent
from consents.services.casework import lock_open, write_line
from smsconsent import signing
from smsconsent.staff.models import User

CODE, CODE_LIFE = "case-code", timedelta(minutes=15)
Event = CaseEvent.Kind


class CodeNotSent(Exception):
    """Enough codes were sent to this number today, or the organisation has no sender."""


class CodeWrong(Exception):
    """Not the code that was sent. It may be read back again."""


class CodeOver(Exception):
    """No code waits: too old, used, or tried five times."""


@transaction.atomic
def send_case_code(case: Case, *, by: User, now: datetime) -> None:
    """Send a code to the number, for the person to read back. An earlier one ends.

    Raises CaseClosed or CodeNotSent.
    """
    mine = lock_open(case)
    sender = mine.organisation.senders.order_by("pk").first()
    if mine.number is None or sender is None:
        raise CodeNotSent
    if not limits.take_case_code(mine.number, now=now):
        raise CodeNotSent
    code = signing.new_pin()
    mine.codes.update(expires_at=now)
    CaseCode.objects.create(
        case=mine,
        digest=signing.digest(code, purpose=_code_purpose(mine)),
        created_at=now,
        expires_at=now + CODE_LIFE,
    )
    writing.queue_case_code(
        mine, sender=sender.value, code=code, not_after=now + CODE_LIFE, now=now
    )
    write_line(mine, Event.CODE_SENT, by=by, now=now)
    tasks.send_service_messages.delay_on_commit()


def check_case_code(case: Case, code: str, *, by: User, now: datetime) -> None:
    """Compare what the person read back. Raises CodeWrong or CodeOver.

    The try is counted, and kept, before the code is looked at: whoever types at once shares five tries.
    """
    waiting = CaseCode.waiting(case, now)
    found = waiting.order_by("-pk").first()
    if found is None or not waiting.filter(pk=found.pk).update(tries=F("tries") + 1):
        raise CodeOver
    if not signing.is_digest_of(
        bytes(found.digest), code.replace(" ", ""), purpose=_code_purpose(case)
    ):
        write_line(case, Event.CODE_WRONG, by=by, now=now)
        raise CodeWrong
    with transaction.atomic():
        if not CaseCode.objects.filter(pk=found.pk, used_at=None).update(used_at=now):
            raise CodeOver
        Case.objects.filter(pk=case.pk).update(identified_at=now)
        write_line(case, Event.IDENTIFIED, by=by, now=now)


def _code_purpose(case: Case) -> str:
    """SECURITY: bound to the case, so that a code opens nothing else."""
    return f"{CODE}/{case.public_id.hex}"
