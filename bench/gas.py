"""The gas of every operation against its budget.

Neutral 18-decimal tokens with infinite approvals, the two-feed ChainlinkOracle, one transaction for each
operation, one hour between transactions, receipt `gasUsed` on Anvil. "First" is a user's first use, "steady"
the second. Liquidator and Leverage sell over one pair of the real Uniswap v2; baskets are in `basket_gas`.
Writes bench/gas.json.
"""

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import basket_gas
from plimsoll.chain import artifacts
from plimsoll.chain.anvil import Anvil, AnvilProcess
from plimsoll.chain.protocol import Protocol, open_pool
from plimsoll.params import BLUE_CHIP, PoolParams
from plimsoll.testing import Chain
from plimsoll.units import HOUR, MAX, NOBODY, WAD, order

BATCHES = (1, 10, 50, 256)
PRICE = 2_000  # loan tokens for a collateral token
OUTPUT = Path(__file__).parents[1] / "bench" / "gas.json"

BUDGET = {
    "supply": 63_000,
    "withdraw": 60_500,
    "deposit_collateral": 49_500,
    "withdraw_collateral": 69_000,
    "borrow": 81_500,
    "repay": 70_000,
    "liquidate": 103_500,
    "marginal_liquidation": 9_200,
    "flash_loan": 44_000,
}
CRASHED = 1_750  # debt 15,000 on collateral of 17,500: health 0.968, restorable
CONTRACTS = (
    "Pool",
    "Council",
    "Backstop",
    "Vault",
    "Basket",
    "Factory",
    "ChainlinkOracle",
    "Liquidator",
    "Leverage",
    "Lens",
)
CODE_LIMIT = 24_576  # bytes of deployed code; a blueprint's is initcode behind a preamble of 3 bytes


