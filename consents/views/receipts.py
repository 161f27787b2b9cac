"""The person's receipt: a page to read and print, and a file for machines. Whoever has the link has it."""

import json

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from consents import logkeys, receipts, reports
from consents.models import ConsentEvent


@never_cache
@require_safe
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    """Show what was said, to which words, and whether it is sealed yet."""
    try:
        found = receipts.find(token)
    except receipts.ReceiptUnknown:
        return _dead_link(request)
    except receipts.ReceiptBroken:
        return render(request, "consents/public/receipt_broken.html", status=500)
    consent = found.consent
    context = {
        "organisation": consent.purpose.organisation,
        "purpose": consent.purpose,
        "wording": consent.wording,
        "receipt": found,
        "title": ConsentEvent.Type(found.kind).label,
        "method": reports.method_in_words(found.private["method"]),
        "phone": consent.subject.phone.masked,
        "operator": settings.SMS_OPERATOR,
        "token": token,
    }
    return render(request, "consents/public/receipt.html", context)


@never_cache
@require_safe
def receipt_file(request: HttpRequest, token: str) -> HttpResponse:
    """Download the receipt as JSON-LD: it holds the whole number, the opened event and the proof."""
    try:
        found = receipts.find(token)
    except (receipts.ReceiptUnknown, receipts.ReceiptBroken):
        return _dead_link(request)
    content = json.dumps(receipts.as_json_ld(found), ensure_ascii=False, indent=1)
    answer = HttpResponse(content, content_type="application/ld+json")
    name = f"kvittering-{found.detail.event.event_id[:8]}.jsonld"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _dead_link(request: HttpRequest) -> HttpResponse:
    context = {"is_used": False, "kind": "receipt"}
    return render(request, "consents/public/dead_link.html", context, status=404)


@require_safe
def log_keys(request: HttpRequest) -> HttpResponse:
    """Publish the keys that sign the log, with from and to: the file that the verifier takes as `--key`."""
    return HttpResponse(logkeys.published(), content_type="text/plain; charset=utf-8")
