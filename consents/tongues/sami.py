"""How people refuse in Northern Sámi: words by kind, as data. What the kinds are: see the package."""

WORDS = {
    "not": "in, it, ii, eat, eahpet, eai, ale, alle, allet, alli, alit, ehpet",
    "want": "hálit, háliidan, hálidan, dáhto, dáhtu, siđa",
    "message": "dieđu*, diehtu*, tekstadieđ*, reklám*, sms*, fálald*",
    "write": "sádde, sáddet, sáddehehket, sáddej*, čále, čállet",
    "more": "šat, eanet, eambbo, goassege",
    "me": "mu, munnje, min, midjiide, munno",
    "this": "dáid, dáidda, daid",
    "stop": "bisset, bissehe*, bisseh*, heaitte*, heaittet, heaittas, nohka",
    "remove": "sihko, sihkko, sihkkut, váldde, váldet, vádde, jávkat",
    "list": "listtus, listtu*, listu*",
    "data": "nummir*, nummara*, dieđuid",
    "small": "eret, ja, maid, don, dii, lea, dan",
    "polite": "giitu, ollu, dál, bures",
    "doubt": "",
}
