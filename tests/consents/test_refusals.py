"""Stops that are in no list: read by the kinds of their words, in the languages and dialects people write."""

import pytest

from consents.keywords import Intent, parse
from tests.consents.ordinary_replies import NEAR_A_REFUSAL

REFUSALS = {
    "I do not want to receive": """
        Ønsker ikke å motta dette
        Jeg ønsker ikke lenger å motta sms fra dere
        Vil ikke motta flere meldinger
        Eg ynskjer ikkje å få fleire meldingar
        jeg vil ikke få flere tilbud på mobilen
        vil ikke lenger ha sms
        Æ vil itj ha meir
        Eg ynskjer ikkje dette
        jeg ønsker ikke at modtage beskeder
        I no longer wish to receive these
        I don't want this
        I do not want to get any more messages
    """,
    "do not write to me": """
        Ikke skriv til meg
        Vennligst ikke ta kontakt med meg
        ikke sms meg
        Ikkje mas på meg
        itj send meir
        Send ikke mer
        Aldri send meg noe igjen
        Do not message me
        please don't contact us
        Never text me again
        Nie piszcie do mnie
    """,
    "end it": """
        Slutt å plage meg
        slutt å kontakte meg
        Kan dere slutte?
        Kan dere slutte med det nå
        Sluta spamma
        quit texting
        aufhören
        Heaitte
        Oppsigelse
        kutt ut
        La meg være
    """,
    "no more messages": """
        ja takk men ikke mer reklame
        Takk for alt, men ingen flere meldinger
        Aldri mer reklame
        Ingen reklame takk
        No more ads
        bitte keine SMS mehr
        ingen sms
    """,
    "take me or what is mine away": """
        Fjern nr mitt
        slett opplysningene mine
        Slett alt dere har om meg
        stryk meg
        Stryk nummeret mitt fra lista
        Ta meg bort fra lista
        ta vekk nummeret mitt
        take my number off
        delete my info
        Lösch meine Nummer
        Poistakaa numeroni
        proszę mnie usunąć
        sihko mu
        Meld meg ut av klubben
        Jeg reserverer meg mot reklame
    """,
    "no consent": """
        Jeg samtykker ikke
        samtykker ikke lenger
        Jeg har ikke samtykket til dette
        trekk tilbake samtykket
        Eg trekkjer samtykket mitt
        jag återkallar samtycke
    """,
}
UNCLEAR = """
    Jeg har ikke bedt om dette
    I never signed up for this
    du har feil nr
    Feilnummer
    jeg heter ikke Ola
    Jeg har overtatt dette nummeret
    Nå er jeg lei av maset
    det holder nå
    orker ikke mer
    Jeg ønsker ikke å slutte
    Ikke slutt å sende
    Ikke fjern nummeret mitt
    Hvorfor skriver dere? Ønsker ikke å motta dette
    hvordan melder jeg meg ut
"""


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts in REFUSALS.items() for text in lines(texts)]
)
def test_a_refusal_is_a_stop_in_whatever_words(kind: str, text: str) -> None:
    assert parse(text) is Intent.STOP, kind
    assert parse(f"{text.upper()}!!\nMvh Ola") is Intent.STOP


@pytest.mark.parametrize("text", lines(UNCLEAR))
def test_what_may_be_one_holds(text: str) -> None:
    assert parse(text) is Intent.HOLD


@pytest.mark.parametrize("text", NEAR_A_REFUSAL)
def test_the_same_words_in_another_order_are_none(text: str) -> None:
    assert parse(text) not in {Intent.STOP, Intent.NO, Intent.START}
