"""No log line holds a phone number."""

import json
import logging

import pytest

from smsconsent.logs import NumberFilter, make_formatter


@pytest.mark.parametrize(
    "line",
    ["sent to +4790000123", "900 00 123 asked", "0047 90000123", "tel:90.00.01.23", "90000123"],
)
def test_a_number_in_a_line_is_masked(line: str) -> None:
    record = logging.LogRecord("x", logging.INFO, "x", 1, line, (), None)

    NumberFilter().filter(record)

    assert "123" not in record.getMessage()
    assert "[number]" in record.getMessage()


def test_a_number_in_an_argument_is_masked() -> None:
    record = logging.LogRecord("x", logging.INFO, "x", 1, "sent to %s", ("+4790000123",), None)

    NumberFilter().filter(record)

    assert "90000123" not in record.getMessage()


@pytest.mark.parametrize(
    "line", ["took 1234567 ms", "id 5f2a90000123", "2026-11-24T04:25:57.512350Z", "26112"]
)
def test_other_digits_stay(line: str) -> None:
    record = logging.LogRecord("x", logging.INFO, "x", 1, line, (), None)

    NumberFilter().filter(record)

    assert record.getMessage() == line


def test_a_line_names_the_colleague_and_nothing_that_a_library_adds() -> None:
    record = logging.makeLogRecord({"msg": "role given", "by": 7, "request": "GET /me/"})

    line = make_formatter(colors=False).format(record)

    assert json.loads(line)["by"] == 7
    assert "/me/" not in line
