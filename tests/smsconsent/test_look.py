"""Every template keeps the content security policy, and every piece can be used without seeing it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template import engines
from django.template.loader import render_to_string
from django.utils import translation

TEMPLATES = Path(settings.BASE_DIR) / "templates"
STATIC = Path(settings.BASE_DIR) / "static"
# The reports of a bundle are read as files of their own, far from our server and its style sheets.
PAGES = sorted(
    path for path in TEMPLATES.rglob("*.html") if path.parent != TEMPLATES / "consents/bundles"
)
PIECES = sorted((TEMPLATES / "includes").glob("*.html"))

COMMENT = re.compile(r"{% comment %}.*?{% endcomment %}|{#.*?#}|<!--.*?-->", re.DOTALL)
TAG = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
FORBIDDEN = {
    "inline style": re.compile(r"\sstyle\s*=|<style", re.IGNORECASE),
    "inline script": re.compile(r"<script(?![^>]*\ssrc=)|javascript:", re.IGNORECASE),
    "event attribute": re.compile(r"\son[a-z]+\s*=|\bhx-on\b|\bhx-on:", re.IGNORECASE),
    "htmx that needs eval": re.compile(r"hx-(?:vals|headers)\s*=\s*[\"']js:|hx-trigger=\"[^\"]*\["),
}


def name_of(path: Path) -> str:
    return path.relative_to(TEMPLATES).as_posix()


def markup_of(path: Path) -> str:
    """What the template sends, without comments. Tags of Django stay."""
    return COMMENT.sub("", path.read_text())


def draw(source: str, **context: object) -> str:
    return engines["django"].from_string(source).render(context)


# -- all templates ---------------------------------------------------------------------------------
@pytest.mark.parametrize("what", FORBIDDEN)
@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_a_template_has_nothing_that_the_policy_blocks(path: Path, what: str) -> None:
    assert FORBIDDEN[what].findall(markup_of(path)) == []


@pytest.mark.parametrize(
    ("what", "markup"),
    [
        ("inline style", '<p style="color: red">'),
        ("inline script", "<script>alert()</script>"),
        ("inline script", '<script defer type="module">'),
        ("inline script", '<a href="javascript:alert()">'),
        ("event attribute", '<button onclick="go()">'),
        ("event attribute", '<button hx-on:click="go()">'),
        ("htmx that needs eval", '<p hx-trigger="click[ctrlKey]">'),
    ],
)
def test_what_the_policy_blocks_is_found(what: str, markup: str) -> None:
    assert FORBIDDEN[what].search(markup)


@pytest.mark.parametrize("path", PIECES, ids=name_of)
def test_a_piece_says_first_how_it_is_used(path: Path) -> None:
    assert path.read_text().startswith("{% comment %}")


def styled_classes() -> set[str]:
    return {
        name
        for path in STATIC.rglob("*.css")
        for name in re.findall(r"\.([a-zA-Z][\w-]*)", path.read_text())
    }


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_a_template_uses_only_classes_that_the_styles_know(path: Path) -> None:
    markup = TAG.sub(" ", markup_of(path))
    used = {name for value in re.findall(r'class="([^"]*)"', markup) for name in value.split()}

    assert used - styled_classes() == set()


def references() -> Iterator[tuple[str, str]]:
    for path in PAGES:
        for found in re.findall(r'{% static "([^"]+)" %}', path.read_text()):
            yield name_of(path), found


@pytest.mark.parametrize(("template", "asset"), sorted(references()))
def test_a_static_file_that_a_template_names_exists(template: str, asset: str) -> None:
    assert finders.find(asset), f"{template} names {asset}"


@pytest.mark.parametrize(
    "path", [*STATIC.rglob("*.css"), *STATIC.rglob("*.js")], ids=lambda path: path.name
)
def test_styles_and_scripts_fetch_nothing_from_elsewhere(path: Path) -> None:
    foreign = re.compile(r"""(?:url\(\s*["']?|@import\s+["']?|\bfetch\(\s*["'`])(?:https?:)?//""")

    assert foreign.findall(path.read_text()) == []


@pytest.mark.parametrize("folder", ["designsystemet", "inter"])
def test_what_was_copied_from_others_has_its_licence_beside_it(folder: str) -> None:
    licence = (STATIC / "css" / "vendor" / folder / "LICENSE").read_text()

    assert "Permission is hereby granted" in licence or "SIL OPEN FONT LICENSE" in licence


# -- pages of errors -------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "405", "413", "429", "500"])
def test_an_error_page_needs_neither_request_nor_context(name: str) -> None:
    html = render_to_string(f"{name}.html")

    assert html.count("<h1>") == 1
    assert '<html lang="nb"' in html


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_a_page_says_which_language_it_is_in(language: str) -> None:
    with translation.override(language):
        assert f'<html lang="{language}"' in render_to_string("404.html")


@pytest.mark.parametrize("frame", ["base_public.html", "base_staff.html"])
def test_a_frame_lets_the_keyboard_skip_to_the_content(frame: str) -> None:
    html = draw('{% extends "' + frame + '" %}{% block content %}<h1>Her</h1>{% endblock %}')

    assert html.index('href="#main"') < html.index("<header")
    assert html.index('<main id="main"') < html.index("<h1>Her</h1>")


def test_a_public_page_has_no_script() -> None:
    html = draw('{% extends "base_public.html" %}')

    assert "<script" not in html


def test_a_page_with_a_wrong_answer_says_so_in_its_title() -> None:
    source = '{% extends "base_public.html" %}{% block title %}Meld deg på{% endblock %}'

    title = draw(source, form={"errors": {"phone": ["Feil"]}}).split("<title>")[1]

    assert title.split("</title>")[0].split() == ["Feil:", "Meld", "deg", "på"]
