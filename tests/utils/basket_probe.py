"""The module of a basket's closes by itself, on the bytecode: what it is asked, and what the twin expects."""

from dataclasses import astuple
from typing import Any

from plimsoll.testing import Chain
from plimsoll.twin.basket import packed_amounts
from plimsoll.twin.position import pack
from plimsoll.units import NOBODY
from tests.utils.basket_positions import BasketCase, Terms


def packed(case: BasketCase) -> tuple:
    """As the probe takes it."""
    mask = sum(1 << leg for leg, amount in enumerate(case.amounts) if amount)
    prices = (*case.prices, *(0,) * (8 - len(case.prices)))
    return (
        pack(mask, case.debt_shares), packed_amounts(case.amounts), prices, case.without,
        case.totals, case.max_repay,
    )  # fmt: skip


def expected(case: BasketCase) -> tuple:
    """The twin's close, as the bytecode says one."""
    quote = case.quote()
    seized = quote.seized or (0,) * len(case.amounts)
    return (*quote[:5], packed_amounts(seized), *quote[6:])


def probe(chain: Chain, terms: Terms) -> Any:
    """The module of the bytecode under some terms."""
    legs = [(NOBODY, NOBODY, leg.ltv, leg.threshold, leg.ceiling) for leg in terms.legs]
    return chain.make("SlicesProbe", legs, astuple(terms.risk))
