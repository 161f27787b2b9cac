"""Who may open what: every address × role × method × own or foreign object. An address that is not in the
table fails the suite.

A stranger gets 404, a colleague without the right 403, and nobody without an account gets in.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from campaigns.models import Campaign
from consents import services
from consents.models import (
    Case,
    Consent,
    ConsentImport,
    HoldOpening,
    InboundMessage,
    LegalHold,
    Letter,
    Organisation,
)
from smsconsent.staff import roles
from smsconsent.staff.models import RoleGroup, User
from tests.make import (
    DAY,
    NOON,
    make_campaign,
    make_consent,
    make_organisation,
    make_purpose,
    make_user,
)

# Rights are asked of guardian, in queries that both databases answer alike.
pytestmark = [pytest.mark.django_db, pytest.mark.once, pytest.mark.slow]

P, M, A, C, R, X = (
    "privacy_officer",
    "marketer",
    "approver",
    "customer_service",
    "auditor",
    "administrator",
)
EVERY = (P, M, A, C, R, X)
SEES_CAMPAIGNS = (P, M, A, R, X)
METHODS = ("get", "head", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Row:
    """Which roles may read and write at one address. Others who see the object get `otherwise`."""

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    otherwise: int = 403
    # Those who do not even see the object, though they have a role at the organisation.
    blind: tuple[str, ...] = ()


def of_campaign(*, reads: tuple[str, ...] = (), writes: tuple[str, ...] = ()) -> Row:
    return Row(reads, writes, blind=(C,))


PORTAL = {
    "staff:colleagues": Row((X,), (X,)),
    "staff:take-role": Row(writes=(X,)),
    "people:purposes": Row(EVERY),
    "people:purpose": Row(EVERY),
    "people:wording": Row((P,), (P,)),
    "people:register": Row((C,), (C,)),
    "people:notice": Row(EVERY, (P, X)),
    "people:search": Row((P, C, R), (P, C, R)),
    "people:number": Row((P, C, R)),
    "people:number-stop": Row(writes=(P, C)),
    "people:reveal": Row(writes=(P,)),
    "people:erase": Row(writes=(P,)),
    "people:release": Row(writes=(P, C)),
    "people:case-bundle": Row(writes=(P,)),
    "people:number-receipt": Row(writes=(P,)),
    "people:audit-bundle": Row(writes=(P,)),
    "people:inbox": Row((P, C)),
    "people:settle": Row(writes=(P, C)),
    "people:cases": Row((P, C)),
    "people:case-new": Row((P, C), (P, C)),
    "people:case": Row((P, C)),
    "people:case-code": Row(writes=(P, C)),
    "people:case-verify": Row(writes=(P, C)),
    "people:case-extend": Row(writes=(P,)),
    "people:case-act": Row(writes=(P,)),
    "people:case-copy": Row(writes=(P,)),
    "people:case-lift": Row(writes=(P,)),
    "people:case-close": Row((P,), (P,)),
    "people:case-letter": Row((P,)),
    "people:blocks": Row((P,), (P,)),
    "people:unblock": Row(writes=(P,)),
    "people:review-blocks": Row(writes=(P,)),
    "people:gateway": Row((P, X)),
    "people:imports": Row((P, C), (P, C)),
    "people:import": Row((P, C)),
    "people:import-start": Row(writes=(P, C)),
    "people:import-approve": Row(writes=(P,)),
    "people:import-problems": Row((P, C)),
    "people:import-proof": Row((P,)),
    "people:keywords": Row((P, X), (P, X)),
    "people:words": Row((P, X), (P, X)),
    "people:ledger": Row((P, R)),
    "people:ledger-verify": Row(writes=(P, R)),
    "people:ledger-progress": Row((P, R)),
    "people:retention": Row((P, R, X), (P,)),
    "people:erasure": Row((P, R, X)),
    "people:holds": Row((P,)),
    "people:hold": Row((P,)),
    "people:hold-ask": Row((P,), (P,)),
    "people:hold-approve": Row(writes=(P,)),
    "people:hold-open": Row(writes=(P,)),
    "people:hold-opening": Row(writes=(P,)),
    "people:hold-bundle": Row(writes=(P,)),
    "people:hold-release": Row(writes=(P,)),
    "people:hold-released": Row(writes=(P,)),
    "campaigns:list": Row(EVERY),
    "campaigns:create": Row((M,), (M,)),
    "campaigns:preview": Row(writes=(M,)),
    "campaigns:detail": of_campaign(reads=SEES_CAMPAIGNS),
    "campaigns:edit": of_campaign(reads=(M,), writes=(M,)),
    "campaigns:audience": of_campaign(reads=SEES_CAMPAIGNS),
    "campaigns:progress": of_campaign(reads=SEES_CAMPAIGNS),
    "campaigns:submit": of_campaign(writes=(M,)),
    "campaigns:approve": of_campaign(writes=(A,)),
    "campaigns:send-back": of_campaign(writes=(A,)),
    "campaigns:start": of_campaign(writes=(M, A)),
    "campaigns:schedule": of_campaign(writes=(M, A)),
    "campaigns:pause": of_campaign(writes=(M, A)),
    "campaigns:resume": of_campaign(writes=(M, A)),
    "campaigns:cancel": of_campaign(writes=(M, A)),
}
# Signed in, whatever the role; these pages are about oneself.
OWN = {
    "staff:home",
    "staff:language",
    "account_logout",
    "account_reauthenticate",
    "account_change_password",
    "account_set_password",
    "mfa_index",
    "mfa_reauthenticate",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_download_recovery_codes",
    "mfa_list_webauthn",
    "mfa_add_webauthn",
    "mfa_reauthenticate_webauthn",
    "mfa_remove_webauthn",
    "mfa_edit_webauthn",
}
# For everybody: people have no account, and signing in comes before having a role.
OPEN = {
    "healthz",
    "readyz",
    "consents:front",
    "consents:organisation",
    "consents:privacy",
    "consents:sign-up",
    "consents:sign-up-done",
    "consents:handset",
    "consents:confirm",
    "consents:stop",
    "consents:me-choose",
    "consents:me",
    "consents:me-code",
    "consents:me-stop",
    "consents:me-pause",
    "consents:me-resume",
    "consents:me-count",
    "consents:me-renew",
    "consents:me-language",
    "consents:me-not-me",
    "consents:me-leave",
    "consents:me-everything",
    "consents:me-everything-file",
    "consents:me-everything-table",
    "consents:me-erase",
    "consents:me-erased",
    "consents:me-report",
    "consents:log-keys",
    "consents:receipt",
    "consents:receipt-file",
    "hooks:inbound",
    "hooks:receipts",
    "account_login",
    "account_inactive",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "mfa_authenticate",
    "mfa_login_webauthn",
}


def addresses(resolver: URLResolver | None = None, space: str = "") -> Iterator[str]:
    """Yield the name of every address of the project. The back office counts as one."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLPattern):
            yield f"{space}:{entry.name}" if space else str(entry.name)
        elif entry.namespace == "admin":
            yield "admin"
        else:
            yield from addresses(entry, entry.namespace or space)


