"""My page: what an organisation holds about one's number, and what one may do about it, without an account.

Proof is a code by SMS. The visit is a random secret in a signed cookie of its own, good for a quarter of an
hour and known to the database only by its digest. No number stands in a cookie, an address or a session.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from consents import copies, exports, services
from consents.forms import CodeForm, CountForm, LanguageForm, NumberForm, PauseForm
from consents.models import Consent, Erasure, Organisation, Visit
from consents.views.evenly import answers_evenly
from consents.views.files import csv_file, json_file
from consents.views.network import network_of

COOKIE = "my-page"


@require_safe
def choose(request: HttpRequest) -> HttpResponse:
    """Whose SMS is it about? With one organisation there is nothing to choose."""
    organisations = list(Organisation.objects.order_by("name")[:200])
    if len(organisations) == 1:
        return _to(request, "consents:me", organisations[0].slug)
    return render(request, "consents/public/me_choose.html", {"organisations": organisations})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@answers_evenly
def me(request: HttpRequest, organisation: str) -> HttpResponse:
    """Ask for the number, or show the page to whoever has entered the code."""
    controller = get_object_or_404(Organisation, slug=organisation)
    visit = _visit_of(request, controller)
    if visit is not None and request.method != "POST":
        return render(request, "consents/public/me.html", _context(visit))
    form = NumberForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        token = services.ask_for_code(
            controller,
            form.cleaned_data["phone"],
            network=network_of(request),
            now=timezone.now(),
        )
        response = _to(request, "consents:me-code", organisation)
        return _give_cookie(response, controller, token)
    context = {"organisation": controller, "form": form}
    status = 422 if form.errors else 200
    return render(request, "consents/public/me_number.html", context, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def me_code(request: HttpRequest, organisation: str) -> HttpResponse:
    """Take the code from the SMS. The same words for every number, known or not (law.md L14)."""
    controller = get_object_or_404(Organisation, slug=organisation)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            token = services.enter_code(
                _secret(request), form.cleaned_data["code"], now=timezone.now()
            )
        except services.PageCodeWrong:
            form.add_error("code", _("This is not the code. Look at the SMS, and try again."))
        except services.PageCodeOver:
            form.add_error(
                "code", _("This code can no longer be used. Ask for a new one with your number.")
            )
        else:
            return _give_cookie(_to(request, "consents:me", organisation), controller, token)
    context = {"organisation": controller, "form": form}
    status = 422 if form.errors else 200
    return render(request, "consents/public/me_code.html", context, status=status)


def visitor_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let in whoever has entered the code, and hand the view the visit. Others are asked for a number."""

    @never_cache
    @wraps(view)
    def check(
        request: HttpRequest, organisation: str, *args: object, **kwargs: object
    ) -> HttpResponse:
        controller = get_object_or_404(Organisation, slug=organisation)
        visit = _visit_of(request, controller)
        if visit is None:
            messages.info(request, _("Your visit is over. Ask for a new code."))
            return _to(request, "consents:me", organisation)
        return view(request, visit, *args, **kwargs)

    return check


@require_POST
@visitor_only
def stop(request: HttpRequest, visit: Visit, consent: int) -> HttpResponse:
    mine = _consent_of(visit, consent)
    services.stop_here(mine, now=timezone.now())
    text = _("Stopped. You get no more SMS about “%(purpose)s”.") % {"purpose": mine.purpose.name}
    return _back(request, visit, text)


@require_POST
@visitor_only
def pause(request: HttpRequest, visit: Visit, consent: int) -> HttpResponse:
    mine = _consent_of(visit, consent)
    form = PauseForm(request.POST)
    if not form.is_valid():
        return _back(request, visit, _("Choose how long the pause is to last."), is_error=True)
    services.pause_here(mine, choice=form.cleaned_data["pause"], now=timezone.now())
    return _back(request, visit, _("Paused. It begins again by itself, or when you say so."))


