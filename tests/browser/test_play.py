"""The page of `plimsoll play` in a browser: what it shows is what the chain and the model say."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from plimsoll import Market
from plimsoll.play import app
from plimsoll.play.session import Session, own
from quality import waterline
from tests.utils.browser import NARROW, faults, overflow
from tests.utils.play import BASKET, DRAG, VAULT, Served, comparable, crowd, live, serving

BORROWERS = 20
FRAMES = 60
pytestmark = pytest.mark.processes
HOSTILE = "<img src=x onerror=x()>"


@pytest.fixture
def play(pages: Callable[..., Page], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Serves a session, by default a small one, and opens its page; what is done there is noted."""
    stack = ExitStack()

    def make(session: Callable[[], Session] = lambda: own(borrowers=BORROWERS), **options: Any) -> Any:
        served = stack.enter_context(serving(session))
        done = app.REQUESTS["act"]

        def noted(it: Session, said: Any) -> Any:
            answer = done(it, said)
            served.said.append((said["act"], said["spoke"], said["words"]))
            return answer

        monkeypatch.setitem(app.REQUESTS, "act", noted)  # type: ignore[arg-type]
        page = pages(**options)
        stack.callback(page.close)
        page.goto(served.link)
        page.wait_for_selector("#figures dd")
        return served, page

    yield make
    stack.close()


def number(page: Page, selector: str) -> str:
    """All digits of a figure."""
    return page.locator(f"{selector} data").first.get_attribute("value") or ""


def settled(served: Served, page: Page) -> dict[str, Any]:
    """The chain's state, once the page shows it."""
    expect(page.locator("#water")).not_to_have_attribute("aria-busy", "true")
    deadline = time.monotonic() + 30
    while True:
        chain = served.ask(lambda it: it.state())
        page.wait_for_timeout(200)
        if served.ask(lambda it: it.version) == chain["version"]:
            break
        assert time.monotonic() < deadline, "it never rests"
    for name in ("debt", "cash"):
        expect(page.locator(f"#book-{name} data")).to_have_attribute("value", chain["pool"][name])
    return chain


def open_loan(page: Page) -> None:
    """As you, 15,000 USDC against 10 WETH."""
    page.get_by_label("USDC to borrow").fill("15000")
    expect(page.locator("#preview")).to_contain_text("1,807.2289")
    page.get_by_role("button", name="Do it").click()
    expect(page.locator("#told")).to_have_text("Done in 3 transactions.")


def test_a_loan_is_opened_and_liquidated_by_dragging_the_price(play: Callable[..., Any]) -> None:
    """Page, chain and model say the same."""
    served, page = play()
    open_loan(page)
    line = page.get_by_role("slider", name="price of WETH")
    box = line.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for down in range(1, 12):
        page.mouse.move(x, y - 6 * down)
    page.mouse.up()
    row = page.locator("#closes tbody tr", has=page.get_by_role("cell", name="you", exact=True)).last
    expect(row).to_contain_text("keeper")
    chain = settled(served, page)
    assert comparable(served.replayed(borrowers=BORROWERS).state()) == comparable(chain)
    for name in ("cash", "reserve", "debt", "assets"):
        assert number(page, f"#book-{name}") == chain["pool"][name]
    price = chain["spokes"][0]["legs"][0]["price"]
    assert number(page, "#book-price-weth") == price
    assert Decimal(price) < Decimal("1807")
    events = served.ask(lambda it: it.market.events("Liquidation"))
    yours = events[events["owner"] == "you"].iloc[0]
    shown = [float(text.replace(",", "").split()[0]) for text in row.locator("td").all_inner_texts()[2:5]]
    assert shown == pytest.approx([yours["repaid"], yours["fee"], yours["seized"]], rel=1e-4)
    assert shown[0] == pytest.approx(yours["repaid"], rel=1e-7)
    locked = served.ask(lambda it: it.seen_from(VAULT).position("you").collateral)
    expect(page.locator("#person dd data").first).to_have_attribute("value", str(locked))


