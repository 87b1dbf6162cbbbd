"""Markets to test on: an open pool with a vault or a basket, and prices that the test sets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from plimsoll.chain.engine import CallReverted
from plimsoll.market.amounts import Number, exact
from plimsoll.params import BLUE_CHIP, PoolParams, RiskParams, price_of
from plimsoll.testing import Chain, Contract
from plimsoll.testing.builder import Builder, Leg
from plimsoll.testing.engines import in_process
from plimsoll.testing.roles import CURATOR, LENDER
from plimsoll.twin import slices
from plimsoll.twin.liquidation import DebtTotals, Quote, Risk, quote
from plimsoll.units import FRACTION, MAX, PRICE_SCALE


@dataclass(frozen=True)
class Market:
    """One open pool with one vault, and a price that the test sets; base units unless tokens are said."""

    builder: Builder
    decimals: tuple[int, int]  # of the loan asset and of the collateral
    loan: Contract
    collateral: Contract
    oracle: Contract
    pool: Contract
    council: Contract
    vault: Contract

    @property
    def chain(self) -> Chain:
        """What it is deployed on."""
        return self.builder.chain

    @property
    def factory(self) -> Contract:
        """The Factory."""
        return self.builder.factory

    def loans(self, whole_tokens: Number) -> int:
        """Base units of the loan asset, rounded down. Raises `MarketError` for what is no amount."""
        return int(exact(whole_tokens, "the amount").scaleb(self.decimals[0]))

    def collaterals(self, whole_tokens: Number) -> int:
        """Base units of the collateral, rounded down. Raises `MarketError` for what is no amount."""
        return int(exact(whole_tokens, "the amount").scaleb(self.decimals[1]))

    def set_quote(self, whole: Number) -> None:
        """Sets the price in whole loan tokens for a whole collateral token.

        Raises:
            MarketError: it is no price.
        """
        price = price_of(exact(whole, "the price"), *reversed(self.decimals))
        self.oracle.set_price(price, sender=self.builder.deployer)

    def give(self, who: Any, whole_tokens: int = 10**7) -> Any:
        """Mints both tokens to `who`, who approves pool and vault."""
        for token, digits in zip((self.loan, self.collateral), self.decimals, strict=True):
            token.mint(who, whole_tokens * 10**digits, sender=self.builder.deployer)
            for spender in (self.pool, self.vault):
                token.approve(spender, MAX, sender=who)
        return who

    def open(self, who: Any, collateral: Number = 10, debt: Number = 15_000) -> tuple[int, int]:
        """Locks and borrows whole tokens; the position."""
        self.vault.open(self.collaterals(collateral), self.loans(debt), sender=who)
        return self.position(who)

    def balance(self, token: Contract, who: Any) -> int:
        """What somebody holds of a token."""
        return int(token.balanceOf(who))

    def position(self, owner: Any) -> tuple[int, int]:
        """Collateral; debt shares."""
        collateral, shares = self.vault.position_of(owner)
        return collateral, shares

    def debt(self, owner: Any) -> int:
        """Debt as of now, rounded up."""
        return int(self.vault.debt_of(owner))

    def price(self) -> int:
        """The oracle's price, 1e36."""
        return int(self.oracle.price())

    def debt_totals(self) -> DebtTotals:
        """The pool's debt with interest up to now."""
        return DebtTotals(*self.pool.debt_totals())

    def risk(self) -> Risk:
        """The vault's parameters for the twin."""
        return Risk.from_struct(self.vault.risk())

    def quote(self, owner: Any, max_repay: int = MAX) -> Quote:
        """The close that the twin expects of the position as it stands on the chain."""
        return quote(*self.position(owner), self.price(), self.debt_totals(), max_repay, self.risk())

    def wealth(self, who: Any) -> int:
        """Tokens, pool shares and position, in base units of the loan asset at the oracle's price."""
        shares = self.pool.balanceOf(who)
        locked = self.position(who)[0] + self.balance(self.collateral, who)
        return int(
            self.balance(self.loan, who)
            + self.pool.convertToAssets(shares)
            + locked * self.price() // PRICE_SCALE
            - self.debt(who)
        )

    def residue(self) -> int:
        """`cash + total_debt - total_assets` in fractions: the reserve, were it not cut at 0."""
        assets, debt, *_ = self.pool.totals()
        return int(self.balance(self.loan, self.pool) * FRACTION + debt - assets)

    def assert_sums(self, owners: Sequence[Any], *elsewhere: "Market") -> None:
        """P2, P3 and V1 where only `owners` have positions, those of the pool's other vaults apart."""
        held = [self.position(owner) for owner in owners]
        drawn = self.pool.credit_line(self.vault)[1]
        assert sum(shares for _, shares in held) == drawn, "P2"
        others = sum(self.pool.credit_line(other.vault)[1] for other in elsewhere)
        assert drawn + others == self.debt_totals().shares, "P2"
        assert self.residue() > -FRACTION, "P3"
        assert self.balance(self.collateral, self.vault) >= sum(locked for locked, _ in held), "V1"


