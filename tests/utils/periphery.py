"""The periphery in process: markets, the real Uniswap v2 and WETH9, Liquidator and Leverage on any engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pytest
from eth_utils import keccak

from plimsoll.chain.engine import CallReverted
from plimsoll.params import BLUE_CHIP, RiskParams, price_of
from plimsoll.testing import Account, Chain, Contract
from plimsoll.testing.builder import Builder
from plimsoll.testing.market import Market
from plimsoll.testing.roles import DEPLOYER, role
from plimsoll.testing.signatures import sign_set_operator
from plimsoll.units import MAX, WAD

LENDER, MAKER, BORROWER, KEEPER, RECEIVER, STRANGER = map(role, range(21, 27))
"""Lends; provides liquidity on Uniswap; borrows; liquidates; gets what others send; has no right."""


TRADER = Account("0x" + "11" * 32)


@dataclass(frozen=True)
class BasketMarket:
    """An open pool with one basket, and prices that the test sets."""

    venue: "PeripheryMarket"
    loan: Contract
    tokens: list[Contract]
    oracles: list[Contract]
    pool: Contract
    basket: Contract

    def set_quote(self, leg: int, whole: Any) -> None:
        """Sets a leg's price in whole loan tokens for a whole token of it."""
        price = price_of(Fraction(whole), self.tokens[leg].decimals(), self.loan.decimals())
        self.oracles[leg].send("set_price", price, sender=DEPLOYER)

    def borrow(self, owner: str, amounts: Sequence[int], debt: int) -> None:
        """Opens a position, in base units."""
        for leg, (token, amount) in enumerate(zip(self.tokens, amounts, strict=True)):
            if amount:
                self.venue.give(token, owner, amount)
                token.send("approve", self.basket.address, MAX, sender=owner)
                self.basket.send("deposit", leg, amount, sender=owner)
        self.basket.send("borrow", debt, sender=owner)

    def preview(self, owner: str, max_repay: int = MAX, without: int = 0) -> tuple[int, list[int]]:
        """What is due for a close with the fee, and what is seized of each leg."""
        quote = self.basket.call("preview_liquidate", owner, max_repay, without)
        seized = [part for word in quote[5] for part in (word % 2**128, word >> 128)]
        return quote[3] + quote[4], seized[: len(self.tokens)]

    def path(self, leg: int) -> list[str]:
        """Straight from a leg to the loan asset."""
        return [self.tokens[leg].address, self.loan.address]


