"""How people refuse in Arabic, written in Latin letters: words by kind, as data. The kinds: see the package.

In its own letters it is not read, and holds (step 6 of what an answer means).
"""

WORDS = {
    "not": "la, ma, mish, mesh, mosh, mush, mo, mu",
    "want": """
        arid, urid, oreed, ureed, abi, abgha, bidi, biddi, beddi, 3ayez, ayez, 3awez
    """,
    "receive": "istilam",
    "message": "sms*, rasail*, rasael*, rasayel*, rasa2el*, risala*, resala*, i3lan*",
    "write": """
        tursil*, tirsil*, tursel*, t2arsil*, turasil*, tib3at*, tab3at*, teb3at*, ab3ath*, tib3ath*,
        irsal*, ersal*
    """,
    "more": "tani, kaman, ba3d, akthar",
    "me": "ili, li, ely, elna, lana",
    "this": "hadi, hay, hadha",
    "stop": """
        waqif*, waqqif*, wa2ef*, wa2if*, wa2fo*, wa2fu*, wagif*, awqif*, tawaqaf*, waqfu*
    """,
    "enough": "khalas, 5alas, kafi, kifaya, kefaya, yikfi, bas",
    "remove": "ihthif*, i7thif*, ihzif*, emsa7*, imsah*, shil*, sheel*",
    "list": "qaima, kayme, lista",
    "data": "raqmi, ra2mi, rakmi, bayanati, ma3lumati",
    "subscription": "ishtirak*, eshterak*",
    "cancel": "ilgha*, elgha*, alghi, ilghi",
    "small": "el, al, il, min, 3an, an, fi",
    "polite": "shukran, law, sama7t, min, fadlak, akhi, please, walla, wallah, ya",
    "doubt": "",
}
