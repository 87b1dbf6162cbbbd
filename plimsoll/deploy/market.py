"""Market files: YAML in, checked parameters out, every mistake a sentence.

A market file describes one pool and its vaults in human units: whole tokens, ratios, hours, yearly rates (see
`docs/deploying.md` and the files in `markets/`). Values are kept as the text that was written until pydantic
reads them, so `0.1` is exactly a tenth and an address needs no quotes.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from eth_utils.address import is_checksum_address, to_checksum_address
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from plimsoll.params import (
    CEILING_FACTOR,
    COLLATERAL_DECIMALS,
    LEG_THRESHOLD_LEAST,
    LEGS,
    FrozenModel,
    PoolParams,
    RiskParams,
    with_preset,
)
from plimsoll.sentences import demand
from plimsoll.yaml_lines import lines_of, nearest, reader

_Tree = dict[str, Any]


class DeployError(Exception):
    """What a person has to put right before anything can be deployed: one sentence for each problem."""

    def __init__(self, *sentences: str) -> None:
        """Keeps the sentences; `str` gives one a line."""
        super().__init__("\n".join(sentences))
        self.sentences = sentences


# ----------------------------------------------------------------------------------------------- the sections


def _address(value: str) -> str:
    if not re.fullmatch(r"0x[0-9a-fA-F]{40}", value):
        raise ValueError(f"{value} is not an address, which is 0x and 40 hexadecimal digits; correct it")
    if int(value, 16) == 0:
        raise ValueError(f"{value} is the zero address; give a real one or remove the line")
    digits = value[2:]
    if digits not in (digits.lower(), digits.upper()) and not is_checksum_address(value):
        raise ValueError(f"{value} has a wrong checksum, so a digit is mistyped; copy the address again")
    return to_checksum_address(value)


Address = Annotated[str, AfterValidator(_address)]


class _Choice(FrozenModel):
    """A section with exactly one of its keys; a plain value stands for `address`."""

    @model_validator(mode="before")
    @classmethod
    def _from_address(cls, value: object) -> object:
        return {"address": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if len(self.model_fields_set) != 1:
            kinds = " or ".join(name for name in type(self).model_fields if name != "address")
            raise ValueError(f"give either an address or one section {kinds}")
        return self


class MockToken(FrozenModel):
    """A token that anyone can mint, for local chains; markets that name the same symbol share it."""

    symbol: str = Field(min_length=1, max_length=8, pattern="^[A-Za-z0-9.]+$")
    decimals: int = Field(ge=0, le=COLLATERAL_DECIMALS[1])


class Token(_Choice):
    """A token: the address of one that exists, or a mock."""

    address: Address | None = None
    mock: MockToken | None = None


class Feed(FrozenModel):
    """A Chainlink feed and when to believe it; bounds in whole units (such as dollars), exclusive."""

    feed: Address
    heartbeat_hours: Decimal = Field(gt=0, le=168)
    min_answer: Decimal = Field(gt=0)
    max_answer: Decimal = Field(gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.min_answer < self.max_answer:
            raise ValueError(
                f"min_answer {self.min_answer} must be below max_answer {self.max_answer}; correct one"
            )
        return self


class Rate(FrozenModel):
    """An ERC-4626 vault whose rate multiplies a feed's answer.

    The cap on it, which restricts lending alone, compounds by `yearly_growth` (0.05 is 5 %, continuously). A
    rate below its first by more than the part `fall` is refused; 1 refuses none.
    """

    vault: Address
    yearly_growth: Decimal = Field(gt=0, le=1)
    fall: Decimal = Field(Decimal(1), gt=0, le=1)


class Sequencer(FrozenModel):
    """A rollup's uptime feed, and how long to wait after the sequencer came back."""

    feed: Address
    grace_hours: Decimal = Field(gt=0, le=24)


class Chainlink(FrozenModel):
    """`ChainlinkOracle.Config` in human units; see the contract for what each part does."""

    expected_price: Decimal = Field(gt=0, description="whole loan tokens for a whole collateral token")
    collateral_feed: Feed
    loan_feed: Feed | None = None
    collateral_rate: Rate | None = None
    loan_rate: Rate | None = None
    second: Address | None = None
    fallback: Address | None = None
    sequencer: Sequencer | None = None


class MockFeeds(FrozenModel):
    """A `ChainlinkOracle` over two mock feeds, for local chains; prices of whole tokens in dollars."""

    collateral: Decimal = Field(ge=Decimal("1e-8"), lt=10**9)
    loan: Decimal = Field(Decimal(1), ge=Decimal("1e-8"), lt=10**9)


class Oracle(_Choice):
    """A vault's price source: one that exists, Chainlink feeds, or mock feeds."""

    address: Address | None = None
    chainlink: Chainlink | None = None
    mock: MockFeeds | None = None


def _resolved(value: object) -> object:
    """Resolves `blue-chip` and `{preset: blue-chip, ltv: 0.78}`."""
    if isinstance(value, str):
        return with_preset(value, {})
    if isinstance(value, dict) and "preset" in value:
        return with_preset(value["preset"], {key: part for key, part in value.items() if key != "preset"})
    return value


