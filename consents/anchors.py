"""Anchors: checkpoints where the operator cannot rewrite them, and the alarms about what lags (trust.md § 5).

An anchor that cannot be reached blocks nothing: no consent, no sealing. It warns after 24 hours.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Max
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from consents import journal, logkeys, sealing
from consents.models import Anchor, Checkpoint, Organisation, PendingEvent, Verification
from smsconsent.gateways import timestamps
from smsconsent.staff import roles

log = logging.getLogger(__name__)

# With a beat every hour, each checkpoint is mailed within a day.
MAIL_EVERY = timedelta(hours=23)
STAMP_EVERY = timedelta(minutes=55)
WARN_AFTER = timedelta(hours=24)
SEAL_LAG_WARNS = timedelta(seconds=60)


def anchor_everywhere(*, now: datetime) -> list[str]:
    """Mail and stamp the newest checkpoint where that is due. Return, and log, one sentence per failure."""
    newest = newest_checkpoint()
    if newest is None:
        return []
    failures = [
        failure
        for organisation in Organisation.objects.order_by("pk")
        if (failure := _tried(lambda: mail(organisation, newest, now=now)))  # noqa: B023  called at once
    ]
    if settings.LEDGER_TSA_URL and (failure := _tried(lambda: stamp(newest, now=now))):
        failures.append(failure)
    for sentence in [*failures, *warnings(now=now)]:
        log.warning("%s", sentence)
    return failures


def newest_checkpoint() -> Checkpoint | None:
    return Checkpoint.objects.order_by("-size").first()


def newest_anchors(organisation: Organisation | None = None) -> list[Anchor]:
    """Return the newest anchor of each place; of the mails only those to this organisation, if named."""
    newest = (
        Anchor.objects.order_by("kind", "place").values("kind", "place").annotate(size=Max("size"))
    )
    found = [Anchor.objects.get(**place) for place in newest]
    mine = str(organisation.pk) if organisation else ""
    return [a for a in found if not mine or a.kind != Anchor.Kind.MAIL or a.place == mine]


def mail(organisation: Organisation, checkpoint: Checkpoint, *, now: datetime) -> bool:
    """Mail a checkpoint to an organisation's privacy officers, once a day. Return whether it went.

    The mark and the mail stand or fall together. Raises OSError when the mail server cannot be reached.
    """
    officers = roles.holders_of("privacy_officer", organisation)
    place = str(organisation.pk)
    if not officers or _is_recent(Anchor.Kind.MAIL, place, checkpoint, now=now, every=MAIL_EVERY):
        return False
    with transaction.atomic():
        _anchor, is_new = Anchor.objects.get_or_create(
            kind=Anchor.Kind.MAIL,
            place=place,
            size=checkpoint.size,
            defaults={"anchored_at": now},
        )
        for officer in officers if is_new else []:
            context = {"organisation": organisation, "checkpoint": checkpoint}
            with translation.override(officer.language):
                subject = render_to_string("consents/email/checkpoint_subject.txt", context).strip()
                body = render_to_string("consents/email/checkpoint.txt", context)
            message = EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, [officer.email])
            message.attach(f"checkpoint-{checkpoint.size}.txt", checkpoint.note, "text/plain")
            message.send()
    return is_new


def stamp(checkpoint: Checkpoint, *, now: datetime) -> bool:
    """Have a checkpoint time-stamped, at most once an hour. Return whether it was.

    Raises timestamps.TimeStampUnavailable.
    """
    place = settings.LEDGER_TSA_URL[:200]
    if _is_recent(Anchor.Kind.TIME_STAMP, place, checkpoint, now=now, every=STAMP_EVERY):
        return False
    proof = timestamps.stamp(checkpoint.note.encode())
    _anchor, is_new = Anchor.objects.get_or_create(
        kind=Anchor.Kind.TIME_STAMP,
        place=place,
        size=checkpoint.size,
        defaults={"proof": proof, "anchored_at": now},
    )
    return is_new


def _is_recent(
    kind: Anchor.Kind, place: str, checkpoint: Checkpoint, *, now: datetime, every: timedelta
) -> bool:
    """Return whether this place has this checkpoint already, or got another one lately."""
    latest = Anchor.objects.filter(kind=kind, place=place).order_by("-size").first()
    return latest is not None and (
        latest.size >= checkpoint.size or abs(now - latest.anchored_at) < every
    )


def _tried(act: Callable[[], object]) -> str:
    """Return "" when it worked, else one sentence. Whatever an anchor does, the others are tried."""
    try:
        act()
    except (OSError, timestamps.TimeStampUnavailable) as error:
        return f"An anchor of the log failed: {type(error).__name__}: {error}"
    return ""


# -- alarms ----------------------------------------------------------------------------------------------
def warnings(*, now: datetime, organisation: Organisation | None = None) -> list[str]:
    """Return one sentence for each thing about the log that a person must look at.

    With an organisation: what concerns it. Without: what concerns any.
    """
    found = [_about_sealer(), _about_waiting(now), _about_verification()]
    found += [logkeys.warning(), journal.warning()]
    places = [(Anchor.Kind.FILE, "")]
    if settings.LEDGER_TSA_URL:
        places.append((Anchor.Kind.TIME_STAMP, settings.LEDGER_TSA_URL[:200]))
    concerned = Organisation.objects.all()
    if organisation:
        concerned = concerned.filter(pk=organisation.pk)
    places += [(Anchor.Kind.MAIL, str(each)) for each in concerned.values_list("pk", flat=True)]
    found += [_about_place(kind, place, now) for kind, place in places]
    return list(dict.fromkeys(sentence for sentence in found if sentence))


def warning() -> str:
    """Return what a person must look at about the log, or "". A readiness warning."""
    return " ".join(warnings(now=timezone.now()))


def oldest_waiting(now: datetime) -> timedelta:
    """Return how long the oldest event has waited to be sealed; nought when none waits."""
    oldest = PendingEvent.objects.order_by("pk").first()
    return max(now - oldest.since, timedelta(0)) if oldest else timedelta(0)


def _about_sealer() -> str:
    """Return why the sealer cannot seal, if it has left word."""
    try:
        return str(cache.get(sealing.TROUBLE) or "")
    except RedisError:
        return ""


def _about_waiting(now: datetime) -> str:
    waited = oldest_waiting(now)
    if waited <= SEAL_LAG_WARNS:
        return ""
    minutes = int(waited.total_seconds() // 60)
    return _("Events have waited to be sealed for %(minutes)d minutes.") % {"minutes": minutes}


def _about_place(kind: Anchor.Kind, place: str, now: datetime) -> str:
    """Warn when a checkpoint has waited more than a day for this place."""
    reached = Anchor.objects.filter(kind=kind, place=place).aggregate(size=Max("size"))["size"] or 0
    waiting = Checkpoint.objects.filter(size__gt=reached).order_by("size").first()
    if waiting is None or now - waiting.signed_at <= WARN_AFTER:
        return ""
    return {
        Anchor.Kind.FILE: _("No checkpoint has been published in the file for more than a day."),
        Anchor.Kind.MAIL: _(
            "No checkpoint has been mailed to the privacy officer for more than a day."
        ),
        Anchor.Kind.TIME_STAMP: _("No checkpoint has been time-stamped for more than a day."),
    }[kind]


def _about_verification() -> str:
    latest = Verification.objects.exclude(finished_at=None).order_by("-pk").first()
    if latest is None or not latest.problem_count:
        return ""
    return _("The last verification of the log found %(count)d faults.") % {
        "count": latest.problem_count
    }
