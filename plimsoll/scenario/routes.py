"""Ways to sell a collateral: on its pair with the loan asset, or by a detour through a token between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from plimsoll.chain.engine import Contract
from plimsoll.chain.protocol import Deployer
from plimsoll.keeper.choice import Route, Venue
from plimsoll.market.deployment import DEPLOYER
from plimsoll.scenario.sides import Side
from plimsoll.twin.chain import Chain, Token
from plimsoll.twin.uniswap_v2 import Exchange, amount_out
from plimsoll.units import PRICE_SCALE

Path = list[str]


class Way(NamedTuple):
    """The tokens of a sale, and what the pairs on the way hold."""

    path: Path
    route: Route


@dataclass(frozen=True)
class Routes:
    """Several ways; whoever sells takes the one that pays most for all of it. A `keeper.choice.Venue`."""

    ways: Sequence[Way]

    def best(self, amount: int) -> Way:
        """The way that pays most for an amount; of equal ones the first."""
        return max(self.ways, key=lambda way: way.route.proceeds(amount))

    def proceeds(self, amount: int) -> int:
        """See `Venue`."""
        return self.best(amount).route.proceeds(amount)

    def marginal(self, amount: int) -> int:
        """See `Venue`; on whichever way it is most."""
        return max(way.route.marginal(amount) for way in self.ways)

    def surplus(self, price: int) -> int:
        """See `Venue`."""
        return max(way.route.surplus(price) for way in self.ways)

    @property
    def venue(self) -> Venue:
        """These, or the only one."""
        return self if len(self.ways) > 1 else self.ways[0].route

    def behind(self, amount: int) -> Routes:
        """The same once an amount has been sold on the way that is best for it."""
        sold = self.best(amount)
        return Routes([Way(it.path, _after(it.route, amount)) if it is sold else it for it in self.ways])


def _after(route: Route, amount: int) -> Route:
    """What the pairs hold once an amount has been sold along them."""
    pairs = []
    for reserve_in, reserve_out in route.pairs:
        out = amount_out(amount, (reserve_in, reserve_out))
        pairs.append((reserve_in + amount, reserve_out - out))
        amount = out
    return Route(tuple(pairs))


class Between(NamedTuple):
    """A token between a collateral and the loan asset."""

    number: int  # among the tokens that have a price: the collaterals of all vaults, then these
    token: Side
    price: int  # loan asset for it, 1e36
    pairs: tuple[str, str]  # with the collateral, with the loan asset


def made_between(
    deployer: Deployer,
    router: Contract,
    exchange: Exchange,
    chain: Chain,
    number: int,
    name: tuple[str, int],
    ends: tuple[Side, Side],
    stock: tuple[int, int, int],
) -> Between:
    """Deploys a token with a pair at either end, on chain and twin.

    Args:
        deployer: who deploys.
        router: Uniswap's.
        exchange: its pairs on the twin.
        chain: the twin's.
        number: the token's.
        name: its symbol and its decimals.
        ends: collateral and loan asset.
        stock: what a pair has of the collateral, of the loan asset and of the token; base units.
    """
    contract = deployer.make("PlainToken", name[0], *name)
    token = Side(contract, Token(chain, contract.address))
    factory = deployer.at("UniswapV2Factory", str(router.call("factory")))
    pairs = []
    for end, amount in zip(ends, stock[:2], strict=True):
        pair = str(factory.send("createPair", end.contract, contract, sender=DEPLOYER))
        for side, given in ((end, amount), (token, stock[2])):
            side.contract.send("mint", pair, given, sender=DEPLOYER)
            side.model.mint(pair, given)
        deployer.at("UniswapV2Pair", pair).send("mint", DEPLOYER, sender=DEPLOYER)
        exchange.add(pair, end.model, token.model)
        pairs.append(pair)
    return Between(number, token, stock[1] * PRICE_SCALE // stock[2], (pairs[0], pairs[1]))
