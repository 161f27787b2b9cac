"""Families of wishes to stop that people word in ever new ways, each beside what only looks like it."""

import time

import pytest

from consents.keywords import Intent, parse
from tests.consents.ordinary_replies import NEAR_A_FAMILY

WISHES = {
    "unsubscribe in the middle": """
        I need to unsubscribe from your texts
        I would like to opt out
        Opting out of these messages
        Jeg vil gjerne avmelde meg
        Eg ønskjer å avmelde meg frå dykkar sms
        Jag vill avprenumerera från utskicken
        Jeg vil gerne afmelde mig
        un-subscribe
        Unsubscribe me from this
        deregister this number
    """,
    "cancel what one subscribes to": """
        Please cancel my membership
        Terminate my subscription
        I want to end this subscription
        Avslutt medlemskapet mitt
        Avbestill nyhetsbrevet
        Avsluta prenumerationen
        Afslut mit medlemskab
        Jag säger upp mitt medlemskap
        Dropp reklamen
    """,
    "stop, cease, discontinue": """
        cease
        Cease all messages
        Kindly discontinue these texts
        Terminate
        stahp
        Vennligst opphør med disse utsendelsene
        Upphör med era utskick
        Ophør med at skrive
        I have told you to stop
        Jeg har bedt dere om å slutte
        Hei. Slutt. Takk
    """,
    "hold up, give over, let be": """
        Hold opp med å sende sms
        Håll upp med reklamen
        Lägg av med dessa sms
        Hold nu op med at sende
        Gi dere med disse meldingene
        La være å sende meg ting
        Låt bli att skicka sms
        La meg få være i fred
        Lämna oss i fred
        leave us alone please
        knock it off
    """,
    "no more, enough, spare me": """
        I don't want any of your texts
        Trenger ikke, vil ikke få flere sms
        Jeg ønsker ikke å høre fra dere
        Vil ikke bli kontaktet mer
        I would prefer not to be contacted
        Skal ikke ha sms fra dere
        Vil slippe reklame
        Jag vill slippa dessa utskick
        Enough with the messages
        Frabeder meg reklame
        Jag undanber mig reklam
        Takker nei til reklame
        Tackar nej till utskick
    """,
    "take off the list, the number, the details": """
        Please remove my contact details
        Remove this number from your database
        erase my number
        Wipe my details
        Get me off this list
        Put this on the do not text list
        Stryk nummeret mitt frå lista
        Plocka bort mig från listan
        Tag mig af jeres liste
        Jeg vil av listen
        Jag vill ut ur ert register
        Jeg vil bli fjernet fra listen
        Nummeret vårt må bli slettet
        Ta nummeret mitt ut av registeret
        Meld mæ ut
        Slet mine oplysninger
        Radera mina uppgifter
    """,
    "the law": """
        Consent revoked
        I hereby revoke my permission
        I object to the processing of my data
        I object to marketing
        Jeg motsetter meg bruk av opplysningene mine
        Jag motsätter mig marknadsföring
        Jeg tilbagetrækker mit samtykke
        Jag drar inte på det, jag återkallar mitt medgivande
        You do not have my consent
    """,
    "written together": """
        stoptexting
        STOPSPAMMINGME
        pleaseunsubscribe
        fjernmeg
        slettmegtakk
        meldmegav
        tabortmej
        sletmig
        avregistreramig
        pleasestop sending
    """,
    "a slip of the finger": """
        Slutt å sned meg sms
        Slutt å sennde meg sms
        fjrene meg fra lista
        remvoe me
        fjen meg
        Plese delte my number
        vill inte ha felr sms
        medl meg ut
    """,
    "no need, no interest, rid of it": """
        Trenger ikke disse meldingene
        I have no need of more texts, please stop
        no longer interested
        Har ingen interesse
        Intresserar mig inte
        Uinteressert
        Vil bli kvitt disse smsene
        Fri meg for flere meldinger
        Jag vill slippa
    """,
    "from somebody for another": """
        Please take him off your list
        Stopp å skrive til henne
        Fjern henne fra listen
        ta bort hennes nummer
        Slet hans oplysninger
        ta bort honom ur registret
    """,
    "be ended, be removed": """
        Kan disse meldingene stoppes?
        Jeg krever å bli slettet
        Jeg ber om sletting av mine data
        I demand the removal of my data
        Jag kräver att bli raderad
        Ønsker at dere slutter
        Jeg har skrevet stopp
        Nummeret skal ikke brukes til reklame
    """,
    "as people talk and type": """
        Æ vil kje ha meir
        Isje send meg meir
        Vil ike ha mer reklame
        vilkke ha meir
        Stogg desse meldingane
        Kan dere ikke slutte å sende meg dette
        Ikkje ring og ikkje send sms
        sto pp
        av melding
        Fjerm meg
        stppo
        Slett 90000012 fra lista
    """,
    "give notice, sign off, be let go": """
        Eg seier opp
        Jeg melder meg herved av
        Kan jeg meldes av
        Oppsigelse av sms
        La meg slippe
        Ha meg vekk fra lista
        Dropp å sende meg dette
        Desist from sending me messages
        Eg vil bli sletta
        Jeg krever å få slettet opplysningene mine
        Deaktiver mitt nummer
        Please turn these off
        Undertegnede frabeder seg enhver form for markedsføring
        trenger ikke info fra dere lenger
        Samtykke tilbaketrukket
        Nå får det være nok reklame fra dere
    """,
    "figures for letters": """
        st0p s3nding
        $top
        Slutt å 5ende meg m3ldinger
    """,
    "none wanted, none taken, off the list": """
        Ønsker ingen reklame
        Eg tek ikkje imot reklame
        Skal ikke have de her
        Unngå å sende meg sms
        Nummeret mitt skal bort fra listene deres
        jeg trekker meg fra listen
        stäng av detta
    """,
    "to be on no list, to get nothing": """
        Vil ikke at dere skal ha nummeret mitt
        Send meg ingenting
        Meldingene må opphøre
        Kan eg bli teken av lista?
        Kan du slette dataene mine
    """,
    "a not-word that belongs to something else": """
        Jeg er ikke kunde lenger, så slett meg
        Jeg er ikke medlem mere så I kan godt slette mig
        Jeg har ikke bedt om disse meldingene og vil ikke ha dem
        Kan dere ikke bare ta meg av lista
        Var vänliga och ta bort mig från era utskick
    """,
    "be rid of it, have it ended": """
        Ha meg fjernet
        Få meg av denne jævla lista
        Meg ut av lista nå
        Vil ikke være medlem lenger
        Jeg vil ha stoppet dette abonnementet
        I'd like to be taken off your list please
        Please exclude me from future mailings
        har ikke lyst på flere meldinger
        Slipper gärna fler sms
        Ønsker ikke å motta informasjon fra dere
        Quit it with the ads
        Takk for alt. Avslutt
        Ta det bort fra registeret deres
    """,
    "without the keys for å, ø and ä": """
        jeg oensker ikke flere sms
        vil ikke faa reklame
    """,
}
DOUBTFUL = """
    I'll get my lawyer on this
    My solicitor will be in touch about legal action
    Jeg anmelder dere
    Advokaten min tar kontakt
    Jag polisanmäler er
    How did you get my number
    Jeg er ikke kunde hos dere lenger
    Jag är inte medlem längre
    La være
    Gi dere
    Lägg av
    I'm sick of your texts
    Jeg er lei av disse meldingene
    Avslitt
    ta bott meg fra lista
    Trenger ikke dette
    Ingen flere takk
    I want to cancel
    Nok er nok
    Takk for meg
    Min mann er død
    Jeg vil ikke at hunden vår skal få meldinger
    Radera snabbt och helt mitt nummer
    Hvem har sagt at jeg samtykker, jeg trekker alt av samtykke
    nonstopp
    ikkestopp
    Vær så snill, ikke avslutt medlemskapet mitt
    Please don't remove my number from the list
    Never said you should stop texting me
    Nå er det nok
    No får det vera nok
    Kan jag få slippa
    Gidd eg ikkje meir
    Atop texting me
    Dere må ikke slutte å sende
    Dere må ikke stoppe eller slette meg
"""
OTHERS = """
    Can I opt out of dinner?
    The sale ends on Friday
    I'd like to end with the cake
    Take me to the list of shops
    Remove the tag please
    Can you take the table off my booking?
    Meld meg på lista
    Sett meg på lista
    Hold av en plass til meg
    Gi dere beskjed i morgen
    La meg være med på turen
    La oss ta den fredag
    Til slutt, hvor er det?
    Sett meg på venteliste
    Fikk dere avmeldingen fra Sander?
    Love it
    Skrev dere ikke til meg?
    Stopper dere ved skolen?
    Klokka har stoppet
    Hadde meldt meg på
    Sendingen min er forsinket
    Jeg er lei av å vente
    Drop me a line
    Hun vil ut på tur
    Kan dere slette bestillingen til henne?
    Tilbudet er slutt
    Jeg krever pengene tilbake
    Vil høre mer om tilbudet
    Jag vill höra mer
    Nummeret mitt er på lista
    Ta nummeret mitt og ring meg
    Jeg har lagt av tre
    Jeg har hørt nok om det
    I have enough plates
    Nok mat til alle
    Trekk kortet mitt for beløpet
    I object, it was the blue one
    Avbestill hotellet
    Cancel the blue one
    Skal ikke ha dressing
    Fjern vare 4411 fra ordren
    Sei det til meg
    Har nok ved nå
    Ring når du kan
    Jeg slipper deg inn
    Take it off the list price
    Reserver et bord til kl 19
    Take my name for the list
    Koster det $50
"""


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


