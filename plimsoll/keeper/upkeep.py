"""What a keeper does for lenders at its own cost: pokes positions that lack, witnesses raises of limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from plimsoll.keeper.choice import ALL
from plimsoll.keeper.index import Position
from plimsoll.keeper.node import SpokeNode, at, call_data

MATTERS = 100  # basis points by which total assets have fallen before a raise is witnessed


@dataclass(frozen=True, slots=True)
class Task:
    """A transaction that is worth sending."""

    what: str
    to: str
    data: bytes
    worth: int | None  # base units of the loan asset, what it may cost at most; None: anything


class Upkeep:
    """What there is to do for the lenders of one vault's or basket's pool."""

    def __init__(self, vault: SpokeNode) -> None:
        """Asks the pool for its council. Raises `NodeError`."""
        self._vault = vault
        (self._council,) = vault.node.view(vault.pool, "council()", "address")

    def tasks(self, positions: Mapping[str, Position], prices: Sequence[int], block: bytes) -> Iterator[Task]:
        """The most urgent first: the basis of a raise, then what positions lack beyond their provisions.

        Args:
            positions: by owner.
            prices: the oracles', 1e36.
            block: the hash of the block of both.
        """
        yield from self._witness()
        totals = self._vault.totals(block)
        lacking = {
            owner: self._vault.shortfall(position, prices, totals)
            for owner, position in positions.items()
            if position[-1]
        }
        for owner, lack in sorted(lacking.items(), key=lambda it: -it[1]):
            if lack == 0:
                return
            (noted,) = self._vault.node.view(
                self._vault.address, "provision_of(address)", "uint256", owner, block=at(block)
            )
            if lack > noted:
                data = call_data("poke(address)", (owner,))
                yield Task(f"a poke of {owner}", self._vault.address, data, lack - noted)

    def _witness(self) -> Iterator[Task]:
        _, is_guardian, _, basis, ready = self._vault.node.view(
            self._council, "queued()", "address,bool,uint256,uint256,uint256"
        )
        if not ready or is_guardian:
            return
        (assets,) = self._vault.node.view(self._vault.pool, "totalAssets()", "uint256")
        if assets * ALL < basis * (ALL - MATTERS):
            yield Task("a witness", self._council, call_data("witness()", ()), None)
