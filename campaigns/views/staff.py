"""Pages for colleagues who write, approve and send. Each fetches through the door and calls one verb."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from campaigns import audiences, presentation, services, trail
from campaigns.forms import CampaignForm, CommentForm, ScheduleForm
from campaigns.models import Campaign
from consents.models import Organisation, Purpose
from smsconsent.staff import access, navigation
from smsconsent.staff.models import User

PAGE = 25
CURRENT = "campaigns:list"


@login_required
@require_safe
def listing(request: HttpRequest, organisation: str) -> HttpResponse:
    """List campaigns, newest first. Keyset pages: before the last id shown."""
    controller = access.get_for_user(
        _user(request), Organisation.objects.all(), "consents.view_organisation", slug=organisation
    )
    mine = access.visible_to(
        _user(request),
        Campaign.objects.filter(purpose__organisation=controller),
        "campaigns.view_campaign",
    )
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        mine = mine.filter(pk__lt=int(before))
    rows = list(mine.select_related("purpose", "author").order_by("-pk")[: PAGE + 1])
    writable = access.visible_to(
        _user(request), controller.purposes.all(), "consents.add_campaign_here"
    )
    context = {
        "rows": [{"campaign": row, "kind": presentation.badge_of(row)} for row in rows[:PAGE]],
        "next_url": f"?before={rows[PAGE - 1].pk}" if len(rows) > PAGE else "",
        "purposes": writable.order_by("name"),
    }
    return _show(request, "list", controller, context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest, organisation: str, purpose: str) -> HttpResponse:
    found = _purpose(request, organisation, purpose)
    form = CampaignForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        campaign = services.create_campaign(
            found, by=_user(request), now=timezone.now(), **form.cleaned_data
        )
        return redirect("campaigns:detail", organisation, campaign.public_id)
    context = {"form": form, "purpose": found} | presentation.preview_of(
        found, form["text"].value() or ""
    )
    return _show(request, "form", found.organisation, context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, organisation: str, public_id: UUID) -> HttpResponse:
    """Change name or words. Any edit voids an approval: the campaign is a draft again."""
    campaign = _campaign(request, organisation, public_id, "campaigns.change_campaign")
    if not campaign.is_editable:
        messages.error(request, _("A campaign that is on its way can no longer be changed."))
        return redirect("campaigns:detail", organisation, public_id)
    # The verb writes, not the form: it works on a copy.
    form = CampaignForm(
        request.POST or None, initial={"name": campaign.name, "text": campaign.text}
    )
    if request.method == "POST" and form.is_valid():
        services.edit_campaign(campaign, by=_user(request), now=timezone.now(), **form.cleaned_data)
        return redirect("campaigns:detail", organisation, public_id)
    context = {"form": form, "campaign": campaign, "purpose": campaign.purpose}
    context |= presentation.preview_of(campaign.purpose, form["text"].value() or "")
    return _show(request, "form", campaign.purpose.organisation, context)


@login_required
@require_POST
def preview(request: HttpRequest, organisation: str, purpose: str) -> HttpResponse:
    """Show the message as the phone will, with parts and price, while somebody writes."""
    found = _purpose(request, organisation, purpose)
    text = request.POST.get("text", "")[:2000]
    return render(request, "campaigns/_preview.html", presentation.preview_of(found, text))


@login_required
@require_safe
def detail(request: HttpRequest, organisation: str, public_id: UUID) -> HttpResponse:
    campaign = _campaign(request, organisation, public_id, "campaigns.view_campaign")
    may = access.permissions_on(_user(request), campaign)
    context = {
        "campaign": campaign,
        "purpose": campaign.purpose,
        "badge": presentation.badge_of(campaign),
        "pause_reason": campaign.pause_reason and audiences.reason_label(campaign.pause_reason),
        "trail": trail.deeds_of(campaign),
        "actions": presentation.actions_of(campaign, user=_user(request), may=may),
        "schedule_form": ScheduleForm(),
        "comment_form": CommentForm(),
        "waterfall": presentation.waterfall_of(campaign, now=timezone.now()),
    }
    context |= presentation.preview_of(campaign.purpose, campaign.text)
    context |= presentation.progress_of(campaign)
    return _show(request, "detail", campaign.purpose.organisation, context)


@login_required
@require_safe
def audience(request: HttpRequest, organisation: str, public_id: UUID) -> HttpResponse:
    """Say who gets the campaign, who does not, and why (F165)."""
    campaign = _campaign(request, organisation, public_id, "campaigns.view_campaign")
    context = {
        "campaign": campaign,
        "waterfall": presentation.waterfall_of(campaign, now=timezone.now()),
        "blocked": presentation.blocked_of(campaign),
    }
    return _show(request, "audience", campaign.purpose.organisation, context)


@login_required
@require_safe
def progress(request: HttpRequest, organisation: str, public_id: UUID) -> HttpResponse:
    """Show how far it has come. Once it is in another state than the page says, the page is renewed."""
    campaign = _campaign(request, organisation, public_id, "campaigns.view_campaign")
    if request.GET.get("state", campaign.state) != campaign.state:
        return HttpResponseClientRefresh()
    context = {"campaign": campaign, "organisation": campaign.purpose.organisation}
    return render(request, "campaigns/_progress.html", context | presentation.progress_of(campaign))


Act = Callable[[HttpRequest, Campaign, User], str]


def _action(permission: str) -> Callable[[Act], Callable[..., HttpResponse]]:
    """Make a POST view of one verb: its answer, or the reason it refuses, is shown on the campaign."""

    def decorate(act: Act) -> Callable[..., HttpResponse]:
        @login_required
        @require_POST
        @wraps(act)
        def view(request: HttpRequest, organisation: str, public_id: UUID) -> HttpResponse:
            campaign = _campaign(request, organisation, public_id, permission)
            try:
                messages.success(request, act(request, campaign, _user(request)))
            except services.CampaignError as error:
                messages.error(request, str(error))
            return redirect("campaigns:detail", organisation, public_id)

        return view

    return decorate


@_action("campaigns.submit_campaign")
def submit(request: HttpRequest, campaign: Campaign, user: User) -> str:
    services.submit(campaign, by=user, now=timezone.now())
    return _("Sent for approval. Somebody else must approve it.")


@_action("campaigns.approve_campaign")
def approve(request: HttpRequest, campaign: Campaign, user: User) -> str:
    services.approve(campaign, by=user, now=timezone.now())
    return _("Approved. It can be sent now.")


@_action("campaigns.approve_campaign")
def send_back(request: HttpRequest, campaign: Campaign, user: User) -> str:
    form = CommentForm(request.POST)
    if not form.is_valid():
        raise services.CampaignError(_("Write what should be changed."))
    comment = form.cleaned_data["comment"]
    services.send_back(campaign, by=user, comment=comment, now=timezone.now())
    return _("Sent back to the author.")


@_action("campaigns.send_campaign")
def start(request: HttpRequest, campaign: Campaign, user: User) -> str:
    services.start_now(campaign, by=user, now=timezone.now())
    return _("Sending has begun.")


@_action("campaigns.send_campaign")
def schedule(request: HttpRequest, campaign: Campaign, user: User) -> str:
    form = ScheduleForm(request.POST)
    if not form.is_valid():
        raise services.CampaignError(
            " ".join(str(e) for errors in form.errors.values() for e in errors)
        )
    services.schedule(campaign, by=user, now=timezone.now(), **form.cleaned_data)
    return _("Scheduled.")


@_action("campaigns.send_campaign")
def pause(request: HttpRequest, campaign: Campaign, user: User) -> str:
    services.pause(campaign, by=user, now=timezone.now())
    return _("Paused. Messages that have not been sent will wait.")


@_action("campaigns.send_campaign")
def resume(request: HttpRequest, campaign: Campaign, user: User) -> str:
    services.resume(campaign, by=user, now=timezone.now())
    return _("Sending continues.")


@_action("campaigns.send_campaign")
def cancel(request: HttpRequest, campaign: Campaign, user: User) -> str:
    services.cancel(campaign, by=user, now=timezone.now())
    return _("Cancelled. Messages that had not been sent will not be sent.")


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _purpose(request: HttpRequest, organisation: str, slug: str) -> Purpose:
    return access.get_for_user(
        _user(request),
        Purpose.objects.select_related("organisation", "sender"),
        "consents.add_campaign_here",
        organisation__slug=organisation,
        slug=slug,
    )


def _campaign(
    request: HttpRequest, organisation: str, public_id: UUID, permission: str
) -> Campaign:
    return access.get_for_user(
        _user(request),
        Campaign.objects.select_related("purpose__organisation", "purpose__sender", "author"),
        permission,
        public_id=public_id,
        purpose__organisation__slug=organisation,
    )


def _show(
    request: HttpRequest, template: str, organisation: Organisation, context: dict[str, Any]
) -> HttpResponse:
    frame = navigation.portal(_user(request), organisation, current=CURRENT)
    return render(request, f"campaigns/{template}.html", frame | context)


def waiting(user: User, organisation: Organisation) -> dict[str, Any] | None:
    """Count the campaigns that wait for approval, for the start page of whoever may approve one."""
    mine = access.visible_to(
        user,
        Campaign.objects.filter(purpose__organisation=organisation, state=Campaign.State.IN_REVIEW),
        "campaigns.approve_campaign",
    )
    count = mine.count()
    if not count:
        return None
    return {
        "label": _("Campaigns to approve"),
        "count": count,
        "url": reverse("campaigns:list", args=[organisation.slug]),
        "kind": "info",
    }
