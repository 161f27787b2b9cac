"""Every page, on a wide screen and on a phone: no barrier (WCAG 2.2 A and AA), no error in the console,
no sideways scrolling."""

import re
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Locator, Page

from tests.installation import Installation, eventually

# Barriers, console and widths are a matter of the browser.
pytestmark = pytest.mark.once

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 375, "height": 780}
STANDARDS = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"],
    }
}
NUMBER = "+4790000031"


@dataclass
class Round:
    """One walk through the pages of one visitor, at both widths."""

    installation: Installation
    page: Page
    account: str = ""
    shots: str = ""
    problems: list[str] = field(default_factory=list)

    def check(self, path: str, *, name: str = "") -> None:
        """Open a page and note what is wrong with it."""
        url = path if path.startswith("http") else self.installation.url + path
        for size in (WIDE, PHONE):
            self.page.set_viewport_size(size)  # type: ignore[arg-type]  # width and height
            self.page.goto(url)
            self.look(f"{name or path} at {size['width']}")

    def look_at_both(self, name: str) -> None:
        """Note what is wrong with the page as it stands, at both widths."""
        for size in (WIDE, PHONE):
            self.page.set_viewport_size(size)  # type: ignore[arg-type]  # width and height
            self.look(f"{name} at {size['width']}")

    def look(self, name: str) -> None:
        """Note what is wrong with the page as it stands."""
        found = Axe().run(self.page, options=STANDARDS).response["violations"]
        self.problems += [
            f"{name}: {each['id']}: {[node['html'][:160] for node in each['nodes'][:3]]}"
            for each in found
        ]
        overflow = "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"
        if (excess := self.page.evaluate(overflow)) > 0:
            self.problems.append(f"{name}: scrolls sideways by {excess} px")
        if self.shots:
            file = re.sub(r"\W+", "-", f"{self.account}{name}").strip("-")
            self.page.screenshot(path=f"{self.shots}/{file}.png", full_page=True)


def follow(page: Page, what: Locator) -> None:
    """Press a button or a link, and wait for the page that it leads to: the old one is there till then."""
    with page.expect_navigation():
        what.click()


def sign_in(page: Page, installation: Installation, account: str) -> None:
    email = f"{account}@nordlys.example"
    page.goto(installation.url + "/staff/account/login/")
    page.locator("[name=login]").fill(email)
    page.locator("[name=password]").fill(installation.passwords[email])
    follow(page, page.locator("main button[type=submit]").first)
    page.wait_for_url("**/staff/")


def walk_in_public(tour: Round) -> None:
    """Every page that people see, in three languages where they have words of their own."""
    for query in ("", "?lang=nn", "?lang=en"):
        for path in (
            "/",
            "/nordlys/",
            "/nordlys/privacy/",
            "/nordlys/tilbud/",
            "/nordlys/kundeklubb/",
        ):
            tour.check(path + query)
    for path in (
        "/nordlys/tilbud/done/",
        "/c/unknown/",
        "/s/unknown/",
        "/r/unknown/",
        "/nowhere/at/all/",
    ):
        tour.check(path)
    tour.check("/staff/account/login/")
    tour.check("/staff/account/password/reset/")
    tour.check("/staff/account/password/reset/done/")
    walk_through_a_sign_up(tour)
    walk_through_my_page(tour)
    tour.check(f"{tour.installation.simulator.url}/handset/")


def walk_through_a_sign_up(tour: Round) -> None:
    page, running = tour.page, tour.installation
    page.goto(f"{running.url}/nordlys/tilbud/")
    page.locator("[name=phone]").fill("letters")
    follow(page, page.locator("form button[type=submit]").first)
    tour.look("sign-up with errors")
    page.locator("[name=phone]").fill("900 00 031")
    page.locator("[name=agree]").check()
    follow(page, page.locator("form button[type=submit]").first)
    page.wait_for_url("**/done/**")
    tour.look("signed up")
    link = re.search(r"http\S+/c/\S+/", running.wait_for_text(NUMBER, "/c/"))
    assert link
    tour.check(link[0], name="confirm")
    follow(page, page.locator("button[value=yes]"))
    tour.look("confirmed")
    follow(page, page.get_by_role("link", name="kvitteringen"))
    tour.check(page.url, name="receipt")
    page.goto(f"{running.url}/nordlys/tilbud/")
    follow(page, page.locator("button[name=handset]"))
    page.wait_for_url("**/handset/**")
    tour.look("code for the handset")


