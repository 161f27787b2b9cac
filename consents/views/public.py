"""Pages for people: a chosen address, or a link that only they were sent. GET changes nothing."""

from io import BytesIO
from typing import Any
from urllib.parse import quote

import segno
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from consents import receipts, services
from consents.forms import SignUpForm
from consents.models import Confirmation, Consent, HandsetCode, Organisation, Purpose, Wording
from consents.views import served
from consents.views.evenly import answers_evenly
from consents.views.network import network_of

FORM_VERSION = "signup-1"


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """The bare address. It names no organisation: which ones are here is theirs to tell."""
    return render(request, "consents/public/front.html")


@require_safe
def organisation(request: HttpRequest, organisation: str) -> HttpResponse:
    controller = get_object_or_404(Organisation, slug=organisation)
    purposes = [
        (purpose, wording)
        for purpose in controller.purposes.open(timezone.now()).order_by("name")
        if (wording := purpose.wordings.current(_language()))
    ]
    context = {"organisation": controller, "purposes": purposes}
    return render(request, "consents/public/organisation.html", context)


@require_safe
def privacy(request: HttpRequest, organisation: str) -> HttpResponse:
    controller = get_object_or_404(Organisation, slug=organisation)
    notice = controller.notices.current(_language())
    if notice is None:
        raise Http404
    context = {"organisation": controller, "notice": notice}
    return render(request, "consents/public/privacy.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@answers_evenly
def sign_up(request: HttpRequest, organisation: str, purpose: str) -> HttpResponse:
    """Ask, in the words of the newest wording. A form without a published wording answers 404 (L10)."""
    asked, wording = _asked(organisation, purpose)
    context = {"purpose": asked, "wording": wording} | _controller(asked)
    rests_on = (asked, asked.organisation, asked.sender, wording)

    def bare() -> HttpResponse:
        return _sign_up_page(request, context, SignUpForm(purpose=asked))

    if request.method != "POST":
        page = bare()
        return served.named(page, served.remember(request, page, rests_on))
    name = served.recall(request, rests_on) or served.remember(request, bare(), rests_on)
    form = SignUpForm(request.POST, purpose=asked)
    if served.is_another(request, name):
        form.errors.clear()  # one thing at a time
        form.add_error(None, _("The text has changed since you opened the page. Read it again."))
    elif "handset" in request.POST and asked.asks_by_handset:
        code = services.open_handset_code(
            asked,
            wording=wording,
            form_version=FORM_VERSION,
            page_sha256=name,
            now=timezone.now(),
        )
        return redirect("consents:handset", organisation, purpose, code.public_id)
    if form.is_valid():
        _request(request, form, asked, wording, page=name)
        return _done(request, asked, form.channel_chosen)
    return served.named(_sign_up_page(request, context, form), name)


def _sign_up_page(request: HttpRequest, context: dict[str, Any], form: SignUpForm) -> HttpResponse:
    status = 422 if form.errors else 200
    shown = context | {"form": form}
    return render(request, "consents/public/sign_up.html", shown, status=status)


@require_safe
def sign_up_done(request: HttpRequest, organisation: str, purpose: str) -> HttpResponse:
    """The same page for every number: known, unknown, withdrawn or blocked (law.md L14)."""
    asked, wording = _asked(organisation, purpose)
    context = {
        "purpose": asked,
        "wording": wording,
        "by_email": request.GET.get("by") == "email" and asked.asks_by_email,
    }
    return render(request, "consents/public/sign_up_done.html", context | _controller(asked))


@never_cache
@require_safe
def handset(request: HttpRequest, organisation: str, purpose: str, public_id: str) -> HttpResponse:
    """Show the code that the person sends to us. No number is typed here (trust.md § 10)."""
    asked, wording = _asked(organisation, purpose)
    code = get_object_or_404(HandsetCode, public_id=public_id, purpose=asked)
    message = f"JA {code.code}"
    number = asked.sender.reply_number
    context = {
        "purpose": asked,
        "wording": wording,
        "code": code,
        "state": services.handset_code_state(code, now=timezone.now()),
        "message": message,
        "number": number,
        "sms_link": f"sms:{number}?&body={quote(message)}",
        "qr": _qr(f"SMSTO:{number}:{message}"),
    }
    template = "handset_state" if request.headers.get("HX-Request") else "handset"
    return render(request, f"consents/public/{template}.html", context | _controller(asked))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """The second yes. Phones open links to preview them: only a pressed button counts."""
    now = timezone.now()
    try:
        if request.method == "POST" and request.POST.get("answer") == "yes":
            asked = services.find_confirmation(token, now=now)
            page = _question(request, asked)
            consent = services.confirm_by_link(token, page_sha256=served.digest(page), now=now)
            return _answered(request, consent, _yes(asked))
        if request.method == "POST" and request.POST.get("answer") in {"no", "not_me"}:
            was_me = request.POST["answer"] == "no"
            asked = services.find_confirmation(token, now=now)
            consent = services.refuse_by_link(token, was_me=was_me, now=now)
            return _answered(request, consent, _no(asked, was_me=was_me))
        return _question(request, services.find_confirmation(token, now=now))
    except services.LinkError as error:
        return _dead_link(request, error)


def _yes(asked: Confirmation) -> str:
    if asked.is_by_email:
        return "asked"
    return "renewed" if asked.is_renewal else "granted"


def _no(asked: Confirmation, *, was_me: bool) -> str:
    if asked.is_by_email:
        return "not_asked"
    if not was_me:
        return "not_me"
    return "stopped" if asked.is_renewal else "refused"


def _question(request: HttpRequest, asked: Confirmation) -> HttpResponse:
    consent = asked.consent
    context = {
        "consent": consent,
        "wording": asked.wording or consent.wording,
        "purpose": consent.purpose,
        # PRIVACY: whoever has an address is not told whether the number is known.
        "is_renewal": asked.is_renewal and not asked.is_by_email,
        "is_by_email": asked.is_by_email,
    }
    return render(request, "consents/public/confirm.html", context | _controller(consent.purpose))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Withdraw by one press, with no login and no reason (law.md L11)."""
    try:
        if request.method == "POST":
            everything = request.POST.get("what") == "everything"
            stopped = services.stop_by_link(token, everything=everything, now=timezone.now())
            context = {"stopped": stopped} | _controller(stopped[0])
            return render(request, "consents/public/stopped.html", context)
        consent = services.find_stop(token)
    except services.LinkError as error:
        return _dead_link(request, error, kind="stop")
    context = {"consent": consent, "purpose": consent.purpose}
    return render(request, "consents/public/stop.html", context | _controller(consent.purpose))


def _asked(organisation: str, purpose: str) -> tuple[Purpose, Wording]:
    found = services.find_form(organisation, purpose, language=_language(), now=timezone.now())
    if found is None:
        raise Http404
    return found


def _request(
    request: HttpRequest, form: SignUpForm, purpose: Purpose, wording: Wording, *, page: str
) -> None:
    if form.looks_automatic:
        return
    workflow = {"form": FORM_VERSION, "box_default": "unticked"} | served.facts(request, page)
    services.request_consent(
        purpose,
        form.cleaned_data["phone"],
        wording=wording,
        channel=form.channel_chosen,
        email=form.cleaned_data.get("email", ""),
        source=Consent.Source.WEB,
        proof=services.Proof("web_form", workflow=workflow),
        network=network_of(request),
        now=timezone.now(),
    )


def _done(request: HttpRequest, purpose: Purpose, channel: str) -> HttpResponse:
    response = redirect("consents:sign-up-done", purpose.organisation.slug, purpose.slug)
    query = [f"by={channel}"] if channel == "email" else []
    if lang := request.GET.get("lang"):
        query.append(f"lang={quote(lang)}")
    if query:
        response["Location"] += "?" + "&".join(query)
    return response


def _answered(request: HttpRequest, consent: Consent, outcome: str) -> HttpResponse:
    context = {
        "consent": consent,
        "purpose": consent.purpose,
        "outcome": outcome,
        "receipt": receipts.address_of(consent) if consent.receipt_digest else "",
    }
    return render(request, "consents/public/answered.html", context | _controller(consent.purpose))


def _dead_link(request: HttpRequest, error: services.LinkError, *, kind: str = "") -> HttpResponse:
    status = 404 if isinstance(error, services.LinkUnknown) else 410
    context = {"is_used": isinstance(error, services.LinkUsed), "kind": kind}
    return render(request, "consents/public/dead_link.html", context, status=status)


def _controller(purpose: Purpose) -> dict[str, Any]:
    return {"organisation": purpose.organisation}


def _language() -> str:
    return get_language() or "nb"


def _qr(text: str) -> SafeString:
    """Return an SVG without inline style, sized by the style sheet. `text` is ours, never typed."""
    out = BytesIO()
    segno.make(text, error="m").save(out, kind="svg", xmldecl=False, svgclass="qr", omitsize=True)
    return mark_safe(out.getvalue().decode())  # noqa: S308  made by segno from our own text