def test_every_address_stands_in_the_table() -> None:
    assert set(addresses()) == PORTAL.keys() | OWN | OPEN | {"admin"}


@dataclass
class Place:
    """One organisation with one of everything, and the address of each page about it."""

    organisation: Organisation
    consent: Consent
    campaign: Campaign
    message: InboundMessage
    case: Case
    letter: Letter
    reference: str
    hold: LegalHold
    opening: HoldOpening
    run: ConsentImport

    def path(self, name: str) -> str:
        purpose, group = self.consent.purpose, RoleGroup.objects.order_by("pk")[0]
        values: dict[str, Any] = {
            "organisation": self.organisation.slug,
            "purpose": purpose.slug,
            "public_id": self.campaign.public_id
            if name.startswith("campaigns")
            else self.consent.subject.public_id,
            "consent": self.consent.pk,
            "message": self.message.pk,
            "case": self.case.public_id,
            "letter": self.letter.pk,
            "reference": self.hold.reference if name.startswith("people:hold") else self.reference,
            "opening": self.opening.pk,
            "run": self.run.public_id,
            "group": group.pk,
            "user": 1,
        }
        pattern = next(p for n, p in _patterns() if n == name)
        keywords = {key: values[key] for key in pattern.pattern.converters}
        return reverse(name, kwargs=keywords)


