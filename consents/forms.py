"""Strings from people into values. Forms never write."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from consents.models import Organisation, Purpose, Suppression
from consents.models.organisations import LANGUAGES
from consents.services import Texts
from smsconsent.phones import NORWAY, NotAMobileNumber, Phone, Reason, parse_mobile

PHONE_ERRORS = {
    Reason.EMPTY: _("Write your mobile number."),
    Reason.LETTERS: _("A mobile number has digits only. Check what you wrote."),
    Reason.TOO_SHORT: _("The number is too short. A Norwegian mobile number has 8 digits."),
    Reason.TOO_LONG: _("The number is too long. A Norwegian mobile number has 8 digits."),
    Reason.LANDLINE: _(
        "This is a landline number. We need a mobile number, so that we can send SMS."
    ),
    Reason.PREMIUM: _("This number costs extra to reach. Write an ordinary mobile number."),
    Reason.MACHINE: _(
        "This number belongs to a machine, not to a phone. Write your mobile number."
    ),
    Reason.FOREIGN: _("We can only send to Norwegian mobile numbers."),
    Reason.UNKNOWN: _("We do not recognise this as a Norwegian mobile number. Check the digits."),
}


class PhoneField(forms.CharField):
    """A Norwegian mobile number, typed any sane way, cleaned to a Phone."""

    widget = forms.TextInput(
        attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel-national", "dir": "ltr"}
    )

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Mobile number"))
        super().__init__(max_length=60, **kwargs)
        self.error_messages["required"] = PHONE_ERRORS[Reason.EMPTY]
        self.error_messages["max_length"] = PHONE_ERRORS[Reason.TOO_LONG]

    def clean(self, value: Any) -> Phone:
        text = super().clean(value)
        try:
            return parse_mobile(text, countries=settings.SMS_COUNTRIES)
        except NotAMobileNumber as error:
            raise forms.ValidationError(_sentence(error.reason), code=error.reason) from None


def _sentence(reason: Reason) -> Any:
    if reason is Reason.FOREIGN and settings.SMS_COUNTRIES != NORWAY:
        return _("We do not send to numbers from that country.")
    return PHONE_ERRORS[reason]


class NumberForm(forms.Form):
    """My page: which number is it?"""

    phone = PhoneField(help_text=_("Norwegian number, 8 digits."))


class CodeForm(forms.Form):
    """My page: the code from the SMS, spaced as people like."""

    code = forms.RegexField(
        r"^\s*(?:\d\s*){6}$",
        label=_("Code"),
        max_length=20,
        error_messages={
            "required": _("Write the six digits from the SMS."),
            "invalid": _("The code is six digits."),
        },
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "dir": "ltr"}
        ),
    )

    def clean_code(self) -> str:
        return "".join(self.cleaned_data["code"].split())


class PauseForm(forms.Form):
    """My page: how long a pause lasts."""

    pause = forms.ChoiceField(
        choices=[
            ("week", _("1 week")),
            ("month", _("1 month")),
            ("three_months", _("3 months")),
        ]
    )


class CountForm(forms.Form):
    """My page: as many messages as promised, or fewer."""

    count = forms.IntegerField(min_value=1)

    def __init__(self, *args: Any, purpose: Purpose, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.promised = purpose.promised_count

    @property
    def most(self) -> int | None:
        """The number chosen, or None when it is no less than what was promised."""
        chosen: int = self.cleaned_data["count"]
        return chosen if chosen < self.promised else None


class LanguageForm(forms.Form):
    """My page: which language we write in."""

    language = forms.ChoiceField(label=_("Language of messages"), choices=LANGUAGES)


class SignUpForm(forms.Form):
    """What the public page asks: a number, an unticked box, an age declaration where it is needed."""

    phone = PhoneField(help_text=_("Norwegian number, 8 digits."))
    channel = forms.ChoiceField(
        label=_("How do you want to confirm?"),
        choices=[
            ("sms", _("By answering an SMS")),
            ("email", _("By pressing a link in an e-mail")),
        ],
        widget=forms.RadioSelect,
        initial="sms",
        required=False,
    )
    email = forms.EmailField(
        label=_("E-mail address"),
        required=False,
        max_length=254,
        help_text=_("Only for the confirmation. We delete the address afterwards."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    agree = forms.BooleanField(
        error_messages={"required": _("Tick the box if you want these messages.")}
    )
    old_enough = forms.BooleanField(
        error_messages={"required": _("Tick the box if you are old enough.")}
    )
    # People do not see this field; programs that fill in everything do.
    website = forms.CharField(required=False, max_length=200)

    def __init__(self, *args: Any, purpose: Purpose, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not purpose.minimum_age:
            del self.fields["old_enough"]
        if not (purpose.asks_by_email and purpose.asks_by_sms):
            del self.fields["channel"]
        if not purpose.asks_by_email:
            del self.fields["email"]
        self.only_channel = "sms" if purpose.asks_by_sms else "email"

    @property
    def channel_chosen(self) -> str:
        return self.cleaned_data.get("channel") or self.only_channel

    @property
    def looks_automatic(self) -> bool:
        return bool(self.cleaned_data.get("website"))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if (data.get("channel") or self.only_channel) == "email" and not (
            data.get("email") or "email" in self.errors
        ):
            self.add_error("email", _("Write the e-mail address that we may send the link to."))
        return data


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
        help_text=_("For example: complaint to the authority, case 26/1234. No names."),
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
        help_text=_("For example: asked for it at the counter. Do not write names."),
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
        field.choices = [("", _("Every purpose")), *names]

    def clean_purpose(self) -> Purpose | None:
        return self.purposes.get(self.cleaned_data["purpose"])


class UnblockForm(forms.Form):
    """Whom the block list may forget."""

    unblock_phone = PhoneField(label=_("The number to take off"))
    explained = forms.BooleanField(
        label=_("The person has asked for it, and I have explained what it means"),
        error_messages={"required": _("Explain it first, and tick the box.")},
    )


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
        help_text=_("The promise is kept when sending: more messages than this are held back."),
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
        help_text=_("Empty when there is no age limit."),
    )
    is_material = forms.BooleanField(
        label=_("This is a new purpose, sender or kind of content: people must say yes again"),
        required=False,
    )

    @property
    def texts(self) -> Texts:
        return Texts(**{name: self.cleaned_data[name] for name in self.TEXTS})


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
