"""Ordinary replies are no stops; what could be a wish to stop is doubt at least (trust.md, release bar 7)."""

import pytest

from consents.keywords import Intent, parse
from tests.consents.lifelike_replies import ORDINARY_REPLIES, WISHES
from tests.consents.made_replies import AMBIGUOUS, ordinary

STOP, HOLD = Intent.STOP, Intent.HOLD
REPLIES = 5_000

# Beside each text about something else one that is a wish to stop.
PAIRS = [
    ("Ikke mas, jeg kommer!", "Ikke mas!"),
    ("Ikkje mas, eg kjem", "Ikkje mas, takk"),
    ("Stopp innom butikken", "Stopp, innom butikken fikk jeg nok"),
    ("Stop by tomorrow", "Stop tomorrow"),
    ("Stopp gjerne innom på veien", "Stopp gjerne"),
    ("Ikke flere enn 3", "Ikke flere"),
    ("Det er ikke flere igjen vel?", "Det er greit med ikke flere"),
    ("Har dere ikke flere i blått?", "Har sagt det før, ikke flere"),
    ("Er dere ikke interessert i å kjøpe skiene?", "Er ikke interessert"),
    ("Vil ikke ha den røde, men den blå", "Vil ikke ha noe fra dere, men takk for alt"),
    ("Vill inte ha den stora, men den lilla", "Vill inte ha fler sms, men tack"),
    ("Ikke send pakken før fredag", "Ikke send meg noe før jeg sier fra"),
    ("Do not send my order before Friday", "Do not send messages before Friday"),
    ("Hold op hvor er den flot", "Hold op med det"),
    ("Hold da op, hvor er den flot", "Hold da op, nu er det nok"),
    ("Ikke ring nå, jeg er i møte", "Ikke ring nå, dette er mas"),
    ("Ikke send regningen på papir", "Ikke send reklamen på papir"),
    ("Don't send a paper bill, email is fine", "Don't send any of it"),
    ("Jeg vil ikke ha løk på", "Jeg vil ikke ha sms på kvelden"),
    ("Vill inte ha majonnäs på", "Vill inte ha reklam på sms"),
    ("Må si opp leiligheten før jul", "Må si opp abonnementet før jul"),
    ("Sier opp jobben og drar på ferie", "Sier opp og drar på ferie"),
    ("Take me off the 9am class", "Take me off the 9am list"),
    ("Afmeld mig fra løbet på lørdag", "Afmeld mig fra jer på lørdag"),
    ("Frameld Emma fra turen", "Frameld Emma fra listen"),
    ("Avmelding av min bestilling 4411", "Avmelding Nordlys Sport"),
    ("inte intresserad av den lilla men den stora", "inte intresserad av era sms men tack"),
    ("I'm at the bus stop", "I'm tired of this, stop"),
    ("Går av på neste stopp", "Går ikke, stopp"),
    ("Stoppa du bilen?", "Stoppa detta"),
    ("Lägg av med en flaska vid dörren", "Lägg av med reklamen"),
    ("Bilen har stoppa", "Det har eg sagt, stoppa"),
    ("Lad mig være den første", "Lad mig være"),
]


@pytest.mark.parametrize(("text", "wish"), PAIRS)
def test_what_is_about_something_else_holds_and_a_wish_beside_it_stops(
    text: str, wish: str
) -> None:
    assert parse(text) is HOLD
    assert parse(wish) is STOP


def test_of_thousands_of_ordinary_replies_at_most_one_in_a_thousand_is_a_stop() -> None:
    false = [text for text in ordinary(REPLIES, seed=20261125) if parse(text) is STOP]

    assert len(false) <= REPLIES // 1000, false


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_what_could_be_a_wish_stops(text: str) -> None:
    assert parse(text) is STOP


def test_a_lifelike_wish_stops_or_holds() -> None:
    read_as = [parse(text) for text in WISHES]

    assert set(read_as) == {STOP, HOLD}
    assert read_as.count(HOLD) <= 3


def test_of_lifelike_ordinary_replies_one_is_known_to_stop() -> None:
    assert [text for text in ORDINARY_REPLIES if parse(text) is STOP] == [
        "Det ble ikke flere plasser?"
    ]
