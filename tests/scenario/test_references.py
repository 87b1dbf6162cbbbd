"""The field's reference cases played in the scenario world: real vault, real pair.

The rivals' own outcomes in these cases are in `tests/unit/vault/test_reference_cases.py`.
"""

import pytest

from plimsoll.market.deployment import made_up
from plimsoll.scenario.reading import parse
from plimsoll.scenario.records import RESTORABLE, Result
from plimsoll.units import MAX, WAD
from tests.utils.laboratory import laboratory, play

# ------------------------------------------------------------------------------------------------ R1 and R2

R2 = """\
title: R2
block_seconds: 600
pool: {loan: {symbol: USDC, decimals: 6}, supply: 1_000_000}
vaults:
  - collateral: {symbol: BTC, decimals: 8}
    ltv: 0.60 # the loan may start at health 0.8/0.6 or above
    threshold: 0.80
    bonus_min: 0.05
    bonus_max: 0.05
    credit_limit: 500_000
    price: {kind: waypoints, points: [[0, 100_000], [1, 68_000], [2, 68_000]]}
    oracle: {deviation: 0, heartbeat: 600}
borrowers:
  - {count: 1, total_debt: 110_000, health: {min: 1.4545454545454546, max: 1.4545454545454546}}
liquidators:
  - {kind: capital, capital: 200_000, margin: 0}
"""


def test_r2_repays_what_the_target_asks_for() -> None:
    """2 BTC, debt 110,000. The price goes straight to 68,000, and one close happens on the way.

    Below the liquidation price of 68,750 the first price that the feed says is 68,000 (a step is 5,333).
    """
    result = play(parse(R2, "r2.yaml"))
    (close,) = result.liquidations
    assert abs(close.collateral_before - 2 * 10**8) <= 1
    assert (close.kind, close.price) == (RESTORABLE, 680 * 10**36)  # 68,000e6 / 1e8
    # 13 hours of interest are in the debt
    assert close.health_before == pytest.approx(0.98909 * WAD, rel=1e-4)
    assert close.needed == pytest.approx(7_500e6, rel=3e-3)
    assert close.repaid == pytest.approx(31_904.76e6, rel=1e-3)
    assert close.health_after == pytest.approx(1.05 * WAD, rel=1e-8)


def test_r1_closes_in_two_steps_gain_nothing() -> None:
    """Somebody who takes a part first, up to the least needed, leaves no more to take than without."""
    whole = sum(close.repaid for close in play(parse(R2, "r2.yaml")).liquidations)
    for part in (2_500, 5_000, 7_000):
        griefer = f"griefer={{repay: {part}, per_block: 1}}"
        closes = play(parse(R2, "r2.yaml", [griefer])).liquidations
        assert [close.liquidator for close in closes] == ["griefer", "liquidator 0"]
        assert sum(close.repaid for close in closes) <= whole + 2
        assert sum(close.seized for close in closes) * 680 <= whole * 1.05 + 680


# ------------------------------------------------------------------------------------------------------- R5

R5 = """\
title: R5
block_seconds: 600
pool: {loan: {symbol: USDC, decimals: 6}, supply: 1_000_000}
vaults:
  - collateral: {symbol: WETH, decimals: 18}
    credit_limit: 500_000
    price: {kind: waypoints, points: [[0, 2_000], [2, 2_000]]}
    shocks: [{hour: 1, factor: 0.75}]
borrowers: # 100,000 of collateral after the shock
  - {count: 1, total_debt: 96_000, health: {min: 1.1527777777777777, max: 1.1527777777777777}}
liquidators:
  - {kind: capital, capital: 200_000, margin: 0, batch: 1}
griefer: {repay: 12_000, per_block: 1}
"""


def test_r5_ends_without_bad_debt() -> None:
    """Collateral 100, debt 96, cut into parts: elsewhere a loss of 3 is made of it."""
    result = play(parse(R5, "r5.yaml", ["liquidators=[]"]))
    first = result.liquidations[0]
    value = first.collateral_before * first.price // 10**36
    assert value / first.debt_before == pytest.approx(100 / 96, rel=1e-4)
    assert len(result.liquidations) >= 6
    assert all(
        close.health_after is None or close.health_after >= close.health_before
        for close in result.liquidations
    )
    assert result.losses == []
    assert (
        sum(row.debt for row in result.positions if row.moment == "end") < 12_100 * 10**6
    )  # what the last part left


# ------------------------------------------------------------------------------------------------------- R6

R6 = """\
title: R6
block_seconds: 600
pool: {{loan: {{symbol: USDC, decimals: 6}}, supply: 10_000_000}}
vaults:
  - collateral: {{symbol: ALT, decimals: 18}}
    preset: volatile
    ltv: 0.50
    threshold: 0.55
    bonus_min: {bonus}
    bonus_max: {bonus}
    credit_limit: 5_000_000
    price: {{kind: waypoints, points: [[0, 1], [1, 1]]}}
    oracle: {{decimals: 18}}
    dex: {{depth: {depth}}}
borrowers:
  - {{count: 1, total_debt: 1_000_000, health: {{min: 1.12, max: 1.12}}}}
"""
SELLER, LIQUIDATOR = made_up("seller"), made_up("liquidator")


