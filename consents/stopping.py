"""What a stop does: for one message, or for many that came at the same moment (`services/receiving.py`)."""

from collections.abc import Sequence
from dataclasses import dataclass

from consents import limits, locking, transitions, writing
from consents.incoming import Incoming, close
from consents.keywords import Intent, Reading
from consents.models import Consent, Purpose, ServiceMessage
from smsconsent.trips import Trip


@dataclass(frozen=True, slots=True)
class Stop:
    """A message that was read as a stop. `topic` is the one purpose that it names, if it names one."""

    incoming: Incoming
    reading: Reading
    topic: Purpose | None


def stop(stops: Sequence[Stop]) -> None:
    """Withdraw in this transaction, and answer each once. A stop that says «delete» goes on to a colleague.

    The messages are from different numbers, and came at the same moment. Two trips to the database,
    however many there are: one that locks and reads, one that writes all that follows from it.
    """
    if not all(_find(stops)):
        locking.wait_for_imports()
        _find(stops)
    trip = Trip()
    stopped = _withdraw(stops, trip=trip)
    _answer(stops, stopped, trip=trip)
    for each in stops:
        each.incoming.conclude(
            Intent.STOP, review=each.reading.erase and bool(each.incoming.subjects)
        )
    close([each.incoming for each in stops], trip=trip)
    trip.go()


def _find(stops: Sequence[Stop]) -> list[bool]:
    """Lock what these numbers have, and give it to their messages. Return which of them are known."""
    forms: dict[int, list[bytes]] = {}
    whose: dict[tuple[int, bytes], Incoming] = {}
    for each in stops:
        for organisation, indexes in each.incoming.indexes.items():
            forms.setdefault(organisation, []).extend(indexes)
            whose |= {(organisation, index): each.incoming for index in indexes}
        each.incoming.subjects, each.incoming.locked = [], []
    purposes = {purpose.pk for each in stops for purpose in each.incoming.about(each.topic)}
    subjects, consents = locking.lock_number(forms, sorted(purposes))
    owners = {}
    for subject in subjects:
        incoming = whose[subject.organisation_id, bytes(subject.phone_index)]
        incoming.subjects.append(subject)
        owners[subject.pk] = incoming
    for consent in consents:
        owners[consent.subject_id].locked.append(consent)
    return [bool(each.incoming.subjects) for each in stops]


def _withdraw(stops: Sequence[Stop], *, trip: Trip) -> dict[int, Consent]:
    """Withdraw what each stop is about. Return the first consent that ends, by the key of its message."""
    consents, proofs, messages = [], {}, {}
    for each in stops:
        purposes = {purpose.pk for purpose in each.incoming.about(each.topic)}
        consents += [one for one in each.incoming.locked if one.purpose_id in purposes]
        for subject in each.incoming.subjects:
            proofs[subject.pk] = each.incoming.proof("mo_stop")
            messages[subject.pk] = each.incoming.message.pk
    ended = transitions.withdraw_locked(
        consents, proofs=proofs, now=stops[0].incoming.now, trip=trip
    )
    return {messages[consent.subject_id]: consent for consent in reversed(ended)}


def _answer(stops: Sequence[Stop], stopped: dict[int, Consent], *, trip: Trip) -> None:
    """Answer whoever has stopped something; a stranger, as often as the limit lets through."""
    now = stops[0].incoming.now
    answered = [each for each in stops if each.incoming.purposes]
    ending = [each for each in answered if each.incoming.message.pk in stopped]
    strangers = [
        each
        for each in answered
        if each.incoming.message.pk not in stopped
        and not each.incoming.subjects
        and limits.take_answer(each.incoming.phone, "stopped", now=now)
    ]
    if ending:
        limits.count_answers(
            [each.incoming.phone for each in ending], "stopped", now=now, trip=trip
        )
    texts: dict[object, str] = {}
    answers = [
        _receipt(each, stopped.get(each.incoming.message.pk), texts)
        for each in (*ending, *strangers)
    ]
    trip.insert(answers)


def _receipt(stop: Stop, ended: Consent | None, texts: dict[object, str]) -> ServiceMessage:
    """Return the answer to one stop. `texts` are those of the others: most say the same."""
    incoming = stop.incoming
    named = ended.purpose_id if ended else incoming.purposes[0].pk
    organisation = next(each for each in incoming.purposes if each.pk == named).organisation
    alike = (organisation.pk, stop.topic and stop.topic.pk, incoming.number, incoming.language)
    answer = writing.prepare_answer(
        ServiceMessage.Kind.STOPPED,
        organisation=organisation,
        subject=next((s for s in incoming.subjects if s.organisation_id == organisation.pk), None),
        sender=incoming.number,
        phone=incoming.phone,
        language=incoming.language,
        now=incoming.now,
        purpose=stop.topic,
        text=texts.get(alike, ""),
    )
    texts[alike] = answer.text
    return answer
