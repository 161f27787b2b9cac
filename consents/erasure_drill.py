"""The erasure drill: a made-up person signs up, answers, is written to and erased; every store is searched.

Before the erasure the search must find them in the database, and a copy in plain text that is planted in
each spelling; afterwards it must find nothing of them, and still find a neighbour (trust.md invariant 17,
guide G10). What the drill promises is concluded from what was found: a control that is left out has failed.
"""

import logging
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from secrets import randbelow
from typing import Any

from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.db import connection

from consents import drill, erasing, journal, overwriting, page_codes, remanence, services
from consents.models import Erasure, Organisation, Subject
from smsconsent.gateways import Basis, Callback, Inbound, Trust
from smsconsent.logs import NumberFilter
from smsconsent.phones import Phone

NEIGHBOURS = 4
NOBODY = Phone("+4790000000")


@dataclass(slots=True)
class Result:
    """What was seen before and after. `violations` is empty when the promise held.

    `planted` are the spellings that the search found of a copy in plain text, `neighbour` what it found
    afterwards of somebody who was not erased.
    """

    before: list[remanence.Look] = field(default_factory=list)
    after: list[remanence.Look] = field(default_factory=list)
    neighbour: list[remanence.Look] = field(default_factory=list)
    planted: set[str] = field(default_factory=set)
    sent: int = 0

    @property
    def violations(self) -> list[str]:
        """Return a sentence for each thing that was not found and should have been, or the other way."""
        return [
            *self._not_found(),
            *(_found(each) for each in self.after if not _is_as_promised(each)),
        ]

    def _not_found(self) -> Iterator[str]:
        looked_at = {each.store for each in self.before}
        if looked_at != {each.store for each in self.after}:
            yield "The search did not look at the same stores before the erasure and after it."
        if not any(each.opened for each in self.before):
            yield "The search did not find the person before the erasure."
        for store in _in_database():
            if store not in _opened(self.before):
                yield f"{store}: the search did not find the person before the erasure."
            if store not in _opened(self.neighbour):
                yield f"{store}: the search did not find a neighbour after the erasure."
        for name in remanence.spellings(NOBODY):
            if name not in self.planted:
                yield f"The search did not find the number planted as «{name}»."


def run(folder: Path, *, now: datetime) -> Result:
    """Let somebody live and be erased, and search. `folder` takes the log and what is planted."""
    result, person = Result(), Phone(f"+479000{randbelow(10_000):04}")
    neighbours = [Phone(f"+479001{randbelow(10_000):04}") for _each in range(NEIGHBOURS)]
    with _log_of(folder) as log:
        since = remanence.place_in_log()
        result.sent = _live(person, neighbours, now=now)
        stores = _stores(folder, log, since=since)
        _settle(stores)
        result.before = remanence.look(person, stores)
        result.planted = _plant(folder, person)
        _erase(person, now=now)
        _settle(stores)
        result.after = remanence.look(person, stores)
        inside = {store: stores[store] for store in _in_database()}
        result.neighbour = remanence.look(neighbours[0], inside)
    return result


