"""The pieces that pages are made of, each drawn once and checked for what a screen reader needs."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation

NOON = datetime(2026, 3, 4, 11, 0, tzinfo=UTC)


def draw(piece: str, **context: object) -> str:
    return render_to_string(f"includes/_{piece}.html", context, RequestFactory().get("/"))


@pytest.mark.parametrize(
    ("kind", "colour"),
    [("ok", "success"), ("warning", "warning"), ("danger", "danger"), ("", "neutral")],
)
def test_a_badge_has_a_word_and_a_colour(kind: str, colour: str):
    html = draw("badge", kind=kind, text="Venter")

    assert f'data-color="{colour}"' in html
    assert ">Venter<" in html


@pytest.mark.parametrize(
    ("level", "colour", "role"),
    [("success", "success", "status"), ("error", "danger", "alert"), ("info", "info", "status")],
)
def test_a_message_is_read_aloud(level: str, colour: str, role: str):
    html = draw("messages", messages=[SimpleNamespace(level_tag=level, message="Lagret")])

    assert f'data-color="{colour}"' in html
    assert f'role="{role}"' in html


def test_no_messages_draw_nothing():
    assert draw("messages", messages=[]).strip() == ""


def test_an_empty_list_says_why_and_what_to_do():
    html = draw("empty", title="Ingen ennå", text="Her kommer de.", url="/ny/", link="Lag en")

    assert "<h2>Ingen ennå</h2>" in html
    assert 'href="/ny/">Lag en</a>' in html


def test_an_empty_list_without_an_action_has_no_button():
    assert "<a" not in draw("empty", title="Ingen", text="Ingenting.")


def test_the_pager_leads_both_ways():
    html = draw("pager", previous_url="?before=1", next_url="?after=9")

    assert 'rel="prev" href="?before=1"' in " ".join(html.split())
    assert 'rel="next" href="?after=9"' in " ".join(html.split())


def test_the_pager_of_a_single_page_draws_nothing():
    assert draw("pager", previous_url="", next_url=None).strip() == ""


def test_a_question_is_a_posted_form_named_by_its_title():
    html = draw(
        "confirm", id="erase", title="Slette alt?", text="For alltid.", button="Ja", action="/e/"
    )

    assert '<h2 id="erase-title">Slette alt?</h2>' in html
    assert 'aria-labelledby="erase-title"' in html
    assert 'method="post"' in html
    assert "csrfmiddlewaretoken" in html


def test_a_question_behind_a_button_unfolds_without_a_script():
    html = draw("confirm", id="erase", opener="Slett", title="Slette?", text="…", button="Ja")

    assert html.index("<details") < html.index("<summary") < html.index('id="erase-title"')


def test_a_number_stands_beside_its_name():
    with translation.override("nb"):
        html = draw("stat", label="Har sagt ja", value=12480, hint="+38 denne uken")

    assert "<dt>Har sagt ja</dt>" in html
    assert ">12\xa0480</dd>" in html


def test_progress_is_named_and_its_numbers_are_for_machines(settings):
    settings.USE_THOUSAND_SEPARATOR = True
    with translation.override("nb"):
        html = " ".join(draw("progress", id="p", label="Vårsalg", value=5210, total=7714).split())

    assert '<label for="p">Vårsalg</label>' in html
    assert '<progress id="p" value="5210" max="7714">' in html


WATERFALL = [
    {"label": "Alle", "count": 200, "left": 0, "kind": "start"},
    {"label": "Har stoppet", "count": 50, "left": 150, "kind": "out"},
    {"label": "Får den", "count": 150, "left": 0, "kind": "rest"},
]


def test_the_waterfall_is_a_table_with_its_numbers_in_text():
    html = draw("waterfall", caption="Mottakere", rows=WATERFALL, total=200)

    assert "Mottakere</caption>" in html
    assert html.count('<th scope="row">') == 3
    assert "−50</td>" in html
    assert html.count('aria-hidden="true"') == 3


def test_the_waterfall_draws_each_exclusion_where_it_cuts():
    html = draw("waterfall", caption="Mottakere", rows=WATERFALL, total=200)

    assert '<rect class="out" x="750" y="0" width="250"' in html
    assert '<rect class="rest" x="0" y="0" width="750"' in html


def test_the_waterfall_of_nobody_has_no_bars():
    html = draw("waterfall", caption="Mottakere", rows=[WATERFALL[0] | {"count": 0}], total=0)

    assert 'class="start" x=' not in html


def test_bars_have_their_numbers_in_text():
    html = draw(
        "bars", caption="Resultat", rows=[{"label": "Levert", "count": 3, "kind": "ok"}], total=4
    )

    assert '<td class="number">3</td>' in html
    assert 'class="ok" x="0" y="0" width="750"' in html


def test_the_next_step_is_marked_for_those_who_do_not_see_it():
    steps = [{"label": "Skriv", "state": "done"}, {"label": "Godkjenn", "state": "current"}]

    html = draw("steps", steps=steps)

    assert html.count('aria-current="step"') == 1
    assert html.index("Skriv") < html.index('aria-current="step"') < html.index("Godkjenn")


def test_a_timeline_has_times_that_machines_read():
    html = draw("timeline", events=[{"at": NOON, "title": "Stoppet", "kind": "danger"}])

    assert '<time datetime="2026-03-04T12:00:00+01:00">' in html
    assert '<li data-color="danger">' in html


def test_facts_are_a_list_of_terms_and_a_missing_one_is_a_dash():
    html = draw("definition_list", rows=[("Avsender", "26112"), ("Godkjent av", None)])

    assert "<dt>Avsender</dt>" in html
    assert "<dd>–</dd>" in html


@pytest.mark.parametrize(("segments", "units"), [(1, 86), (2, 200)])
def test_the_preview_counts_the_sms(segments: int, units: int):
    measure = SimpleNamespace(segments=segments, units=units)

    html = draw("phone_preview", sender="26112", text="Hei <b>", measure=measure)

    assert f"{segments} SMS" in html
    assert str(units) in html
    assert "Hei &lt;b&gt;" in html


def test_a_copy_button_is_hidden_until_it_works():
    html = " ".join(draw("copy", id="link", label="Adresse", text="https://example.no/").split())

    assert 'data-copy="link" data-done="Kopiert" hidden>' in html
    assert '<code id="link" aria-labelledby="link-label">https://example.no/</code>' in html


def test_the_language_switch_names_each_language_in_its_own():
    html = " ".join(draw("language_switch").split())

    assert 'lang="nn" hreflang="nn" >Nynorsk</a>' in html
    assert 'lang="nb" hreflang="nb" aria-current="true">Bokmål</a>' in html


def test_the_menu_marks_the_page_one_is_on():
    items = [
        {"label": "Innboks", "url": "/i/", "is_current": True, "count": 4},
        {"label": "Formål"},
    ]

    html = draw("navigation", navigation=[{"title": "Personer", "items": items}])

    assert html.count('aria-current="page"') == 1
    assert '<span class="count">4</span>' in html


def test_one_organisation_is_named_and_several_are_chosen_between():
    one = {"name": "Nordlys", "url": "/n/", "is_current": True}

    alone = draw("organisation_switch", organisation=one, organisations=[one])
    several = draw(
        "organisation_switch", organisation=one, organisations=[one, one | {"name": "Fjell"}]
    )

    assert "<details" not in alone
    assert several.count("<li>") == 2


def test_signing_out_is_a_post():
    html = draw("user_menu", user="Kari")
    sign_out = html[html.index("Logg ut") - 400 :]

    assert 'method="post"' in sign_out
    assert "csrfmiddlewaretoken" in sign_out
