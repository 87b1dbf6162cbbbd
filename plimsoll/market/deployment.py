"""One deployment of a market, tokens, feeds and Uniswap included: on an engine, and on the twin.

The laboratory plays scenarios on both at once, `Market` stands on one of them. Amounts are base units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from hashlib import sha256
from typing import Any, Generic, TypeVar

from plimsoll.chain.engine import Contract
from plimsoll.chain.protocol import Deployer, Protocol
from plimsoll.market.oracles import (
    ANSWERS,
    LoanPlan,
    LoanSide,
    OraclePlan,
    Shared,
    Sources,
    UptimeFeed,
    deployed_loan_side,
    deployed_oracle,
    modelled_loan_side,
    modelled_oracle,
)
from plimsoll.market.refusals import MarketError
from plimsoll.params import SHARE_DECIMALS, PoolParams
from plimsoll.twin import chain as twin
from plimsoll.twin.backstop import Backstop
from plimsoll.twin.basket import Basket, Collateral
from plimsoll.twin.chainlink_oracle import Feed
from plimsoll.twin.council import Council
from plimsoll.twin.halting_token import HaltingToken
from plimsoll.twin.leverage import Leverage
from plimsoll.twin.liquidation import Risk
from plimsoll.twin.liquidator import Liquidator
from plimsoll.twin.pool import Pool
from plimsoll.twin.rates import Curve
from plimsoll.twin.slices import Leg
from plimsoll.twin.uniswap_v2 import Exchange
from plimsoll.twin.vault import Vault
from plimsoll.units import NOBODY, PRICE_SCALE


def answer_of(price: Fraction, decimals: int) -> int:
    """A price as a feed says it, rounded down.

    Raises:
        MarketError: the oracle would not believe it.
    """
    answer = int(price * 10**decimals)
    if not ANSWERS[0] < answer < ANSWERS[1]:
        least, most = 2 / 10**decimals, ANSWERS[1] / 10**decimals
        raise MarketError(f"the price is {float(price):g}; give one from {least:g} to {most:g}.")
    return answer


def made_up(name: str) -> str:
    """An address by a name, whose key nobody has: who needs one is an `Account`."""
    return "0x" + sha256(f"plimsoll {name}".encode()).hexdigest()[:40]


# of the accounts of these names; written out, since to work them out takes time
DEPLOYER = "0xae0bdc4eeac5e950b67c6819b118761caaf61946"
CURATOR = "0xd22c503216d1ffc1da829e7b3a12925cb9641f47"

Part = TypeVar("Part")
_Other = TypeVar("_Other")


@dataclass(frozen=True)
class Spoke(Generic[Part]):
    """A vault with what belongs to it."""

    vault: Part
    collateral: Part
    oracle: Part
    feed: Part | None  # one that anyone may set; None where there is another oracle
    pair: str | None = None  # address of its pair on Uniswap
    rate: Part | None = None  # what else the oracle reads, see `Sources`
    second: Part | None = None
    fallback: Part | None = None


@dataclass(frozen=True)
class Parts(Generic[Part]):
    """A pool and its vaults by name, each part as a contract, as a model or as an address.

    A basket is a spoke for each of its legs, with the basket as their vault.
    """

    loan: Part
    pool: Part
    council: Part
    backstop: Part
    spokes: Mapping[str, Spoke[Part]]
    liquidator: Part | None = None
    leverage: Part | None = None
    baskets: Mapping[str, tuple[Spoke[Part], ...]] = field(default_factory=dict)
    sequencer: Part | None = None  # the feed that says whether it is up
    loan_side: LoanSide[Part] | None = None  # what oracles ask of the loan asset

    def collaterals(self) -> dict[str, Spoke[Part]]:
        """Every collateral with its price source: by its vault's name, or by basket and number of the leg."""
        legs = {f"{name}/{leg}": it for name, its in self.baskets.items() for leg, it in enumerate(its)}
        return {**self.spokes, **legs}

    def borrowers(self) -> dict[str, Part]:
        """The vaults and baskets, which draw on the pool."""
        vaults = {f"vault {name}": it.vault for name, it in self.spokes.items()}
        return vaults | {f"basket {name}": legs[0].vault for name, legs in self.baskets.items()}

    def each(self, turn: Callable[[Part], _Other]) -> Parts[_Other]:
        """The same of something else."""

        def turned(part: Part | None) -> _Other | None:
            return None if part is None else turn(part)

        def spoke(it: Spoke[Part]) -> Spoke[_Other]:
            return Spoke(
                turn(it.vault), turn(it.collateral), turn(it.oracle), turned(it.feed), it.pair,
                *map(turned, (it.rate, it.second, it.fallback)),
            )  # fmt: skip

        return Parts(
            turn(self.loan), turn(self.pool), turn(self.council), turn(self.backstop),
            {name: spoke(it) for name, it in self.spokes.items()},
            turned(self.liquidator), turned(self.leverage),
            {name: tuple(map(spoke, legs)) for name, legs in self.baskets.items()},
            turned(self.sequencer),
            LoanSide(turn(self.loan_side.feed), turned(self.loan_side.rate)) if self.loan_side else None,
        )  # fmt: skip