def test_why_your_loan_was_closed_stays_while_others_are_closed(play: Callable[..., Any]) -> None:
    served, page = play()
    open_loan(page)

    def set_price(price: str) -> None:
        page.get_by_label("Price", exact=True).fill(price)
        page.get_by_role("button", name="Set", exact=True).click()

    set_price("1800")
    expect(page.locator("#why")).to_contain_text("Why was your loan closed? At 1,800 USDC for WETH")
    neighbour = {"who": "neighbour", "collateral": {"weth": "10"}, "debt": "14300"}
    served.ask(lambda it: app.acts.act(it, "open", VAULT, neighbour))
    set_price("1720")  # yours can be liquidated below 1,714
    expect(page.locator("#closes")).to_contain_text("neighbour")
    expect(page.locator("#why")).to_contain_text("Why was your loan closed? At 1,800 USDC for WETH")


def test_what_is_mistyped_is_said_beside_it(play: Callable[..., Any]) -> None:
    _, page = play()
    price, told = page.get_by_label("Price", exact=True), page.locator("#price-told")
    for wrong in ("", "much", "-5", "1e999"):
        price.fill(wrong)
        price.press("Enter")
        expect(told).to_have_text("Give a price above 0, such as 1750.")
        price.fill("1,990")
        price.press("Enter")
        expect(told).to_be_empty()
    expect(page.locator("#book-price-weth")).to_contain_text("1,990 USDC")
    page.get_by_role("button", name="Silence the oracle").click()
    expect(page.locator("#water-hint")).to_contain_text("The oracle is silent")
    page.locator("#down").click()
    expect(told).to_have_text("The oracle is silent; let it speak first.")
    page.get_by_role("button", name="Let the oracle speak").click()
    expect(told).to_be_empty()

    lock, debt, preview = (
        page.get_by_label("WETH to lock"),
        page.get_by_label("USDC to"),
        page.locator("#preview"),
    )
    lock.fill("ten")
    expect(preview).to_have_text("the weth is 'ten', which is no number; give a number such as 1.5.")
    lock.fill("")
    expect(preview).to_have_text("Say how much collateral, of weth.")
    lock.fill("10")
    debt.fill("15,000")
    expect(preview).to_contain_text("1,807.2289")
    debt.fill("")  # as much as goes
    expect(page.locator("#ltv-told")).to_have_text("80 % of at most 80 %")


def test_what_if_is_told_before_it_happens(play: Callable[..., Any]) -> None:
    served, page = play()
    before = served.ask(lambda it: comparable(it.state()))
    ghost = page.get_by_label("the price were")
    ghost.fill("1100")
    told = page.locator("#ghost-told")
    expect(told).to_contain_text("At 1,100 USDC keepers would close")
    assert served.ask(lambda it: comparable(it.state())) == before
    foreseen = served.ask(lambda it: app.acts.what_if(it, {"prices": {"WETH": "1100"}}))
    expect(told).to_contain_text(f"close {len(foreseen['closes'])} loans")


def test_the_tour_is_a_link_and_shows_the_waterfall(play: Callable[..., Any]) -> None:
    served, page = play()
    page.goto(served.link + "#tour=6")
    expect(page.locator("#tour-title")).to_have_text("6. Bad debt and the waterfall")
    expect(page.locator("#waterfall")).to_contain_text("bore")
    loss = served.ask(lambda it: it.market.events("Loss")).iloc[-1]
    for who in ("reserves", "backstop", "lenders"):
        assert loss[who] > 0
    page.get_by_role("button", name="Next step").click()
    expect(page.locator("#tour-title")).to_have_text("7. Recovery")
    assert page.url.endswith("#tour=7")


