"""Positions whose outcome elsewhere is known: the rival's rule and ours, side by side."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import pytest

from plimsoll.params import BLUE_CHIP
from plimsoll.twin.liquidation import MAX, WAD
from tests.utils.clock import isolated, pass_time
from tests.utils.vaults import liquidate, open_position, position, risk_of, twin_quote
from tests.utils.world import DAY, Market, price_of

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
def bitcoin(market, builder, borrower, liquidator, curator) -> Market:
    """R2: 8-decimal collateral at 100,000, threshold 0.80, bonus 5 % whatever the health; target 1.05."""
    collateral = builder.token(8, "BTC")
    oracle = builder.oracle(price_of(100_000, 8, 6))
    terms = {"ltv": "0.75", "threshold": "0.80", "bonus_min": "0.05", "bonus_max": "0.05"}
    risk = BLUE_CHIP.model_copy(update={name: Decimal(text) for name, text in terms.items()})
    vault = builder.vault(market.pool, collateral, oracle, risk)
    limit = market.pool.totalAssets() // 20
    market.council.queue_limit(vault, limit, sender=curator)
    pass_time(3 * DAY)
    market.council.execute_queued(sender=curator)
    bitcoin = Market(builder, market.loan, collateral, oracle, market.pool, market.council, vault)
    for actor in (borrower, liquidator):
        bitcoin.give(actor)
    return bitcoin


@pytest.fixture
def r2(bitcoin, borrower) -> Market:
    open_position(bitcoin, borrower, 2, 110_000)
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
    assert round(float(after.health(THRESHOLD)), 2) == 1.14  # 7.3 times the need

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


def test_r1_two_steps_gain_nothing(r2, borrower, liquidator):
    """R1: with a close factor of half, a small close first gains 6.8182 %; a target leaves no gain."""
    rival = Position(Fraction(2), Fraction(68_000), Fraction(110_000))
    first = (rival.debt - THRESHOLD * rival.collateral * rival.price) / (1 - THRESHOLD * (1 + BONUS))
    second = (rival.debt - first) * HALF
    assert round(float((first + second) / (rival.debt * HALF) - 1) * 100, 4) == 6.8182

    r2.set_quote(68_000)
    whole = twin_quote(r2, borrower)
    for cut in (2_500, 5_000, 7_000):
        with isolated():
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
    open_position(market, borrower, 10, 14_400)
    market.set_quote(1_500)
    lost = market.pool.losses(market.vault)
    health = market.vault.health(borrower)
    for _ in range(4):
        answer = liquidate(market, borrower, liquidator, market.loans(2_500))
        assert answer.health_after >= health
    liquidate(market, borrower, liquidator)
    assert position(market, borrower)[1] == 0
    assert market.pool.losses(market.vault) == lost == 0
    assert risk_of(market.vault).bonus_max == WAD // 10
