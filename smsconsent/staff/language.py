"""A colleague chooses the language of the portal. It stands on the account, not in a cookie."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from smsconsent.languages import known
from smsconsent.staff.models import User


@login_required
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Store the choice and go back to the page it was made on. An unknown language is bokmål."""
    assert isinstance(request.user, User)
    request.user.language = known(request.POST.get("language"))
    request.user.save(update_fields=["language"])
    return redirect(_way_back(request))


def _way_back(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    # SECURITY: only to a page of ours; an address from elsewhere could have been put into the form.
    if url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return wanted
    return settings.LOGIN_REDIRECT_URL
