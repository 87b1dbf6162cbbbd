"""What a scenario may say about its borrowers."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, PrivateAttr, Tag, field_validator, model_validator

from plimsoll.scenario.candles import MAX_PRICE
from plimsoll.scenario.positions_file import Positions, read
from plimsoll.scenario.spans import Part, SomeTokens
from plimsoll.scenario.strict_model import NamedFile, StrictModel

MAX_BORROWERS = 200_000
LEAST_WEIGHT = Decimal("0.1")  # of a portfolio; what is drawn below it counts as nothing
LEAST_DEBT = 20  # times min_debt, of who has a portfolio, so that separate loans are possible

Health = Annotated[Decimal, Field(gt=1, le=100)]
Ltv = Annotated[Decimal, Field(ge=Decimal("0.001"), lt=1)]


class _Range(StrictModel):
    """Between which two numbers loans start, spread evenly on a log scale."""

    min: Decimal
    max: Decimal

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max < self.min:
            raise ValueError(f"max {self.max} is below min {self.min}; swap them")
        return self


class HealthRange(_Range):
    """Between which healths loans start, spread evenly on a log scale."""

    min: Health = Field(description="lowest health at the start; at least threshold / ltv")
    max: Health = Field(description="highest")


class LtvRange(_Range):
    """Between which loan-to-values loans start, spread evenly on a log scale."""

    min: Ltv = Field(description="lowest part of the collateral's value that is owed at the start")
    max: Ltv = Field(description="highest; at most the vault's `ltv`, of a basket its lowest leg's")


class Passive(StrictModel):
    """Does nothing."""

    kind: Literal["passive"] = Field("passive", description="`passive`: does nothing")


class Active(StrictModel):
    """Acts once health is below `below`, until it is `to`."""

    kind: Literal["top_up", "deleverage", "unwind"] = Field(
        description="`top_up` adds collateral (to each leg of a basket in proportion), `deleverage` repays "
        "with own money, `unwind` sells collateral on the DEX through the Leverage contract (of a basket the "
        "most valuable leg that suffices)",
    )
    below: Health = Field(description="acts once health is below that")
    to: Health = Field(description="until health is that")
    wallet: Decimal = Field(
        Decimal(1), ge=0, le=10, description="other funds, as a part of the collateral or the debt"
    )
    latency: int = Field(0, ge=0, le=10_000, description="blocks between falling below and acting")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.to <= self.below:
            raise ValueError(f"to {self.to} is not above below {self.below}; raise it")
        return self


Behaviour = Annotated[Passive | Active, Field(discriminator="kind")]


class PortfolioConfig(StrictModel):
    """What parts of their collateral's value people hold in each leg."""

    weights: tuple[Part, ...] = Field(description="one a leg; they add up to 1")
    concentration: Decimal | None = Field(
        None,
        gt=0,
        le=10_000,
        description="everybody's own weights are drawn from a Dirichlet distribution around these, which is "
        "the narrower the higher this is; what is drawn below 0.1 is left away. Without, all have these",
    )

    @field_validator("weights")
    @classmethod
    def _whole(cls, weights: tuple[Decimal, ...]) -> tuple[Decimal, ...]:
        if sum(weights) != 1:
            raise ValueError(f"the weights add up to {sum(weights)}; they must add up to 1")
        if low := [weight for weight in weights if 0 < weight < LEAST_WEIGHT]:
            raise ValueError(f"a weight is {low[0]}; it must be 0 or at least {LEAST_WEIGHT}")
        return weights


class _File(StrictModel):
    """A file of positions, whose rows go where the scenario goes, without the file."""

    file: NamedFile = Field(
        description="a CSV or a Parquet file, relative to the scenario's folder; its columns are those of [a "
        "book of your own](#a-book-of-your-own)"
    )
    moment: Literal["start", "end"] = Field(
        "end", description="which rows, of the table `positions` of a report"
    )
    _positions: Positions = PrivateAttr()

    @model_validator(mode="after")
    def _readable(self) -> Self:
        self._positions = read(self.file, self.moment)
        return self

    @property
    def positions(self) -> Positions:
        """The rows, as the file said when the scenario was read."""
        return self._positions


