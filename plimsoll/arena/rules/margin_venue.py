"""A margin venue, as dYdX v4: it sells at the market itself; a fund, then winners bear what is lacking."""

from collections.abc import Sequence
from typing import NamedTuple, Self

from plimsoll.arena.rule import (
    Account,
    AccountRule,
    Close,
    Field,
    Offer,
    Prices,
    Terms,
    alone,
    ceil_div,
    listed,
    wad,
    worths,
)
from plimsoll.units import PRICE_SCALE, WAD

MILLION = 10**6  # parts per million


class Limits(NamedTuple):
    """`LiquidationsConfig`."""

    fee: int  # of what a sale brings, ppm at most
    adjustment: int  # `bankruptcy_adjustment_ppm`
    spread: int  # `spread_to_maintenance_margin_ratio_ppm`
    part: int  # of a position in one of the venue's blocks, ppm at most
    least: int  # dollars that may be closed in any case
    most: int  # dollars of an account in one of the venue's blocks


LIMITS = Limits(15_000, MILLION, 1_500_000, 100_000, 1_000, 100_000)
"""As load tests of skip-mev/slinky set the chain up."""
BLOCK = 1  # seconds of one of the venue's blocks
DEPLOYED = {"WETH": (5, 60), "WBTC": (5, 60)}
"""Initial margin, %, and what of it must be maintained, %, of the tier Large-Cap.

In dydxprotocol/v4-chain, protocol/testing/genesis.sh and app/testdata/default_genesis_state.json.
"""


class MarginVenue(AccountRule):
    """Longs on margin, each with a balance of the loan asset below 0; collaterals are its positions.

    The venue needs nobody: it sells what it closes itself, down to a price that falls with the margin, in
    pieces, until the maintenance margin is met. What a sale brings more than the account's bankruptcy price
    is the fund's, up to a fee; what it brings less comes out of the fund. An account that is bankrupt, and
    that the fund cannot help, is closed at its bankruptcy price against others, the winners of the other
    side, who so bear what its collateral is not worth. The fund is empty at first. Left out: funding, the
    choice of the winners, settlement of markets.
    """

    name = "margin-venue"
    hands_over = True
    source = "dydxprotocol/v4-chain 146bc657, protocol/x/clob/keeper/liquidations.go and deleveraging.go"

    def __init__(self, terms: Sequence[Terms], limits: Limits) -> None:
        """A venue.

        Args:
            terms: what the initial and the maintenance margin leave of a position.
            limits: of its liquidations.
        """
        super().__init__(terms)
        self._limits = limits
        self._since = 0  # seconds, of the last block

    @classmethod
    def alike(cls, terms: Sequence[Terms]) -> Self:
        """See `Rule`."""
        return cls(terms, LIMITS)

    @classmethod
    def deployed(cls, symbols: Sequence[str]) -> Self:
        """See `Rule`."""
        margins = listed(cls.name, DEPLOYED, symbols)
        terms = [Terms(WAD - wad(initial), WAD - wad(initial) * part // 100) for initial, part in margins]
        return cls(terms, LIMITS)

    def offers(self, account: Account, prices: Prices) -> Sequence[Offer]:
        """Nothing; nobody else closes anything."""
        return ()

    def margins(self, account: Account, prices: Prices) -> tuple[int, int]:
        """`TNC` and `TMMR`: equity, which may be below 0, and what must be left of it; base units."""
        each = worths(account.amounts, prices)
        return sum(each) - account.debt, sum(map(self._maintenance, each, self.terms))

    @staticmethod
    def _maintenance(worth: int, terms: Terms) -> int:
        return ceil_div(worth * (WAD - terms.threshold), WAD)

    def is_liquidatable(self, account: Account, prices: Prices) -> bool:
        """Whether its equity is below the maintenance margin."""
        equity, least = self.margins(account, prices)
        return equity < least

    def fillable(self, account: Account, prices: Prices, leg: int) -> int:
        """`GetFillablePrice`: the least for which a position is sold, 1e36, rounded up."""
        equity, least = self.margins(account, prices)
        amount = account.amounts[leg]
        worth = amount * prices[leg] // PRICE_SCALE
        spread = self._maintenance(worth, self.terms[leg]) * self._limits.spread
        rating = (least - equity) * self._limits.adjustment  # over `least`, ppm
        if rating >= least * MILLION:
            below, over = spread, MILLION
        else:
            below, over = spread * rating, least * MILLION**2
        return max(0, ceil_div((worth * over - below) * PRICE_SCALE, amount * over))

    def bankruptcy(self, account: Account, prices: Prices, leg: int, amount: int) -> int:
        """`GetBankruptcyPriceInQuoteQuantums`: what a sale must bring for equity to last, base units."""
        equity, least = self.margins(account, prices)
        worth = amount * prices[leg] // PRICE_SCALE
        return worth - equity * self._maintenance(worth, self.terms[leg]) // least

    def block(self, field: Field) -> None:
        """Closes what is due, the worst first."""
        prices = field.prices
        if not all(prices):
            return
        blocks = max(1, (field.now - self._since) // BLOCK)
        self._since = field.now
        for owner in [*self._due(prices)]:
            account = self.accounts[owner]
            for _ in range(blocks):
                if not account.debt or not self.is_liquidatable(account, prices):
                    break
                close = self._sale(field, account)
                if close is None:
                    break
                field.record(owner, close)
                self.take(owner, close)
            if account.debt and self.margins(account, prices)[0] < 0:
                close = Close(0, tuple(account.amounts), account.debt, passed=account.debt)
                close = close._replace(shared=close.seized)
                field.record(owner, close)
                self.take(owner, close)

    def _sale(self, field: Field, account: Account) -> Close | None:
        """A sale at the market, of as much as may be sold of the largest position and brings enough."""
        prices, fund = field.prices, self.book.earned
        each = worths(account.amounts, prices)
        leg = max(range(len(each)), key=each.__getitem__)
        held, worth = account.amounts[leg], each[leg]
        limits, dollar = self._limits, self.dollar
        most = min(
            max(min(limits.least * dollar, worth), worth * limits.part // MILLION), limits.most * dollar
        )
        amount = held if worth <= most else most * PRICE_SCALE // prices[leg]
        if not amount:
            return None
        least = self.fillable(account, prices, leg)

        def may(sold: int, brought: int) -> bool:
            """Whether the fund has what such a sale lacks."""
            return brought > 0 and self.bankruptcy(account, prices, leg, sold) - brought <= fund

        sold, brought = field.sell(leg, amount, least, may)
        if not sold:
            return None
        more = brought - self.bankruptcy(account, prices, leg, sold)
        fee = min(more, brought * limits.fee // MILLION) if more > 0 else more
        net = brought - fee
        ended = min(account.debt, net)
        return Close(brought, alone(leg, sold, len(each)), ended, earned=fee, refund=net - ended)
