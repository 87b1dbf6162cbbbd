"""Plimsoll's market, over any of its oracles."""

from collections.abc import Callable, Sequence

from bench.peers.ground import DEPLOYER, FORTUNE, QUOTE, Call, Ground, Leg
from plimsoll.chain.engine import Contract
from plimsoll.chain.protocol import Protocol, open_pool
from plimsoll.params import BLUE_CHIP, PoolParams, price_of
from plimsoll.units import MAX, NOBODY, WAD, order

WEEK = 7 * 24 * 3_600
CEILING = 4  # prices, of a leg of a basket


def slot_oracle(ground: Ground) -> tuple[Contract, Callable[[int], None]]:
    """An oracle that reads one slot, and what sets it: like Morpho Blue's own mock."""
    oracle = ground.make("SlotOracle", price_of(QUOTE, 18, 18))
    return oracle, lambda quote: oracle.send("set_price", price_of(quote, 18, 18), sender=DEPLOYER)


def feed_oracle(ground: Ground) -> tuple[Contract, Callable[[int], None]]:
    """The ChainlinkOracle over the two feeds that Aave's oracle reads as well."""
    (leg,) = ground.legs(1)
    return _oracle_of(ground, leg), leg.set_price


def _oracle_of(ground: Ground, leg: Leg) -> Contract:
    terms = [(feed.address, WEEK, 1, 10**15) for feed in (leg.feed, ground.loan_feed)]
    none = (NOBODY, 0, 0)
    tokens = (leg.token.address, ground.loan.address)
    config = (*tokens, price_of(QUOTE, 18, 18), *terms, none, none, *[NOBODY] * 3, 0)
    return ground.make("ChainlinkOracle", config)


class _Pool:
    """A pool, and what is done in it alike with a vault and with a basket.

    Attributes:
        spoke: the vault or basket.
    """

    spoke: Contract

    def __init__(self, ground: Ground) -> None:
        """Deploys the protocol; the pool is not open."""
        self.protocol = Protocol(ground.deployer)
        params = PoolParams(name="Peers", symbol="PEERS")
        struct = params.to_struct(ground.loan.address, 18)
        self.made = self.protocol.create_pool(struct, DEPLOYER, params.delay)
        self.pool = self.made.pool

    def opened(self, spoke: Contract) -> None:
        """Opens it, with one vault or basket."""
        self.spoke = spoke
        open_pool(self.made, {spoke.address: FORTUNE}, DEPLOYER)
        self.spenders = (self.pool.address, spoke.address)

    def supply(self, who: str, amount: int) -> Call:
        return Call.of(self.pool, "deposit", amount, who, sender=who)

    def borrow(self, who: str, amount: int) -> Call:
        return Call.of(self.spoke, "borrow", amount, sender=who)

    def debt(self, owner: str) -> int:
        return int(self.spoke.call("debt_of", owner))


class Plimsoll(_Pool):
    """A pool with one vault of the blue-chip preset: threshold 83 %, reserve 10 %, fee 10 % of the bonus."""

    helper = None

    def __init__(
        self, ground: Ground, oracle: Callable[[Ground], tuple[Contract, Callable[[int], None]]]
    ) -> None:
        """Deploys the protocol and opens the market."""
        source, self.set_price = oracle(ground)
        super().__init__(ground)
        risk, self.loan = BLUE_CHIP.to_struct(18), ground.loan
        self.opened(self.protocol.create_vault(self.pool, ground.collateral, source, risk))
        self.flash_borrower = ground.make("FlashBorrower")
        self.flash_borrower.send("approve", self.loan, self.pool, sender=DEPLOYER)
        ground.give(self.loan, self.flash_borrower.address, WAD)

    def withdraw(self, who: str, amount: int) -> Call:
        return Call.of(self.pool, "withdraw", amount, who, who, sender=who)

    def deposit_collateral(self, who: str, amount: int, owner: str) -> Call:
        arguments = (amount,) if who == owner else (amount, owner)
        return Call.of(self.spoke, "deposit", *arguments, sender=who)

    def withdraw_collateral(self, who: str, amount: int) -> Call:
        return Call.of(self.spoke, "withdraw", amount, sender=who)

    def repay(self, who: str, amount: int) -> Call:
        return Call.of(self.spoke, "repay", amount, sender=who)

    def repay_all(self, who: str) -> Call:
        return self.repay(who, MAX)

    def liquidate(self, who: str, owner: str, repaid: int) -> Call:
        return Call.of(self.spoke, "liquidate", owner, repaid, sender=who)

    def liquidate_all(self, who: str, owner: str) -> Call:
        return self.liquidate(who, owner, MAX)

    def liquidate_bad_debt(self, who: str, owner: str) -> Call:
        return self.liquidate(who, owner, MAX)

    def liquidate_many(self, who: str, owners: list[str], repaid: int) -> Call:
        return Call.of(self.spoke, "liquidate_batch", [order(each, repaid) for each in owners], sender=who)

    def flash_loan(self, who: str, amount: int) -> Call:
        receiver = self.flash_borrower.address
        return Call.of(self.pool, "flashLoan", receiver, self.loan.address, amount, b"", sender=who)


class Basket(_Pool):
    """A pool with one basket; of every leg the ratios of `Plimsoll`'s vault, and an oracle over two feeds."""

    def __init__(self, ground: Ground, legs: Sequence[Leg]) -> None:
        """Deploys the protocol and opens the market."""
        super().__init__(ground)
        ltv, threshold, *risk = BLUE_CHIP.to_struct(18)
        ceiling = CEILING * price_of(QUOTE, 18, 18)
        structs = [(leg.token, _oracle_of(ground, leg), ltv, threshold, ceiling) for leg in legs]
        self.count = len(legs)
        self.opened(self.protocol.create_basket(self.pool, structs, (0, 0, *risk)))

    def deposit(self, who: str, leg: int, amount: int, owner: str) -> Call:
        arguments = (leg, amount) if who == owner else (leg, amount, owner)
        return Call.of(self.spoke, "deposit", *arguments, sender=who)

    def withdraw(self, who: str, leg: int, amount: int) -> Call:
        return Call.of(self.spoke, "withdraw", leg, amount, sender=who)

    def liquidate(self, who: str, owner: str, repaid: int, without: int = 0) -> Call:
        return Call.of(self.spoke, "liquidate", owner, repaid, [], without, who, b"", sender=who)

    def leave_junk(self, who: str, owner: str) -> Call:
        return self.liquidate(who, owner, MAX, without=1 << 1)

    def close(self, who: str, owner: str) -> list[Call]:
        return [self.liquidate(who, owner, MAX)]

    def held(self, owner: str) -> list[int]:
        return list(self.spoke.call("position_of", owner)[0])[: self.count]

    def lent(self) -> int:
        return int(self.pool.call("totalAssets"))
