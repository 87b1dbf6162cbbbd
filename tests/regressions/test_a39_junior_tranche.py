"""A39: the only staker of a junior tranche pumped its share; a dust loss froze it for everybody.

Here 1,000 virtual shares are in stake and escrow, nothing is given for nothing, and a unit costs a unit.
"""

import pytest

from plimsoll.testing import refusal
from plimsoll.testing.market import Market
from plimsoll.testing.roles import BORROWER, DEPLOYER, LENDER, LIQUIDATOR, RECEIVER, STRANGER, role
from plimsoll.units import DAY, MAX
from tests.utils.attack import backstop_of, donate, million, stake

T = 10**9  # pool shares of a whole token
ATTACKER, HELPER, VICTIM = role(60), role(61), role(62)
ROUNDS = 60


def ready() -> Market:
    """Three with pool shares and approvals."""
    market = million()
    for who in (ATTACKER, HELPER, VICTIM):
        market.give(who)
        market.pool.deposit(market.loans(100_000), who, sender=who)
        market.pool.approve(backstop_of(market), MAX, sender=who)
    return market


def pump(market: Market, rounds: int = ROUNDS) -> int:
    """What pumped a share to 10,001 tokens in 41 rounds without virtual shares; how many calls go through.

    A helper stakes the minimum and a seed of income, and leaves one share behind; its holder then buys at the
    rounded-down price, requests the share and cancels for nothing.
    """
    bs, pool, done = backstop_of(market), market.pool, 0
    minimum = bs.minimum_stake()
    bs.deposit(minimum, HELPER, sender=HELPER)
    pool.transfer(bs, 10**6, sender=HELPER)
    bs.sync(sender=HELPER)
    market.chain.advance(12)
    bs.request(minimum - 1, sender=HELPER)
    bs.transfer(ATTACKER, 1, sender=HELPER)
    for _ in range(rounds):
        held = bs.books().stake.assets
        if held >= 10_000 * T:
            break
        # the most that buys one share and no two; odd, so that half of it comes back for nothing
        amount = min(bs.previewMint(2) - 1, 10_001 * T - held)
        amount -= (held + amount) % 2 == 0
        if refusal(bs.deposit, amount, ATTACKER, sender=ATTACKER) is not None:
            amount = bs.previewMint(2)
        bs.deposit(amount, ATTACKER, sender=ATTACKER)
        for method, argument in ((bs.request, 1), (bs.cancel, ATTACKER)):
            if refusal(method, argument, sender=ATTACKER) is None:
                method(argument, sender=ATTACKER)
                done += 1
    return done


def pool_shares(market: Market, *owners) -> int:
    """Pool shares that people hold, stake and requests included."""
    bs = backstop_of(market)
    inside = sum(bs.convertToAssets(bs.balanceOf(who)) for who in owners)
    asked = sum(bs.previewRedeem(bs.departure_of(who).shares) for who in owners)
    return int(sum(market.pool.balanceOf(who) for who in owners) + inside + asked)


def test_a39_sixty_rounds_of_pumping_take_nothing_from_the_next_staker():
    """20,000 tokens are staked after it, and worth 20,000; who pumped has lost the seed."""
    market = ready()
    bs = backstop_of(market)
    start = pool_shares(market, ATTACKER, HELPER)
    assert pump(market) > 0  # where a share costs par, requesting one and cancelling gives it back
    bs.deposit(20_000 * T, VICTIM, sender=VICTIM)
    worth = bs.convertToAssets(bs.balanceOf(VICTIM))
    assert 20_000 * T - 2 <= worth <= 20_000 * T  # of 10^-9 token each
    assert pool_shares(market, ATTACKER, HELPER) <= start


def test_a39_a_stake_of_9000_is_not_shut_out():
    """Nor one of a token; at the pumped price of 10,001 neither bought a share."""
    for amount in (9_000 * T, T, 10**4):
        market = ready()
        bs = backstop_of(market)
        pump(market)
        got = bs.send("deposit", amount, VICTIM, sender=VICTIM)
        assert amount - amount // 1_000 - 2 <= bs.convertToAssets(got) <= amount


def test_a39_a_lapsed_request_never_comes_back_as_nothing():
    """Whoever ends it, after sixty rounds of pumping: 20,000 were requested, 20,000 are staked again."""
    market = ready()
    bs = backstop_of(market)
    bs.deposit(20_000 * T, VICTIM, sender=VICTIM)
    bs.request(20_000 * T, sender=VICTIM)
    market.chain.advance(14 * DAY)
    pump(market)
    market.chain.advance(2 * DAY + 1)
    start = pool_shares(market, ATTACKER, HELPER)
    got = bs.send("cancel", VICTIM, sender=ATTACKER)
    assert 20_000 * T - 10 <= bs.convertToAssets(got) <= 20_000 * T
    assert bs.departure_of(VICTIM).shares == 0
    assert pool_shares(market, ATTACKER, HELPER) <= start + 10


def test_a39_a_cancellation_for_nothing_is_refused_and_the_request_stays():
    """A request of one pool share, and a share of the stake that is worth many: after losses it may be."""
    market = ready()
    bs = backstop_of(market)
    bs.deposit(1, VICTIM, sender=VICTIM)
    bs.request(1, sender=VICTIM)
    bs.deposit(2 * bs.minimum_stake(), ATTACKER, sender=ATTACKER)
    market.pool.transfer(bs, 1_000 * T, sender=HELPER)
    bs.sync(sender=HELPER)
    market.chain.advance(14 * DAY + 2 * DAY + 1)
    assert bs.convertToAssets(10**6) > 10**6
    assert refusal(bs.cancel, VICTIM, sender=ATTACKER) == "backstop: cancels to nothing"
    assert bs.departure_of(VICTIM).shares == 1
    bs.deposit(T, VICTIM, sender=VICTIM)


