"""Builds protocols for tests: tokens, a factory, pools and vaults in the variety that a test needs."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ape import project
from ape.api import AccountAPI
from ape.contracts import ContractInstance

from plimsoll.params import BLUE_CHIP, PoolParams, RiskParams
from plimsoll.units import MAX
from tests.utils.calls import send


class Builder:
    """Deploys the protocol's contracts from one account; blueprints and factory once."""

    def __init__(self, deployer: AccountAPI) -> None:
        self.deployer = deployer
        self.factory: ContractInstance = deployer.deploy(
            project.Factory,
            deployer.declare(project.Pool).contract_address,
            deployer.declare(project.Council).contract_address,
            deployer.declare(project.Backstop).contract_address,
            deployer.declare(project.Vault).contract_address,
        )

    def token(self, decimals: int = 18, symbol: str = "TKN") -> ContractInstance:
        """A token without a vice."""
        return self.deployer.deploy(project.PlainToken, f"Token {symbol}", symbol, decimals)

    def oracle(self, price: int) -> ContractInstance:
        """An oracle that answers `price` (1e36) until it is told another."""
        return self.deployer.deploy(project.LyingOracle, price)

    def pool(
        self, asset: ContractInstance, params: PoolParams | None = None, **changes: Any
    ) -> ContractInstance:
        """A pool and its council, the deployer being curator; `changes` replace fields of the parameters."""
        params = (params or PoolParams(name="Plimsoll Test", symbol="pTEST")).model_copy(update=changes)
        struct = params.to_struct(asset.address, asset.decimals())
        receipt = self.factory.create_pool(struct, self.deployer, params.delay, sender=self.deployer)
        return project.Pool.at(receipt.events.filter(self.factory.PoolCreated)[0].pool)

    def council(self, pool: ContractInstance) -> ContractInstance:
        """The council of a pool."""
        return project.Council.at(pool.council())

    def vault(
        self,
        pool: ContractInstance,
        collateral: ContractInstance,
        oracle: ContractInstance,
        risk: RiskParams = BLUE_CHIP,
        **changes: Any,
    ) -> ContractInstance:
        """A vault without a credit limit; `changes` replace fields of the risk parameters."""
        loan_decimals = pool.decimals() - 3
        struct = risk.model_copy(update=changes).to_struct(loan_decimals)
        receipt = self.factory.create_vault(pool, collateral, oracle, struct, sender=self.deployer)
        return project.Vault.at(receipt.events.filter(self.factory.VaultCreated)[0].vault)

    def open(self, pool: ContractInstance, limits: dict[ContractInstance, int]) -> None:
        """Registers vaults with their limits (base units) and opens the pool."""
        council = self.council(pool)
        for vault, limit in limits.items():
            council.set_limit(vault, limit, sender=self.deployer)
        council.open_pool(sender=self.deployer)


def price_of(
    quote: Decimal | int | str, collateral: ContractInstance | int, loan: ContractInstance | int
) -> int:
    """A price in whole loan tokens per whole collateral token, as the oracle says it (1e36)."""
    collateral_decimals = collateral if isinstance(collateral, int) else collateral.decimals()
    loan_decimals = loan if isinstance(loan, int) else loan.decimals()
    return int(Decimal(quote).scaleb(36 + loan_decimals - collateral_decimals))


@dataclass(frozen=True)
class Market:
    """One open pool with one vault, and a price that the test sets; all actors have tokens and approvals."""

    builder: Builder
    loan: ContractInstance
    collateral: ContractInstance
    oracle: ContractInstance
    pool: ContractInstance
    council: ContractInstance
    vault: ContractInstance

    def give(self, actor: AccountAPI, whole_tokens: int = 10**7) -> None:
        """Mints both tokens to `actor`, who approves pool and vault."""
        for token in (self.loan, self.collateral):
            send(token.mint, actor, whole_tokens * 10 ** token.decimals(), sender=actor)
            for spender in (self.pool, self.vault):
                send(token.approve, spender, MAX, sender=actor)

    def set_quote(self, quote: Decimal | int | str) -> None:
        """Sets the price in whole loan tokens for a whole collateral token."""
        price = price_of(quote, self.collateral, self.loan)
        send(self.oracle.set_price, price, sender=self.builder.deployer)

    def loans(self, whole_tokens: Decimal | int | str) -> int:
        """Base units of the loan asset."""
        return int(Decimal(whole_tokens).scaleb(self.loan.decimals()))

    def collaterals(self, whole_tokens: Decimal | int | str) -> int:
        """Base units of the collateral."""
        return int(Decimal(whole_tokens).scaleb(self.collateral.decimals()))


def build_market(
    builder: Builder,
    actors: list[AccountAPI],
    quote: Decimal | int | str = 2_000,
    loan_decimals: int = 6,
    collateral_decimals: int = 18,
    risk: RiskParams = BLUE_CHIP,
    pool_params: PoolParams | None = None,
    limit: int | None = None,
    loan: ContractInstance | None = None,
    collateral: ContractInstance | None = None,
) -> Market:
    """An open market; `limit` in whole loan tokens (default 10 million), every actor provided for.

    Tokens that are given must have the decimals that are said.
    """
    loan = loan or builder.token(loan_decimals, "LOAN")
    collateral = collateral or builder.token(collateral_decimals, "COLL")
    oracle = builder.oracle(price_of(quote, collateral_decimals, loan_decimals))
    pool = builder.pool(loan, pool_params)
    vault = builder.vault(pool, collateral, oracle, risk)
    limit = 10**7 if limit is None else limit
    builder.open(pool, {vault: limit * 10**loan_decimals})
    market = Market(builder, loan, collateral, oracle, pool, builder.council(pool), vault)
    for actor in actors:
        market.give(actor)
    return market
