"""Forms for requests from people about their data. No field takes a document (law.md L44)."""

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from consents.forms import PhoneField
from consents.models import Case
from consents.models.organisations import LANGUAGES


class CaseForm(forms.Form):
    """What a colleague writes down while the person waits."""

    kind = forms.ChoiceField(
        label=_("What is the person asking for?"),
        choices=Case.Kind.choices,
        widget=forms.RadioSelect,
    )
    phone = PhoneField(
        label=_("The mobile number it is about"),
        help_text=_("Even if we may not hold anything about it."),
    )
    received_on = forms.DateField(
        label=_("When did it come?"),
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        help_text=_(
            "The one-month deadline runs from this day, even if the request lay unread in an inbox."
        ),
    )
    channel = forms.ChoiceField(label=_("How did it come?"), choices=Case.Channel.choices)
    language = forms.ChoiceField(label=_("Language of the answer"), choices=LANGUAGES)
    note = forms.CharField(
        label=_("What exactly is the person asking for?"),
        required=False,
        max_length=1000,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("Only what you need to answer. No names and no birth dates."),
    )

    def clean_received_on(self) -> date:
        day: date = self.cleaned_data["received_on"]
        if day > timezone.localdate():
            raise forms.ValidationError(_("This date is in the future."))
        if (timezone.localdate() - day).days > 365:
            raise forms.ValidationError(_("This is more than a year ago. Check the date."))
        return day


class CodeForm(forms.Form):
    """The code that the person reads back."""

    code = forms.CharField(
        label=_("The code that the person reads to you"),
        max_length=12,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
    )


class ExtendForm(forms.Form):
    """Why more time is needed, in words for the person."""

    reason = forms.CharField(
        label=_("Why do we need more time?"),
        max_length=500,
        widget=forms.Textarea({"rows": 2}),
        help_text=_(
            "The person reads this. Say which reason applies: many requests, or a complicated one."
        ),
        error_messages={"required": _("Write why. Without a reason, the law allows one month.")},
    )


class NewNumberForm(forms.Form):
    """The right number. It is asked, and answers for itself."""

    new_phone = PhoneField(label=_("The new number"))


class CloseForm(forms.Form):
    """How the case ended. The letter is filled in from this, and may then be changed."""

    outcome = forms.ChoiceField(
        label=_("How did it end?"), choices=Case.Outcome.choices, widget=forms.RadioSelect
    )
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=1000,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("For a refusal, or when only part was done. The person reads it."),
    )
    text = forms.CharField(
        label=_("The answer"),
        required=False,
        max_length=10_000,
        widget=forms.Textarea({"rows": 16}),
        help_text=_(
            "Read it through, and change what is not right. Blank lines separate paragraphs."
        ),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        needs_reason = data.get("outcome") in {Case.Outcome.REFUSED, Case.Outcome.PARTLY}
        if needs_reason and not data.get("reason", "").strip():
            self.add_error("reason", _("Write why. The person has a right to know."))
        return data
