"""The restore drill: a made-up history on a scratch database, a backup, more history, the old copy back.

Before the journal is replayed nothing may leave; afterwards every stop, erasure and block that came after
the backup holds, and nobody is subscribed whose yes came after it (trust.md invariant 14).
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from consents import confirmations, journal, notices, pausing, services, transitions
from consents.ledger import Proof
from consents.models import (
    Consent,
    ConsentEvent,
    Organisation,
    Purpose,
    Sender,
    ServiceMessage,
    Subject,
    Suppression,
)
from consents.snapshots import Snapshots
from smsconsent import outbox
from smsconsent.gateways import Handover, Outcome, Outgoing, Receipt
from smsconsent.phones import Phone

# A Tuesday at noon in Oslo, when messages may be sent.
BEGINNING = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)
PEOPLE, ACTS = 8, 24
SENT, NOBODY = "sent before the replay", "sent to somebody who had stopped"


@dataclass(slots=True)
class Result:
    """What the drill saw. `violations` is empty when the promise held."""

    histories: int = 0
    lost_events: int = 0
    held_back: int = 0
    violations: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Recorder:
    """A gateway that takes everything, knows nothing of before, and remembers to whom."""

    name: str = "drill"
    max_batch: int = 100
    sent: list[Outgoing] = field(default_factory=list)

    def hand_over(self, batch: Sequence[Outgoing], *, now: datetime) -> list[Handover]:
        self.sent += batch
        return [Handover(each.id, Outcome.ACCEPTED) for each in batch]

    def look_up(self, message_id: UUID) -> Receipt | None:
        return None

    def cancel(self, message_id: UUID) -> bool:
        return True


class _History:
    """People who sign up, say yes, stop and are erased at random, and what was true of them."""

    def __init__(self, number: int, seed: random.Random) -> None:
        self._random, self._number = seed, number
        self.now = BEGINNING + timedelta(days=number)
        self.organisation = make_organisation(f"drill-{number}", now=self.now)
        self.purposes = [make_purpose(self.organisation, name, now=self.now) for name in "AB"]
        self.ended: set[UUID] = set()
        self.erased: set[UUID] = set()
        self.blocked: set[str] = set()
        self.held: set[UUID] = set()

    def live(self) -> None:
        """Let a number of things happen, the journal being written now and then as a worker does."""
        for _act in range(ACTS):
            self.now += timedelta(minutes=7)
            acts = [self._ask, self._answer, self._answer, self._stop, self._leave, self._doubt]
            self._random.choice(acts)()
            if self._random.random() < 0.3:
                journal.drain()
                journal.beat(now=self.now)
        journal.drain()

    def forget(self) -> None:
        """Begin to note what ends: this is the moment of the backup."""
        self.ended, self.erased, self.blocked, self.held = set(), set(), set(), set()

    def consents(self) -> dict[UUID, Consent]:
        mine = Consent.objects.filter(purpose__organisation=self.organisation)
        return {each.public_id: each for each in mine.select_related("subject", "purpose")}

    def _ask(self) -> None:
        purpose = self._random.choice(self.purposes)
        phone = Phone(f"+479000{self._number % 100:02}{self._random.randrange(PEOPLE):02}")
        wording = purpose.wordings.current("nb")
        assert wording is not None, "the drill has published one"
        consent = transitions.open_request(
            purpose,
            phone,
            wording=wording,
            source=Consent.Source.WEB,
            proof=Proof("web_form"),
            now=self.now,
        )
        if consent and not consent.confirmations.exists():
            confirmations.queue_sms(consent, now=self.now)

    def _answer(self) -> None:
        if consent := self._anyone(state=Consent.State.PENDING):
            if self._random.random() < 0.8:
                if transitions.grant(consent, proof=Proof("mo_reply"), now=self.now):
                    confirmations.queue_welcome(consent, now=self.now)
            elif transitions.refuse(consent, proof=Proof("link"), now=self.now):
                self.ended.add(consent.public_id)
                self._block(consent.subject.phone)

    def _stop(self) -> None:
        consent = self._anyone()
        if consent and transitions.withdraw(consent, proof=Proof("mo_stop"), now=self.now):
            self.ended.add(consent.public_id)

    def _leave(self) -> None:
        consent = self._anyone()
        if consent and self._random.random() < 0.5:
            self.erased |= set(consent.subject.consents.values_list("public_id", flat=True))
            services.erase_subject(consent.subject, now=self.now)

    def _doubt(self) -> None:
        """Write something unclear, or have it settled."""
        if consent := self._anyone():
            subject = consent.subject
            if subject.held_at:
                services.release_number(subject)
                self.held.discard(subject.public_id)
            else:
                pausing.hold([subject], now=self.now)
                self.held.add(subject.public_id)

    def _block(self, phone: Phone) -> None:
        self.blocked.add(phone.e164)
        services.suppress(
            self.organisation,
            phone,
            purpose=None,
            reason=Suppression.Reason.NOT_ME,
            now=self.now,
        )

    def _anyone(self, **where: Any) -> Consent | None:
        mine = Consent.objects.filter(purpose__organisation=self.organisation, **where)
        found = list(mine.select_related("subject", "purpose__organisation").order_by("pk"))
        return self._random.choice(found) if found else None


def run(snapshots: Snapshots, *, histories: int, seed: int) -> Result:
    """Live, save, live on, put back, refuse, replay and compare, as often as asked. Same seed, same drill."""
    result, source = Result(), random.Random(seed)  # noqa: S311  chosen to be repeated
    for number in range(histories):
        history = _History(number, source)
        history.live()
        saved = history.consents()
        snapshots.take()
        history.forget()
        history.live()
        snapshots.restore()
        _check(result, history, saved)
        result.histories += 1
    return result


def _check(result: Result, history: _History, saved: dict[UUID, Consent]) -> None:
    lost = {entry.event for entry in journal.unreplayed() if entry.header}
    result.lost_events += len(lost)
    result.held_back += ServiceMessage.objects.filter(state="queued").count()
    result.violations += [f"{history.organisation}: {SENT}" for _message in send(history.now)]
    services.replay_journal(now=history.now)
    services.replay_journal(now=history.now)
    if ConsentEvent.objects.filter(event_id__in=lost).count() < len(lost) or journal.problem():
        result.violations.append(f"{history.organisation}: the replay left a gap")
    gone = history.ended | history.erased
    result.violations += [*_wrong(history, saved, gone), *_not_held(history)]
    for message in send(history.now):
        row = ServiceMessage.objects.filter(pk=message.id).select_related("consent").first()
        if row is None or (row.consent and row.consent.public_id in gone):
            result.violations.append(f"{history.organisation}: {NOBODY}")


def _wrong(history: _History, saved: dict[UUID, Consent], gone: set[UUID]) -> Iterator[str]:
    """Yield a sentence for each person who is not as the truth has it."""
    found = history.consents()
    for name, before in saved.items():
        holds = name in found and found[name].state == Consent.State.GRANTED
        if holds != (before.state == Consent.State.GRANTED and name not in gone):
            yield f"{history.organisation}: a consent is {'granted' if holds else 'gone'}"
    for name in found.keys() - saved.keys():
        yield f"{history.organisation}: consent {name} came from nowhere"
    for name in found.keys() & history.erased:
        yield f"{history.organisation}: consent {name} was erased and is here"
    for number in history.blocked:
        if not Suppression.objects.blocking(history.organisation, Phone(number)).exists():
            yield f"{history.organisation}: a blocked number is not blocked"


def _not_held(history: _History) -> Iterator[str]:
    for subject in Subject.objects.filter(public_id__in=history.held, held_at=None):
        yield f"{history.organisation}: number {subject.public_id} was on hold and is not"


def recorder() -> Any:
    """Return a gateway that only remembers. The workers ask nothing else of it."""
    return _Recorder()


def send(now: datetime) -> list[Outgoing]:
    """Do what the workers do, and return what left."""
    carrier = recorder()
    for lane in outbox.lanes():
        outbox.recover(lane, gateway=carrier, now=now)
        outbox.work(lane, gateway=carrier, clock=lambda: now)
    sent: list[Outgoing] = carrier.sent
    return sent


def make_organisation(slug: str, *, now: datetime) -> Organisation:
    """Return an organisation that may be written for, with its notice."""
    organisation = Organisation.objects.create(
        slug=slug,
        name=slug,
        number="900 000 001",
        address="Fjordveien 1",
        contact_email="personvern@fjord.example",
        processor_agreement="Drill",
    )
    body = notices.completed("Øvelse.", "nb")
    services.publish_notice(organisation, language="nb", body=body, now=now)
    return organisation


def make_purpose(organisation: Organisation, name: str, *, now: datetime) -> Purpose:
    """Return a purpose that may be signed up for, with its words."""
    sender, _created = Sender.objects.get_or_create(
        organisation=organisation, value="26112", defaults={"reply_number": "26112"}
    )
    keyword = f"{organisation.slug}{name}".replace("-", "").upper()
    purpose = Purpose.objects.create(
        organisation=organisation, slug=name.lower(), name=name, keyword=keyword, sender=sender
    )
    texts = services.Texts(
        **dict.fromkeys(services.Texts.__slots__, "Bare en øvelse")
        | {"frequency": "inntil 4 SMS i måneden"}
    )
    services.publish_wording(
        purpose, language="nb", texts=texts, is_material=False, by=None, now=now
    )
    return purpose
