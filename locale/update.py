"""Brings the translations in step with the sources, and compiles them: `make messages`.

The texts in the sources are English; each catalogue holds one translation of every one of them. Needs no
GNU gettext, only the development packages. With `--check` it changes nothing, prints a line for whatever
is out of step, and ends with 1 if there was any.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import polib
from babel.messages.extract import extract as extract_from
from django.utils.translation.template import templatize

LOCALE = Path(__file__).resolve().parent
ROOT = LOCALE.parent
LANGUAGES = ("nb", "nn")
SOURCES = ("smsconsent", "consents", "campaigns")
TEMPLATES = ("templates",)
# How each function takes its arguments: which is the text, its plural and its context.
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop")),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd]|\{\w*\}")


@dataclass
class Text:
    """One text of the sources, its plural if it has one, and the files it stands in."""

    msgid: str
    plural: str = ""
    context: str | None = None
    files: set[str] = field(default_factory=set)
    comments: set[str] = field(default_factory=set)

    @property
    def key(self) -> tuple[str, str]:
        return self.context or "", self.msgid


# -- reading the sources -----------------------------------------------------------------------------
def extract() -> dict[tuple[str, str], Text]:
    """Return every text of the sources that is to be translated."""
    found: dict[tuple[str, str], Text] = {}
    for path in _source_files():
        for text in _texts_of(path):
            known = found.setdefault(text.key, text)
            known.files.add(path.relative_to(ROOT).as_posix())
            known.comments |= text.comments
            known.plural = known.plural or text.plural
    return found


def _source_files() -> Iterator[Path]:
    for folder in SOURCES:
        yield from sorted((ROOT / folder).rglob("*.py"))
    for folder in TEMPLATES:
        yield from sorted(
            path for path in (ROOT / folder).rglob("*") if path.suffix in {".html", ".txt"}
        )


def _texts_of(path: Path) -> Iterator[Text]:
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        # Django turns a template into something like Python; its indentation means nothing.
        lines = templatize(source, origin=str(path)).splitlines()
        source = "\n".join(line.strip() for line in lines)
    file = BytesIO(source.encode())
    for _line, found, comments, context in extract_from("python", file, KEYWORDS, ["Translators"]):
        msgid, plural = (found[0], found[1]) if isinstance(found, tuple) else (found, "")
        yield Text(msgid, plural=plural, context=context, comments=set(comments))


# -- the catalogues ----------------------------------------------------------------------------------
def catalogue_path(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def read_catalogue(language: str) -> polib.POFile:
    """Return the catalogue of a language, an empty one if there is none yet."""
    path = catalogue_path(language)
    catalogue = (
        polib.pofile(str(path), wrapwidth=100) if path.exists() else polib.POFile(wrapwidth=100)
    )
    # No dates and no names: the history has them, and they would change with every run.
    catalogue.metadata = {
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "nplurals=2; plural=(n != 1);",
    }
    return catalogue


def update(language: str, texts: dict[tuple[str, str], Text]) -> None:
    """Write the catalogue with exactly these texts, keeping each translation that is there."""
    catalogue = read_catalogue(language)
    known = {(entry.msgctxt or "", entry.msgid): entry for entry in catalogue}
    catalogue.clear()
    for key in sorted(texts, key=lambda key: (min(texts[key].files), key)):
        catalogue.append(_entry(texts[key], known.get(key)))
    path = catalogue_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    catalogue.save(str(path))
    path.with_suffix(".mo").write_bytes(catalogue.to_binary())


def _entry(text: Text, known: polib.POEntry | None) -> polib.POEntry:
    entry = polib.POEntry(
        msgid=text.msgid,
        msgctxt=text.context,
        occurrences=[(file, "") for file in sorted(text.files)],
        comment="\n".join(sorted(text.comments)),
        msgstr="" if text.plural else (known.msgstr if known else ""),
        flags=["python-format"] if re.search(r"%\(\w+\)|%[sd]", text.msgid) else [],
    )
    if text.plural:
        entry.msgid_plural = text.plural
        entry.msgstr_plural = (known and known.msgstr_plural) or {0: "", 1: ""}
    return entry


# -- what is out of step -----------------------------------------------------------------------------
def check(language: str, texts: dict[tuple[str, str], Text]) -> Iterator[str]:
    """Yield a sentence for each text that the catalogue lacks, has too much of or translates wrongly."""
    catalogue = read_catalogue(language)
    known = {(entry.msgctxt or "", entry.msgid): entry for entry in catalogue}
    for key in sorted(texts.keys() - known.keys()):
        yield f"{language}: not in the catalogue (make messages): {key[1]!r}"
    for key in sorted(known.keys() - texts.keys()):
        yield f"{language}: no longer in the sources (make messages): {key[1]!r}"
    for key in sorted(texts.keys() & known.keys()):
        yield from (f"{language}: {problem}: {key[1]!r}" for problem in _problems(known[key]))
    compiled = catalogue_path(language).with_suffix(".mo")
    if not compiled.exists() or compiled.read_bytes() != catalogue.to_binary():
        yield f"{language}: the compiled catalogue is older than its source (make messages)"


def _problems(entry: polib.POEntry) -> Iterator[str]:
    if entry.fuzzy:
        yield "not reviewed"
    pairs = [(entry.msgid, entry.msgstr)]
    if entry.msgid_plural:
        forms = entry.msgstr_plural
        pairs = [(entry.msgid, forms.get(0, "")), (entry.msgid_plural, forms.get(1, ""))]
    for source, translation in pairs:
        if not translation.strip():
            yield "not translated"
        elif _placeholders(translation) != _placeholders(source):
            yield "other placeholders"
        elif source[:1].isspace() != translation[:1].isspace():
            yield "begins differently"


def _placeholders(text: str) -> list[str]:
    return sorted(set(PLACEHOLDER.findall(text)))


def main() -> int:
    parser = argparse.ArgumentParser(description="Bring the translations in step with the sources.")
    parser.add_argument(
        "--check", action="store_true", help="change nothing, say what is out of step"
    )
    only_check = parser.parse_args().check
    texts = extract()
    problems: list[str] = []
    for language in LANGUAGES:
        if not only_check:
            update(language, texts)
        problems += check(language, texts)
    if problems:
        print("\n".join(problems))
    return 1 if only_check and problems else 0


if __name__ == "__main__":
    sys.exit(main())
