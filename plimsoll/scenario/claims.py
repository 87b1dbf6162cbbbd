"""Who owns what in the pool: lenders' shares, the backstop's, debts, and what is left, the reserve."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from plimsoll.scenario.world import World
from plimsoll.twin.ledger import Totals, accrued
from plimsoll.twin.liquidation import ceil_div
from plimsoll.twin.share_math import to_assets_down, to_assets_up
from plimsoll.units import FRACTION

BORROWERS, LENDERS, BACKSTOP, RESERVE = "borrowers", "lenders", "backstop", "reserve"


class Claims(NamedTuple):
    """The pool's books at a time. Others than lenders, backstop and borrowers are named one by one."""

    totals: Totals
    since: int  # seconds since 1970
    stake: int  # pool shares of the backstop
    savers: tuple[tuple[str, int], ...]  # others' pool shares
    debtors: tuple[tuple[str, int], ...]  # others' debt shares
    drawn: tuple[int, ...]  # debt shares of each vault

    @classmethod
    def now(cls, world: World, savers: Mapping[str, str], debtors: Mapping[tuple[int, str], str]) -> Claims:
        """The books as the twin has stored them.

        Args:
            world: the market.
            savers: whose the addresses are that supply besides lenders and the backstop.
            debtors: whose those are that owe besides borrowers, with the numbers of their vaults.
        """
        pool, vaults = world.pool.model, [market.vault.model for market in world.markets]
        return cls(
            pool.totals,
            pool.last_accrual,
            pool.balances.get(pool.backstop, 0),
            tuple((party, pool.balances.get(address, 0)) for address, party in savers.items()),
            tuple((party, vaults[number].shares_of(owner)) for (number, owner), party in debtors.items()),
            tuple(pool.line(vault.address)[1] for vault in vaults),
        )

    def accrued(self, world: World) -> Claims:
        """The same with the interest up to now."""
        pool, now = world.pool.model, world.twin.now
        if pool.totals is self.totals:
            return self._replace(totals=pool.accrued(), since=now)
        totals = accrued(self.totals, now - self.since, pool.curve, pool.reserve_factor)
        return self._replace(totals=totals, since=now)

    def of_parties(self) -> dict[str, int]:
        """Claims less debts of every party, base units of the loan asset; they add up to nothing.

        Shares of the pool are rounded down, debts up; lenders and the reserve have what that leaves.
        """
        t = self.totals
        found: dict[str, int] = defaultdict(int)
        found[BACKSTOP] = to_assets_down(self.stake, t.total_assets, t.total_supply)
        for party, shares in self.savers:
            found[party] += to_assets_down(shares, t.total_assets, t.total_supply)
        assets, debt = t.total_assets // FRACTION, ceil_div(t.total_debt, FRACTION)
        found[LENDERS] += assets - sum(found.values())
        owed = 0
        for party, shares in self.debtors:
            part = to_assets_up(shares, t.total_debt, t.total_debt_shares)
            found[party] -= part
            owed += part
        found[BORROWERS] -= debt - owed
        found[RESERVE] += debt - assets
        return found
