"""Every number of a demand or a decision that is cited leads somewhere: docs/sources.md, docs/decisions/."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.environment import ROOT

FOLDERS = ("smsconsent", "consents", "campaigns", "bench", "verifier", "tests", "templates", "docs")
SOURCES = ROOT / "docs/sources.md"
FILES = sorted(
    path
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".html", ".md"} and path not in {SOURCES, Path(__file__)}
)
# A time of day is no threat of trust.md, and T201 no feature but a rule of the linter.
CODE = re.compile(r"\b([LG]\d\d|F\d{3}|T\d\d?)\b(?!:)(?:-[LGFT](\d+)\b)?")
INVARIANT = re.compile(r"\b(?:[Ii]nvariants? |INV[- ])(\d+(?:, \d+)*)")
SECTION = re.compile(r"\b(\w+\.md) § (\d+)")
DECISION = re.compile(r"\b[Dd]ecisions? (\d+(?:, \d+)*)")
DOCUMENT = re.compile(r"(?<![\w/-])(\w+\.md)\b")


def lines() -> Iterator[tuple[str, str]]:
    for path in FILES:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if "noqa" not in line:
                yield f"{path.relative_to(ROOT)}:{number}", line


def demands(line: str) -> Iterator[str]:
    for code, last in CODE.findall(line):
        first = int(code[1:])
        yield from (f"{code[0]}{n:0{len(code) - 1}}" for n in range(first, int(last or first) + 1))
    for numbers in INVARIANT.findall(line):
        yield from (f"INV-{number}" for number in numbers.split(", "))
    for paper, section in SECTION.findall(line):
        yield f"{paper} § {section}"


def test_every_demand_that_is_cited_is_explained() -> None:
    text = SOURCES.read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `?([^|`]+?)`? \|", text, re.MULTILINE))

    missing = {at: found for at, line in lines() if (found := {*demands(line)} - explained)}

    assert missing == {}


def test_every_paper_that_is_cited_is_explained() -> None:
    papers = set(re.findall(r"`(\w+\.md)\b", SOURCES.read_text(encoding="utf-8")))
    known = papers | {path.name for folder in (ROOT, ROOT / "docs") for path in folder.glob("*.md")}

    missing = {at: found for at, line in lines() if (found := {*DOCUMENT.findall(line)} - known)}

    assert missing == {}


def test_every_decision_that_is_cited_is_on_record() -> None:
    known = {int(path.name[:4]) for path in (ROOT / "docs/decisions").glob("*.md")}
    cited = {
        at: {int(number) for numbers in DECISION.findall(line) for number in numbers.split(", ")}
        for at, line in lines()
    }

    assert {at: found for at, numbers in cited.items() if (found := numbers - known)} == {}
