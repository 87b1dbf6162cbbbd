"""What tests of pages ask of a browser; the browser is a fixture of tests/browser."""

from playwright.sync_api import Page

WIDE, NARROW = (1400, 900), (400, 800)


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window; 0 is what it should be."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))