def _live(person: Phone, neighbours: list[Phone], *, now: datetime) -> int:
    """Sign up, say yes by SMS, get the receipt, ask for a code. Return how many messages left."""
    organisation = drill.make_organisation("drill", now=now)
    purpose = drill.make_purpose(organisation, "A", now=now)
    # Among others, so that what is left of the person lies in pages that stay in use.
    people = [*neighbours[: NEIGHBOURS // 2], person, *neighbours[NEIGHBOURS // 2 :]]
    sent = 0
    for number, phone in enumerate(people):
        wording = purpose.wordings.current("nb")
        assert wording is not None, "the drill has published one"
        services.request_consent(
            purpose, phone, wording=wording, source="web", proof=services.Proof("web_form"), now=now
        )
        sent += len(drill.send(now))
        _answer(organisation, phone, f"JA, dette er {phone.e164}", number=number, now=now)
        services.ask_for_code(organisation, phone, network=None, now=now)
        page_codes.queue_codes(now=now)
        sent += len(drill.send(now))
    journal.drain()
    return sent


def _answer(
    organisation: Organisation, phone: Phone, text: str, *, number: int, now: datetime
) -> None:
    sender = organisation.senders.get()
    inbound = Inbound(f"drill-{number}", phone, sender.reply_number, text, None, now)
    services.receive_message(
        inbound,
        gateway="drill",
        callback=Callback(Trust.SIGNED, None, Basis.NOTHING),
        body=b"",
        now=now,
    )
    logging.getLogger(__name__).warning("the drill has an answer from %s", phone.e164)


def _erase(person: Phone, *, now: datetime) -> None:
    organisation = Organisation.objects.get(slug="drill")
    subject = Subject.objects.with_phone(organisation, person).get()
    services.erase_subject(subject, asked_by=Erasure.AskedBy.PERSON, now=now)
    erasing.cancel_at_gateway(gateway=drill.recorder(), now=now)
    journal.drain()
    # Others may work on the same server, and see for a while what was deleted.
    any(overwriting.overwrite(now=now) for _attempt in range(10))


def _stores(folder: Path, log: Path, *, since: str) -> remanence.Stores:
    return remanence.of_database(since=since) | {
        "journal": remanence.in_files(settings.JOURNAL_FILE),
        "exports and uploads": remanence.in_files(settings.MEDIA_ROOT, folder / "planted"),
        "published log": remanence.in_files(settings.LEDGER_FILE),
        "logs of this process": remanence.in_files(log),
        "broker, in memory": _broker,
        "cache, in memory": _cache,
    }


def _settle(stores: remanence.Stores) -> None:
    """A database that does not let us leaves its store to say so."""
    try:
        remanence.settle()
    except remanence.NotReadable as error:
        stores[remanence.WAL] = stores[remanence.FILES] = _refusal(str(error))


def _refusal(reason: str) -> Any:
    def refuse() -> remanence.Bytes:
        raise remanence.NotReadable(reason)

    return refuse


def _plant(folder: Path, person: Phone) -> set[str]:
    """Write the number into a file in each spelling, and return those that the search finds there."""
    copy, found = folder / "planted", set()
    for name, raw in remanence.spellings(person).items():
        copy.write_bytes(b"before" + raw + b"after")
        for each in remanence.look(person, {"planted": remanence.in_files(copy)}):
            found |= {name} & each.spelt
    copy.unlink()
    return found


def _in_database() -> list[str]:
    """Where ciphertext of the living lies, and the search must open it."""
    return [remanence.FILES] if connection.vendor == "sqlite" else [remanence.ROWS, remanence.FILES]


def _opened(looks: list[remanence.Look]) -> set[str]:
    """The stores in which it was found, and those that cannot be read, as is said of them."""
    return {each.store for each in looks if each.opened or each.obstacle}


def _is_as_promised(look: remanence.Look) -> bool:
    """Old files of PostgreSQL's log may hold ciphertext for a while, where the server keeps them for use."""
    if look.store == remanence.WAL and look.opened and not look.spelt:
        return remanence.keeps_old_log()
    return look.is_clean


def _found(look: remanence.Look) -> str:
    ways = ", ".join(sorted(look.spelt)) or "no spelling"
    return f"{look.store}: found after the erasure ({ways}; {look.opened} values open to it)."


# -- what this process holds in memory -------------------------------------------------------------------
def _broker() -> remanence.Bytes:
    """Read the wake-up calls that wait, if the broker is in the memory of this process, as in the drill."""
    if not str(current_app.conf.broker_url).startswith("memory:"):
        raise remanence.NotReadable("the broker is not in memory")
    with current_app.connection_for_read() as connection:
        channel: Any = connection.default_channel
        yield repr([list(queue.queue) for queue in channel.queues.values()]).encode()


def _cache() -> remanence.Bytes:
    held = getattr(cache, "_cache", None)
    if not isinstance(held, dict):
        raise remanence.NotReadable("the cache is not in memory")
    yield pickle.dumps(dict(held))


@contextmanager
def _log_of(folder: Path) -> Iterator[Path]:
    """Write what this process logs to a file as well, through the same filter as everywhere."""
    file = folder / "drill.log"
    handler = logging.FileHandler(file, encoding="utf-8")
    handler.addFilter(NumberFilter())
    logging.getLogger().addHandler(handler)
    try:
        yield file
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()
