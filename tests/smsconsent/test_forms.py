"""A form is right by default: every field has its label, help and error, and they are tied together."""

import re

import pytest
from django import forms
from django.template.loader import render_to_string
from django.test import RequestFactory


class Example(forms.Form):
    phone = forms.CharField(label="Mobilnummer", help_text="8 siffer.")
    channel = forms.ChoiceField(
        label="Hvordan?", choices=[("s", "SMS"), ("e", "E-post")], widget=forms.RadioSelect
    )
    days = forms.MultipleChoiceField(
        label="Dager",
        choices=[("1", "Mandag")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    agree = forms.BooleanField(label="Ja takk")
    secret = forms.CharField(widget=forms.HiddenInput, required=False)

    def clean(self) -> None:
        raise forms.ValidationError("Alt er feil.")


class WithFile(forms.Form):
    file = forms.FileField()


def wrong() -> Example:
    form = Example({"phone": ""})
    form.is_valid()
    return form


def draw(piece: str, **context: object) -> str:
    return render_to_string(f"includes/_{piece}.html", context, RequestFactory().get("/"))


def ids(html: str) -> list[str]:
    return re.findall(r'\sid="([^"]+)"', html)


@pytest.mark.parametrize("form", [Example(), wrong()], ids=["fresh", "wrong"])
def test_every_label_and_description_points_to_something(form: Example) -> None:
    html = str(form)
    pointed = re.findall(r'(?:for|aria-describedby)="([^"]+)"', html)

    assert {name for value in pointed for name in value.split()} <= set(ids(html))


def test_no_id_is_used_twice() -> None:
    found = ids(str(wrong()))

    assert len(found) == len(set(found))


def test_every_visible_input_has_a_label() -> None:
    html = str(Example())
    inputs = re.findall(r'<input type="(?!hidden)[^>]*\sid="([^"]+)"', html)

    assert inputs == ["id_phone", "id_channel_0", "id_channel_1", "id_days_0", "id_agree"]
    assert set(inputs) <= set(re.findall(r'<label[^>]*\sfor="([^"]+)"', html))


def test_a_wrong_field_says_so_and_points_to_its_error() -> None:
    html = draw("field", field=wrong()["phone"])

    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_phone_helptext id_phone_error"' in html
    assert 'id="id_phone_error"' in html


def test_a_right_field_has_no_error() -> None:
    html = draw("field", field=Example()["phone"])

    assert "aria-invalid" not in html
    assert "ds-validation-message" not in html


def test_radio_buttons_stand_in_a_named_group() -> None:
    html = draw("field", field=wrong()["channel"])

    assert html.index("<fieldset") < html.index("<legend>") < html.index("Hvordan?")
    assert 'aria-describedby="id_channel_error"' in html


def test_only_optional_fields_are_marked() -> None:
    marked = {field.name: "(valgfritt)" in draw("field", field=field) for field in Example()}

    assert marked == {
        "phone": False, "channel": False, "days": True, "agree": False, "secret": False,
    }  # fmt: skip


def test_a_box_takes_the_label_it_is_given_and_is_not_ticked() -> None:
    html = draw("checkbox", field=Example()["agree"], label="Ja, jeg vil ha tilbud.")

    assert ">Ja, jeg vil ha tilbud.</label>" in html
    assert "checked" not in html


def test_widgets_wear_the_class_of_the_design_system_besides_their_own() -> None:
    form = Example()
    form.fields["phone"].widget.attrs["class"] = "wide"

    assert 'class="wide ds-input"' in str(form["phone"])
    assert "ds-input" not in str(form["secret"])


def test_the_summary_leads_from_each_error_to_its_field() -> None:
    html = draw("error_summary", form=wrong())
    targets = re.findall(r'href="#([^"]+)"', html)

    assert targets == ["id_phone", "id_channel_0", "id_agree"]
    assert set(targets) <= set(ids(str(wrong())))
    assert "<li>Alt er feil.</li>" in html


def test_the_summary_takes_the_focus_and_is_read_aloud() -> None:
    html = draw("error_summary", form=wrong())

    assert 'role="alert" tabindex="-1" autofocus' in html


def test_a_form_without_errors_has_no_summary() -> None:
    assert draw("error_summary", form=Example()).strip() == ""


def test_a_whole_form_has_its_token_and_its_button() -> None:
    html = draw("form", form=Example(), button="Lagre", cancel="/tilbake/")

    assert "csrfmiddlewaretoken" in html
    assert ">Lagre</button>" in html
    assert 'href="/tilbake/"' in html


def test_a_form_that_only_asks_sends_no_token() -> None:
    assert "csrfmiddlewaretoken" not in draw("form", form=Example(), button="Søk", method="get")


def test_a_form_with_a_file_can_carry_it() -> None:
    assert 'enctype="multipart/form-data"' in draw("form", form=WithFile(), button="Last opp")
