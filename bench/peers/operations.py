"""What is measured: every operation in the life of a loan, twice, and many liquidations at once."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from bench.peers.ground import (
    BORROWER,
    FORTUNE,
    LENDER,
    QUOTE,
    Call,
    Done,
    Failed,
    Flow,
    Ground,
    Market,
    Use,
    person,
)
from plimsoll.chain.engine import CallReverted, Contract, undone
from plimsoll.units import WAD

SUPPLIED, WITHDRAWN, DEPOSITED, RELEASED, BORROWED, REPAID, FLASHED = (
    amount * WAD for amount in (100_000, 1_000, 100, 1, 50_000, 10_000, 100_000)
)
LOCKED, OWED = 10 * WAD, 15_000 * WAD  # of each position that is liquidated
PART = 7_000 * WAD  # below half of the debt, which Aave allows, and below what restores Plimsoll's target
PART_QUOTE, ALL_QUOTE, BAD_QUOTE = 1_750, 1_620, 1_300  # health 0.968, 0.896, 0.719
BATCHES = (1, 10, 50, 256)

# Bounds of what a liquidation moves: repaid with fee and dust; the collateral for it with any of the bonuses.
PART_FLOW = ((PART - WAD, PART + 50 * WAD), (4 * WAD, 45 * WAD // 10))
ALL_FLOW = Flow((OWED, OWED * 101 // 100), (95 * WAD // 10, LOCKED))
BAD_FLOW = Flow((12_000 * WAD, 13_000 * WAD), (99 * WAD // 10, LOCKED))

OPERATIONS = (
    "supply",
    "withdraw",
    "deposit_collateral",
    "withdraw_collateral",
    "borrow",
    "repay_part",
    "repay_all",
    "liquidate_part",
    "liquidate_all",
    "liquidate_bad_debt",
    "flash_loan",
)


@dataclass
class Measured:
    """One market: by operation the first use and the steady one, batches by their size."""

    operations: dict[str, tuple[Use, Use]] = field(default_factory=dict)
    batches: dict[int, Use] = field(default_factory=dict)
    bad_debt_left: int = 0  # what the last position still owes when its collateral is gone, base units

    @property
    def marginal(self) -> int | Failed:
        """The gas of a further liquidation in one transaction: largest batch against smallest."""
        least, most = min(self.batches), max(self.batches)
        low, high = self.batches[least], self.batches[most]
        if isinstance(low, Failed) or isinstance(high, Failed):
            return Failed("a batch failed")
        return (high.gas - low.gas) // (most - least)


def measure(ground: Ground, market: Market, batches: tuple[int, ...] = BATCHES) -> Measured:
    """Plays every operation on a market that others use already, and undoes it all.

    "First" is a person's first use, "steady" the second. What a market refuses, or does not do, is `Failed`.
    """
    with undone(ground.engine):
        return _Play(ground, market).measure(batches)


class _Play:
    def __init__(self, ground: Ground, market: Market) -> None:
        self.ground, self.market = ground, market

    def measure(self, batches: tuple[int, ...]) -> Measured:
        measured = Measured()
        done, market = measured.operations, self.market
        with suppress(CallReverted):  # what fails here fails again where it is measured
            self.others()

        def twice(name: str, build: Callable[[], Call], flow: Flow) -> None:
            done[name] = (self.use(build, flow), self.use(build, flow))

        twice("supply", lambda: market.supply(LENDER, SUPPLIED), _exactly(loan=SUPPLIED))
        twice("withdraw", lambda: market.withdraw(LENDER, WITHDRAWN), _exactly(loan=WITHDRAWN))
        twice("flash_loan", lambda: market.flash_loan(BORROWER, FLASHED), _exactly(loan=2 * FLASHED))
        locked, released = _exactly(collateral=DEPOSITED), _exactly(collateral=RELEASED)
        twice("deposit_collateral", lambda: market.deposit_collateral(BORROWER, DEPOSITED, BORROWER), locked)
        twice("borrow", lambda: market.borrow(BORROWER, BORROWED), _exactly(loan=BORROWED))
        twice("withdraw_collateral", lambda: market.withdraw_collateral(BORROWER, RELEASED), released)
        twice("repay_part", lambda: market.repay(BORROWER, REPAID), _exactly(loan=REPAID))
        done["repay_all"] = (
            self.repay_all(2 * BORROWED - 2 * REPAID),
            self.repay_all(BORROWED, before=lambda: self.ground.run(market.borrow(BORROWER, BORROWED))),
        )
        measured.batches = {size: self.batch(size) for size in batches}
        done["liquidate_part"] = self.liquidations(
            lambda who, owner: market.liquidate(who, owner, PART), PART_QUOTE, Flow(*PART_FLOW)
        )
        done["liquidate_all"] = self.liquidations(market.liquidate_all, ALL_QUOTE, ALL_FLOW, paid_off=True)
        done["liquidate_bad_debt"] = self.liquidations(market.liquidate_bad_debt, BAD_QUOTE, BAD_FLOW)
        measured.bad_debt_left = market.debt(_owners(2, BAD_QUOTE)[-1])
        return measured

    def use(self, build: Callable[[], Call], flow: Flow, paid_off: str | None = None) -> Use:
        """One use; `build` may prepare it first, and `paid_off` names whose debt it must leave at 0."""
        try:
            done = self.ground.measure(build(), flow)
        except CallReverted as refused:
            return Failed(refused.reason or "reverted without a reason")
        if paid_off and isinstance(done, Done) and (left := self.market.debt(paid_off)):
            return Failed(f"a debt of {left} is left")
        return done

    def others(self) -> None:
        """Everybody has tokens; somebody lends, borrows and is liquidated before the measured come."""
        ground, market = self.ground, self.market
        lender, borrower = person("other lender"), person("other borrower")
        for who in (lender, borrower, LENDER, BORROWER):
            self.equip(who, ground.loan, ground.collateral)
        ground.run(market.supply(lender, 10**7 * WAD))
        ground.run(market.deposit_collateral(borrower, 2_500 * WAD, borrower))
        ground.run(market.borrow(borrower, 10**6 * WAD))
        who, owner = self.liquidator("other"), person("other owner")
        self.open_positions([owner], PART_QUOTE)
        ground.run(market.liquidate(who, owner, PART))

    def equip(self, who: str, *tokens: Contract) -> None:
        """Tokens and standing allowances."""
        for token in tokens:
            self.ground.give(token, who, FORTUNE)
        self.ground.approve(self.market.spenders, who)

    def liquidator(self, name: str) -> str:
        """Somebody with loan tokens who has never held the collateral."""
        who = person(f"{name} liquidator")
        self.equip(who, self.ground.loan)
        return who

    def open_positions(self, owners: list[str], quote: int) -> None:
        """Collateral and debt for new owners; then the price falls to `quote`."""
        market = self.market
        market.set_price(QUOTE)
        for owner in owners:
            self.ground.run(market.deposit_collateral(BORROWER, LOCKED, owner))
            self.ground.run(market.borrow(owner, OWED))
        market.set_price(quote)

    def repay_all(self, owed: int, before: Callable[[], None] = lambda: None) -> Use:
        def build() -> Call:
            before()
            return self.market.repay_all(BORROWER)

        return self.use(build, Flow(loan=(owed, owed * 101 // 100)), paid_off=BORROWER)

    def liquidations(
        self, close: Callable[[str, str], Call], quote: int, flow: Flow, paid_off: bool = False
    ) -> tuple[Use, Use]:
        """The first and the second liquidation by somebody, of two owners."""
        who = self.liquidator(f"at {quote}")

        def one(owner: str) -> Use:
            def build() -> Call:
                self.open_positions([owner], quote)
                return close(who, owner)

            return self.use(build, flow, paid_off=owner if paid_off else None)

        first, second = _owners(2, quote)
        return one(first), one(second)

    def batch(self, size: int) -> Use:
        """Liquidations of a part of `size` positions in one transaction, by one who does so often."""
        ground, market = self.ground, self.market

        def build() -> Call:
            who, owners = person("keeper"), _owners(size, PART_QUOTE)
            self.equip(who, ground.loan, ground.collateral)
            if market.helper:
                ground.give(ground.collateral, market.helper, WAD)
            self.open_positions(owners, PART_QUOTE)
            return market.liquidate_many(who, owners, PART)

        loan, collateral = ((low * size, high * size) for low, high in PART_FLOW)
        with undone(ground.engine):
            return self.use(build, Flow(loan, collateral))


def _owners(count: int, quote: int) -> list[str]:
    return [person(f"owner {number} at {quote}") for number in range(count)]


def _exactly(loan: int = 0, collateral: int = 0) -> Flow:
    return Flow((loan, loan), (collateral, collateral))
