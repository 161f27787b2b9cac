"""The pages of the portal, as data: each with the permission on the organisation that opens it."""

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from smsconsent.staff import access
from smsconsent.staff.models import User


@dataclass(frozen=True, slots=True)
class Page:
    """One entry of the menu. `url` takes the organisation's address as its only argument."""

    url: str
    label: str | Promise
    permission: str


GROUPS: tuple[tuple[str | Promise, tuple[Page, ...]], ...] = (
    (
        _("Sending out"),
        (
            Page("campaigns:list", _("Campaigns"), "consents.view_organisation"),
            Page("people:purposes", _("Purposes"), "consents.view_organisation"),
        ),
    ),
    (
        _("People"),
        (
            Page("people:search", _("Find a number"), "consents.find_subject"),
            Page("people:inbox", _("Unclear replies"), "consents.review_inbox"),
            Page("people:cases", _("Requests"), "consents.register_request"),
        ),
    ),
    (
        _("Privacy"),
        (
            Page("people:notice", _("Privacy notice"), "consents.view_organisation"),
            Page("people:imports", _("Import consents"), "consents.import_consents"),
            Page("people:blocks", _("Block list"), "consents.handle_requests"),
            Page("people:ledger", _("Sealed evidence"), "consents.view_evidence"),
            Page("people:retention", _("What we keep"), "consents.view_retention"),
            Page("people:gateway", _("SMS gateway"), "consents.change_organisation"),
            Page("staff:colleagues", _("Colleagues"), "consents.manage_roles"),
        ),
    ),
)


def portal(user: User, organisation: Any, *, current: str = "") -> dict[str, Any]:
    """Return the context that every page of the portal needs: the menu and the organisations one may open."""
    may = access.permissions_on(user, organisation)
    groups = [
        {
            "title": title,
            "items": [
                {
                    "label": page.label,
                    "url": reverse(page.url, args=[organisation.slug]),
                    "is_current": page.url == current,
                }
                for page in pages
                if page.permission in may
            ],
        }
        for title, pages in GROUPS
    ]
    return {
        "organisation": organisation,
        "organisations": _organisations(user, organisation),
        "navigation": [group for group in groups if group["items"]],
        "may": may,
    }


def _organisations(user: User, current: Any) -> list[dict[str, Any]]:
    model = apps.get_model("consents", "Organisation")
    mine = access.visible_to(user, model.objects.all(), "consents.view_organisation")
    return [
        {
            "name": each.name,
            "url": reverse("people:purposes", args=[each.slug]),
            "is_current": each.pk == current.pk,
        }
        for each in mine.order_by("name")
    ]
