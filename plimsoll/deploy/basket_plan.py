"""Plans one basket, the oracles of its legs and its limit."""

from __future__ import annotations

from decimal import Decimal

from ape.api import ReceiptAPI

from plimsoll.chain.containers import container
from plimsoll.chain.views import view_one
from plimsoll.deploy.book import BasketRecord, LegRecord, LegTerms, contract_at
from plimsoll.deploy.chainlink import Decimals
from plimsoll.deploy.checks import address_in, needed, plain
from plimsoll.deploy.market import BasketSection, LegSection
from plimsoll.deploy.oracle_plan import OraclePlan
from plimsoll.deploy.pool_plan import PoolPlan
from plimsoll.deploy.spoke_plan import SpokePlan
from plimsoll.deploy.steps import Draft, NotYet, Step
from plimsoll.params import (
    CEILING_FACTOR,
    CEILING_TOP,
    COLLATERAL_DECIMALS,
    LEG_UNITS_DIVISOR,
    RiskParams,
    price_of,
    wad,
)
from plimsoll.units import PRICE_SCALE, WAD

_OTHERWISE = "give the basket another name"


class BasketPlan(SpokePlan):
    """One basket of a market file, the oracles of its legs and its limit."""

    kind = "basket"

    def __init__(self, pool: PoolPlan, section: BasketSection, name: str) -> None:
        """A plan that has no steps yet."""
        super().__init__(pool, section, name)
        self.section = section
        self.records = self.book.baskets
        self.legs = {
            name: _LegPlan(self, leg, f"{self.where}.legs.{name}", name) for name, leg in section.legs.items()
        }

    def add(self) -> None:
        """Adds all that is missing, or holds what is there against the file."""
        are_tokens = [leg.is_token() for leg in self.legs.values()]
        if not self._may_be() or not all(are_tokens):
            return
        prices = [leg.add() for leg in self.legs.values()]
        if self.is_there:
            self._check_basket()
        else:
            self._check_together([price for price in prices if price is not None])
            self._basket()
        self._limit()

    def _basket(self) -> None:
        def create_basket() -> Draft:
            return self.checks.factory_call(
                "create_basket",
                needed(address_in(self.book.pools, self.pool.name)),
                [leg.struct() for leg in self.legs.values()],
                self.section.risk.to_basket_struct(self.pool.decimals),
            )

        def record(receipt: ReceiptAPI) -> str:
            event = container("Factory").BasketCreated.from_receipt(receipt)[0]
            made = contract_at("Basket", event.basket).legs()
            self.book.baskets[self.key] = BasketRecord(
                address=event.basket,
                pool=event.pool,
                tx=receipt.txn_hash,
                block=receipt.block_number,
                legs={
                    name: LegRecord(
                        token=it[0], oracle=it[1], ceiling=str(it[4]), terms=self.legs[name].terms
                    )
                    for name, it in zip(self.legs, made, strict=True)
                },
                risk=self.section.risk.model_dump(mode="json"),
            )
            return str(event.basket)

        self.steps.add(
            Step(f"basket {self.key}", "create", self.where, transaction=create_basket, record=record)
        )

    def _check_basket(self) -> None:
        what, record = f"basket {self.key}", self.book.baskets[self.key]
        self.checks.require_registered(what, "pool_of(address)", "address", record.address, record.pool)
        risk = RiskParams.model_validate(record.risk)
        basket = contract_at("Basket", record.address)
        if (
            record.pool != address_in(self.book.pools, self.pool.name)
            or [tuple(leg) for leg in basket.legs()] != [leg.struct() for leg in record.legs.values()]
            or tuple(basket.risk()) != risk.to_basket_struct(self.pool.decimals)
        ):
            raise self.checks.disagreement(what)
        self.checks.compare(f"{self.where}.risk", what, risk, self.section.risk, _OTHERWISE)
        if list(record.legs) != list(self.legs):
            self.complain(
                f"{self.where}.legs",
                f"{what} was made with the legs {', '.join(record.legs)}, which cannot change, nor can their "
                f"order; restore them, or {_OTHERWISE}",
            )
            return
        for name, leg in self.legs.items():
            leg.check(what, record.legs[name])
        self.steps.add(Step(what, "exists", self.where, record.address))

    def _check_together(self, prices: list[int]) -> None:
        """Refuses legs of which a base unit each is worth too much together."""
        risk = self.section.risk
        bonus = Decimal(risk.to_struct(self.pool.decimals)[-1] * wad(risk.bonus_min) * PRICE_SCALE)
        worth = sum(prices) * LEG_UNITS_DIVISOR * WAD
        if worth > bonus:
            least = (risk.min_debt * worth / bonus).quantize(Decimal("0.01"), rounding="ROUND_UP")
            self.complain(
                f"{self.where}.risk.min_debt",
                f"{plain(risk.min_debt)} is too small: a base unit of every leg may be worth a 100th of the "
                f"smallest bonus on it; raise it to {plain(least)}, or choose legs with more decimals",
            )


