"""Losses that are known and not booked: lenders leave at the price that booking them would leave."""

import pytest

from plimsoll.chain.engine import Engine
from plimsoll.units import DAY, MAX, order
from tests.property.edges import COUNCIL, VAULT, EdgePool, market, refused
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


def test_what_a_position_lacks(engine: Engine) -> None:
    """Debt less the price of the whole position, which its bonus lowers; nothing for a healthy one."""
    place = lent(engine)
    vault, pool = place.chain["first_vault"], place.chain["pool"]
    assert place.act("first_vault", "poke", BORROWER, sender=STRANGER) == 0
    shortfall = crash(place)
    paid = vault.call("preview_liquidate", BORROWER, MAX)[2]
    assert shortfall == vault.call("debt_of", BORROWER) - paid
    assert 26_000 * TOKEN < shortfall < 30_000 * TOKEN
    assert vault.call("provision_of", BORROWER) == vault.call("provisions") == shortfall
    assert pool.call("provision_of", vault.address) == pool.call("provisions") == shortfall
    assert place.act("first_vault", "poke", OTHER_BORROWER, sender=STRANGER) == shortfall
    assert pool.call("provisions") == 2 * shortfall
    assert vault.call("positions", BORROWER) >> 255 == 1
    place.set_prices("first_oracle", PRICE, PRICE)
    for owner in (BORROWER, OTHER_BORROWER):
        assert place.act("first_vault", "poke", owner, sender=STRANGER) == 0
    assert pool.call("provisions") == vault.call("positions", BORROWER) >> 255 == 0
    place.compare()


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


def test_views_say_what_exits_do(engine: Engine) -> None:
    """Previews say the haircut, to the wei; the plain calls refuse one of more than 0.1 %."""
    place = lent(engine, staked=5_000)
    crash(place)
    pool, me = place.chain["pool"], {"sender": LENDER}
    worth = pool.call("previewRedeem", 10**13)
    assert pool.call("exit", 10**13, worth, LENDER, LENDER, **me) == (worth, 10**13)
    refused("pool: too few assets", pool.call, "exit", 10**13, worth + 1, LENDER, LENDER, **me)
    assert pool.call("maxWithdraw", LENDER) == pool.call("maxRedeem", LENDER) == 0
    for function in ("redeem", "withdraw"):
        refused("pool: haircut, use exit", pool.call, function, 10**10, LENDER, LENDER, **me)
        assert pool.call(function, 0, LENDER, LENDER, **me) == 0
    assert 10**13 - 1_000_000 <= pool.call("previewWithdraw", worth) <= 10**13


def test_a_thousandth_needs_no_consent(engine: Engine) -> None:
    """On both sides of the bound, to the unit of a provision."""
    lab = EdgePool.busy(engine)
    pool = lab.pool
    pool.send("draw", 1_000 * TOKEN, STRANGER, sender=VAULT)
    allowed = pool.call("totalAssets") // 1_000
    pool.send("set_provision", allowed, sender=VAULT)
    assert pool.call("maxRedeem", LENDER) > 0
    paid = pool.call("redeem", 10**12, LENDER, LENDER, sender=LENDER)
    assert paid == pool.call("previewRedeem", 10**12) < 10**9
    pool.send("set_provision", allowed + 1, sender=VAULT)
    assert pool.call("maxRedeem", LENDER) == pool.call("maxWithdraw", LENDER) == 0
    refused("pool: haircut, use exit", pool.call, "redeem", 10**12, LENDER, LENDER, sender=LENDER)


