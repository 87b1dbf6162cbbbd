"""A29: a pull that forgot to ask for an allowance (several vaults and routers).

Here every pull, of tokens or of shares, is tried with an allowance of nothing and of one too few.
"""

import pytest

from plimsoll.testing import refusal
from plimsoll.testing.market import Market, small_market
from plimsoll.testing.roles import BORROWER, LENDER, LIQUIDATOR, STRANGER
from plimsoll.units import MAX
from tests.utils.moves import VICTIM, every_move, populate

PAR = 1_000  # shares per base unit
TOO_SMALL = "token: allowance too small"


@pytest.fixture(scope="module")
def market() -> Market:
    return populate(small_market())


def test_a29_every_pull_of_a_token(market):
    """What a call pulls is measured; with as much it goes through, with a unit less it does not."""
    pulls = []
    for move in every_move(market):
        for side in ("loan", "collateral"):
            if getattr(move, side) not in ("in", "both"):
                continue
            token, flash = getattr(market, side), move.name == "flashLoan"
            payer = move.arguments[0] if flash else move.sender
            before = market.balance(token, payer)
            with market.chain.isolated():
                move.make()
                pulled = 10**6 if flash else before - market.balance(token, payer)
            assert pulled > 0
            for allowed, expected in ((0, TOO_SMALL), (pulled - 1, TOO_SMALL), (pulled, None)):
                with market.chain.isolated():
                    if flash:
                        receiver = market.chain.make("Intruder")
                        receiver.send(
                            "approve", token.address, move.contract.address, allowed, sender=STRANGER
                        )
                        loan = (receiver.address, *move.arguments[1:])
                        reason = refusal(move.contract.flashLoan, *loan, sender=STRANGER)
                    else:
                        token.send("approve", move.contract.address, allowed, sender=payer)
                        reason = move.refusal()
                    assert reason == expected, (move.name, side, allowed)
            pulls.append((move.name, side))
    assert pulls == [
        ("deposit", "loan"),
        ("mint", "loan"),
        ("flashLoan", "loan"),
        ("repay", "loan"),
        ("deposit", "collateral"),
        ("open", "collateral"),
        ("close", "loan"),
        ("liquidate", "loan"),
        ("liquidate_batch", "loan"),
    ]


def test_a29_nobody_pays_with_anothers_tokens(market):
    """Everybody has approved pool and vault without end; a stranger still pays with his own, and has none."""
    vault = market.vault
    with market.chain.isolated():
        for token, puller in ((market.loan, market.pool), (market.loan, vault), (market.collateral, vault)):
            token.send("approve", puller.address, MAX, sender=STRANGER)
        for contract, name, *arguments in (
            (market.pool, "deposit", 1, LENDER),
            (market.pool, "deposit", 1, STRANGER),
            (market.pool, "mint", PAR, LENDER),
            (vault, "deposit", 1, BORROWER),
            (vault, "repay", 10**6, BORROWER),
            (vault, "close", 10**6, 0, BORROWER, BORROWER),
            (vault, "liquidate", VICTIM, 10**9, 0, LIQUIDATOR),
        ):
            reason = refusal(contract, name, *arguments, sender=STRANGER)
            assert reason == "token: balance too small", name


@pytest.mark.parametrize("allowed", [0, 10**6 * PAR - 1])
def test_a29_shares_of_a_lender(market, allowed):
    pool = market.pool
    pulls = [
        ("withdraw", 10**6, STRANGER, LENDER),
        ("redeem", 10**6 * PAR, STRANGER, LENDER),
        ("exit", 10**6 * PAR, 0, STRANGER, LENDER),
        ("transferFrom", LENDER, STRANGER, 10**6 * PAR),
    ]
    with market.chain.isolated():
        pool.send("approve", STRANGER, allowed, sender=LENDER)
        for name, *arguments in pulls:
            assert refusal(pool, name, *arguments, sender=STRANGER) == "pool: allowance too small"
        pool.send("approve", STRANGER, 10**6 * PAR, sender=LENDER)
        for name, *arguments in pulls:
            assert refusal(pool, name, *arguments, sender=STRANGER) is None


def test_a29_exit_of_everything(market):
    """The largest uint is no way round it."""
    pool = market.pool
    available = pool.call("maxRedeem", LENDER)
    with market.chain.isolated():
        pool.send("approve", STRANGER, available // 2, sender=LENDER)
        reason = refusal(pool.exit, MAX, 0, STRANGER, LENDER, sender=STRANGER)
        assert reason == "pool: allowance too small"
        pool.send("approve", STRANGER, pool.call("balanceOf", LENDER), sender=LENDER)
        assert refusal(pool.exit, MAX, 0, STRANGER, LENDER, sender=STRANGER) is None
