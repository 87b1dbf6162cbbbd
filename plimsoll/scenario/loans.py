"""Loans that a scenario opens before it begins, and those that stand in a file of positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal

from plimsoll.params import AMOUNT_TOP
from plimsoll.scenario.people import PositionsConfig
from plimsoll.scenario.positions_file import Positions, Row
from plimsoll.scenario.strict_model import fault, fault_at
from plimsoll.scenario.vaults import BasketConfig, VaultConfig
from plimsoll.twin.position import COLLATERAL_TOP

_EXACT = Context(prec=100)

Spokes = Sequence[VaultConfig | BasketConfig]


@dataclass(frozen=True, slots=True)
class Borrower:
    """A loan to be opened before the scenario begins; who borrows in several vaults has several."""

    address: str
    vault: int
    amounts: tuple[int, ...]  # base units of each collateral
    debt: int  # base units of the loan asset
    behaviour: str = ""  # its name in the group

    @property
    def collateral(self) -> int:
        """Base units of the only collateral."""
        (amount,) = self.amounts
        return amount


def loans_in_file(name: str, group: PositionsConfig, vaults: Spokes, loan_decimals: int) -> list[Borrower]:
    """The loans of a file of positions, in its order.

    Args:
        name: where the group stands, such as `borrowers.0`.
        group: its settings, with the file's rows.
        vaults: of the scenario.
        loan_decimals: of the loan asset.

    Raises:
        PydanticCustomError: a row does not fit the scenario; a sentence with file, line and column.
    """
    return _Reader(name, group, vaults, loan_decimals).loans()


class _Position:
    """What the rows of one position add up to."""

    __slots__ = ("amounts", "behaviour", "debt", "row")

    def __init__(self, row: Row, legs: int) -> None:
        self.row = row
        self.amounts: list[int | None] = [None] * legs
        self.debt = 0
        self.behaviour = row.behaviour


class _Reader:
    def __init__(self, name: str, group: PositionsConfig, vaults: Spokes, loan_decimals: int) -> None:
        self._name = name
        self._group = group
        self._file: Positions = group.positions
        self._vaults = vaults
        self._numbers = group.vaults or {str(number): number for number in range(len(vaults))}
        self._decimals = [[each.collateral.decimals for each in vault.collaterals] for vault in vaults]
        self._loan_decimals = loan_decimals

    def loans(self) -> list[Borrower]:
        found: dict[tuple[str, int], _Position] = {}
        for row in self._file.rows:
            number = self._numbers.get(row.vault)
            if number is None:
                if self._group.vaults is not None:
                    continue
                raise self._refusal(
                    row, "vault", row.vault,
                    f"write a number from 0 to {len(self._vaults) - 1}, or say with `vaults` which one it is",
                )  # fmt: skip
            place = row.owner, number
            position = found.get(place)
            if position is None:
                position = found[place] = _Position(row, len(self._decimals[number]))
            self._add(position, number, row)
        self._check_names(found)
        return [
            self._loan(number, position)
            for (_, number), position in found.items()
            if position.debt or any(position.amounts)  # else it has been closed
        ]

    def _add(self, position: _Position, number: int, row: Row) -> None:
        """Adds a row to what is known of its position."""
        decimals = self._decimals[number]
        leg = 0 if row.leg is None and len(decimals) == 1 else row.leg
        if leg is not None:
            if leg >= len(decimals):
                raise self._refusal(
                    row, "leg", leg, f"the last leg of vaults.{number} is {len(decimals) - 1}"
                )
            if position.amounts[leg] is not None:
                raise self._refusal(
                    row, "owner", row.owner, "a row before says the same of its position; remove one"
                )
            amount = self._units(row, "collateral", row.collateral, decimals[leg], COLLATERAL_TOP)
            position.amounts[leg] = amount
        elif row.collateral:
            demand = f"vaults.{number} is a basket; say in a column 'leg' of which leg, from 0"
            raise self._refusal(row, "collateral", row.collateral, demand)
        if row.debt:
            if position.debt:
                raise self._refusal(row, "debt", row.debt, "write a position's debt in one of its rows")
            position.debt = self._units(row, "debt", row.debt, self._loan_decimals, AMOUNT_TOP)
        position.behaviour = position.behaviour or row.behaviour

    def _loan(self, number: int, position: _Position) -> Borrower:
        amounts, row = tuple(amount or 0 for amount in position.amounts), position.row
        if not any(amounts):
            raise self._refusal(row, "collateral", 0, "nobody owes without any; remove the row")
        behaviour = position.behaviour if self._group.behaviours is not None else ""
        if behaviour and behaviour not in (self._group.behaviours or {}):
            raise self._refusal(row, "behaviour", behaviour, "say with `behaviours` what that is")
        return Borrower(row.owner, number, amounts, position.debt, behaviour)

    def _check_names(self, found: dict[tuple[str, int], _Position]) -> None:
        """A name that no row has is a misspelt one."""
        vaults = {row.vault for row in self._file.rows}
        if strange := [name for name in self._group.vaults or () if name not in vaults]:
            known = ", ".join(sorted(vaults)[:5])
            raise fault(
                f"{self._name}.vaults", f"names {strange[0]!r}; the vaults of {self._file.name} are {known}"
            )
        behaviours = {position.behaviour for position in found.values()}
        if strange := [name for name in self._group.behaviours or () if name not in behaviours]:
            raise fault(
                f"{self._name}.behaviours",
                f"names {strange[0]!r}, but no row of {self._file.name} has that in "
                "column 'behaviour'; correct one of them",
            )

    def _units(self, row: Row, column: str, amount: Decimal, decimals: int, top: int) -> int:
        """Base units of an amount that is a whole number of them."""
        scaled = _EXACT.scaleb(amount, decimals)
        units = int(scaled)
        if units != scaled:
            raise self._refusal(
                row, column, amount, f"its token has {decimals} digits after the point; round it"
            )
        if units > top:
            raise self._refusal(row, column, amount, "it is more than a vault can hold; correct it")
        return units

    def _refusal(self, row: Row, column: str, cell: object, demand: str) -> Exception:
        where = f"{self._file.where(row)}, column {column!r} is {str(cell)!r}"
        return fault_at(f"{self._name}.file", f"{where}; {demand}")
