"""One request from a person about their own data, step by step, and its letters (law.md L43, L44)."""

from datetime import date
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from consents import cases as rules
from consents import copies, services
from consents.case_forms import CloseForm, CodeForm, ExtendForm, NewNumberForm
from consents.models import Case, CaseCode, Letter
from consents.views.files import csv_file, json_file
from consents.views.staff.doors import colleague, login_required, open_organisation, show

REGISTER, HANDLE = "consents.register_request", "consents.handle_requests"
CURRENT = "people:cases"


@never_cache
@login_required
@require_safe
def case(request: HttpRequest, organisation: str, case: UUID) -> HttpResponse:
    return _page(request, _open_case(request, organisation, case, REGISTER))


@login_required
@require_POST
def case_code(request: HttpRequest, organisation: str, case: UUID) -> HttpResponse:
    """Send the code that shows whose number it is."""
    found = _open_case(request, organisation, case, REGISTER)
    try:
        services.send_case_code(found, by=colleague(request), now=timezone.now())
    except services.CodeNotSent:
        messages.error(
            request,
            _("No code was sent: this number has had enough codes today, or there is no sender."),
        )
    except services.CaseClosed:
        _say_closed(request)
    else:
        messages.success(request, _("The code is on its way. It can be used for 15 minutes."))
    return redirect("people:case", organisation, case)


@never_cache
@login_required
@require_POST
def case_verify(request: HttpRequest, organisation: str, case: UUID) -> HttpResponse:
    """Compare the code that the person reads back."""
    found = _open_case(request, organisation, case, REGISTER)
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _page(request, found, code_form=form, status=422)
    try:
        services.check_case_code(
            found, form.cleaned_data["code"], by=colleague(request), now=timezone.now()
        )
    except services.CodeWrong:
        form.add_error("code", _("This is not the code that we sent. Ask the person once more."))
        return _page(request, found, code_form=form, status=422)
    except services.CodeOver:
        messages.error(request, _("The code can no longer be used. Send a new one."))
    else:
        messages.success(request, _("The code is right: the number is the person's."))
    return redirect("people:case", organisation, case)


@never_cache
@login_required
@require_POST
def case_extend(request: HttpRequest, organisation: str, case: UUID) -> HttpResponse:
    """Take two months more, and show the letter that tells the person why."""
    found = _open_case(request, organisation, case, HANDLE)
    form = ExtendForm(request.POST)
    if not form.is_valid():
        return _page(request, found, extend_form=form, status=422)
    try:
        letter = services.extend_case(
            found, reason=form.cleaned_data["reason"], by=colleague(request), now=timezone.now()
        )
    except services.TooLateToExtend:
        messages.error(request, _("More time can be taken once, and only within the first month."))
    except services.CaseClosed:
        _say_closed(request)
    else:
        return redirect("people:case-letter", organisation, case, letter.pk)
    return redirect("people:case", organisation, case)


@never_cache
@login_required
@require_POST
def case_act(request: HttpRequest, organisation: str, case: UUID) -> HttpResponse:
    """Carry out what was asked: erase, stop and block, hold, or ask the new number."""
    found = _open_case(request, organisation, case, HANDLE)
    form = NewNumberForm(request.POST) if found.kind == Case.Kind.RECTIFICATION else None
    if form is not None and not form.is_valid():
        return _page(request, found, number_form=form, status=422)
    try:
        counts = services.act_on_case(
            found,
            new_phone=form.cleaned_data["new_phone"] if form else None,
            by=colleague(request),
            now=timezone.now(),
        )
    except services.NotIdentified:
        messages.error(request, _("The person must show first that the number is theirs."))
    except services.ClashingRequest:
        messages.error(
            request, _("Answer the other request first: erasing takes away what it asks for.")
        )
    except services.CaseClosed:
        _say_closed(request)
    else:
        messages.success(request, _done(found, counts))
    return redirect("people:case", organisation, case)


@never_cache
@login_required
@require_POST
def case_copy(request: HttpRequest, organisation: str, case: UUID) -> HttpResponse:
    """Show or download everything that is held about the number, to enclose with the answer (Art. 15, 20).

    Posted, because it shows the full number: that leaves a trace with the case as its reason. What is older
    than a sign of a new owner may be somebody else's, and stays out, as on my page (L58).
    """
    found = _open_case(request, organisation, case, HANDLE)
    subject = rules.subject_of(found)
    if found.kind not in rules.SHOWS_DATA or found.identified_at is None or subject is None:
        messages.error(request, _("The person must show first that the number is theirs."))
        return redirect("people:case", organisation, case)
    now, since = timezone.now(), subject.doubted_since
    reason = _("Copy for case %(reference)s") % {"reference": found.reference}
    services.reveal(subject, by=colleague(request), reason=reason, now=now)
    with override(found.language):
        match request.POST.get("file"):
            case "csv":
                table = copies.table_of(subject, now=now, since=since)
                return csv_file(table, f"{found.reference}.csv")
            case "json":
                copy = copies.copy_of(subject, now=now, since=since)
                return json_file(copy, f"{found.reference}.json")
        context = {
            "case": found,
            "left_out": copies.left_out(subject, since),
            "sections": copies.sections(subject, since=since),
            "recipients": copies.recipients(),
            "source": copies.source(),
            "rights": copies.rights(),
        }
        return show(request, "case_copy", found.organisation, context, current=CURRENT)


