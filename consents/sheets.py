"""A table of consents as people export it: CSV with a comma, a semicolon or a tab, from Excel or not.

Reads row by row, whatever the size. Row numbers are those of the file as a spreadsheet shows it: the
heading is row 1. A broken cell is a `Broken`, with its column; a broken file raises UnreadableFile.
"""

import codecs
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from io import TextIOWrapper
from typing import BinaryIO, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings

from smsconsent.phones import NotAMobileNumber, Phone, parse_mobile

COLUMNS = ("number", "purpose", "source", "method", "time", "wording")
_HEADINGS = {
    "number": "number", "phone": "number", "nummer": "number", "mobil": "number",
    "mobilnummer": "number", "telefon": "number", "purpose": "purpose", "formål": "purpose",
    "føremål": "purpose", "source": "source", "kilde": "source", "kjelde": "source",
    "method": "method", "metode": "method", "måte": "method", "time": "time", "date": "time",
    "tid": "time", "tidspunkt": "time", "dato": "time", "wording": "wording", "text": "wording",
    "tekst": "wording", "ordlyd": "wording",
}  # fmt: skip
# How the person said yes. A bought or rented list is none of these (law.md L49).
METHODS = ("web_form", "paper_form", "sms", "phone", "app", "in_person")
_METHOD_NAMES = {
    "nettskjema": "web_form", "web": "web_form", "papirskjema": "paper_form", "papir": "paper_form",
    "telefon": "phone", "oppmøte": "in_person", "butikk": "in_person",
}  # fmt: skip
_BOUGHT = re.compile(r"(inn)?kjøpt|leid|leigd|bought|purchased|rented|hired", re.IGNORECASE)
_DATE = re.compile(
    r"(?:(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)|(?P<d2>\d\d?)\.(?P<m2>\d\d?)\.(?P<y2>\d{4}))"
    r"(?:[T ](?P<clock>\d\d?:\d\d(?::\d\d(?:\.\d+)?)?)(?P<zone>Z|[+-]\d\d:?\d\d)?)?"
)
_PLAIN_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?")
_PLAIN_NUMBER = re.compile(r"(?:\+47)?([49]\d{7})")
_FLOAT = re.compile(r"(\d+)[.,]0+")
_SCIENTIFIC = re.compile(r"(\d[.,]?\d*)[eE]\+?(\d\d?)")
_NO_FORMULA = re.compile(r"[+-]?\d+")
_OSLO = ZoneInfo("Europe/Oslo")
LONGEST_CELL = 3000
LONGEST_SOURCE = 100


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet runs as a formula. Plain numbers stay as they are."""
    # SECURITY: text from outside may begin like a formula, which could send what stands beside it.
    if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) and not _NO_FORMULA.fullmatch(cell):
        return "'" + cell
    return cell


class UnreadableFile(Exception):
    """The file is no table of consents. `code` says why."""

    def __init__(self, code: str, missing: str = "") -> None:
        super().__init__(f"{code} {missing}".strip())
        self.code, self.missing = code, missing


class Row(NamedTuple):
    """One consent as the file tells it. A tuple, for an import reads a million of them."""

    row: int
    phone: Phone
    purpose: str
    source: str
    method: str
    at: datetime
    wording: str


@dataclass(frozen=True, slots=True)
class Broken:
    """What is wrong with one row: the first bad cell, cut so that it names nobody."""

    row: int
    column: str
    code: str
    cell: str


class BrokenCell(Exception):
    """One cell cannot be read."""

    def __init__(self, column: str, code: str) -> None:
        super().__init__(code)
        self.column, self.code = column, code


def encoding_of(file: BinaryIO) -> str:
    """Return the encoding of a file: by its mark, else UTF-8 if all of it is, else that of old Windows."""
    file.seek(0)
    start = file.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    try:
        while piece := file.read(1 << 16):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8-sig"


def read_rows(file: BinaryIO, encoding: str) -> Iterator[Row | Broken]:
    """Yield each row below the heading. Raises UnreadableFile."""
    file.seek(0)
    # No translation of line ends: the reader of CSV wants them as they are.
    with TextIOWrapper(file, encoding=encoding, newline="") as stream:
        try:
            yield from _rows(_lines(stream))
        except (csv.Error, UnicodeError):
            raise UnreadableFile("broken_table") from None


def _rows(lines: Iterator[str]) -> Iterator[Row | Broken]:
    heading = next((line for line in lines if line.strip()), "")
    separator = max(";,\t", key=heading.count)
    places = _places(next(csv.reader([heading], delimiter=separator), []))
    missing = [""] * (max(places) + 1)
    for number, cells in enumerate(csv.reader(lines, delimiter=separator), start=2):
        if any(map(str.strip, cells)):
            whole = cells + missing
            yield _row_of(number, [whole[place].strip() for place in places])


def _lines(stream: TextIOWrapper) -> Iterator[str]:
    """Yield lines with their ends. One that never ends is no line of a table."""
    while line := stream.readline(1 << 16):
        if len(line) >= 1 << 16:
            raise UnreadableFile("broken_table")
        yield line


def _places(heading: list[str]) -> list[int]:
    """Return where each of COLUMNS stands in a line. Raises UnreadableFile."""
    columns = [_HEADINGS.get(cell.strip().strip("\ufeff").lower(), "") for cell in heading]
    for name in COLUMNS:
        if columns.count(name) != 1:
            raise UnreadableFile("column_missing", name)
    return [columns.index(name) for name in COLUMNS]


def _row_of(number: int, cells: list[str]) -> Row | Broken:
    """Read the cells of one row, in the order of COLUMNS."""
    try:
        if not all(cells) or len(text := "".join(cells)) > LONGEST_CELL or "\0" in text:
            _require_text(cells)
        phone, purpose, source, method, at, wording = cells
        return Row(
            number,
            phone_in(phone),
            purpose.lower(),
            _source(source),
            _method(method),
            moment_in(at),
            wording,
        )
    except BrokenCell as broken:
        cell = cells[COLUMNS.index(broken.column)]
        return Broken(number, broken.column, broken.code, shown(broken.column, cell))


def _require_text(cells: list[str]) -> None:
    """Raise BrokenCell for the first cell that is empty or holds what is no text."""
    for column, cell in zip(COLUMNS, cells, strict=True):
        if not cell:
            raise BrokenCell(column, "empty")
        if len(cell) > LONGEST_CELL or "\0" in cell:
            raise BrokenCell(column, "too_long")


def shown(column: str, cell: str) -> str:
    """Return what may be kept of a cell. PRIVACY: of a number, three characters."""
    return "•••" + cell[-3:] if column == "number" and cell else cell[:60]


def phone_in(cell: str) -> Phone:
    """Return the number, also when a spreadsheet has had it. Raises BrokenCell."""
    if match := _PLAIN_NUMBER.fullmatch(cell):
        return Phone("+47" + match[1])
    text = cell.removeprefix("=").strip("\"'")
    if match := _FLOAT.fullmatch(text):
        text = match[1]
    elif match := _SCIENTIFIC.fullmatch(text):
        text = _unrounded(match)
    try:
        return parse_mobile(text, countries=settings.SMS_COUNTRIES)
    except NotAMobileNumber as error:
        raise BrokenCell("number", error.reason.value) from None


def _unrounded(match: re.Match[str]) -> str:
    """Return the digits of 4,790000012E+09. With fewer digits than that, the rest is lost: no guess."""
    mantissa, exponent = match[1].replace(",", "."), int(match[2])
    if len(mantissa.replace(".", "").rstrip("0")) < exponent - 1:
        raise BrokenCell("number", "rounded")
    return str(int(Decimal(mantissa).scaleb(exponent)))


def moment_in(cell: str) -> datetime:
    """Return a moment: ISO 8601 or Norwegian, in Oslo unless a zone is named. Raises BrokenCell."""
    try:
        found = datetime.fromisoformat(cell if _PLAIN_TIME.fullmatch(cell) else _as_iso(cell))
    except ValueError:
        raise BrokenCell("time", "no_time") from None
    return found if found.tzinfo else found.replace(tzinfo=_OSLO)


def _as_iso(cell: str) -> str:
    """Spell a moment as ISO 8601 does. Raises ValueError for what is none."""
    if not (match := _DATE.fullmatch(cell)):
        raise ValueError("no moment")
    part = match.groupdict()
    day = f"{part['y'] or part['y2']}-{int(part['m'] or part['m2']):02}-{int(part['d'] or part['d2']):02}"
    hours, _colon, rest = (part["clock"] or "0:00").partition(":")
    return f"{day}T{hours:0>2}:{rest}{part['zone'] or ''}"


# The same few words stand in most rows.
@lru_cache(maxsize=256)
def _source(cell: str) -> str:
    if _BOUGHT.search(cell):
        raise BrokenCell("source", "bought")
    if len(cell) > LONGEST_SOURCE:
        raise BrokenCell("source", "too_long")
    return cell


@lru_cache(maxsize=256)
def _method(cell: str) -> str:
    name = cell.lower().replace(" ", "_")
    name = _METHOD_NAMES.get(name, name)
    if name not in METHODS:
        raise BrokenCell("method", "no_method")
    return name
