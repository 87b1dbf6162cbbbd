"""A21: a lock that the compiler got wrong let callers in again (Curve, Vyper 0.2.15 to 0.3.0).

Here every function of vault, pool, council and backstop is entered, on the bytecode, in every transfer of
every call: with tokens that call out before and after balances move. In callbacks:
tests/unit/vault/test_reentrancy.py.
"""

import pytest

from plimsoll.chain.abi import reason_of
from plimsoll.chain.engine import CallReverted
from plimsoll.testing import Contract
from plimsoll.testing.market import Market
from plimsoll.testing.roles import BORROWER, DEPLOYER, LENDER
from plimsoll.units import FRACTION, MAX, WAD
from tests.utils.moves import VICTIM, every_function, every_move, hooked_market, plan, run

HARMLESS = {"pool: amount did not arrive", "vault: payment did not arrive", "vault: collateral missing"}
MOVES = ("deposit", "mint", "withdraw", "redeem", "exit", "flashLoan", "borrow", "repay", "open", "close",
         "liquidate", "liquidate_batch")  # fmt: skip


@pytest.fixture(scope="module")
def hooked() -> dict[str, tuple[Market, Contract]]:
    """With a mature request to leave the backstop."""
    made = {side: hooked_market(side) for side in ("loan", "collateral")}
    for market, intruder in made.values():
        who, stake = intruder.address, 4_000 * 10**9
        backstop = market.chain.at("Backstop", market.pool.call("backstop"))
        intruder.send("approve", market.pool.address, backstop.address, MAX, sender=DEPLOYER)
        assert run(intruder, (backstop, "deposit", (stake, who))) is None
        assert run(intruder, (backstop, "request", (stake // 2,))) is None
        market.chain.advance(backstop.call("cooldown"))
    return made


def test_the_list_is_complete_and_nothing_fails_silently_at_other_times(hooked):
    """So a failure without a reason, below, is the lock's."""
    for market, intruder in hooked.values():
        calls = every_function(market, intruder.address, VICTIM)
        for part in {contract for contract, _, _ in calls}:
            listed = [function for contract, function, _ in calls if contract == part]
            assert sorted(listed) == sorted(part.transactions)
        reasons = []
        for call in calls:
            with market.chain.isolated():
                reasons.append(run(intruder, call))
        assert "" not in reasons
        assert reasons.count(None) >= 37


@pytest.mark.parametrize("moment", ["hook_before", "hook_after"])
@pytest.mark.parametrize("side", ["loan", "collateral"])
@pytest.mark.parametrize("outer", [*MOVES, "vault deposit", "vault withdraw"])
def test_a21_lock(hooked, side, moment, outer):
    """N1. Locked: the contract that is called, and the pool while it draws. What is open finds true books."""
    market, intruder = hooked[side]
    who, name = intruder.address, outer.split()[-1]
    (move,) = (
        move
        for move in every_move(market)
        if move.name == name and (move.contract is market.vault) == (outer not in MOVES or name in MOVES[6:])
    )
    if not getattr(move, side):
        return
    locked = {move.contract}
    if side == "loan" and move.loan == "out":
        locked.add(market.pool)
    token = getattr(market, side)
    for call in every_function(market, who, VICTIM):
        contract, inner, _ = call
        with market.chain.isolated():
            price, residue = market.pool.call("convertToAssets", WAD), market.residue()
            plan(intruder, call)
            token.send(moment, who, intruder.encode("run"), sender=DEPLOYER)
            try:
                move.make()
            except CallReverted as reverted:
                assert contract not in locked, inner
                assert reverted.reason in HARMLESS, inner
                continue
            assert intruder.call("runs") > 0
            for success, answer in intruder.call("outcomes"):
                if contract in locked:
                    assert (success, reason_of(answer)) == (False, ""), inner
            market.assert_sums([BORROWER, VICTIM, who])
            assert market.pool.call("convertToAssets", WAD) >= price, inner
            assert market.residue() >= residue - FRACTION, inner


def test_the_lock_opens_again(hooked):
    """After each of them everything works as before."""
    for side, (market, intruder) in hooked.items():
        with market.chain.isolated():
            plan(intruder, (market.vault, "deposit", (1,)))
            token = getattr(market, side)
            token.send("hook_after", intruder.address, intruder.encode("run"), sender=DEPLOYER)
            for move in every_move(market):
                move.make()
            token.send("unhook", sender=DEPLOYER)
            for call in every_function(market, intruder.address, LENDER)[:6]:
                assert run(intruder, call) is None, call
