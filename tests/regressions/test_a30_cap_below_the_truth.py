"""A30: a cap on a rate fell behind the truth, and healthy loops were liquidated (Aave CAPO, March 2026).

10,938 wstETH of 34 accounts. A cap here restricts lending and never liquidates; it compounds, so that it
falls behind only when the vault earns more than the deployer said.
"""

from decimal import Decimal
from fractions import Fraction

import pytest

from plimsoll.params import CORRELATED, PoolParams, RateParams
from plimsoll.testing import Chain, refusal
from plimsoll.testing.builder import Builder
from plimsoll.testing.engines import in_process
from plimsoll.testing.market import Market, build_market
from plimsoll.testing.roles import BORROWER, CURATOR, DEPLOYER, LENDER, STRANGER
from plimsoll.units import MAX, WAD, YEAR
from tests.utils.oracles import Config, Feed, Rate, prices, rate_cap

START = 12 * WAD // 10
GROWTH = 32 * WAD // 1_000 // YEAR  # 3.2 % a year, barely above the 3 % that the vault earned
MONTH = YEAR // 12
SCALE = 10**36


@pytest.fixture
def market() -> Market:
    """The collateral is a share worth 1.2 of the loan asset; loans cost 4.2 % a year."""
    builder = Builder(Chain(in_process()), CURATOR)
    chain, loan, collateral = builder.chain, builder.token(18), builder.token(18)
    feed = chain.make("MockFeed", 8, 10**8)
    rate = chain.make("MockRateVault", loan, 18, START)
    config = Config(
        collateral=collateral,
        loan=loan,
        expected_price=12 * 10**35,
        collateral_feed=Feed(feed, 7 * 86_400, 1, 10**12),
        collateral_rate=Rate(rate, GROWTH),
    )
    rates = RateParams(rate_initial=Decimal("0.042"), speed=Decimal(0))
    market = build_market(
        builder,
        [LENDER, BORROWER, STRANGER],
        loan_decimals=18,
        risk=CORRELATED.model_copy(update={"min_debt": Decimal(3)}),
        pool_params=PoolParams(name="P", symbol="P", rates=rates),
        loan=loan,
        collateral=collateral,
        oracle=chain.make("ChainlinkOracle", config.as_struct()),
    )
    market.pool.deposit(market.loans(200_000), LENDER, sender=LENDER)
    market.open(STRANGER, 1_000_000, 179_000)
    return market


@pytest.fixture
def pass_month(market):
    """Lets the rate grow by a yearly yield for a month, and the feed update."""
    config = market.oracle.config()
    feed = market.chain.at("MockFeed", config.collateral_feed.feed)
    rate = market.chain.at("MockRateVault", config.collateral_rate.vault)
    live = Decimal(START)

    def pass_month(earned: str) -> int:
        nonlocal live
        live *= (1 + Decimal(earned)) ** (Decimal(1) / 12)
        market.chain.advance(MONTH)
        rate.set_rate(int(live), sender=DEPLOYER)
        feed.set_answer(10**8, sender=DEPLOYER)
        return int(live)

    return pass_month


def health(market: Market, rate: int) -> Fraction:
    """Of the loop, if a share were worth this rate."""
    collateral, _ = market.position(BORROWER)
    return Fraction(collateral * rate * 95, WAD * 100 * market.debt(BORROWER))


def test_a_yield_that_rises_above_the_growth_liquidates_nobody(market, pass_month):
    """3 % for a year, then 4.5 %. A linear cap in both prices would take the loop in month 33, a compounding
    one three months later.
    """
    fell = {}
    for month in range(1, 61):
        live = pass_month("0.03" if month <= 12 else "0.045")
        if month == 1:
            market.open(BORROWER, 1_000, int(1_000 * live * 92 // 100) // WAD)
        cap = rate_cap(START, GROWTH, month * MONTH)
        assert prices(market.oracle) == (live * WAD, min(live, cap) * WAD)
        assert health(market, live) > 1
        assert not market.vault.preview_liquidate(BORROWER, MAX)[0]
        linear = START * (WAD + GROWTH * month * MONTH) // WAD
        for name, rate in (("linear", linear), ("compounding", cap)):
            if health(market, min(rate, live)) < 1:
                fell.setdefault(name, (month, round(float(health(market, live)), 4)))
    assert fell == {"linear": (33, 1.0213), "compounding": (36, 1.0215)}


def test_lending_stays_capped(market, pass_month):
    """By 4.46 % after the same five years; a loan at the loan-to-value of the true price is refused."""
    for month in range(1, 61):
        live = pass_month("0.03" if month <= 12 else "0.045")
    cap = rate_cap(START, GROWTH, 60 * MONTH)
    assert round(1 - cap / live, 4) == 0.0446
    market.vault.deposit(market.collaterals(1_000), sender=BORROWER)
    most = 1_000 * cap * 93 // 100
    assert most - 10**3 <= market.vault.max_borrow(BORROWER) <= most
    for amount in (most + 10**3, 1_000 * live * 93 // 100):
        assert refusal(market.vault.borrow, amount, sender=BORROWER) == "vault: above the loan-to-value"
    market.vault.borrow(most - 10**3, sender=BORROWER)


def test_a_truly_unhealthy_loop_is_liquidated_all_the_same(market, pass_month):
    """What the test above would miss if caps stopped liquidations."""
    live = pass_month("0.03")
    market.open(BORROWER, 1_000, int(1_000 * live * 92 // 100) // WAD)
    pass_month("-0.4")
    assert market.vault.preview_liquidate(BORROWER, MAX)[0]


@pytest.mark.parametrize(
    ("years", "linear", "compounding"), [(10, "-0.0178", "0.0244"), (60, "-0.5044", "0.0087")]
)
def test_at_a_constant_three_percent_the_cap_stays_above(market, pass_month, years, linear, compounding):
    """How far the caps of either kind are above the rate."""
    for _ in range(12 * years):
        live = pass_month("0.03")
    assert prices(market.oracle) == (live * WAD, live * WAD)
    straight = START * (WAD + GROWTH * years * YEAR) // WAD
    for cap, above in ((straight, linear), (market.oracle.collateral_rate_cap(), compounding)):
        assert round(Decimal(cap) / live - 1, 4) == Decimal(above)