def walk_through_my_page(tour: Round) -> None:
    """Code, page, everything held, renewal, erasure and its report: of somebody in the demo."""
    page, running = tour.page, tour.installation
    tour.check("/me/")
    page.locator("[name=phone]").fill("900 00 110")
    follow(page, page.locator("main form button").first)
    page.wait_for_url("**/code/")
    tour.look("code to my page")
    page.locator("[name=code]").fill("letters")
    follow(page, page.locator("main form button").first)
    tour.look("code to my page with errors")
    code = re.search(r"\b\d{6}\b", running.wait_for_text("+4790000110", "Koden din"))
    assert code
    page.locator("[name=code]").fill(code[0])
    follow(page, page.locator("main form button").first)
    page.wait_for_url("**/me/")
    for path in ("", "?lang=nn", "?lang=en"):
        tour.check(f"/nordlys/me/{path}", name=f"my page {path}")
    tour.check("/nordlys/me/everything/")
    page.goto(f"{running.url}/nordlys/me/")
    if page.get_by_role("link", name="Forny").count():
        tour.check(str(page.get_by_role("link", name="Forny").first.get_attribute("href")))
        page.goto(f"{running.url}/nordlys/me/")
    page.locator("#erase summary").click()
    # The question fades in, and what is half there has too little contrast.
    page.evaluate("Promise.allSettled(document.getAnimations().map(each => each.finished))")
    tour.look("erase?")
    follow(page, page.get_by_role("button", name="Slett alt", exact=True))
    page.wait_for_url("**/erased/**")
    tour.check(page.url, name="erased")


STAFF_PAGES = {
    "marked": [
        "/staff/",
        "/staff/nordlys/campaigns/",
        "/staff/nordlys/purposes/",
        "/staff/nordlys/purposes/tilbud/",
        "/staff/nordlys/purposes/tilbud/campaigns/new/",
        "/staff/nordlys/notice/",
        "/staff/account/second-factor/",
        "/staff/account/password/change/",
        "/staff/nordlys/colleagues/",
    ],
    "godkjenner": ["/staff/", "/staff/nordlys/campaigns/"],
    "personvern": [
        "/staff/",
        "/staff/nordlys/purposes/tilbud/wording/",
        "/staff/nordlys/numbers/",
        "/staff/nordlys/inbox/",
        "/staff/nordlys/notice/",
        "/staff/nordlys/imports/",
        "/staff/nordlys/ledger/",
        "/staff/nordlys/retention/",
        "/staff/nordlys/holds/",
        "/staff/nordlys/cases/",
        "/staff/nordlys/cases/?show=closed",
        "/staff/nordlys/cases/new/",
        "/staff/nordlys/block-list/",
        "/staff/nordlys/gateway/",
        "/staff/nordlys/gateway/keywords/",
        "/staff/nordlys/gateway/words/",
    ],
    "kundeservice": [
        "/staff/",
        "/staff/nordlys/numbers/",
        "/staff/nordlys/purposes/tilbud/register/",
        "/staff/nordlys/inbox/",
    ],
    "revisor": ["/staff/", "/staff/nordlys/ledger/", "/staff/nordlys/retention/"],
    "admin": ["/staff/", "/staff/nordlys/colleagues/"],
}


def walk_as_staff(tour: Round) -> None:
    sign_in(tour.page, tour.installation, tour.account)
    for path in STAFF_PAGES[tour.account]:
        tour.check(path)
    if tour.account in {"marked", "godkjenner"}:
        walk_through_a_campaign(tour)
    if tour.account in {"personvern", "kundeservice"}:
        walk_to_a_number(tour)
    if tour.account == "personvern":
        walk_to_a_hold(tour)
        walk_through_a_case(tour)
    if tour.account == "personvern":
        walk_through_an_import(tour)


def walk_through_an_import(tour: Round) -> None:
    """From the file to the approval: refused, checked, imported, approved."""
    page = tour.page
    page.goto(f"{tour.installation.url}/staff/nordlys/imports/")
    follow(page, page.locator("main form button[type=submit]"))
    tour.look("import without a file")
    row = f"tilbud;Kassa i Bergen;paper_form;{timezone.localdate() - timedelta(days=9)};1"
    rows = ["number;purpose;source;method;time;wording", f"90000077;{row}", f"22000000;{row}"]
    form = page.locator("main form")
    form.locator("[name=file]").set_input_files(
        {"name": "a.csv", "mimeType": "text/csv", "buffer": "\n".join(rows).encode()}
    )
    form.locator("[name=proof]").set_input_files(
        {"name": "skjema.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 skjema"}
    )
    form.locator("[name=is_ours]").check()
    follow(page, form.locator("button[type=submit]"))
    page.wait_for_url("**/imports/**-**")
    start = page.locator("main form[action$='/start/'] button")
    start.wait_for()
    tour.look_at_both("import that is checked")
    start.click()
    page.locator("#approve summary").wait_for()
    tour.look_at_both("import that waits")
    page.locator("#approve summary").click()
    page.locator("dialog [name=reason]").fill("Skjemaet er lest")
    tour.look("import, approve?")
    follow(page, page.locator("dialog button[type=submit]"))
    tour.look_at_both("import that is approved")


