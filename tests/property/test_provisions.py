"""Losses that are known and not booked: lenders leave at the price that booking them would leave."""

import pytest

from plimsoll.chain.engine import Engine
from plimsoll.units import DAY, MAX, order
from tests.property.edges import market, refused
from tests.stateful.world import (
    BORROWER,
    CURATOR,
    DEPLOYER,
    LENDER,
    LIQUIDATOR,
    OTHER_BORROWER,
    OTHER_LENDER,
    STAKER,
    STRANGER,
    Lockstep,
)

TOKEN = 10**6
DEBT = 100_000 * TOKEN
LOCKED = 75 * 10**18  # at 2,000 each
PRICE = 2_000 * 10**24


def lent(engine: Engine, staked: int = 0, donated: int = 0) -> Lockstep:
    """Two lenders of half a million each, a stake, a reserve, and two loans; whole tokens."""
    place = market(engine)
    place.act("pool", "deposit", 500_000 * TOKEN, OTHER_LENDER, sender=OTHER_LENDER)
    if staked:
        place.act("pool", "deposit", staked * TOKEN, STAKER, sender=STAKER)
        place.act("pool", "approve", place.chain["backstop"].address, MAX, sender=STAKER)
        place.act("backstop", "deposit", staked * TOKEN * 1_000, STAKER, sender=STAKER)
    if donated:
        place.act("loan", "mint", place.chain["pool"].address, donated * TOKEN, sender=STRANGER)
    for owner in (BORROWER, OTHER_BORROWER):
        place.act("first_vault", "open", LOCKED, DEBT, owner, owner, sender=owner)
    return place


