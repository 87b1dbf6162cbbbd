"""Plans what the curator does through the council of one pool."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from ape.api import ReceiptAPI
from ape.contracts import ContractInstance

from plimsoll.chain.views import now
from plimsoll.deploy.book import Sent, contract_at
from plimsoll.deploy.checks import date, plain
from plimsoll.deploy.market import PoolSection
from plimsoll.deploy.steps import Draft, NotYet, Step, Steps
from plimsoll.params import AMOUNT_TOP, QUEUE_WINDOW, base_units

Arguments = Callable[[], tuple[object, ...]]


class CouncilPlan:
    """Calls of one council, which only the curator can make."""

    def __init__(self, steps: Steps, section: PoolSection, decimals: int) -> None:
        """Plans for the council of the section's pool, whose loan asset has so many decimals."""
        self.steps = steps
        self.book = steps.book
        self.provider = steps.provider
        self.complain = steps.complain
        self.section = section
        self.name = section.symbol
        self.decimals = decimals
        self._queue_is_taken = False

    @property
    def contract(self) -> ContractInstance | None:
        """The council, when it is there."""
        record = self.book.pools.get(self.name)
        return contract_at("Council", record.council) if record else None

    def queue(
        self, what: str, where: str, change: tuple[str | None, bool, int], method: str, arguments: Arguments
    ) -> bool:
        """Brings a change through the council's queue: queued in one run, executed in a later one.

        Args:
            what: names the step.
            where: the field of the market file.
            change: what the queue would hold: subject, whether it is a guardian, limit.
            method: of the council, which queues it.
            arguments: of that method.

        Returns:
            Whether it is queued in this run.
        """
        queued = self.contract.queued() if self.contract else None
        time = now(self.provider)
        if queued and queued.ready and time <= queued.ready + QUEUE_WINDOW:
            if change != (queued.subject, queued.is_guardian, queued.limit):
                until = date(queued.ready + QUEUE_WINDOW)
                self.steps.add(Step(what, f"waits for the council's queue, taken until {until}", where))
            elif time < queued.ready:
                self._queue_is_taken = True
                self.steps.add(Step(what, f"queued; run again after {date(queued.ready)}", where))
            else:
                self.curate(what, "execute", where, what, "execute_queued", tuple)
        elif self._queue_is_taken:
            self.steps.add(Step(what, "waits for the council's queue; run again later", where))
        else:
            self._queue_is_taken = True
            note = f"queue for {plain(self.section.delay_days)} days"
            self.curate(what, note, where, f"queue {what}", method, arguments)
            return True
        return False

    def curate(self, what: str, note: str, where: str, call: str, method: str, arguments: Arguments) -> None:
        """Adds a call of the council, which only the curator can make; it is recorded as `call`."""
        account = self.steps.account.address
        curator = self.contract.curator() if self.contract else account
        if curator != account:
            self.complain(
                "pool.curator",
                f"pool {self.name} has the curator {curator}, not {account}; choose the curator's account "
                "with --account",
            )

        def transaction() -> Draft:
            if self.contract is None:
                raise NotYet
            return self.steps.call(self.contract, method, *arguments())

        self.steps.add(Step(what, note, where, transaction=transaction, record=self._called(call)))

    def there(self, what: str, where: str) -> None:
        """Adds what the curator has done."""
        self.steps.add(Step(what, "exists", where, record=self._called(what)))

    def _called(self, call: str) -> Callable[[ReceiptAPI], None]:
        def record(receipt: ReceiptAPI) -> None:
            self.book.calls[call] = Sent(tx=receipt.txn_hash, block=receipt.block_number)

        return record

    def amount(self, where: str, tokens: Decimal) -> int | None:
        """Base units of a limit or a cap; None when they do not fit."""
        try:
            amount = base_units(tokens, self.decimals)
        except ValueError as error:
            self.complain(where, str(error))
            return None
        if amount > AMOUNT_TOP:
            top = plain(Decimal(AMOUNT_TOP // 10**self.decimals))
            self.complain(where, f"{plain(tokens)} tokens are more than a pool can count, {top}; lower it")
            return None
        return amount

    def refuse_change(self, where: str, wanted: Decimal, current: int) -> None:
        """Complains about an amount that differs from the one that the council has set."""
        actual = plain(Decimal(current).scaleb(-self.decimals))
        self.complain(
            where,
            f"the file says {plain(wanted)}, but on the chain it is {actual}; write that into the file, or "
            "let the curator change it through the council",
        )
