"""What every template may use."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """`lang_query` carries the chosen language through public links, since no cookie does."""
    asked = request.GET.get("lang", "")
    chosen = asked in dict(settings.LANGUAGES)
    return {"lang_query": f"?lang={asked}" if chosen else "", "languages": settings.LANGUAGES}
