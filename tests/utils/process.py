"""A market in this very process (pyrevm): the same bytecode, a hundred calls in the time of one on Anvil."""

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ape import project

from plimsoll.chain.engine import Artifact, CallReverted, Contract, deploy, deploy_blueprint, undone
from plimsoll.chain.revm import Revm
from plimsoll.params import BLUE_CHIP, PoolParams, RiskParams
from plimsoll.twin.liquidation import DebtTotals, Quote, Risk, quote
from plimsoll.units import FRACTION, MAX, PRICE_SCALE
from tests.stateful.world import CURATOR, DEPLOYER, role
from tests.utils.world import price_of

START = 1_800_000_000


@functools.cache
def artifact(name: str) -> Artifact:
    """A contract as ape has compiled it for this session."""
    kind = getattr(project, name).contract_type
    abi = tuple(entry.model_dump(mode="json", by_alias=True) for entry in kind.abi)
    return Artifact(name, abi, bytes(kind.get_deployment_bytecode()))


class Process:
    """An empty chain, and what deploys and asks on it."""

    def __init__(self) -> None:
        self.engine = Revm(START)

    def make(self, name: str, *arguments: Any) -> Contract:
        """Deploys a contract."""
        return deploy(self.engine, artifact(name), *arguments, sender=DEPLOYER)

    def at(self, address: str, name: str) -> Contract:
        """A contract that another has deployed."""
        return Contract(self.engine, address, artifact(name).abi)

    def isolated(self) -> AbstractContextManager[None]:
        """Undoes what happens inside."""
        return undone(self.engine)


def refusal(contract: Contract, name: str, *arguments: Any, sender: str) -> str | None:
    """The reason for which a call would be refused now, empty without one; None: it would not be."""
    try:
        contract.call(name, *arguments, sender=sender)
    except CallReverted as refused:
        return refused.reason
    return None


@dataclass(frozen=True)
class SmallMarket:
    """One open pool with one vault; amounts are base units unless whole tokens are said."""

    process: Process
    decimals: tuple[int, int]  # of the loan asset and of the collateral
    loan: Contract
    collateral: Contract
    oracle: Contract
    factory: Contract
    pool: Contract
    council: Contract
    vault: Contract

    def loans(self, whole_tokens: Decimal | int | str) -> int:
        """Base units of the loan asset."""
        return int(Decimal(whole_tokens).scaleb(self.decimals[0]))

    def collaterals(self, whole_tokens: Decimal | int | str) -> int:
        """Base units of the collateral."""
        return int(Decimal(whole_tokens).scaleb(self.decimals[1]))

    def set_quote(self, whole: Decimal | int | str) -> None:
        """Sets the price in whole loan tokens for a whole collateral token."""
        self.oracle.send("set_price", price_of(whole, *reversed(self.decimals)), sender=DEPLOYER)

    def give(self, who: str, whole_tokens: int = 10**7) -> str:
        """Mints both tokens to `who` and lets him approve pool and vault."""
        for token, spenders, digits in (
            (self.loan, (self.pool, self.vault), self.decimals[0]),
            (self.collateral, (self.vault,), self.decimals[1]),
        ):
            token.send("mint", who, whole_tokens * 10**digits, sender=DEPLOYER)
            for spender in spenders:
                token.send("approve", spender.address, MAX, sender=who)
        return who

    def open(self, who: str, collateral: int | str = 10, debt: int | str = 15_000) -> None:
        """Locks and borrows whole tokens."""
        self.vault.send("open", self.collaterals(collateral), self.loans(debt), sender=who)

    def balance(self, token: Contract, who: str | Contract) -> int:
        """What somebody holds of a token."""
        return int(token.call("balanceOf", getattr(who, "address", who)))

    def position(self, owner: str) -> tuple[int, int]:
        """Collateral; debt shares."""
        collateral, shares = self.vault.call("position_of", owner)
        return collateral, shares

    def debt(self, owner: str) -> int:
        """Debt as of now, rounded up."""
        return int(self.vault.call("debt_of", owner))

    def price(self) -> int:
        """The oracle's price, 1e36."""
        return int(self.oracle.call("price"))

    def quote(self, owner: str, max_repay: int = MAX) -> Quote:
        """The close that the twin expects of the position."""
        totals, risk = DebtTotals(*self.pool.call("debt_totals")), Risk.from_struct(self.vault.call("risk"))
        return quote(*self.position(owner), self.price(), totals, max_repay, risk)

    def wealth(self, who: str) -> int:
        """Tokens, pool shares and position, in base units of the loan asset at the oracle's price."""
        shares = self.pool.call("balanceOf", who)
        locked = self.position(who)[0] + self.balance(self.collateral, who)
        return int(
            self.balance(self.loan, who)
            + self.pool.call("convertToAssets", shares)
            + locked * self.price() // PRICE_SCALE
            - self.debt(who)
        )

    def residue(self) -> int:
        """`cash + total_debt - total_assets` in fractions: the reserve, were it not cut at 0."""
        assets, debt, *_ = self.pool.call("totals")
        return int(self.balance(self.loan, self.pool) * FRACTION + debt - assets)

    def assert_sums(self, owners: list[str]) -> None:
        """P2, P3 and V1 where only `owners` have positions."""
        held = [self.position(owner) for owner in owners]
        shares = sum(shares for _, shares in held)
        assert shares == self.pool.call("credit_line", self.vault.address)[1], "P2"
        assert shares == self.pool.call("debt_totals")[1], "P2"
        assert self.residue() > -FRACTION, "P3"
        locked = sum(collateral for collateral, _ in held)
        assert self.balance(self.collateral, self.vault) >= locked, "V1"


