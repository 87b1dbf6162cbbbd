"""Groups of borrowers: which loans are drawn, and which are refused before anything is deployed."""

import pytest

from plimsoll.scenario.borrowers import Borrower, draw
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.reading import ScenarioError, parse
from tests.utils.laboratory import BASKET, TINY, laboratory, small_basket, tiny

LTV = "borrowers=[{count: 30, total_debt: 200_000, least_debt: 4_000, ltv: {min: 0.3, max: 0.75}}]"
HEALTH = "borrowers=[{count: 30, total_debt: 200_000, least_debt: 4_000, health: {min: 1.2, max: 2}}]"
PARAMETERS = (
    "vaults.0.threshold=0.81",
    "vaults.0.ltv=0.76",
    "vaults.0.bonus_max=0.05",
    "vaults.0.target_health=1.08",
    "vaults.0.min_debt=4_000",
)
MIXED = "borrowers.0={count: 20, total_debt: 1_000_000, least_debt: 8_000, ltv: {min: 0.3, max: 0.78}, %s}"
PORTFOLIO = "portfolio: {weights: [0.5, 0.3, 0.2], concentration: 5}"


def people(scenario: Scenario) -> tuple[Borrower, ...]:
    (group,) = draw(scenario, [float(path[0]) for path in scenario.outside_prices()])
    return group


@pytest.mark.parametrize("setting", PARAMETERS)
def test_loans_by_ltv_stay_whatever_the_vaults_parameters_are(setting: str) -> None:
    """A sweep over one of them plays the same people with the same collateral."""
    assert people(tiny(LTV, setting)) == people(tiny(LTV))


def test_loans_by_health_follow_the_threshold() -> None:
    assert people(tiny(HEALTH, "vaults.0.threshold=0.81")) != people(tiny(HEALTH))


@pytest.mark.parametrize("setting", ["seed=8", "vaults.0.price.points.0.1=201"])
def test_loans_by_ltv_are_those_of_the_seed_and_the_first_price(setting: str) -> None:
    assert people(tiny(LTV, setting)) != people(tiny(LTV))


def test_ltvs_lie_where_the_group_says() -> None:
    found = [it.debt / 1e6 / (it.collateral / 1e18 * 200) for it in people(tiny(LTV))]
    assert 0.3 - 1e-9 < min(found) < 0.35
    assert 0.7 < max(found) < 0.75 + 1e-9


@pytest.mark.parametrize("separate", ["", "vaults.0.separate=true"])
def test_portfolios_by_ltv_stay_when_a_legs_threshold_moves(separate: str) -> None:
    settings = [MIXED % PORTFOLIO, *filter(None, [separate])]
    moved = small_basket(*settings, "vaults.0.legs.0.threshold=0.81", "vaults.0.legs.1.ltv=0.79")
    assert people(moved) == people(small_basket(*settings))


@pytest.mark.parametrize("separate", ["", "vaults.0.separate=true"])
def test_a_portfolios_ltv_holds_for_each_of_its_loans(separate: str) -> None:
    group = MIXED % PORTFOLIO
    scenario = small_basket(
        group.replace("0.3, max", "0.5, max").replace("0.78", "0.5"), *filter(None, [separate])
    )
    prices = [2_000 / 1e18, 60_000 / 1e8, 1 / 1e6]
    for it in people(scenario):
        worth = prices if not separate else [prices[it.vault]]
        value = sum(price * amount for price, amount in zip(worth, it.amounts, strict=True))
        assert it.debt / 1e6 / value == pytest.approx(0.5, rel=1e-6)


@pytest.mark.parametrize("ltv", ["0.77", "0.7301"])
@pytest.mark.parametrize("basket", [False, True])
def test_a_loan_at_the_vaults_own_ltv_is_opened(ltv: str, basket: bool) -> None:
    """The vault rounds against the borrower; the draw has left room for that."""
    if basket:
        group = (MIXED % "portfolio: {weights: [0.5, 0.3, 0.2]}").replace(
            "min: 0.3, max: 0.78", f"min: {ltv}, max: {ltv}"
        )
        made = laboratory(small_basket(group, f"vaults.0.ltv={ltv}", f"vaults.0.legs.2.ltv={ltv}"))
    else:
        made = laboratory(
            tiny(LTV.replace("min: 0.3, max: 0.75", f"min: {ltv}, max: {ltv}"), f"vaults.0.ltv={ltv}")
        )
    assert len(made.world.markets[0].owners) == len(made.borrowers[0])


REFUSALS = [
    (
        "borrowers.0.health=null",
        "borrowers.0: it has none of `health`, `ltv` and `like`; say with one of them how safe loans are",
    ),
    (
        "borrowers.0.ltv={min: 0.3, max: 0.7}",
        "borrowers.0: it has health and ltv of `health`, `ltv` and `like`; say with one of them how safe "
        "loans are",
    ),
    (
        "borrowers.0={count: 2, total_debt: 50_000, ltv: {min: 0.7, max: 0.81}}",
        "borrowers.0.ltv.max is 0.81; no loan can start above its vault's ltv 0.80, so lower it or raise "
        "that",
    ),
    (
        "borrowers.0={count: 2, total_debt: 50_000, ltv: {min: 0.7, max: 0.6}}",
        "borrowers.0.ltv: max 0.6 is below min 0.7; swap them",
    ),
    (
        "borrowers.0.least_debt=2_000",
        "borrowers.0.least_debt is 2000, but loans of its vaults start at 2500; raise it or lower min_debt",
    ),
    (
        "borrowers.0={count: 12, total_debt: 200_000, least_debt: 20_000, ltv: {min: 0.3, max: 0.7}}",
        "borrowers.0.total_debt is 200000, but 12 borrowers owe at least 20000 each; raise it or lower count",
    ),
]


@pytest.mark.parametrize(("setting", "sentence"), REFUSALS, ids=[setting for setting, _ in REFUSALS])
def test_what_is_impossible_is_refused_in_one_sentence(setting: str, sentence: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        parse(TINY, "tiny.yaml", [setting])
    assert str(refused.value) == f"tiny.yaml, as changed by {setting}: {sentence}."


def test_the_lowest_leg_bounds_a_baskets_ltvs() -> None:
    setting = MIXED.replace("0.78", "0.81") % PORTFOLIO
    with pytest.raises(ScenarioError, match=r"no loan can start above its vault's ltv 0\.80, so lower it"):
        parse(BASKET, "basket.yaml", [setting])
