"""Steps of a deployment: what they are, how they are collected, and how they are sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from ape.api import AccountAPI, ReceiptAPI, TestAccountAPI, TransactionAPI
from ape.contracts import ContractInstance
from ape.exceptions import ApeException
from ethpm_types.abi import ABIType
from web3.exceptions import Web3Exception

from plimsoll.chain.containers import container
from plimsoll.chain.fees import data_fee, data_fee_paid
from plimsoll.chain.views import has_borrowed_id, is_local
from plimsoll.deploy.book import AddressBook, Deployed, Pending
from plimsoll.deploy.market import DeployError, MarketFile
from plimsoll.deploy.settling import settle
from plimsoll.sentences import without_urls

GAS_MARGIN = 1.25
"""Times the estimate: the next block's time is another one, and interest accrued there costs gas."""


Say = Callable[[str], None]


class NotYet(Exception):
    """A transaction cannot be built because it needs the address of an earlier step."""


@dataclass(frozen=True)
class Draft:
    """A transaction and what it does."""

    call: str  # for people
    transaction: TransactionAPI


@dataclass(frozen=True)
class Step:
    """One thing that has to be on the chain, and the transaction that brings it there when it is missing."""

    what: str  # unique in a plan and the same in each run
    note: str  # what the transaction does, or why none is sent
    where: str = ""  # the field of the market file that asks for it
    address: str | None = None  # of a contract that is there
    gas: int | None = None  # estimate; None when nothing is sent, or when it depends on an earlier step
    data_fee: int = 0  # wei beside that, on some rollups
    transaction: Callable[[], Draft] | None = None
    record: Callable[[ReceiptAPI], str | None] = lambda receipt: None  # into the book; returns the address

    @property
    def is_missing(self) -> bool:
        """Whether a transaction has to be sent."""
        return self.transaction is not None


@dataclass(frozen=True)
class Result:
    """What became of a step that was sent."""

    step: Step
    address: str | None
    tx: str
    block: int
    gas: int
    cost: int  # wei


@dataclass(frozen=True)
class Plan:
    """All steps of a deployment in their order, those that are done included."""

    book: AddressBook
    account: AccountAPI
    steps: tuple[Step, ...]
    warnings: tuple[str, ...]  # sentences about what is allowed and hardly meant

    @property
    def missing(self) -> tuple[Step, ...]:
        """The steps that need a transaction."""
        return tuple(step for step in self.steps if step.is_missing)

    def apply(self, say: Say = lambda sentence: None) -> Iterator[Result]:
        """Sends what is missing, one transaction at a time; the address book is written after each.

        Args:
            say: hears what is about to be signed, and what is waited for.

        Raises:
            DeployError: a transaction was refused or failed. What came before it stays recorded.
        """
        if not self.missing:
            self.book.save()  # what an interrupted run had sent may be new in it
        for step in self.missing:
            receipt = self._send(step, say)
            address = step.record(receipt)
            self.book.pending = None
            self.book.save()
            paid = data_fee_paid(self.account.provider, receipt.txn_hash)
            cost = receipt.gas_used * receipt.gas_price + paid
            yield Result(step, address, receipt.txn_hash, receipt.block_number, receipt.gas_used, cost)

    def coins(self, wei: int) -> str:
        """An amount of the network's coin."""
        return f"{Decimal(wei).scaleb(-18):.6f} {self.account.provider.network.ecosystem.fee_token_symbol}"

    def _send(self, step: Step, say: Say) -> ReceiptAPI:
        assert step.transaction is not None
        try:
            draft = step.transaction()
            settle(self.book, self.account.provider, draft.transaction, say)
            if is_local(self.account.provider):
                draft.transaction.required_confirmations = 0  # nobody would mine the blocks to wait for
            draft.transaction.gas_limit = int(estimate_gas(self.account, draft.transaction) * GAS_MARGIN)
            transaction = self.account.prepare_transaction(draft.transaction)
            fee = data_fee(self.account.provider, bytes(draft.transaction.data))
            cost = f"at most {self.coins(most_of(transaction))}"
            cost += f" and about {self.coins(fee)} for its data" if fee else ""
            say(f"{step.what}: {draft.call}, for {cost}")
            signed = self.account.sign_transaction(transaction)
            if signed is None:
                raise DeployError(f"{step.what} was not signed; run the command again to go on.")
            # Known from now on: a run that dies while it waits for the receipt does not send it twice.
            self.book.pending = Pending(step=step.what, tx="0x" + bytes(signed.txn_hash).hex())
            self.book.save()
            receipt = self.account.provider.send_transaction(signed)
            if receipt.block_number < 0:  # ape does not wait for an Anvil that mines in intervals
                receipt = self.account.provider.get_receipt(receipt.txn_hash)
                receipt.raise_for_status()
            return receipt
        except (ApeException, Web3Exception, OSError) as error:
            raise DeployError(
                f"{step.what} failed ({reason(error)}); put that right and run the command again, which goes "
                "on from here."
            ) from error