@dataclass(frozen=True)
class BasketMarket:
    """One open pool with one basket, and prices that the test sets; base units unless tokens are said.

    Legs go by their numbers; their masks have bit i for leg i.
    """

    builder: Builder
    loan: Contract
    tokens: tuple[Contract, ...]
    oracles: tuple[Contract, ...]
    pool: Contract
    council: Contract
    basket: Contract

    @property
    def chain(self) -> Chain:
        """What it is deployed on."""
        return self.builder.chain

    def loans(self, whole_tokens: Number) -> int:
        """Base units of the loan asset, rounded down. Raises `MarketError` for what is no amount."""
        return int(exact(whole_tokens, "the amount").scaleb(self.loan.decimals()))

    def collaterals(self, leg: int, whole_tokens: Number) -> int:
        """Base units of a leg, rounded down. Raises `MarketError` for what is no amount."""
        return int(exact(whole_tokens, "the amount").scaleb(self.tokens[leg].decimals()))

    def set_quote(self, leg: int, whole: Number) -> None:
        """Sets the price of a leg, in whole loan tokens for a whole one of its tokens.

        Raises:
            MarketError: it is no price.
        """
        price = price_of(exact(whole, "the price"), self.tokens[leg].decimals(), self.loan.decimals())
        self.oracles[leg].set_price(price, sender=self.builder.deployer)

    def silence(self, leg: int, is_silent: bool = True) -> None:
        """Lets the oracle of a leg fail, or answer again."""
        self.oracles[leg].set_silent(is_silent, sender=self.builder.deployer)

    def give(self, who: Any, whole_tokens: int = 10**7) -> Any:
        """Mints every token to `who`, who approves pool and basket."""
        for token in (self.loan, *self.tokens):
            token.mint(who, whole_tokens * 10 ** token.decimals(), sender=self.builder.deployer)
            for spender in (self.pool, self.basket):
                token.approve(spender, MAX, sender=who)
        return who

    def open(self, who: Any, collaterals: Sequence[Number], debt: Number) -> None:
        """Locks whole tokens of each leg, in the legs' order, and borrows."""
        for leg, whole_tokens in enumerate(collaterals):
            if amount := self.collaterals(leg, whole_tokens):
                self.basket.deposit(leg, amount, sender=who)
        self.basket.borrow(self.loans(debt), sender=who)

    def position(self, owner: Any) -> tuple[tuple[int, ...], int]:
        """Amounts of the legs; debt shares."""
        amounts, shares = self.basket.position_of(owner)
        return tuple(amounts[: len(self.tokens)]), shares

    def prices(self) -> tuple[int, ...]:
        """The oracles' prices, 1e36; 0 for one that is silent."""
        return tuple(self._answer(oracle) for oracle in self.oracles)

    def debt_totals(self) -> DebtTotals:
        """The pool's debt with interest up to now."""
        return DebtTotals(*self.pool.debt_totals())

    def risk(self) -> Risk:
        """What the legs have in common, for the twin."""
        return Risk.from_struct(self.basket.risk())

    def legs(self) -> tuple[slices.Leg, ...]:
        """The legs, for the twin."""
        return tuple(slices.Leg(*leg[2:]) for leg in self.basket.legs())

    def quote(self, owner: Any, max_repay: int = MAX, without: int = 0) -> slices.Quote:
        """The close that the twin expects of the position as it stands on the chain."""
        amounts, shares = self.position(owner)
        terms = self.prices(), self.legs(), self.debt_totals(), max_repay, self.risk(), without
        return slices.quote(amounts, shares, *terms)

    @staticmethod
    def _answer(oracle: Contract) -> int:
        try:
            return int(oracle.price())
        except CallReverted:
            return 0


