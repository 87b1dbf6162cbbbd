"""Draws the README's picture: `python -m quality.waterline` writes docs/images/waterline.svg.

The page of `plimsoll play` draws it, in Chromium: WETH has fallen to 1,640 USDC, and the keepers are away.
"""

import shutil
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from plimsoll.play import acts
from plimsoll.play.session import Session, own
from tests.utils.play import VAULT, serving

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "waterline.svg"
SIZE = (1_200, 900)
BORROWERS = 130


def fallen() -> Session:
    """The market of the picture."""
    session = own(borrowers=BORROWERS)
    acts.act(session, "open", VAULT, {"who": "you", "collateral": {"weth": "40"}, "debt": "56000"})
    acts.act(session, "price", VAULT, {"prices": {"WETH": "1640"}})
    return session


def drawn(page: Page) -> str:
    """The waterline of a page, as SVG."""
    page.wait_for_selector("#figures dd")
    with page.expect_download() as saved:
        page.get_by_role("button", name="waterline as SVG").click()
    return saved.value.path().read_text(encoding="utf-8")


def main() -> None:
    """Draws and writes it."""
    with serving(fallen) as served, sync_playwright() as playwright:
        path = shutil.which("chromium") or playwright.chromium.executable_path
        browser = playwright.chromium.launch(executable_path=path, chromium_sandbox=False)
        page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]}, reduced_motion="reduce")
        page.goto(served.link)
        PICTURE.write_text(drawn(page), encoding="utf-8")
        browser.close()


if __name__ == "__main__":
    main()