class Spiral:
    """One position whose collateral is sold on the pair that its oracle follows."""

    def __init__(self, bonus: float, depth: int) -> None:
        scenario = parse(R6.format(bonus=bonus, depth=depth), "r6.yaml")
        self.lab = laboratory(scenario)
        self.world = self.lab.world
        (self.market,) = self.world.markets
        ((person,),) = self.lab.borrowers
        self.owner, self.debt = person.address, person.debt
        world, router = self.world, self.world.router
        assert router
        world.must(
            world.mint(world.loan, LIQUIDATOR, self.debt),
            world.act(LIQUIDATOR, world.loan, "approve", self.market.vault.contract.address, MAX),
            *(
                world.act(who, self.market.collateral, "approve", router.address, MAX)
                for who in (SELLER, LIQUIDATOR)
            ),
        )

    def say_price(self) -> None:
        """The oracle follows the pair."""
        collateral, loan = self.world.reserves(self.market)
        answer = loan * 10 ** (12 + 18) // collateral
        self.world.must(self.world.act(SELLER, self.market.leg.feed, "set_answer", answer))

    def health(self) -> int:
        """As the vault says."""
        return int(self.market.vault.contract.call("health", self.owner))

    def sell(self, who: str, amount: int) -> None:
        self.world.must(self.world.swap(self.market, who, self.market.collateral, amount))
        self.say_price()

    def after_selling(self, amount: int) -> tuple[bool, float, float]:
        """Others sell an amount first. Whether a small close then lowers health; the LTV, and R6's lambda."""
        chain, twin = self.lab.engine.snapshot(), self.world.twin.snapshot()
        try:
            self.world.must(self.world.mint(self.market.collateral, SELLER, amount))
            self.sell(SELLER, amount)
            before = self.health()
            ltv = 0.55 / (before / WAD)
            held = self.market.vault.model.position_of(self.owner)[0]
            leverage = 1 + 2 * held / self.world.reserves(self.market)[0]
            close = ("liquidate", self.owner, self.debt // 5_000, 0, LIQUIDATOR)
            self.world.must(self.world.act(LIQUIDATOR, self.market.vault, *close))
            self.sell(LIQUIDATOR, self.market.collateral.model.balance_of(LIQUIDATOR))
            return self.health() < before, ltv, leverage
        finally:
            self.world.twin.revert(twin)
            self.lab.engine.revert(chain)


@pytest.mark.parametrize(("bonus", "depth"), [(0.05, 20_000_000), (0.05, 40_000_000), (0.10, 30_000_000)])
def test_r6_the_toxic_frontier(bonus: float, depth: int) -> None:
    """Closes through the pool spiral iff LTV > 1/((1 + i)*lambda): found by bisection, equal within 1 %."""
    spiral = Spiral(bonus, depth)
    reserve = spiral.world.reserves(spiral.market)[0]
    low, high = reserve * 8 // 100, reserve * 3 // 8  # sold before: harmless; toxic
    assert not spiral.after_selling(low)[0]
    assert spiral.after_selling(high)[0]
    for _ in range(12):
        middle = (low + high) // 2
        low, high = (low, middle) if spiral.after_selling(middle)[0] else (middle, high)
    _, ltv, leverage = spiral.after_selling(low)
    assert leverage > 1.05  # so that the pool matters
    assert ltv == pytest.approx(1 / ((1 + bonus) * leverage), rel=0.01)


# ------------------------------------------------------------------------------------------------------- R7

R7 = """\
title: R7
block_seconds: 600
pool: {loan: {symbol: USDC, decimals: 6}, supply: 200_000_000}
vaults:
  - collateral: {symbol: LOOP, decimals: 18}
    preset: correlated
    bonus_min: 0.01
    bonus_max: 0.01
    liquidation_fee: 0
    credit_limit: 100_000_000
    price: {kind: waypoints, points: [[0, 1], [2, 1]]}
    shocks: [{hour: 1, factor: 0.92}]
borrowers: # 91.667 million against 100 million
  - count: 10
    total_debt: 91_667_000
    debt_sigma: 0
    health: {min: 1.0363598677822989, max: 1.0363598677822989}
liquidators:
  - {kind: capital, capital: 100_000_000, margin: 0}
"""


def gap(factor: float) -> Result:
    """R7 with a gap to that part of the price."""
    return play(parse(R7, "r7.yaml", [f"vaults.0.shocks.0.factor={factor}"]))


@pytest.mark.parametrize(("factor", "bad_debt"), [(0.92, 0.58), (0.88, 4.54), (0.80, 12.46), (0.65, 27.31)])
def test_r7_bad_debt_by_gap(factor: float, bad_debt: float) -> None:
    """In millions; what no rule can avoid. The interest until then is some thousands."""
    result = gap(factor)
    assert sum(loss.extinguished for loss in result.losses) / 1e12 == pytest.approx(bad_debt, abs=0.015)
    assert sum(row.debt for row in result.positions if row.moment == "end") == 0


def test_r7_no_bad_debt_before_a_fall_of_7_percent() -> None:
    """Liquidatable from 3.5 %, a loss from 7.42 %."""
    assert gap(0.966).liquidations == []
    result = gap(0.93)
    assert len({close.owner for close in result.liquidations}) == 10
    assert result.losses == []