def test_a_lifted_price_lowers_no_provision(engine: Engine) -> None:
    """On the way down the safe price has the say: of a poke, and of a close of what is left."""
    place = lent(engine)
    vault = place.chain["first_vault"]
    shortfall = crash(place)
    place.set_prices("first_oracle", PRICE, PRICE // 2)  # one source is lifted
    assert place.act("first_vault", "poke", BORROWER, sender=STRANGER) == shortfall
    place.set_prices("first_oracle", PRICE * 7 // 10, PRICE // 2)
    place.act("first_vault", "liquidate", BORROWER, 10_000 * TOKEN, 0, LIQUIDATOR, sender=LIQUIDATOR)
    left = vault.call("position_of", BORROWER)[1] / (DEBT * 1_000)
    assert vault.call("provision_of", BORROWER) == pytest.approx(shortfall * left, rel=1e-6)
    place.set_prices("first_oracle", PRICE, PRICE)
    assert place.act("first_vault", "poke", BORROWER, sender=STRANGER) == 0
    place.compare()


def test_a_repayment_lowers_it_by_the_fall_of_the_debt(engine: Engine) -> None:
    """Without an oracle, for ever if need be."""
    place = lent(engine)
    vault = place.chain["first_vault"]
    place.set_prices("first_oracle", PRICE // 10, PRICE // 10)
    shortfall = place.act("first_vault", "poke", BORROWER, sender=STRANGER)
    assert shortfall > 80_000 * TOKEN
    place.silence("first_oracle")
    place.act("first_vault", "repay", 1_000 * TOKEN, BORROWER, sender=BORROWER)
    assert abs(vault.call("provision_of", BORROWER) - (shortfall - 1_000 * TOKEN)) <= 1
    place.act("first_vault", "repay", 50_000 * TOKEN, BORROWER, sender=BORROWER)
    assert abs(vault.call("provision_of", BORROWER) - (shortfall - 51_000 * TOKEN)) <= 2
    place.act("first_vault", "close", MAX, MAX, BORROWER, BORROWER, sender=BORROWER)
    assert vault.call("provision_of", BORROWER) == vault.call("positions", BORROWER) == 0
    assert place.chain["pool"].call("provisions") == 0
    place.compare()


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


def test_a_dead_oracle_says_nothing(engine: Engine) -> None:
    place = lent(engine)
    vault = place.chain["first_vault"]
    place.silence("first_oracle")
    refused("lying oracle: silent", vault.send, "poke", BORROWER, sender=STRANGER)
    place.set_prices("first_oracle", 0, 0)
    refused("vault: oracle price is zero", vault.send, "poke", BORROWER, sender=STRANGER)


def test_a_vault_provides_for_no_more_than_it_has_drawn(engine: Engine) -> None:
    """A vault whose oracle lies moves the exits by its debt at most; a stranger not at all."""
    lab = EdgePool.busy(engine)
    pool, vault = lab.pool, VAULT
    refused("pool: not a vault", pool.send, "set_provision", 1, sender=STRANGER)
    pool.send("set_provision", 10**12, sender=vault)
    assert pool.call("provisions") == 0
    pool.send("draw", 1_000 * TOKEN, STRANGER, sender=vault)
    pool.send("set_provision", 999 * TOKEN, sender=vault)
    assert pool.call("provision_of", vault) == 999 * TOKEN
    pool.send("set_provision", MAX, sender=vault)
    assert pool.call("provisions") == pool.call("provision_of", vault) == 1_000 * TOKEN
    assert pool.call("totals")[5] & 8
    pool.send("set_provision", 0, sender=vault)
    assert pool.call("totals")[5] & 8 == 0


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


def test_no_payout_of_a_wiped_pool(engine: Engine) -> None:
    """All lenders but a crumb are wiped, and then something is donated: it is nobody's to take."""
    lab = EdgePool.busy(engine)
    lab.pool.send("draw", 399_999 * TOKEN, STRANGER, sender=VAULT)
    lab.tell("burn", lab.pool.address, 100_001 * TOKEN)
    lab.pool.send("settle", lab.pool.call("credit_line", VAULT)[1], 0, sender=VAULT)
    assert lab.pool.call("totalAssets") == 0
    lab.tell("mint", lab.pool.address, 1_000 * TOKEN)
    refused("pool: wiped", lab.pool.call, "excess")
    refused("pool: wiped", lab.pool.send, "distribute_excess", 1, STRANGER, sender=COUNCIL)


def test_a_pool_without_a_backstop_pays_the_receiver_only(engine: Engine) -> None:
    lab = EdgePool.busy(engine, backstop_share=0, insurance_target=0)
    lab.tell("mint", lab.pool.address, 1_000 * TOKEN)
    assert lab.pool.send("distribute_excess", 400 * TOKEN, STRANGER, sender=COUNCIL) == 400 * TOKEN
    assert lab.pool.call("balanceOf", STRANGER) == 400 * TOKEN * 1_000
    assert lab.pool.call("balanceOf", lab.pool.call("backstop")) == 0
    assert lab.pool.call("excess") == lab.pool.call("reserves") == 600 * TOKEN
