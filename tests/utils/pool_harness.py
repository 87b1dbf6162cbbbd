"""A pool of which the test plays every part: accounts are its council, its vaults and its backstop."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from plimsoll.params import PoolParams
from plimsoll.testing import Account, Chain, Contract, Receipt
from plimsoll.testing.builder import Builder
from plimsoll.testing.roles import role
from plimsoll.twin.ledger import Totals, accrued
from plimsoll.twin.rates import Curve
from plimsoll.units import FRACTION, MAX, NOBODY

PAR = 1_000  # shares per base unit
BOOKS, COUNTS = 0, 1  # storage slots of the pool
COUNCIL, VAULT, OTHER_VAULT, BACKSTOP = map(role, range(50, 54))


@dataclass(frozen=True)
class PoolHarness:
    """An open pool; `vault` and `other_vault` have limits, `backstop` holds no shares yet."""

    loan: Contract
    factory: Contract
    pool: Contract
    curve: Curve
    reserve_factor: int
    decimals: int  # of the loan asset
    council: Account = COUNCIL
    vault: Account = VAULT
    other_vault: Account = OTHER_VAULT
    backstop: Account = BACKSTOP

    @property
    def chain(self) -> Chain:
        return self.pool.chain

    def units(self, whole_tokens: int) -> int:
        """Base units of the loan asset."""
        return whole_tokens * 10**self.decimals

    def give(self, actor: Any, units: int) -> None:
        """Mints loan asset to `actor`, who approves the pool."""
        self.loan.mint(actor, units, sender=actor)
        self.loan.approve(self.pool, MAX, sender=actor)

    def lend(self, actor: Any, units: int) -> None:
        """`actor` deposits."""
        self.pool.deposit(units, actor, sender=actor)

    def draw(self, units: int, vault: Any = VAULT) -> int:
        """A vault draws to itself; gives the debt shares."""
        before = self.drawn(vault)
        self.pool.draw(units, vault, sender=vault)
        return self.drawn(vault) - before

    def settle(self, shares: int, paid: int, vault: Any = VAULT) -> Receipt:
        """A vault pays and settles, as an honest one does; gives the receipt of `settle`."""
        if paid > 0:
            self.loan.transfer(self.pool, paid, sender=vault)
        return self.pool.settle(shares, paid, sender=vault)

    def lose(self, units: int, vault: Any = VAULT) -> Receipt:
        """A vault draws `units` and settles what it drew without paying; gives the receipt of `settle`."""
        return self.settle(self.draw(units, vault), 0, vault)

    def drawn(self, vault: Any = VAULT) -> int:
        """Debt shares of a vault."""
        return self.line(vault)[1]

    def line(self, vault: Any = VAULT) -> tuple[int, int, int]:
        """Limit in base units, debt shares, debt in base units of a vault."""
        limit, drawn, owed = self.pool.credit_line(vault)
        return limit, drawn, owed

    def books(self) -> Totals:
        """The totals as of now."""
        return Totals(*self.pool.totals())

    def books_after(self, seconds: int) -> Totals:
        """What the twin says the totals will be."""
        return accrued(self.books(), seconds, self.curve, self.reserve_factor)

    def cash(self) -> int:
        """The pool's balance of the loan asset."""
        return self.loan.balanceOf(self.pool)


def build_lab(
    builder: Builder,
    actors: Sequence[Any] = (),
    token: Contract | None = None,
    decimals: int = 6,
    **changes: Any,
) -> PoolHarness:
    """An open pool; vaults have limits of 10 million tokens, vaults and actors as many tokens and approvals.

    `changes` replace fields of the pool's parameters.
    """
    loan = token or builder.token(decimals, "LOAN")
    factory = builder.chain.make("OpenFactory")
    pool = closed_pool(builder, factory, loan, COUNCIL, BACKSTOP, **changes)
    curve = Curve(*pool.rate_params())
    lab = PoolHarness(loan, factory, pool, curve, pool.reserve_factor(), loan.decimals())
    plenty = lab.units(10**7)
    for desk in (VAULT, OTHER_VAULT):
        factory.register(desk, pool, sender=desk)
        pool.set_limit(desk, plenty, sender=COUNCIL)
    pool.open_pool(sender=COUNCIL)
    for actor in (VAULT, OTHER_VAULT, BACKSTOP, *actors):
        lab.give(actor, plenty)
    return lab


def price_never_fell(before: Totals, after: Totals) -> bool:
    """P5: whether a share is worth as much as before, with the virtual amounts."""
    return (after.total_assets + FRACTION) * (before.total_supply + PAR) >= (
        before.total_assets + FRACTION
    ) * (after.total_supply + PAR)


def closed_pool(
    builder: Builder,
    factory: Contract,
    loan: Contract,
    council: str = NOBODY,
    backstop: str = NOBODY,
    **changes: Any,
) -> Contract:
    """A pool of an OpenFactory that nobody can enter yet; without a council it is not initialized."""
    params = PoolParams(name="Plimsoll Lab", symbol="pLAB").model_copy(update=changes)
    struct = params.to_struct(loan.address, loan.decimals())
    blueprint = builder.factory.POOL_BLUEPRINT()
    receipt = factory.create_pool(blueprint, struct, council, backstop, sender=builder.deployer)
    (created,) = receipt.of(factory.PoolCreated)
    return builder.chain.at("Pool", created.pool)


@contextmanager
def holding(pool: Contract, totals: Totals, elapsed: int = 0) -> Iterator[None]:
    """Lets the pool hold these books, last written so many seconds ago."""
    clock = (pool.chain.now - elapsed) % 2**32
    books = totals.total_assets | totals.total_debt << 110 | clock << 220
    counts = (
        totals.total_supply | totals.total_debt_shares << 104 | totals.log_rate << 208 | totals.flags << 240
    )
    with pool.chain.isolated():
        for slot, word in ((BOOKS, books), (COUNTS, counts)):
            pool.engine.set_storage(pool.address, slot, word)
        yield