class Steps:
    """Collects the steps of one plan, and what is wrong with it."""

    def __init__(self, market: MarketFile | None, book: AddressBook, account: AccountAPI) -> None:
        """Begins without steps; `account` is to send them."""
        self.market = market
        self.book = book
        self.account = account
        self.provider = account.provider
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self._steps: list[Step] = []
        if has_borrowed_id(self.provider) and not isinstance(account, TestAccountAPI):
            self.warnings.append(
                f"This chain is local, but what {account.address} signs here is valid on every chain "
                f"{self.provider.chain_id}; sign with a test account, or start anvil with --chain-id 31337."
            )

    def complain(self, where: str, sentence: str) -> None:
        """Notes a problem with a field of the market file."""
        self.problems.append(self.sentence(where, sentence))

    def warn(self, where: str, sentence: str) -> None:
        """Notes what is allowed and hardly meant; the deployment goes on."""
        self.warnings.append(self.sentence(where, sentence))

    def sentence(self, where: str, sentence: str) -> str:
        """A sentence about a field of the market file, led by file, line and field."""
        return self.market.problem(where, sentence) if self.market else f"{sentence}."

    def add(self, step: Step) -> None:
        """Adds a step; one that an interrupted run has sent is looked up on the chain first."""
        pending = self.book.pending
        if pending is not None and pending.step == step.what:
            self.book.pending = None
            receipt = self._mined(pending.tx)
            if receipt is not None:
                address = step.record(receipt) or step.address
                if step.is_missing:
                    step = Step(step.what, "sent by the interrupted run", step.where, address)
        self._steps.append(step)

    def create(
        self,
        what: str,
        where: str,
        records: dict[str, Deployed],
        name: str,
        transaction: Callable[[], TransactionAPI],
    ) -> None:
        """Adds a contract of which nothing but its address is recorded, once."""

        def record(receipt: ReceiptAPI) -> str:
            records[name] = deployed(receipt)
            return records[name].address

        if what in (step.what for step in self._steps):
            return
        if name in records:
            self.add(Step(what, "exists", where, records[name].address))
        else:
            self.add(Step(what, "create", where, transaction=transaction, record=record))

    def finish(self) -> tuple[Step, ...]:
        """The steps, with gas estimates where everything that a step needs is there.

        Raises:
            DeployError: there are problems, a step would fail, or an interrupted run has sent something that
                is no part of this plan.
        """
        pending = self.book.pending
        if pending is not None and self._mined(pending.tx) is not None:
            raise DeployError(
                f"An interrupted run has sent {pending.step} ({pending.tx}), which is no part of this "
                "command; run that one again first."
            )
        self.book.pending = None
        steps = tuple(self._steps)
        if not self.problems:
            steps = tuple(self._estimated(step) for step in steps)
        if (
            any(step.is_missing for step in steps)
            and self.account.balance == 0
            and not is_local(self.provider)
        ):
            self.problems.append(f"{self.account.address} has no ether to pay for gas; send it some.")
        if self.problems:
            raise DeployError(*dict.fromkeys(self.problems))
        return steps

    def _mined(self, tx: str) -> ReceiptAPI | None:
        """The receipt of a successful transaction, awaited if need be; None when there is none."""
        if self.provider.make_request("eth_getTransactionByHash", [tx]) is None:
            return None
        try:
            receipt = self.provider.get_receipt(tx)
        except ApeException:
            raise DeployError(f"{tx} of an interrupted run is not mined yet; run again later.") from None
        return None if receipt.failed else receipt

    def _estimated(self, step: Step) -> Step:
        if step.transaction is None:
            return step
        try:
            transaction = step.transaction().transaction
        except NotYet:
            return step
        try:
            gas = estimate_gas(self.account, transaction)
            return replace(step, gas=gas, data_fee=data_fee(self.provider, bytes(transaction.data)))
        except ApeException as error:
            self.complain(
                step.where, f"{step.what} would fail ({reason(error)}); correct what the reason names"
            )
            return step

    # ------------------------------------------------------------------------------------- transactions

    def deployment(self, name: str, *arguments: object) -> Draft:
        """Deploys a contract."""
        made = container(name)
        call = f"new {name}({spelled(made.contract_type.constructor.inputs, arguments)})"
        return Draft(call, made.constructor.serialize_transaction(*arguments))

    def blueprint(self, name: str) -> Draft:
        """Deploys a contract's blueprint."""
        kind = container(name).contract_type
        encode = self.provider.network.ecosystem.encode_contract_blueprint
        return Draft(f"new blueprint of {name} (EIP-5202)", encode(kind))

    def call(self, contract: ContractInstance, method: str, *arguments: object) -> Draft:
        """Calls a contract."""
        handler = getattr(contract, method)
        inputs = next(abi for abi in handler.abis if len(abi.inputs) == len(arguments)).inputs
        call = f"{contract.contract_type.name}({contract.address}).{method}({spelled(inputs, arguments)})"
        data = handler.encode_input(*arguments)
        create = self.provider.network.ecosystem.create_transaction
        return Draft(call, create(receiver=contract.address, data=data))


