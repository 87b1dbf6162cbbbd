"""Positions whose outcome elsewhere is known: the rival's rule and ours, side by side."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import pytest

from plimsoll.params import BLUE_CHIP, CORRELATED, RiskParams, price_of
from plimsoll.testing.market import Market, small_market
from plimsoll.testing.roles import BORROWER, LIQUIDATOR
from plimsoll.twin.liquidation import Risk
from plimsoll.units import DAY, MAX, WAD
from tests.utils.vaults import liquidate

BTC = 10**8
USD = 10**6


@dataclass(frozen=True)
class Position:
    """Of a rival: collateral, its price, debt."""

    collateral: Fraction
    price: Fraction
    debt: Fraction

    def health(self, threshold: Fraction) -> Fraction:
        return self.collateral * self.price * threshold / self.debt

    def closed(self, close_factor: Fraction, bonus: Fraction) -> "Position":
        """A fixed share of the debt for a fixed bonus, as far as the collateral lasts."""
        repaid = self.debt * close_factor
        seized = min(self.collateral, repaid * (1 + bonus) / self.price)
        return Position(self.collateral - seized, self.price, self.debt - repaid)


THRESHOLD, BONUS, HALF = Fraction(80, 100), Fraction(5, 100), Fraction(1, 2)


@pytest.fixture
def bitcoin(chain, market, builder, borrower, liquidator, curator) -> Market:
    """R2: 8-decimal collateral at 100,000, threshold 0.80, bonus 5 % whatever the health; target 1.05."""
    collateral = builder.token(8, "BTC")
    oracle = builder.oracle(price_of(100_000, 8, 6))
    terms = {"ltv": "0.75", "threshold": "0.80", "bonus_min": "0.05", "bonus_max": "0.05"}
    risk = BLUE_CHIP.model_copy(update={name: Decimal(text) for name, text in terms.items()})
    vault = builder.vault(market.pool, collateral, oracle, risk)
    limit = market.pool.totalAssets() // 20
    market.council.queue_limit(vault, limit, sender=curator)
    chain.advance(3 * DAY)
    market.council.execute_queued(sender=curator)
    bitcoin = Market(builder, (6, 8), market.loan, collateral, oracle, market.pool, market.council, vault)
    for actor in (borrower, liquidator):
        bitcoin.give(actor)
    return bitcoin


@pytest.fixture
def r2(bitcoin, borrower) -> Market:
    bitcoin.open(borrower, 2, 110_000)
    return bitcoin


def test_r2_terms(r2, borrower):
    """2 BTC, debt 110,000: health 1.4545, liquidation price 68,750; at 68,000 health is 0.98909."""
    rival = Position(Fraction(2), Fraction(100_000), Fraction(110_000))
    assert round(float(rival.health(THRESHOLD)), 4) == 1.4545
    assert r2.vault.health(borrower) // 10**14 == 14_545
    terms = r2.vault.margin_terms(borrower)
    assert abs(terms.liquidation_price - price_of(68_750, 8, 6)) <= 10**28  # a unit of debt, rounded up
    r2.set_quote(68_000)
    assert r2.vault.health(borrower) // 10**13 == 98_909


def test_r2_close(r2, borrower, liquidator):
    """R2 at 68,000. A close factor of half repays 55,000; health asks for 7,500, the target for 31,905."""
    rival = Position(Fraction(2), Fraction(68_000), Fraction(110_000))
    least = (rival.debt - rival.collateral * rival.price * THRESHOLD) / (1 - THRESHOLD * (1 + BONUS))
    assert least == 7_500
    after = rival.closed(HALF, BONUS)
    seized = rival.collateral - after.collateral
    assert (rival.debt - after.debt, round(float(seized), 6)) == (55_000, 0.849265)
    assert seized * rival.price - 55_000 == 2_750  # the liquidator's profit
    assert round(float(after.health(THRESHOLD)), 4) == 1.1382
    assert round(float(55_000 / least), 1) == 7.3  # times the need

    r2.set_quote(68_000)
    answer = liquidate(r2, borrower, liquidator)
    repay = (Fraction(105, 100) * 110_000 - 136_000 * THRESHOLD) / (
        Fraction(105, 100) - THRESHOLD * (1 + BONUS)
    )
    assert round(float(repay), 2) == 31_904.76
    assert abs(answer.paid - repay * USD) <= 6  # a unit of debt, which rounds up, asks for five
    assert abs(answer.seized - repay * (1 + BONUS) / 68_000 * BTC) <= 1
    assert abs(answer.fee - repay * BONUS / 10 * USD) <= 1
    assert 0 <= r2.vault.health(borrower) - 105 * WAD // 100 <= 10**10  # a satoshi's worth of collateral


def test_r1_two_steps_gain_nothing(chain, r2, borrower, liquidator):
    """R1: with a close factor of half, a small close first gains 6.8182 %; a target leaves no gain."""
    rival = Position(Fraction(2), Fraction(68_000), Fraction(110_000))
    first = (rival.debt - THRESHOLD * rival.collateral * rival.price) / (1 - THRESHOLD * (1 + BONUS))
    second = (rival.debt - first) * HALF
    gain = (first + second) / (rival.debt * HALF) - 1
    value, factor = rival.collateral * rival.price, (1 - HALF) / HALF
    assert gain == factor * (1 - THRESHOLD * value / rival.debt) / (1 - THRESHOLD * (1 + BONUS))
    assert round(float(gain) * 100, 4) == 6.8182

    r2.set_quote(68_000)
    whole = r2.quote(borrower)
    for cut in (2_500, 5_000, 7_000):
        with chain.isolated():
            parts = [
                liquidate(r2, borrower, liquidator, cut * USD),
                liquidate(r2, borrower, liquidator),
            ]
            assert sum(part.paid for part in parts) <= whole.paid + 2
            assert sum(part.seized for part in parts) <= whole.seized
    # once health is 1 or more there is no second step
    liquidate(r2, borrower, liquidator, 7_502 * USD)
    assert not r2.vault.preview_liquidate(borrower, MAX).liquidatable


def test_r5_no_spiral(market, borrower, liquidator):
    """R5: collateral 100, debt 96, bonus 8 %, half at a time: elsewhere that ends in 3 of bad debt."""
    rival = Position(Fraction(100), Fraction(1), Fraction(96))
    path = []
    while rival.collateral > 0:
        rival = rival.closed(HALF, Fraction(8, 100))
        path.append((float(rival.collateral), float(rival.debt)))
    assert path == [(48.16, 48), (22.24, 24), (9.28, 12), (2.8, 6), (0, 3)]

    # ours: 10 tokens worth 15,000, debt 14,400
    market.open(borrower, 10, 14_400)
    market.set_quote(1_500)
    lost = market.pool.losses(market.vault)
    health = market.vault.health(borrower)
    for _ in range(4):
        answer = liquidate(market, borrower, liquidator, market.loans(2_500))
        assert answer.health_after >= health
    liquidate(market, borrower, liquidator)
    assert market.position(borrower)[1] == 0
    assert market.pool.losses(market.vault) == lost == 0
    assert market.risk().bonus_max == WAD // 10


LOOP = Fraction(95, 100)  # the threshold of R7
LOOP_DEBT = Fraction(91_667, 1_000)  # per 100 of collateral
LOOP_BONUS = Fraction(1, 100)


def looped(risk: RiskParams) -> Market:
    """R7: 100 million of collateral at par, looped to a debt of 91.667 million."""
    market = small_market(quote=1, risk=risk, limit=10**9, supply=0)
    for who in (BORROWER, LIQUIDATOR):
        market.give(who, 10**9)
    market.pool.send("deposit", market.loans(200 * 10**6), LIQUIDATOR, sender=LIQUIDATOR)
    market.open(BORROWER, 100 * 10**6, 91_667_000)
    return market


@pytest.fixture
def loops() -> Market:
    """A bonus of 1 % whatever the health."""
    terms = {"bonus_min": "0.01", "bonus_max": "0.01", "liquidation_fee": "0"}
    return looped(CORRELATED.model_copy(update={name: Decimal(text) for name, text in terms.items()}))


def test_r7_with_the_preset_for_correlated_collateral():
    """A bonus of 0.5 % leaves room until 7.88 %; in shortfall it rises by a tenth of what lacks."""
    loops = looped(CORRELATED)
    risk = Risk.from_struct(loops.vault.call("risk"))
    for fall, loses in (("0.0787", 0), ("0.0788", 1)):
        loops.set_quote(1 - Decimal(fall))
        answer = loops.quote(BORROWER)
        assert answer.liquidatable
        assert (answer.extinguished - answer.paid > 0) == loses
    for gap, bad_debt in ((8, 0.14), (12, 4.5), (20, 13.1), (35, 27.94)):
        loops.set_quote(1 - Decimal(gap) / 100)
        missing = 1 + Fraction(5, 1_000) - (100 - gap) / LOOP_DEBT
        bonus = min(Fraction(2, 100), Fraction(5, 1_000) + Fraction(risk.shortfall_slope, WAD) * missing)
        left = LOOP_DEBT - (100 - gap) / (1 + bonus)
        answer = loops.quote(BORROWER)
        assert abs(answer.extinguished - answer.paid - left * 10**12) <= 2
        assert round(float(left), 2) == bad_debt


def test_r7_edges(loops):
    """Health 1.0364; liquidatable after a fall of 3.5 %; bad debt begins at 7.42 %, for anybody's rule."""
    rival = Position(Fraction(100), Fraction(1), LOOP_DEBT)
    assert round(float(rival.health(LOOP)), 4) == 1.0364
    assert round(float(100 * (1 - LOOP_DEBT / 95)), 1) == 3.5
    begins = 1 - LOOP_DEBT * (1 + LOOP_BONUS) / 100
    assert round(float(100 * begins), 2) == 7.42

    assert loops.vault.call("health", BORROWER) // 10**14 == 10_363
    edge = loops.vault.call("margin_terms", BORROWER)[2]
    assert round(100 * (1 - edge / price_of(1, 18, 6)), 1) == 3.5
    for fall, liquidatable, loses in (("0.035", 0, 0), ("0.0351", 1, 0), ("0.0741", 1, 0), ("0.0742", 1, 1)):
        loops.set_quote(1 - Decimal(fall))
        answer = loops.quote(BORROWER)
        assert answer.liquidatable == liquidatable
        assert (answer.extinguished - answer.paid > 0) == loses
        if liquidatable:
            with loops.chain.isolated():
                loops.vault.send("liquidate", BORROWER, MAX, sender=LIQUIDATOR)
                assert (loops.pool.call("losses", loops.vault.address) > 0) == loses


@pytest.mark.parametrize("parts", [1, 2, 7])
@pytest.mark.parametrize(("gap", "bad_debt"), [(8, 0.58), (12, 4.54), (20, 12.46), (35, 27.31)])
def test_r7_bad_debt_by_gap(loops, gap, bad_debt, parts):
    """No rule can do better than the gap allows. Ours books it in the calls that close, however split."""
    left = LOOP_DEBT - Fraction(100 - gap) / (1 + LOOP_BONUS)
    assert round(float(left), 2) == bad_debt

    loops.set_quote(1 - Decimal(gap) / 100)
    whole = loops.quote(BORROWER)
    assets = loops.pool.call("totalAssets")
    for part in range(1, parts + 1):
        offer = MAX if part == parts else whole.paid // parts
        loops.vault.send("liquidate", BORROWER, offer, sender=LIQUIDATOR)
        booked = loops.pool.call("losses", loops.vault.address)
        assert abs(booked - left * 10**12 * part / parts) <= 3 * part  # pro rata, at once
    assert loops.position(BORROWER) == (0, 0)
    assert round(booked / 10**12, 2) == bad_debt
    # the only reserve is what roundings left there
    assert 0 <= booked - (assets - loops.pool.call("totalAssets")) <= parts
