"""P6: the public form with limits, evidence and a confirmation, against a bare form post and a peer."""

import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import urlencode

from bench.registry import Bench, Figure
from bench.web import APPS, Load, bare, load, post, product, site
from consents.models import ServiceMessage
from tests import environment, servers
from tests.make import make_purpose

MEASURES = ("P6",)
REQUESTS = 1000


def measure(bench: Bench) -> Iterator[Figure]:
    with bench.database() as url:
        purpose = make_purpose(minimum_age=None)
        with bare(url) as port:
            cookie, token = token_of(port, "/")
            minimal = both(port, "/form/", cookie, token)
        page = f"/{purpose.organisation.slug}/{purpose.slug}/"
        with product(url) as port:
            cookie, token = token_of(port, page)
            ours = both(port, page, cookie, token)
        assert ServiceMessage.objects.filter(kind="confirmation").count() == REQUESTS + 100
    with servers.fresh_database() as url:
        subprocess.run(  # noqa: S603  our own process
            [sys.executable, APPS / "peer.py", "0"],
            env={**environment.TESTS, "DATABASE_URL": url},
            check=True,
        )
        with site("peer", url) as port:
            path = "/newsletter/tilbud/subscribe/"
            cookie, token = token_of(port, path)
            peer = both(port, path, cookie, token)
    ratio, times = ours.per_second / minimal.per_second, ours.per_second / peer.per_second
    yield Figure(
        "P6",
        "public sign-up",
        f"{ratio:.0%} of bare; {times:.1f} × newsletter; {ours.per_second:,.0f}/s",
        ratio >= 0.4 and times >= 1,
        {"per_second": ours.per_second, "ratio": ratio, "times_newsletter": times},
    )


def token_of(port: int, path: str) -> tuple[str, str]:
    """Open the page as a browser does. Return its CSRF cookie, and the token to send."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    cookie = next(
        value.split(";")[0]
        for name, value in answer.getheaders()
        if name.lower() == "set-cookie" and "csrftoken" in value
    )
    connection.close()
    return cookie, cookie.partition("=")[2]


def both(port: int, path: str, cookie: str, token: str) -> Load:
    load(port, forms(path, cookie, token, 0, 100), good=b"302", clients=4)
    return load(port, forms(path, cookie, token, 100, REQUESTS), good=b"302")


def forms(path: str, cookie: str, token: str, first: int, count: int) -> list[bytes]:
    return [
        post(
            path,
            urlencode(
                {
                    "csrfmiddlewaretoken": token,
                    "phone": f"9{position:07}",
                    "email_field": f"n{position}@example.org",
                    "name_field": "Kari",
                    "agree": "on",
                }
            ).encode(),
            kind="application/x-www-form-urlencoded",
            cookie=cookie,
        )
        for position in range(first, first + count)
    ]