class VaultSection(FrozenModel):
    """One vault of the market's pool; `limit` in whole loan tokens."""

    collateral: Token
    oracle: Oracle
    risk: Annotated[RiskParams, BeforeValidator(_resolved)]
    limit: Decimal = Field(gt=0, description="the most that the vault may draw")


class LegSection(FrozenModel):
    """One collateral of a basket; ratios that are left out are those of the basket's `risk`."""

    collateral: Token
    oracle: Oracle
    ltv: Decimal | None = Field(None, gt=0, lt=1)
    threshold: Decimal | None = Field(None, ge=LEG_THRESHOLD_LEAST, lt=1)
    ceiling: Decimal = Field(
        Decimal(10), ge=CEILING_FACTOR, description="times the price when the basket is made"
    )
    ceiling_price: Decimal | None = Field(
        None, gt=0, description="the same as a price: whole loan tokens for a whole collateral token"
    )

    @model_validator(mode="after")
    def _one_ceiling(self) -> Self:
        if {"ceiling", "ceiling_price"} <= self.model_fields_set:
            raise ValueError("give either ceiling or ceiling_price")
        return self

    def risk(self, shared: RiskParams) -> RiskParams:
        """Its risk parameters as a vault's. Raises `ValidationError`."""
        own = {"ltv": self.ltv, "threshold": self.threshold}
        given = {name: ratio for name, ratio in own.items() if ratio is not None}
        return RiskParams.model_validate(shared.model_dump() | given)


Name = Annotated[str, StringConstraints(pattern="^[a-z0-9][a-z0-9-]*$")]


class BasketSection(FrozenModel):
    """One basket of the market's pool, its legs by name; `limit` in whole loan tokens."""

    legs: dict[Name, LegSection] = Field(min_length=LEGS[0], max_length=LEGS[1])
    risk: Annotated[RiskParams, BeforeValidator(_resolved)]
    limit: Decimal = Field(gt=0, description="the most that the basket may draw")


def _kind(section: object) -> str:
    """What a section of `vaults` describes."""
    has_legs = "legs" in section if isinstance(section, dict) else isinstance(section, BasketSection)
    return "basket" if has_legs else "vault"


_Spoke = Annotated[
    Annotated[VaultSection, Tag("vault")] | Annotated[BasketSection, Tag("basket")], Discriminator(_kind)
]


class PoolSection(PoolParams):
    """The pool: its parameters and what its curator does first; `supply_cap` in whole loan tokens."""

    asset: Token
    curator: Address | None = Field(None, description="who deploys; refused when it is another account")
    supply_cap: Decimal | None = Field(None, gt=0)
    guardian: Address | None = None
    open: bool = Field(False, description="let lenders in, permanently")


class Market(FrozenModel):
    """A pool with its vaults and baskets, by their names in the address book."""

    factory: Address | None = Field(None, description="an existing one; else the address book's or a new one")
    uniswap: Literal["local"] | Address | None = Field(
        None, description="a Uniswap v2 factory: Liquidator and Leverage are deployed for its pairs"
    )
    pool: PoolSection
    vaults: dict[Name, _Spoke] = Field({})


# --------------------------------------------------------------------------------------------------- the file


@dataclass(frozen=True)
class MarketFile:
    """A market and where in its file each part of it stands."""

    path: Path
    market: Market
    lines: dict[str, int]

    def problem(self, where: str, sentence: str) -> str:
        """A sentence about the field at the dotted path `where`, led by file, line and field."""
        return _problem(self.path, self.lines, where, f"{where}: {sentence}")


