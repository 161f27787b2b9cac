"""The browser: Chromium driven by Playwright, and a page that complains aloud of what goes wrong in it."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Page

from tests.installation import Installation, running

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",  # the tests may run as root, and open nothing but our own pages
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


def _find_chromium() -> str:
    names = (os.environ["CHROMIUM"],) if os.environ.get("CHROMIUM") else CHROMIUM_NAMES
    for name in names:
        if found := shutil.which(name):
            return found
    # Never a skip: a suite without its browser tests would look as good as one with them.
    pytest.fail(
        "The browser tests need Chromium: install it (on Debian: apt install chromium), or name one "
        "with CHROMIUM=/path/to/chromium.",
        pytrace=False,
    )


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return browser_type_launch_args | {
        "executable_path": _find_chromium(),
        "args": CHROMIUM_ARGUMENTS,
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    # Without motion: what is looked at stands still.
    return browser_context_args | {
        "locale": "nb-NO",
        "timezone_id": "Europe/Oslo",
        "reduced_motion": "reduce",
    }


@pytest.fixture(autouse=True, scope="session")
def database_from_the_browser_thread() -> Iterator[None]:
    """Playwright keeps an event loop in this thread; Django would refuse it the database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture(scope="session")
def installation() -> Iterator[Installation]:
    """The whole product, one per test process."""
    with running() as started:
        yield started


@pytest.fixture
def browser_page(page: Page) -> Iterator[Page]:
    """A page that fails the test for an error in its console: a policy broken, a file missing, a script."""
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        # The browser remarks on an answer of 403, 404 or 422; the page itself says it better.
        refused = "Failed to load resource" in message.text and message.location["url"] == page.url
        if message.type in {"error", "warning"} and not refused:
            complaints.append(f"{message.text} ({message.location.get('url')})")

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert complaints == []
