"""How people refuse in Finnish: words by kind, as data. What the kinds are: see the package."""

WORDS = {
    "not": """
        en, ei, emme, älä, älkää, älkä, älekää, elkää, et, eivät, eikä, emmä, emmää, elekää, elekee, elä
    """,
    "want": """
        halua*, haluu*, halu, tahdo*, tarvi, tarvii, tarvitse, kaipaa, jaksa, kestä, toivo*, huvita,
        viitsikö, viitsi, jaksa*, pyydän, halu*, vaadin, pyytänyt, pyysin
    """,
    "interest": "kiinnosta, kiinnostunut, kiinnost",
    "receive": "saada, vastaanottaa, saapua, ottaa, kuulla, tulla, olla, kuulua",
    "message": """
        viest*, mainos*, mainok*, tekstiv*, tekstar*, sms*, tarjou*, markkinoin*, uutiskir*, spämm*,
        yhteydenot*, soittel*, suoramarkkinoin*, mitään, mitää, mittää, ilmoitu*, roskapost*, tekstailu*,
        mainont*, mainosten
    """,
    "write": """
        lähettäkö, lähetä, lähettää, lähettämi*, lähettämästä, lähettely*, lähetelkö, lähettele*, laita,
        laittako, laittaa, laittamasta, pistäkö, pistä, viestiä, viestittä*, kirjoittako, kirjoita,
        kirjoittamasta, häiritkö, häiritä, häiritsemä*, spämmä*, tekstaile*, ottako, ota, yhteyttä,
        kontaktoi*, kiusa*, lähetellä, lähettelkö, laitelko, pommittako, soittako, soitelko, pommit*,
        häiritse, tekst*, yhteydessä, käyttää, käyttäkö, käytä
    """,
    "more": """
        enää, ennää, enempää, enempi, koskaan, ikinä, lisää, jatkossa, uudestaan, uudelleen, ees, yhtään,
        lainkaan, ollenkaan, pätkääkään, paskaakaan, vähempää
    """,
    "me": """
        minut, minua, minulle, minun, mut, mua, mulle, mun, mulla, minusta, musta, häntä, hänelle, hälle,
        hänet, meidät, meille, meitä, meidän, miut, minuun
    """,
    "my": "hänen, äitini, isäni, mieheni, vaimoni",
    "this": """
        näitä, näistä, nää, nämä, tätä, tämä, tää, tän, näiden, tähän, sitä, niitä, tällais*, tommosi*,
        tommos*, tämän, näit
    """,
    "stop": """
        lopeta, lopettakaa, lopetatte, lopetat, lopetatteko, lopettaa, lopetettava, loppukoon, lakkaa,
        lakatkaa, lakkaatte, riittää, seis, lopetakaa, lopettaka, stoppaa, stoppaatte, lopettamaan,
        lopettakaapa, lopetkaa, lopetakkaa, lopettakka, stoppi, loppu, loppua
    """,
    "remove": """
        poista, poistakaa, poistaa, poistatte, poistetaan, poistamaan, poistattehan, poistaisitte, pois,
        tuhotkaa, hävittäkää, unohtakaa, unohda, poistua, poistun, poista*, poistet*, blok*, estä*
    """,
    "list": "lista*, rekister*, järjestelm*, postituslist*, tietokan*, asiakasrekist*, jakelu*, postilist*",
    "data": "numero*, puhelinnum*, tiedot, tietoni, tietoja, tietoani, yhteystie*, henkilötie*, tietoj*",
    "subscription": """
        tilau*, jäsenyy*, uutiskir*, palvelu*, tekstiviestipalv*, kanta*, kerho*, klubi*, tili, tilini,
        tilin, jäsen*
    """,
    "cancel": """
        peru, perua, perun, peruuta, peruutan, peruuttaa, irtisano*, eroan, erota, kieltäydyn, kiellän,
        kieltää, sulkekaa, sulje, peruutus, perukaa, estäkää, estä, luovun, luopua, lopetan
    """,
    "unsubscribe": "kieltäydyn, peruutustilaus, markkinointikiel*, suoramarkkinointikiel*, unsub*",
    "consent": "suostumu*, lupa, lupaa, lupaani, hyväksy*, lupani, suostu, luvan, markkinointilu*, suostunut",
    "withdraw": "perun, perukaa, peruut*, vedän, peru, perua, perut*",
    "object": "vastustan, kiellän, kieltäydyn, markkinointikiel*, suoramarkkinointikiel*",
    "leave": "jättäkää, jätä, antakaa, anna, jättäisitte",
    "peace": "rauhaan, rauhassa, olla",
    "you": """
        te, voitteko, voisitteko, voitte, voisitte, saatte, saa, sä, sinä, teidän, voi, voisi, pitää,
        teistä, teihin, voitko, voisitko, teitä
    """,
    "small": """
        ja, ole, että, tähän, joten, kaikki, kaikkea, kaiken, jo, nyt, vaan, ihan, teiltä, teidän, mitä,
        tästä, teillä, on, kaikista, noita, mutta, mä, mää, mie, olko, asetan, teen, oo, oon, tänne,
        tälle, gdpr*, mukai*, nojalla, perusteella, artikla*, oikeesti, oikeasti, bro, kertaa
    """,
    "polite": """
        kiitos, kiitti, kiitoksia, hei, moi, terve, ystävällisesti, heti, nyt, välittömästi, vittu,
        saatana, perkele, jooko
    """,
    "doubt": """
        rikosilmoitu*, poliisi*, lakimie*, asianajaj*, tietosuoja*, kuluttaja*, häirintä*, laiton*,
        väärään numeroon, väärälle henkilölle, en tilannut, en ole tilannut, gdpr*, spämm*, haistakaa,
        painukaa, turpa, enää asiakas, enää jäsen, asiakkaanne, nyt loppu, loppu nyt, haista, painu,
        suksikaa, valituks*, valitan, kyllästy*, liikaa viestejä, liian paljon viestejä
    """,
}
