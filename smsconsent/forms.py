"""How every form of ours looks: labels, help, errors and classes in one place.

Set as FORM_RENDERER, so that `{{ form }}` and `{% include "includes/_field.html" with field=form.phone %}`
are right by default. The accessible wiring (aria-invalid, aria-describedby) is Django's own.
"""

from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting


class Field(forms.BoundField):
    """A field of a form, whose widget wears the class of the design system."""

    def build_widget_attrs(
        self, attrs: dict[str, Any], widget: forms.Widget | None = None
    ) -> dict[str, Any]:
        chosen = widget or self.field.widget
        attrs = super().build_widget_attrs(attrs, chosen)
        if not chosen.is_hidden:
            attrs["class"] = f"{chosen.attrs.get('class', '')} ds-input".strip()
        return attrs


class FormRenderer(TemplatesSetting):
    """Draw forms with our templates; widgets come from Django unless `templates/django/` has its own."""

    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"
    bound_field_class = Field
