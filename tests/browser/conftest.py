"""A browser for tests: the machine's Chromium without a screen, driven by playwright.

A page fails its test by whatever it says on the console, by an exception, and by any request that leaves the
machine.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from tests.utils.browser import WIDE

PATIENCE = 30_000  # milliseconds that a page is waited for: the machine may have other work
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LOCAL = re.compile(
    r"(file|data|blob|about):|https?://(127\.0\.0\.1|localhost|\[::1\])[:/]|wss?://127\.0\.0\.1[:/]"
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One for all tests."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("there is no Chromium on the PATH; on Debian `apt install chromium` brings it")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        # the sandbox needs a user who is not root; only pages of ours are opened
        opened = _launch(playwright, found)
        yield opened
        opened.close()


def _launch(playwright: Playwright, path: str) -> Browser:
    return playwright.chromium.launch(executable_path=path, chromium_sandbox=False)


@pytest.fixture
def pages(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Makes pages: `pages(size=NARROW, dark=True)`; what they complain of fails the test at its end."""
    said: list[str] = []
    contexts = []

    def listen(page: Page) -> None:
        page.on("console", lambda message: message.type in ("error", "warning") and said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: LOCAL.match(request.url) or said.append(f"asked {request.url}"))
        page.on("dialog", lambda dialog: (said.append(f"dialog {dialog.message}"), dialog.dismiss()))

    def make(*, size: tuple[int, int] = WIDE, dark: bool = False, **options: Any) -> Page:
        usual: dict[str, Any] = {
            "viewport": {"width": size[0], "height": size[1]},
            "color_scheme": "dark" if dark else "light",
            "reduced_motion": "reduce",  # nothing moves by itself
        }
        context = browser.new_context(**usual | options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        listen(page)
        return page

    yield make
    for context in contexts:
        context.close()
    assert said == []
