"""Plans one pool and what its curator does for it."""

from __future__ import annotations

from ape.api import ReceiptAPI
from ape.contracts import ContractInstance

from plimsoll.chain.containers import container
from plimsoll.chain.views import is_local
from plimsoll.deploy.book import PoolRecord, contract_at
from plimsoll.deploy.checks import Checks, needed, plain
from plimsoll.deploy.council_plan import CouncilPlan
from plimsoll.deploy.market import PoolSection
from plimsoll.deploy.steps import Draft, Step, Steps
from plimsoll.params import PoolParams
from plimsoll.units import NOBODY, WAD


class PoolPlan:
    """One pool of a market file.

    Attributes:
        section: what the file says.
        name: in the address book.
        decimals: of the loan asset.
        council: what its curator does.
    """

    def __init__(self, steps: Steps, checks: Checks, section: PoolSection, decimals: int) -> None:
        """A plan that has no steps yet."""
        self.steps = steps
        self.book = steps.book
        self.checks = checks
        self.complain = steps.complain
        self.section = section
        self.name = section.symbol
        self.decimals = decimals
        self.council = CouncilPlan(steps, section, decimals)

    @property
    def contract(self) -> ContractInstance | None:
        """The pool, when it has been made."""
        record = self.book.pools.get(self.name)
        return contract_at("Pool", record.address) if record else None

    def add_pool(self) -> None:
        """Adds the pool, or holds the one that is there against the file."""
        section, what = self.section, f"pool {self.name}"
        try:
            section.to_struct(NOBODY, self.decimals)
        except ValueError as error:
            self.complain("pool.rates.floor", str(error))
            return
        if self.name in self.book.pools:
            self._check_pool(what)
            return
        if section.curator not in (None, self.steps.account.address):
            self.complain(
                "pool.curator",
                f"{section.curator} is not the account that deploys, {self.steps.account.address}; choose "
                "the curator's account with --account",
            )
        if section.draw_burst == 1 and not is_local(self.steps.provider):
            self.steps.warn(
                "pool.draw_burst",
                "without a pace a forged or wrongly priced collateral takes a whole limit in one block; "
                "consider 0.1, it cannot be changed later",
            )

        def create_pool() -> Draft:
            struct = section.to_struct(needed(self.checks.token_address(section.asset)), self.decimals)
            return self.checks.factory_call("create_pool", struct, self.steps.account.address, section.delay)

        def record(receipt: ReceiptAPI) -> str:
            event = container("Factory").PoolCreated.from_receipt(receipt)[0]
            self.book.pools[self.name] = PoolRecord(
                address=event.pool,
                council=event.council,
                backstop=event.backstop,
                tx=receipt.txn_hash,
                block=receipt.block_number,
                params=section.model_dump(mode="json", include=set(PoolParams.model_fields)),
            )
            return str(event.pool)

        self.steps.add(Step(what, "create", "pool", transaction=create_pool, record=record))

    def _check_pool(self, what: str) -> None:
        record = self.book.pools[self.name]
        self.checks.require_registered(what, "is_pool(address)", "bool", record.address, True)
        params = PoolParams.model_validate(record.params)
        self.checks.compare("pool", what, params, self.section, "choose another symbol")
        pool, council = contract_at("Pool", record.address), contract_at("Council", record.council)
        asset = pool.asset()
        if self.checks.token_address(self.section.asset) != asset:
            self.complain("pool.asset", f"{what} lends {asset}; restore that, or choose another symbol")
        struct = params.to_struct(asset, self.decimals)
        backstop = contract_at("Backstop", record.backstop)
        deployed = (
            pool.name(),
            pool.symbol(),
            pool.reserve_factor(),
            pool.flashFee(asset, WAD),
            tuple(pool.rate_params()),
            pool.insurance_target(),
            pool.backstop_share(),
            backstop.cooldown(),
            backstop.minimum_stake(),
            *pool.pace(),
            council.delay(),
        )
        if deployed != (*struct[1:], params.delay):
            raise self.checks.disagreement(what)
        self.steps.add(Step(what, "exists", "pool", record.address))

    def add_supply_cap(self) -> None:
        """Adds the supply cap that the file asks for."""
        tokens = self.section.supply_cap
        cap = None if tokens is None else self.council.amount("pool.supply_cap", tokens)
        if tokens is None or cap is None:
            return
        what = f"supply cap of {self.name}"
        current = self.contract.supply_cap() if self.contract else 0
        if current == cap:
            self.council.there(what, "pool.supply_cap")
        elif current or what in self.book.calls:
            self.council.refuse_change("pool.supply_cap", tokens, current)
        else:
            self.council.curate(
                what, f"set to {plain(tokens)}", "pool.supply_cap", what, "set_supply_cap", lambda: (cap,)
            )

    def add_guardian(self) -> None:
        """Adds the guardian that the file names."""
        guardian = self.section.guardian
        if guardian is None:
            return
        what = f"guardian of {self.name}"
        council = self.council.contract
        current = council.guardian() if council else NOBODY
        if current == guardian:
            self.council.there(what, "pool.guardian")
        elif current != NOBODY or what in self.book.calls:
            self.complain(
                "pool.guardian",
                f"the file says {guardian}, but on the chain it is {current}; write that into the file, or "
                "let the curator name another through the council",
            )
        else:
            self.council.queue(
                what, "pool.guardian", (guardian, True, 0), "queue_guardian", lambda: (guardian,)
            )

    def add_opening(self) -> None:
        """Adds the opening, if the file asks for it."""
        if not self.section.open:
            return
        what = f"opening of {self.name}"
        if self.contract and self.contract.is_open():
            self.council.there(what, "pool.open")
        else:
            self.council.curate(what, "open permanently", "pool.open", what, "open_pool", tuple)