def small_market(
    loan: str = "PlainToken",
    collateral: str = "PlainToken",
    decimals: tuple[int, int] = (6, 18),
    quote: Decimal | int | str = 2_000,
    risk: RiskParams = BLUE_CHIP,
    limit: int = 10**7,
    supply: int = 200_000,
    flash_fee: Decimal | str = "0",
    oracle: Callable[[Process, Contract, Contract], Contract] | None = None,
) -> SmallMarket:
    """An open market.

    Args:
        loan: the contract of the loan asset, named by its vice.
        collateral: likewise.
        decimals: of the loan asset and of the collateral.
        quote: whole loan tokens for a whole collateral token.
        risk: the vault's parameters.
        limit: the vault's, in whole loan tokens.
        supply: whole loan tokens that the lender `LENDER` supplies.
        flash_fee: of the pool.
        oracle: makes another oracle than a lying one, from the process, the collateral and the loan asset.
    """
    process = Process()
    tokens = [
        process.make(name, name, symbol, digits)
        for name, symbol, digits in ((loan, "LOAN", decimals[0]), (collateral, "COLL", decimals[1]))
    ]
    price = price_of(quote, *reversed(decimals))
    source = oracle(process, tokens[1], tokens[0]) if oracle else process.make("LyingOracle", price)
    blueprints = [
        deploy_blueprint(process.engine, artifact(name), DEPLOYER)
        for name in ("Pool", "Council", "Backstop", "Vault")
    ]
    factory = process.make("Factory", *blueprints)
    params = PoolParams(name="Plimsoll", symbol="P", flash_fee=Decimal(flash_fee))
    struct = params.to_struct(tokens[0].address, decimals[0])
    pool = process.at(factory.send("create_pool", struct, CURATOR, params.delay, sender=DEPLOYER), "Pool")
    terms = risk.to_struct(decimals[0])
    parts = (pool.address, tokens[1].address, source.address, terms)
    vault = process.at(factory.send("create_vault", *parts, sender=DEPLOYER), "Vault")
    council = process.at(pool.call("council"), "Council")
    council.send("set_limit", vault.address, limit * 10 ** decimals[0], sender=CURATOR)
    council.send("open_pool", sender=CURATOR)
    market = SmallMarket(process, decimals, tokens[0], tokens[1], source, factory, pool, council, vault)
    market.give(LENDER)
    if supply:
        pool.send("deposit", market.loans(supply), LENDER, sender=LENDER)
    return market


LENDER, BORROWER, OTHER_BORROWER, LIQUIDATOR, RECEIVER, STRANGER = map(role, range(40, 46))
