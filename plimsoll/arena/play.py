"""Plays a rule on a scenario's path: its people, feeds, DEX and liquidators, in place of Plimsoll's market.

What is not a rule's is as in the laboratory, with these simplifications: people are passive, nobody comes or
leaves, there is no interest, a block holds every transaction, and who liquidates with `capital` sells in the
next block at any price.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

from plimsoll.arena.rule import Close, Offer, Prices, Rule, value
from plimsoll.params import wad
from plimsoll.scenario.agents.arbitrage import pull
from plimsoll.scenario.collateral import CollateralConfig
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.feeds import FeedUpdates
from plimsoll.scenario.liquidators import LiquidatorConfig
from plimsoll.scenario.loans import Borrower
from plimsoll.twin.uniswap_v2 import amount_out
from plimsoll.units import PRICE_SCALE, WAD

HALVINGS = 8  # of a close that is too large for the DEX

Maker = Callable[[int], Rule]
"""Makes the rule for a vault of the scenario, by its number."""


@dataclass
class Market:
    """A collateral outside of the rule: price, feed, DEX."""

    config: CollateralConfig
    decimals: tuple[int, int]  # of collateral and loan asset
    outside: float = 0.0  # whole loan tokens for a whole token, feedback included
    impact: float = 1.0
    oracle: int = 0  # the feed's answer as a price, 1e36; 0 while it is stale
    reserves: tuple[int, int] | None = None  # of the DEX: collateral, loan asset
    slipped: int = 0  # what sales brought less than the outside price, base units of the loan asset

    def price(self) -> int:
        """The outside price, 1e36."""
        collateral, loan = self.decimals
        return int(round(self.outside * 10**12) * 10 ** (24 + loan - collateral))

    def proceeds(self, amount: int, sold: int = 0) -> int:
        """What selling an amount brings after `sold` more, base units of the loan asset."""
        if self.reserves is None:
            return amount * self.price() // PRICE_SCALE
        return amount_out(sold + amount, self.reserves) - amount_out(sold, self.reserves)

    def sell(self, amount: int) -> int:
        """Sells; the outside price follows as far as the scenario says."""
        brought = self.proceeds(amount)
        self.slipped += amount * self.price() // PRICE_SCALE - brought
        if self.reserves is not None:
            collateral, loan = self.reserves
            self.reserves = collateral + amount, loan - brought
            if self.config.dex and self.config.dex.feedback:
                move = (loan - brought) / loan * collateral / (collateral + amount)
                self.impact *= move ** float(self.config.dex.feedback)
        return brought

    def arbitrage(self, capital: int) -> None:
        """Pulls the DEX to the outside price."""
        if self.reserves is None:
            return
        collateral, loan = self.reserves
        sells, amount = pull(self.reserves, self.price(), capital)
        if amount and sells:
            self.reserves = collateral + amount, loan - amount_out(amount, (collateral, loan))
        elif amount:
            self.reserves = collateral - amount_out(amount, (loan, collateral)), loan + amount


@dataclass
class Keeper:
    """Somebody who liquidates."""

    config: LiquidatorConfig
    cash: int
    held: list[int]
    least: int  # profit of a close, base units
    margin: int  # least worth at the oracle's price of what a base unit buys, WAD
    waits: bool = False  # for the next block, while an offer gets better
    seen: dict[str, tuple[int, int]] = field(default_factory=dict)  # block and gain of offers last looked at

    def pays(self, close: Close, prices: Prices) -> bool:
        """Whether a close brings enough at the oracle's prices."""
        return value(close.got, prices) * WAD >= close.paid * self.margin


def keepers_of(scenario: Scenario, vault: int) -> list[Keeper]:
    """Those who watch one of a scenario's vaults, in the order of their bids."""
    legs = len(scenario.vaults[vault].collaterals)
    return [
        Keeper(
            each,
            scenario.loan_units(each.capital),
            [0] * legs,
            max(1, scenario.loan_units(each.min_profit)),
            WAD + wad(each.margin),
        )
        for each in sorted(scenario.liquidators, key=lambda each: -each.bid)
        if vault in scenario.watched(each)
    ]


@dataclass
class Outcome:
    """What a play left behind; base units of the loan asset unless said otherwise."""

    rule: str
    path: int
    borrowed: int = 0  # by all, before the first block
    booked: int = 0  # debt written off that nobody paid, as the rule books it
    hidden: int = 0  # debt at the end that collateral is not worth, also what the protocol took over
    seized: int = 0  # worth at the outside price of what was taken from borrowers
    refunded: int = 0  # what they got back
    ended: int = 0  # debt that closes ended, what was written off included
    repaid: int = 0  # of that, what liquidators paid, or the protocol for collateral worth it
    needed: int = 0  # of that, the least that would have made them healthy
    keepers: int = 0  # profit of liquidators
    protocol: int = 0  # kept by the protocol; what it took over at the outside price
    venues: int = 0  # what sales brought less than the outside price
    closes: int = 0
    under_water: float = 0.0  # debt times hours, whole loan tokens, while its collateral was worth less
    fall: float = 1.0  # lowest outside price over the first, of all collaterals the lowest

    @property
    def lender_loss(self) -> int:
        """Booked or not."""
        return self.booked + self.hidden

    @property
    def borrower_cost(self) -> int:
        """What was taken from borrowers beyond the debt that it paid, less what they got back."""
        return max(0, self.seized - self.refunded - self.repaid)


