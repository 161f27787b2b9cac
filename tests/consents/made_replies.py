"""Ordinary replies by the thousand: sentences with slots, in the languages that people here write. Made up.

Many hold a word that stops elsewhere: a bus stops, work ends, something is switched off or left out.
"""

import random
from collections.abc import Iterator


def _of(words: str) -> list[str]:
    return words.split("|")


SLOTS = {
    # Bokmål and what all share.
    "tid": _of(
        "kl 16|kl. 12.30|klokka sju|halv fem|15:45|i morgen|på lørdag|neste uke|rundt 10|til jul"
    ),
    "navn": _of("Kari|Ola|Per Arne|Silje|Mohammed|Ingrid|Bjørn|Åse|Jonas|Anne-Lise"),
    "ting": _of(
        "varen|pakken|jakka|skiene|billetten|gavekortet|bestillingen|kjolen|sykkelen|kvitteringen"
    ),
    "sted": _of("skolen|butikken|kirken|stasjonen|kaia|senteret|hytta|sykehuset|torget|brua"),
    "hilsen": _of("Hei!|Hei|Hallo,|God morgen,|Heisann!|||"),
    "slutt": _of("takk|Takk!|på forhånd takk|mvh {navn}|:-)|😊|👍|Hilsen {navn}|!|.||||"),
    "tall": _of("2|3|42|100|4 stk|12|38|9"),
    # Nynorsk and dialect.
    "tidnn": _of("kl 16|klokka sju|i morgon|på laurdag|neste veke|i kveld"),
    "eg": _of("eg|æ|i|je|e"),
    # Swedish, Danish, Finnish, English.
    "tidsv": _of("kl 16|i morgon|på lördag|nästa vecka|ikväll"),
    "tidda": _of("kl. 16|i morgen|på lørdag|næste uge|i aften"),
    "tidfi": _of("klo 16|huomenna|lauantaina|ensi viikolla|illalla"),
    "tiden": _of("at 4|tomorrow|on Saturday|next week|tonight|around noon"),
    "thing": _of("the parcel|my order|the jacket|the ticket|the gift card|my receipt"),
}
TEMPLATES = """
{hilsen} takk for {ting} {slutt}
{hilsen} når kommer {ting}?
{hilsen} jeg kommer {tid} {slutt}
{hilsen} kan jeg hente {ting} {tid}? {slutt}
{hilsen} har dere {ting} i str {tall}? {slutt}
Bussen stopper ved {sted} {slutt}
Toget stopper ikke ved {sted} i dag {slutt}
Jeg slutter {tid}, kommer etterpå {slutt}
{navn} slutter på jobb {tid} {slutt}
Stopp innom {sted} hvis du kan {slutt}
Stopper dere ved {sted}? {slutt}
Vi stoppet ved {sted} for å spise {slutt}
Kan du stoppe ved {sted} {tid}? {slutt}
Klokka har stoppet {slutt}
Festen er slutt {tid} {slutt}
Når er det slutt? {slutt}
Til slutt fant jeg {ting} {slutt}
Slutt på ferien nå {slutt}
Avslutningen er {tid} {slutt}
Vi avslutter {tid} {slutt}
Avslutter kurset {tid}? {slutt}
Slå av lyset når dere går {slutt}
Av og til handler jeg der {slutt}
Hvem av dere er på jobb? {slutt}
Jeg går av ved {sted} {slutt}
Alarmen er av {slutt}
Kommer dere ut {tid}? {slutt}
Gikk ut av {sted} uten {ting} {slutt}
Nei takk, jeg har {tall} fra før {slutt}
Nei takk til pose, men {ting} tar jeg {slutt}
Ikke mas, jeg kommer! {slutt}
Ikke mas, er der {tid}
Ikke stress, jeg rekker det {slutt}
Ikke kom før {tid} {slutt}
Ikke glem {ting} {slutt}
Ikke ring før {tid}, er på jobb {slutt}
Ikke send {ting} før {tid} {slutt}
Ikke skriv feil navn på {ting} {slutt}
Send {ting} til {sted} {slutt}
Kan dere sende {ting} på nytt? {slutt}
Fjernet du flekken på {ting}? {slutt}
Fjernkontrollen mangler {slutt}
Fjern gjerne pinnene fra {ting} {slutt}
Slett tørt føre på fjellet {slutt}
Vil ikke {ting} komme før {tid}? {slutt}
Vil ikke ha {ting} i rødt, men i blått {slutt}
Jeg vil ikke ha den røde, men den blå {slutt}
Trenger ikke flere enn {tall} {slutt}
Har ikke mer enn {tall} igjen {slutt}
Ikke flere enn {tall} {slutt}
Det er ikke flere igjen vel? {slutt}
Har dere ikke flere? {slutt}
Er det ikke mer igjen? {slutt}
Er dere ikke interessert i å kjøpe {ting}? {slutt}
Ikke interessert i den grønne, men den blå {slutt}
Jeg må avbestille timen {tid} {slutt}
Jeg må melde avbud {tid} {slutt}
Kan jeg melde meg på {tid}? {slutt}
La meg være den første som sier gratulerer {slutt}
La meg være med {tid} {slutt}
Kutt ut da 😂 {slutt}
Kutter håret {tid} {slutt}
Ta med {ting} {tid} {slutt}
Bra at dere slutter å sende brev hjem {slutt}
Ta bort løken {slutt}
Stans bilen ved {sted} {slutt}
Reserver {tall} til meg {slutt}
Reserver bord {tid} {slutt}
Alt i orden med {ting} {slutt}
Ok, {tid} passer {slutt}
Ja, {tid} passer {slutt}
Ja takk, {tall} {slutt}
{tall} {slutt}
Gratulerer med dagen, {navn}! {slutt}
Kan {navn} ringe meg {tid}? {slutt}
Hvor finner jeg {sted}? {slutt}
Står ved {sted} nå {slutt}
Har dere åpent {tid}? {slutt}
Må flytte timen til {tid} {slutt}
Jeg er 10 min forsinket {slutt}
Pris på {ting}? {slutt}
Koden virker ikke {slutt}
Lenken virker ikke, {hilsen} kan dere sende på nytt?
Fikk ikke {ting} {slutt}
Ble ikke ferdig før {tid} {slutt}
😂😂 {slutt}
Haha, {navn} sin feil {slutt}
Ser fram til {tid} {slutt}
Endelig {tid}! {slutt}
{eg} kjem {tidnn} {slutt}
{eg} sluttar {tidnn} {slutt}
Bussen stoppar ved kyrkja {slutt}
Ikkje mas, {eg} kjem {slutt}
Ikkje gløym {ting} {slutt}
Ikkje ring før {tidnn} {slutt}
Har de ikkje fleire? {slutt}
Er det ikkje meir att? {slutt}
{eg} vil ikkje ha kvit, men blå {slutt}
Kan {eg} hente {ting} {tidnn}? {slutt}
Takk for sist! {slutt}
{eg} e på vei {slutt}
{eg} har itj fått {ting} {slutt}
Kor mykje kostar {ting}? {slutt}
Det er slutt på mjølka {slutt}
Stoppar de ved {sted}? {slutt}
Jag kommer {tidsv} {slutt}
Jag slutar {tidsv} {slutt}
Bussen stannar vid skolan, stopp två {slutt}
Tack för hjälpen, ses {tidsv} {slutt}
Sluta larva dig 😂 {slutt}
Vill inte ha den röda, men den blå {slutt}
Har ni inga fler? {slutt}
Glöm inte nycklarna {slutt}
Tjata inte, jag kommer {slutt}
Vi måste avboka {tidsv} {slutt}
Stoppa in lappen i lådan {slutt}
Hur mycket kostar den? {slutt}
Är det slut på skorna? {slutt}
Ta bort isen innan {tidsv} {slutt}
Jeg kommer {tidda} {slutt}
Bussen stopper ved skolen {tidda} {slutt}
Jeg slutter først {tidda} {slutt}
Kan I holde åbent {tidda}? {slutt}
Hold op hvor er den flot! {slutt}
Vil ikke have den røde, men den blå {slutt}
Det er slut for i dag {slutt}
Hvad koster den? {slutt}
Tak for i dag {slutt}
Lad mig være den første {slutt}
Glem ikke kvitteringen {slutt}
Tulen {tidfi} {slutt}
Kiitos paljon! {slutt}
Bussi pysähtyy koulun edessä {slutt}
Paljonko tämä maksaa? {slutt}
Onko teillä kokoa {tall}? {slutt}
Työt loppuvat {tidfi} {slutt}
En ehdi {tidfi} {slutt}
En halua sinistä vaan punaisen {slutt}
Ei enää montaa päivää! {slutt}
Nähdään {tidfi} {slutt}
I will come {tiden} {slutt}
The bus stops by the school {slutt}
I finish work {tiden} {slutt}
Can you stop by {tiden}? {slutt}
I will stop by {tiden} {slutt}
Stop by {tiden} if you can {slutt}
Could not stop laughing 😂 {slutt}
Where is {thing}? {slutt}
Do not send {thing} before Friday {slutt}
I dont want the red one, the blue one please {slutt}
Not interested in the red one, but the blue {slutt}
The weekend is almost at an end {slutt}
I will quit my job {tiden} {slutt}
No more snow please 😂 {slutt}
Cancel my booking {tiden}, new time please {slutt}
Remove the stain please {slutt}
Let me know when {thing} arrives {slutt}
Out of milk, can you bring some? {slutt}
Thanks, see you {tiden} {slutt}
Is it sold out? {slutt}
What time do you end {tiden}? {slutt}
Yes, {tiden} works {slutt}
No, {tiden} is better {slutt}
""".strip().splitlines()

# A person who only reads the words cannot tell these from a wish to stop, so they count as one.
AMBIGUOUS = """
Vil ikke ha pose
Jeg vil ikke ha løk på burgeren
Slutt med det tullet 😂
Ta meg vekk fra denne varmen 😂
Slutte med snus blir tøft
Please do not text while driving 😂
Dont want any onions on it
Leave me alone with that cake 😂
""".strip().splitlines()


def ordinary(count: int, *, seed: int) -> Iterator[str]:
    """Yield so many different replies, each template as often as the others."""
    dice = random.Random(seed)
    seen: set[str] = set()
    while len(seen) < count:
        for template in TEMPLATES:
            text = _filled(template, dice)
            if text not in seen and len(seen) < count:
                seen.add(text)
                yield text


def _filled(template: str, dice: random.Random) -> str:
    text = template
    while "{" in text:
        start, end = text.index("{"), text.index("}")
        text = text[:start] + dice.choice(SLOTS[text[start + 1 : end]]) + text[end + 1 :]
    return " ".join(text.split())
