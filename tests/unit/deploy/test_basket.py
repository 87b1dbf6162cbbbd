"""Baskets in a market file: what is wrong with them, what is deployed, and that it stays as it is."""

import json
from pathlib import Path

import pytest
from ape.api import AccountAPI

from plimsoll.deploy import DeployError, Stage
from plimsoll.deploy.verify import verifiable
from plimsoll.params import BLUE_CHIP
from plimsoll.places import MARKETS
from tests.utils.markets import Desk, changed

BASKET = (MARKETS / "local-basket-usdc.yaml").read_text()
WHOLE = 10**6
STEPS = (
    "mock token USDC", "pool pbUSDC", "supply cap of pbUSDC", "mock token WETH", "mock token WBTC",
    "mock feed pbUSDC/blue/weth/collateral", "mock feed pbUSDC/blue/weth/loan", "oracle pbUSDC/blue/weth",
    "mock feed pbUSDC/blue/wbtc/collateral", "mock feed pbUSDC/blue/wbtc/loan", "oracle pbUSDC/blue/wbtc",
    "basket pbUSDC/blue", "limit of pbUSDC/blue", "opening of pbUSDC",
)  # fmt: skip


def edited(old: str, new: str, text: str = BASKET) -> str:
    return changed(old, new, text)


CLOSED = edited("  open: true\n", "")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory, deployer: AccountAPI) -> Path:
    """The address book of `BASKET`, deployed."""
    desk = Desk(tmp_path_factory.mktemp("basket"), deployer)
    assert desk.deploy(BASKET)[7:] == list(STEPS)
    return desk.book_path


@pytest.fixture
def made(desk: Desk, book: Path) -> Desk:
    """A desk where `BASKET` is deployed."""
    return desk.with_book(book)


# ------------------------------------------------------------------------------------------------- the file