def _patterns(
    resolver: URLResolver | None = None, space: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLPattern):
            yield (f"{space}:{entry.name}" if space else str(entry.name)), entry
        elif entry.namespace != "admin":
            yield from _patterns(entry, entry.namespace or space)


def make_place() -> Place:
    """One of everything that a page is about, at an organisation of its own."""
    purpose = make_purpose(make_organisation())
    consent = make_consent("granted", purpose=purpose)
    case = _make_case(consent)
    hold = _make_hold(consent)
    erasure = services.erase_subject(make_consent(purpose=purpose, number=2).subject, now=NOON)
    assert erasure is not None
    return Place(
        organisation=purpose.organisation,
        consent=consent,
        campaign=make_campaign(purpose=purpose),
        message=_make_message(consent),
        case=case,
        letter=services.extend_case(case, reason="Mange", by=make_user(), now=NOON),
        reference=erasure.reference,
        hold=hold,
        opening=services.ask_to_open(hold, reason="Klage", by=make_user(), now=NOON),
        run=services.open_import(
            purpose.organisation, lambda: BytesIO(b"number"), by=None, proof=b"%PDF-1.7", now=NOON
        ),
    )


def _make_message(consent: Consent) -> InboundMessage:
    return InboundMessage.objects.create(
        gateway="strex",
        message_id=uuid4().hex,
        organisation=consent.purpose.organisation,
        subject=consent.subject,
        sender=consent.subject.phone,
        recipient="26112",
        text="?",
        key_id="k",
        trust="signed",
        vouched_by="signature",
        state="review",
        received_at=NOON,
    )


def _make_case(consent: Consent) -> Case:
    return services.register_case(
        consent.purpose.organisation,
        consent.subject.phone,
        kind="objection",
        channel="phone",
        received_on=NOON.date(),
        language="nb",
        note="",
        by=make_user(),
        now=NOON,
    )


def _make_hold(consent: Consent) -> LegalHold:
    hold = services.ask_for_hold(
        consent.subject,
        reason="Klage",
        ends_on=NOON.date() + 30 * DAY,
        by=make_user(),
        now=NOON,
    )
    services.approve_hold(hold, by=make_user(), now=NOON)
    return hold


@pytest.fixture
def own() -> Place:
    return make_place()


@pytest.fixture
def foreign() -> Place:
    return make_place()


def kind_of(status: int) -> int:
    """Return 200 for every way in which a page answers whom it lets in."""
    return 200 if status in {200, 302, 422} else status


def expected(row: Row, role: str, method: str) -> int:
    is_read = method in {"get", "head"}
    if method not in {"get", "head", "post"} or not (row.reads if is_read else row.writes):
        return 405
    if role in (row.reads if is_read else row.writes):
        return 200
    return 404 if role in row.blind else row.otherwise


def answer(client: Client, method: str, path: str) -> int:
    return int(getattr(client, method)(path).status_code)


@pytest.mark.parametrize("role", EVERY)
def test_a_role_opens_its_own_pages_and_no_other(
    client: Client, own: Place, foreign: Place, role: str
) -> None:
    # A second administrator, so that nobody is the last one whose role is taken away.
    make_user(X, own.organisation)
    client.force_login(make_user(role, own.organisation))
    wrong = []
    for name, row in PORTAL.items():
        for method in METHODS:
            for place, should in (
                (own, expected(row, role, method)),
                (foreign, 405 if expected(row, role, method) == 405 else 404),
            ):
                if method == "post" and place is own and should == 200:
                    continue  # what it does is tested where it is done; it would change the others here
                found = kind_of(answer(client, method, place.path(name)))
                if found != should:
                    wrong.append(
                        (name, method, "own" if place is own else "foreign", found, should)
                    )

    assert wrong == []


