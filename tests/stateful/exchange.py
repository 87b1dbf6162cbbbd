"""Uniswap v2 beside the world, the real bytecode and its twin, with Liquidator and Leverage."""

from itertools import pairwise
from typing import Any

from plimsoll.chain.engine import Contract
from plimsoll.twin.chain import Token
from plimsoll.twin.leverage import Leverage
from plimsoll.twin.liquidator import Liquidator
from plimsoll.twin.uniswap_v2 import RESERVE_TOP, Exchange
from plimsoll.units import MAX
from tests.stateful.world import BORROWERS, DEPLOYER, LIQUIDATOR, SPOKES, Lockstep

GIFT = 10**9  # base units that somebody has sent to the periphery by mistake, and that stay there (Y1)
TOKENS = ("loan", "first_collateral", "second_collateral", "third_collateral", "middle")


class ExchangeLockstep:
    """What the periphery needs, added to a world on both sides."""

    def __init__(self, world: Lockstep) -> None:
        """Deploys it; each collateral has a pair with the loan asset and one with a token in the middle."""
        self.world = world
        exchange = Exchange()
        self.pairs: dict[tuple[str, str], Contract] = {}
        uniswap = world.make("UniswapV2Factory", DEPLOYER)
        middle = world.make("PlainToken", "Middle", "M", 18)
        world.add("middle", "PlainToken", middle, Token(world.twin, middle.address))
        for one, other in (
            ("loan", "first_collateral"),
            ("loan", "second_collateral"),
            ("loan", "third_collateral"),
            ("first_collateral", "middle"),
            ("middle", "loan"),
        ):
            tokens = [world.model[name] for name in (one, other)]
            addresses = [token.address for token in tokens]
            pair = uniswap.send("createPair", *addresses, sender=DEPLOYER)
            exchange.add(pair, *tokens)
            self.pairs[one, other] = world.at("UniswapV2Pair", pair)
            world.holders.append(pair)
        vaults = {world.chain[name].address: world.model[name] for name in SPOKES}
        for name, kind in (("liquidator", Liquidator), ("leverage", Leverage)):
            contract = world.make(kind.__name__, world.factory, uniswap)
            model = kind(world.twin, contract.address, vaults, exchange)
            world.add(name, kind.__name__, contract, model)
            world.holders.append(contract.address)
            for token in TOKENS:
                self.give(token, contract.address, GIFT)
        world.act("loan", "approve", self.address("liquidator"), MAX, sender=LIQUIDATOR)
        for trader in BORROWERS:
            for vault in SPOKES:
                world.act(vault, "set_operator", self.address("leverage"), 3, sender=trader)
            for token in TOKENS[:4]:
                world.act(token, "approve", self.address("leverage"), MAX, sender=trader)

    def address(self, name: str) -> str:
        """Of a contract of the world."""
        return self.world.chain[name].address

    def path(self, *names: str) -> list[str]:
        """The addresses of tokens."""
        return [self.address(name) for name in names]

    def give(self, token: str, owner: str, amount: int) -> None:
        """Mints, or burns when the amount is negative, on both sides."""
        function = "mint" if amount >= 0 else "burn"
        self.world.chain[token].send(function, owner, abs(amount), sender=DEPLOYER)
        getattr(self.world.model[token], function)(owner, abs(amount))

    def fill(self, reserves: dict[str, int]) -> None:
        """Makes these the reserves of the pair of two tokens, as far as a pair can hold them."""
        one, other = reserves
        pair = self.pairs.get((one, other)) or self.pairs[other, one]
        for token, amount in reserves.items():
            wanted = min(max(amount, 0), RESERVE_TOP // 2)
            self.give(token, pair.address, wanted - self.world.model[token].balance_of(pair.address))
        pair.send("sync", sender=DEPLOYER)

    def fill_path(self, names: list[str], amounts: list[int]) -> list[str]:
        """Makes the pairs along a path hold these amounts of its tokens; the path's addresses."""
        for (one, held), (other, other_held) in pairwise(zip(names, amounts, strict=True)):
            self.fill({one: held, other: other_held})
        return self.path(*names)

    def check(self) -> None:
        """Y1: the periphery holds what it was sent by mistake, and allows no vault anything."""
        for name in ("liquidator", "leverage"):
            me = self.address(name)
            for token in TOKENS:
                model: Any = self.world.model[token]
                assert model.balance_of(me) == GIFT, f"Y1: {name} holds {token}"
                for vault in SPOKES:
                    assert model.allowances.get((me, self.address(vault)), 0) == 0, f"Y1: {name}, {token}"
                    left = self.world.chain[token].call("allowance", me, self.address(vault))
                    assert left == 0, f"Y1: {name} allows {token}"
