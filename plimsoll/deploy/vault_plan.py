"""Plans one vault, its oracle and its limit."""

from __future__ import annotations

from ape.api import ReceiptAPI

from plimsoll.chain.containers import container
from plimsoll.deploy.book import VaultRecord, contract_at
from plimsoll.deploy.chainlink import Decimals
from plimsoll.deploy.checks import address_in, needed
from plimsoll.deploy.market import VaultSection
from plimsoll.deploy.oracle_plan import OraclePlan
from plimsoll.deploy.pool_plan import PoolPlan
from plimsoll.deploy.spoke_plan import SpokePlan
from plimsoll.deploy.steps import Draft, Step
from plimsoll.params import COLLATERAL_DECIMALS, RiskParams

_OTHERWISE = "give the vault another name"


class VaultPlan(SpokePlan):
    """One vault of a market file, its oracle and its limit."""

    kind = "vault"

    def __init__(self, pool: PoolPlan, section: VaultSection, name: str) -> None:
        """A plan that has no steps yet."""
        super().__init__(pool, section, name)
        self.section = section
        self.records = self.book.vaults
        self.oracle = OraclePlan(pool, section, self.where, self.key, self.is_there, _OTHERWISE)

    def add(self) -> None:
        """Adds all that is missing, or holds what is there against the file."""
        where, section = self.where, self.section
        decimals = self.checks.token(section.collateral, f"{where}.collateral", *COLLATERAL_DECIMALS)
        if not self._may_be() or decimals is None:
            return
        self.check_foreign(section.collateral.address, f"{where}.collateral")
        price = self.oracle.add(Decimals(decimals, self.pool.decimals))
        if self.is_there:
            self._check_vault()
        else:
            self.check_unit(price, decimals)
            self._vault()
        self._limit()

    def _vault(self) -> None:
        section = self.section

        def create_vault() -> Draft:
            return self.checks.factory_call(
                "create_vault",
                needed(address_in(self.book.pools, self.pool.name)),
                needed(self.checks.token_address(section.collateral)),
                self.oracle.usable(),
                section.risk.to_struct(self.pool.decimals),
            )

        def record(receipt: ReceiptAPI) -> str:
            event = container("Factory").VaultCreated.from_receipt(receipt)[0]
            self.book.vaults[self.key] = VaultRecord(
                address=event.vault,
                pool=event.pool,
                collateral=event.collateral,
                oracle=event.oracle,
                tx=receipt.txn_hash,
                block=receipt.block_number,
                risk=section.risk.model_dump(mode="json"),
            )
            return str(event.vault)

        self.steps.add(
            Step(f"vault {self.key}", "create", self.where, transaction=create_vault, record=record)
        )

    def _check_vault(self) -> None:
        section, what = self.section, f"vault {self.key}"
        record = self.book.vaults[self.key]
        self.checks.require_registered(what, "pool_of(address)", "address", record.address, record.pool)
        risk = RiskParams.model_validate(record.risk)
        vault = contract_at("Vault", record.address)
        parts = (record.pool, record.collateral, record.oracle)
        if parts != (
            address_in(self.book.pools, self.pool.name),
            vault.collateral_asset(),
            vault.oracle(),
        ) or (tuple(vault.risk()) != risk.to_struct(self.pool.decimals)):
            raise self.checks.disagreement(what)
        self.checks.compare(f"{self.where}.risk", what, risk, section.risk, _OTHERWISE)
        self.oracle.compare_made(what, record.collateral, record.oracle)
        self.steps.add(Step(what, "exists", self.where, record.address))