def crash(place: Lockstep, price: int = PRICE // 2) -> int:
    """Halves the price: a position of 100,000 is worth 75,000. What it lacks, by the twin."""
    place.set_prices("first_oracle", price, price)
    return place.act("first_vault", "poke", BORROWER, sender=STRANGER)


def exit_price(place: Lockstep) -> float:
    """Tokens for a thousand million shares."""
    return place.chain["pool"].call("convertToAssets", 10**18) / 10**15


def test_nobody_gains_by_leaving_first(engine: Engine) -> None:
    """Who leaves before the loss is booked gets what those who stay have after it, to the rounding."""
    place = lent(engine)
    shortfall = crash(place)
    out = place.act("pool", "exit", MAX, 0, LENDER, LENDER, sender=LENDER)[0]
    place.act("first_vault", "liquidate", BORROWER, MAX, 0, LIQUIDATOR, sender=LIQUIDATOR)
    assert place.chain["pool"].call("provisions") == 0
    pool = place.chain["pool"]
    left = pool.call("convertToAssets", pool.call("balanceOf", OTHER_LENDER))
    assert out == pytest.approx((1_000_000 * TOKEN - shortfall) / 2, abs=2)
    assert out <= left <= out + 2
    place.compare()


@pytest.mark.parametrize(("staked", "donated"), [(0, 0), (5_000, 0), (0, 5_000), (5_000, 5_000), (40_000, 0)])
def test_booking_does_not_lower_the_price_of_exits(engine: Engine, staked: int, donated: int) -> None:
    """P5. Reserve and backstop are counted as they will be used, whoever goes or comes in between."""
    place = lent(engine, staked, donated)
    normal = exit_price(place)
    crash(place)
    place.act("first_vault", "poke", OTHER_BORROWER, sender=STRANGER)
    prices = [exit_price(place)]
    place.act("pool", "exit", 10**14, 0, LENDER, LENDER, sender=LENDER)
    prices.append(exit_price(place))
    place.act("pool", "deposit", 77_777 * TOKEN, LENDER, sender=LENDER)
    prices.append(exit_price(place))
    for owner in (BORROWER, OTHER_BORROWER):
        place.act("first_vault", "liquidate", owner, MAX, 0, LIQUIDATOR, sender=LIQUIDATOR)
        prices.append(exit_price(place))
    assert prices == sorted(prices)
    assert prices[0] < normal
    assert prices[-1] <= normal
    place.compare()


def test_what_reserve_and_backstop_bear_lowers_no_price(engine: Engine) -> None:
    place = lent(engine, staked=20_000, donated=40_000)
    normal = exit_price(place)
    assert 0 < crash(place) < 60_000 * TOKEN
    assert exit_price(place) == normal


def test_who_enters_pays_the_normal_price(engine: Engine) -> None:
    """So that a wick lets nobody in cheaply: price down, poke, in, price up, poke, out."""
    place = lent(engine)
    pool = place.chain["pool"]
    before = pool.call("previewDeposit", 10**12)
    crash(place, 1)
    assert pool.call("previewDeposit", 10**12) == pool.call("convertToShares", 10**12) == before
    shares = place.act("pool", "deposit", 10**12, STAKER, sender=STAKER)
    assert shares == before
    assert pool.call("previewRedeem", shares) < 10**12 * 0.96
    place.set_prices("first_oracle", PRICE, PRICE)
    place.act("first_vault", "poke", BORROWER, sender=STRANGER)
    out = place.act("pool", "redeem", shares, STAKER, STAKER, sender=STAKER)
    assert 10**12 - 1 <= out <= 10**12
    assert pool.call("maxWithdraw", LENDER) <= 500_000 * TOKEN


def test_a_liquidation_computes_it_afresh(engine: Engine) -> None:
    """What part of a position is closed takes its part of the provision along, in one call or in a batch."""
    place = lent(engine)
    vault, pool = place.chain["first_vault"], place.chain["pool"]
    shortfall = crash(place)
    place.act("first_vault", "poke", OTHER_BORROWER, sender=STRANGER)
    half = vault.call("preview_liquidate", BORROWER, MAX)[2] // 2
    place.act("first_vault", "liquidate", BORROWER, half, 0, LIQUIDATOR, sender=LIQUIDATOR)
    assert abs(vault.call("provision_of", BORROWER) - shortfall // 2) <= 2
    assert pool.call("provisions") == vault.call("provisions")
    orders = [order(BORROWER, half // 2), order(OTHER_BORROWER)]
    place.act("first_vault", "liquidate_batch", orders, 0, LIQUIDATOR, sender=LIQUIDATOR)
    assert abs(vault.call("provision_of", BORROWER) - shortfall // 4) <= 3
    assert vault.call("provision_of", OTHER_BORROWER) == 0
    assert pool.call("provisions") == vault.call("provisions") == vault.call("provision_of", BORROWER)
    place.compare()


@pytest.mark.parametrize("odd", [0, 1])
def test_half_of_a_debt_keeps_half_of_its_provision(engine: Engine, odd: int) -> None:
    """To the unit, rounded up: by a price that has come back, which the safe price does not believe."""
    place = lent(engine)
    vault, price = place.chain["first_vault"], PRICE // 2
    while crash(place, price) % 2 != odd:
        price -= 10**16
    noted, shares = vault.call("provision_of", BORROWER), vault.call("position_of", BORROWER)[1]
    place.set_prices("first_oracle", PRICE * 7 // 10, PRICE // 4)
    place.act("first_vault", "liquidate", BORROWER, DEBT // 2, 0, LIQUIDATOR, sender=LIQUIDATOR)
    assert vault.call("position_of", BORROWER)[1] * 2 == shares
    assert vault.call("provision_of", BORROWER) == (noted + odd) // 2


def test_a_loss_of_everything_leaves_exits_open(engine: Engine) -> None:
    """The price is then next to nothing, and nobody is stopped (X1)."""
    place = lent(engine)
    for owner in (BORROWER, OTHER_BORROWER):
        place.set_prices("first_oracle", 1, 1)
        place.act("first_vault", "poke", owner, sender=STRANGER)
    before = place.chain["pool"].call("previewRedeem", 500_000 * TOKEN * 1_000)
    assert 0 < before < 500_000 * TOKEN
    paid, burnt = place.act("pool", "exit", MAX, 0, LENDER, LENDER, sender=LENDER)
    assert paid == before
    assert burnt == 500_000 * TOKEN * 1_000
    place.compare()


# ---------------------------------------------------------------------------------------------- payouts


STAKED = 120_000  # more than the backstop's part of what is paid out


def rich(engine: Engine) -> Lockstep:
    """A pool whose reserve is 20 % of its assets, by a donation; the target of this world is 0.1 %."""
    place = lent(engine, staked=STAKED, donated=204_000)
    place.act("council", "set_payout_receiver", STRANGER, sender=CURATOR)
    return place


def test_a_debt_closed_for_a_moment_does_not_enlarge_a_payout(engine: Engine) -> None:
    """The target follows debt and assets; who lowers them just before the payout gets what was announced."""
    place = rich(engine)
    amount = place.act("council", "announce", sender=STRANGER)
    place.advance(3 * DAY)
    for owner in (BORROWER, OTHER_BORROWER):
        place.act("first_vault", "repay", MAX, owner, sender=owner)
    place.act("pool", "exit", MAX, 0, LENDER, LENDER, sender=LENDER)
    assert place.chain["pool"].call("excess") > amount
    assert place.act("council", "distribute", sender=STRANGER) == amount


def test_payouts_are_net_of_provisions(engine: Engine) -> None:
    """A unit of provision costs a unit; what was announced and is not considered now may be paid later."""
    place = rich(engine)
    council, pool = place.chain["council"], place.chain["pool"]
    place.act("council", "announce", sender=STRANGER)
    place.advance(3 * DAY)
    excess = pool.call("excess")
    shortfall = crash(place)
    assert pool.call("excess") == excess - shortfall
    announced = council.call("announced")
    paid = place.act("council", "distribute", sender=STRANGER)
    assert paid == excess - shortfall
    assert council.call("announced") == announced - paid > 0
    place.set_prices("first_oracle", PRICE, PRICE)
    place.act("first_vault", "poke", BORROWER, sender=STRANGER)
    place.act("council", "distribute", sender=STRANGER)
    place.advance(DAY)
    refused("council: no excess", council.send, "announce", sender=DEPLOYER)
    place.compare()