@pytest.mark.parametrize(
    ("old", "new", "sentences"),
    [
        (
            "symbol: WBTC, decimals: 8",
            "symbol: WETH, decimals: 18",
            ["line 24: vaults.blue.legs.wbtc.collateral: it is that of the leg weth as well; choose another "
             "token."],
        ),
        (
            "symbol: WBTC, decimals: 8",
            "symbol: USDC, decimals: 6",
            ["line 24: vaults.blue.legs.wbtc.collateral: it is the loan asset; choose another token."],
        ),
        (
            "symbol: WBTC, decimals: 8",
            "symbol: WETH, decimals: 8",
            [
                "line 24: vaults.blue.legs.wbtc.collateral: mock token WETH has 8 decimals here and 18 "
                "elsewhere; choose another symbol.",
                "line 24: vaults.blue.legs.wbtc.collateral: it is that of the leg weth as well; choose "
                "another token.",
            ],
        ),
        (
            "threshold: 0.80",
            "threshold: 0.70",
            ["line 23: vaults.blue.legs.wbtc: ltv 0.75 must be below threshold 0.70; lower ltv."],
        ),
        (
            "threshold: 0.80",
            "threshold: 0.90",
            ["line 23: vaults.blue.legs.wbtc: threshold * (1 + bonus_max) is 0.9900, above "
             "health_for_max_bonus "
             "0.93: a close could lower health; lower bonus_max or threshold."],
        ),
        (
            "threshold: 0.80",
            "threshold: 0.001",
            ["line 27: vaults.blue.legs.wbtc.threshold is 0.001, but must be at least 0.01; raise it."],
        ),
        (
            "ceiling: 5 ",
            "ceiling: 3.9 ",
            ["line 28: vaults.blue.legs.wbtc.ceiling is 3.9, but must be at least 4; raise it."],
        ),
        (
            "ceiling: 5 ",
            "ceiling_price: 500_000\n        ceiling: 5 ",
            ["line 23: vaults.blue.legs.wbtc: give either ceiling or ceiling_price."],
        ),
        (
            "        ltv: 0.75",
            "        ltw: 0.75",
            ["line 26: vaults.blue.legs.wbtc.ltw is not a key that is known here; perhaps you meant ltv."],
        ),
        (
            "    limit: 10_000_000\n",
            "",
            ["line 16: vaults.blue.limit is missing; add it."],
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_has_a_place(desk: Desk, old: str, new: str, sentences: list[str]) -> None:
    with pytest.raises(DeployError) as error:
        desk.market(edited(old, new))
    said = [each.removeprefix(f"{desk.file}, ") for each in error.value.sentences]
    assert said == sentences


def test_a_basket_has_two_to_eight_legs(desk: Desk) -> None:
    one, leg = BASKET[: BASKET.index("      wbtc:")], BASKET[BASKET.index("      wbtc:") :]
    many = one + "".join(
        leg.replace("wbtc:", f"l{number}:").replace("WBTC", f"L{number}") for number in range(8)
    )
    for text, demanded in (
        (one, "needs at least 2 entries; add some"),
        (many, "at most 8 entries; remove some"),
    ):
        with pytest.raises(DeployError, match=demanded) as error:
            desk.market(text)
        assert "vaults.blue.legs" in str(error.value)


def test_a_risk_without_a_preset_gives_the_ratios_of_legs_that_say_none(desk: Desk) -> None:
    basket = desk.market(BASKET).market.vaults["blue"]
    ratios = {name: leg.risk(basket.risk) for name, leg in basket.legs.items()}  # type: ignore[union-attr]
    assert (ratios["weth"].ltv, ratios["weth"].threshold) == (BLUE_CHIP.ltv, BLUE_CHIP.threshold)
    assert [str(ratio) for ratio in (ratios["wbtc"].ltv, ratios["wbtc"].threshold)] == ["0.75", "0.80"]


# ---------------------------------------------------------------------------------------------- on the chain


def test_deploys_a_basket(made: Desk) -> None:
    contracts = made.book().contracts()
    basket, pool = contracts.baskets["pbUSDC/blue"], contracts.pools["pbUSDC"]
    assert contracts.factory is not None
    assert contracts.factory.is_basket(basket) and contracts.factory.pool_of(basket) == pool
    assert [tuple(leg) for leg in basket.legs()] == [
        (contracts.tokens["WETH"], contracts.oracles["pbUSDC/blue/weth"], 8 * 10**17, 83 * 10**16,
         10 * 2_000 * 10**24),
        (contracts.tokens["WBTC"], contracts.oracles["pbUSDC/blue/wbtc"], 75 * 10**16, 8 * 10**17,
         5 * 60_000 * 10**34),
    ]  # fmt: skip
    assert tuple(basket.risk()) == BLUE_CHIP.to_basket_struct(6)
    assert pool.credit_line(basket)[0] == 10_000_000 * WHOLE


def test_the_address_book_knows_the_legs(made: Desk) -> None:
    book = json.loads(made.book_path.read_text())
    record = book["baskets"]["pbUSDC/blue"]
    assert list(record["legs"]) == ["weth", "wbtc"]
    assert record["legs"]["wbtc"]["terms"] == {"ltv": "0.75", "threshold": "0.80", "ceiling": "5"}
    assert record["legs"]["wbtc"]["ceiling"] == str(300_000 * 10**34)
    assert book["vaults"] == {}


def test_a_second_run_changes_nothing_even_when_prices_have_moved(made: Desk) -> None:
    """A ceiling in prices is one of the price on the day."""
    feed = made.book().contracts().feeds["pbUSDC/blue/wbtc/collateral"]
    feed.set_answer(90_000 * 10**8, sender=made.account)
    assert made.deploy(BASKET) == []


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "ltv: 0.75",
            "ltv: 0.74",
            "line 26: vaults.blue.legs.wbtc.ltv: the file says 0.74, but basket pbUSDC/blue was made with "
            "0.75, "
            "which cannot change; restore that, or give the basket another name.",
        ),
        (
            "ceiling: 5 ",
            "ceiling: 6 ",
            "line 28: vaults.blue.legs.wbtc.ceiling: the file says 6, but basket pbUSDC/blue was made with "
            "5, "
            "which cannot change; restore that, or give the basket another name.",
        ),
        (
            "risk: blue-chip ",
            "risk: {preset: blue-chip, liquidation_fee: 0.2} ",
            "line 17: vaults.blue.risk.liquidation_fee: the file says 0.2, but basket pbUSDC/blue was made "
            "with "
            "0.1, which cannot change; restore that, or give the basket another name.",
        ),
        (
            "collateral: 60_000",
            "collateral: 61_000",
            "line 25: vaults.blue.legs.wbtc.oracle.mock.collateral: the file says 61,000, but oracle "
            "pbUSDC/blue/wbtc was made with 60,000, which cannot change; restore that, or give the basket "
            "another name.",
        ),
    ],
)  # fmt: skip
def test_what_was_made_stays(made: Desk, old: str, new: str, sentence: str) -> None:
    assert made.refused(edited(old, new)) == (sentence,)


def test_legs_stay_in_their_order(made: Desk) -> None:
    head, legs = BASKET[: BASKET.index("      weth:")], BASKET[BASKET.index("      weth:") :]
    weth, wbtc = legs[: legs.index("      wbtc:")], legs[legs.index("      wbtc:") :]
    assert made.refused(head + wbtc + weth) == (
        "line 19: vaults.blue.legs: basket pbUSDC/blue was made with the legs weth, wbtc, which cannot "
        "change, "
        "nor can their order; restore them, or give the basket another name.",
    )  # fmt: skip


