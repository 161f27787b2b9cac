"""STOP in a hundred thousand disguises, none of them missed; and the time that a megabyte takes.

`make trust` for the full number.
"""

import random
import time
from collections.abc import Callable

import pytest

from consents import reading
from consents.keywords import Intent, parse
from smsconsent import gsm
from tests.trust import size

VARIANTS = size.of(3_000, 100_000)
OWN = frozenset({"SKI", "KLUBB"})
OURS = "Nordlys Sport: Halv pris på alt i helgen. Svar STOPP for å stoppe"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
STRONG = sorted(word for (word,) in reading.STOP_STRONG)
WEAK = sorted(" ".join(entry) for entry in reading.STOP_WEAK)
PHRASES = sorted(" ".join(entry) for entry in reading.STOP_PHRASE)
HIDDEN = "\u00ad\u200b\u200c\u200d\u200e\u2060\ufeff\ufe0f\x00\x1b"
ACCENTS = "\u0300\u0301\u0308\u0330\u0336\u0344"
LOOK_ALIKES = str.maketrans("aeopctyxkmi", "аеорстухкмі")
BEFORE = ("", "", "Hei! ", "vennligst ", "!! ", "(", "- ", "\n\n", "Hei, ", "SKI ", "please ")
AFTER = (
    "", "", "!", "!!!", ".", " takk", ", takk :-)", " nå", " 🛑", "\n", " ALT", " sms", " pls",
    " 😡😡", " KLUBB", " umiddelbart", "\nMvh Kari Nordmann", "\n\nSendt fra min iPhone", "…",
    "\n> Svar JA for å bekrefte", f"\n{OURS}", " «Svar STOPP for å stoppe dette»",
)  # fmt: skip
SENTENCES = (
    "Jeg har sagt det før, {}", "{}. Jeg vil ha fred", "Nå er det nok! {}", "{}, dette er mas",
    "Hei dere\n{}", "{} fordi jeg har flyttet", "NEI {}", "START {}", "JA {}", "{} kampanje",
)  # fmt: skip


def slips(word: str) -> list[str]:
    """Every text that is one insertion, deletion, change or swap of neighbours away."""
    cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    made = {a + b[1:] for a, b in cuts if b}
    made |= {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    made |= {a + letter + b[1:] for a, b in cuts if b for letter in LETTERS}
    made |= {a + letter + b for a, b in cuts for letter in LETTERS}
    return sorted(slip for slip in made if _is_plain(slip))


def _is_plain(slip: str) -> bool:
    return len(slip) >= 4 and slip not in reading.KNOWN and reading.fold(slip) == slip


SLIPS = [
    slip
    for word in STRONG
    if word in {"stop", "stopp"} or (len(word) >= 6 and not word.startswith(("stop", "lop")))
    for slip in slips(word)
    if word.isascii()
]


def in_any_case(word: str, dice: random.Random) -> str:
    return "".join(letter.upper() if dice.random() < 0.5 else letter for letter in word)


def with_hidden(word: str, dice: random.Random) -> str:
    return "".join(letter + dice.choice(HIDDEN) for letter in word)


def with_accents(word: str, dice: random.Random) -> str:
    return "".join(letter + dice.choice(ACCENTS) for letter in word)


def drawn_out(word: str, dice: random.Random) -> str:
    """Draw out a letter that does not stand twice: of three or more, one is kept."""
    low = f" {word.lower()} "
    alone = [i for i, c in enumerate(low[1:-1]) if c.isalpha() and c not in {low[i], low[i + 2]}]
    place = dice.choice([i for i in alone if i] or alone)
    return word[:place] + word[place] * dice.randint(3, 9) + word[place + 1 :]


def spelled(word: str, dice: random.Random) -> str:
    return dice.choice((" ", "-", ".", " . ", "_")).join(word) if " " not in word else word


def wide(word: str, _dice: random.Random) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in word)


def looking_alike(word: str, dice: random.Random) -> str:
    return word.translate(LOOK_ALIKES) if word.isascii() and "s" in word else word


DISGUISES: tuple[Callable[[str, random.Random], str], ...] = (
    in_any_case, with_hidden, with_accents, drawn_out, spelled, wide, looking_alike,
)  # fmt: skip


def make_stop(dice: random.Random) -> str:
    kind = dice.random()
    if kind < 0.25:
        return dice.choice(SENTENCES).format(disguised(dice.choice(STRONG), dice))
    if kind < 0.45:
        return dice.choice(("", "Kjære dere, ", "Hei! ")) + in_any_case(dice.choice(PHRASES), dice)
    if kind < 0.6:
        return in_any_case(dice.choice(SLIPS), dice) + dice.choice(("", "!", " takk", " sms"))
    word = dice.choice(STRONG + WEAK if kind < 0.9 else STRONG)
    return dice.choice(BEFORE) + disguised(word, dice) + dice.choice(AFTER)


def disguised(word: str, dice: random.Random) -> str:
    return dice.choice(DISGUISES)(in_any_case(word, dice), dice)


def test_no_disguise_of_a_stop_is_missed() -> None:
    dice = random.Random(20261124)
    texts = (make_stop(dice) for _ in range(VARIANTS))

    missed = [t for t in texts if parse(t, keywords=OWN, ours=(OURS,)) is not Intent.STOP]

    assert missed == []


NASTY = (
    "stop", "stop ", "STOPP\n", '"', "« a ", "“STOPP” ", "\u0301\u0316", "\u0f73", "ﾞ\u0301", "S ",
    "🛑", "👩\u200d", "a", "aab", ">", "\n> x", "ikke ", "slutt å sende ", "mvh ", "sendt fra min\n",
    "vil ikke å ", "ingen flere å ", "slett alt å ",
    "ikke send den før ", "har dere ikke flere ", "vil stoppe disse ", "nei takk til flere ",
    "fjernmegstopp ", "slettt ", "no quiero de ", "nie proszę ", "x de la me q ", "ja meg mitt dette ",
    "ski ", "KLUBBSTOPP ", "'", "\t", "\r\n", "ш ", "?", "€", "…", "ô",
)  # fmt: skip


@pytest.mark.parametrize("piece", NASTY)
def test_twice_the_text_takes_twice_the_time(piece: str) -> None:
    size = 1_000_000 if VARIANTS >= 100_000 else 8_000

    once, twice = seconds_for(piece, size), seconds_for(piece, 2 * size)

    # Quadratic would be four times; what a busy machine does to a short run is allowed for.
    assert twice < 3.5 * once + 0.05


def seconds_for(piece: str, size: int) -> float:
    text = piece * (size // len(piece))
    took = []
    for _ in range(2):
        began = time.process_time()
        parse(text, keywords=OWN, ours=(OURS, "x" * 600))
        gsm.measure(text)
        took.append(time.process_time() - began)
    return min(took)
