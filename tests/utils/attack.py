"""What tests of attacks on a pool's edges share: a pool of a million, backstop, guardian, flash liquidity."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from plimsoll.chain.abi import reason_of
from plimsoll.params import PoolParams
from plimsoll.testing import Chain, Contract, Receipt
from plimsoll.testing.builder import Builder
from plimsoll.testing.engines import START, in_process
from plimsoll.testing.market import Market, build_market
from plimsoll.testing.roles import CURATOR, DEPLOYER, GUARDIAN, LENDER, role
from plimsoll.units import DAY, MAX

SUPPLY = 1_000_000  # whole tokens that `LENDER` supplies
FLASH = 25 * SUPPLY  # whole tokens that last one transaction


def million(
    supply: int = SUPPLY,
    limit: int = 500_000,
    quote: int = 2_000,
    decimals: tuple[int, int] = (6, 18),
    now: int = START,
    **params: Any,
) -> Market:
    """An open pool on a chain of its own with a vault; amounts in whole tokens, `params` of the pool."""
    market = build_market(
        Builder(Chain(in_process(now)), CURATOR),
        [LENDER],
        quote=quote,
        loan_decimals=decimals[0],
        collateral_decimals=decimals[1],
        pool_params=PoolParams(name="Plimsoll", symbol="P", **params),
        limit=limit,
    )
    if supply:
        market.pool.deposit(market.loans(supply), LENDER, sender=LENDER)
    return market


def backstop_of(market: Market) -> Contract:
    """The pool's junior tranche."""
    return market.chain.at("Backstop", market.pool.backstop())


def stake(market: Market, who: Any, whole_tokens: int) -> int:
    """Supplies and stakes; the shares of the backstop."""
    backstop = backstop_of(market)
    shares = market.pool.send("deposit", market.loans(whole_tokens), who, sender=who)
    market.pool.approve(backstop, MAX, sender=who)
    return int(backstop.send("deposit", shares, who, sender=who))


def lenders(market: Market, number: int, whole_tokens: int) -> list[Any]:
    """Others who supply as much each."""
    found = [market.give(role(200 + i)) for i in range(number)]
    for who in found:
        market.pool.deposit(market.loans(whole_tokens), who, sender=who)
    return found


def donate(market: Market, whole_tokens: int) -> None:
    """Raises the reserve."""
    market.loan.mint(market.pool, market.loans(whole_tokens), sender=DEPLOYER)


def appoint_guardian(market: Market) -> None:
    """Through the queue."""
    market.council.queue_guardian(GUARDIAN, sender=CURATOR)
    market.chain.advance(3 * DAY)
    market.council.execute_queued(sender=CURATOR)


def losses_of(market: Market, receipt: Receipt) -> list[tuple[str, int, int, int]]:
    """The losses that a transaction booked: of whom, borne by reserve, backstop and lenders."""
    return [(loss.vault, loss.reserves, loss.backstop, loss.lenders) for loss in receipt.of(market.pool.Loss)]


@dataclass(frozen=True)
class Flash:
    """A contract that holds a great deal of the loan asset, and makes several calls in one transaction."""

    market: Market
    contract: Contract

    @classmethod
    def of(cls, market: Market, whole_tokens: int = FLASH) -> "Flash":
        """Provided with loan asset, and with approvals to pool, vault and backstop."""
        flash = cls(market, market.chain.make("Intruder"))
        market.loan.mint(flash.contract, market.loans(whole_tokens), sender=DEPLOYER)
        market.collateral.mint(flash.contract, market.collaterals(10**7), sender=DEPLOYER)
        for token, spender in (
            (market.loan, market.pool),
            (market.loan, market.vault),
            (market.collateral, market.vault),
            (market.pool, backstop_of(market)),
        ):
            flash.contract.approve(token, spender, MAX, sender=DEPLOYER)
        return flash

    @property
    def loans(self) -> int:
        """What it holds of the loan asset."""
        return self.market.balance(self.market.loan, self.contract)

    def run(self, *calls: tuple[Any, ...]) -> list[str | None]:
        """Makes calls (methods with arguments) in one transaction; why each was refused, None: was not."""
        steps = [(method.contract, method.encode(*arguments)) for method, *arguments in calls]
        self.contract.plan(steps, sender=DEPLOYER)
        self.contract.run(sender=DEPLOYER)
        return [None if done else reason_of(answer) for done, answer in self.contract.outcomes()]

    def around(self, whole_tokens: int, *calls: tuple[Any, ...]) -> list[str | None]:
        """Deposits, makes the calls and exits, in one transaction."""
        pool, me = self.market.pool, self.contract
        amount = self.market.loans(whole_tokens)
        entered, *answers, left = self.run((pool.deposit, amount, me), *calls, (pool.exit, MAX, 0, me, me))
        assert (entered, left) == (None, None)
        return answers

    def around_idle(self, *calls: tuple[Any, ...]) -> list[str | None]:
        """Borrows all that is idle, makes the calls and repays, in one transaction."""
        vault, me = self.market.vault, self.contract
        collateral = self.market.collaterals(10**6)
        borrowed, *answers, repaid = self.run(
            (vault.open, collateral, MAX, me, me, b""), *calls, (vault.close, MAX, MAX, me, me, b"")
        )
        assert (borrowed, repaid) == (None, None)
        return answers


@contextmanager
def unchanged(*questions: Any) -> Iterator[None]:
    """Views (methods with their arguments) that must answer after the block what they answered before."""
    before = [method(*arguments) for method, *arguments in questions]
    yield
    assert [method(*arguments) for method, *arguments in questions] == before