def test_a_name_is_of_a_vault_or_of_a_basket(made: Desk) -> None:
    text = BASKET[: BASKET.index("  blue:")] + (
        "  blue: {collateral: {mock: {symbol: WETH, decimals: 18}}, oracle: {mock: {collateral: 2_000}}, "
        "risk: blue-chip, limit: 10_000_000}\n"
    )
    assert made.refused(text) == (
        "line 16: vaults.blue: pbUSDC/blue was made as another kind of vault; give it another name.",
    )


def test_a_ceiling_as_a_price(desk: Desk) -> None:
    text = edited("ceiling: 5 ", "ceiling_price: 239_999 ")
    assert desk.refused(text) == (
        "line 28: vaults.blue.legs.wbtc.ceiling_price: 239,999 is below 4 times the price; raise it to "
        "240,000.",
    )
    text = edited("ceiling: 5 ", "ceiling_price: 240_000 ")
    desk.deploy(text)
    basket = desk.book().contracts().baskets["pbUSDC/blue"]
    assert basket.legs()[1][4] == 240_000 * 10**34
    assert desk.deploy(text) == []


def test_base_units_of_all_legs_are_small_together(desk: Desk) -> None:
    """Each alone would do: 0.25 of a minimum debt of 2,500, of which the smallest bonus is 50."""
    text = BASKET.replace("decimals: 18", "decimals: 0").replace("decimals: 8", "decimals: 0")
    text = text.replace("collateral: 2_000", "collateral: 0.25").replace(
        "collateral: 60_000", "collateral: 0.2501"
    )
    assert desk.refused(text) == (
        "line 17: vaults.blue.risk.min_debt: 2,500 is too small for a collateral of 0 decimals, whose base "
        "unit "
        "may be worth a 10,000th of it; raise it to 2,501 or choose another collateral.",
        "line 17: vaults.blue.risk.min_debt: 2,500 is too small: a base unit of every leg may be worth a "
        "100th "
        "of the smallest bonus on it; raise it to 2,500.5, or choose legs with more decimals.",
    )
    text = text.replace("0.2501", "0.25")
    assert "basket pbUSDC/blue" in desk.deploy(text)


def test_the_pools_own_share_is_no_leg(desk: Desk) -> None:
    desk.deploy(CLOSED, Stage.POOL)
    record = desk.book().pools["pbUSDC"]
    for address, whose in ((record.address, "the pool's own"), (record.backstop, "its backstop's")):
        text = edited("{mock: {symbol: WBTC, decimals: 8}}", address, CLOSED)
        assert desk.refused(text, Stage.VAULT)[0] == (
            f"line 23: vaults.blue.legs.wbtc.collateral: it is {whose} share; choose another token."
        )


def test_a_dry_run_says_what_a_basket_costs_once_its_oracles_are_there(desk: Desk) -> None:
    def cost(text: str) -> int | None:
        return next(step.gas for step in desk.plan(text).steps if step.what.startswith("basket"))

    assert cost(CLOSED) is None
    desk.deploy(CLOSED, Stage.VAULT)
    book = desk.book()
    oracles = [book.oracles[f"pbUSDC/blue/{leg}"].address for leg in ("weth", "wbtc")]
    text = CLOSED.replace("blue:", "other:")
    for mock, oracle in zip(("{collateral: 2_000}", "{collateral: 60_000}"), oracles, strict=True):
        text = edited(f"{{mock: {mock}}}", oracle, text)
    gas = cost(text)
    assert gas is not None and 4_000_000 < gas < 8_000_000


def test_a_basket_can_be_verified(made: Desk) -> None:
    found = {each.name: each for each in verifiable(made.book(), made.provider)}
    basket = found["basket pbUSDC/blue"]
    assert (basket.contract, basket.address) == ("Basket", made.book().baskets["pbUSDC/blue"].address)
    pool = made.book().pools["pbUSDC"].address
    assert basket.arguments[:32].hex().endswith(pool[2:].lower())


def test_a_call_is_spelled_with_its_legs(desk: Desk) -> None:
    """What is signed is shown, every leg with its names."""
    said: list[str] = []
    for _ in desk.plan(CLOSED, Stage.VAULT).apply(said.append):
        pass
    (call,) = (each for each in said if each.startswith("basket pbUSDC/blue"))
    assert "legs=[{token=0x" in call
    assert "ltv=750000000000000000, threshold=800000000000000000" in call
