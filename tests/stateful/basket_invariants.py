"""The invariants of a basket; checked on the twin, as in `invariants`.

A leg's value is rounded down, so where a vault's tolerance is a base unit, a basket's is one for each leg.
"""

from collections.abc import Callable, Sequence
from typing import Any

from plimsoll.twin import slices
from plimsoll.twin.basket import Basket
from plimsoll.twin.chain import Revert
from plimsoll.twin.ledger import Totals
from plimsoll.twin.share_math import to_assets_up
from plimsoll.units import WAD
from tests.stateful.invariants import Books, Position, last_share, losses

NOTHING: Position = ((), 0)


def check(
    model: dict[str, Any],
    before: Books,
    after: Books,
    target: str,
    function: str,
    arguments: Sequence[Any],
    answer: Any,
) -> None:
    """Raises AssertionError, naming the invariant, when a call has broken one."""
    basket: Basket = model["basket"]
    former, now = before.positions["basket"], after.positions["basket"]
    for leg, each in enumerate(basket.collaterals):
        locked = sum(amounts[leg] for amounts, _ in now.values())
        assert each.token.balance_of(basket.address) >= locked, f"V1b {leg}"
    if target != "basket" or isinstance(answer, Revert):
        return
    called_back = function == "callback"
    if called_back:
        function, *arguments, _ = arguments
    spare = 1 if called_back else 0  # what settling elsewhere meanwhile adds by rounding
    if function in ("borrow", "open", "withdraw", "close"):
        owner = [argument for argument in arguments if argument != b""][-1]
        _check_loan(basket, former.get(owner, NOTHING), now.get(owner, NOTHING), after.totals, spare)
    if not function.startswith("liquidate"):
        return
    closed = {owner: position for owner, position in former.items() if position != now[owner]}
    prices = [_answer(each.oracle.price) for each in basket.collaterals]
    without = arguments[3] if function == "liquidate" else 0
    restorable = [
        _check_close(basket, prices, without, position, now[owner], before.totals)
        for owner, position in closed.items()
    ]
    if all(restorable) and not before.seized:
        loss = sum(losses(basket.pool, basket.address))
        assert loss <= 1 + spare + last_share(before.totals, after.totals), f"L3b loss {loss}"
    paid, fee, seized = answer[:3]
    worth = sum(map(slices.value_down, seized, prices))
    units = (1 + len(prices)) * len(closed) + len(prices)
    assert worth <= paid * (WAD + basket.risk.bonus_max) // WAD + units, "L7b"
    assert fee <= paid, "fee"


def _check_loan(basket: Basket, former: Position, now: Position, totals: Totals, spare: int) -> None:
    """V2b, V3b, P9; `spare` base units more of debt are allowed."""
    (amounts_before, shares_before), (amounts, shares) = former, now
    rose = shares > shares_before
    debt = to_assets_up(shares, totals.total_debt, totals.total_debt_shares)
    if shares and (rose or any(left < held for held, left in zip(amounts_before, amounts, strict=False))):
        power = 0
        for amount, leg, each in zip(amounts, basket.legs, basket.collaterals, strict=True):
            safe = min(_answer(each.oracle.safe_price), leg.ceiling) if _answer(each.oracle.price) else 0
            power += slices.value_down(amount, safe) * leg.ltv
        assert power >= (debt - spare) * WAD, "V2b"
    if rose:
        assert debt >= basket.risk.min_debt, "V3b"
        limit, drawn = basket.pool.line(basket.address)
        owed = to_assets_up(drawn, totals.total_debt, totals.total_debt_shares)
        assert owed <= limit + spare, "P9"


def _check_close(
    basket: Basket, prices: Sequence[int], without: int, former: Position, now: Position, totals: Totals
) -> bool:
    """L1b, L2b, L3b, V3b, L6b, of one position; whether it was restorable."""
    (amounts, shares), (left, shares_left) = former, now
    risk, legs = basket.risk, basket.legs
    debt = to_assets_up(shares, totals.total_debt, totals.total_debt_shares)
    debt_left = to_assets_up(shares_left, totals.total_debt, totals.total_debt_shares)
    worth, rest = slices.worth_of(amounts, prices, legs, without), slices.worth_of(left, prices, legs)
    units = len(legs)
    assert worth.high_weight < debt * WAD, "L1b healthy"
    restorable = worth.low * WAD >= debt * (WAD + risk.bonus_min)
    assert restorable or worth.low == worth.high, "L1b unknown"
    assert any(left) or not shares_left, "L6b"
    if all(taken or not amount for taken, amount in zip(worth.taken, amounts, strict=True)):
        kept = [after * shares >= before * shares_left for before, after in zip(amounts, left, strict=True)]
        assert all(kept), "L2b slice"
        enough = debt_left == 0 or debt_left >= risk.min_debt or debt_left >= debt - 1
        assert enough or not restorable, "V3b restorable"
    if restorable:
        assert (rest.high_weight + units * WAD) * debt >= worth.high_weight * debt_left, "L2b health"
        assert rest.low + units >= debt_left, "L3b solvent"
    else:
        assert (rest.high + units) * shares >= worth.high * shares_left, "L2b shortfall"
    return restorable


def _answer(ask: Callable[[], int]) -> int:
    """A price; 0 for none."""
    try:
        return ask()
    except Revert:
        return 0
