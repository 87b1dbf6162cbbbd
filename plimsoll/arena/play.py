"""Plays a rule on a scenario's path: its people, feeds, DEX and liquidators, in place of Plimsoll's market.

What is not a rule's is as in the laboratory, with these simplifications: people are passive, nobody comes or
leaves, there is no interest and no price for blocks, and each collateral has one feed and one pair at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from plimsoll.arena.keepers import Keeper, keepers_of
from plimsoll.arena.market import Market
from plimsoll.arena.rule import Close, Offer, Offers, Prices, Rule, value, weighted
from plimsoll.scenario.agents.liquidators import HALVINGS
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.loans import Borrower
from plimsoll.units import WAD


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
    relieved: int = 0  # debt that is theirs no more without being written off
    ended: int = 0  # debt that is nobody's any more, what was written off included
    repaid: int = 0  # of that, what liquidators or others paid, or the protocol for collateral worth it
    needed: int = 0  # of that, the least that would have made them healthy
    keepers: int = 0  # profit of liquidators, and of who trades with a rule's own market
    protocol: int = 0  # kept by the protocol; what it took over at the outside price
    others: int = 0  # what others who stand in by the rule lost in closes that cost them something
    others_gain: int = 0  # what they gained in the other ones
    venues: int = 0  # what sales brought less than the outside price
    closes: int = 0
    under_water: float = 0.0  # debt times hours, whole loan tokens, while its collateral was worth less
    fall: float = 1.0  # lowest outside price over the first, of all collaterals the lowest
    cascade: float | None = None  # its fall over that of the path without feedback, of all the highest

    @property
    def lender_loss(self) -> int:
        """Booked or not."""
        return self.booked + self.hidden

    @property
    def borrower_cost(self) -> int:
        """What was taken from borrowers beyond the debt that it paid, less what they got back."""
        return max(0, self.seized - self.refunded - self.relieved)


class _Block:
    """A block as a rule sees it; see `rule.Field`."""

    def __init__(self, play: _Play, number: int, before: int) -> None:
        self._play, self._number, self._before = play, number, before
        self.prices: Prices = tuple(market.oracle for market in play.markets)
        self._present = [keeper for keeper in play.keepers if not keeper.is_out(self.now)]
        self._capital = min(market.capital for market in play.markets)
        self.is_served = False

    @property
    def now(self) -> int:
        """See `Field`."""
        return self._number * self._play.scenario.block_seconds

    @property
    def outside(self) -> Prices:
        """See `Field`."""
        return tuple(market.price for market in self._play.markets)

    def trade(self, offer: Offer) -> Close | None:
        """See `Field`; in each block arbitrageurs have as much for it as for a DEX."""
        best, gained, outside = None, 0, self.outside
        for halvings in range(HALVINGS):
            close = offer.quote(offer.most >> halvings)
            if close is None or abs(close.paid) > self._capital:
                continue
            gain = value(close.seized, outside) - close.paid
            if best and gain <= gained:
                break  # smaller parts gain less and less
            if gain > gained:
                best, gained = close, gain
        if best:
            self._capital -= abs(best.paid)
            self._play.outcome.keepers += gained
            self.record("", best)
        return best

    def sell(self, leg: int, amount: int, least: int, may: Callable[[int, int], bool]) -> tuple[int, int]:
        """See `Field`."""
        market = self._play.markets[leg]
        most = min(amount, market.down_to(least))
        for halvings in range(HALVINGS):
            sold = most >> halvings
            if sold and may(sold, market.proceeds(sold)):
                return sold, market.sell(sold)
        return 0, 0

    def record(self, what: str, close: Close) -> None:
        """See `Field`."""
        self._play.note(self.prices, what, close)

    def serve(self, names: Iterable[str], offers: Offers, take: Callable[[str, Close], None]) -> None:
        """See `Field`."""
        if self.is_served:
            raise RuntimeError(f"{self._play.rule.name} serves its keepers twice in a block")
        self.is_served = True
        play = self._play

        def carry_out(what: str, close: Close) -> None:
            play.note(self.prices, what, close)
            take(what, close)

        free = [keeper for keeper in self._present if keeper.is_free]
        lots = [(what, offers(what)) for what in names] if free else []
        for keeper in free:
            keeper.decide((self._number, self._before), play.markets, self.prices, lots)
        for keeper in play.keepers:
            keeper.act(self._number, play.markets, offers, carry_out)

    def call(self, what: str, close: Close) -> bool:
        """See `Field`."""
        since, last = self._play.called.get(what, (self._number, self._number))
        since = since if last >= self._before else self._number
        self._play.called[what] = since, self._number
        waited = self._number - since
        if not any(waited >= keeper.config.latency for keeper in self._present):
            return False
        unpaid = max(0, close.ended - close.passed - value(close.seized, self.prices))
        self._play.note(self.prices, what, close._replace(lost=unpaid))
        return True


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
        self.scenario, self.rule, self.keepers = scenario, rule, keepers
        self.outcome = Outcome(rule.name, path)
        first = sum(len(each.collaterals) for each in scenario.vaults[:vault])
        configs = scenario.vaults[vault].collaterals
        self._paths = scenario.outside_prices(path)[first : first + len(configs)]
        loan = scenario.pool.loan.decimals
        self.markets = [
            Market(config, loan, float(prices[0]))
            for config, prices in zip(configs, self._paths, strict=True)
        ]
        self.called: dict[str, tuple[int, int]] = {}  # the blocks since which, and when last, it was called
        for person in people:
            self.outcome.borrowed += person.debt
            rule.open(person.address, person.amounts, person.debt)

    def through(self) -> Outcome:
        """All blocks."""
        scenario = self.scenario
        hours, before = scenario.block_seconds / 3600, -1
        for number in range(scenario.blocks + 1):
            second = number * scenario.block_seconds
            is_down = bool(scenario.sequencer and scenario.sequencer.is_down(second))
            for market, prices in zip(self.markets, self._paths, strict=True):
                if is_down:
                    market.look(float(prices[number]))
                else:
                    market.move(float(prices[number]), second)
            if not is_down:
                self._block(number, before)
                before = number
            self.outcome.under_water += self._uncovered()[0] / 10**scenario.pool.loan.decimals * hours
        return self._finish()

    def _block(self, number: int, before: int) -> None:
        """What is sent in a block; arbitrageurs know of nothing that happens in it, and come last."""
        gaps = [market.gap() for market in self.markets]
        block = _Block(self, number, before)
        self.rule.block(block)
        if not block.is_served:
            block.serve((), lambda _: (), lambda _what, _close: None)
        for market, gap in zip(self.markets, gaps, strict=True):
            market.arbitrage(gap)

    def note(self, prices: Prices, what: str, close: Close) -> None:
        """Keeps what a close is about to do."""
        self._check(what, close)
        out, outside = self.outcome, tuple(market.price for market in self.markets)
        out.closes += bool(close.ended)
        out.needed += self._needed(what, prices, close)
        out.seized += value(close.seized, outside)
        out.refunded += close.refund
        out.relieved += close.ended - close.lost
        out.ended += close.ended - close.moved
        out.repaid += close.ended - close.lost - close.moved
        loss = close.passed - (value(close.shared, outside) if close.shared else 0)
        out.others += max(0, loss)
        out.others_gain += max(0, -loss)

    def _check(self, owner: str, close: Close) -> None:
        """Sees that a close of an account takes no more than there is, and hands nothing over unsaid.

        Raises:
            RuntimeError: it does; the rule is wrong.
        """
        if owner not in self.rule.accounts:
            return  # an auction, an exchange
        owed, held = self.rule.owed(owner), self.rule.holdings(owner)
        begin = f"a close by {self.rule.name} of {owner}"
        if any(gone > has for gone, has in zip(close.seized, held, strict=True)):
            raise RuntimeError(f"{begin} seizes {close.seized} of {tuple(held)}")
        if not 0 <= close.lost + close.passed <= close.ended <= owed:
            raise RuntimeError(
                f"{begin} ends {close.ended} of {owed} that is owed, with {close.lost} lost and "
                f"{close.passed} passed on"
            )
        if close.passed and not self.rule.hands_over:
            raise RuntimeError(
                f"{begin} passes {close.passed} on; then the rule must say `hands_over = True`"
            )

    def _needed(self, owner: str, prices: Prices, close: Close) -> int:
        """How much of a repayment would have made the account healthy, at the price of the close."""
        repaid, rule = close.ended - close.lost - close.moved, self.rule
        if owner not in rule.accounts or repaid <= 0:
            return repaid
        held, gone = (
            weighted(amounts, prices, rule.terms) for amounts in (rule.holdings(owner), close.seized)
        )
        net, for_it = rule.owed(owner) - rule.balance(owner), repaid + close.refund
        lacking, gained = net * WAD - held, WAD - gone // for_it if for_it > 0 else 0
        return min(repaid, max(0, lacking // gained)) if gained > 0 else repaid

    def _uncovered(self) -> tuple[int, int]:
        """Debt under water; of that, what its collateral is not worth. Of accounts and of the protocol."""
        outside = tuple(market.price for market in self.markets)
        own = min(0, self._own(outside))
        debts, lacks = -self.rule.book.cash if own else 0, -own
        for owner in self.rule.poorest(outside):
            owed = self.rule.owed(owner) - self.rule.balance(owner)
            if owed > 0 and (worth := value(self.rule.holdings(owner), outside)) < owed:
                debts += owed
                lacks += owed - worth
        return debts, lacks

    def _own(self, outside: Prices) -> int:
        """What the protocol has gained with what it took over, base units; below 0 what it has lost."""
        return self.rule.book.cash + value(self.rule.book.stock, outside)

    def _finish(self) -> Outcome:
        out, book = self.outcome, self.rule.book
        own = self._own(tuple(market.price for market in self.markets))
        out.booked, out.protocol = book.lost, book.earned + max(0, own)
        out.hidden = self._uncovered()[1]
        for keeper in self.keepers:
            held = zip(self.markets, keeper.held, strict=True)
            out.keepers += keeper.cash - keeper.capital + sum(it.proceeds(amount) for it, amount in held)
        out.venues = sum(market.slipped for market in self.markets)
        pairs = [
            (market.lowest / float(prices[0]), float(prices.min() / prices[0]))
            for market, prices in zip(self.markets, self._paths, strict=True)
        ]
        out.fall = min(lowest for lowest, _ in pairs)
        out.cascade = max(((1 - lowest) / (1 - alone) for lowest, alone in pairs if alone < 1), default=None)
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
