"""How an event came about is told in plain words, whatever brought it about."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.translation import override

from consents.reports import method_in_words

SOURCES = sorted((Path(settings.BASE_DIR) / "consents").rglob("*.py"))
METHODS = sorted(
    {name for file in SOURCES for name in re.findall(r'Proof\(\s*"(\w+)"', file.read_text("utf-8"))}
)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("language", ["nb", "nn"])
def test_each_method_has_words(method: str, language: str) -> None:
    with override(language):
        assert method_in_words(method) != method


def test_the_methods_are_found_in_the_sources() -> None:
    assert {"web_form", "mo_stop", "timer", "erased"} <= set(METHODS)