def build_basket_market(
    builder: Builder,
    actors: Sequence[Any],
    legs: Sequence[tuple[Number, int]] = ((2_000, 18), (60_000, 8)),
    loan_decimals: int = 6,
    risk: RiskParams = BLUE_CHIP,
    pool_params: PoolParams | None = None,
    limit: int = 10**7,
    ceiling: int = 10,
) -> BasketMarket:
    """An open market with a basket of new tokens, every actor provided for.

    Args:
        builder: deploys it.
        actors: get every token.
        legs: what a whole token of each leg is worth in whole loan tokens, and its decimals.
        loan_decimals: of the loan asset.
        risk: of the basket; every leg has its ratios.
        pool_params: of the pool.
        limit: whole loan tokens that the basket may draw.
        ceiling: of each leg, times its price.
    """
    loan = builder.token(loan_decimals, "LOAN")
    tokens = [builder.token(decimals, f"LEG{number}") for number, (_, decimals) in enumerate(legs)]
    oracles = [
        builder.oracle(price_of(exact(quote, "the price"), decimals, loan_decimals))
        for quote, decimals in legs
    ]
    made = builder.pool(loan, pool_params)
    pool, council = cast(Contract, made.pool), cast(Contract, made.council)
    terms = [
        Leg(token, oracle, risk.ltv, risk.threshold, ceiling)
        for token, oracle in zip(tokens, oracles, strict=True)
    ]
    basket = builder.basket(pool, terms, risk)
    builder.open(made, {basket: int(exact(limit, "limit").scaleb(loan_decimals))})
    market = BasketMarket(builder, loan, tuple(tokens), tuple(oracles), pool, council, basket)
    for actor in actors:
        market.give(actor)
    return market


def build_market(
    builder: Builder,
    actors: Sequence[Any],
    quote: Number = 2_000,
    loan_decimals: int = 6,
    collateral_decimals: int = 18,
    risk: RiskParams = BLUE_CHIP,
    pool_params: PoolParams | None = None,
    limit: int = 10**7,
    loan: Contract | None = None,
    collateral: Contract | None = None,
    oracle: Contract | None = None,
) -> Market:
    """An open market; `limit` in whole loan tokens, every actor provided for.

    Tokens that are given must have the decimals that are said; without an `oracle` there is one that answers
    `quote`.

    Raises:
        MarketError: `quote` or `limit` is no number.
        TypeError: `oracle` is none.
        ValueError: a token has other decimals.
    """
    loan = loan or builder.token(loan_decimals, "LOAN")
    collateral = collateral or builder.token(collateral_decimals, "COLL")
    for name, token, said in (("loan", loan, loan_decimals), ("collateral", collateral, collateral_decimals)):
        if token.decimals() != said:
            raise ValueError(f"{name} has {token.decimals()} decimals, but {name}_decimals is {said}.")
    oracle = oracle or builder.oracle(price_of(exact(quote, "quote"), collateral_decimals, loan_decimals))
    made = builder.pool(loan, pool_params)
    pool, council = cast(Contract, made.pool), cast(Contract, made.council)
    vault = builder.vault(pool, collateral, oracle, risk)
    builder.open(made, {vault: int(exact(limit, "limit").scaleb(loan_decimals))})
    decimals = loan_decimals, collateral_decimals
    market = Market(builder, decimals, loan, collateral, oracle, pool, council, vault)
    for actor in actors:
        market.give(actor)
    return market


def small_market(
    loan: str = "PlainToken",
    collateral: str = "PlainToken",
    decimals: tuple[int, int] = (6, 18),
    supply: int = 200_000,
    flash_fee: Decimal | str = "0",
    oracle: Callable[[Chain, Contract, Contract], Contract] | None = None,
    **terms: Any,
) -> Market:
    """An open market on a chain of its own, in process.

    Args:
        loan: the contract of the loan asset, named by its vice.
        collateral: likewise.
        decimals: of the loan asset and of the collateral.
        supply: whole loan tokens that the lender `LENDER` supplies.
        flash_fee: of the pool.
        oracle: makes another oracle than a lying one, from the chain, the collateral and the loan asset.
        terms: of `build_market`.
    """
    builder = Builder(Chain(in_process()), CURATOR)
    tokens = [
        builder.token(digits, symbol, kind)
        for kind, symbol, digits in ((loan, "LOAN", decimals[0]), (collateral, "COLL", decimals[1]))
    ]
    market = build_market(
        builder,
        [LENDER],
        loan_decimals=decimals[0],
        collateral_decimals=decimals[1],
        pool_params=PoolParams(name="Plimsoll", symbol="P", flash_fee=exact(flash_fee, "flash_fee")),
        loan=tokens[0],
        collateral=tokens[1],
        oracle=oracle(builder.chain, tokens[1], tokens[0]) if oracle else None,
        **terms,
    )
    if supply:
        market.pool.deposit(market.loans(supply), LENDER, sender=LENDER)
    return market
