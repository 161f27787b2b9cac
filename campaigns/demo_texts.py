"""The words of the demo organisation, in three languages. Written as one would speak."""

from datetime import time
from typing import Any

NOTICES = {
    "nb": """## Hva vi lagrer
Mobilnummeret ditt, hva du har sagt ja til, og når og hvordan du sa det. Ikke navn, adresse eller fødselsdato.

## Hvorfor
For å sende deg de meldingene du har bedt om, og for å kunne vise at du har bedt om dem. Grunnlaget er samtykket ditt.

## Hvor lenge
Så lenge samtykket varer, og beviset i 180 dager etterpå. Svarer du ikke når vi spør, sletter vi nummeret etter 7 dager.

## Hvem andre ser det
Strex leverer meldingene for oss, og har en avtale om å behandle opplysningene bare for det.

## Hvis du ikke vil bli spurt igjen
Sier du at det ikke var deg, eller at du ikke vil ha reklame, står en omregnet form av nummeret som ikke kan leses, på sperrelisten vår. Den brukes bare til å la deg være i fred. Grunnlaget er vår berettigede interesse i å respektere nei-et ditt (GDPR art. 6 nr. 1 bokstav f). Vi ser gjennom listen hver 24. måned, og sletter oppføringen hvis du ber oss om det.

## Rettighetene dine
Du kan når som helst trekke tilbake samtykket ved å svare STOPP. Du kan be om innsyn, retting og sletting, og du kan klage til Datatilsynet.""",
    "nn": """## Kva vi lagrar
Mobilnummeret ditt, kva du har sagt ja til, og når og korleis du sa det. Ikkje namn, adresse eller fødselsdato.

## Kvifor
For å sende deg dei meldingane du har bede om, og for å kunne vise at du har bede om dei. Grunnlaget er samtykket ditt.

## Kor lenge
Så lenge samtykket varer, og beviset i 180 dagar etterpå. Svarar du ikkje når vi spør, slettar vi nummeret etter 7 dagar.

## Kven andre ser det
Strex leverer meldingane for oss, og har ein avtale om å behandle opplysningane berre for det.

## Om du ikkje vil bli spurd igjen
Seier du at det ikkje var deg, eller at du ikkje vil ha reklame, står ei omrekna form av nummeret som ikkje kan lesast, på sperrelista vår. Ho blir berre brukt til å la deg vere i fred. Grunnlaget er den rettkomne interessa vår i å respektere nei-et ditt (GDPR art. 6 nr. 1 bokstav f). Vi ser gjennom lista kvar 24. månad, og slettar oppføringa om du ber oss om det.

## Rettane dine
Du kan når som helst trekkje tilbake samtykket ved å svare STOPP. Du kan be om innsyn, retting og sletting, og du kan klage til Datatilsynet.""",
    "en": """## What we store
Your mobile number, what you have said yes to, and when and how you said it. No name, address or date of birth.

## Why
To send you the messages that you asked for, and to be able to show that you asked. The basis is your consent.

## How long
As long as the consent lasts, and the proof for 180 days afterwards. If you do not answer when we ask, we delete the number after 7 days.

## Who else sees it
Strex delivers the messages for us, under an agreement to use the data for nothing else.

## If you do not want to be asked again
If you say that it was not you, or that you do not want marketing, a scrambled form of the number that cannot be read is kept on our block list. It is used only to leave you in peace. The basis is our legitimate interest in respecting your no (GDPR Art. 6(1)(f)). We review the list every 24 months, and delete the entry if you ask us to.

## Your rights
You can withdraw your consent at any time by replying STOPP. You can ask for access, correction and erasure, and you can complain to Datatilsynet, the Norwegian Data Protection Authority.""",
}