class Market:
    """A market with neutral tokens, and a clock that moves an hour before each transaction."""

    def __init__(self, engine: Anvil) -> None:
        """Deploys it; Anvil's first accounts are the people."""
        self.engine = engine
        self.owner, self.lender, self.borrower, self.liquidator = engine.request("eth_accounts")[:4]
        self.chain = Chain(engine, self.owner)
        self.protocol = Protocol(self.chain)
        make = self.chain.make
        self.loan = make("PlainToken", "Loan", "LOAN", 18)
        self.collateral = make("PlainToken", "Collateral", "COLL", 18)
        self.feeds = [make("MockFeed", 8, quote * 10**8) for quote in (PRICE, 1)]
        terms = [(feed.address, 7 * 24 * HOUR, 1, 10**15) for feed in self.feeds]
        none = (NOBODY, 0, 0)
        parts = (self.collateral, self.loan, PRICE * 10**36, *terms, none, none, *[NOBODY] * 3, 0)
        self.oracle = make("ChainlinkOracle", parts)
        self.flash_borrower = make("FlashBorrower")
        params = PoolParams(name="Gas", symbol="GAS")
        made = self.protocol.create_pool(params.to_struct(self.loan.address, 18), self.owner, params.delay)
        self.pool: Any = made.pool
        self.vault: Any = self.protocol.create_vault(
            made.pool, self.collateral, self.oracle, BLUE_CHIP.to_struct(18)
        )
        open_pool(made, {self.vault.address: 10**9 * WAD}, self.owner)
        for actor in (self.lender, self.borrower, self.liquidator):
            for token in (self.loan, self.collateral):
                token.mint(actor, 10**9 * WAD, sender=self.owner)
                for spender in (self.pool, self.vault):
                    token.approve(spender, MAX, sender=actor)
        self.loan.mint(self.flash_borrower, WAD, sender=self.owner)
        self.flash_borrower.approve(self.loan, self.pool, sender=self.owner)

    def use(self, method: Any, *arguments: Any, sender: str) -> int:
        """The gas of one transaction, an hour after the last."""
        self.engine.advance(HOUR)
        method(*arguments, sender=sender)
        return self.engine.gas_used

    def set_price(self, quote: int) -> None:
        """Moves the collateral feed."""
        self.feeds[0].set_answer(quote * 10**8, sender=self.owner)

    @staticmethod
    def addresses(count: int, offset: int) -> list[str]:
        """`count` addresses that look like some, from a number on."""
        return [
            f"0x{0xABCDEF << 136 | offset + index + (0x1234567890ABCDEF << 64):040x}"
            for index in range(count)
        ]

    def borrowers(self, count: int, offset: int) -> list[str]:
        """`count` new owners, each with ten collateral tokens and three quarters of their value in debt."""
        owners = self.addresses(count, offset)
        for owner in owners:
            self.vault.deposit(10 * WAD, owner, sender=self.borrower)
            self.vault.borrow(15_000 * WAD, sender=owner)
        return owners

    def measure(self) -> tuple[dict[str, int], dict[str, int], dict[int, int]]:
        """Steady and first-use gas by operation, and the gas of batches by their size."""
        first: dict[str, int] = {}
        steady: dict[str, int] = {}

        def operation(name: str, method: Any, *arguments: Any, sender: Any) -> None:
            first[name] = self.use(method, *arguments, sender=sender)
            steady[name] = self.use(method, *arguments, sender=sender)

        pool, vault = self.pool, self.vault
        operation("supply", pool.deposit, 10**6 * WAD, self.lender, sender=self.lender)
        operation("deposit_collateral", vault.deposit, 1_000 * WAD, sender=self.borrower)
        operation("borrow", vault.borrow, 100_000 * WAD, sender=self.borrower)
        operation("withdraw_collateral", vault.withdraw, WAD, sender=self.borrower)
        operation("repay", vault.repay, 10_000 * WAD, sender=self.borrower)
        operation("withdraw", pool.withdraw, 1_000 * WAD, self.lender, self.lender, sender=self.lender)
        operation(
            "flash_loan", pool.flashLoan, self.flash_borrower, self.loan, WAD, b"", sender=self.borrower
        )
        pool.deposit(10**7 * WAD, self.lender, sender=self.lender)

        owners = self.borrowers(2, 1)
        self.set_price(CRASHED)
        for owner, figures in zip(owners, (first, steady), strict=True):
            figures["liquidate"] = self.use(vault.liquidate, owner, MAX, sender=self.liquidator)
        batches = {}
        for size in BATCHES:
            self.set_price(PRICE)
            owners = self.borrowers(size, 1_000 * size)
            self.set_price(CRASHED)
            orders = [order(owner) for owner in owners]
            batches[size] = self.use(vault.liquidate_batch, orders, sender=self.liquidator)
            bits = vault.preview_liquidate_batch(orders)[3]
            assert bits == 0, "a batch has left somebody liquidatable"
        least, most = BATCHES[0], BATCHES[-1]
        steady["marginal_liquidation"] = (batches[most] - batches[least]) // (most - least)
        return steady, first, batches

    def measure_periphery(self) -> dict[str, int]:
        """Gas of liquidations by the Liquidator and of leveraged positions; of repeated ones the second."""
        uniswap = self.chain.make("UniswapV2Factory", self.owner)
        uniswap.createPair(self.loan, self.collateral, sender=self.owner)
        pair = self.chain.at("UniswapV2Pair", uniswap.getPair(self.loan, self.collateral))
        self.loan.mint(pair, PRICE * 10**6 * WAD, sender=self.owner)
        self.collateral.mint(pair, 10**6 * WAD, sender=self.owner)
        pair.mint(self.owner, sender=self.owner)
        liquidator = self.chain.make("Liquidator", self.protocol.factory, uniswap)
        leverage = self.chain.make("Leverage", self.protocol.factory, uniswap)
        for token in (self.loan, self.collateral):
            token.approve(liquidator, MAX, sender=self.liquidator)
            token.approve(leverage, MAX, sender=self.borrower)
        out_of, into = [self.collateral, self.loan], [self.loan, self.collateral]
        gas: dict[str, int] = {}

        def crashed(count: int, offset: int) -> list[str]:
            self.set_price(PRICE)
            owners = self.borrowers(count, offset)
            self.set_price(CRASHED)
            return owners

        def orders(count: int, offset: int) -> list[int]:
            return [order(owner) for owner in crashed(count, offset)]

        for use in range(2):  # the second figure stays
            (owner,) = crashed(1, 10_000 + use)
            gas["liquidate_without_capital"] = self.use(
                liquidator.liquidate,
                self.vault,
                owner,
                MAX,
                out_of,
                0,
                sender=self.liquidator,
            )
            gas["liquidate_with_own_funds"] = self.use(
                liquidator.liquidate_with_funds,
                self.vault,
                orders(1, 20_000 + use),
                0,
                sender=self.liquidator,
            )
        gas["batch_of_10_without_capital"] = self.use(
            liquidator.liquidate_batch, self.vault, orders(10, 30_000), out_of, 0, sender=self.liquidator
        )
        self.set_price(PRICE)
        trader, late = self.borrower, 2**63
        self.vault.close(MAX, MAX, sender=trader)
        self.vault.set_operator(leverage, 3, sender=trader)
        for name in ("open", "increase"):
            gas[f"{name}_leverage"] = self.use(
                leverage.open, self.vault, 10 * WAD, 0, 20_000 * WAD, into, 1, WAD, late, sender=trader
            )
        for name, repayment, payout in (("decrease", 10_000 * WAD, 0), ("close", MAX, MAX)):
            gas[f"{name}_leverage"] = self.use(
                leverage.close, self.vault, repayment, payout, out_of, MAX, WAD, late, sender=trader
            )
        return gas