@pytest.mark.parametrize(
    ("family", "text"),
    [(family, text) for family, texts in WISHES.items() for text in lines(texts)],
)
def test_a_wish_of_each_family_is_a_stop(family: str, text: str) -> None:
    assert parse(text) is Intent.STOP, family
    assert parse(f"Hei,\n{text.upper()}!!") is Intent.STOP


@pytest.mark.parametrize("text", lines(DOUBTFUL))
def test_a_threat_and_the_opposite_hold(text: str) -> None:
    assert parse(text) is Intent.HOLD


@pytest.mark.parametrize("text", lines(OTHERS))
def test_what_only_looks_like_one_is_no_stop(text: str) -> None:
    assert parse(text) not in {Intent.STOP, Intent.NO, Intent.YES}


def test_of_many_ordinary_replies_with_such_words_none_is_a_stop_and_few_hold() -> None:
    read_as = {text: parse(text) for text in NEAR_A_FAMILY}

    assert [text for text, intent in read_as.items() if intent is Intent.STOP] == []
    assert list(read_as.values()).count(Intent.HOLD) < len(read_as) / 4


def test_a_word_as_long_as_a_book_is_read_at_once() -> None:
    began = time.process_time()

    parse("ab" * 120_000)

    assert time.process_time() - began < 1
