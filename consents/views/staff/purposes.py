"""Purposes, their wordings, and the privacy notice."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from consents import notices, services
from consents.models import Consent, Organisation, Purpose, Wording
from consents.staff_forms import NoticeForm, RegisterForm, WordingForm
from consents.views.staff.doors import (
    colleague,
    login_required,
    open_organisation,
    open_purpose,
    show,
)
from smsconsent.languages import known
from smsconsent.staff import access


@login_required
@require_safe
def purposes(request: HttpRequest, organisation: str) -> HttpResponse:
    """List the purposes one may see, with how many say yes to each."""
    controller = open_organisation(request, organisation, "consents.view_organisation")
    mine = access.visible_to(
        colleague(request), controller.purposes.select_related("sender"), "consents.view_purpose"
    )
    found = list(mine.order_by("name"))
    counts = Consent.objects.by_state(found)
    rows = [
        {"purpose": purpose, "granted": counts[purpose.pk].get(Consent.State.GRANTED, 0)}
        for purpose in found
    ]
    return show(request, "purposes", controller, {"rows": rows}, current="people:purposes")


@login_required
@require_safe
def purpose(request: HttpRequest, organisation: str, purpose: str) -> HttpResponse:
    found = open_purpose(request, organisation, purpose, "consents.view_purpose")
    counts = Consent.objects.by_state([found])[found.pk]
    context = {
        "purpose": found,
        "bars": [
            {
                "label": state.label,
                "count": counts.get(state, 0),
                "kind": _KINDS.get(state, "neutral"),
            }
            for state in Consent.State
        ],
        "largest": max(counts.values(), default=0),
        "wordings": found.wordings.select_related("notice", "published_by").order_by(
            "language", "-version"
        ),
        "may_purpose": access.permissions_on(colleague(request), found),
    }
    return show(request, "purpose", found.organisation, context, current="people:purposes")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def wording(request: HttpRequest, organisation: str, purpose: str) -> HttpResponse:
    """Publish a new version of the words people are asked in. The old version stays as evidence."""
    found = open_purpose(request, organisation, purpose, "consents.publish_wording")
    language = known(request.GET.get("language"))
    newest = found.wordings.filter(language=language).order_by("-version").first()
    initial = {name: getattr(newest, name) for name in WordingForm.TEXTS} if newest else {}
    form = WordingForm(request.POST or None, initial=initial | {"language": language})
    asks_first = False
    if request.method == "POST" and form.is_valid():
        # A change in substance shows first whom it concerns, and is then confirmed (F160).
        asks_first = form.cleaned_data["is_material"] and "understood" not in request.POST
        if not asks_first and (published := _publish(request, found, form)):
            messages.success(
                request, _("Version %(version)d is published.") % {"version": published.version}
            )
            return redirect("people:purpose", organisation, found.slug)
    context: dict[str, Any] = {"purpose": found, "form": form, "asks_first": asks_first}
    if asks_first:
        context["concerned"] = services.count_not_covered(
            found, language=form.cleaned_data["language"], now=timezone.now()
        )
    return show(request, "wording", found.organisation, context, current="people:purposes")


def _publish(request: HttpRequest, purpose: Purpose, form: WordingForm) -> Wording | None:
    try:
        return services.publish_wording(
            purpose,
            language=form.cleaned_data["language"],
            texts=form.texts,
            is_material=form.cleaned_data["is_material"],
            by=colleague(request),
            now=timezone.now(),
        )
    except services.WordingUnclear as unclear:
        form.explain(unclear, purpose)
    except services.NoticeMissing:
        form.add_error(None, _("Publish a privacy notice first. The wording must point to one."))
    return None


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest, organisation: str, purpose: str) -> HttpResponse:
    """Register what a person asked for by phone or at the counter. Their own yes still decides."""
    found = open_purpose(request, organisation, purpose, "consents.record_consent")
    form = RegisterForm(request.POST or None)
    asked = found.wordings.current(get_language() or "nb")
    if request.method == "POST" and form.is_valid() and asked:
        services.register_request(
            found,
            form.cleaned_data["phone"],
            wording=asked,
            by=colleague(request),
            note=form.cleaned_data["note"],
            now=timezone.now(),
        )
        messages.success(
            request,
            _(
                "The request is registered. If the number may be asked, the person gets an SMS to confirm."
            ),
        )
        return redirect("people:purpose", organisation, found.slug)
    context = {"purpose": found, "form": form, "wording": asked}
    return show(request, "register", found.organisation, context, current="people:purposes")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def notice(request: HttpRequest, organisation: str) -> HttpResponse:
    """Read the privacy notice, and publish a new version of it."""
    needed = (
        "consents.change_organisation" if request.method == "POST" else "consents.view_organisation"
    )
    controller = open_organisation(request, organisation, needed)
    language = known(request.GET.get("language"))
    newest = controller.notices.filter(language=language).order_by("-version").first()
    form = NoticeForm(
        request.POST or None, initial={"language": language, "body": newest.body if newest else ""}
    )
    shown: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        shown = _answer_notice(request, controller, form.cleaned_data)
        if published := shown.get("published"):
            messages.success(
                request, _("Version %(version)d is published.") % {"version": published.version}
            )
            return redirect("people:notice", organisation)
    context = {"form": form, "versions": _versions(controller)} | shown
    status = 422 if "missing" in shown or form.errors else 200
    return show(request, "notice", controller, context, current="people:notice", status=status)


def _answer_notice(
    request: HttpRequest, controller: Organisation, values: dict[str, Any]
) -> dict[str, Any]:
    """Complete a notice, ask about it, or publish it. Return what the page then shows."""
    if "complete" in request.POST:
        text = notices.completed(values["body"], values["language"])
        return {"form": NoticeForm(initial=values | {"body": text})}
    if values["is_material"] and "understood" not in request.POST:
        concerned = services.count_to_tell(
            controller, language=values["language"], now=timezone.now()
        )
        return {"asks_first": True, "concerned": concerned}
    try:
        return {"published": services.publish_notice(controller, now=timezone.now(), **values)}
    except services.NoticeIncomplete as incomplete:
        return {"missing": incomplete.parts}


_KINDS = {
    Consent.State.GRANTED: "ok",
    Consent.State.PENDING: "info",
    Consent.State.WITHDRAWN: "warning",
}


def _versions(controller: Organisation) -> list[tuple[str, str]]:
    rows = controller.notices.order_by("language", "-version")
    return [
        (
            f"{row.get_language_display()}, {row.version}",
            timezone.localtime(row.published_at).strftime("%d.%m.%Y %H:%M"),
        )
        for row in rows
    ]
