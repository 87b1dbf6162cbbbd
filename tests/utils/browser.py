"""What tests of pages ask of a browser; the browser is a fixture of tests/browser."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

WIDE, NARROW = (1400, 900), (320, 800)  # the latter as WCAG 2.1, 1.4.10, asks for


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window; 0 is what it should be."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def faults(page: Page) -> list[str]:
    """What axe-core finds wrong with a page as it stands now: the rule, and where it is broken.

    Left out, which takes seconds off a report, is what tells nothing new: the inside of drawings, which are
    images with a name, and the later rows of tables.
    """
    found = Axe().run(page, {"exclude": [["svg"], ["tr:nth-child(n+4)"]]}).response["violations"]
    return [f"{each['id']}: {node['target']}" for each in found for node in each["nodes"]]
