"""How people refuse in Lithuanian: words by kind, as data. What the kinds are: see the package."""

WORDS = {
    "not": "ne, nebe, niekada",
    "none": "jokių, jokios, jokio",
    "want": "noriu, norėčiau, pageidauju, norime, norim, prašau",
    "unwant": """
        nebenoriu, nenoriu, nebepageidauju, nepageidauju, nenorėčiau, nebenorim*, nenorim*, nesutink*,
        nebesutink*, nedomina, nebedomina, nereik*, nebereik*, nebenor*, nesidomiu, nereikaling*,
        neduodu, nedaviau, nesuteikiau, neįdom*, neidom*
    """,
    "receive": "gauti, gaut, skaityti, matyti, priimti",
    "message": """
        žinut*, žinuč*, sms*, reklam*, pranešim*, spam*, naujienlaišk*, pasiūlym*, šlamšt*, laišk*,
        informacij*, skambuč*
    """,
    "write": """
        siųs*, siunt*, rašy*, rašinė*, trukdy*, susisiek*, kontaktuo*, skambin*, spamin*, siuntinė*,
        persekio*, raš*
    """,
    "unwrite": """
        nesiųs*, nebesiųs*, nesiunt*, nebesiunt*, nerašy*, neberašy*, nebetrukdy*, netrukdy*,
        nebesusisiek*, nesusisiek*, neskambin*, nebeskambin*, nebesiuntinė*, nesiuntinė*, nerašinė*,
        neberašinė*, nespamin*, nebespamin*, netvark*
    """,
    "more": "daugiau, nebe, niekada, vėl, toliau, jau",
    "me": "man, mane, manęs, mums, mus",
    "my": "mano, mūsų, savo, visus",
    "this": "šių, to, tai, tokių, jūsų, šito, šitų, tų",
    "stop": """
        liaukitės, liaukis, baikite, baik, baikit, nustok*, sustabdy*, sustok*, liautis, užteks, gana,
        nutrauk*, stabdy*, nustoti, atsiknis*, atstok*
    """,
    "enough": "gana, pakaks, užtenka",
    "remove": """
        ištrin*, pašalin*, išbrauk*, panaikin*, išim*, trin*, šalin*, išmes*, nuim*, sunaikin*, istrink*
    """,
    "list": "sąraš*, baz*, sistem*, registr*",
    "data": "numer*, nr, duomen*, telefon*, kontakt*, informacij*, paskyr*",
    "subscription": "prenumerat*, naujienlaišk*, paslaug*, naryst*, abonement*, sutart*",
    "cancel": "atšauk*, atsisak*, nutrauk*, stabdy*, išjunk*",
    "unsubscribe": """
        atsisakau, atsisakyti, atsisakom*, išsiregistr*, išregistruo*, atsiregistr*, atsisakyt,
        atsiprenumer*, išsirašy*, išrašyk*
    """,
    "consent": "sutikim*, leidim*, sutinku",
    "withdraw": "atšauk*, atsiim*, panaikin*, atsisak*",
    "object": "prieštarau*, nesutinku, prieštarav*, draudžiu",
    "leave": "palik*, duokit*, duok",
    "peace": "ramyb*, ramiai, ramų",
    "you": "jūs, jūsų, galite, galėtumėte, galit, gal, prasau",
    "small": """
        iš, nuo, su, ir, dėl, į, kad, apie, visus, visas, visą, šį, šią, prašau, norėčiau, noriu, savo,
        šios, šio, tvarkyti, tvarkym*
    """,
    "polite": "prašau, ačiū, prašome, labas, laba, diena, sveiki, tuoj, nedelsiant, pat, dėkui",
    "doubt": """
        advokat*, teism*, policij*, vdai*, bdar*, skųs*, skund*, teisinin*, atsisak*, ne tas numeris,
        klaid*
    """,
}
