"""Kinds of words in bokmål, nynorsk, Swedish, Danish, English and Sámi, which people mix; as data.

A word stands under its kind as people write it, with a `*` for every ending; where it is of two kinds, the
later one counts. `refusals` has a letter for each kind. Other languages: see `tongues`.
"""

KINDS = {
    # Words that may stand between: polite ones and fillers; small ones; «av»; auxiliary verbs and pronouns.
    "polite": """
        kindly, plis, plese, pleas, pleease, asap, straks, genast, omgående, umgående, hermed, herved,
        hereby, herewith, just, bare, da, så, sød, søde, lol, bro, bruh, faen, fan, fanden, jævla,
        fucking, damn, ffs, seriously, heretter, fremover, herefter, hädanefter, öyeblikkelig, already,
        vennligs, ok, okay, oki, dear, sorry, vänligen, vänlig, takker, tackar, snarest, bror, wallah,
        umiddelbart, omedelbart, øyeblikkeleg, øjeblikkeligt, immediately, snarast, future, framtidige,
        fremtidige, framtida
    """,
    "small": """
        å, at, att, to, noe, noen, noko, nokon, nogen, noget, något, några, any, slik, slike, sånn,
        sånne, mot, på, til, till, te, med, om, dere, deres, their, your, bli, blir, blive, bliver, be,
        being, here, her, alle, all, også, enn, do, im, jeg, eg, jag, vi, we, id, ill, ive, the, of, få,
        gå, jo, hos, herifra, herfra, eder, like, gerne, gjerne, ever, with, on, in, for, has, have, ju,
        aa, and, some, every, more, direkte, direct, videre, vidare, yderligere, ytterligere,
        ytterligare, w, lyst, verta, verte, vert
    """,
    "away": "av, af, fra, från, from, tå",
    "auxiliary": """
        do, kan, kunne, kunna, må, skal, skulle, ska, can, could, will, would, men, og, ber, bed, anmode,
        anmoder, måste, bør, kainn, kaina, beder
    """,
    "you": """
        dere, dykk, dykkar, dokker, dokkers, dokke, dåkk, dåkker, døkk, du, de, ni, you, u, ya, i, ye,
        jer, era, ert, jeres, dokka, dokkar, dikko, dåkkå, yall
    """,
    "my": """
        min, mitt, mit, mine, mi, my, meine, mina, vårt, våre, vår, our, hans, hennes, hendes, dennes,
        deceaseds, his
    """,
    "me": "meg, me, us, oss, mig, mej, mæ, mei, mnie, mich, mir, mu, seg, sig, os",
    "this": """
        dette, denne, disse, desse, dessa, this, these, those, detta, sådana, sådan, sådanne, sånt,
        slikt, sådant, dem, dom
    """,
    "all": "alt, alle, all, alla, allt, everything, anything, samtlige, samtliga, al",
    "it": "it, det, den",
    "more": """
        mer, meir, mere, flere, fleire, fler, flera, more, further, lenger, lengre, lengere, længere,
        längre, longer, igjen, igen, again, anymore, mehr, weitere, weiteren, enda, fleir, mæir, meire
    """,
    # What we send; what one stands on or subscribes to; what is known of a person.
    "message": """
        melding*, tekstmelding*, reklame*, reklam*, smse*, messages*, meddel*, beskje*, besked*, viest*,
        wiadomosc*, nachricht*, werbung*, markedsføring*, marknadsføring*, marknadsför*, nyhetsbrev*,
        nyhedsbrev*, ads*, advert*, marketing*, newsletter*, utsend*, utskick*, kampanje*, kampanj*,
        tilbud*, erbjudand*, henvendelse*, notification*, varsl*, communicat*, promo*, solicitation*,
        correspondence, sms*, spam, tilbod*, direktmarknad*, direktemarked*, udsend*, offers, offer,
        deals, mailing*, alert, alerts
    """,
    "text": """
        sms, text, texts, message, spam, tekst, txt, txts, msg, msgs, smses, mms, texter
    """,
    "list": """
        liste*, lista*, list, lists, mailinglist*, kundelist*, kundlist*, sändlist*, sendelist*,
        database*, databas*, records, register*, registre*, registret, kartotek*, kundebase*, system*
    """,
    "membership": """
        abonnement*, subscription*, prenumeration*, medlemskap*, medlemskab*, membership*, tjeneste*,
        tjänst*, kundeklubb*, kundklubb*, kundeklub*, klubben, smstjeneste*, account, kundeforhold*,
        kundförhållande*, konto, kontoen, kontot, profil*, brukeren, brukaren, abonnemang*
    """,
    "private": "phone, cell, mobile, telephone, personal, private, contact, mobil, personlige",
    "data": """
        nr, nummer, nummeret, nummret, number, numbers, tlf, telefonnummer*, mobilnummer*, data, info,
        navn, mobilnr, telefonnr, details, opplysning*, oplysning*, uppgift*, personopplysning*,
        personoplysning*, personuppgift*, information*, kontaktinfo*, name, numr*, nummer*,
        informasjon*, dataene, datane, datana, dataen
    """,
    # No and want: I do not want to receive, to get, to have.
    "none": """
        nei, nej, nein, ingen, inga, inget, intet, ingenting, nothing, no, zero, kein, keine, keinen,
        null, noll, nul
    """,
    "want": """
        vil, ville, ønsker, ønskjer, ynskjer, ynskje, ønske, ønskar, önskade, vill, want, wanna, wish,
        möchte, haluan, prefer, gidder, giddi, orker, orkar, orka, gider, gidde, rather, krever, krev,
        kräver, kräv, demand, request, gidd, orke, ønsk, ynskte, begär, begärs, önskas, ønskes, ønskast
    """,
    "unwant": "vilkje, viltje, vilikke, vilitj, ønskerikke, villinte, vilkke, villkje, viljkje",
    "interested": """
        interested, interessert, interesserad, interesseret, intresserad, interesse, intresse,
        interesserer, intresserar, interesserar, interest
    """,
    "need": "need, trenger, treng, trengs, behøver, behov, bruk",
    "receive": """
        motta, mottar, mottas, imot, emot, receive, recieve, receiving, modtage, modtag, tilsendt,
        tilsent, høre, høyre, höra, hear, smses, hör, veta, vite, høyra, hører
    """,
    "contacted": """
        kontaktes, kontaktas, kontaktet, kontaktad, contacted, texted, messaged, emailed, spammed,
        forstyrres, forstyrret, forstyrrast, oppringt, uppringd, ringt
    """,
    "get": "få, get, bekomme, getting",
    "have": "ha, have, hava, haa",
    # Writing, and ending it; cancel is only for messages or a membership.
    "writes": "skickar, sender, sendar, skriver, ringer, kontakter, kontaktar, maser, plager",
    "write": """
        send, sende, senda, skriv, skrive, skriva, kontakt, kontakte, mas, mase, masa, forstyrr,
        forstyrre, plag, plage, plaga, spamme, spamma, spammer, skicka, skika, störa, kontakta, ringe,
        ringa, write, writing, contact, contacting, texting, txting, sending, messaging, spamming,
        bother, bothering, bugging, pestering, annoying, harassing, disturb, disturbing, email,
        emailing, calling, piszcie, pisz, schreiben, senden, texta, tekste, texte, ringing, pinge,
        tekst, genere, stör, tjata, tjat, förfölja, senn, sænd, smsa, messa, mejla, maila, ring, ringj,
        ringje, ringja
    """,
    "end": """
        slutt, slutte, slutta, sluta, quit, stanse, stansa, stans, kutte, kutt, avslutte, avslutta,
        avsluta, afslutte, cease, opphør, opphøre, opphøyr, opphøyra, ophør, ophøre, upphöra,
        lopettakaa, refrain, avstå, stäng, upphör, avslutt, afslut, avslutter, avslutar, unngå, undgå,
        undvik, avoid
    """,
    "ends": "slutter, sluttar, sluttet, slutar, slutade, stopper, stopped, stoppar, stoppet, sluttede",
    "over": "slut",
    "stop": "stop, stopp, stoppe, stoppa, stawp, stahp, stogg, stogge, stogga",
    "cancel": """
        cancel, cancelling, end, terminate, discontinue, desist, halt, close, dropp, droppe, droppa,
        avbestill, avbestille, avbestilla, avbeställ, avbeställa, afbestil, afbestille, opsig, opsiger,
        opsige, avbryt, avbryte, avbryta, kanseller, kansellere, deactivate, deaktiver, deaktivere,
        avaktivera, disable, inaktivera, oppsig, annuller, annullere, annullera, avbestiller,
        avbeställer, kansellerer, drop, luk, lukk, sluk, slukk, kill, ditch, scrap
    """,
    "asked": """
        asked, told, asking, bedt, bett, bedd, sagt, said, bede, skrevet, skrivit, written, replied,
        svarer, svart, svarat
    """,
    "hold": "hold, hald, haldt, halde, håll, hålla, holde, lägg, legg, læg",
    "up": "op, opp, upp, ner, ned",
    "give": "gi, gje, gjev, giv, ge, gie",
    "enough": "enough, nuff, nok, nog",
    "er": "er, är, is, are, was",
    "spare": "spar, spare, skån, skåne, fri, frita",
    "rid": "slippe, slippa, sleppe, sleppa, kvitt, rid, slipper, slepp, slepper",
    # Away with me, and with what is mine.
    "them": "him, henne, ham, han, hende, honom, hun",
    "customer": """
        kunde, kund, customer, medlem, member, medlemmar, medlemmer, medlemmene, kunder, customers,
        members
    """,
    "removal": """
        sletting, sletning, fjerning, radering, deletion, removal, avregistrering, avmelding, afmelding,
        erasure, oppsigelse, oppseiing, uppsägning, opsigelse, avslutning
    """,
    "ended": """
        opphører, stanses, avsluttes, avslutas, ophører, stoppes, stoppas, stopped, opphøyrer, stansast,
        stoppast
    """,
    "tired": "lei, trøtt, less, sick, tired, mett, træt, tröttnat",
    "remove": """
        fjern, fjerne, fjerna, slett, slette, sletta, slet, stryk, stryke, stryka, stryg, stryge,
        delete, remove, erase, wipe, purge, scrub, expunge, lose, lösch, löschen, radera, unregister,
        unlist, unenroll, unenrol, avregistrer, avregistrere, avregistrera, poista, poistakaa, block,
        blokker, blokkere, blockera, forget, scratch, suppress, exclude, strike, sletter, fjerner,
        raderar, släng, glem, glöm, pull, yank, delist, slettar, fjernar, stryker, strykar, spärra,
        spärr, sperr, sperre, sperra, spær, spærre
    """,
    "removed": """
        fjernet, slettet, strøket, strøke, struket, struken, removed, deleted, erased, borttagen,
        raderad, avmeldt, unsubscribed, avregistrert, avregistrerad, slettes, fjernes, strykes, raderas,
        tatt, taken, tagen, taget, borttaget, teken, tekne
    """,
    # «Si opp»: to give notice.
    "notice": "si, sier, seia, seie, sei, seier, säg, säga, säger, sig, sige, siger",
    "take": """
        ta, tar, tag, tage, take, plocka, plukk, plukke, turn, switch, taking, count, shut, skru, slå,
        stäng, koble, tek, teke
    """,
    "off": "bort, vekk, væk, ut, ud, off, away, out, väck, vækk, ur",
    "unsubscribe": """
        avmeld, avmelde, avmelda, afmeld, afmelde, avanmäl, avanmäla, avprenumer*, unsub*, unsuscri*,
        deregister, frameld, framelde, avmeldes, afmeldes, afmeldt, avregistreres, frameldes, avanmäler,
        avmelder, afmelder, avregistrerar, udmeld, udmelde, utmeld, utmelde, unfollow
    """,
    "sign": """
        meld, melde, melda, mell, melle, koble, kople, anmäl, melder, meldes, melds, meldast
    """,
    "opt": "opt, opting, opted",
    "let": "la, lat, lad, lade, låta, let, leave, lämna, lemna",
    "be": "være, vere, vera, vara, værra, be, vær",
    "peace": "alone, fred, ifred, peace",
    # The law: consent taken back, and objection.
    "consent": """
        samtykke, samtykket, samtykker, samtykkja, samtykkjer, consent, samtycke, permission,
        authorization, authorisation, tillatelse, tilladelse, tillstånd, medgivande, consented, samtycket,
        samtyckt
    """,
    "withdraw": """
        trekk, trekke, trekker, trekkjer, trækk*, træk*, tilbakekall*, tilbaketrekk*, tilbagekald*,
        tilbagetræk*, withdraw*, revok*, rescind*, retract*, återkalla*, trukket, trukke, drar, dra,
        trukkjet, trekkes, återkallat, tilbakekalt, tilbakekalles, tilbaketruk*, tilbagetruk*, dreg,
        dregen, återtar, återtager
    """,
    "reserve": "reserverer, reservert, reserverar",
    "decline": """
        frabeder, frabe, frabed, frabedes, undanber, undanbe, undanbedes, avsäger, avsäga, fravælger,
        fravelger, avböjer, avböj, avslår, frasier, fraseier
    """,
    "object": """
        object, objecting, motsetter, motset, motsätter, protesterer, protesterar, indsigelse, innvender,
        invänder, innsigelse
    """,
    "use": "bruke, bruka, brukes, brukast, använd, använda, användas, brug, bruge, bruges, anvendes",
    "processing": "processing, processed, behandling*, use, bruken",
}