@dataclass(frozen=True)
class Token:
    """What a token is called, and its digits."""

    symbol: str
    decimals: int


@dataclass(frozen=True)
class CollateralPlan:
    """A collateral that is to be, and its price source, whose feeds anyone may set."""

    collateral: Token
    oracle: OraclePlan
    depth: int | None  # loan asset on its side of a Uniswap pair; None: no pair
    can_halt: bool = field(default=False, kw_only=True)  # anyone may stop the token
    traded_at: int | None = field(default=None, kw_only=True)  # 1e36, on the pair; None: the oracle's price

    @property
    def contract(self) -> str:
        """The name of the token's contract."""
        return "BlocklistToken" if self.can_halt else "PlainToken"


@dataclass(frozen=True)
class VaultPlan(CollateralPlan):
    """A vault that is to be."""

    risk: tuple[int, ...]  # `IVault.RiskParams`


@dataclass(frozen=True)
class LegPlan(CollateralPlan):
    """A leg of a basket that is to be."""

    leg: Leg


@dataclass(frozen=True)
class BasketPlan:
    """A basket that is to be."""

    legs: tuple[LegPlan, ...]
    risk: tuple[int, ...]  # `IVault.RiskParams`


@dataclass(frozen=True)
class MarketPlan:
    """A pool with vaults that is to be."""

    loan: Token
    pool: PoolParams
    vaults: Mapping[str, VaultPlan]
    has_exchange: bool
    baskets: Mapping[str, BasketPlan] = field(default_factory=dict)
    grace: int | None = None  # seconds without a price after a sequencer's halt; None: no sequencer

    @property
    def loan_side(self) -> LoanPlan | None:
        """What all its oracles ask of the loan asset."""
        return next((it.oracle.loan for it in {**self.vaults, **self._legs()}.values()), None)

    def struct(self, loan: str) -> tuple[Any, ...]:
        """`IPool.PoolParams`."""
        return self.pool.to_struct(loan, self.loan.decimals)

    def decimals(self, it: CollateralPlan) -> tuple[int, int]:
        """Of a collateral and of the loan asset."""
        return it.collateral.decimals, self.loan.decimals

    def tokens(self, parts: Parts[Any]) -> dict[str, Token]:
        """What the tokens are, by address; the pool's share among them."""
        share = Token(self.pool.symbol, self.loan.decimals + SHARE_DECIMALS)
        found = {parts.loan.address: self.loan, parts.pool.address: share}
        plans = {**self.vaults, **self._legs()}
        return found | {
            it.collateral.address: plans[key].collateral for key, it in parts.collaterals().items()
        }

    def feed_decimals(self, key: str) -> int:
        """Of the feed of a collateral, see `Parts.collaterals`."""
        return {**self.vaults, **self._legs()}[key].oracle.feed.decimals

    def _legs(self) -> dict[str, CollateralPlan]:
        return {
            f"{name}/{leg}": it for name, plan in self.baskets.items() for leg, it in enumerate(plan.legs)
        }

    def stock(self, it: CollateralPlan, depth: int) -> tuple[int, int]:
        """What a pair holds at first: loan asset, collateral."""
        price = it.traded_at or it.oracle.first_price(self.decimals(it))
        return depth, depth * PRICE_SCALE // price


@dataclass(frozen=True)
class Deployment:
    """What was deployed on an engine."""

    parts: Parts[Contract]
    protocol: Protocol
    router: Contract | None