class LikeConfig(_File):
    """A book that a group is like: its rows are drawn, with replacement, and get some noise."""

    vault: str = Field("0", description="what the file calls the vault or basket; without, 0")
    prices: tuple[Annotated[Decimal, Field(gt=0, le=MAX_PRICE)], ...] | None = Field(
        None,
        description="of its collateral, or of each leg, when the book was written; without, the scenario's "
        "first",
    )
    jitter: Decimal = Field(
        Decimal("0.05"),
        ge=0,
        le=1,
        description="spread of the log-normal noise on everybody's debt and on what is locked; 0: none",
    )

    @field_validator("vault", mode="before")
    @classmethod
    def _name(cls, vault: Any) -> Any:
        return str(vault) if isinstance(vault, int) else vault


class BorrowersConfig(StrictModel):
    """A group of borrowers with the same behaviour, drawn from the seed."""

    vault: int = Field(0, strict=True, ge=0, description="number of the vault or basket")
    vaults: tuple[Annotated[int, Field(ge=0)], ...] | None = Field(
        None,
        description="instead, numbers of several vaults, in each of which everybody has a loan; all of a "
        "person's loans start at the same health",
    )
    portfolio: PortfolioConfig | None = Field(
        None, description="of a basket or of several vaults, which need one"
    )
    count: int = Field(strict=True, ge=1, le=MAX_BORROWERS, description="how many borrowers")
    total_debt: SomeTokens = Field(
        description="of all together; each owes at least `least_debt` and a part of what remains"
    )
    least_debt: SomeTokens | None = Field(
        None, description="without, the vault's `min_debt`, with a portfolio 20 times it"
    )
    debt_sigma: Decimal = Field(
        Decimal(1), ge=0, le=4, description="spread of the log-normal sizes; 0: all alike"
    )
    health: HealthRange | None = Field(None, description="health factor at the start")
    ltv: LtvRange | None = Field(
        None,
        description="instead of `health`, debt over the collateral's value at the start: who says `ltv` and "
        "`least_debt` has the same loans whatever the vault's parameters are",
    )
    like: LikeConfig | None = Field(
        None,
        description="instead of `health`, `ltv` and `debt_sigma`, a book whose sizes and loan-to-values are "
        "drawn",
    )
    behaviour: Behaviour = Passive()

    @model_validator(mode="after")
    def _says_how_safe(self) -> Self:
        said = [name for name in ("health", "ltv", "like") if getattr(self, name) is not None]
        if len(said) != 1:
            raise ValueError(
                f"it has {' and '.join(said) or 'none'} of `health`, `ltv` and `like`; say with one of them "
                "how safe loans are"
            )
        more = [name for name in ("portfolio", "vaults") if getattr(self, name) is not None]
        more += ["debt_sigma"] if self.debt_sigma != 1 else []
        if self.like and more:
            raise ValueError(f"it is like a book, which leaves nothing to {more[0]}; remove that")
        return self

    @property
    def is_within_ltv(self) -> bool:
        """Whether every loan is within its vault's loan-to-value; those of a book need not be."""
        return self.like is None

    @property
    def places(self) -> tuple[int, ...]:
        """The numbers of all vaults in which they borrow."""
        return (self.vault,) if self.vaults is None else self.vaults

    def behaviour_of(self, _name: str) -> Passive | Active:
        """What people do."""
        return self.behaviour


class PositionsConfig(_File):
    """A group of borrowers whose positions stand in a file."""

    vaults: dict[str, Annotated[int, Field(ge=0)]] | None = Field(
        None,
        description="what the file calls vaults, and their numbers, as `{pUSDC/weth: 0}`; rows of others are "
        "left out. Without, the file has the numbers",
    )
    behaviours: dict[str, Behaviour] | None = Field(
        None,
        description="what the file calls behaviours, and what each is; without, its column is not read, and "
        "all are passive",
    )

    @property
    def is_within_ltv(self) -> bool:
        """Whether every loan is within its vault's loan-to-value: nobody knows."""
        return False

    def behaviour_of(self, name: str) -> Passive | Active:
        """What people of a behaviour's name do."""
        return (self.behaviours or {}).get(name, Passive())

    @property
    def count(self) -> int:
        """How many people hold them."""
        taken = self.vaults
        return len({row.owner for row in self._positions.rows if taken is None or row.vault in taken})


def _kind(data: Any) -> str:
    """Whether an entry under `borrowers` is a file of positions."""
    has_file = "file" in data if isinstance(data, dict) else isinstance(data, PositionsConfig)
    return "positions" if has_file else "a group"


Group = BorrowersConfig | PositionsConfig
Group_ = Annotated[
    Annotated[BorrowersConfig, Tag("a group")] | Annotated[PositionsConfig, Tag("positions")],
    Discriminator(_kind),
]
