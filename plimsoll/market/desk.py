"""Between people's words and a ground: names, whole tokens, money and approvals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from plimsoll.chain.abi import LoggedEvent
from plimsoll.market.amounts import Amount, Amounts, Number, ratio, units_of
from plimsoll.market.deployment import CURATOR, DEPLOYER, Parts, Spoke, Token
from plimsoll.market.ground import Ground
from plimsoll.market.refusals import MarketError
from plimsoll.strict import Strict
from plimsoll.units import MAX, NOBODY

Who = Any
"""A name, an address in hexadecimal digits, or whatever has an `address`."""

_TIMES = ("matures", "stream_end", "until", "ready")  # arguments of events
_COUNTS = (
    "rights", "stake_generation", "escrow_generation", "total_debt", "total_debt_shares"
)  # fmt: skip
_ADDRESS = re.compile("0x[0-9a-fA-F]{40}")


class Desk(Strict):
    """One vault of a ground, and everybody who has been named."""

    __slots__ = ("_names", "ground", "vault")
    ground: Ground
    vault: str
    _names: dict[str, str]

    def __init__(self, ground: Ground, vault: str, names: dict[str, str] | None = None) -> None:
        """A desk at one of the ground's vaults."""
        self.ground = ground
        self.vault = vault
        self._names = {DEPLOYER: "deployer", CURATOR: "curator"} if names is None else names

    def beside(self, vault: str) -> Desk:
        """A desk at another vault, which knows the same people."""
        return Desk(self.ground, vault, self._names)

    def beside_basket(self, basket: str) -> BasketDesk:
        """A desk at a basket, which knows the same people."""
        return BasketDesk(self.ground, basket, self._names)

    # -------------------------------------------------------------------------------- contracts, tokens

    @property
    def parts(self) -> Parts[Any]:
        """The contracts of the pool."""
        return self.ground.parts

    @property
    def spoke(self) -> Spoke[Any]:
        """The contracts of the vault."""
        return self.parts.spokes[self.vault]

    @property
    def contract(self) -> Any:
        """The vault."""
        return self.spoke.vault

    def legs_of(self, basket: str) -> dict[str, Token]:
        """The tokens of a basket's legs: by their symbols in lower case, which are numbered where equal."""
        tokens = [self.ground.tokens[leg.collateral.address] for leg in self.parts.baskets[basket]]
        named: dict[str, Token] = {}
        for number, token in enumerate(tokens):
            name = token.symbol.lower()
            named[f"{name}-{number}" if name in named else name] = token
        return named

    @property
    def loan(self) -> Token:
        """The loan asset."""
        return self.ground.tokens[self.parts.loan.address]

    @property
    def collateral(self) -> Token:
        """The collateral."""
        return self.ground.tokens[self.spoke.collateral.address]

    @property
    def share(self) -> Token:
        """The pool's share."""
        return self.ground.tokens[self.parts.pool.address]

    # ------------------------------------------------------------------------------------------ figures

    def loans(self, raw: int) -> Amount:
        """An amount of the loan asset."""
        return Amount(raw, self.loan.decimals, self.loan.symbol)

    def collaterals(self, raw: int) -> Amount:
        """An amount of collateral."""
        return Amount(raw, self.collateral.decimals, self.collateral.symbol)

    def shares(self, raw: int) -> Amount:
        """An amount of the pool's shares."""
        return Amount(raw, self.share.decimals, self.share.symbol)

    def price(self, raw: int) -> Amount:
        """A price: whole loan tokens for a whole collateral token."""
        return self.price_of(self.collateral, raw)

    def price_of(self, token: Token, raw: int) -> Amount:
        """A price: whole loan tokens for a whole one of a token."""
        return Amount(raw, 36 + self.loan.decimals - token.decimals, self.loan.symbol)

    def units(self, amount: Number, token: Token, what: str) -> int:
        """Base units of whole tokens. Raises `MarketError`."""
        return units_of(amount, token.decimals, what)

    def units_or_all(self, amount: Number | None, token: Token, what: str) -> int:
        """As `units`; as much as goes when nothing is said."""
        return MAX if amount is None else self.units(amount, token, what)

    # ------------------------------------------------------------------------------------------- people

    def address_of(self, who: Who) -> str:
        """Somebody's address, in lower case."""
        who = getattr(who, "address", who)
        if not isinstance(who, str) or not who:
            raise MarketError(f"{who!r} is nobody; give a name, an address or an account.")
        if _ADDRESS.fullmatch(who):
            return who.lower()
        address = self.ground.address(who).lower()
        self._names[address] = who
        return address

    def name_of(self, address: str) -> str:
        """The name by which an address was called, else the address."""
        return self._names.get(address.lower(), address.lower())

    # ------------------------------------------------------------------------------------------- events

    def told(self, it: LoggedEvent) -> tuple[str, dict[str, Any]]:
        """Where an event was logged, and its arguments: people by name, amounts in whole tokens."""
        place = self.place_of(it.contract)
        return place, {name: self._argument(place, it, name, value) for name, value in it.arguments.items()}

    def place_of(self, address: str) -> str:
        """What a contract is called, else the name of somebody."""
        parts = self.parts
        places = [(parts.pool, "pool"), (parts.council, "council"), (parts.backstop, "backstop")]
        places += [(parts.liquidator, "liquidator contract"), (parts.leverage, "leverage contract")]
        places += [(contract, name) for name, contract in parts.borrowers().items()]
        known = {part.address.lower(): place for part, place in places if part is not None}
        return "nobody" if address == NOBODY else known.get(address) or self.name_of(address)

    def _argument(self, place: str, it: LoggedEvent, name: str, value: Any) -> Any:
        is_vault = place.startswith(("vault", "basket"))
        if isinstance(value, str):
            return self.place_of(value)
        if value is None or isinstance(value, bool) or name in _COUNTS or (is_vault and name == "shares"):
            return value
        if place.startswith("basket") and (
            name in ("leg", "seized", "prices") or (name == "amount" and "leg" in it.arguments)
        ):
            return self._of_legs(place.removeprefix("basket "), it, name, value)
        if name in _TIMES:
            return datetime.fromtimestamp(value, UTC) if value else None
        if name == "price":
            return self.price_of(self._locked_in(place), value)
        if name.startswith("health"):
            return ratio(value)
        if is_vault and (name == "seized" or it.name in ("Deposit", "Withdraw")):
            token = self._locked_in(place)
            return Amount(value, token.decimals, token.symbol)
        is_share = place == "backstop" or name == "shares" or it.name in ("Transfer", "Approval")
        return self.shares(value) if is_share else self.loans(value)

    def _locked_in(self, place: str) -> Token:
        """The collateral of a vault, by what it is called."""
        return self.ground.tokens[self.parts.spokes[place.removeprefix("vault ")].collateral.address]

    def _of_legs(self, basket: str, it: LoggedEvent, name: str, value: Any) -> Any:
        """An argument that is about legs."""
        legs = self.legs_of(basket)
        if name == "prices":
            prices = zip(legs.items(), value, strict=False)
            return Amounts({leg: self.price_of(token, raw) for (leg, token), raw in prices if raw})
        if name == "seized":
            amounts = zip(legs.items(), value, strict=False)
            return Amounts({leg: Amount(raw, it.decimals, it.symbol) for (leg, it), raw in amounts if raw})
        leg, token = list(legs.items())[it.arguments["leg"]]
        return leg if name == "leg" else Amount(value, token.decimals, token.symbol)

    # -------------------------------------------------------------------------------------------- doing

    def call(self, part: Any, view: str, *arguments: Any) -> Any:
        """Asks a contract. Raises `Refused`."""
        return self.ground.call(part, view, *arguments)

    def send(self, part: Any, function: str, *arguments: Any, by: Who) -> Any:
        """Sends a transaction. Raises `Refused`."""
        return self.ground.send(part, function, *arguments, sender=self.address_of(by))

    def provide(self, token: Any, owner: str, spender: Any, amount: int) -> None:
        """Sees that a contract can pull tokens; those for play are given to who lacks them."""
        if amount:
            self.ground.give(token, owner, amount)
            self.approve(token, owner, spender, amount)

    def approve(self, token: Any, owner: str, spender: Any, amount: int) -> None:
        """Allows a contract to pull tokens, or shares, unless it may already."""
        if self.call(token, "allowance", owner, spender.address) < amount:
            self.send(token, "approve", spender.address, amount, by=owner)


