"""A6: a token that calls out let its holder in again (Lendf.Me, Cream, Agave, Rari).

Here such tokens are not supported, and do no harm: every function of the vault is locked in every hook. The
pool is open in the hook of a repayment; whatever is done there, the payment arrives in full or nothing
happens.
"""

import pytest
from ape import accounts, project

from tests.utils.calls import Refusal, ask, assert_refused, calldata, send, view
from tests.utils.clock import isolated
from tests.utils.intruder import outcomes, plan
from tests.utils.vaults import assert_sums, every_call, open_position, residue
from tests.utils.world import MAX, Market, build_market

pytestmark = pytest.mark.usefixtures("still_clock")


class Hooked:
    """A market of which one token has hooks, and an intruder with a position, tokens and every approval."""

    def __init__(self, market: Market, intruder, token, signer) -> None:
        self.market, self.intruder, self.token, self.signer = market, intruder, token, signer
        self.sender = accounts[intruder.address]

    def hook(self, moment: str, *calls: tuple) -> None:
        """Makes the calls in every transfer, before or after the balances move."""
        plan(self.intruder, *calls)
        method = self.token.hook_before if moment == "before" else self.token.hook_after
        send(method, self.intruder, calldata(self.intruder.run), sender=self.signer)


@pytest.fixture
def make(builder, lender, borrower, other_borrower):
    def make(side: str) -> Hooked:
        kwargs = {"loan": 6, "collateral": 18}
        token = builder.deployer.deploy(project.ReentrantToken, "Hook", "HOOK", kwargs[side])
        market = build_market(builder, [lender, borrower, other_borrower], **{side: token})
        send(market.pool.deposit, market.loans(200_000), lender, sender=lender)
        open_position(market, borrower)
        intruder = builder.deployer.deploy(project.Intruder)
        hooked = Hooked(market, intruder, token, other_borrower)
        for each in (market.loan, market.collateral):
            send(each.mint, intruder, 10**6 * 10 ** each.decimals(), sender=lender)
            for spender in (market.vault, market.pool):
                send(intruder.approve, each, spender, MAX, sender=lender)
        send(market.vault.open, market.collaterals(40), market.loans(15_000), sender=hooked.sender)
        send(market.pool.deposit, market.loans(10_000), intruder, sender=hooked.sender)
        market.set_quote(1_700)
        return hooked

    return make


MOVES = {
    "loan": ("borrow", "repay", "open", "close", "liquidate", "liquidate_batch"),
    "collateral": ("deposit", "withdraw", "open", "close", "liquidate", "liquidate_batch"),
}


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("side", MOVES)
def test_a06_the_vault_is_locked_in_every_hook(make, borrower, other_borrower, side, moment):
    hooked = make(side)
    calls = every_call(hooked.market, hooked.intruder, borrower, other_borrower)
    for name, (method, *arguments) in calls.items():
        assert not isinstance(ask(method, *arguments, sender=hooked.sender), Refusal), name
    hooked.hook(moment, *calls.values())
    for name in MOVES[side]:
        with isolated():
            method, *arguments = calls[name]
            runs = view(hooked.intruder.runs)[0]
            send(method, *arguments, sender=hooked.sender)
            assert view(hooked.intruder.runs)[0] > runs
            assert outcomes(hooked.intruder) == [""] * len(calls), name
            assert_sums(hooked.market, [borrower, hooked.intruder])


def in_the_pool(market: Market, who) -> dict[str, tuple]:
    pool = market.pool
    return {
        "deposit": (pool.deposit, 10**6, who),
        "mint": (pool.mint, 10**9, who),
        "withdraw": (pool.withdraw, 10**6, who, who),
        "redeem": (pool.redeem, 10**9, who, who),
        "exit": (pool.exit, 10**9, 0, who, who),
        "realise": (pool.realise,),
        "accrue": (pool.accrue,),
        "transfer": (pool.transfer, market.vault, 1),
    }


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("name", ["repay", "close", "liquidate", "liquidate_batch"])
def test_a06_a_payment_arrives_in_full_or_not_at_all(make, borrower, other_borrower, name, moment):
    """In the hook of the pull the pool is open: what moves its cash makes the payment fail."""
    hooked = make("loan")
    market = hooked.market
    method, *arguments = every_call(market, hooked.intruder, borrower, other_borrower)[name]
    for kind, call in in_the_pool(market, hooked.intruder).items():
        assert not isinstance(ask(*call, sender=hooked.sender), Refusal), kind
        with isolated():
            hooked.hook(moment, call)
            if kind in ("realise", "accrue", "transfer"):
                price, reserve = view(market.pool.convertToAssets, 10**18), residue(market.pool, market.loan)
                send(method, *arguments, sender=hooked.sender)
                assert isinstance(outcomes(hooked.intruder)[0], bytes)
                assert view(market.pool.convertToAssets, 10**18) == price
                assert residue(market.pool, market.loan) >= reserve
            else:
                assert_refused("vault: payment did not arrive", method, *arguments, sender=hooked.sender)
            assert_sums(market, [borrower, hooked.intruder])


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a06_moving_cash_out_and_in_again_changes_nothing(make, borrower, other_borrower, moment):
    hooked = make("loan")
    market, pool = hooked.market, hooked.market.pool
    price = view(pool.convertToAssets, 10**18)[0]
    hooked.hook(
        moment,
        (pool.withdraw, 10**9, hooked.intruder, hooked.intruder),
        (pool.deposit, 10**9, hooked.intruder),
    )
    reserve = residue(pool, market.loan)
    send(market.vault.repay, 10**9, sender=hooked.sender)
    assert all(isinstance(outcome, bytes) for outcome in outcomes(hooked.intruder))
    assert view(pool.convertToAssets, 10**18)[0] - price in (0, 1)
    assert residue(pool, market.loan) - reserve in range(-2, 65_536)  # roundings of the two
    assert_sums(market, [borrower, hooked.intruder])
