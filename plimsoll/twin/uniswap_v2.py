"""Uniswap v2 as the periphery uses it; the twin of ``contracts/modules/uniswap_v2.vy``.

Amounts and reserves are base units. A pair keeps 0.3 % of what comes in.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import isqrt

from plimsoll.twin.chain import Chain, Revert, Token, require

FEE_BASE = 1_000
AFTER_FEE = 997
RESERVE_TOP = 2**112 - 1
MINIMUM_LIQUIDITY = 1_000  # shares that a pair keeps for ever

Reserves = tuple[int, int]
"""What a pair holds of the token that comes in, and of the one that goes out."""


def amount_out(amount_in: int, reserves: Reserves) -> int:
    """What a pair gives for `amount_in`, rounded down; 0 for nothing and from an empty pair."""
    return quote_out(amount_in, (reserves,))


def amount_in(amount_out: int, reserves: Reserves) -> int:
    """What a pair takes for at least `amount_out`, rounded up.

    Raises:
        ValueError: the pair holds no more than that.
    """
    reserve_in, reserve_out = reserves
    if amount_out >= reserve_out:
        raise ValueError(f"the pair holds {reserve_out}, which is not more than {amount_out}")
    return reserve_in * amount_out * FEE_BASE // ((reserve_out - amount_out) * AFTER_FEE) + 1


def quote_out(amount: int, pairs: Sequence[Reserves]) -> int:
    """What selling `amount` along a path of pairs yields."""
    for reserve_in, reserve_out in pairs:
        if amount == 0:
            return 0
        taken = amount * AFTER_FEE
        amount = taken * reserve_out // (reserve_in * FEE_BASE + taken)
    return amount


def quote_in(amount: int, pairs: Sequence[Reserves]) -> int:
    """What must be sold along a path of pairs to get at least `amount`."""
    for reserves in reversed(pairs):
        amount = amount_in(amount, reserves)
    return amount


class PairShares:
    """Who holds which part of a pair, and the router's functions for them; the pair keeps no fee for others.

    Its transfers log no event here.
    """

    def __init__(self, chain: Chain, pair: str, tokens: tuple[Token, Token], provider: str) -> None:
        """A pair to which `provider` has just given what it holds."""
        self.pair = pair
        self.tokens = tokens
        first, second = self.reserves()
        self.supply = isqrt(first * second)
        self.shares: dict[str, int] = chain.mapping()
        self.shares[provider] = self.supply - MINIMUM_LIQUIDITY
        chain.contracts.append(self)

    def reserves(self) -> tuple[int, int]:
        """What the pair holds of its tokens, in the order in which they were given."""
        first, second = self.tokens
        return first.balance_of(self.pair), second.balance_of(self.pair)

    def balance_of(self, owner: str) -> int:
        """Shares of an owner."""
        return self.shares.get(owner, 0)

    def transfer(self, caller: str, to: str, amount: int) -> None:
        """Moves shares."""
        self._take(caller, amount)
        self.shares[to] = self.balance_of(to) + amount

    def remove(self, caller: str, amount: int) -> None:
        """Burns shares for their part of both tokens, rounded down; `removeLiquidity`."""
        self._take(caller, amount)
        parts = [amount * held // self.supply for held in self.reserves()]
        require(min(parts) > 0, "UniswapV2: INSUFFICIENT_LIQUIDITY_BURNED")
        self.supply -= amount
        for token, part in sorted(zip(self.tokens, parts, strict=True), key=lambda it: it[0].address):
            token.transfer(self.pair, caller, part)

    def add(self, caller: str, first: int, second: int) -> None:
        """Takes at most so much of both tokens, in the pair's proportion, for shares; `addLiquidity`."""
        held = self.reserves()
        parts = first, first * held[1] // held[0]
        if parts[1] > second:
            parts = second * held[0] // held[1], second
        made = min(part * self.supply // there for part, there in zip(parts, held, strict=True))
        for token, part in zip(self.tokens, parts, strict=True):
            token.transfer(caller, self.pair, part)
        require(made > 0, "UniswapV2: INSUFFICIENT_LIQUIDITY_MINTED")
        self.supply += made
        self.shares[caller] = self.balance_of(caller) + made

    def _take(self, owner: str, amount: int) -> None:
        held = self.balance_of(owner)
        require(amount <= held, "ds-math-sub-underflow")
        self.shares[owner] = held - amount


class Exchange:
    """The pairs of one factory. A pair's reserves are its balances: nothing is donated to it."""

    def __init__(self) -> None:
        """An exchange without pairs."""
        self.tokens: dict[str, Token] = {}
        self.pairs: dict[frozenset[str], str] = {}

    def add(self, pair: str, *tokens: Token) -> None:
        """Lists the pair of two tokens, at its address."""
        self.tokens |= {token.address: token for token in tokens}
        self.pairs[frozenset(token.address for token in tokens)] = pair

    def check_path(self, path: Sequence[str], token_in: str, token_out: str) -> None:
        """Refuses a path that does not lead from one token to the other."""
        require(len(path) > 1, "swap: path too short")
        require(path[0] == token_in and path[-1] == token_out, "swap: wrong path")

    def quote_out(self, path: Sequence[str], amount: int) -> int:
        """What selling `amount` along a path yields."""
        return quote_out(amount, self.reserves(path))

    def quote_in(self, path: Sequence[str], amount: int) -> int:
        """What must be sold along a path to get at least `amount`."""
        try:
            return quote_in(amount, self.reserves(path))
        except ValueError:
            raise Revert("swap: pair too small") from None

    def sell(self, caller: str, path: Sequence[str], amount: int) -> int:
        """Sells what the caller holds of the first token; returns what they get of the last."""
        pairs = [self._pair(token, other) for token, other in pairwise(path)]
        all_reserves = self.reserves(path)
        if amount > 0:
            self.tokens[path[0]].transfer(caller, pairs[0], amount)
        for place, (pair, reserves) in enumerate(zip(pairs, all_reserves, strict=True)):
            out = amount_out(amount, reserves)
            require(out > 0, "UniswapV2: INSUFFICIENT_OUTPUT_AMOUNT")
            require(out < reserves[1], "UniswapV2: INSUFFICIENT_LIQUIDITY")
            receiver = caller if place == len(pairs) - 1 else pairs[place + 1]
            self.tokens[path[place + 1]].transfer(pair, receiver, out)
            require(reserves[0] + amount <= RESERVE_TOP, "UniswapV2: OVERFLOW")
            amount = out
        return amount

    def _pair(self, token: str, other: str) -> str:
        pair = self.pairs.get(frozenset((token, other)))
        if pair is None:
            raise Revert("swap: no pair")
        return pair

    def reserves(self, path: Sequence[str]) -> list[Reserves]:
        """What each pair along a path holds of the token that comes in, and of the other."""
        return [
            (self.tokens[token].balance_of(pair), self.tokens[other].balance_of(pair))
            for token, other in pairwise(path)
            for pair in (self._pair(token, other),)
        ]