def deployed(deployer: Deployer, plan: MarketPlan) -> Deployment:
    """Deploys a market; the pool is not open, and no vault has a limit."""
    protocol = Protocol(deployer)
    make = deployer.make

    def token(it: Token, contract: str = "PlainToken") -> Contract:
        return make(contract, it.symbol, it.symbol, it.decimals)

    loan = token(plan.loan)
    made = protocol.create_pool(plan.struct(loan.address), CURATOR, plan.pool.delay)
    uniswap = router = liquidator = leverage = None
    if plan.has_exchange:
        uniswap = make("UniswapV2Factory", DEPLOYER)
        router = make("UniswapV2Router02", uniswap.address, NOBODY)
        liquidator, leverage = (make(name, protocol.factory, uniswap) for name in ("Liquidator", "Leverage"))

    sequencer = None
    if plan.grace is not None:
        up = make("MockFeed", 0, 0)
        up.send("set_round", 0, deployer.engine.now - plan.grace - 1, sender=DEPLOYER)
        sequencer = UptimeFeed(up, plan.grace)
    shared = Shared(sequencer, deployed_loan_side(deployer, plan.loan_side))

    def collateral_of(it: CollateralPlan) -> tuple[Contract, Sources[Contract], str | None]:
        """Token, oracle with what it reads, pair."""
        collateral = token(it.collateral, it.contract)
        sources = deployed_oracle(deployer, it.oracle, (collateral, loan), plan.decimals(it), shared)
        pair = None
        if uniswap and it.depth:
            pair = str(uniswap.send("createPair", loan.address, collateral.address, sender=DEPLOYER))
            for token_, amount in zip((loan, collateral), plan.stock(it, it.depth), strict=True):
                token_.send("mint", pair, amount, sender=DEPLOYER)
            deployer.at("UniswapV2Pair", pair).send("mint", DEPLOYER, sender=DEPLOYER)
        return collateral, sources, pair

    spokes: dict[str, Spoke[Contract]] = {}
    for name, it in plan.vaults.items():
        collateral, sources, pair = collateral_of(it)
        vault = protocol.create_vault(made.pool, collateral, sources.oracle, it.risk)
        spokes[name] = _spoke(vault, collateral, sources, pair)
    baskets: dict[str, tuple[Spoke[Contract], ...]] = {}
    for name, each in plan.baskets.items():
        found = [collateral_of(it) for it in each.legs]
        terms = [
            (token_, sources.oracle, it.leg.ltv, it.leg.threshold, it.leg.ceiling)
            for it, (token_, sources, _) in zip(each.legs, found, strict=True)
        ]
        basket = protocol.create_basket(made.pool, terms, each.risk)
        baskets[name] = tuple(_spoke(basket, *parts) for parts in found)
    parts = Parts(
        loan, made.pool, made.council, made.backstop, spokes, liquidator, leverage, baskets,
        sequencer.feed if sequencer else None, shared.loan,
    )  # fmt: skip
    return Deployment(parts, protocol, router)


def _spoke(vault: Part, collateral: Part, sources: Sources[Part], pair: str | None) -> Spoke[Part]:
    read = sources.rate, sources.second, sources.fallback
    return Spoke(vault, collateral, sources.oracle, sources.feed, pair, *read)


@dataclass(frozen=True)
class Model:
    """What was made on the twin."""

    parts: Parts[Any]
    exchange: Exchange


def modelled(chain: twin.Chain, plan: MarketPlan, at: Parts[str]) -> Model:
    """The same market on the twin, at these addresses; without an event."""
    loan = twin.Token(chain, at.loan)
    struct = plan.struct(at.loan)
    pool = Pool(chain, loan, at.pool, Curve(*struct[5]), *struct[3:5], *struct[6:8], *struct[10:])
    pool.initialize(at.council, at.backstop)
    backstop = Backstop(chain, pool, at.backstop, *struct[8:10])
    council = Council(chain, pool, at.council, CURATOR, plan.pool.delay, backstop)
    exchange = Exchange()
    vaults: dict[str, Vault | Basket] = {}
    periphery = (vaults, exchange)
    liquidator = Liquidator(chain, at.liquidator, *periphery) if at.liquidator else None
    leverage = Leverage(chain, at.leverage, *periphery) if at.leverage else None

    sequencer = None
    if plan.grace is not None:
        sequencer = UptimeFeed(Feed(chain, 0), plan.grace)
        sequencer.feed.set_round(DEPLOYER, 0, chain.now - plan.grace - 1)
    shared = Shared[Any](sequencer, modelled_loan_side(chain, plan.loan_side))

    def collateral_of(it: CollateralPlan, place: Spoke[str]) -> tuple[twin.Token, Sources[Any]]:
        kind = HaltingToken if it.can_halt else twin.Token
        collateral = kind(chain, place.collateral)
        sources = modelled_oracle(chain, it.oracle, place.oracle, plan.decimals(it), shared)
        if place.pair and it.depth:
            for token, amount in zip((loan, collateral), plan.stock(it, it.depth), strict=True):
                token.mint(place.pair, amount)
            exchange.add(place.pair, loan, collateral)
        return collateral, sources

    spokes: dict[str, Spoke[Any]] = {}
    for name, it in plan.vaults.items():
        place = at.spokes[name]
        collateral, sources = collateral_of(it, place)
        vault = Vault(chain, pool, collateral, sources.oracle, place.vault, Risk.from_struct(it.risk))
        pool.own_vaults[vault.address] = True
        vaults[vault.address] = vault
        spokes[name] = _spoke(vault, collateral, sources, place.pair)
    baskets: dict[str, tuple[Spoke[Any], ...]] = {}
    for name, each in plan.baskets.items():
        places = at.baskets[name]
        found = [collateral_of(it, place) for it, place in zip(each.legs, places, strict=True)]
        legs = [
            Collateral(token, sources.oracle, it.leg)
            for it, (token, sources) in zip(each.legs, found, strict=True)
        ]
        basket = Basket(chain, pool, legs, places[0].vault, Risk.from_struct(each.risk))
        pool.own_vaults[basket.address] = True
        vaults[basket.address] = basket
        baskets[name] = tuple(
            _spoke(basket, *parts, place.pair) for parts, place in zip(found, places, strict=True)
        )
    chain.events.clear()
    up = sequencer.feed if sequencer else None
    parts = Parts[Any](loan, pool, council, backstop, spokes, liquidator, leverage, baskets, up, shared.loan)
    return Model(parts, exchange)
