"""Plans what vaults and baskets have in common: the coarsest collateral, and the limit."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from plimsoll.deploy.book import Deployed
from plimsoll.deploy.checks import address_in, needed, plain
from plimsoll.deploy.market import BasketSection, VaultSection
from plimsoll.deploy.pool_plan import PoolPlan
from plimsoll.deploy.steps import Step
from plimsoll.params import NEW_LIMIT_DIVISOR, UNIT_VALUE_DIVISOR, base_units
from plimsoll.units import PRICE_SCALE


class SpokePlan:
    """A vault or a basket of a market file.

    Attributes:
        kind: what it is, for people.
        records: of its kind in the address book.
    """

    kind: str
    records: Mapping[str, Deployed]

    def __init__(self, pool: PoolPlan, section: VaultSection | BasketSection, name: str) -> None:
        """A plan that has no steps yet."""
        self.pool = pool
        self.steps = pool.steps
        self.book = pool.book
        self.checks = pool.checks
        self.complain = pool.complain
        self.spoke = section
        self.where = f"vaults.{name}"
        self.key = f"{pool.name}/{name}"

    @property
    def is_there(self) -> bool:
        """Whether it has been made."""
        return self.key in self.records

    def _may_be(self) -> bool:
        """Whether nothing else has its name, and its `min_debt` fits the loan asset; complains when not."""
        others = self.book.vaults if self.kind == "basket" else self.book.baskets
        if self.key in others:
            self.complain(self.where, f"{self.key} was made as another kind of vault; give it another name")
            return False
        try:
            self.spoke.risk.to_struct(self.pool.decimals)
        except ValueError as error:
            self.complain(f"{self.where}.risk.min_debt", str(error))
            return False
        return True

    def check_foreign(self, address: str | None, where: str) -> None:
        """Refuses the shares of the pool and of its backstop as collateral."""
        record = self.book.pools.get(self.pool.name)
        if record is None or address is None:
            return
        for share, what in ((record.address, "the pool's own"), (record.backstop, "its backstop's")):
            if address == share:
                self.complain(where, f"it is {what} share; choose another token")

    def check_unit(self, price: int | None, collateral_decimals: int) -> None:
        """Refuses a price at which one base unit of collateral is worth too much."""
        min_debt = self.spoke.risk.min_debt
        if price is None:
            return
        if price > base_units(min_debt, self.pool.decimals) * PRICE_SCALE // UNIT_VALUE_DIVISOR:
            least = -(-price * UNIT_VALUE_DIVISOR // PRICE_SCALE)
            self.complain(
                f"{self.where}.risk.min_debt",
                f"{plain(min_debt)} is too small for a collateral of {collateral_decimals} decimals, whose "
                "base unit may be worth a 10,000th of it; raise it to "
                f"{plain(Decimal(least).scaleb(-self.pool.decimals))} or choose another collateral",
            )

    def _limit(self) -> None:
        where, tokens, what = f"{self.where}.limit", self.spoke.limit, f"limit of {self.key}"
        limit = self.pool.council.amount(where, tokens)
        if limit is None:
            return
        burst, min_debt = self.pool.section.draw_burst, self.spoke.risk.min_debt
        if tokens * burst < min_debt:
            self.complain(
                where,
                f"{plain(tokens)} times pool.draw_burst {plain(burst)} is below the {self.kind}'s min_debt "
                f"{plain(min_debt)}, so that nobody could begin a loan; raise it to "
                f"{plain(min_debt / burst)}",
            )
        pool, vault = self.pool.contract, address_in(self.records, self.key)
        current = pool.credit_line(vault)[0] if pool and vault else 0

        def arguments() -> tuple[object, ...]:
            return needed(address_in(self.records, self.key)), limit

        if current == limit:
            self.pool.council.there(what, where)
        elif current or what in self.book.calls:
            if pool and vault and current < limit and pool.losses(vault):
                left = plain(Decimal(current).scaleb(-self.pool.decimals))
                self.steps.add(Step(what, f"exists; {left} after losses", where))
            else:
                self.pool.council.refuse_change(where, tokens, current)
        elif pool is None or not pool.is_open():
            self.pool.council.curate(what, f"set to {plain(tokens)}", where, what, "set_limit", arguments)
        elif self.pool.council.queue(what, where, (vault, False, limit), "queue_limit", arguments):
            bound = pool.totalAssets() // NEW_LIMIT_DIVISOR
            if limit > bound:
                most = plain(Decimal(bound).scaleb(-self.pool.decimals))
                self.complain(
                    where,
                    f"{plain(tokens)} is above {most}, the 5 % of the pool's assets that an open pool grants "
                    f"a new {self.kind}; lower it",
                )
