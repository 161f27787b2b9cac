"""What an administrator fills in to give a role."""

from typing import Any

from django import forms
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from smsconsent.staff.roles import ROLES

EVERYWHERE = "organisation"


class RoleForm(forms.Form):
    """Who, which role, and where: the whole organisation, or one purpose."""

    email = forms.EmailField(label=_("E-mail"))
    name = forms.CharField(
        label=_("Name"), max_length=100, required=False, help_text=_("Only for a new colleague.")
    )
    role = forms.ChoiceField(label=_("Role"))
    place = forms.ChoiceField(label=_("For"))

    def __init__(
        self, *args: Any, organisation: Model, purposes: list[Model], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._targets: dict[str, Model] = {EVERYWHERE: organisation} | {
            str(purpose.pk): purpose for purpose in purposes
        }
        role, place = self.fields["role"], self.fields["place"]
        assert isinstance(role, forms.ChoiceField)
        assert isinstance(place, forms.ChoiceField)
        role.choices = [(key, value.name) for key, value in ROLES.items()]
        place.choices = [(EVERYWHERE, _("The whole organisation"))] + [
            (key, str(target)) for key, target in self._targets.items() if key != EVERYWHERE
        ]

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        return email.lower()

    @property
    def target(self) -> Model:
        """The organisation or purpose that was chosen. Only after validation."""
        return self._targets[self.cleaned_data["place"]]