class PeripheryMarket:
    """A protocol with a market WETH/USD (to be long) and USD/WETH (to be short), and their pairs.

    USD has 6 decimals, BTC 8; WETH is the real WETH9. Pairs: WETH/USD at 2,000, WETH/BTC at 0.05, BTC/USD at
    40,000, each worth 20 million dollars.
    """

    def __init__(self, chain: Chain) -> None:
        """Deploys it all."""
        self.chain, self.engine = chain, chain.engine
        self.make, self.at = chain.make, chain.at
        self.builder = Builder(chain)
        self.factory = self.builder.factory
        self.usd = self.make("PlainToken", "Dollar", "USD", 6)
        self.btc = self.make("PlainToken", "Bitcoin", "BTC", 8)
        self.weth = self.make("WETH9")
        self.uniswap = self.make("UniswapV2Factory", DEPLOYER)
        self.router = self.make("UniswapV2Router02", self.uniswap, self.weth)
        self.provide(self.weth, 5_000 * WAD, self.usd, 10**7 * 10**6)
        self.provide(self.weth, 5_000 * WAD, self.btc, 250 * 10**8)
        self.provide(self.btc, 250 * 10**8, self.usd, 10**7 * 10**6)
        self.liquidator = self.make("Liquidator", self.factory.address, self.uniswap.address)
        self.leverage = self.make("Leverage", self.factory.address, self.uniswap.address)
        self.long = self.market(self.usd, self.weth, 2_000)
        self.short = self.market(self.weth, self.usd, "0.0005")

    def market(
        self,
        loan: Contract,
        collateral: Contract,
        quote: Any,
        risk: RiskParams = BLUE_CHIP,
        oracle: Contract | None = None,
        **changes: Any,
    ) -> Market:
        """An open pool with a vault; ten million dollars' worth lent by `LENDER`; `changes` of the risk.

        Without an `oracle`, one that says `quote`.
        """
        digits, collateral_digits = loan.decimals(), collateral.decimals()
        oracle = oracle or self.builder.oracle(price_of(Fraction(quote), collateral_digits, digits))
        made = self.builder.pool(loan)
        if loan is self.weth:
            changes = {"min_debt": 1, **changes}
        vault = self.builder.vault(made.pool, collateral, oracle, risk, **changes)
        amount = 5_000 * WAD if loan is self.weth else 10**7 * 10**digits
        self.builder.open(made, {vault: amount})
        self.give(loan, LENDER, amount)
        loan.approve(made.pool, MAX, sender=LENDER)
        made.pool.deposit(amount, LENDER, sender=LENDER)
        decimals = digits, collateral_digits
        return Market(self.builder, decimals, loan, collateral, oracle, made.pool, made.council, vault)

    def basket(
        self, loan: Contract, legs: Sequence[tuple[Contract, Any]], risk: RiskParams = BLUE_CHIP
    ) -> BasketMarket:
        """An open pool with a basket of tokens at quotes; ten million whole loan tokens lent by `LENDER`."""
        digits = loan.decimals()
        prices = [price_of(Fraction(quote), token.decimals(), digits) for token, quote in legs]
        oracles = [self.builder.oracle(price) for price in prices]
        ltv, threshold, *common = risk.to_struct(digits)
        listed = [
            (token.address, oracle.address, ltv, threshold, 4 * price)
            for (token, _), oracle, price in zip(legs, oracles, prices, strict=True)
        ]
        made = self.builder.pool(loan)
        basket = self.builder.protocol.create_basket(made.pool, listed, (0, 0, *common))
        amount = 10**7 * 10**digits
        self.builder.open(made, {basket: amount})
        self.give(loan, LENDER, amount)
        loan.approve(made.pool, MAX, sender=LENDER)
        made.pool.deposit(amount, LENDER, sender=LENDER)
        return BasketMarket(self, loan, [token for token, _ in legs], oracles, made.pool, basket)

    def provide(self, token: Contract, amount: int, other: Contract, other_amount: int) -> str:
        """Makes the pair of two tokens unless it exists and gives it liquidity; its address."""
        pair = str(self.uniswap.call("getPair", token.address, other.address))
        if int(pair, 16) == 0:
            pair = self.uniswap.send("createPair", token.address, other.address, sender=MAKER)
        self.give(token, pair, amount)
        self.give(other, pair, other_amount)
        self.pair(pair).send("mint", MAKER, sender=MAKER)
        return pair

    def pair(self, address: str) -> Contract:
        """A Uniswap pair."""
        return self.chain.at("UniswapV2Pair", address)

    # ----------------------------------------------------------------------------------------- doing

    def give(self, token: Contract, who: str, amount: int) -> None:
        """New tokens; WETH without ether behind it, since nobody unwraps here."""
        if token is self.weth:
            # balanceOf is WETH9's fourth slot; Solidity hashes the key before the slot
            slot = int.from_bytes(keccak(bytes.fromhex(who[2:]).rjust(32, b"\0") + (3).to_bytes(32)))
            held = self.engine.storage(token.address, slot)
            self.engine.set_storage(token.address, slot, held + amount)
        else:
            token.send("mint", who, amount, sender=DEPLOYER)

    def borrow(self, market: Market, owner: str, collateral: int, debt: int) -> None:
        """Opens a position, both in base units."""
        self.give(market.collateral, owner, collateral)
        market.collateral.send("approve", market.vault.address, MAX, sender=owner)
        market.vault.send("open", collateral, debt, sender=owner)

    def swap(self, token: Contract, other: Contract, amount: int) -> None:
        """Somebody sells `amount` of `token` for `other` on their pair: the price moves."""
        self.give(token, STRANGER, amount)
        token.send("approve", self.router.address, MAX, sender=STRANGER)
        path = [token.address, other.address]
        self.router.send(
            "swapExactTokensForTokens", amount, 0, path, STRANGER, self.engine.now, sender=STRANGER
        )

    # --------------------------------------------------------------------------------------- looking

    def sale(self, path: list[str], amount: int) -> int:
        """What Uniswap's own router says that a sale yields."""
        return self.router.call("getAmountsOut", amount, path)[-1]

    def purchase(self, path: list[str], amount: int) -> int:
        """What Uniswap's own router says that must be sold to get `amount`."""
        return self.router.call("getAmountsIn", amount, path)[0]

    def holdings(self, who: str) -> dict[str, int]:
        """What somebody holds, in base units."""
        tokens = {"usd": self.usd, "weth": self.weth, "btc": self.btc}
        return {name: token.call("balanceOf", who) for name, token in tokens.items()}

    def path(self, *tokens: Contract) -> list[str]:
        """A path over these tokens."""
        return [token.address for token in tokens]

    def sign(self, market: Market, operator: Contract, rights: int, nonce: int, deadline: int) -> tuple:
        """The trader's `SetOperator` as `Leverage.Signed`."""
        signature = sign_set_operator(
            TRADER,
            market.vault,
            owner=TRADER,
            operator=operator.address,
            rights=rights,
            nonce=nonce,
            deadline=deadline,
        )
        return (rights, nonce, deadline, signature)


def refused(reason: str, contract: Contract, name: str, *arguments: Any, sender: str) -> None:
    """The transaction would revert with just this reason."""
    with pytest.raises(CallReverted) as error:
        contract.call(name, *arguments, sender=sender)
    assert error.value.reason == reason
