"""Deploys the protocol on any engine: tokens, a Factory, pools and vaults, in the variety that tests need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar, cast

from plimsoll.chain.protocol import PoolContracts, Protocol, open_pool
from plimsoll.market.amounts import exact
from plimsoll.params import BLUE_CHIP, SHARE_DECIMALS, FrozenModel, PoolParams, RiskParams, wad
from plimsoll.strict import hint
from plimsoll.testing import Chain, Contract

Params = TypeVar("Params", bound=FrozenModel)


@dataclass(frozen=True)
class Leg:
    """A collateral that a basket is made of."""

    token: Contract
    oracle: Contract
    ltv: Decimal = BLUE_CHIP.ltv
    threshold: Decimal = BLUE_CHIP.threshold
    ceiling: int = 10  # times the oracle's price

    def to_struct(self) -> tuple[str, str, int, int, int]:
        """`IBasket.Leg`."""
        ratios = wad(self.ltv), wad(self.threshold)
        return self.token.address, self.oracle.address, *ratios, self.ceiling * int(self.oracle.price())


class Builder:
    """Deploys the protocol's contracts on a chain; blueprints and Factory once."""

    def __init__(self, chain: Chain, curator: str | None = None) -> None:
        """Pools have this curator, without one the deployer."""
        self.chain, self.deployer = chain, chain.sender
        self.curator = curator or chain.sender
        self.protocol = Protocol(chain)

    @property
    def factory(self) -> Contract:
        """The Factory."""
        return cast(Contract, self.protocol.factory)

    def token(self, decimals: int = 18, symbol: str = "TKN", kind: str = "PlainToken") -> Contract:
        """A token, named by its vice."""
        return self.chain.make(kind, f"Token {symbol}", symbol, decimals)

    def oracle(self, price: int) -> Contract:
        """An oracle that answers `price` (1e36) until it is told another."""
        return self.chain.make("LyingOracle", price)

    def pool(self, asset: Contract, params: PoolParams | None = None, **changes: Any) -> PoolContracts:
        """A pool that is not open; `changes` replace fields of the parameters.

        Raises:
            AttributeError: there is no such field.
            MarketError: a field is to be a number and is none.
            TypeError: `params` are none.
        """
        params = _changed(params or PoolParams(name="Plimsoll Test", symbol="pTEST"), changes)
        struct = params.to_struct(asset.address, asset.decimals())
        return self.protocol.create_pool(struct, self.curator, params.delay)

    def vault(
        self,
        pool: Contract,
        collateral: Contract,
        oracle: Contract,
        risk: RiskParams = BLUE_CHIP,
        **changes: Any,
    ) -> Contract:
        """A vault without a credit limit; `changes` replace fields of the risk parameters.

        Raises:
            AttributeError: there is no such field.
            MarketError: a field is to be a number and is none.
            TypeError: the oracle lacks a function that vaults call, or `risk` is no parameters.
        """
        for name in ("price", "safe_price"):
            if not hasattr(oracle, name):
                raise TypeError(
                    f"The oracle {oracle!r} has no {name}(); a vault asks price() and safe_price(), as "
                    "plimsoll.interfaces.IOracle says."
                )
        loan_decimals = pool.decimals() - SHARE_DECIMALS
        struct = _changed(risk, changes).to_struct(loan_decimals)
        return cast(Contract, self.protocol.create_vault(pool, collateral, oracle, struct))

    def basket(
        self, pool: Contract, legs: Sequence[Leg], risk: RiskParams = BLUE_CHIP, **changes: Any
    ) -> Contract:
        """A basket without a credit limit; `changes` replace fields of what its legs have in common.

        Raises:
            AttributeError: there is no such field.
            MarketError: a field is to be a number and is none.
            TypeError: `risk` is no parameters.
        """
        struct = _changed(risk, changes).to_basket_struct(pool.decimals() - SHARE_DECIMALS)
        return cast(Contract, self.protocol.create_basket(pool, [leg.to_struct() for leg in legs], struct))

    def open(self, made: PoolContracts, limits: Mapping[Contract, int]) -> None:
        """Gives vaults their limits (base units) and opens the pool."""
        open_pool(made, {vault.address: limit for vault, limit in limits.items()}, self.curator)


def _changed(params: Params, changes: Mapping[str, Any]) -> Params:
    """The same with other fields, which need not be sound: tests show that the contracts refuse them."""
    if not isinstance(params, FrozenModel):
        raise TypeError(f"{params!r} are no parameters; plimsoll.params has them, BLUE_CHIP among others.")
    fields = type(params).model_fields
    update = dict(changes)
    for name, value in changes.items():
        if name not in fields:
            known = hint(name, fields) or f"; it has {', '.join(fields)}"
            raise AttributeError(f"{type(params).__name__} has no {name!r}{known}.")
        if fields[name].annotation is Decimal:
            update[name] = exact(value, name)
    return params.model_copy(update=update)