class _Block:
    """A block as a rule sees it; see `rule.Field`."""

    def __init__(self, play: _Play, number: int, before: int) -> None:
        self._play, self._markets, self._number, self._before = play, play.markets, number, before
        self.prices: Prices = tuple(market.oracle for market in play.markets)
        outages = (keeper.config.outages for keeper in play.keepers)
        is_out = [any(outage.covers(self.now) for outage in each) for each in outages]
        self._present = [keeper for keeper, out in zip(play.keepers, is_out, strict=True) if not out]

    @property
    def now(self) -> int:
        """Seconds since the start."""
        return self._number * self._play.scenario.block_seconds

    def offer(self, what: str, *offers: Offer) -> Close | None:
        """See `Field`; keepers are asked in the order of their bids."""
        for keeper in self._there(what):
            found = [part for offer in offers if (part := self._part(keeper, offer))]
            if not found:
                continue
            gain, close = max(found, key=lambda part: part[0])
            if not (keeper.waits and self._gets_better(keeper, what, gain)):
                self._take(keeper, close)
                self._play.note(self, what, close)
                return close
        return None

    def call(self, what: str, close: Close) -> bool:
        """See `Field`."""
        there = any(True for _ in self._there(what))
        if there:
            unpaid = max(0, close.ended - value(close.seized, self.prices))
            self._play.note(self, what, close._replace(lost=unpaid))
        return there

    def _there(self, what: str) -> Iterator[Keeper]:
        """Keepers who have noticed what is on offer since then, in the order of their bids."""
        since, last = self._play.offered.get(what, (self._number, self._number))
        since = since if last >= self._before else self._number
        self._play.offered[what] = since, self._number
        for keeper in self._present:
            if self._number - since >= keeper.config.latency:
                yield keeper

    def _gets_better(self, keeper: Keeper, what: str, gain: int) -> bool:
        """Whether an offer brings more than in the block before, or was not there then."""
        block, gained = keeper.seen.get(what, (-1, 0))
        if block == self._number:
            return False
        keeper.seen[what] = self._number, gain
        return block != self._before or gain * 100 > gained * 101

    def _part(self, keeper: Keeper, offer: Offer) -> tuple[int, Close] | None:
        """What brings the keeper most, and how much: a whole close, or a half, a quarter and so on of it."""
        small = offer.quote(max(1, offer.most >> HALVINGS))
        if small and not (keeper.pays(small, self.prices) and self._gain(keeper, small) > 0):
            return None  # then a larger one brings too little, too
        best: tuple[int, Close] | None = None
        before = 0
        for halvings in range(HALVINGS):
            close = offer.quote(offer.most >> halvings)
            if close is None:  # such as one that would leave dust
                continue
            gain = self._gain(keeper, close)
            if halvings and gain <= before and (best or gain < keeper.least):
                break  # smaller parts bring less and less
            before = gain
            has_cash = keeper.config.kind == "flash" or close.paid <= keeper.cash
            if has_cash and gain >= keeper.least and keeper.pays(close, self.prices):
                best = gain, close
        return best

    def _gain(self, keeper: Keeper, close: Close) -> int:
        """Proceeds less cost, base units of the loan asset."""
        legs = zip(self._markets, close.got, keeper.held, strict=True)
        return sum(market.proceeds(amount, held) for market, amount, held in legs if amount) - close.paid

    def _take(self, keeper: Keeper, close: Close) -> None:
        keeper.cash -= close.paid
        for leg, amount in enumerate(close.got):
            if keeper.config.kind == "flash":
                keeper.cash += self._markets[leg].sell(amount) if amount else 0
            else:
                keeper.held[leg] += amount