PURPOSES: tuple[dict[str, Any], ...] = (
    {
        "slug": "tilbud",
        "name": "Tilbud",
        "keyword": "TILBUD",
        "promised_count": 4,
        "promised_period": "month",
        "asks_by_sms": True,
        "asks_by_email": False,
        "asks_by_handset": True,
        "opens_at": time(9),
        "closes_at": time(20),
    },
    {
        "slug": "kundeklubb",
        "name": "Kundeklubb",
        "keyword": "KLUBB",
        "promised_count": 2,
        "promised_period": "month",
        "asks_by_sms": True,
        "asks_by_email": True,
        "asks_by_handset": True,
        "minimum_age": 18,
        "opens_at": time(9),
        "closes_at": time(20),
    },
)

WHO = "Nordlys Sport, organisasjonsnummer 900 000 001"
WORDINGS: dict[str, dict[str, dict[str, str]]] = {
    "tilbud": {
        "nb": {
            "title": "Tilbud på SMS",
            "who": WHO,
            "what": "Tilbud på sportsutstyr fra butikken vår.",
            "why": "Så du får vite om salg og gode priser før de er over.",
            "frequency": "inntil 4 SMS i måneden",
            "how_to_stop": "Svar STOPP på en melding. Det virker med en gang og koster ikke mer enn en vanlig SMS.",
            "declaration": "Ja, jeg vil ha tilbud på SMS fra Nordlys Sport, inntil 4 i måneden.",
        },
        "nn": {
            "title": "Tilbod på SMS",
            "who": WHO,
            "what": "Tilbod på sportsutstyr frå butikken vår.",
            "why": "Så du får vite om sal og gode prisar før dei er over.",
            "frequency": "inntil 4 SMS i månaden",
            "how_to_stop": "Svar STOPP på ei melding. Det verkar med ein gong og kostar ikkje meir enn ein vanleg SMS.",
            "declaration": "Ja, eg vil ha tilbod på SMS frå Nordlys Sport, inntil 4 i månaden.",
        },
        "en": {
            "title": "Offers by SMS",
            "who": "Nordlys Sport, organisation number 900 000 001",
            "what": "Offers on sports equipment from our shop.",
            "why": "So that you hear of sales and good prices before they are over.",
            "frequency": "at most 4 SMS a month",
            "how_to_stop": "Reply STOPP to a message. It works at once and costs no more than an ordinary SMS.",
            "declaration": "Yes, I want offers by SMS from Nordlys Sport, at most 4 a month.",
        },
    },
    "kundeklubb": {
        "nb": {
            "title": "Kundeklubben på SMS",
            "who": WHO,
            "what": "Medlemspriser, invitasjoner til kurs og kundekvelder.",
            "why": "Så du får det du har rett til som medlem.",
            "frequency": "inntil 2 SMS i måneden",
            "how_to_stop": "Svar STOPP på en melding. Det virker med en gang og koster ikke mer enn en vanlig SMS.",
            "declaration": "Ja, jeg vil ha SMS fra kundeklubben til Nordlys Sport, inntil 2 i måneden.",
            "age_declaration": "Jeg har fylt 18 år.",
        },
        "nn": {
            "title": "Kundeklubben på SMS",
            "who": WHO,
            "what": "Medlemsprisar, invitasjonar til kurs og kundekveldar.",
            "why": "Så du får det du har rett til som medlem.",
            "frequency": "inntil 2 SMS i månaden",
            "how_to_stop": "Svar STOPP på ei melding. Det verkar med ein gong og kostar ikkje meir enn ein vanleg SMS.",
            "declaration": "Ja, eg vil ha SMS frå kundeklubben til Nordlys Sport, inntil 2 i månaden.",
            "age_declaration": "Eg har fylt 18 år.",
        },
        "en": {
            "title": "The customer club by SMS",
            "who": "Nordlys Sport, organisation number 900 000 001",
            "what": "Member prices, invitations to courses and customer evenings.",
            "why": "So that you get what you are entitled to as a member.",
            "frequency": "at most 2 SMS a month",
            "how_to_stop": "Reply STOPP to a message. It works at once and costs no more than an ordinary SMS.",
            "declaration": "Yes, I want SMS from the Nordlys Sport customer club, at most 2 a month.",
            "age_declaration": "I am 18 or older.",
        },
    },
}
