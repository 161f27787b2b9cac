"""One number: what it has said yes to, what has happened, and what a colleague may do for the person."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from consents import cases as rules
from consents import exports, services
from consents.models import Case, Consent, Subject
from consents.staff_forms import ExportForm, ReasonForm, SearchForm
from consents.views.staff.doors import (
    colleague,
    login_required,
    open_organisation,
    open_subject,
    show,
)
from smsconsent.staff import access


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def search(request: HttpRequest, organisation: str) -> HttpResponse:
    """Find a number. It is posted, so that it stands in no address and no log (law.md L53)."""
    controller = open_organisation(request, organisation, "consents.find_subject")
    form = SearchForm(request.POST or None)
    nobody = False
    if request.method == "POST" and form.is_valid():
        subject = services.find_subject(controller, form.cleaned_data["phone"])
        if subject is not None:
            return redirect("people:number", organisation, subject.public_id)
        nobody = True
    context = {"form": form, "nobody": nobody}
    return show(request, "search", controller, context, current="people:search")


@never_cache
@login_required
@require_safe
def number(request: HttpRequest, organisation: str, public_id: UUID) -> HttpResponse:
    subject = open_subject(request, organisation, public_id, "consents.find_subject")
    return show(
        request, "number", subject.organisation, _context(request, subject), current="people:search"
    )


@login_required
@require_POST
def stop(request: HttpRequest, organisation: str, public_id: UUID, consent: int) -> HttpResponse:
    """A person asked a colleague to stop. Reached through the purpose: the right is on that."""
    subject = open_subject(request, organisation, public_id, "consents.find_subject")
    mine = get_object_or_404(subject.consents.select_related("subject", "purpose"), pk=consent)
    access.require(colleague(request), mine.purpose, "consents.withdraw_consent")
    channel = request.POST.get("channel", "phone")
    if services.withdraw_for_person(
        mine, by=colleague(request), channel=channel, now=timezone.now()
    ):
        messages.success(request, _("Stopped. Nothing more is sent for this purpose."))
    else:
        messages.info(request, _("It was already stopped."))
    return redirect("people:number", organisation, public_id)


@never_cache
@login_required
@require_POST
def reveal(request: HttpRequest, organisation: str, public_id: UUID) -> HttpResponse:
    """Show the full number once, on this page, and write down who saw it and why (guide G18)."""
    subject = open_subject(request, organisation, public_id, "consents.reveal_number")
    form = ReasonForm(request.POST)
    if not form.is_valid():
        context = _context(request, subject) | {"reason_form": form}
        return show(request, "number", subject.organisation, context, status=422)
    phone = services.reveal(
        subject, by=colleague(request), reason=form.cleaned_data["reason"], now=timezone.now()
    )
    context = _context(request, subject) | {"revealed": phone.e164}
    return show(request, "number", subject.organisation, context, current="people:search")


@login_required
@require_POST
def erase(request: HttpRequest, organisation: str, public_id: UUID) -> HttpResponse:
    """Erase everything about a number. The page has asked once more before this is pressed."""
    subject = open_subject(request, organisation, public_id, "consents.erase_subject")
    erasure = services.erase_subject(subject, now=timezone.now())
    if erasure is None:
        return redirect("people:search", organisation)
    messages.success(
        request,
        _("Erased. Rows deleted: %(count)d.") % {"count": erasure.row_count},
    )
    return redirect("people:erasure", organisation, erasure.reference)


@login_required
@require_POST
def release(request: HttpRequest, organisation: str, public_id: UUID) -> HttpResponse:
    """End the hold on a number, unless something still holds it."""
    subject = open_subject(request, organisation, public_id, "consents.review_inbox")
    if not services.release_number(subject, by=colleague(request)):
        messages.error(
            request,
            _("The number stays on hold: a reply waits, or a restriction is in force."),
        )
    return redirect("people:number", organisation, public_id)


def _context(request: HttpRequest, subject: Subject) -> dict[str, Any]:
    now = timezone.now()
    stands = Exists(Consent.objects.standing(now).filter(pk=OuterRef("pk")))
    consents: QuerySet[Any] = subject.consents.select_related("purpose", "wording")
    mine = set(
        access.visible_to(
            colleague(request), subject.organisation.purposes.all(), "consents.withdraw_consent"
        ).values_list("pk", flat=True)
    )
    return {
        "subject": subject,
        "is_restricted": rules.is_restricted(subject),
        "is_barred": subject.barred_until is not None and subject.barred_until > now,
        "consents": [
            {
                "consent": consent,
                "kind": "ok" if consent.is_granted else "neutral",
                "needs_new_yes": consent.is_granted and not consent.stands,
                "receipt_id": f"receipt-{consent.pk}",
                "receipt_form": ExportForm(place=f"receipt-{consent.pk}"),
                "may_stop": consent.purpose_id in mine
                and consent.state in {Consent.State.GRANTED, Consent.State.PENDING},
            }
            for consent in consents.annotate(stands=stands).order_by("purpose__name")
        ],
        "cases": Case.objects.about(subject.organisation, subject.phone).order_by("-pk")[:20],
        "events": exports.timeline(subject),
        "disclosures": subject.disclosures.select_related("by").order_by("-at")[:20],
        "reason_form": ReasonForm(),
        "export_form": ExportForm(),
    }
