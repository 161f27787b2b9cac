"""How people refuse in Polish: words by kind, as data. What the kinds are: see the package."""

WORDS = {
    "not": "nie, nigdy",
    "none": "żadnych, żadnej, bez",
    "want": "chcę, chcemy, chciałbym, chciałabym, życzę, życzymy, potrzebuję, zamierzam, chciał*",
    "interest": "interesuj*, zainteresowan*",
    "receive": "dostawać, otrzymywać, otrzymywania, dostawania, czytać, słyszeć, widzieć",
    "message": """
        wiadomoś*, sms*, esemes*, reklam*, spam*, ofert*, newsletter*, marketing*, powiadom*, mail*,
        promocj*
    """,
    "write": """
        wysył*, wyślij*, przysył*, przyślij*, pisz*, pisać, pisania, kontakt*, dzwon*, spam*, nękać,
        nękaj*, nęka*, niepoko*, zawracać, zawracaj*, przesył*, męcz*, śl*
    """,
    "more": "więcej, już, nigdy, dłużej, ponownie, jakichkolwiek, dalszych, kolejnych, nic",
    "me": "mnie, mi, nam, nas",
    "my": "mój, moje, moją, mojego, moich, mojej, swoje, nasz*",
    "this": "tego, tych, to, takich, te, tej, takie, tymi",
    "stop": """
        przestań*, przestać, zaprzesta*, kończcie, skończcie, skończ, zakończ*, odczep*, odwal*, odpierd*,
        odpuść*, wstrzym*, spadaj*, spieprz*, spierd*
    """,
    "enough": "dość, dosyć, koniec, starczy, wystarczy",
    "remove": """
        usuń*, usunąć, usunięci*, wykreśl*, skreśl*, skasuj*, skasow*, wymaż*, wymaza*, kasuj*, zdejmij*,
        wyrzuć*
    """,
    "list": "list*, baz*, mailing*, rejestr*, system*",
    "data": "numer*, nr, dane, danych, danymi, telefon*, konto, konta",
    "subscription": "subskry*, abonament*, newsletter*, prenumerat*, usług*, członkost*, subskrypc*",
    "cancel": """
        anuluj*, anulow*, rezygn*, zrezygn*, wyłącz*, odwoł*, wypowiad*, zakończ*, zablokuj*, dezaktyw*
    """,
    "unwrite": "niewysył*, nieprzysył*, niepisani*, niekontakt*, niedzwon*",
    "unsubscribe": "wypis*, wyrejestr*, odsubskry*, wypisz*, odpis*",
    "consent": "zgoda, zgodę, zgody, zezwol*, pozwol*, zgadzam",
    "withdraw": "cofam, cofnąć, cofni*, wycof*, odwoł*, anul*, cofa*",
    "object": "sprzeciw*",
    "leave": "zostaw*, dajcie, daj, dać",
    "peace": "spokoj*, spokój, święty",
    "you": "państwo, państwa, wy, was, wasz*",
    "small": """
        się, z, ze, na, od, do, o, i, w, proszę, sobie, bym, aby, żeby, by, mi, tą, tym, jakichkolwiek,
        wszystkie, wszystkich, za, te, dalszego, zgodnie, osobow*, jestem, was, waszej, wyrażam,
        przetwarzanie, przetwarzania, dla, rodo, ode, art, gdpr
    """,
    "polite": """
        proszę, dziękuję, natychmiast, uprzejmie, bardzo, witam, dzień, dobry, po, prostu, szanowni,
        niniejszym
    """,
    "doubt": """
        rodo, uodo, uokik, prawnik*, adwokat*, policj*, prokurat*, sąd, sądu, zgłosz*, skarg*, nęka*,
        wypis*, rezygn*, zły numer, blokuj*
    """,
}
