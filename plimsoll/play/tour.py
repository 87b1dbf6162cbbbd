"""Seven steps of a first loan, each a state that is played on the chain when one goes there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plimsoll.market.refusals import MarketError
from plimsoll.play.acts import act
from plimsoll.play.session import Session
from plimsoll.play.shown import plain
from plimsoll.units import DAY, HOUR

VAULT = "vault weth"
"""Where the tour takes place; the market of `session.FILE` has it."""


@dataclass(frozen=True)
class Step:
    """A step: what one reads, and the acts that lead to it from the step before."""

    title: str
    happens: str
    look: str  # at what, on the page
    part: str  # of the page, where that is: `water`, `books` or `acts`
    acts: tuple[tuple[str, Mapping[str, Any]], ...]


def _prices(weth: int, **more: Any) -> tuple[str, Mapping[str, Any]]:
    return "price", {"prices": {"WETH": str(weth)}, **more}


STEPS = (
    Step(
        "Deposit",
        "A lender supplies 90,000 USDC to the pool and gets shares of it. A staker supplies 1,000 USDC and "
        "stakes the shares in the backstop: they earn payouts besides, and bear losses first.",
        "The books: all of the money is cash. Nobody owes anything, so nobody pays interest.",
        "books",
        (
            ("supply", {"who": "lender", "amount": "90000"}),
            ("stake", {"who": "staker", "amount": "1000"}),
        ),
    ),
    Step(
        "Borrow",
        "You lock 10 WETH, worth 20,000 USDC, and borrow 15,000 USDC against them. That is 75 % of their "
        "value; 80 % would be the most. A neighbour is more careful.",
        "The waterline: your loan stands at its liquidation price, 1,807 USDC, where the 83 % of your "
        "collateral's value that count just cover your debt. Its health is those 83 % over the debt, 1.11 "
        "now. As long as that is not below 1, nobody may touch your collateral.",
        "water",
        (
            ("open", {"who": "neighbour", "collateral": {"weth": "20"}, "debt": "12000"}),
            ("open", {"who": "you", "collateral": {"weth": "10"}, "debt": "15000"}),
        ),
    ),
    Step(
        "The price falls",
        "WETH falls to 1,750 USDC. 83 % of your collateral's value no longer cover your debt: your health "
        "is below 1. Anyone may now pay some of your debt and take collateral for it, at a bonus.",
        "Your loan is under water. It still owes less than it holds: nothing is lost, and the lenders are "
        "safe as long as somebody closes it in time.",
        "water",
        (_prices(1_750),),
    ),
    Step(
        "A partial close",
        "A keeper pays about 7,070 USDC of your debt and takes WETH worth a little more. That is just as "
        "much as brings your health back to 1.05, the vault's target, and no more. You keep the rest.",
        "Your loan has come up again, smaller. A close never lowers a position's health.",
        "water",
        (("keepers", {}),),
    ),
    Step(
        "Outage",
        "The oracle falls silent for fifteen hours, while the market outside falls on. Without a price "
        "nobody can be liquidated, and nobody can borrow. Repaying, and leaving the pool, go on.",
        "There is no price, so there is no waterline. Interest goes on.",
        "water",
        (
            ("silence", {"on": True}),
            ("advance", {"seconds": 15 * HOUR}),
        ),
    ),
    Step(
        "Bad debt and the waterfall",
        "The oracle is back, at 1,150 USDC. What you have locked is worth less than what you owe. A keeper "
        "closes the loan for what there is; the rest is lost, and booked in the same call.",
        "The waterfall: the reserve pays first, then the backstop's stake is burnt, and what is left lowers "
        "the value of every lender's shares at once. Nobody can run away from it by leaving first.",
        "books",
        (
            ("silence", {"on": False}),
            _prices(1_150),
            ("poke", {"who": "keeper", "owner": "you"}),
            ("keepers", {}),
        ),
    ),
    Step(
        "Recovery",
        "WETH is back at 2,000 USDC. A year passes: the neighbour's interest pays the lenders, and a tenth "
        "of it fills the reserve again. You open a smaller loan, at 50 % of the value.",
        "The books a year later. The vault's limit is lower by what was lost: what it may cost lenders is "
        "bounded.",
        "books",
        (
            _prices(2_000),
            ("open", {"who": "you", "collateral": {"weth": "10"}, "debt": "10000"}),
            ("advance", {"seconds": 365 * DAY}),
        ),
    ),
)  # fmt: skip


def told() -> list[dict[str, Any]]:
    """The steps for the page: `title`, `happens`, `look`, and in which `part` of it."""
    return [{name: getattr(it, name) for name in ("title", "happens", "look", "part")} for it in STEPS]


def go(session: Session, number: Any) -> dict[str, Any]:
    """Starts the market over and plays it up to a step.

    Args:
        session: whose market.
        number: of the step, from 1.

    Returns:
        `step`, and `acts`: those of the step, each with its `name` and what `acts.act` answers.

    Raises:
        MarketError: there is no such step, or the market has no vault for it.
    """
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= len(STEPS):
        raise MarketError(f"There is no step {number!r}; the tour has steps 1 to {len(STEPS)}.")
    if session.is_own and VAULT not in session.spokes():
        raise MarketError("The tour goes with the market that ships; start `plimsoll play` without a file.")
    session.start_over(0)
    done = []
    for step in STEPS[:number]:
        done = [{"name": name, **act(session, name, VAULT, words)} for name, words in step.acts]
    return {"step": number, "acts": plain(done)}