def walk_through_a_case(tour: Round) -> None:
    """One request, from its page to the letter that is printed."""
    tour.page.goto(f"{tour.installation.url}/staff/nordlys/cases/")
    links = tour.page.locator("main table th a").evaluate_all("all => all.map(a => a.href)")
    for number, link in enumerate(links[:2]):
        tour.check(link, name=f"case-{number}")
    if tour.account != "personvern":
        return
    tour.check(f"{links[-1]}close/", name="case-close")
    tour.page.locator("[name=outcome][value=taken_back]").check()
    follow(tour.page, tour.page.locator("main form button[type=submit]").first)
    tour.look("case answer")
    follow(tour.page, tour.page.locator("main form button[type=submit]").first)
    tour.page.wait_for_url("**/letters/**")
    tour.check(tour.page.url, name="case-letter")


def walk_through_a_campaign(tour: Round) -> None:
    tour.page.goto(f"{tour.installation.url}/staff/nordlys/campaigns/")
    links = tour.page.locator("main table th a").evaluate_all("all => all.map(a => a.href)")
    for number, link in enumerate(links[:2]):
        tour.check(link, name=f"campaign-{number}")
        tour.check(f"{link}audience/", name=f"audience-{number}")
    if tour.account == "marked":
        tour.check(f"{links[0]}edit/", name="campaign-edit")


def walk_to_a_number(tour: Round) -> None:
    page = tour.page
    for number, name in (("900 00 100", "a number"), ("900 00 999", "an unknown number")):
        page.goto(f"{tour.installation.url}/staff/nordlys/numbers/")
        page.locator("main input[inputmode], main [name=phone]").first.fill(number)
        follow(page, page.locator("main button[type=submit]").first)
        for size in (WIDE, PHONE):
            page.set_viewport_size(size)  # type: ignore[arg-type]  # width and height
            tour.look(f"{name} at {size['width']}")


def walk_to_a_hold(tour: Round) -> None:
    """Ask for a hold on somebody's evidence, and see who must approve."""
    page = tour.page
    page.goto(f"{tour.installation.url}/staff/nordlys/numbers/")
    page.locator("main [name=phone]").first.fill("900 00 102")
    follow(page, page.locator("main button[type=submit]").first)
    follow(page, page.get_by_role("link", name="Be om bevissikring"))
    tour.look("ask for a hold")
    page.locator("[name=reason]").fill("Klage til Forbrukertilsynet")
    page.locator("[name=ends_on]").fill(f"{timezone.localdate() + timedelta(days=30)}")
    follow(page, page.locator("main form button[type=submit]").first)
    page.wait_for_url(re.compile(r"/holds/[\w-]{22}/$"))
    tour.check(page.url, name="a hold")
    tour.check("/staff/nordlys/holds/")


@pytest.fixture(scope="module")
def reply_to_settle(installation: Installation) -> None:
    """Leave one unclear reply, so that the list of them has something to show."""
    installation.simulator.reply("+4790000101", "Nå er jeg lei av dette")
    officer = installation.colleague("personvern")
    eventually(
        lambda: "lei av dette" in officer.open("/staff/nordlys/inbox/").text,
        "the reply waits for a colleague",
    )


@pytest.fixture
def tour(installation: Installation, browser_page: Page) -> Round:
    return Round(installation, browser_page)


def test_public_pages(tour: Round) -> None:
    walk_in_public(tour)

    assert tour.problems == []


@pytest.mark.usefixtures("reply_to_settle")
@pytest.mark.parametrize("account", STAFF_PAGES)
def test_staff_pages(tour: Round, account: str) -> None:
    tour.account = account

    walk_as_staff(tour)

    assert tour.problems == []


def test_the_back_office_breaks_no_policy(installation: Installation, browser_page: Page) -> None:
    sign_in(browser_page, installation, "admin")

    for path in ("", "consents/consent/", "consents/subject/", "consents/organisation/1/change/"):
        browser_page.goto(f"{installation.url}/admin/{path}")
        assert browser_page.locator("#content").is_visible()