# --------------------------------------------------------------------------------- frozen by dust


def with_dust(reserve: int, staked: int = 100_000, positions: int = 6) -> tuple[Market, list]:
    """A pool of a million; people who owe a hundred units each, which a fall of 25 % leaves in shortfall."""
    market = million()
    market.give(LIQUIDATOR)
    donate(market, reserve)
    stake(market, market.give(VICTIM), staked)
    backstop_of(market).request(staked // 2 * T, sender=VICTIM)
    owners = [market.give(role(300 + i)) for i in range(positions)]
    for owner in owners:
        market.open(owner, 2, 2_500)
        market.vault.repay(market.debt(owner) - 100, owner, sender=owner)
        market.vault.withdraw(MAX, sender=owner)
    market.chain.advance(14 * DAY)
    market.set_quote(1_500)
    return market, owners


def test_a39_a_unit_of_provision_costs_a_unit():
    """Each poke of a crumb lowers the excess by its lack, and locks neither stakers nor payouts."""
    market, owners = with_dust(reserve=100_000)
    pool, bs = market.pool, backstop_of(market)
    held = bs.maxRedeem(VICTIM)
    before = pool.excess()
    for owner in owners:
        lack = market.vault.send("poke", owner, sender=STRANGER)
        assert 0 < lack < 100
        assert pool.excess() == before - pool.provisions()
        assert bs.maxRedeem(VICTIM) == held
    assert refusal(bs.redeem, T, VICTIM, VICTIM, sender=VICTIM) is None
    market.council.announce(sender=STRANGER)
    market.chain.advance(3 * DAY)
    paid = market.council.send("distribute", sender=STRANGER)
    assert paid > market.loans(20_000)


def test_a39_without_a_reserve_a_unit_costs_a_staker_less_than_a_unit():
    """Income and all who stake bear the crumb together; the rest of a stake of 50,000 comes out."""
    market, owners = with_dust(reserve=0)
    bs = backstop_of(market)
    before = bs.previewRedeem(bs.departure_of(VICTIM).shares)
    lack = sum(market.vault.send("poke", owner, sender=STRANGER) for owner in owners)
    missing = lack - market.pool.reserves()
    departing = bs.departure_of(VICTIM).shares
    out = bs.send("redeem", departing, VICTIM, VICTIM, sender=VICTIM)
    assert before - out <= max(0, missing) * 1_000 + 1_000


@pytest.mark.parametrize("days", [0, 365, 4_058])
def test_a39_nobody_is_locked_by_a_silent_oracle(days):
    """For as long as it stays silent: the request is renewed, and comes out; so does a payout."""
    market, owners = with_dust(reserve=100_000)
    bs = backstop_of(market)
    market.vault.poke(owners[0], sender=STRANGER)
    market.oracle.set_silent(True, sender=DEPLOYER)
    market.council.set_payout_receiver(RECEIVER, sender=market.builder.curator)
    market.chain.advance(days * DAY)
    if days:
        bs.cancel(VICTIM, sender=VICTIM)
        bs.request(50_000 * T, sender=VICTIM)
        market.chain.advance(14 * DAY)
    assert refusal(market.vault.poke, owners[0], sender=STRANGER) == "lying oracle: silent"
    departing = bs.departure_of(VICTIM).shares
    assert bs.send("redeem", departing, VICTIM, VICTIM, sender=VICTIM) >= 50_000 * T - 1
    for who in (VICTIM, LENDER):
        shares = market.pool.balanceOf(who)
        assert refusal(market.pool.redeem, shares, who, who, sender=who) is None
    market.council.announce(sender=STRANGER)
    market.chain.advance(3 * DAY)
    assert market.council.send("distribute", sender=STRANGER) > 0


def test_a39_with_a_haircut_stakers_leave_and_get_what_a_booking_would_leave():
    """A loss that takes half of the stake, provided for and never booked: `leave` pays half."""
    market = million()
    for who in (BORROWER, LIQUIDATOR):
        market.give(who)
    stake(market, market.give(VICTIM), 50_000)
    market.open(BORROWER, 75, 100_000)
    bs = backstop_of(market)
    bs.request(50_000 * T, sender=VICTIM)
    market.chain.advance(14 * DAY)
    market.set_quote(1_000)
    lack = market.vault.send("poke", BORROWER, sender=STRANGER)
    market.oracle.set_silent(True, sender=DEPLOYER)
    departing = bs.departure_of(VICTIM).shares
    assert refusal(bs.redeem, departing, VICTIM, VICTIM, sender=VICTIM) == "backstop: haircut, use leave"
    assert bs.maxRedeem(VICTIM) == 0
    least = bs.previewRedeem(departing)
    assert (
        refusal(bs.leave, departing, least + 1, VICTIM, VICTIM, sender=VICTIM) == "backstop: too few assets"
    )
    before = bs.books().escrow.assets
    missing = lack - market.pool.reserves()
    out = bs.send("leave", departing, least, VICTIM, VICTIM, sender=VICTIM)
    price = market.pool.convertToShares(10**12) / 10**12
    assert out == pytest.approx(before - missing * price, rel=1e-6)
