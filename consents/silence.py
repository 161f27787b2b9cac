"""Nobody answers: then perhaps no answer reaches us, and no stop either (strex.md § 12, 4)."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from consents.models import InboundMessage
from smsconsent.gateways import gateway_name
from smsconsent.gateways.state import SharedState


def warning() -> str:
    """Return a sentence when no SMS came in for STREX_INBOUND_SILENCE while campaigns were sent."""
    silence: timedelta = settings.STREX_INBOUND_SILENCE
    sent = SharedState(gateway_name()).snapshot().last.get("campaign")
    begins = timezone.now() - silence
    if not silence or sent is None or sent <= begins:
        return ""
    if InboundMessage.objects.filter(received_at__gt=begins).exists():
        return ""
    return _(
        "No SMS from a person has come in for %(days)d days, though campaigns were "
        "sent. Perhaps stops do not reach us: send HJELP to the short number, and check"
        " the forwarding address of its keywords."
    ) % {"days": silence.days}
