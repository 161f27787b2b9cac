"""What colleagues write in the portal, into values. Forms never write."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from consents.forms import PhoneField
from consents.models import Organisation, Purpose, Suppression
from consents.models.organisations import LANGUAGES
from consents.plain_language import Fault
from consents.services import Texts, WordingUnclear


class SearchForm(forms.Form):
    """Find one number. No partial search: the index cannot, and nobody should browse."""

    phone = PhoneField(help_text=_("The whole number."))


class HoldForm(forms.Form):
    """Why, and until when, evidence must outlive an erasure."""

    reason = forms.CharField(
        label=_("Legal reason"),
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("Which claim needs the evidence, and why. A colleague must approve."),
        error_messages={"required": _("Write which claim needs the evidence.")},
    )
    ends_on = forms.DateField(
        label=_("Last day"),
        help_text=_("The hold ends by itself after this day. Three years at most."),
        widget=forms.DateInput(attrs={"type": "date"}),
    )


class OpeningForm(forms.Form):
    """Why somebody must read what is held."""

    reason = forms.CharField(
        label=_("Why must it be read?"),
        max_length=200,
        error_messages={"required": _("Write why. It is stored together with your name.")},
    )


class ReleaseForm(forms.Form):
    """Why a hold can end before its last day."""

    reason = forms.CharField(
        label=_("Why can it end?"),
        max_length=200,
        help_text=_("About the claim, without names. A colleague must approve."),
        error_messages={"required": _("Write why it can end.")},
    )


class ExportForm(forms.Form):
    """Why evidence leaves the house."""

    reason = forms.CharField(
        label=_("Why is it exported?"),
        help_text=_("For example: complaint to the authority, case 26/1234. Do not write names."),
        max_length=150,
        error_messages={"required": _("Write why. It is stored together with your name.")},
    )

    def __init__(self, data: Any = None, *, place: str = "export") -> None:
        """`place` keeps the ids apart where the form stands more than once on a page."""
        super().__init__(data, auto_id=f"{place}_%s")


class ReasonForm(forms.Form):
    """Why a colleague needs to see a full number."""

    reason = forms.CharField(
        label=_("Why do you need the number?"),
        max_length=200,
        error_messages={"required": _("Write why. It is stored together with your name.")},
    )


class RegisterForm(forms.Form):
    """What a colleague registers for a person."""

    phone = PhoneField(label=_("The person's mobile number"))
    note = forms.CharField(
        label=_("Where the request came from"),
        max_length=200,
        help_text=_("For example: asked for it in the shop. Do not write names."),
        error_messages={"required": _("Write where the request came from. It becomes evidence.")},
    )


class BlockForm(forms.Form):
    """Whom nobody may ask again, for what, and why."""

    phone = PhoneField(label=_("The number to block"))
    purpose = forms.ChoiceField(label=_("For"), required=False)
    reason = forms.ChoiceField(label=_("Reason"), choices=Suppression.Reason.choices)

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.purposes = {str(each.pk): each for each in organisation.purposes.order_by("name")}
        field = self.fields["purpose"]
        assert isinstance(field, forms.ChoiceField)
        names = [(key, purpose.name) for key, purpose in self.purposes.items()]
        field.choices = [("", _("All purposes")), *names]

    def clean_purpose(self) -> Purpose | None:
        return self.purposes.get(self.cleaned_data["purpose"])


class UnblockForm(forms.Form):
    """Whom the block list may forget."""

    unblock_phone = PhoneField(label=_("The number to remove"))
    explained = forms.BooleanField(
        label=_("The person has asked for it, and I have explained what it means"),
        error_messages={"required": _("Explain it first, and tick the box.")},
    )


FAULTS = {
    Fault.THIN: _("Say more: people must know what they say yes to."),
    Fault.VAGUE: _("“%(found)s” can mean anything. Say exactly what you mean."),
    Fault.HARD: _(
        "The text is hard to read (LIX %(found)s; below 55 is wanted). Use shorter sentences and words."
    ),
    Fault.COUNT: _("The purpose promises at most %(count)s messages %(period)s. Say that number."),
    Fault.PERIOD: _(
        "The purpose promises at most %(count)s messages %(period)s. Say whether it is per "
        "week or per month."
    ),
}


class WordingForm(forms.Form):
    """A new version of the words in which people are asked: what, why, how often, who, how to stop."""

    TEXTS = Texts.__slots__

    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)
    title = forms.CharField(label=_("Heading"), max_length=80)
    what = forms.CharField(
        label=_("What we send"), max_length=300, widget=forms.Textarea({"rows": 2})
    )
    why = forms.CharField(label=_("Why"), max_length=300, widget=forms.Textarea({"rows": 2}))
    frequency = forms.CharField(
        label=_("How often"),
        max_length=100,
        help_text=_("Write the number that the purpose has. No more messages than that are sent."),
    )
    who = forms.CharField(label=_("Who sends"), max_length=200)
    how_to_stop = forms.CharField(label=_("How to stop"), max_length=200)
    declaration = forms.CharField(
        label=_("The text beside the box"), max_length=300, widget=forms.Textarea({"rows": 2})
    )
    age_declaration = forms.CharField(
        label=_("Age declaration"),
        max_length=200,
        required=False,
        help_text=_("Leave empty if there is no age limit."),
    )
    is_material = forms.BooleanField(
        label=_("This is a new purpose, sender or kind of content: people must say yes again"),
        required=False,
    )

    @property
    def texts(self) -> Texts:
        return Texts(**{name: self.cleaned_data[name] for name in self.TEXTS})

    def explain(self, unclear: WordingUnclear, purpose: Purpose) -> None:
        """Put beside each text what is wrong with it."""
        for problem in unclear.problems:
            says = {
                "found": problem.found,
                "count": purpose.promised_count,
                "period": purpose.get_promised_period_display(),
            }
            self.add_error(problem.field, str(FAULTS[problem.fault]) % says)


class NoticeForm(forms.Form):
    """A new version of the privacy notice."""

    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)
    body = forms.CharField(
        label=_("Text"),
        max_length=20_000,
        widget=forms.Textarea({"rows": 18}),
        help_text=_("Blank lines part paragraphs; a line that begins with ## is a heading."),
    )
    is_material = forms.BooleanField(
        label=_("New data, a new recipient or a longer time: tell everybody by SMS"),
        required=False,
    )
