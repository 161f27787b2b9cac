"""Kinds of words in bokmål, nynorsk, Swedish, Danish, English and Sámi, which people mix; as data.

Each kind stands under the letter that `refusals` has for it. A word stands as people write it, with a `*`
for every ending; where it is of two kinds, the later one counts. Other languages: see `tongues`.
"""

KINDS = {
    # Words that may stand between, and say nothing: polite ones and fillers; small ones; away from.
    "p": """
        kindly, plis, plese, pleas, pleease, asap, straks, genast, omgående, umgående, hermed, herved,
        hereby, herewith, just, bare, da, så, sød, søde, lol, bro, bruh, faen, fan, fanden, jævla,
        fucking, damn, ffs, seriously, heretter, fremover, herefter, hädanefter, öyeblikkelig, already,
        vennligs, ok, okay, oki, dear, sorry, vänligen, vänlig, takker, tackar, snarest, bror, wallah
    """,
    "f": """
        å, at, att, to, noe, noen, noko, nokon, nogen, noget, något, några, any, slik, slike, sånn, sånne,
        fra, från, from, mot, på, til, till, te, med, om, dere, deres, their, your, bli, blir, blive,
        bliver, be, being, here, her, alle, all, også, enn, do, im, jeg, eg, jag, vi, we, id, ill, ive,
        the, of, så, få, gå, jo, hos, herifra, herfra, eder, like, gerne, gjerne, ever, with, on, his, in,
        for, has, have, been, is, ju, aa, and, some, every, more
    """,
    "A": "av, af, ur",
    "a": """
        do, kan, kunne, kunna, må, skal, skulle, ska, vennligst, can, could, will, would, men, og, så,
        ber, bed, anmode, anmoder, need, måste, bør
    """,
    "y": """
        dere, dykk, dykkar, dokker, dokkers, dokke, dåkk, dåkker, døkk, du, de, ni, you, u, ya, i, ye,
        jer, era, ert, jeres
    """,
    "M": "min, mitt, mit, mine, mi, my, meine, mina, vårt, våre, vår, our",
    "o": "meg, me, us, oss, mig, mej, mæ, mei, mnie, mich, mir, mu",
    "t": "dette, denne, disse, desse, dessa, this, these, those, detta",
    "i": "alt, alle, all, alla, allt, everything, anything, samtlige, samtliga",
    "q": """
        mer, meir, mere, flere, fleire, fler, flera, more, further, lenger, lengre, lengere, længere,
        längre, longer, igjen, igen, again, anymore, mehr, weitere, weiteren, enda, fleir
    """,
    # What we send (m, b), what one stands on (L) or subscribes to (B), and what is known of a person (d).
    "m": """
        melding*, tekstmelding*, reklame*, reklam*, smse*, messages*, meddel*, beskje*, besked*, viest*,
        wiadomosc*, nachricht*, werbung*, markedsføring*, marknadsføring*, marknadsför*, nyhetsbrev*,
        nyhedsbrev*, ads*, advert*, marketing*, newsletter*, utsend*, utskick*, kampanje*, kampanj*,
        tilbud*, erbjudand*, henvendelse*, notification*, varsl*, communicat*, promo*, solicitation*,
        correspondence, sms*, spam
    """,
    "b": "sms, text, texts, message, spam, tekst, txt, txts, msg, msgs, smses, mms, texter",
    "L": """
        liste*, lista*, list, lists, mailinglist*, kundelist*, kundlist*, sändlist*, sendelist*,
        database*, databas*, records, register*, registre*, registret, kartotek*, kundebase*, system*
    """,
    "B": """
        abonnement*, subscription*, prenumeration*, medlemskap*, medlemskab*, membership*, tjeneste*,
        tjänst*, kundeklubb*, kundklubb*, kundeklub*, klubben, smstjeneste*, account
    """,
    "d": """
        nr, nummer, nummeret, nummret, number, numbers, tlf, telefonnummer*, mobilnummer*, data, info,
        navn, mobilnr, telefonnr, details, opplysning*, oplysning*, uppgift*, personopplysning*,
        personoplysning*, personuppgift*, information*, kontaktinfo*
    """,
    # No and want: I do not want to receive, to get, to have.
    "z": "nei, nej, nein, ingen, inga, inget, intet, ingenting, nothing, no, zero, kein, keine, keinen",
    "w": """
        vil, ville, ønsker, ønskjer, ynskjer, ynskje, ønske, ønskar, önskade, vill, want, wanna, wish,
        möchte, haluan, prefer, gidder, giddi, orker, orkar, orka, gider, gidde, interested
    """,
    "W": "vilkje, viltje, vilikke, vilitj, ønskerikke, villinte",
    "r": """
        motta, mottar, mottas, imot, emot, receive, recieve, receiving, modtage, modtag, tilsendt,
        tilsent, høre, høyre, höra, hear, kontaktes, kontaktas, kontaktet, kontakta, kontaktad, contacted,
        texted, messaged, emailed, spammed, forstyrres, forstyrret, forstyrrast, smses
    """,
    "g": "få, get, bekomme, getting",
    "h": "ha, have, hava, haa",
    # Writing, and ending it; what only ends messages or a subscription (C).
    "v": """
        send, sende, senda, skriv, skrive, skriva, kontakt, kontakte, mas, mase, masa, forstyrr,
        forstyrre, plag, plage, plaga, spamme, spamma, spammer, skicka, skika, störa, kontakta, ringe,
        ringa, write, writing, contact, contacting, texting, txting, sending, messaging, spamming, bother,
        bothering, bugging, pestering, annoying, harassing, disturb, disturbing, email, emailing, calling,
        piszcie, pisz, schreiben, senden, texta, tekste, texte, ringing, pinge, tekst, genere
    """,
    "s": """
        slutt, slutte, slutta, sluta, quit, stanse, stansa, stans, kutte, kutt, avslutte, avslutta,
        avsluta, afslutte, cease, opphør, opphøre, opphøyr, opphøyra, ophør, ophøre, upphör, upphöra,
        lopettakaa
    """,
    "S": "stop, stopp, stoppe, stoppa, stawp, stahp",
    "C": """
        cancel, cancelling, end, terminate, discontinue, desist, halt, close, dropp, droppe, droppa,
        avslutt, afslut, avbestill, avbestille, avbestilla, avbeställ, avbeställa, afbestil, afbestille,
        opsig, opsiger, opsige, avbryt, avbryte, avbryta, kanseller, kansellere, deactivate, deaktiver,
        deaktivere, avaktivera, disable, inaktivera, oppsig, annuller, annullere, annullera
    """,
    "Q": "asked, told, asking, bedt, bett, bedd, sagt, said, bede",
    "H": "hold, hald, haldt, halde, håll, hålla, holde, lägg, legg, læg",
    "P": "op, opp, upp",
    "G": "gi, gje, gjev, giv, ge, gie",
    "E": "enough, nuff",
    "K": "slippe, slippa, sleppe, sleppa",
    # Away with me, and with what is mine.
    "x": """
        fjern, fjerne, fjerna, slett, slette, sletta, slet, stryk, stryke, stryka, stryg, stryge, delete,
        remove, erase, wipe, purge, scrub, expunge, lose, lösch, löschen, radera, unregister, unlist,
        unenroll, unenrol, avregistrer, avregistrere, avregistrera, poista, poistakaa
    """,
    "X": """
        fjernet, fjerna, slettet, strøket, strøke, struket, struken, removed, deleted, erased, borttagen,
        raderad, avmeldt, unsubscribed, avregistrert, avregistrerad
    """,
    "j": "ta, tar, tag, tage, take, plocka, plukk, plukke, turn, switch, taking",
    "l": "bort, vekk, væk, ut, ud, off, away, out",
    "U": """
        avmeld, avmelde, avmelda, afmeld, afmelde, avanmäl, avanmäla, avprenumer*, unsub*, unsuscri*,
        deregister, frameld, framelde, avmeldes, afmeldes, afmeldt, avregistreres
    """,
    "V": "meld, melde, melda, mell, melle",
    "O": "opt, opting, opted",
    "T": "la, lat, lad, lade, låta, let, leave, lämna, lemna",
    "N": "være, vere, vera, vara, værra, be, vær",
    "R": "alone, fred, ifred, peace",
    # The law: consent taken back, and objection.
    "c": """
        samtykke, samtykket, samtykker, samtykkja, samtykkjer, consent, samtycke, permission,
        authorization, authorisation, tillatelse, tilladelse, tillstånd, medgivande
    """,
    "k": """
        trekk, trekke, trekker, trekkjer, trækk*, træk*, tilbakekall*, tilbaketrekk*, tilbagekald*,
        tilbagetræk*, withdraw*, revok*, rescind*, retract*, återkalla*
    """,
    "u": "reserverer, reservert, reserverar",
    "D": "frabeder, frabe, frabed, frabedes, undanber, undanbe, undanbedes",
    "J": """
        object, objecting, motsetter, motset, motsätter, protesterer, protesterar, indsigelse, innvender,
        invänder, innsigelse
    """,
    "Z": "processing, processed, behandling*, bruk, use",
}