def load_market(path: Path | str) -> MarketFile:
    """Reads and checks a market file, without any chain.

    Raises:
        DeployError: the file is missing or wrong; one sentence for each mistake, with its line and field.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DeployError(f"There is no file {path}; give the path of a market file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DeployError(f"{path} cannot be read as a text file ({error}); give a market file.") from None
    try:
        node = reader().compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise DeployError(f"{path}{line} is not valid YAML ({error.problem}); correct it there.") from None
    except YAMLError as error:
        raise DeployError(f"{path} is not valid YAML ({error}); correct it.") from None
    if not isinstance(node, MappingNode):
        raise DeployError(f"{path} holds no keys; start from markets/local-weth-usdc.yaml.")

    tree = _Reader(path, lines_of(node))
    data = tree.read(node, "")
    if tree.problems:
        raise DeployError(*tree.problems)
    try:
        file = MarketFile(path, Market.model_validate(data), tree.lines)
    except ValidationError as error:
        raise DeployError(*(tree.explain(details) for details in error.errors())) from None
    if contradictions := tuple(_contradictions(file)):
        raise DeployError(*contradictions)
    return file


def _contradictions(file: MarketFile) -> Iterator[str]:
    """What is wrong between parts that are sound by themselves."""
    asset = file.market.pool.asset
    mocks = {asset.mock.symbol: asset.mock.decimals} if asset.mock else {}
    for where, token in _collaterals(file.market):
        if _identity(token) == _identity(asset):
            yield file.problem(where, "it is the loan asset; choose another token")
        elif token.mock and mocks.setdefault(token.mock.symbol, token.mock.decimals) != token.mock.decimals:
            yield file.problem(
                where,
                f"mock token {token.mock.symbol} has {token.mock.decimals} decimals here and "
                f"{mocks[token.mock.symbol]} elsewhere; choose another symbol",
            )
    for name, section in file.market.vaults.items():
        if isinstance(section, BasketSection):
            yield from _contradictions_of_legs(file, f"vaults.{name}.legs", section)


def _contradictions_of_legs(file: MarketFile, where: str, basket: BasketSection) -> Iterator[str]:
    seen: dict[tuple[str | None, str | None], str] = {}
    for name, leg in basket.legs.items():
        first = seen.setdefault(_identity(leg.collateral), name)
        if first != name:
            yield file.problem(
                f"{where}.{name}.collateral", f"it is that of the leg {first} as well; choose another token"
            )
        try:
            leg.risk(basket.risk)
        except ValidationError as error:
            for details in error.errors():
                yield file.problem(
                    f"{where}.{name}", str(details.get("ctx", {}).get("error", details["msg"]))
                )


def _collaterals(market: Market) -> Iterator[tuple[str, Token]]:
    """Every collateral, and where it stands."""
    for name, section in market.vaults.items():
        if isinstance(section, BasketSection):
            for leg, part in section.legs.items():
                yield f"vaults.{name}.legs.{leg}.collateral", part.collateral
        else:
            yield f"vaults.{name}.collateral", section.collateral


def _identity(token: Token) -> tuple[str | None, str | None]:
    """The same for the same token."""
    return token.address, token.mock.symbol if token.mock else None


def _problem(path: Path, lines: dict[str, int], where: str, sentence: str) -> str:
    return f"{path}, line {lines[nearest(lines, where)]}: {sentence}."


_PLACEHOLDER = re.compile(r"<.*>")


def _fields(models: Iterable[type[BaseModel]]) -> set[str]:
    return {name for model in models for name in model.model_fields}


_KEYS = _fields((
    Market, PoolSection, VaultSection, BasketSection, LegSection, Token, MockToken, Oracle, MockFeeds,
    Chainlink, Feed, Rate, Sequencer, RiskParams, type(PoolParams.model_fields["rates"].default),
))  # fmt: skip


class _Reader:
    """Turns YAML nodes into plain values and keeps their text."""

    def __init__(self, path: Path, lines: dict[str, int]) -> None:
        self.path = path
        self.lines = lines
        self.scalars: dict[str, str] = {}
        self.problems: list[str] = []

    def read(self, node: Node, where: str) -> _Tree | list[Any] | str:
        """The value at `where`; what is certainly wrong lands in `problems`."""
        if isinstance(node, MappingNode):
            tree: _Tree = {}
            for key_node, value in node.value:
                key = str(key_node.value)
                below = f"{where}.{key}" if where else key
                if key in tree:
                    line = key_node.start_mark.line + 1
                    self.problems.append(
                        f"{self.path}, line {line}: {below} is given twice, first in line "
                        f"{self.lines[below]}; keep one."
                    )
                tree[key] = self.read(value, below)
            return tree
        if isinstance(node, SequenceNode):
            return [self.read(part, f"{where}.{index}") for index, part in enumerate(node.value)]
        value = str(node.value)
        self.scalars[where] = value
        if node.tag == "tag:yaml.org,2002:null":
            self._add(where, f"{where} is empty; give it a value or remove the line")
        elif _PLACEHOLDER.fullmatch(value):
            self._add(where, f"{where} is still the placeholder {value}; put your value there")
        return value

    def _add(self, where: str, sentence: str) -> None:
        self.problems.append(_problem(self.path, self.lines, where, sentence))

    def explain(self, details: ErrorDetails) -> str:
        """One of pydantic's errors as a sentence."""
        loc = [str(part) for part in details["loc"] if part != "[key]"]
        if loc[:1] == ["vaults"] and loc[2:3] in (["vault"], ["basket"]):
            del loc[2]  # the kind of the section, which is no key
        full = ".".join(loc)
        where = nearest(self.lines, full)
        kind, context = details["type"], details.get("ctx", {})
        if kind == "missing":
            sentence = f"{full} is missing; add it"
        elif kind == "extra_forbidden":
            close = difflib.get_close_matches(loc[-1], _KEYS, n=1)
            remedy = f"perhaps you meant {close[0]}" if close else "remove it"
            sentence = f"{full} is not a key that is known here; {remedy}"
        elif kind == "value_error":
            sentence = f"{where}: {context['error']}" if where else str(context["error"])
        elif "[key]" in details["loc"]:
            sentence = f"the name {loc[-1]} must be of lower-case letters, digits and dashes; rename it"
        else:
            value = f" is {self.scalars[where] or 'empty'}, but" if where in self.scalars else ""
            sentence = f"{where}{value} {demand(details)}"
        return _problem(self.path, self.lines, where, sentence)
