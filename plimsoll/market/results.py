"""What a market answers: whole tokens, ratios, prices, each with its integer in `raw`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from plimsoll.market.amounts import Amount, Amounts


@dataclass(frozen=True)
class Answer:
    """Figures by name, shown as a table."""

    def rows(self) -> list[tuple[str, Any]]:
        """Names for people, and figures."""
        return [(field.name.replace("_", " "), getattr(self, field.name)) for field in fields(self)]

    def __rich__(self) -> Any:
        """For a terminal."""
        from plimsoll.market.show import figures

        return figures(type(self).__name__.lower(), self.rows())

    def _repr_html_(self) -> str:
        """For a notebook."""
        from plimsoll.market.show import html_figures

        return html_figures(type(self).__name__.lower(), self.rows())


@dataclass(frozen=True)
class Position(Answer):
    """A position at a price; infinity where there is no bound."""

    owner: str
    collateral: Amount
    debt: Amount  # with interest up to now, rounded up
    value: Amount  # of the collateral; 0 without a price
    health: Amount  # infinity without debt; 0 without a price
    liquidation_price: Amount  # the lowest at which it is healthy; 0 without debt
    is_liquidatable: bool


@dataclass(frozen=True)
class Liquidation(Answer):
    """A close, done or previewed.

    Of a close that was done the healths are what its event says: in 1e-9, rounded down, and infinity from
    4.29 on. A preview has all digits.
    """

    owner: str
    paid: Amount  # for the debt
    fee: Amount  # on top, to the reserve
    seized: Amount
    extinguished: Amount  # debt that is gone
    loss: Amount  # debt that is gone and not paid
    health_before: Amount
    health_after: Amount
    price: Amount
    profit: Amount | None = None  # of a flash liquidation, sent to the liquidator


@dataclass(frozen=True)
class BasketPosition(Answer):
    """A position in a basket; silent legs, whose oracles have no price, count at their ceilings."""

    owner: str
    collateral: Amounts  # by leg
    debt: Amount  # with interest up to now, rounded up
    value: Amount  # of the legs that have a price
    health: Amount  # infinity without debt
    power: Amount  # the debt up to which one may borrow, and withdraw
    fall: Amount  # part by which all prices may fall together until it is liquidatable; 1: none makes it so
    silent: tuple[str, ...]  # legs held
    is_liquidatable: bool


@dataclass(frozen=True)
class BasketLiquidation(Answer):
    """A close of a basket, done or previewed; healths as in `Liquidation`."""

    owner: str
    paid: Amount  # for the debt
    fee: Amount  # on top, to the reserve
    seized: Amounts  # by leg
    extinguished: Amount  # debt that is gone
    loss: Amount  # debt that is gone and not paid
    health_before: Amount
    health_after: Amount
    prices: Amounts  # of the legs held that have one
    profit: Amount | None = None  # of a flash liquidation, sent to the liquidator


@dataclass(frozen=True)
class BasketClosing(Answer):
    """What a borrower has closed."""

    repaid: Amount
    withdrawn: Amounts  # by leg


@dataclass(frozen=True)
class BasketWallet(Answer):
    """What somebody holds outside of positions."""

    loan: Amount
    collateral: Amounts  # by leg
    shares: Amount  # of the pool
    supplied: Amount  # what the shares would be redeemed for now
    staked: Amount  # shares of the backstop


@dataclass(frozen=True)
class Exit(Answer):
    """What a lender has left with."""

    paid: Amount
    shares: Amount  # burnt


@dataclass(frozen=True)
class Closing(Answer):
    """What a borrower has closed."""

    repaid: Amount
    withdrawn: Amount


@dataclass(frozen=True)
class Wallet(Answer):
    """What somebody holds outside of positions."""

    loan: Amount
    collateral: Amount
    shares: Amount  # of the pool
    supplied: Amount  # what the shares would be redeemed for now
    staked: Amount  # shares of the backstop


@dataclass(frozen=True)
class Books(Answer):
    """The pool's books and the vault's credit line; rates a year."""

    assets: Amount  # that lenders own
    debt: Amount
    cash: Amount
    reserve: Amount
    provisions: Amount  # known shortfall of positions
    utilisation: Amount
    borrow_rate: Amount
    supply_rate: Amount
    limit: Amount  # of the vault
    drawn: Amount
    headroom: Amount  # what the vault can draw now
    losses: Amount  # of the vault, so far
    staked: Amount  # pool shares in the backstop


@dataclass(frozen=True)
class Queued(Answer):
    """The change that waits in the council's queue."""

    subject: str
    limit: Amount | None  # None for a new guardian
    basis: Amount | None  # total assets that bound the raise
    ready: datetime