@require_POST
@visitor_only
def resume(request: HttpRequest, visit: Visit, consent: int) -> HttpResponse:
    services.resume_here(_consent_of(visit, consent), now=timezone.now())
    return _back(request, visit, _("The pause is over."))


@require_POST
@visitor_only
def count(request: HttpRequest, visit: Visit, consent: int) -> HttpResponse:
    mine = _consent_of(visit, consent)
    form = CountForm(request.POST, purpose=mine.purpose)
    if not form.is_valid():
        return _back(request, visit, _("Choose how many messages you want."), is_error=True)
    services.choose_count_here(mine, most=form.most, now=timezone.now())
    return _back(request, visit, _("Your choice is stored."))


@require_http_methods(["GET", "HEAD", "POST"])
@visitor_only
def renew(request: HttpRequest, visit: Visit, consent: int) -> HttpResponse:
    """Show the words as they are today, and take a fresh yes to exactly those."""
    mine = _consent_of(visit, consent)
    wording = mine.purpose.wordings.current(get_language() or "nb")
    if wording is None or not mine.is_granted:
        return _to(request, "consents:me", visit.organisation.slug)
    # Published meanwhile: what the person read is not what stands now, so the page is shown again.
    if request.method == "POST" and request.POST.get("wording") == wording.sha256:
        services.renew_here(mine, wording=wording, now=timezone.now())
        return _back(request, visit, _("Renewed. Thank you for your yes."))
    context = {"organisation": visit.organisation, "consent": mine, "wording": wording}
    return render(request, "consents/public/me_renew.html", context)