class BasketDesk(Desk):
    """One basket of a ground, and everybody who has been named."""

    __slots__ = ()

    @property
    def contract(self) -> Any:
        """The basket."""
        return self.parts.baskets[self.vault][0].vault

    @property
    def legs(self) -> dict[str, Token]:
        """The tokens of the legs by name, in their order."""
        return self.legs_of(self.vault)

    def number(self, leg: str) -> int:
        """The number of a leg. Raises `MarketError`."""
        names = list(self.legs)
        if leg not in names:
            raise MarketError(f"There is no leg {leg!r}; choose one of {', '.join(names)}.")
        return names.index(leg)

    def mask(self, legs: Iterable[str]) -> int:
        """Bit i for leg i. Raises `MarketError`."""
        if isinstance(legs, str):
            raise MarketError(f"Name legs in a list, such as [{legs!r}].")
        return sum({1 << self.number(leg) for leg in legs})

    def token(self, leg: str) -> tuple[Any, Token]:
        """The contract of a leg's token, and what it is."""
        return self.parts.baskets[self.vault][self.number(leg)].collateral, self.legs[leg]

    def amounts(self, raws: Sequence[int]) -> Amounts:
        """Amounts of the legs by name, those above 0."""
        return Amounts(
            {
                leg: Amount(raw, token.decimals, token.symbol)
                for (leg, token), raw in zip(self.legs.items(), raws, strict=False)
                if raw
            }
        )

    def units_of(self, amounts: Mapping[str, Number]) -> dict[str, int]:
        """Base units of legs by name, those above 0. Raises `MarketError`."""
        if not isinstance(amounts, Mapping):
            first = next(iter(self.legs))
            raise MarketError(f"{amounts!r} is of no leg; name legs, such as {{{first!r}: 10}}.")
        found = {leg: self.units(amount, self.token(leg)[1], f"the {leg}") for leg, amount in amounts.items()}
        return {leg: raw for leg, raw in found.items() if raw}
