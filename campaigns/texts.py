"""What a campaign's message says: the words of its author, who sends, and the way out."""

from hashlib import sha256

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from campaigns.models import Campaign
from consents.models import Purpose
from smsconsent import gsm

MOST_SEGMENTS = 6
# Stands in for a real link when a text is measured: same length, opens nothing.
SAMPLE_TOKEN = "x" * 22


def full_text(purpose: Purpose, text: str, *, token: str = SAMPLE_TOKEN) -> str:
    """Return the text as it leaves: the sender named, and a way out that cannot be removed (G23, L25, L26).

    The language of the two additions is bokmål, as that of the campaign.
    """
    name = purpose.organisation.name
    body = text.strip()
    if name.casefold() not in body.casefold():
        body = f"{name}: {body}"
    with override("nb"):
        return gsm.normalise(f"{body} {_stop_line(purpose, token)}")


def content_sha256(campaign: Campaign) -> str:
    """What an approval is bound to: purpose, sender, and the message as it leaves. Any change voids it."""
    purpose = campaign.purpose
    message = full_text(purpose, campaign.text)
    return sha256(f"{purpose.pk}\0{purpose.sender.value}\0{message}".encode()).hexdigest()


def _stop_line(purpose: Purpose, token: str) -> str:
    sender = purpose.sender
    if sender.is_answered_directly:
        return _("Reply STOPP to stop")
    if sender.reply_number and purpose.keyword:
        return _("Stop: %(keyword)s STOPP to %(number)s") % {
            "keyword": purpose.keyword,
            "number": sender.reply_number,
        }
    return _("Stop: %(link)s") % {
        "link": settings.PUBLIC_URL + reverse("consents:stop", args=[token])
    }


def needs_stop_link(purpose: Purpose) -> bool:
    """Return whether each message must carry a link of its own, since no reply can stop it."""
    sender = purpose.sender
    return not sender.is_answered_directly and not (sender.reply_number and purpose.keyword)


def problems_with(purpose: Purpose, text: str) -> list[str]:
    """Return one sentence for each reason why this text may not be sent."""
    problems = []
    if not text.strip():
        problems.append(_("The message is empty."))
    if "~~" in text and not settings.STREX_ALLOW_TILDES:
        problems.append(
            _("The message must not contain ~~: the gateway may read it as a code of its own.")
        )
    if gsm.measure(full_text(purpose, text)).segments > MOST_SEGMENTS:
        most = MOST_SEGMENTS
        problems.append(_("The message is longer than %(most)d parts.") % {"most": most})
    return problems