@pytest.mark.parametrize("role", EVERY)
@pytest.mark.parametrize("name", [name for name, row in PORTAL.items() if row.writes])
def test_a_role_that_may_write_is_let_in(client: Client, own: Place, role: str, name: str) -> None:
    if role not in PORTAL[name].writes:
        return
    client.force_login(make_user(role, own.organisation))

    status = answer(client, "post", own.path(name))

    # Some verbs refuse what was sent, or the state it is in: but the door was open.
    assert kind_of(status) in {200, 404 if name == "staff:take-role" else 200}


@pytest.mark.parametrize("is_superuser", [False, True])
def test_without_a_role_the_portal_is_empty(client: Client, own: Place, is_superuser: bool) -> None:
    client.force_login(make_user(is_superuser=is_superuser, is_staff=is_superuser))

    wrong = [
        (name, method)
        for name in PORTAL
        for method in METHODS
        if answer(client, method, own.path(name)) not in {404, 405}
    ]

    assert wrong == []


def test_without_an_account_every_page_leads_to_the_sign_in(client: Client, own: Place) -> None:
    wrong = []
    for name in PORTAL:
        for method in METHODS:
            found = getattr(client, method)(own.path(name))
            if not (found.status_code == 302 and "/account/login/" in found["Location"]):
                wrong.append((name, method, found.status_code))

    assert wrong == []


@pytest.mark.parametrize("name", sorted(OWN - {"staff:language", "account_logout"}))
def test_pages_about_oneself_need_an_account(client: Client, name: str) -> None:
    path = reverse(
        name, kwargs={"pk": 1} if name in {"mfa_remove_webauthn", "mfa_edit_webauthn"} else {}
    )

    found = client.get(path)

    assert found.status_code in {302, 405}


def test_the_back_office_is_for_staff(client: Client, own: Place) -> None:
    client.force_login(make_user(X, own.organisation))
    assert client.get("/admin/").status_code in {302, 403}

    client.force_login(make_user(is_staff=True, is_superuser=True))
    assert client.get("/admin/").status_code == 200


def test_a_role_at_one_purpose_opens_that_purpose_alone(client: Client, own: Place) -> None:
    other = make_purpose(own.organisation)
    user = make_user(M, own.consent.purpose)
    roles.give_role(user, roles.GUEST, own.organisation)
    client.force_login(user)
    base = f"/staff/{own.organisation.slug}"

    assert client.get(f"{base}/purposes/{own.consent.purpose.slug}/").status_code == 200
    assert client.get(f"{base}/purposes/{other.slug}/").status_code == 404
    assert client.get(own.path("campaigns:detail")).status_code == 200
    listed = client.get(f"{base}/purposes/").content.decode()
    assert own.consent.purpose.name in listed
    assert other.name not in listed


def test_a_role_that_is_taken_closes_its_pages_at_once(client: Client, own: Place) -> None:
    user = make_user(M, own.organisation)
    client.force_login(user)
    assert client.get(own.path("campaigns:detail")).status_code == 200

    roles.take_role(user, M, own.organisation)

    assert client.get(own.path("campaigns:detail")).status_code == 404


def test_a_closed_account_is_let_in_nowhere(client: Client, own: Place) -> None:
    user = make_user(M, own.organisation)
    client.force_login(user)
    User.objects.filter(pk=user.pk).update(is_active=False)

    assert client.get(own.path("campaigns:detail")).status_code == 302


@pytest.mark.parametrize("name", sorted(OPEN - {"hooks:inbound", "hooks:receipts"}))
def test_open_pages_ask_for_no_account(client: Client, own: Place, name: str) -> None:
    values = {
        "organisation": own.organisation.slug,
        "purpose": own.consent.purpose.slug,
        "public_id": "x" * 22,
        "token": "x" * 22,
        "consent": own.consent.pk,
        "reference": "x" * 22,
        "uidb36": "1",
        "key": "x",
    }
    pattern = next(found for key, found in _patterns() if key == name)
    names = pattern.pattern.converters or getattr(pattern.pattern, "regex", None)
    keys = names if isinstance(names, dict) else names.groupindex if names else {}
    path = reverse(name, kwargs={key: values[key] for key in keys})

    status = client.get(path).status_code

    assert status in {200, 302, 404, 405, 503}
