"""The words people answer with, as data. The rules that use them stand in `keywords`.

Written as people write them; `keywords` folds lists and texts in the same way. STOP, STOPP and
<KEYWORD> STOP are the forms that the operators require (Strex documentation, FOV-2012-1444); STOPALL,
UNSUBSCRIBE, CANCEL, END, QUIT, ARRET, START, YES, UNSTOP, HELP and INFO are common defaults abroad.
TAK is thanks in Danish and yes in Polish, so Latin `tak` is never a yes; nor are OK, JO and thumbs.
"""


def _entries(text: str) -> tuple[str, ...]:
    return tuple(" ".join(entry.split()) for entry in text.split(","))


# Stop the sender, wherever they stand first or last.
STOP_STRONG = _entries(
    """
    stop, stopp, stoppe, stoppa, stopall, unsubscribe, unsub, avmeld, avmelde, avmelding,
    avanmäl, avregistrera, avprenumerera, afmeld, afmelde, afmelding, frameld, framelde, lopeta,
    стоп
    """
)
# Stop only when nothing else is said.
STOP_WEAK = _entries(
    """
    radera, stryk, uppsägning, udmelding, utmelding, utmeldelse, udmeldelse, önskas ej, önskas
    inte, ønskes ikke, avslutt, avslutte, slutt, slutte, meld av, avbryt, avbestill, avbestille,
    fjern, slett, reserver, stans, ikke mer, ikkje meir, ikke flere, cancel, end, quit, optout,
    opt out, revoke, remove, no more, avsluta, sluta, ta bort, afslut, slut, slet, seis, peru,
    poista, abmelden, abbestellen, ende, arret, desabonner, koniec, rezygnuję, wypisz,
    atsisakau, baja, parar, alto, aldri mer, aldri meir, never again, la meg være, la meg vere,
    la meg i fred, låt mig vara, hold opp, hald opp, kutt ut, kutt det ut, oppsigelse, stans
    utsendelse, go away, i want out, hör auf, hört auf, aufhören, nicht mehr, en halua, peru
    tilaus, peruuta tilaus, nie chcę, nie piszcie, heaitte, heaittet, heaittes, bisset,
    bissehit, cease, cease and desist, desist, terminate, discontinue, deactivate, unregister,
    deregister, opphør, ophør, upphör, undanbedes, frabedes, avanmälan, avregistrering,
    avregistrer, avregistrere, no más, uinteressert, ointresserad, uinteresseret, uninterested,
    stawp, stahp, avbeställ, afbestil, cut it out, knock it off, stogg, stogge, stogga,
    unfollow, kanseller, kansellere, kündigen, kündigung, peruuta, peruutus, opsig, opsigelse,
    framelding, cancelar, rezygnacja, avsluttes, avslut
    """
)
NO = _entries(
    """
    nei, no, nope, nej, ei, nein, nie, non, ii, neitakk, nejtak, nejtack, nix, næh, ні, нет
    """
)
YES = _entries(
    """
    ja, yes, kyllä, jeg samtykker, ja jeg samtykker, eg samtykker, ja eg samtykker, да, так
    """
)
START = _entries(
    """
    start, unstop, subscribe, join, sign up, sign me up, meld på, meld meg på, påmeld,
    påmelding, bli med, abonner, anmäl, anmäl mig, tilmeld, tilmeld mig, aloita, liity,
    anmelden, zapisz, старт
    """
)
HELP = _entries(
    """
    hjelp, hjelp meg, help, help me, info, hjälp, hjælp, ohje, apua, hilfe, pomoc, допомога,
    помощь
    """
)
ALL = _entries(
    """
    alt, alle, all, allt, everything, kaikki, wszystko
    """
)
OBJECT = _entries(
    """
    alt, alle, all, allt, everything, kaikki, wszystko, sms, smser, melding, meldinger,
    meldingar, meldingene, meldingane, meddelanden, beskeder, beskederne, message, messages,
    text, texts, viestit, wiadomości, reklame, reklamen, reklam, dette, denne, disse, det, this,
    these, the, it, meg, mig, me, min, mitt, mine, my, fra, from, til, to, med, en, gang,
    umiddelbart, straks, immediately, her, abonnement, abonnementet, subscription
    """
)
POLITE = _entries(
    """
    takk, tusen, mange, tack, tak, kiitos, thanks, thank, you, thx, please, pls, plz, vennligst,
    venligst, snälla, vær, så, snill, grei, proszę, dziękuję, hei, hallo, halla, heisann, hej,
    hi, hello, hey, moi, gjerne, gärna, gerne, nå, nu, now, nyt, bitte, danke, giitu
    """
)
NOT = _entries(
    """
    ikke, ikkje, ikkj, ikje, ikk, ik, int, itj, ittj, itte, icke, inte, ej, aldri, aldrig, not,
    dont, doesnt, never, uten, utan, uden, without, non, älä, nie, nicht, ike, ite, ikkji, kje,
    isje, ikkja, dnt
    """
)
QUESTION = _entries(
    """
    hvor, hvordan, korleis, hvorfor, kvifor, når, hva, kva, hvem, kven, hvilken, how, where,
    when, why, what, who, whos, which, hur, var, när, vad, vem, varför, hvornår, hvad, miten,
    missä, milloin, mikä, kuka, miksi, jak, gdzie, kiedy, co, kto, dlaczego, kor, hvilke,
    hvilket, cuándo, dónde, cuánto, cuántos, cuál, quand, combien, comment, pourquoi, quel,
    quelle, wann, wo, wie, warum, wieso, welche, welcher, wieviel, kada, kur, kaip, kodėl, kiek,
    ile, czy, когда, где, как, почему, зачем, сколько, коли, де, як, чому, скільки, paljonko,
    montako, kuinka, ketä, kenen
    """
)
HOLD_PREFIX = _entries(
    """
    стоп, svindel, scam, phishing, bedrägeri, chikane, avmeld, afmeld, framel, avbestil,
    afbestil, avregistr, avanmal, avslut, afslut, unsub, slutt, sluta, fjern, slett, cancel,
    remov, delet, rezygn, wypis, lopett, spam, datatilsyn, forbrukertilsyn, gdpr, klag,
    trakasser, harass, fuck, helvete, lawyer, attorney, solicitor, lawsuit, advokat, ombud,
    ulovlig, ulovleg, olaglig, illegal, avbeställ, politianm, polisanm, integritetsskydd,
    konsumentv, forbrukerråd, forbrugerombud
    """
)
HOLD_PHRASE = _entries(
    """
    takk for meg, tack för mig, tak for mig, im out, i am out, im done, done with you, ferdig
    med dere, færdig med jer, over og ut, byttet nummer, bytt nummer, skiftet nummer, changed
    numbers, changed my number, not my number, no longer my number, doesnt belong, does not
    belong, tilhører ikke, er død, är död, gått bort, gikk bort, gået bort, passed away, has
    died, avlidit, avliden, on kuollut, do i know you, who are you, buzz off, bugger off, go to
    hell, get stuffed, beat it, drar til helvete, forsvinn, försvinn, forsvind, gå bort, bort
    med dere, bort med er, gi faen, ge fan, driter i, skiter i, skit i, trekker meg, trekke meg,
    trekker påmeldingen, bli glemt, bli glömd, blive glemt, be forgotten, anmelder jeg, anmelder
    det, anmelder dette, anmäler jag, anmäler det, anmäler detta, bryter loven, bryter mot
    lagen, markedsføringsloven, marknadsföringslagen, i retten, ikke lov, dra åt skogen, går til
    politiet, får det räcka, nok er nok, så er det nok, det er nok nu, nu er det nok, enough is
    enough, mig af, mig av, aldri sagt ja, aldrig sagt ja, never agreed, never said yes, meg av,
    deg av, meldt av, opt out, feil nummer, feil person, feil mottaker, hvem er dette, hvem er
    det, hvem er dere, kven er dette, kven er det, ikke mitt nummer, nytt nummer, ny eier, wrong
    number, wrong person, who is this, whos this, fel nummer, fel person, vem är det, vem är
    detta, forkert nummer, forkert person, väärä numero, kuka tämä on, zły numer, zła osoba,
    pomyłka, feil nr, feil tlf, feilnummer, wrong nr, who dis, falsche nummer, jeg heter ikke,
    eg heiter ikkje, overtatt nummeret, overtatt dette nummeret, overtatt dette nr, nok nå, det
    holder nå, ikke bedt om, ikkje bede om, ikke bestilt dette, ikke meldt meg, ikkje meldt meg,
    never signed up, didnt sign up, did not sign up, didnt ask for, for mange meldinger, for
    mange sms, færre meldinger, lei av dette, lei av maset, blokkerer dere, blokkert dere, orker
    ikke mer, gidder ikke mer, drit i, av lista, av listen, off the list, jeg meg ut, eg meg ut,
    meldt meg ut, legal action, report you, reporting you, small claims, rettslige skritt,
    anmelder dere, anmelder jer, anmäler er, politianmelder, polisanmäler, cease and desist,
    fått nok av, fått nog, fået nok, had enough, aldrig anmält, aldri meldt meg, aldrig
    tilmeldt, fått nummeret mitt, fått mitt nummer, fick ni mitt nummer, fått tak i nummeret,
    fik i mit nummer, fået mit nummer, hvorfor får jeg disse, hvorfor får jeg dette, hvorfor får
    jeg sms, varför får jag dessa, varför får jag sms, miksi saan näitä, mistä saitte, hold dere
    unna, stay away, håll er borta, räcker nu, räcker det, nog nu, jag av med, jeg af med, jeg
    kvitt, rid of, get off, off this list, off your list, skrid, rend mig, pis af, drit og dra,
    melder jer, melder dere, piss off, sod off, f off, get lost, shut up, hold kjeft, håll
    käften, hold kæft, fed up with, sue you, in court, the ftc, the ico, trading standards, how
    did you get, where did you get, why am i getting, why do i get, why are you, gå vekk, pell
    dere, ligg unna, ikke godkjent dette, inte godkänt detta, ikke godkendt dette, aldri
    godtatt, aldri godkjent, aldrig godkänt, aldrig godkendt, for mye sms, for mye reklame, for
    mykje reklame, för mycket reklam, for meget reklame, too many messages, too many texts
    """
)
# Ordinary words one slip away from a word of a stop.
REAL = _entries(
    """
    skrev, skreiv, ringde, mente, spart, topp, sopp, shop, shopp, step, stepp, stor, stol, stod,
    stof, stok, stup, slop, slopp, stropp, stomp, atop, anmeld, anmelde, anmelding, sett, sette,
    hadde, melk, kult, mote, seks, sent, kveld
    """
)
REACTION = _entries(
    """
    likte, elsket, mislikte, lo, fremhevet, uthevet, stilte, reagerte, fjernet, liked, loved,
    disliked, laughed, emphasized, emphasised, questioned, reacted, removed, gillade, älskade,
    ogillade, skrattade, betonade, ifrågasatte, reagerade, syntes, elskede, grinede, fremhævede,
    reagerede, tykkäsi
    """
)
SIGN_OFF = _entries(
    """
    med vennlig hilsen, vennlig hilsen, venlig hilsen, hilsen, mvh, vh, best regards, kind
    regards, regards, med vänlig hälsning, hälsningar, terveisin, pozdrawiam
    """
)
SIGNATURE = _entries(
    """
    sendt fra min, sent from my, skickat från min, sendt fra outlook, get outlook
    """
)
STOP_PHRASE_NO = _entries(
    """
    meld meg av, melde meg av, meld oss av, ta meg av listen, ta meg av lista, ta meg vekk, ikke
    send, ikke sende, ikkje send, ikkje sende, slutt å sende, slutte å sende, slutt å mase,
    slutt med, slutte med, stopp å sende, stoppe å sende, ikke ha flere, ikke ha mer, ikke
    flere, ikkje fleire, vil ikke ha, vil ikkje ha, ønsker ikke flere, ønsker ikke sms, ønsker
    ikke reklame, ikke interessert, ikkje interessert, fjern meg, fjerne meg, fjern nummeret,
    fjerne nummeret, slett meg, slette meg, slett nummeret, slett alle opplysninger, avslutt
    abonnementet, avslutte abonnementet, stoppe abonnementet, si opp, sier opp, trekker
    samtykket, trekker tilbake samtykket, la meg være i fred, la meg vere i fred, ikke kontakt
    meg, meld meg ut, melde meg ut, melder meg ut, meld oss ut, vil av lista, vil av listen,
    melder mig ud, reservert mot, reserverer meg mot, reserver meg mot, reservere meg mot, reserverar meg mot,
    reservasjon mot
    """
)
STOP_PHRASE_EN = _entries(
    """
    stop sending, stop texting, stop messaging, stop contacting, do not send, dont send, do not
    text, dont text, do not contact, dont contact, dont want any, dont want more, dont want
    these, no more messages, no more texts, no more sms, take me off, remove me, remove my
    number, delete me, delete my number, delete my data, opt me out, not interested, leave me
    alone, withdraw my consent, cancel my subscription, lose my number, un subscribe, cut it
    out, knock it off, do not call list
    """
)
STOP_PHRASE_SV = _entries(
    """
    tar tillbaka mitt samtycke, tar tillbaka samtycket, sluta skicka, sluta att skicka, skicka
    inte, inga fler, inte ha fler, vill inte ha, inte intresserad, ta bort mig, ta bort mitt
    nummer, avregistrera mig, avsluta prenumerationen, lämna mig ifred, återkallar mitt
    samtycke, säger upp, säga upp, säg upp, lägg av med, låt bli
    """
)
STOP_PHRASE_DA = _entries(
    """
    hold op, vil ikke have, ikke interesseret, meld mig fra, fjern mig, slet mig, slet mit
    nummer, lad mig være, trækker mit samtykke, siger op, sige op
    """
)
STOP_PHRASE_FI = _entries(
    """
    älkää lähettäkö, älä lähetä, en halua enää, en halua viestejä, en halua näitä, poista minut,
    poista numeroni, poistakaa minut, poistakaa numeroni, ei enää, lopettakaa
    """
)
STOP_PHRASE_PL = _entries(
    """
    nie wysyłaj, nie wysyłajcie, nie chcę więcej, nie chcę dostawać, nie chcę otrzymywać, proszę
    przestać, przestańcie, usuń mnie, mnie usunąć, usuńcie mój numer, wypisz mnie, nie chcę tego
    """
)
STOP_PHRASE_SE = _entries(
    """
    ale sádde, allet sádde, in hálit, in dáhto, sihko mu
    """
)
STOP_PHRASE = (
    *STOP_PHRASE_NO,
    *STOP_PHRASE_EN,
    *STOP_PHRASE_SV,
    *STOP_PHRASE_DA,
    *STOP_PHRASE_FI,
    *STOP_PHRASE_PL,
    *STOP_PHRASE_SE,
)
# Phrases that do not say of what. What stands around them may show that it is something else (`doubts`).
OPEN_PHRASE = _entries(
    """
    vil ikke ha, vil ikkje ha, vill inte ha, vil ikke have, ikke interessert, ikkje interessert,
    inte intresserad, ikke interesseret, not interested, dont want any, ikke flere, ikkje
    fleire, inga fler, ikke send, ikke sende, ikkje send, ikkje sende, skicka inte, do not send,
    dont send, si opp, sier opp, säg upp, säger upp, siger op, älkää lähettäkö, älä lähetä, meld
    meg av, melde meg av, meld mig fra, take me off
    """
)
# «Ikke kunde lenger, så slett meg»: where what a not-word says comes to its end.
CONJUNCTION = _entries("så, og, och, men, so, and, but")
# «Var vänlig och …» asks for no place.
KINDLY = _entries("vänlig, vänliga, vänligen, snäll, snälla, god, goda, så")
# Something in the singular that is not named here: «the …», «my …»; and in one word: «pakken», «regninga».
DETERMINER = _entries("the, a, an, my, your, min, mi, mitt, mit, den, det, hos")
DEFINITE = ("en", "et", "a", "ne")
# «The bus stop», «the next stop», «bilen har stoppa»: what stands before a stop that is none.
BEFORE_STOP = _entries(
    """
    bus, buss, busstopp, tram, train, metro, pit, next, last, first, one, the, a, neste, nästa,
    næste, siste, sista, sidste, første
    """
)
HAS_STOPPED = _entries("har, hadde, hade")
CONTRAST = _entries("men, but, utan, vaan, heller, rather")
BEFORE = _entries("før, innan, inden, before, ennen, ennå, enno, enda, endå, ennu, yet")
US = _entries("dere, dykk, dykkar, dokker, dåkk, dåkker, ni, er, jer, you, your")
# Oneself, on the way.
SELF = _entries("jeg, eg, æ, e, je, jag, vi, i, im, er, kommer, kjem, snart")
# «Have you …», «is there …».
IS_THERE = _entries("har, hadde, er, finnes, fins, finns, findes, är, is, are, have")
THERE = _entries("dere, du, de, dykk, det, ni, i, you, there")
# What a match ends with, and what then makes it part of something else.
FOLLOWED_BY = (
    (
        _entries("stop, stopp"),
        _entries("innom, ved, vid, by, utenfor, utanfor, foran, framfor, hos, inn, in, over"),
    ),
    # And who has stopped: «stoppa du bilen?»
    (
        _entries("stoppe, stoppa"),
        _entries(
            """
            innom, ved, vid, by, utenfor, utanfor, foran, framfor, hos, inn, in, over, du, han, hun,
            hon, ho
            """
        ),
    ),
    (
        _entries("ikke flere, ikkje fleire, inga fler, ikke mer"),
        _entries("enn, än, end, than, igjen, att, tilbake, kvar"),
    ),
    (_entries("lägg av med"), _entries("en, ett")),
    (_entries("lad mig være"), _entries("den, det, de, med, en")),
    (_entries("ei enää"), _entries("montaa, monta, pitkään, kauan")),
)
