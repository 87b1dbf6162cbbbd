"""Since when positions can be liquidated, at a cost that does not depend on how many wait."""

from __future__ import annotations

from plimsoll.scenario.agents.view import View
from plimsoll.scenario.baskets_by_health import BasketsByHealth


class Waiting:
    """The positions of a vault or basket that can be liquidated, each with the block since which it can."""

    def __init__(self, number: int) -> None:
        """Nobody waits yet; `number` is that of the vault or basket."""
        self._number = number
        self._since: dict[str, int] = {}
        self._edge: float | None = None  # the key up to which positions of a vault wait
        self._touched: set[str] = set()  # since prices were known last

    def touch(self, owner: str) -> None:
        """A position has changed."""
        self._touched.add(owner)

    def since(self, owner: str) -> int | None:
        """The block since which a position waits; None: it does not."""
        return self._since.get(owner)

    def see(self, view: View) -> None:
        """The prices of a block are known; while there is none, positions keep waiting."""
        if not view.is_priced(self._number):
            return
        ranking = view.rankings[self._number]
        if isinstance(ranking, BasketsByHealth):
            self._since = {owner: self._since.get(owner, view.block) for owner in view.below(self._number)}
            return
        before, edge = self._edge, view.edge(self._number)
        if before is None or before < edge:
            for owner in ranking.between(before, edge):
                self._since.setdefault(owner, view.block)
        else:
            for owner in ranking.between(edge, before):
                self._since.pop(owner, None)
        for owner in self._touched:
            key = ranking.key(owner)
            if key is not None and key <= edge:
                self._since.setdefault(owner, view.block)
            else:
                self._since.pop(owner, None)
        self._edge = edge
        self._touched.clear()
