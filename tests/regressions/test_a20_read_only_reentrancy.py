"""A20: a view read in the middle of a call gave a price that never was (dForce, Sentiment, Sturdy).

Here a view in a hook answers as before the call or as after it, or it reverts. In the callback of a flash
loan: tests/unit/pool/test_flash_loan.py; in those of a vault: tests/unit/vault/test_callbacks.py.
"""

import itertools

import pytest

from plimsoll.testing import Contract
from plimsoll.testing.market import Market
from plimsoll.testing.roles import BORROWER, DEPLOYER, LENDER
from plimsoll.units import DAY, MAX, WAD, order
from tests.utils.moves import VICTIM, Call, every_move, hooked_market, plan

MONTH = 30 * DAY


@pytest.fixture(scope="module")
def hooked() -> dict[str, tuple[Market, Contract]]:
    """A month after the last accrual, so that every call changes something."""
    worlds = {side: hooked_market(side) for side in ("loan", "collateral")}
    for market, _ in worlds.values():
        market.chain.advance(MONTH)
    return worlds


def storage_views(market: Market) -> dict[str, list[Call]]:
    """What answers at any time, by contract: all that somebody might price shares or positions with."""
    pool, vault = market.pool, market.vault
    return {
        "pool": [
            (pool, "totalAssets", ()),
            (pool, "totalSupply", ()),
            (pool, "convertToShares", (WAD,)),
            (pool, "previewDeposit", (WAD,)),
            (pool, "previewMint", (WAD,)),
            (pool, "utilisation", ()),
            (pool, "borrow_rate", ()),
            (pool, "debt_totals", ()),
            (pool, "credit_line", (vault.address,)),
            (pool, "totals", ()),
        ],
        "vault": [
            (vault, "position_of", (BORROWER,)),
            (vault, "position_of", (VICTIM,)),
            (vault, "positions", (VICTIM,)),
        ],
    }


def locked_views(market: Market) -> list[Call]:
    """What needs the state at rest."""
    pool, vault = market.pool, market.vault
    return [
        (pool, "reserves", ()),
        (pool, "excess", ()),
        (pool, "convertToAssets", (WAD,)),
        (pool, "previewWithdraw", (WAD,)),
        (pool, "previewRedeem", (WAD,)),
        (pool, "maxWithdraw", (LENDER,)),
        (pool, "maxRedeem", (LENDER,)),
        (pool, "max_draw", (vault.address,)),
        (pool, "maxFlashLoan", (market.loan.address,)),
        (vault, "health", (VICTIM,)),
        (vault, "max_borrow", (BORROWER,)),
        (vault, "max_withdraw", (BORROWER,)),
        (vault, "preview_liquidate", (VICTIM, MAX)),
        (vault, "preview_liquidate_batch", ([order(VICTIM)],)),
    ]


@pytest.mark.parametrize("moment", ["hook_before", "hook_after"])
@pytest.mark.parametrize("side", ["loan", "collateral"])
def test_a20_read_only_reentrancy(hooked, side, moment):
    """In every transfer of every call that makes one.

    A position that is being opened shows its debt already and its new collateral not yet: less health than it
    had or will have.
    """
    market, reader = hooked[side]
    views, locked = storage_views(market), locked_views(market)
    asked = [*views["pool"], *views["vault"], *locked]
    of_pool = sum(contract is market.pool for contract, *_ in locked)
    cut = tuple(itertools.accumulate((len(views["pool"]), len(views["vault"]), of_pool)))
    seen = 0

    def read() -> list:
        reader.send("run", sender=DEPLOYER)
        return list(reader.call("outcomes"))

    for move in every_move(market):
        if not getattr(move, side):
            continue
        with market.chain.isolated():
            plan(reader, *asked)
            before = read()
            assert all(success for success, _ in before)
            getattr(market, side).send(moment, reader.address, reader.encode("run"), sender=DEPLOYER)
            runs = reader.call("runs")
            move.make()
            assert reader.call("runs") == runs + (2 if move.name == "flashLoan" else 1)
            inside = list(reader.call("outcomes"))
            after = read()
            assert inside[: cut[0]] in (before[: cut[0]], after[: cut[0]]), move.name
            position = slice(*cut[:2])
            if (move.name, side) == ("open", "collateral"):
                (_, was), (_, is_now), (_, seen_inside) = before[cut[0]], after[cut[0]], inside[cut[0]]
                assert seen_inside == was[:32] + is_now[32:]
                assert was[:32] < is_now[:32] and was[32:] < is_now[32:]
                position = slice(cut[0] + 1, cut[1])
            assert inside[position] in (before[position], after[position]), move.name
            if move.contract is market.pool or (side == "loan" and move.loan == "out"):
                assert set(inside[cut[1] : cut[2]]) == {(False, b"")}, move.name
            if move.contract is market.vault:
                assert set(inside[cut[2] :]) == {(False, b"")}, move.name
            seen += before != after
    assert seen == {"loan": 11, "collateral": 6}[side]