@login_required
@require_POST
def case_lift(request: HttpRequest, organisation: str, case: UUID) -> HttpResponse:
    """Lift a restriction, once the person has been told."""
    found = _open_case(request, organisation, case, HANDLE)
    services.lift_restriction(found, by=colleague(request), now=timezone.now())
    messages.success(request, _("The restriction is lifted."))
    return redirect("people:case", organisation, case)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def case_close(request: HttpRequest, organisation: str, case: UUID) -> HttpResponse:
    """First the outcome, then the letter made from it, to be read and changed; then it is closed."""
    found = _open_case(request, organisation, case, HANDLE)
    if not found.is_open:
        _say_closed(request)
        return redirect("people:case", organisation, case)
    form = CloseForm(request.POST or None, initial={"outcome": Case.Outcome.DONE})
    # A letter that was drafted for another outcome is no answer to this one: it is written anew.
    is_written = request.POST.get("drafted") == request.POST.get("outcome") is not None
    if request.method == "POST" and form.is_valid():
        if not is_written:
            form = _with_draft(found, form)
            is_written = True
        elif answer := _close(request, found, form):
            return answer
    context = {"case": found, "form": form, "is_written": is_written}
    status = 422 if form.errors else 200
    return show(request, "case_close", found.organisation, context, current=CURRENT, status=status)


@never_cache
@login_required
@require_safe
def case_letter(request: HttpRequest, organisation: str, case: UUID, letter: int) -> HttpResponse:
    """One letter, as it is printed."""
    found = _open_case(request, organisation, case, HANDLE)
    written = get_object_or_404(Letter, pk=letter, case=found)
    context = {"case": found, "letter": written}
    return show(request, "case_letter", found.organisation, context, current=CURRENT)


# -- what the pages show -------------------------------------------------------------------------------------
def _open_case(request: HttpRequest, organisation: str, case: UUID, permission: str) -> Case:
    controller = open_organisation(request, organisation, permission)
    found = Case.objects.select_related("organisation", "registered_by")
    return get_object_or_404(found, organisation=controller, public_id=case)


def _page(
    request: HttpRequest, case: Case, *, status: int = 200, **bound: forms.Form
) -> HttpResponse:
    now = timezone.now()
    today = timezone.localdate(now)
    context = {
        "case": case,
        "badge": badge(case, today),
        "subject": rules.subject_of(case),
        "related": rules.related(case) if case.is_open else [],
        "clashes": case.is_open and rules.clashes(case),
        "needs_identity": case.kind in rules.NEEDS_IDENTITY,
        "needs_action": case.kind in rules.NEEDS_ACTION and case.acted_at is None,
        "may_act": case.kind not in rules.NEEDS_IDENTITY or case.identified_at is not None,
        "shows_data": case.kind in rules.SHOWS_DATA,
        "may_extend": case.may_extend(today),
        "code_waits": CaseCode.waiting(case, now).exists(),
        "letters": case.letters.order_by("written_at"),
        "events": [
            {"at": event.at, "title": event.get_kind_display(), "actor": event.by}
            for event in case.events.select_related("by").order_by("-pk")[:100]
        ],
        "code_form": CodeForm(),
        "extend_form": ExtendForm(),
        "number_form": NewNumberForm(),
    }
    return show(request, "case", case.organisation, context | bound, current=CURRENT, status=status)


def badge(case: Case, today: date) -> dict[str, str]:
    if not case.is_open:
        return {"kind": "neutral", "text": case.get_outcome_display()}
    if case.due_on < today:
        return {"kind": "danger", "text": _("Overdue")}
    if case.warn_on <= today:
        return {"kind": "warning", "text": _("Due soon")}
    return {"kind": "info", "text": pgettext("one request", "Open")}


def _with_draft(case: Case, form: CloseForm) -> CloseForm:
    """Return the form with the letter that follows from outcome and reason."""
    values = form.cleaned_data
    text = rules.draft(case, Letter.Kind.ANSWER, outcome=values["outcome"], reason=values["reason"])
    return CloseForm(initial=values | {"text": text})


def _close(request: HttpRequest, case: Case, form: CloseForm) -> HttpResponse | None:
    """Close it, and lead on. None: the form says what is missing."""
    place = case.organisation.slug, case.public_id
    try:
        letter = services.close_case(
            case, by=colleague(request), now=timezone.now(), **form.cleaned_data
        )
    except services.NotIdentified:
        form.add_error("outcome", _("The person has not shown that the number is theirs."))
    except services.NotActedUpon:
        form.add_error("outcome", _("What was asked for has not been carried out yet."))
    except services.ComplaintMissing:
        form.add_error(
            "text", _("The letter must say that the person can complain to Datatilsynet.")
        )
    except services.CaseClosed:
        _say_closed(request)
        return redirect("people:case", *place)
    else:
        messages.success(request, _("The case is closed. Print the answer, or send it on."))
        return redirect("people:case-letter", *place, letter.pk)
    return None


def _done(case: Case, counts: dict[str, int]) -> str:
    if case.kind == Case.Kind.ERASURE:
        return _("Erased. Rows deleted: %(count)d.") % {"count": sum(counts.values())}
    if case.kind == Case.Kind.OBJECTION:
        return _("Consents stopped: %(count)d. The number is on the block list.") % {
            "count": counts["ended"]
        }
    if case.kind == Case.Kind.RECTIFICATION and counts.get("not_asked"):
        return _(
            "Consents the new number was asked about: %(asked)d. Held back by the "
            "limits: %(kept)d. Register those tomorrow."
        ) % {"asked": counts["asked"], "kept": counts["not_asked"]}
    return _("Carried out.")


def _say_closed(request: HttpRequest) -> None:
    messages.info(request, _("The case is already closed."))
