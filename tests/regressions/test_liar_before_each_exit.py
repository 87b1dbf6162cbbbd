"""An oracle lied before each exit of others and told the truth after it: leavers lost more than the line.

Here a plain exit gives up a thousandth at most, and `exit` what its caller has named; of old 117,029 went.
"""

import pytest

from plimsoll.testing import refusal
from plimsoll.testing.market import Market
from plimsoll.testing.roles import STRANGER
from plimsoll.units import MAX
from tests.utils.attack import lenders, million

LIAR, LINE = STRANGER, 100_000


def lied_to(borrowed: int = LINE) -> tuple[Market, list]:
    """A liar with half of a million and a line of 100,000 that is drawn; ten others with the rest."""
    market = million(supply=0, limit=LINE)
    market.give(LIAR)
    market.pool.deposit(market.loans(500_000), LIAR, sender=LIAR)
    others = lenders(market, 10, 50_000)
    market.vault.open(market.collaterals(100), market.loans(borrowed), sender=LIAR)
    return market, others


def lie(market: Market, quote: str = "0.000001") -> None:
    """Pokes the liar's own position at this price."""
    market.set_quote(quote)
    market.vault.poke(LIAR, sender=LIAR)


def taken(market: Market) -> int:
    """What the liar has more than at the beginning, base units."""
    return int(market.pool.convertToAssets(market.pool.balanceOf(LIAR)) - market.loans(500_000))


@pytest.mark.parametrize("plain", ["redeem", "withdraw"])
def test_a_plain_exit_waits_for_the_truth(plain):
    """Forty exits of 50,000 against a lie of 10 %: none goes through, and the liar has nothing of it."""
    market, others = lied_to()
    pool = market.pool
    for _ in range(4):
        for who in others:
            lie(market)
            amount = pool.balanceOf(who) if plain == "redeem" else market.loans(50_000) - 1
            assert refusal(getattr(pool, plain), amount, who, who, sender=who) == "pool: haircut, use exit"
            assert pool.maxWithdraw(who) == pool.maxRedeem(who) == 0
            lie(market, "2000")
            assert pool.maxWithdraw(who) >= market.loans(50_000) - 1
    assert taken(market) <= 0


def test_a_plain_exit_gives_up_a_thousandth_at_most():
    """P11. The largest lie that goes through, forty times: leavers forgo 2,000, the liar gets 1,053."""
    market, others = lied_to()
    pool, left, lost = market.pool, 0, 0
    for _ in range(4):
        for who in others:
            worth = pool.convertToAssets(pool.balanceOf(who))
            # just so much that a plain exit still goes through: 0.1 % of what all shares are worth
            debt, locked = market.debt(LIAR), market.position(LIAR)[0]
            lack = pool.totalAssets() // 1_000 - 2
            low, high = 1, 2 * debt * 10**36 // locked
            while high - low > 10**21:
                middle = (low + high) // 2
                market.oracle.set_price(middle, sender=market.builder.deployer)
                low, high = (middle, high) if market.vault.poke.call(LIAR) > lack else (low, middle)
            market.oracle.set_price(high, sender=market.builder.deployer)
            assert market.vault.send("poke", LIAR, sender=LIAR) <= lack
            held = market.balance(market.loan, who)
            pool.redeem(pool.balanceOf(who), who, who, sender=who)
            got = market.balance(market.loan, who) - held
            assert got >= worth * 999 // 1_000 - 1
            left, lost = left + worth, lost + worth - got
            lie(market, "2000")
            pool.deposit(market.loans(50_000), who, sender=who)
    assert left // 1_100 < lost <= left // 1_000 + 40  # the search comes close
    assert (lost // 10**6, taken(market) // 10**6) == (2_000, 1_053)
    assert pool.credit_line(market.vault)[0] == market.loans(LINE)


@pytest.mark.parametrize(
    ("named", "through", "most"), [(0, True, 110_000), (49_900, False, 0), (44_000, True, 110_000)]
)
def test_exit_gives_up_what_its_caller_has_named(named, through, most):
    """Whole tokens of 50,000, four rounds of ten: who names 49,900 loses nothing, who names 0 a lie."""
    market, others = lied_to()
    pool = market.pool
    lost = 0
    for _ in range(4):
        for who in others:
            lie(market)
            arguments = (MAX, market.loans(named), who, who)
            if refusal(pool.exit, *arguments, sender=who) is None:
                got = pool.send("exit", *arguments, sender=who)[0]
                assert got >= market.loans(named)
                lost += market.loans(50_000) - got
                lie(market, "2000")
                pool.deposit(market.loans(50_000), who, sender=who)
            else:
                lie(market, "2000")
    assert (lost > 0) == through
    assert taken(market) <= market.loans(most)
    assert taken(market) <= lost