def spelled(inputs: Sequence[ABIType], values: Sequence[object]) -> str:
    """Arguments with their names; structs in braces, lists of them in brackets."""

    def told(part: ABIType, value: object) -> str:
        if part.components and isinstance(value, tuple):
            return f"{{{spelled(part.components, value)}}}"
        if part.components and isinstance(value, list):
            return f"[{', '.join(told(part, each) for each in value)}]"
        return str(value)

    return ", ".join(f"{part.name}={told(part, value)}" for part, value in zip(inputs, values, strict=True))


def most_of(transaction: TransactionAPI) -> int:
    """What a transaction that is ready to be signed costs at most, wei."""
    price = getattr(transaction, "max_fee", None) or getattr(transaction, "gas_price", None) or 0
    return int(price) * int(transaction.gas_limit)


def deployed(receipt: ReceiptAPI) -> Deployed:
    """The record of the contract that a transaction has deployed."""
    return Deployed(address=receipt.contract_address, tx=receipt.txn_hash, block=receipt.block_number)


def estimate_gas(account: AccountAPI, transaction: TransactionAPI) -> int:
    """The gas of a transaction of this account; ape would ask for one of nobody, and trace a failure."""
    request = {"from": account.address, "data": "0x" + bytes(transaction.data).hex()}
    if transaction.receiver:
        request["to"] = transaction.receiver
    return int(account.provider.make_request("eth_estimateGas", [request]), 16)


def reason(error: Exception) -> str:
    """What went wrong, in one line, without the node's address."""
    text = str(error).strip().splitlines() if isinstance(error, ApeException) else []
    line = (text[0] if text else type(error).__name__).removeprefix("execution reverted: ")
    return without_urls(line).rstrip(".")
