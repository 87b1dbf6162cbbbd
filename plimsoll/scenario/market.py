"""Puts a scenario's market on a local chain: tokens, feeds, oracle, factory, pool, council, vault, loans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from plimsoll.chain.node import Node
from plimsoll.params import PoolParams
from plimsoll.scenario.borrowers import Borrower
from plimsoll.scenario.config import HOUR, Scenario

if TYPE_CHECKING:
    from ape.api import AccountAPI
    from ape.contracts import ContractInstance
    from ape.managers.project import ProjectManager

MAX = 2**256 - 1
NOBODY = "0x" + "0" * 40
BLOCK = 12  # seconds from block to block
HEARTBEAT = 2 * HOUR
ANSWER_MARGIN = 10  # the oracle's upper bound on an answer, in highest answers of the scenario


@dataclass(frozen=True)
class Market:
    """The contracts of one market, and the node that they live on."""

    node: Node
    deployer: str
    loan: ContractInstance
    collateral: ContractInstance
    collateral_feed: ContractInstance
    loan_feed: ContractInstance
    oracle: ContractInstance
    pool: ContractInstance
    vault: ContractInstance
    loan_answer: int
    loan_decimals: int

    def set_price(self, answer: int, time: int) -> None:
        """Lets the feeds answer: the loan asset's a block before `time`, the collateral's at `time`.

        Args:
            answer: of the collateral's feed, in its decimals.
            time: seconds since 1970; more than two blocks after the last block.
        """
        self.node.next_block_at(time - BLOCK)
        self.node.send(self.deployer, self.loan_feed.set_answer, self.loan_answer)
        self.node.next_block_at(time)
        self.node.send(self.deployer, self.collateral_feed.set_answer, answer)

    def provide(self, actor: str, token: ContractInstance, amount: int, spender: ContractInstance) -> None:
        """Mints base units of a token to `actor`, who lets `spender` take any amount."""
        self.node.send(self.deployer, token.mint, actor, amount)
        self.node.send(actor, token.approve, spender, MAX)


def deploy(scenario: Scenario, node: Node, project: ProjectManager, deployer: AccountAPI) -> Market:
    """Deploys a market and opens its pool; nobody has lent or borrowed yet."""
    terms = scenario.market
    loan = deployer.deploy(project.PlainToken, "Loan asset", terms.loan.symbol, terms.loan.decimals)
    collateral = deployer.deploy(
        project.PlainToken, "Collateral", terms.collateral.symbol, terms.collateral.decimals
    )
    answer = scenario.answer_at(Fraction(0))
    loan_answer = int(terms.loan_price * 10**terms.feed_decimals)
    feeds = [deployer.deploy(project.MockFeed, terms.feed_decimals, each) for each in (answer, loan_answer)]
    highest = max(scenario.answer_at(hour) for hour in scenario.step_hours)
    bounds = [(1, ANSWER_MARGIN * each) for each in (highest, loan_answer)]
    price = answer * 10 ** (36 + terms.loan.decimals) // (loan_answer * 10**terms.collateral.decimals)
    none: tuple[Any, ...] = (NOBODY, 0)
    config = (
        collateral.address,
        loan.address,
        price,
        *((feed.address, HEARTBEAT, *each) for feed, each in zip(feeds, bounds, strict=True)),
        none,
        none,
        *(NOBODY, NOBODY, NOBODY, 0),
    )
    oracle = deployer.deploy(project.ChainlinkOracle, config)

    blueprints = [
        deployer.declare(each) for each in (project.Pool, project.Council, project.Backstop, project.Vault)
    ]
    factory = deployer.deploy(project.Factory, *(each.contract_address for each in blueprints))
    params = PoolParams(name=f"Plimsoll {terms.loan.symbol}", symbol=f"p{terms.loan.symbol}")
    receipt = factory.create_pool(
        params.to_struct(loan.address, terms.loan.decimals), deployer, params.delay, sender=deployer
    )
    pool = project.Pool.at(receipt.events.filter(factory.PoolCreated)[0].pool)
    receipt = factory.create_vault(
        pool, collateral, oracle, terms.risk.to_struct(terms.loan.decimals), sender=deployer
    )
    vault = project.Vault.at(receipt.events.filter(factory.VaultCreated)[0].vault)
    council = project.Council.at(pool.council())
    council.set_limit(vault, scenario.loan_units(terms.credit_limit), sender=deployer)
    council.open_pool(sender=deployer)
    return Market(
        node=node,
        deployer=deployer.address,
        loan=loan,
        collateral=collateral,
        collateral_feed=feeds[0],
        loan_feed=feeds[1],
        oracle=oracle,
        pool=pool,
        vault=vault,
        loan_answer=loan_answer,
        loan_decimals=terms.loan.decimals,
    )


def lend(scenario: Scenario, market: Market) -> None:
    """Lenders supply equal parts; the pool gets its first reserve, as a donation."""
    terms, node = scenario.market, market.node
    supply = scenario.loan_units(terms.supply)
    for number in range(terms.lenders):
        lender = f"0x{0x1E4DE2 << 136 | number + 1:040x}"
        part = supply * (number + 1) // terms.lenders - supply * number // terms.lenders
        market.provide(lender, market.loan, part, market.pool)
        node.send(lender, market.pool.deposit, part, lender)
    node.send(market.deployer, market.loan.mint, market.pool, scenario.loan_units(terms.reserve))


def borrow(market: Market, borrowers: Sequence[Borrower]) -> None:
    """Every borrower opens a loan, with the vault's own checks."""
    for borrower in borrowers:
        market.provide(borrower.address, market.collateral, borrower.collateral, market.vault)
        market.node.send(borrower.address, market.vault.open, borrower.collateral, borrower.debt)
