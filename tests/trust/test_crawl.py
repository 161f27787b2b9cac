"""Looking changes nothing: every link that each kind of visitor can reach, opened again and again (INV-19).

Phones, scanners and browsers open links by themselves. So GET and HEAD of every page that is linked, as
each role, as the person on my page and as a stranger, leave every table of the database as it was.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator
from hashlib import sha256
from html import unescape
from urllib.parse import urljoin, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from consents import confirmations, receipts, services
from consents.models import Consent, Visit
from smsconsent import signing
from smsconsent.staff import roles
from smsconsent.staff.models import User
from tests.make import DAY, make_purpose, make_user
from tests.smsconsent.test_access_table import EVERY, Place, make_place
from tests.trust import size

pytestmark = [pytest.mark.django_db, pytest.mark.once]

# What writes only the first time, or only the second, is found as well.
TIMES = 3
# A visitor's own session: Django writes when it was used last.
OF_THE_VISIT = {"django_session"}
LINK = re.compile(r'(?:href|src|action|hx-get)="([^"#]+)')
MOST = size.of(150, 3000)


@pytest.fixture
def place() -> Place:
    return make_place()


def stored() -> dict[str, str]:
    """Return a digest of each table of the database."""
    with connection.cursor() as cursor:
        digests = {}
        for table in sorted({*connection.introspection.table_names()} - OF_THE_VISIT):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows = sorted(repr(row) for row in cursor.fetchall())
            digests[table] = sha256("\n".join(rows).encode()).hexdigest()
        return digests


def crawl(client: Client, starts: list[str]) -> Iterator[str]:
    """Open each page of this site that is linked from these, and from those, and yield its address.

    By HEAD and by GET, `TIMES` each.
    """
    waiting, seen = deque(starts), set(starts)
    for _page in range(MOST):
        if not waiting:
            return
        address = waiting.popleft()
        heads = [client.head(address) for _time in range(TIMES)]
        *_others, answer = gets = [client.get(address) for _time in range(TIMES)]
        assert all(each.status_code < 500 for each in (*heads, *gets)), address
        yield address
        if "text/html" not in answer.get("Content-Type", "") and "Location" not in answer:
            continue
        found = [*LINK.findall(answer.content.decode()), answer.get("Location", "")]
        for link in (unescape(each) for each in found if each):
            there = urljoin(address, link)
            path = urlsplit(there)
            if path.netloc or path.path.startswith("/static/") or there in seen:
                continue
            seen.add(there)
            waiting.append(there)


def sign_in(place: Place, client: Client, wanted: tuple[str, ...]) -> list[str]:
    user = make_user()
    for role in wanted:
        make_user(role, place.organisation)
        roles.give_role(user, role, place.organisation)
    client.force_login(user)
    return ["/staff/", f"/staff/{place.organisation.slug}/purposes/"]


@pytest.mark.parametrize("role", EVERY)
def test_looking_around_as_a_colleague_changes_nothing(
    place: Place, client: Client, role: str
) -> None:
    starts = sign_in(place, client, (role,))
    before = stored()

    opened = list(crawl(client, starts))

    assert stored() == before
    assert len(opened) > 10, opened


def test_looking_around_with_every_role_and_in_the_back_office_changes_nothing(
    place: Place, client: Client
) -> None:
    starts = sign_in(place, client, EVERY)
    User.objects.filter(pk=client.session["_auth_user_id"]).update(is_staff=True, is_superuser=True)
    before = stored()

    opened = list(crawl(client, [*starts, "/admin/"]))

    assert stored() == before
    assert any(address.startswith("/admin/consents/") for address in opened)
    assert any("/campaigns/" in address for address in opened)


@pytest.fixture
def letters(place: Place) -> list[str]:
    """The links that were sent to somebody: to confirm, to stop, the receipt."""
    now = timezone.now()
    consent = Consent.objects.select_related("subject", "purpose").get(pk=place.consent.pk)
    services.request_consent(
        make_purpose(place.organisation),
        consent.subject.phone,
        wording=consent.wording,
        source="web",
        proof=services.Proof("web_form"),
        now=now,
    )
    token = "a-link-that-was-sent"
    asked = Consent.objects.exclude(pk=consent.pk).latest("pk")
    asked.confirmations.create(
        channel="sms",
        digest=signing.digest(token, purpose=confirmations.CONFIRM),
        created_at=now,
        expires_at=now + DAY,
    )
    stop = signing.derived_token(bytes(consent.stop_nonce), purpose="stop")
    return [f"/c/{token}/", f"/s/{stop}/", receipts.address_of(consent)]


def test_a_stranger_who_opens_every_link_changes_nothing(
    place: Place, client: Client, letters: list[str]
) -> None:
    before = stored()

    opened = list(crawl(client, ["/", f"/{place.organisation.slug}/", "/me/", *letters]))

    assert stored() == before
    assert {*letters} <= {*opened}
    assert len(opened) > 10, opened


def test_the_person_who_looks_at_my_page_changes_nothing(place: Place, client: Client) -> None:
    address = f"/{place.organisation.slug}/me/"
    client.post(address, {"phone": place.consent.subject.phone.e164})
    client.post(f"{address}code/", {"code": Visit.objects.latest("pk").code})
    before = stored()

    opened = list(crawl(client, [address]))

    assert stored() == before
    assert {f"{address}everything/", f"{address}everything.csv"} <= {*opened}


def test_the_digest_sees_one_changed_value(place: Place) -> None:
    before = stored()

    Consent.objects.update(requested_at=timezone.now())

    assert {table for table, digest in stored().items() if digest != before[table]} == {
        "consents_consent"
    }


def test_a_page_that_writes_when_it_is_looked_at_is_found(
    place: Place, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    look: Callable[..., Visit | None] = services.find_visit

    def count_visits(*args: object, **kwargs: object) -> Visit | None:
        Consent.objects.update(reminded_at=timezone.now())
        return look(*args, **kwargs)

    monkeypatch.setattr(services, "find_visit", count_visits)
    before = stored()

    list(crawl(client, [f"/{place.organisation.slug}/me/"]))

    assert stored() != before