def test_it_goes_by_keyboard_alone(play: Callable[..., Any]) -> None:
    _, page = play()

    def tab_to(selector: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        raise AssertionError(f"the keyboard never comes to {selector}")

    tab_to('[name="leg weth"]')
    page.keyboard.type("5")
    tab_to('[name="debt"]')
    page.keyboard.press("Control+A")
    page.keyboard.type("7500")
    expect(page.locator("#preview")).to_contain_text("1,807.2289")
    page.locator("#go").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#told")).to_have_text("Done in 3 transactions.")
    expect(page.locator("#go")).to_be_focused()
    page.evaluate("scrollTo(0, 0); document.activeElement.blur()")
    tab_to("[role=slider]")
    before = number(page, "#book-price-weth")
    for _ in range(6):
        page.keyboard.press("PageUp")
    expect(page.locator("#closes").get_by_role("cell", name="you", exact=True).first).to_be_visible()
    expect(page.locator("#book-price-weth data").first).not_to_have_attribute("value", before)
    assert float(number(page, "#book-price-weth")) < float(before)


def test_a_crash_runs_and_the_model_ends_where_the_chain_does(play: Callable[..., Any]) -> None:
    served, page = play()
    page.locator("#path").select_option(label="Flash wick and recovery")
    page.locator("#speed").select_option(label="fast")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible()
    chain = settled(served, page)
    assert comparable(served.replayed(borrowers=BORROWERS).state()) == comparable(chain)
    assert len(served.said) > 20 and page.locator("#closes tbody tr").count() > 0
    page.reload()
    expect(page.locator("#closes tbody tr").first).to_be_visible()  # what the chain says, not the page


def test_a_loan_against_two_collaterals(play: Callable[..., Any]) -> None:
    served, page = play()
    page.get_by_role("button", name=BASKET).click()
    expect(page.get_by_role("button", name=BASKET)).to_be_focused()
    page.get_by_label("WBTC to lock").fill("0.2")
    page.get_by_label("USDC to borrow").fill("24000")
    expect(page.locator("#preview")).to_contain_text("can be liquidated when all prices fall by")
    page.get_by_role("button", name="Do it").click()
    expect(page.locator("#told")).to_contain_text("Done in")
    page.locator("[role=slider]").focus()
    for _ in range(12):
        page.keyboard.press("PageUp")
    expect(page.locator("#why")).to_contain_text("Why was your loan closed?")
    chain = settled(served, page)
    assert comparable(served.replayed(borrowers=BORROWERS).state()) == comparable(chain)
    prices = [float(each["price"]) for each in chain["spokes"][1]["legs"]]
    assert prices[1] / prices[0] == pytest.approx(30, rel=1e-5)  # moved alike


def test_a_live_network_is_looked_at_and_signatures_are_asked_for(play: Callable[..., Any]) -> None:
    _, page = play(lambda: live(None))
    expect(page.locator("#where")).to_contain_text("read only")
    expect(page.locator("#water-hint")).not_to_contain_text("Drag the line")
    for name in ("Do it", "Set", "Start over", "Run"):
        expect(page.get_by_role("button", name=name, exact=True)).to_be_hidden()
    page.get_by_label("the price were").fill("1100")
    expect(page.locator("#ghost-told")).to_contain_text("keepers would close")

    served, page = play(lambda: live("treasurer"))
    expect(page.locator("#preview")).to_contain_text("the loan would owe")
    page.locator("#act").select_option(label="Lend")
    assert "the loan would owe" not in page.locator("#preview").inner_text()
    page.get_by_label("USDC to lend").fill("5")
    for answers in (["Do not sign"], ["Sign", "Sign", "Sign"]):
        page.get_by_role("button", name="Do it").click()
        for answer in answers:
            expect(page.get_by_role("dialog")).to_contain_text("Sign this transaction?")
            page.get_by_role("button", name=answer, exact=True).click()
        if answers == ["Do not sign"]:
            expect(page.locator("#told")).to_contain_text("was not signed; nothing was sent.")
    expect(page.locator("#told")).to_contain_text("Done in 3 transactions.")
    assert served.ask(lambda it: it.market.wallet("treasurer").supplied) == 5


def test_it_comes_back_after_the_server_was_gone(browser: Browser) -> None:
    """And says so meanwhile; the console does as well, which is no fault here."""
    page = browser.new_page()
    with serving(lambda: own(borrowers=3)) as served:
        page.goto(served.link)
        open_loan(page)
    expect(page.get_by_role("alert").filter(has_text="The server does not answer.")).to_be_visible()
    with serving(lambda: own(borrowers=5), served.port):
        expect(page.locator("#gone")).to_be_hidden()
        expect(page.locator("#person")).to_contain_text("none here")
        page.close()


def test_a_chain_that_was_killed_is_said_and_begun_anew(play: Callable[..., Any]) -> None:
    served, page = play()
    open_loan(page)

    def kill(session: Session) -> None:
        engine = session.ground._engine  # type: ignore[attr-defined]

        def gone(*_: Any, **__: Any) -> None:
            raise OSError("the node does not answer")

        for name in ("send", "call", "snapshot", "revert"):
            setattr(engine, name, gone)

    served.ask(kill)
    page.get_by_role("button", name="Pass", exact=True).click()
    expect(page.locator("#gone", has_text="The chain does not answer.")).to_be_visible()
    page.get_by_role("button", name="Start a new one").click()
    expect(page.locator("#gone")).to_be_hidden()
    expect(page.locator("#person")).to_contain_text("none here")


def test_hostile_names_are_text(play: Callable[..., Any]) -> None:
    served, page = play(
        lambda: Session(lambda: Market.local("twin", loan=(HOSTILE, 6), collateral=("</script>", 18)))
    )
    spoke = "vault </script>"
    words = {"who": HOSTILE, "collateral": {"</script>": "10"}, "debt": "15000"}
    served.ask(lambda it: app.acts.act(it, "open", spoke, words))
    page.reload()
    expect(page.locator("#positions")).to_contain_text(HOSTILE)
    page.get_by_label("Price", exact=True).fill("1700")
    page.get_by_role("button", name="Set").click()
    expect(page.locator("#closes")).to_contain_text(HOSTILE)
    assert page.locator("img, script:not([src]):not([type=importmap])").count() == 0


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_shows_all_of_it(dark: bool, play: Callable[..., Any]) -> None:
    _, page = play(size=NARROW, dark=dark)
    assert overflow(page) == 0
    for name in ("Do it", "Run", "Start over"):
        box = page.get_by_role("button", name=name, exact=True).bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= NARROW[0]
    assert faults(page) == []


def test_what_happens_keeps_the_rules(play: Callable[..., Any]) -> None:
    """Of accessibility: after a close, with what went wrong, and in the tour, in light and in dark."""
    served, page = play()
    open_loan(page)
    page.get_by_label("the price were").fill("1100")
    page.get_by_label("Price", exact=True).fill("1700")
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.locator("#why")).to_contain_text("Why was your loan closed?")
    page.get_by_label("USDC to borrow").fill("much")
    expect(page.locator("#preview.no")).to_contain_text("is no number")
    assert faults(page) == []
    page.get_by_role("button", name="Light or dark").click()
    assert faults(page) == []
    page.locator("#who").select_option("lender")
    page.locator("#act").select_option(label="Lend")
    page.get_by_label("USDC to lend").fill("5")
    expect(page.locator("#preview")).to_contain_text("lender gets ")
    page.goto(served.link + "#tour=6")
    expect(page.locator("#waterfall")).to_contain_text("bore")
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert faults(page) == []


def test_the_picture_of_the_readme_is_what_the_page_draws(play: Callable[..., Any]) -> None:
    _, page = play(waterline.fallen, size=waterline.SIZE)
    assert waterline.drawn(page) == waterline.PICTURE.read_text(encoding="utf-8")


def test_ten_thousand_positions_stay_fluid(play: Callable[..., Any]) -> None:
    """While the line is dragged the page draws once a frame, and has no more elements than with twenty."""
    served, page = play()
    few = page.evaluate(DRAG, FRAMES)
    crowd(served, page, 10_000)
    many = page.evaluate(DRAG, FRAMES)
    assert 0 < many["drawn"] <= FRAMES + 1
    assert many["elements"] < few["elements"] + 100
    assert 0 < many["changed"] < few["changed"] * 3
