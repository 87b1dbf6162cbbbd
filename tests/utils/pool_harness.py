"""A pool of which the test plays every part: accounts are its council, its vaults and its backstop."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ape import accounts, project
from ape.api import AccountAPI
from ape.contracts import ContractInstance

from plimsoll.params import PoolParams
from plimsoll.twin.ledger import Totals, accrued
from plimsoll.twin.rates import Curve
from plimsoll.units import MAX, NOBODY
from tests.utils.calls import send, view
from tests.utils.world import Builder

PAR = 1_000  # shares a base unit


@dataclass(frozen=True)
class PoolHarness:
    """An open pool; `vault` and `other_vault` have limits, `backstop` holds no shares yet."""

    loan: ContractInstance
    factory: ContractInstance
    pool: ContractInstance
    curve: Curve
    reserve_factor: int
    council: AccountAPI
    vault: AccountAPI
    other_vault: AccountAPI
    backstop: AccountAPI

    def units(self, whole_tokens: int) -> int:
        """Base units of the loan asset."""
        return whole_tokens * 10 ** self.loan.decimals()

    def give(self, actor: AccountAPI, units: int) -> None:
        """Mints loan asset to `actor`, who approves the pool."""
        send(self.loan.mint, actor, units, sender=actor)
        send(self.loan.approve, self.pool, MAX, sender=actor)

    def lend(self, actor: AccountAPI, units: int) -> None:
        """`actor` deposits."""
        send(self.pool.deposit, units, actor, sender=actor)

    def draw(self, units: int, vault: AccountAPI | None = None) -> int:
        """A vault draws to itself; gives the debt shares."""
        vault = vault or self.vault
        before = self.drawn(vault)
        send(self.pool.draw, units, vault, sender=vault)
        return self.drawn(vault) - before

    def settle(self, shares: int, paid: int, vault: AccountAPI | None = None) -> Any:
        """A vault pays and settles, as an honest one does; gives the receipt of `settle`."""
        vault = vault or self.vault
        if paid > 0:
            send(self.loan.transfer, self.pool, paid, sender=vault)
        return self.pool.settle(shares, paid, sender=vault)

    def lose(self, units: int, vault: AccountAPI | None = None) -> Any:
        """A vault draws `units` and settles what it drew without paying; gives the receipt of `settle`."""
        return self.settle(self.draw(units, vault), 0, vault)

    def drawn(self, vault: AccountAPI | None = None) -> int:
        """Debt shares of a vault."""
        return self.line(vault)[1]

    def line(self, vault: AccountAPI | None = None) -> tuple[int, int, int]:
        """Limit in base units, debt shares, debt in base units of a vault."""
        limit, drawn, owed = view(self.pool.credit_line, vault or self.vault)
        return limit, drawn, owed

    def books(self) -> Totals:
        """The totals as of the last block."""
        return Totals(*view(self.pool.totals))

    def books_after(self, seconds: int) -> Totals:
        """What the twin says the totals will be."""
        return accrued(self.books(), seconds, self.curve, self.reserve_factor)

    def cash(self) -> int:
        """The pool's balance of the loan asset."""
        return view(self.loan.balanceOf, self.pool)[0]


def build_lab(
    builder: Builder,
    actors: Sequence[AccountAPI] = (),
    token: ContractInstance | None = None,
    decimals: int = 6,
    **changes: Any,
) -> PoolHarness:
    """An open pool; vaults have limits of 10 million tokens, vaults and actors as many tokens and approvals.

    `changes` replace fields of the pool's parameters. Account 10 is the council, 11 and 12 are the vaults, 13
    is the backstop.
    """
    council, vault, other_vault, backstop = accounts.test_accounts[10:14]
    loan = token or builder.token(decimals, "LOAN")
    factory = builder.deployer.deploy(project.OpenFactory)
    pool = closed_pool(builder, factory, loan, council, backstop, **changes)
    lab = PoolHarness(
        loan,
        factory,
        pool,
        Curve(*pool.rate_params()),
        pool.reserve_factor(),
        council,
        vault,
        other_vault,
        backstop,
    )
    plenty = lab.units(10**7)
    for desk in (vault, other_vault):
        send(factory.register, desk, pool, sender=desk)
        send(pool.set_limit, desk, plenty, sender=council)
    send(pool.open_pool, sender=council)
    for actor in (vault, other_vault, backstop, *actors):
        lab.give(actor, plenty)
    return lab


def closed_pool(
    builder: Builder,
    factory: ContractInstance,
    loan: ContractInstance,
    council: AccountAPI | str = NOBODY,
    backstop: AccountAPI | str = NOBODY,
    **changes: Any,
) -> ContractInstance:
    """A pool of an OpenFactory that nobody can enter yet; without a council it is not initialized."""
    params = PoolParams(name="Plimsoll PoolHarness", symbol="pLAB").model_copy(update=changes)
    struct = params.to_struct(loan.address, loan.decimals())
    blueprint = builder.factory.POOL_BLUEPRINT()
    receipt = factory.create_pool(blueprint, struct, council, backstop, sender=builder.deployer)
    return project.Pool.at(receipt.events.filter(factory.PoolCreated)[0].pool)
