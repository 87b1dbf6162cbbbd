"""The periphery in process: markets, the real Uniswap v2 and WETH9, Liquidator and Leverage on any engine."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pytest
from eth_account import Account
from eth_utils import keccak

from plimsoll.chain.engine import Artifact, CallReverted, Contract, Engine, deploy, deploy_blueprint
from plimsoll.chain.uniswap import artifact
from plimsoll.params import BLUE_CHIP, PoolParams, RiskParams, price_of
from plimsoll.units import MAX, WAD
from tests.stateful.world import DEPLOYER, role
from tests.utils.signatures import sign_set_operator

START = 1_800_000_000

LENDER, MAKER, BORROWER, KEEPER, RECEIVER, STRANGER = map(role, range(21, 27))
"""Lends; provides liquidity on Uniswap; borrows; liquidates; gets what others send; has no right."""


@dataclass(frozen=True)
class Trader:
    """Somebody who signs."""

    private_key: str = "0x" + "11" * 32

    @property
    def address(self) -> str:
        return Account.from_key(self.private_key).address.lower()


TRADER = Trader()


@dataclass(frozen=True)
class Market:
    """A pool that is open, and a vault of it."""

    pool: Contract
    vault: Contract
    oracle: Contract
    loan: Contract
    collateral: Contract

    def set_quote(self, quote: int | str) -> None:
        """The price in whole loan tokens for a whole collateral token."""
        units = self.collateral.call("decimals"), self.loan.call("decimals")
        self.oracle.send("set_price", price_of(Fraction(quote), *units), sender=DEPLOYER)


class PeripheryMarket:
    """A protocol with a market WETH/USD (to be long) and USD/WETH (to be short), and their pairs.

    USD has 6 decimals, BTC 8; WETH is the real WETH9. Pairs: WETH/USD at 2,000, WETH/BTC at 0.05, BTC/USD at
    40,000, each worth 20 million dollars.
    """

    def __init__(self, engine: Engine, ours: Callable[[str], Artifact]) -> None:
        """On an empty chain at `START`; `ours` finds the artifacts of the protocol and its mocks by name."""
        self.engine, self.ours = engine, ours
        names = ("Pool", "Council", "Backstop", "Vault")
        blueprints = [deploy_blueprint(self.engine, ours(name), DEPLOYER) for name in names]
        self.factory = self.make("Factory", *blueprints)
        self.usd = self.make("PlainToken", "Dollar", "USD", 6)
        self.btc = self.make("PlainToken", "Bitcoin", "BTC", 8)
        self.weth = deploy(self.engine, artifact("WETH9"), sender=DEPLOYER)
        self.uniswap = deploy(self.engine, artifact("UniswapV2Factory"), DEPLOYER, sender=DEPLOYER)
        self.router = deploy(
            self.engine,
            artifact("UniswapV2Router02"),
            self.uniswap.address,
            self.weth.address,
            sender=DEPLOYER,
        )
        self.provide(self.weth, 5_000 * WAD, self.usd, 10**7 * 10**6)
        self.provide(self.weth, 5_000 * WAD, self.btc, 250 * 10**8)
        self.provide(self.btc, 250 * 10**8, self.usd, 10**7 * 10**6)
        self.liquidator = self.make("Liquidator", self.factory.address, self.uniswap.address)
        self.leverage = self.make("Leverage", self.factory.address, self.uniswap.address)
        self.long = self.market(self.usd, self.weth, 2_000)
        self.short = self.market(self.weth, self.usd, "0.0005")

    # ------------------------------------------------------------------------------------- deploying

    def make(self, name: str, *arguments: Any) -> Contract:
        """Deploys a contract of ours."""
        return deploy(self.engine, self.ours(name), *arguments, sender=DEPLOYER)

    def at(self, name: str, address: str) -> Contract:
        """A contract of ours that exists."""
        return Contract(self.engine, address, self.ours(name).abi)

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
        digits, collateral_digits = loan.call("decimals"), collateral.call("decimals")
        params = PoolParams(name="Plimsoll Test", symbol="pTEST")
        price = price_of(Fraction(quote), collateral_digits, digits)
        oracle = oracle or self.make("LyingOracle", price)
        pool = self.factory.send(
            "create_pool", params.to_struct(loan.address, digits), DEPLOYER, params.delay, sender=DEPLOYER
        )
        terms = risk.model_copy(update=changes)
        if loan is self.weth:
            terms = terms.model_copy(update={"min_debt": 1})
        vault = self.factory.send(
            "create_vault", pool, collateral.address, oracle.address, terms.to_struct(digits), sender=DEPLOYER
        )
        council = self.at("Council", self.at("Pool", pool).call("council"))
        amount = 5_000 * WAD if loan is self.weth else 10**7 * 10**digits
        council.send("set_limit", vault, amount, sender=DEPLOYER)
        council.send("open_pool", sender=DEPLOYER)
        self.give(loan, LENDER, amount)
        loan.send("approve", pool, MAX, sender=LENDER)
        market = Market(self.at("Pool", pool), self.at("Vault", vault), oracle, loan, collateral)
        market.pool.send("deposit", amount, LENDER, sender=LENDER)
        return market

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
        return Contract(self.engine, address, artifact("UniswapV2Pair").abi)

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
            self.engine.chain_id,
            owner=TRADER.address,
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
