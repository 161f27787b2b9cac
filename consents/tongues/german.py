"""How people refuse in German: words by kind, as data. What the kinds are: see the package."""

WORDS = {
    "not": "nicht, nie, niemals, nimmer, nich, net",
    "none": "kein*, nichts",
    "want": "will, wollen, möchte*, mochte, moechte*, wünsche*, brauche, wunsche, mag",
    "interest": "interess*",
    "receive": """
        erhalten, bekommen, empfangen, kriegen, haben, lesen, sehen, hören, kontaktiert, angeschrieben,
        belästigt
    """,
    "message": """
        nachricht*, sms*, werb*, spam*, newsletter*, angebot*, mitteilung*, texte, textnachricht*, werbe*,
        info*, mails, benachrichtig*, whatsapp*
    """,
    "write": """
        schreib*, schick*, send*, zusend*, zuschick*, anschreib*, kontakt*, kontaktier*, belästig*, nerv*,
        stör*, texte*, zuzusend*, zuspam*, spam*, melde*, anzuschreib*, verschon*, zusenden
    """,
    "more": "mehr, weiter*, wieder, länger, nochmal, jemals, künftig, zukünftig",
    "me": "mich, mir, uns",
    "my": "mein*, unser*, die, der, diese",
    "this": "das, dies*, sowas, davon, damit, solche*, derartig*",
    "stop": """
        aufhör*, aufzuhör*, stopp, stoppt, unterlass*, unterlasse*, beende*, stoppen, einstell*, einzustell*,
        schluss, lass, lasst, lassen, unterbind*, stellt, stellen, basta
    """,
    "begin": """
        hör, hört, hören, hoer*, stell, stellt, stellen, lass, lasst, meldet, melde, melden, tragt, trag,
        tragen
    """,
    "end": "auf, ein, sein, bleiben, ab, aus, raus",
    "enough": "genug, schnauze, reicht",
    "remove": """
        lösch*, loesch*, gelöscht, streich*, gestrichen, entfern*, austrag*, auszutrag*, nehm*, nimm,
        nehmt, raus*, herausnehm*, heraus*, rausnehm*, entnehm*, sperr*
    """,
    "list": """
        verteiler*, liste*, kartei*, datenbank*, kundendatei*, adressbuch*, system*, newsletter*,
        werbelist*
    """,
    "data": """
        nummer*, daten, handynummer*, telefonnummer*, rufnummer*, kontakt*, kontaktdaten, eintrag, profil,
        konto
    """,
    "subscription": "abo*, abonnement*, newsletter*, dienst*, service*, mitgliedschaft*, vertrag",
    "cancel": "kündig*, kuendig*, gekündigt, stornier*, abbestell*, beend*, widerruf*, cancel*",
    "unsubscribe": """
        abmeld*, abzumeld*, abgemeldet, abbestell*, austragen, auszutragen, abmelde*, deabonnier*,
        desabonnier*
    """,
    "consent": """
        einwillig*, zustimm*, einverständn*, erlaubnis*, genehmig*, einverstanden, zugestimmt,
        eingewilligt
    """,
    "withdraw": "widerruf*, wiederruf*, entzieh*, zurückzieh*, ziehe, zurück, widerrufen",
    "object": "widersprech*, widerspruch*, untersag*, verbiete*, verbitte*, ablehn*, lehne",
    "leave": "lass, lasst, lassen, lasse, gebt, geben",
    "peace": "ruhe, frieden",
    "you": "sie, ihr, ihnen, du, euch, ihre, ihren, ihrer, eure, eurer, deine*",
    "small": """
        bitte, von, vom, dem, den, der, die, das, ich, zu, an, auf, auch, hiermit, und, per, mit, für,
        gegen, sofort, ab, jetzt, eurer, eurem, ihrem, ihrer, diese, dieser, zur, es, endlich, doch,
        möchte, will, können, könnt, würden, dass, alle, alles, einfach, eine, wünsche, sämtliche,
        umgehend, hier, aller, werden, worden, gemäß, dsgvo, laut, nach, artikel, art, gdpr
    """,
    "polite": """
        bitte, danke, sofort, hallo, mal, endlich, doch, vielen, dank, guten, tag, umgehend, unverzüglich,
        hiermit, freundlich*, jetzt
    """,
    "doubt": """
        anwalt*, rechtsanwalt*, anzeige, anzeigen, datenschutz*, dsgvo*, abmahn*, verbraucherzentral*,
        bundesnetzagentur*, belästigung*, polizei*, falsche nummer, abmeld*, abbestell*, kündig*,
        widerruf*, verklag*, illegal*, unterlass*, zeige euch, zeige sie, zeig euch
    """,
}
