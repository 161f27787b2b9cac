"""Strings from people into values. Forms never write."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from consents.models import Purpose
from consents.models.organisations import LANGUAGES
from smsconsent.phones import NORWAY, NotAMobileNumber, Phone, Reason, parse_mobile

PHONE_ERRORS = {
    Reason.EMPTY: _("Enter your mobile number."),
    Reason.LETTERS: _("A mobile number has digits only. Check what you wrote."),
    Reason.TOO_SHORT: _("The number is too short. A Norwegian mobile number has 8 digits."),
    Reason.TOO_LONG: _("The number is too long. A Norwegian mobile number has 8 digits."),
    Reason.LANDLINE: _(
        "This is a landline number. We need a mobile number, so that we can send SMS."
    ),
    Reason.PREMIUM: _("This number costs extra to reach. Enter an ordinary mobile number."),
    Reason.MACHINE: _(
        "This number belongs to a machine, not to a phone. Enter your mobile number."
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
            "required": _("Enter the six digits from the SMS."),
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
            ("email", _("By a link in an e-mail, and then an SMS")),
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
            self.add_error("email", _("Enter the e-mail address that we may send the link to."))
        return data