class _LegPlan:
    """One collateral of a basket.

    Attributes:
        terms: what the file says of it besides token and oracle.
    """

    def __init__(self, basket: BasketPlan, section: LegSection, where: str, name: str) -> None:
        self.basket = basket
        self.section = section
        self.where = where
        self.checks = basket.checks
        self.complain = basket.complain
        key = f"{basket.key}/{name}"
        self.oracle = OraclePlan(basket.pool, section, where, key, basket.is_there, _OTHERWISE)
        risk = section.risk(basket.section.risk)
        self.terms = LegTerms(
            ltv=risk.ltv,
            threshold=risk.threshold,
            ceiling=None if section.ceiling_price else section.ceiling,
            ceiling_price=section.ceiling_price,
        )
        self._decimals = Decimals(0, basket.pool.decimals)

    def is_token(self) -> bool:
        """Adds what the token needs; whether it is fit to be a collateral."""
        where, collateral = f"{self.where}.collateral", self.section.collateral
        decimals = self.checks.token(collateral, where, *COLLATERAL_DECIMALS)
        if decimals is None:
            return False
        self.basket.check_foreign(collateral.address, where)
        self._decimals = Decimals(decimals, self.basket.pool.decimals)
        return True

    def add(self) -> int | None:
        """Adds what the oracle needs. Returns its price for a new basket; None when there is none."""
        price = self.oracle.add(self._decimals)
        if price is not None and not self.basket.is_there:
            self.basket.check_unit(price, self._decimals.collateral)
            self._check_ceiling(price)
        return price

    def struct(self) -> tuple[object, ...]:
        """`IBasket.Leg`, once everything is there."""
        oracle = self.oracle.usable()
        price: int | None = view_one(self.basket.steps.provider, oracle, "price()", "uint256")
        if price is None:
            raise NotYet
        ratios = wad(self.terms.ltv), wad(self.terms.threshold)
        token = needed(self.checks.token_address(self.section.collateral))
        return token, oracle, *ratios, self._ceiling(price)

    def check(self, what: str, record: LegRecord) -> None:
        """Complains about what differs from the leg that was made."""
        self.checks.compare(self.where, what, record.terms, self.terms, _OTHERWISE)
        self.oracle.compare_made(what, record.token, record.oracle)

    def _ceiling(self, price: int) -> int:
        """The ceiling, 1e36, rounded down."""
        if self.section.ceiling_price is None:
            return int(self.section.ceiling * price)
        return price_of(self.section.ceiling_price, self._decimals.collateral, self._decimals.loan)

    def _check_ceiling(self, price: int) -> None:
        """Refuses a ceiling that the basket would."""
        if self._ceiling(price) > CEILING_TOP:
            self.complain(self.where, "its ceiling is larger than a basket takes; lower it")
        elif self.section.ceiling_price is not None and self._ceiling(price) < CEILING_FACTOR * price:
            scale = 10**self._decimals.collateral
            least = Decimal(CEILING_FACTOR * price * scale) / 10 ** (36 + self._decimals.loan)
            self.complain(
                f"{self.where}.ceiling_price",
                f"{plain(self.section.ceiling_price)} is below {CEILING_FACTOR} times the price; raise it to "
                f"{plain(least)}",
            )