def sizes() -> dict[str, dict[str, int]]:
    """Bytes of every contract: deployed, that is runtime code and immutables, and initcode."""
    return {
        name: {
            "deployed": len(artifacts.runtime(name))
            + _immutables(artifacts.compiled(name).layout.get("code_layout", {})),
            "initcode": len(artifacts.artifact(name).initcode),
        }
        for name in CONTRACTS
    }


def _immutables(part: dict[str, Any]) -> int:
    return sum(each["length"] if "length" in each else _immutables(each) for each in part.values())


def show(
    steady: dict[str, int], first: dict[str, int], batches: dict[int, int], periphery: dict[str, int]
) -> Table:
    """The table of operations, with budgets where there are any."""
    table = Table(title="Gas (receipt gasUsed)")
    for column in ("operation", "first use", "steady", "budget", "of budget"):
        table.add_column(column, justify="left" if column == "operation" else "right")
    for name, budget in BUDGET.items():
        share = steady[name] / budget
        table.add_row(
            name.replace("_", " "),
            f"{first[name]:,}" if name in first else "",
            f"{steady[name]:,}",
            f"{budget:,}",
            f"[{'green' if share <= 1 else 'red'}]{share:.1%}",
        )
    for size, gas in batches.items():
        table.add_row(f"batch of {size}", "", f"{gas:,}", "", f"{gas // size:,} each")
    for name, gas in periphery.items():
        table.add_row(name.replace("_", " "), "", f"{gas:,}")
    return table


def main() -> None:
    """Measures on an Anvil of its own."""
    with AnvilProcess("--prune-history") as node:  # else it writes the states of old blocks to disk
        market = Market(Anvil(node.url))
        steady, first, batches = market.measure()
        periphery = market.measure_periphery()
        figures = basket_gas.measure(market, PRICE, CRASHED)
    code = sizes()
    console = Console()
    console.print(show(steady, first, batches, periphery))
    console.print(basket_gas.table(figures))
    table = Table(title=f"Code, bytes (limit {CODE_LIMIT:,}; a blueprint holds initcode + 3)")
    for column in ("contract", "deployed", "initcode"):
        table.add_column(column, justify="left" if column == "contract" else "right")
    for name, bytes_of in code.items():
        table.add_row(name, f"{bytes_of['deployed']:,}", f"{bytes_of['initcode']:,}")
    console.print(table)
    OUTPUT.write_text(
        json.dumps(
            {
                "command": "make bench",
                "operations": {
                    name: {"steady": steady[name], "first": first.get(name), "budget": budget}
                    for name, budget in BUDGET.items()
                },
                "batches": {str(size): gas for size, gas in batches.items()},
                "periphery": periphery,
                "baskets": figures,
                "code": code,
            },
            indent=2,
        )
        + "\n"
    )
    console.print(f"written: {OUTPUT.relative_to(Path.cwd())}")
