"""The main job in a browser: from sign-up to STOPP, with the handset beside it."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.e2e.test_pages import sign_in
from tests.installation import Installation


def open_handset(browser: Browser, installation: Installation, number: str) -> Page:
    """Open the page that plays this number's mobile phone, in a window of its own."""
    page = browser.new_context(locale="nb-NO").new_page()
    page.goto(f"{installation.simulator.url}/handset/")
    page.locator("#number").fill(number)
    page.locator("#pick button").click()
    page.locator("#conversations button, #conversations a").first.click()
    return page


def colleague(browser: Browser, installation: Installation, account: str) -> Page:
    page = browser.new_context(locale="nb-NO", timezone_id="Europe/Oslo").new_page()
    sign_in(page, installation, account)
    return page


def write_campaign(marketer: Page, installation: Installation, *, name: str, text: str) -> str:
    """Write a campaign with the live preview in sight, and send it for approval. Return its address."""
    marketer.goto(f"{installation.url}/staff/nordlys/purposes/tilbud/campaigns/new/")
    marketer.locator("[name=name]").fill(name)
    marketer.locator("[name=text]").press_sequentially(text)
    expect(marketer.locator("#preview")).to_contain_text(text)
    expect(marketer.locator("#preview")).to_contain_text("Svar STOPP")
    marketer.locator("main form button[type=submit]").first.click()
    marketer.wait_for_url(re.compile(r"/campaigns/[0-9a-f-]{36}/$"))
    marketer.get_by_role("button", name="Send til godkjenning").click()
    expect(marketer.locator("main")).to_contain_text("En annen må godkjenne")
    return marketer.url


def approve_and_send(marketer: Page, approver: Page, address: str) -> None:
    approver.goto(address)
    approver.get_by_role("button", name="Godkjenn", exact=True).click()
    expect(approver.locator("main")).to_contain_text("Godkjent. Den kan sendes nå.")
    marketer.goto(address)
    marketer.locator("#start summary, [aria-controls=start]").first.click()
    question = marketer.locator("dialog")
    expect(question).to_contain_text("Den går til")
    assert (question.bounding_box() or {"width": 0})["width"] < 700, "a question, no wall"
    marketer.locator(
        "#start form button[type=submit], dialog form button[type=submit]"
    ).first.click()
    expect(marketer.locator(".badge").first).to_have_text("Sendt", timeout=30_000)


def test_from_sign_up_to_stopp(
    browser: Browser, browser_page: Page, installation: Installation
) -> None:
    number, person = "+4790000011", browser_page
    person.goto(f"{installation.url}/nordlys/tilbud/")
    person.locator("[name=phone]").fill("900 00 011")
    person.locator("[name=agree]").check()
    person.get_by_role("button", name="Meld meg på").click()
    expect(person.locator("h1")).to_have_text("Ett steg igjen")

    assert "Svar JA" in installation.wait_for_text(number, "Svar JA")
    handset = open_handset(browser, installation, number)
    expect(handset.locator("#bubbles")).to_contain_text("Svar JA")
    handset.locator("[data-reply=JA]").click()
    expect(handset.locator("#bubbles")).to_contain_text("Du er påmeldt", timeout=15_000)

    marketer = colleague(browser, installation, "marked")
    approver = colleague(browser, installation, "godkjenner")
    first = write_campaign(marketer, installation, name="Truger", text="Nye truger på lager.")
    approve_and_send(marketer, approver, first)
    expect(handset.locator("#bubbles")).to_contain_text("Nye truger", timeout=15_000)

    handset.locator("#reply-text").fill("Stopp!")
    handset.locator("#reply button").click()
    expect(handset.locator("#bubbles")).to_contain_text("Du får ikke flere SMS", timeout=15_000)

    before = len(installation.simulator.received(number))
    second = write_campaign(marketer, installation, name="Votter", text="Votter til halv pris.")
    approve_and_send(marketer, approver, second)
    assert len(installation.simulator.received(number)) == before
    marketer.goto(f"{second}audience/")
    expect(marketer.locator("main")).to_contain_text("Har stoppet")


def test_handset_first_sends_nothing_to_a_number_that_proved_nothing(
    browser_page: Page, installation: Installation
) -> None:
    number, page = "+4790000012", browser_page
    page.goto(f"{installation.url}/nordlys/tilbud/")
    page.get_by_role("button", name="Vis meg koden").click()
    message = page.locator("strong.code").first.inner_text()
    assert re.fullmatch(r"JA \d{4,8}", message)
    expect(page.locator("svg.qr")).to_be_visible()
    assert str(page.locator('a[href^="sms:26112"]').get_attribute("href")).endswith(
        message.replace(" ", "%20")
    )
    assert installation.simulator.received(number) == []

    installation.simulator.reply(number, message)

    expect(page.locator("main")).to_contain_text("Vi har fått SMS-en din", timeout=15_000)
    assert "Du er påmeldt" in installation.wait_for_text(number, "Du er påmeldt")


def test_the_link_in_the_sms_refuses_and_never_asks_again(
    browser_page: Page, installation: Installation
) -> None:
    number, page = "+4790000013", browser_page
    sign_up = installation.visitor()
    sign_up.send("/nordlys/tilbud/", {"phone": "900 00 013", "agree": "on"})
    link = re.search(r"http\S+/c/\S+/", installation.wait_for_text(number, "/c/"))
    assert link

    page.goto(link[0])
    page.locator("button[value=not_me]").click()

    expect(page.locator("h1")).to_have_text("Vi spør ikke igjen")
    officer = installation.colleague("personvern")
    assert officer.open("/staff/").status_code == 200


def test_signing_up_needs_no_mouse(browser_page: Page, installation: Installation) -> None:
    page = browser_page
    page.goto(f"{installation.url}/nordlys/kundeklubb/")

    for _step in range(30):
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.name || ''")
        if focused == "phone":
            page.keyboard.type("90000014")
        if focused in {"agree", "old_enough"}:
            page.keyboard.press("Space")
        if page.evaluate("document.activeElement.matches('form button[type=submit]')"):
            page.keyboard.press("Enter")
            break

    expect(page.locator("h1")).to_have_text("Ett steg igjen")
    installation.wait_for_text("+4790000014", "Svar JA")
