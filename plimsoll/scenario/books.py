"""What the chain's events say of the positions of a vault or basket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from plimsoll.scenario.markets import Market
from plimsoll.scenario.needed import least_repayment
from plimsoll.twin import slices
from plimsoll.twin.chain import Event
from plimsoll.twin.liquidation import DebtTotals, Risk
from plimsoll.twin.position import (
    LiquidationEvent,
    pack,
    unpack_amounts,
    unpack_debt_totals,
    unpack_liquidation,
)
from plimsoll.twin.slices import Leg

_COLLATERAL = {"Deposit": 1, "Withdraw": -1}
_SHARES = {"Borrow": 1, "Repay": -1}  # of these two the last value is debt shares

Amounts = tuple[int, ...]


class ReplayFailed(AssertionError):
    """The events do not add up to the positions: a bug."""


class Closed(NamedTuple):
    """A close of a position, from its event; lists have an entry for each collateral."""

    owner: str
    amounts: Amounts  # before, base units
    shares: int  # debt shares before
    debt: int  # before, base units, rounded up
    prices: tuple[int, ...]  # 1e36; 0 of a silent leg
    seized: Amounts  # base units
    event: LiquidationEvent
    is_restorable: bool
    needed: int  # the least repayment that brings health to 1; the debt in a shortfall

    @property
    def worth(self) -> int:
        """What was seized is worth at the oracles' prices, base units of the loan asset, rounded down."""
        return sum(map(slices.value_down, self.seized, self.prices))


class Book:
    """The positions of a vault or basket as its events tell them, beside the twin."""

    def __init__(self, market: Market) -> None:
        """Begins with the twin's positions.

        Its `legs` are thresholds and ceilings of the collaterals; that of a vault has no ceiling.
        """
        self._market = market
        self._model = market.vault.model
        self._risk: Risk = self._model.risk
        alone = Leg(self._risk.ltv, self._risk.threshold, 0)
        self.legs: tuple[Leg, ...] = tuple(self._model.legs) if market.is_basket else (alone,)
        self._positions = {owner: self._known(owner) for owner in market.owners}

    def position(self, owner: str) -> tuple[Amounts, int]:
        """Amounts of the collaterals; debt shares."""
        return self._positions.get(owner) or ((0,) * len(self._market.legs), 0)

    def owners(self) -> list[str]:
        """Everybody who has, or has had, a position."""
        return list(self._positions)

    def apply(self, event: Event) -> str | None:
        """Follows a position through an event other than a close; its owner, if it is about a position."""
        if event.name not in _COLLATERAL and event.name not in _SHARES:
            return None
        owner = str(event.values[0])
        amounts, shares = self.position(owner)
        if event.name in _SHARES:
            shares += _SHARES[event.name] * event.values[-1]
        else:
            leg = event.values[-2] if self._market.is_basket else 0
            changed = amounts[leg] + _COLLATERAL[event.name] * event.values[-1]
            amounts = (*amounts[:leg], changed, *amounts[leg + 1 :])
        self._positions[owner] = amounts, shares
        return owner

    def closes(self, call: Event, events: Sequence[Event]) -> Iterator[Closed]:
        """The closes of a `LiquidationCall`, one for each of its `Liquidation` events, which are applied."""
        _, price, packed = call.values
        prices = tuple(price[: len(self.legs)]) if self._market.is_basket else (price,)
        for event in events:
            owner, seized, done = self._decoded(event, packed)
            amounts, shares = self.position(owner)
            after = tuple(have - taken for have, taken in zip(amounts, seized, strict=True))
            self._positions[owner] = after, shares - done.shares
            totals = DebtTotals(*unpack_debt_totals(packed))
            debt = totals.assets_up(shares)
            least = least_repayment(amounts, shares, prices, self.legs, totals, self._risk)
            restorable, needed = least is not None, debt if least is None else least
            yield Closed(owner, amounts, shares, debt, prices, seized, done, restorable, needed)

    def check(self) -> None:
        """Holds the positions against the twin's.

        Raises:
            ReplayFailed: one is another.
        """
        for owner in self._market.owners:
            if self.position(owner) != self._known(owner):
                raise ReplayFailed(f"{owner}: events say {self.position(owner)}, not {self._known(owner)}")

    def _known(self, owner: str) -> tuple[Amounts, int]:
        held, shares = self._model.position_of(owner)
        return (held if self._market.is_basket else (held,)), shares

    def _decoded(self, event: Event, packed: int) -> tuple[str, Amounts, LiquidationEvent]:
        if not self._market.is_basket:
            owner, close, payment = event.values
            done = unpack_liquidation(close, payment, packed)
            return owner, (done.seized,), done
        owner, shares, payment, words = event.values
        seized = unpack_amounts(words)
        done = unpack_liquidation(pack(0, shares), payment, packed)
        return owner, seized[: len(self.legs)], done