@require_POST
@visitor_only
def language(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Choose the language of messages, and of the page from now on."""
    form = LanguageForm(request.POST)
    assert visit.subject is not None, "an open visit has one"
    if form.is_valid():
        services.choose_language(visit.subject, form.cleaned_data["language"])
    return _back(request, visit, _("Your choice is stored."))


@require_POST
@visitor_only
def not_me(request: HttpRequest, visit: Visit) -> HttpResponse:
    """«It was not me»: everything ends, and the number is not asked again."""
    assert visit.subject is not None, "an open visit has one"
    services.say_it_was_not_me(visit.subject, now=timezone.now())
    return _back(
        request,
        visit,
        _("Thank you for telling us. Everything is stopped, and we will not ask again."),
    )


@require_POST
@visitor_only
def leave(request: HttpRequest, visit: Visit) -> HttpResponse:
    services.leave(visit)
    response = _to(request, "consents:me", visit.organisation.slug)
    response.delete_cookie(COOKIE, path=_path(visit.organisation))
    return response


@require_safe
@visitor_only
def everything(request: HttpRequest, visit: Visit) -> HttpResponse:
    """All that is held, as a page to read, keep or print (GDPR Art. 15)."""
    assert visit.subject is not None, "an open visit has one"
    since = visit.subject.doubted_since
    context = {
        "organisation": visit.organisation,
        "left_out": copies.left_out(visit.subject, since),
        "sections": copies.sections(visit.subject, since=since),
        "recipients": copies.recipients(),
        "source": copies.source(),
        "rights": copies.rights(),
    }
    return render(request, "consents/public/me_everything.html", context)


@require_safe
@visitor_only
def everything_file(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The same as a file for machines, and for taking along (GDPR Art. 20)."""
    assert visit.subject is not None, "an open visit has one"
    subject = visit.subject
    copy = copies.copy_of(subject, now=timezone.now(), since=subject.doubted_since)
    return json_file(copy, "everything.json")


@require_safe
@visitor_only
def everything_table(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The same as a table, one line a field: for a spreadsheet, or another system (GDPR Art. 20)."""
    assert visit.subject is not None, "an open visit has one"
    subject = visit.subject
    table = copies.table_of(subject, now=timezone.now(), since=subject.doubted_since)
    return csv_file(table, "everything.csv")


@require_POST
@visitor_only
def erase(request: HttpRequest, visit: Visit) -> HttpResponse:
    """«Delete everything about me». The page has asked once more before this is pressed."""
    assert visit.subject is not None, "an open visit has one"
    erasure = services.erase_subject(
        visit.subject, asked_by=Erasure.AskedBy.PERSON, now=timezone.now()
    )
    slug = visit.organisation.slug
    if erasure is None:
        return _to(request, "consents:me", slug)
    response = _to(request, "consents:me-erased", slug, erasure.reference)
    response.delete_cookie(COOKIE, path=_path(visit.organisation))
    return response


@never_cache
@require_safe
def erased(request: HttpRequest, organisation: str, reference: str) -> HttpResponse:
    """The report of an erasure. Its address is a random reference, and it names nobody."""
    controller = get_object_or_404(Organisation, slug=organisation)
    found = get_object_or_404(controller.erasures, reference=reference)
    context = {
        "organisation": controller,
        "certificate": exports.certificate(found),
        "erasure": found,
    }
    return render(request, "consents/public/me_erased.html", context)


@never_cache
@require_safe
def report(request: HttpRequest, organisation: str, reference: str) -> HttpResponse:
    """The same report as a file."""
    controller = get_object_or_404(Organisation, slug=organisation)
    found = get_object_or_404(controller.erasures, reference=reference)
    return json_file(exports.certificate(found), "erasure-report.json")


def _context(visit: Visit) -> dict[str, Any]:
    subject, now = visit.subject, timezone.now()
    assert subject is not None, "an open visit has one"
    return {
        "organisation": visit.organisation,
        "visit": visit,
        "phone": subject.phone.masked,
        "subject": subject,
        "rows": exports.my_consents(subject, now=now),
        "pause_form": PauseForm(),
        "language_form": LanguageForm(initial={"language": subject.language}),
        "events": exports.timeline(subject, since=subject.doubted_since),
        "doubted_since": subject.doubted_since,
    }


def _consent_of(visit: Visit, consent: int) -> Consent:
    """A consent of this visitor, else 404: the address names it, the visit owns it."""
    consents = Consent.objects.select_related("subject", "purpose__organisation", "purpose__sender")
    found = get_object_or_404(consents, pk=consent, subject=visit.subject_id)
    since = found.subject.doubted_since
    # PRIVACY: what an earlier holder of the number may have said is not shown here either.
    if since is not None and found.spoken_at <= since:
        raise Http404
    return found


def _visit_of(request: HttpRequest, organisation: Organisation) -> Visit | None:
    return services.find_visit(organisation, _secret(request), now=timezone.now())


def _secret(request: HttpRequest) -> str:
    """Return the secret in the cookie, or "". Unsigned, altered or too old counts as none."""
    longest = services.VISIT_LIFE.total_seconds()
    found = request.get_signed_cookie(COOKIE, default="", salt=COOKIE, max_age=int(longest))
    return str(found)


def _give_cookie(response: HttpResponse, organisation: Organisation, token: str) -> HttpResponse:
    """SECURITY: a new secret at each step, for this organisation's page only, out of reach of scripts."""
    response.set_signed_cookie(
        COOKIE,
        token,
        salt=COOKIE,
        max_age=int(services.VISIT_LIFE.total_seconds()),
        path=_path(organisation),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def _path(organisation: Organisation) -> str:
    return reverse("consents:me", args=[organisation.slug])


def _back(request: HttpRequest, visit: Visit, text: str, *, is_error: bool = False) -> HttpResponse:
    (messages.error if is_error else messages.success)(request, text)
    return _to(request, "consents:me", visit.organisation.slug)


def _to(request: HttpRequest, name: str, *args: object) -> HttpResponse:
    """Redirect within the language of the page."""
    response = redirect(name, *args)
    if lang := request.GET.get("lang"):
        response["Location"] += f"?lang={quote(lang)}"
    return response
