"""What a curator and a guardian do, with a market's council."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from plimsoll.market.amounts import Amount, Number
from plimsoll.market.desk import Desk, Who
from plimsoll.market.refusals import MarketError
from plimsoll.market.results import Queued
from plimsoll.strict import Strict
from plimsoll.units import NOBODY


class Council(Strict):
    """The council of a market's pool; limits are the market's vault's or basket's, in whole loan tokens.

    Whoever is the curator, or the guardian, acts. Every function raises `Refused` with the council's reason.
    """

    __slots__ = ("_desk",)
    _desk: Desk

    def __init__(self, desk: Desk) -> None:
        """The council of a market."""
        self._desk = desk

    @property
    def curator(self) -> str:
        """Name, or address, of who runs the pool."""
        return self._desk.name_of(self._ask("curator"))

    @property
    def guardian(self) -> str | None:
        """Name, or address, of who may stop things; None: nobody."""
        address = self._ask("guardian")
        return None if address == NOBODY else self._desk.name_of(address)

    @property
    def queued(self) -> Queued | None:
        """The change that waits; None: none."""
        subject, is_guardian, limit, basis, ready = self._ask("queued")
        if not ready:
            return None
        return Queued(
            self._desk.place_of(subject),
            None if is_guardian else self._desk.loans(limit),
            None if is_guardian else self._desk.loans(basis),
            datetime.fromtimestamp(ready, UTC),
        )

    def set_limit(self, limit: Number) -> None:
        """Lowers the vault's limit at once."""
        self._curate("set_limit", self._vault, self._units(limit))

    def queue_limit(self, limit: Number) -> None:
        """Queues a higher limit; `witness` and `execute` after the delay."""
        self._curate("queue_limit", self._vault, self._units(limit))

    def queue_guardian(self, guardian: Who) -> None:
        """Queues a guardian; `execute` after the delay."""
        self._curate("queue_guardian", self._desk.address_of(guardian))

    def witness(self, by: Who = "witness") -> Amount:
        """Bounds the queued raise by today's total assets; returns what bounds it now. Anyone may."""
        return self._desk.loans(self._send("witness", by=by))

    def execute(self) -> None:
        """Executes the queued change."""
        self._curate("execute_queued")

    def cancel(self) -> None:
        """Drops the queued change."""
        self._curate("cancel_queued")

    def cut_limit(self) -> None:
        """Lowers the vault's limit to zero; the guardian does."""
        self._guard("cut_limit", self._vault)

    def restore_limit(self, limit: Number) -> None:
        """Restores the vault's limit after a cut."""
        self._curate("restore_limit", self._vault, self._units(limit))

    def set_supply_cap(self, cap: Number) -> None:
        """Caps what lenders own together; 0 removes the cap."""
        self._curate("set_supply_cap", self._units(cap))

    def pause(self) -> None:
        """Stops new supply and new borrowing for a week; the guardian does."""
        self._guard("pause")

    def unpause(self) -> None:
        """Lifts a pause."""
        self._curate("unpause")

    def announce(self, by: Who = "keeper") -> Amount:
        """Announces what the reserve holds above its target; returns it. Anyone may."""
        return self._desk.loans(self._send("announce", by=by))

    def distribute(self, by: Who = "keeper") -> Amount:
        """Pays out what was announced; returns what left the reserve. Anyone may."""
        return self._desk.loans(self._send("distribute", by=by))

    def __repr__(self) -> str:
        """Who is in it."""
        return f"Council(curator={self.curator!r}, guardian={self.guardian!r})"

    # ------------------------------------------------------------------------------------- internals

    @property
    def _vault(self) -> str:
        return str(self._desk.contract.address)

    def _units(self, amount: Number) -> int:
        return self._desk.units(amount, self._desk.loan, "the amount")

    def _ask(self, view: str) -> Any:
        return self._desk.call(self._desk.parts.council, view)

    def _send(self, function: str, *arguments: Any, by: Who) -> Any:
        return self._desk.send(self._desk.parts.council, function, *arguments, by=by)

    def _curate(self, function: str, *arguments: Any) -> None:
        self._send(function, *arguments, by=self._holder("curator"))

    def _guard(self, function: str, *arguments: Any) -> None:
        self._send(function, *arguments, by=self._holder("guardian"))

    def _holder(self, role: str) -> str:
        """Who has a role."""
        address = str(self._ask(role))
        if address == NOBODY:
            raise MarketError(f"The pool has no {role}.")
        return address
