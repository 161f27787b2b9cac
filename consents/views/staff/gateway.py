"""How the gateway is doing: whether it takes messages, what waits, what came back, what went wrong."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from consents import erasing, services, silence, syncing
from consents.models import Organisation
from consents.views.staff.doors import login_required, open_organisation, show
from smsconsent import queues
from smsconsent.gateways import GatewayMisconfigured, GatewayUnavailable, gateway_name, watch
from smsconsent.gateways.state import SharedState
from smsconsent.gateways.strex_keywords import Action, Step
from smsconsent.outbox import lanes
from smsconsent.staff import access
from smsconsent.staff.models import User

PERMISSION = "consents.change_organisation"
COUNTED = {
    "refused": gettext_lazy("Refused: the signature was wrong"),
    "doubtful_stop": gettext_lazy("Stops accepted without a valid signature"),
    "odd_sender": gettext_lazy("From a sender that is no phone number"),
    "unknown_id": gettext_lazy("About a message that we do not know"),
    "unknown_key": gettext_lazy("Signed with a key that is not loaded"),
    "unasked": gettext_lazy("About a message, without proof, and the gateway could not be asked"),
    "malformed": gettext_lazy("Could not be read"),
    "unexpected": gettext_lazy("With a status that is not documented"),
    "unexplained": gettext_lazy("Not delivered, without a reason"),
    "duplicate": gettext_lazy("About an ID that was used before"),
    "parts_differ": gettext_lazy("A different number of parts than we had counted"),
    "refused_message": gettext_lazy("Messages from us that it refused"),
    "odd_answer": gettext_lazy("Answers that are not documented"),
    "slow": gettext_lazy("Answered too slowly"),
}
ACTIONS = {
    Action.CREATE: (gettext_lazy("Missing: will be created"), "info"),
    Action.CHANGE: (gettext_lazy("Differs: will be changed"), "warning"),
    Action.DELETE: (gettext_lazy("Nobody uses it: can be deleted"), "danger"),
    Action.KEEP: (gettext_lazy("As it should be"), "ok"),
}


@login_required
@require_safe
def gateway(request: HttpRequest, organisation: str) -> HttpResponse:
    """Show the state that all processes share. Asks the cache and the queue, never the gateway."""
    controller = open_organisation(request, organisation, PERMISSION)
    now = timezone.now()
    found = SharedState(gateway_name()).snapshot(counted=tuple(COUNTED))
    standing, kind = watch.standing(found)
    context = {
        "found": found,
        "standing": standing,
        "kind": kind,
        "warnings": warnings(),
        "facts": _facts(found.last),
        "lanes": [
            *(queues.depth(each, now=now, subject__organisation=controller) for each in lanes()),
            queues.questions(now=now),
        ],
        "counts": [
            (label, found.counts[what]) for what, label in COUNTED.items() if found.counts[what]
        ],
    }
    return show(request, "gateway", controller, context, current="people:gateway")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def keywords(request: HttpRequest, organisation: str) -> HttpResponse:
    """Show what our keywords lack at the gateway, and set them up when that is pressed."""
    controller = open_organisation(request, organisation, PERMISSION)
    steps: list[Step] = []
    trouble = ""
    try:
        steps = services.plan_keywords(controller)
        if request.method == "POST":
            count = services.set_up_keywords(steps, delete="delete" in request.POST)
            messages.success(request, _("Keywords set up: %(count)d.") % {"count": count})
            return redirect("people:keywords", organisation)
    except (GatewayMisconfigured, GatewayUnavailable):
        trouble = _("The gateway does not answer as it should. See the latest errors.")
    context = {
        "rows": [(step, *ACTIONS[step.action]) for step in steps],
        "is_open": any(step.action in {Action.CREATE, Action.CHANGE} for step in steps),
        "has_surplus": any(step.action is Action.DELETE for step in steps),
        "trouble": trouble,
    }
    return show(request, "keywords", controller, context, current="people:gateway")


def warnings() -> list[str]:
    """Return what wants a person soon, in the language of the page."""
    found = (
        watch.lane_warning(),
        watch.key_warning(),
        watch.next_key_warning(),
        watch.parts_warning(),
        silence.warning(),
        syncing.warning(),
        erasing.warning(),
    )
    return [warning for warning in found if warning]


def waiting(user: User, organisation: Organisation) -> dict[str, Any] | None:
    """Put a warning about the gateway on the start page of whoever may do something about it."""
    if PERMISSION not in access.permissions_on(user, organisation) or not warnings():
        return None
    return {
        "label": _("Warnings about the gateway"),
        "count": len(warnings()),
        "url": reverse("people:gateway", args=[organisation.slug]),
        "kind": "warning",
    }


def _facts(last: dict[str, Any]) -> list[tuple[str, Any]]:
    speed = settings.STREX_MESSAGES_PER_SECOND
    return [
        (
            _("Speed limit"),
            _("%(count)d messages a second") % {"count": speed} if speed else _("None"),
        ),
        (_("The API key expires"), settings.STREX_API_KEY_EXPIRES_ON or _("Not known")),
        (_("Last answer"), _when(last.get("answer"))),
        (_("Last delivery report"), _when(last.get("receipt"))),
        (_("Last message from a person"), _when(last.get("inbound"))),
    ]


def _when(moment: Any) -> str:
    return date_format(timezone.localtime(moment), "j. F H:i:s") if moment else _("None lately")