class _Play:
    """One way of a rule through a scenario, in one of its vaults."""

    def __init__(
        self,
        scenario: Scenario,
        vault: int,
        rule: Rule,
        people: Sequence[Borrower],
        path: int,
        keepers: Sequence[Keeper],
    ) -> None:
        self.scenario, self.rule, self.vault, self.keepers = scenario, rule, vault, keepers
        self.outcome = Outcome(rule.name, path)
        first = sum(len(each.collaterals) for each in scenario.vaults[:vault])
        configs = scenario.vaults[vault].collaterals
        self._paths = scenario.outside_prices(path)[first : first + len(configs)]
        loan = scenario.pool.loan.decimals
        self.markets = [Market(config, (config.collateral.decimals, loan)) for config in configs]
        self.offered: dict[
            str, tuple[int, int]
        ] = {}  # the blocks since which something is, and last was, on offer
        self._feeds: list[tuple[SimpleNamespace, FeedUpdates]] = []
        for market, prices in zip(self.markets, self._paths, strict=True):
            market.outside = float(prices[0])
            oracle = market.config.oracle
            feed = SimpleNamespace(answer=oracle.answer(market.outside), updated_at=0)
            self._feeds.append((feed, FeedUpdates(oracle, feed)))
            if market.config.dex:
                depth = scenario.loan_units(market.config.dex.depth)
                market.reserves = depth * PRICE_SCALE // market.price(), depth
        for person in people:
            self.outcome.borrowed += person.debt
            rule.open(person.address, person.amounts, person.debt)

    def through(self) -> Outcome:
        """All blocks."""
        scenario = self.scenario
        hours, before = scenario.block_seconds / 3600, -1
        for number in range(scenario.blocks + 1):
            second = number * scenario.block_seconds
            self._move(number, second)
            if scenario.sequencer and scenario.sequencer.is_down(second):
                continue
            for keeper in self.keepers:
                self._sell_held(keeper)
            self.rule.block(_Block(self, number, before))
            before = number
            for market in self.markets:
                if market.config.dex:
                    market.arbitrage(scenario.loan_units(market.config.dex.arbitrage))
            self.outcome.under_water += self._uncovered()[0] / 10**scenario.pool.loan.decimals * hours
        return self._finish()

    def note(self, block: _Block, what: str, close: Close) -> None:
        """Keeps what a close did."""
        out, outside = self.outcome, tuple(market.price() for market in self.markets)
        out.closes += bool(close.ended)
        out.needed += self._needed(what, block.prices, close)
        out.seized += value(close.seized, outside)
        out.refunded += close.refund
        out.ended += close.ended
        out.repaid += close.ended - close.lost

    def _needed(self, owner: str, prices: Prices, close: Close) -> int:
        """How much of a repayment would have made the account healthy, at the price of the close."""
        repaid, account = close.ended - close.lost, self.rule.accounts.get(owner)
        if account is None or not repaid:
            return repaid
        held, gone = (
            sum(
                amount * price // PRICE_SCALE * terms.threshold
                for amount, price, terms in zip(amounts, prices, self.rule.terms, strict=True)
            )
            for amounts in (account.amounts, close.seized)
        )
        lacking, gained = account.debt * WAD - held, WAD - gone // (repaid + close.refund)
        return min(repaid, max(0, lacking // gained)) if gained > 0 else repaid

    def _move(self, number: int, second: int) -> None:
        """Prices and feeds of a block."""
        for market, prices, (feed, updates) in zip(self.markets, self._paths, self._feeds, strict=True):
            market.outside = float(prices[number]) * market.impact
            self.outcome.fall = min(self.outcome.fall, market.outside / float(prices[0]))
            oracle = market.config.oracle
            updates.see(market.outside)
            answer = updates.due(second, second)
            if answer is not None:
                feed.answer, feed.updated_at = answer, second
            collateral, loan = market.decimals
            scale = 10 ** (36 + loan - collateral - oracle.decimals)
            market.oracle = feed.answer * scale if second - feed.updated_at <= oracle.stale_after else 0

    def _sell_held(self, keeper: Keeper) -> None:
        for leg, amount in enumerate(keeper.held):
            if amount:
                keeper.cash += self.markets[leg].sell(amount)
                keeper.held[leg] = 0

    def _uncovered(self) -> tuple[int, int]:
        """Debt under water; of that, what its collateral is not worth. Of accounts and of the protocol."""
        outside = tuple(market.price() for market in self.markets)
        own = min(0, self._own(outside))
        debts, lacks = -self.rule.book.cash if own else 0, -own
        for owner in self.rule.accounts:
            owed = self.rule.owed(owner)
            if owed and (worth := value(self.rule.holdings(owner), outside)) < owed:
                debts += owed
                lacks += owed - worth
        return debts, lacks

    def _own(self, outside: Prices) -> int:
        """What the protocol has gained with what it took over, base units; below 0 what it has lost."""
        return self.rule.book.cash + value(self.rule.book.stock, outside)

    def _finish(self) -> Outcome:
        out, book = self.outcome, self.rule.book
        own = self._own(tuple(market.price() for market in self.markets))
        out.booked, out.protocol = book.lost, book.earned + max(0, own)
        out.hidden = self._uncovered()[1]
        for keeper in self.keepers:
            held = sum(
                market.proceeds(amount) for market, amount in zip(self.markets, keeper.held, strict=True)
            )
            out.keepers += keeper.cash + held - self.scenario.loan_units(keeper.config.capital)
        out.venues = sum(market.slipped for market in self.markets)
        return out


def play(
    scenario: Scenario,
    vault: int,
    rule: Rule,
    people: Sequence[Borrower],
    path: int = 0,
    keepers: Sequence[Keeper] | None = None,
) -> Outcome:
    """Plays a rule in place of one of a scenario's vaults.

    Args:
        scenario: whose prices, feeds, DEX and liquidators it has.
        vault: its number.
        rule: without accounts yet.
        people: their loans are opened at the first prices.
        path: number of the random prices.
        keepers: who liquidates, in the order in which they are asked; without, the scenario's.
    """
    those = keepers_of(scenario, vault) if keepers is None else keepers
    return _Play(scenario, vault, rule, people, path, those).through()
