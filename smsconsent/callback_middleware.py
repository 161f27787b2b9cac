"""The short way in for callbacks, which other programs send thousands of times a minute."""

from collections.abc import Callable
from contextlib import suppress

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import resolve

PATH, NAMESPACE = "/hooks/", "hooks"


class CallbackMiddleware:
    """Take callbacks straight to their view: no session, form, account, page or language is theirs.

    What guards them stands in the view: the secret address, the network and the signature. Whatever is no
    callback goes the long way, and so gets its page.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method == "POST" and request.path_info.startswith(PATH):
            with suppress(Http404):
                return self._answer(request)
        return self.get_response(request)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        """Raises Http404, before anything is read, for whoever does not know the address."""
        view = resolve(request.path_info)
        if view.namespaces != [NAMESPACE]:
            # SECURITY: an address that people may choose for a page of their own is never exempt.
            raise Http404
        request.resolver_match = view
        response: HttpResponse = view.func(request, *view.args, **view.kwargs)
        # As Django's CommonMiddleware does: without it a server sends the answer in pieces.
        response.headers.setdefault("Content-Length", str(len(response.content)))
        return response
