"""Strings from colleagues into values. Forms never write."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign

# Generic for the type checker only: Django's own class takes no parameter.
if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Campaign]
else:
    ModelForm = forms.ModelForm


class CampaignForm(ModelForm):
    """Name and words of a campaign. The stop line is not written here: the system adds it."""

    class Meta:
        model = Campaign
        fields = ["name", "text"]
        widgets = {"text": forms.Textarea({"rows": 5})}
        help_texts = {
            "text": _("The sender's name and how to stop are added for you, and cannot be removed.")
        }


class CommentForm(forms.Form):
    """Why a campaign goes back to its author."""

    comment = forms.CharField(
        label=_("What should be changed?"),
        max_length=300,
        error_messages={"required": _("Write what should be changed.")},
    )


class ScheduleForm(forms.Form):
    """When sending begins, and when it is too late."""

    send_at = forms.DateTimeField(
        label=_("Send at"),
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    not_after = forms.DateTimeField(
        label=_("Send no later than"),
        required=False,
        help_text=_("Messages that have not been sent by then will not be sent."),
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        send_at, not_after = data.get("send_at"), data.get("not_after")
        if send_at and send_at <= timezone.now():
            self.add_error("send_at", _("Choose a time in the future."))
        if send_at and not_after and not_after <= send_at:
            self.add_error("not_after", _("Choose a time after the start."))
        return data
