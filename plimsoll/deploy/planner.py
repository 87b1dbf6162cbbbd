"""Works out what is missing of a market, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum
from functools import partial

from ape import project
from ape.api import AccountAPI, ReceiptAPI, TransactionAPI
from ape.contracts import ContractInstance
from pydantic import BaseModel

from plimsoll.chain.uniswap import container
from plimsoll.chain.views import code_of, is_local, network_of, now, view_one
from plimsoll.deploy.book import (
    AddressBook,
    Deployed,
    OracleRecord,
    PoolRecord,
    Sent,
    VaultRecord,
    contract_at,
)
from plimsoll.deploy.chainlink import MOCK_DECIMALS, Decimals, first_price, over_mocks, struct_of
from plimsoll.deploy.market import (
    Chainlink,
    DeployError,
    MarketFile,
    MockFeeds,
    MockToken,
    Oracle,
    Token,
)
from plimsoll.deploy.steps import NotYet, Plan, Step, Steps, deployed
from plimsoll.params import PoolParams, RiskParams, base_units, price_of
from plimsoll.units import DAY, NOBODY, PRICE_SCALE, WAD

BLUEPRINTS = ("Pool", "Council", "Backstop", "Vault")
"""What the Factory deploys from, in the order of its constructor."""

BLUEPRINT_PREAMBLE = bytes.fromhex("fe7100")  # EIP-5202
LOAN_DECIMALS = (6, 18)
COLLATERAL_DECIMALS = (0, 27)
AMOUNT_TOP = 2**94 - 1  # base units of a limit or a cap
RAISE_DIVISOR = 20  # an open pool grants a new vault at most a twentieth of its assets
WINDOW = 3 * DAY  # in which a queued change may be executed
UNIT_VALUE_DIVISOR = 10_000  # a base unit of collateral is worth at most min_debt over this

Arguments = Callable[[], tuple[object, ...]]


class Stage(IntEnum):
    """How far to deploy; each stage includes those before it."""

    FACTORY = 1
    POOL = 2
    VAULT = 3
    MARKET = 4


def plan(
    market: MarketFile | None, book: AddressBook, account: AccountAPI, until: Stage = Stage.MARKET
) -> Plan:
    """Works out which steps of a deployment are missing. Sends nothing and writes no file.

    Args:
        market: the market; None for the Factory alone.
        book: of the connected network.
        account: pays, and becomes the curator of a new pool.
        until: the last stage to plan.

    Raises:
        DeployError: something is wrong; one sentence for each problem.
    """
    steps = Steps(market, book, account)
    _plan_factory(steps)
    _plan_lens(steps)
    if market is not None and until >= Stage.POOL:
        _PoolPlanner(steps, market).run(until)
    return Plan(book, account, steps.finish())


# ------------------------------------------------------------------------------------------------ the Factory


def _plan_factory(steps: Steps) -> None:
    book = steps.book
    given = steps.market.market.factory if steps.market else None
    if given is not None and book.factory is None:
        book.factory = Deployed(address=given)
    if book.factory is not None:
        if given not in (None, book.factory.address):
            steps.complain(
                "factory",
                f"{given} is not {book.factory.address}, the Factory in {book.title}; remove the line, or "
                f"{book.way_out}",
            )
        _check_factory(steps, book.factory.address)
        steps.add(Step("factory", "there", "factory", book.factory.address))
        return

    for name in BLUEPRINTS:
        record = book.blueprints.get(name)
        if record is not None and not _is_blueprint(steps, record.address, name):
            del book.blueprints[name]  # its source has been edited since, and nothing stands on it
        steps.create(f"blueprint {name}", "", book.blueprints, name, partial(steps.blueprint, name))

    def deploy_factory() -> TransactionAPI:
        return steps.deployment(
            "Factory", *(needed(address_in(book.blueprints, name)) for name in BLUEPRINTS)
        )

    def record_factory(receipt: ReceiptAPI) -> str:
        book.factory = deployed(receipt)
        return book.factory.address

    steps.add(Step("factory", "create", "factory", transaction=deploy_factory, record=record_factory))


def _plan_lens(steps: Steps) -> None:
    """A Lens of other code or of another Factory is replaced: nothing stands on it."""
    book = steps.book

    def deploy_lens() -> TransactionAPI:
        return steps.deployment("Lens", needed(book.factory.address if book.factory else None))

    def record_lens(receipt: ReceiptAPI) -> str:
        book.lens = deployed(receipt)
        return book.lens.address

    if book.lens and book.factory and _is_lens(steps, book.lens.address, book.factory.address):
        steps.add(Step("lens", "there", address=book.lens.address))
    else:
        steps.add(Step("lens", "create", transaction=deploy_lens, record=record_lens))


def _is_lens(steps: Steps, address: str, factory: str) -> bool:
    runtime = bytes(project.Lens.contract_type.get_runtime_bytecode())
    return code_of(steps.provider, address) == runtime + bytes.fromhex(factory[2:]).rjust(32, b"\0")


def _check_factory(steps: Steps, factory: str) -> None:
    """Raises unless a Factory and what it deploys are those that are compiled here."""
    names = ["Factory"]
    runtime = bytes(project.Factory.contract_type.get_runtime_bytecode())
    if code_of(steps.provider, factory).startswith(runtime):  # the immutables come after it
        names = [
            name
            for name in BLUEPRINTS
            if not _is_blueprint(
                steps,
                view_one(steps.provider, factory, f"{name.upper()}_BLUEPRINT()", "address") or NOBODY,
                name,
            )
        ]
    if names:
        raise DeployError(
            f"The Factory at {factory} on {network_of(steps.provider)} has another {names[0]} than the one "
            "that is compiled here; check out the version that it was deployed from, or "
            f"{steps.book.way_out} to begin with a new one."
        )


def _is_blueprint(steps: Steps, address: str, name: str) -> bool:
    initcode = bytes(getattr(project, name).contract_type.get_deployment_bytecode())
    return code_of(steps.provider, address) == BLUEPRINT_PREAMBLE + initcode


# --------------------------------------------------------------------------------------------------- the pool


class _PoolPlanner:
    """Plans one pool, what its curator has to do, and its vaults."""

    def __init__(self, steps: Steps, file: MarketFile) -> None:
        self.steps = steps
        self.book = steps.book
        self.provider = steps.provider
        self.complain = steps.complain
        self.section = file.market.pool
        self.vaults = file.market.vaults
        self.uniswap = file.market.uniswap
        self.name = self.section.symbol
        self.decimals = 0
        self.queue_is_taken = False

    def run(self, until: Stage) -> None:
        decimals = self.token(self.section.asset, "pool.asset", *LOAN_DECIMALS)
        if decimals is None:
            return
        self.decimals = decimals
        self._pool()
        self._supply_cap()
        if until >= Stage.VAULT:
            for name in self.vaults:
                _VaultPlanner(self, name).run()
        if until >= Stage.MARKET:
            self._guardian()
            self._opening()
            if self.uniswap is not None:
                self._periphery(self.uniswap)

    @property
    def pool(self) -> ContractInstance | None:
        """The pool, when it is there."""
        record = self.book.pools.get(self.name)
        return contract_at("Pool", record.address) if record else None

    @property
    def council(self) -> ContractInstance | None:
        """The pool's council, when it is there."""
        record = self.book.pools.get(self.name)
        return contract_at("Council", record.council) if record else None

    def _pool(self) -> None:
        section, what = self.section, f"pool {self.name}"
        try:
            section.to_struct(NOBODY, self.decimals)
        except ValueError as error:
            self.complain("pool.rates.floor", str(error))
            return
        if self.name in self.book.pools:
            self._check_pool(what)
            return
        if section.curator not in (None, self.steps.account.address):
            self.complain(
                "pool.curator",
                f"{section.curator} is not the account that deploys, {self.steps.account.address}; choose "
                "the curator's account with --account",
            )

        def create_pool() -> TransactionAPI:
            struct = section.to_struct(needed(self.token_address(section.asset)), self.decimals)
            return self.factory_call("create_pool", struct, self.steps.account.address, section.delay)

        def record(receipt: ReceiptAPI) -> str:
            event = project.Factory.PoolCreated.from_receipt(receipt)[0]
            self.book.pools[self.name] = PoolRecord(
                address=event.pool,
                council=event.council,
                backstop=event.backstop,
                tx=receipt.txn_hash,
                block=receipt.block_number,
                params=section.model_dump(mode="json", include=set(PoolParams.model_fields)),
            )
            return str(event.pool)

        self.steps.add(Step(what, "create", "pool", transaction=create_pool, record=record))

    def _check_pool(self, what: str) -> None:
        record = self.book.pools[self.name]
        self.require_registered(what, "is_pool(address)", "bool", record.address, True)
        params = PoolParams.model_validate(record.params)
        self.compare("pool", what, params, self.section, "choose another symbol")
        pool, council = contract_at("Pool", record.address), contract_at("Council", record.council)
        asset = pool.asset()
        if self.token_address(self.section.asset) != asset:
            self.complain("pool.asset", f"{what} lends {asset}; restore that, or choose another symbol")
        struct = params.to_struct(asset, self.decimals)
        backstop = contract_at("Backstop", record.backstop)
        deployed = (
            pool.name(),
            pool.symbol(),
            pool.reserve_factor(),
            pool.flashFee(asset, WAD),
            tuple(pool.rate_params()),
            pool.insurance_target(),
            pool.backstop_share(),
            backstop.cooldown(),
            backstop.minimum_stake(),
            council.delay(),
        )
        if deployed != (*struct[1:], params.delay):
            raise self.disagreement(what)
        self.steps.add(Step(what, "there", "pool", record.address))

    # ------------------------------------------------------------------------ what the curator does

    def _supply_cap(self) -> None:
        tokens = self.section.supply_cap
        cap = None if tokens is None else self.amount("pool.supply_cap", tokens)
        if tokens is None or cap is None:
            return
        what = f"supply cap of {self.name}"
        current = self.pool.supply_cap() if self.pool else 0
        if current == cap:
            self.there(what, "pool.supply_cap")
        elif current or what in self.book.calls:
            self.refuse_change("pool.supply_cap", tokens, current)
        else:
            self.curate(
                what, f"set to {plain(tokens)}", "pool.supply_cap", what, "set_supply_cap", lambda: (cap,)
            )

    def _guardian(self) -> None:
        guardian = self.section.guardian
        if guardian is None:
            return
        what = f"guardian of {self.name}"
        current = self.council.guardian() if self.council else NOBODY
        if current == guardian:
            self.there(what, "pool.guardian")
        elif current != NOBODY or what in self.book.calls:
            self.complain(
                "pool.guardian",
                f"the file says {guardian}, but on the chain it is {current}; write that into the file, or "
                "let the curator name another through the council",
            )
        else:
            self.queue(what, "pool.guardian", (guardian, True, 0), "queue_guardian", lambda: (guardian,))

    def _opening(self) -> None:
        if not self.section.open:
            return
        what = f"opening of {self.name}"
        if self.pool and self.pool.is_open():
            self.there(what, "pool.open")
        else:
            self.curate(what, "open for ever", "pool.open", what, "open_pool", tuple)

    # ------------------------------------------------------------------------------- the periphery

    def _periphery(self, wanted: str) -> None:
        """Adds Liquidator and Leverage for a Uniswap v2 factory; on a local chain that one as well."""
        book, where = self.book, "uniswap"
        if wanted == "local":
            if not self.may_mock(where):
                return
        elif book.uniswap is None:
            if not self.require_code(wanted, where):
                return
            if view_one(self.provider, wanted, "allPairsLength()", "uint256") is None:
                self.complain(where, f"{wanted} does not answer allPairsLength(); give a Uniswap v2 factory")
                return
            book.uniswap = Deployed(address=wanted)
        elif book.uniswap.address != wanted:
            self.complain(
                where,
                f"{wanted} is not {book.uniswap.address}, which Liquidator and Leverage in {book.title} use "
                f"for ever; restore that, or {book.way_out}",
            )
            return

        def uniswap() -> TransactionAPI:
            constructor = container("UniswapV2Factory").constructor
            transaction: TransactionAPI = constructor.serialize_transaction(self.steps.account.address)
            return transaction

        def periphery(name: str) -> TransactionAPI:
            factories = [needed(part.address if part else None) for part in (book.factory, book.uniswap)]
            return self.steps.deployment(name, *factories)

        self._single("Uniswap v2", "uniswap", uniswap)
        for name in ("Liquidator", "Leverage"):
            self._single(name, name.lower(), partial(periphery, name))

    def _single(self, what: str, field: str, transaction: Callable[[], TransactionAPI]) -> None:
        """Adds a contract of which the book has one, in a field of its own."""
        there: Deployed | None = getattr(self.book, field)
        if there is not None:
            self.steps.add(Step(what, "there", "uniswap", there.address))
            return

        def record(receipt: ReceiptAPI) -> str:
            setattr(self.book, field, deployed(receipt))
            return str(receipt.contract_address)

        self.steps.add(Step(what, "create", "uniswap", transaction=transaction, record=record))

    # ----------------------------------------------------------------------------------- the queue

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
        queued = self.council.queued() if self.council else None
        time = now(self.provider)
        if queued and queued.ready and time <= queued.ready + WINDOW:
            if change != (queued.subject, queued.is_guardian, queued.limit):
                until = date(queued.ready + WINDOW)
                self.steps.add(Step(what, f"waits for the council's queue, taken until {until}", where))
            elif time < queued.ready:
                self.queue_is_taken = True
                self.steps.add(Step(what, f"queued; run again after {date(queued.ready)}", where))
            else:
                self.curate(what, "execute", where, what, "execute_queued", tuple)
        elif self.queue_is_taken:
            self.steps.add(Step(what, "waits for the council's queue; run again later", where))
        else:
            self.queue_is_taken = True
            note = f"queue for {plain(self.section.delay_days)} days"
            self.curate(what, note, where, f"queue {what}", method, arguments)
            return True
        return False

    def curate(self, what: str, note: str, where: str, call: str, method: str, arguments: Arguments) -> None:
        """Adds a call of the council, which only the curator can make; it is recorded as `call`."""
        account = self.steps.account.address
        curator = self.council.curator() if self.council else account
        if curator != account:
            self.complain(
                "pool.curator",
                f"pool {self.name} has the curator {curator}, not {account}; choose the curator's account "
                "with --account",
            )

        def transaction() -> TransactionAPI:
            if self.council is None:
                raise NotYet
            return self.steps.call(self.council, method, *arguments())

        self.steps.add(Step(what, note, where, transaction=transaction, record=self._called(call)))

    def there(self, what: str, where: str) -> None:
        """Adds what the curator has done."""
        self.steps.add(Step(what, "there", where, record=self._called(what)))

    def _called(self, call: str) -> Callable[[ReceiptAPI], None]:
        def record(receipt: ReceiptAPI) -> None:
            self.book.calls[call] = Sent(tx=receipt.txn_hash, block=receipt.block_number)

        return record

    # ------------------------------------------------------------------------------- tokens, amounts

    def token(self, token: Token, where: str, lowest: int, highest: int) -> int | None:
        """Adds what a token needs. Returns its decimals; None when something is wrong with it."""
        decimals: int | None
        if token.mock is not None:
            decimals = self._mock_token(token.mock, f"{where}.mock")
        else:
            decimals = self._real_token(str(token.address), where)
        if decimals is not None and not lowest <= decimals <= highest:
            self.complain(
                where, f"the token has {decimals} decimals, not {lowest} to {highest}; choose another token"
            )
            return None
        return decimals

    def _mock_token(self, mock: MockToken, where: str) -> int | None:
        if not self.may_mock(where):
            return None
        symbol, records = mock.symbol, self.book.tokens
        if symbol in records:
            decimals = view_one(self.provider, records[symbol].address, "decimals()", "uint8")
            if decimals != mock.decimals:
                self.complain(
                    f"{where}.decimals",
                    f"the file says {mock.decimals}, but mock token {symbol} was made with {decimals}; "
                    "restore that, or choose another symbol",
                )
                return None
        build = partial(self.steps.deployment, "PlainToken", f"Mock {symbol}", symbol, mock.decimals)
        self.steps.create(f"mock token {symbol}", where, records, symbol, build)
        return mock.decimals

    def _real_token(self, address: str, where: str) -> int | None:
        if not self.require_code(address, where):
            return None
        decimals: int | None = view_one(self.provider, address, "decimals()", "uint8")
        if decimals is None:
            self.complain(where, f"{address} does not answer decimals(); give the address of a token")
        return decimals

    def token_address(self, token: Token) -> str | None:
        """The token's address; None for a mock that is not there yet."""
        return address_in(self.book.tokens, token.mock.symbol) if token.mock else token.address

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

    # ---------------------------------------------------------------------------------------- checks

    def may_mock(self, where: str) -> bool:
        """Whether mocks are allowed here; complains when not."""
        if not is_local(self.provider):
            self.complain(
                where, f"mocks are for local chains, not for {network_of(self.provider)}; give a real address"
            )
            return False
        return True

    def require_code(self, address: str, where: str) -> bool:
        """Whether there is a contract; complains when not."""
        if not code_of(self.provider, address):
            self.complain(
                where,
                f"{address} has no code on {network_of(self.provider)}; correct the address or the --network",
            )
            return False
        return True

    def require_registered(self, what: str, view: str, kind: str, address: str, expected: object) -> None:
        """Raises unless the Factory knows a contract of the address book."""
        assert self.book.factory is not None
        if view_one(self.provider, self.book.factory.address, view, kind, address) != expected:
            raise self.disagreement(what)

    def disagreement(self, what: str) -> DeployError:
        """The book speaks of another contract than the one that is there."""
        return DeployError(
            f"{self.book.title} and {network_of(self.provider)} disagree about {what}; restore the book, or "
            "move it away to deploy afresh."
        )

    def compare(self, where: str, what: str, made: BaseModel, wanted: BaseModel, otherwise: str) -> None:
        """Complains about parameters that differ from those that something was made with."""
        for name in type(made).model_fields:
            was, wants = getattr(made, name), getattr(wanted, name)
            if isinstance(was, BaseModel) and isinstance(wants, BaseModel):
                self.compare(f"{where}.{name}", what, was, wants, otherwise)
            elif was != wants:
                self.complain(
                    f"{where}.{name}",
                    f"the file says {plain(wants)}, but {what} was made with {plain(was)} for ever; restore "
                    f"that, or {otherwise}",
                )

    def refuse_change(self, where: str, wanted: Decimal, current: int) -> None:
        """Complains about an amount that differs from the one that the council has set."""
        actual = plain(Decimal(current).scaleb(-self.decimals))
        self.complain(
            where,
            f"the file says {plain(wanted)}, but on the chain it is {actual}; write that into the file, or "
            "let the curator change it through the council",
        )

    def factory_call(self, method: str, *arguments: object) -> TransactionAPI:
        """Calls the Factory, once it is there."""
        if self.book.factory is None:
            raise NotYet
        return self.steps.call(contract_at("Factory", self.book.factory.address), method, *arguments)


# --------------------------------------------------------------------------------------------------- a vault


class _VaultPlanner:
    """Plans one vault, its oracle and its limit."""

    def __init__(self, pool: _PoolPlanner, name: str) -> None:
        self.pool = pool
        self.steps = pool.steps
        self.book = pool.book
        self.complain = pool.complain
        self.section = pool.vaults[name]
        self.where = f"vaults.{name}"
        self.key = f"{pool.name}/{name}"

    @property
    def is_there(self) -> bool:
        """Whether the vault has been made."""
        return self.key in self.book.vaults

    def run(self) -> None:
        where, section = self.where, self.section
        decimals = self.pool.token(section.collateral, f"{where}.collateral", *COLLATERAL_DECIMALS)
        try:
            section.risk.to_struct(self.pool.decimals)
        except ValueError as error:
            self.complain(f"{where}.risk.min_debt", str(error))
            return
        if decimals is None:
            return
        pool = address_in(self.book.pools, self.pool.name)
        if pool is not None and section.collateral.address == pool:
            self.complain(f"{where}.collateral", "it is the pool's own share; choose another token")
        price = self._oracle(Decimals(decimals, self.pool.decimals))
        if self.is_there:
            self._check_vault()
        else:
            self._check_unit(price, decimals)
            self._vault()
        self._limit()

    def _vault(self) -> None:
        section = self.section

        def create_vault() -> TransactionAPI:
            return self.pool.factory_call(
                "create_vault",
                needed(address_in(self.book.pools, self.pool.name)),
                needed(self.pool.token_address(section.collateral)),
                needed(self._oracle_address()),
                section.risk.to_struct(self.pool.decimals),
            )

        def record(receipt: ReceiptAPI) -> str:
            event = project.Factory.VaultCreated.from_receipt(receipt)[0]
            self.book.vaults[self.key] = VaultRecord(
                address=event.vault,
                pool=event.pool,
                collateral=event.collateral,
                oracle=event.oracle,
                tx=receipt.txn_hash,
                block=receipt.block_number,
                risk=section.risk.model_dump(mode="json"),
            )
            return str(event.vault)

        self.steps.add(
            Step(f"vault {self.key}", "create", self.where, transaction=create_vault, record=record)
        )

    def _check_vault(self) -> None:
        section, what, otherwise = self.section, f"vault {self.key}", "give the vault another name"
        record = self.book.vaults[self.key]
        self.pool.require_registered(what, "pool_of(address)", "address", record.address, record.pool)
        risk = RiskParams.model_validate(record.risk)
        vault = contract_at("Vault", record.address)
        parts = (record.pool, record.collateral, record.oracle)
        if parts != (
            address_in(self.book.pools, self.pool.name),
            vault.collateral_asset(),
            vault.oracle(),
        ) or (tuple(vault.risk()) != risk.to_struct(self.pool.decimals)):
            raise self.pool.disagreement(what)
        self.pool.compare(f"{self.where}.risk", what, risk, section.risk, otherwise)
        for part, wanted, actual in (
            ("collateral", self.pool.token_address(section.collateral), record.collateral),
            ("oracle", self._oracle_address(), record.oracle),
        ):
            if wanted != actual:
                self.complain(
                    f"{self.where}.{part}",
                    f"{what} was made with {actual} for ever; restore that, or {otherwise}",
                )
        self.steps.add(Step(what, "there", self.where, record.address))

    def _check_unit(self, price: int | None, collateral_decimals: int) -> None:
        """Refuses a price at which one base unit of collateral is worth too much."""
        min_debt = self.section.risk.min_debt
        if price is None:
            return
        if price > base_units(min_debt, self.pool.decimals) * PRICE_SCALE // UNIT_VALUE_DIVISOR:
            least = -(-price * UNIT_VALUE_DIVISOR // PRICE_SCALE)
            self.complain(
                f"{self.where}.risk.min_debt",
                f"{plain(min_debt)} is too small for a collateral of {collateral_decimals} decimals, whose "
                "base unit may be worth a 10,000th of it; raise it to "
                f"{plain(Decimal(least).scaleb(-self.pool.decimals))} or choose another collateral",
            )

    # -------------------------------------------------------------------------------------- the oracle

    def _oracle_address(self) -> str | None:
        return self.section.oracle.address or address_in(self.book.oracles, self.key)

    def _oracle(self, decimals: Decimals) -> int | None:
        """Adds what the oracle needs. Returns its price for a new vault; None when there is none."""
        oracle, where = self.section.oracle, f"{self.where}.oracle"
        if oracle.address:
            return None if self.is_there else self._asked_price(oracle.address, where)
        config = self._over_mocks(oracle.mock) if oracle.mock else self._chainlink(oracle.chainlink)
        if config is None:
            return None

        if self.key in self.book.oracles:
            record = self.book.oracles[self.key]
            made = Oracle.model_validate(record.config)
            self._compare_oracle(where, made)
            self.steps.add(Step(f"oracle {self.key}", "there", where, record.address))
            return None if self.is_there else self._asked_price(record.address, where)

        def deploy_oracle() -> TransactionAPI:
            asset = self.pool.section.asset
            tokens = (
                needed(self.pool.token_address(self.section.collateral)),
                needed(self.pool.token_address(asset)),
            )
            return self.steps.deployment(
                "ChainlinkOracle", struct_of(config(), self.steps.provider, tokens, decimals)
            )

        def record_oracle(receipt: ReceiptAPI) -> str:
            self.book.oracles[self.key] = OracleRecord(
                **deployed(receipt).model_dump(), config=oracle.model_dump(mode="json", exclude_none=True)
            )
            return self.book.oracles[self.key].address

        self.steps.add(
            Step(f"oracle {self.key}", "create", where, transaction=deploy_oracle, record=record_oracle)
        )
        if oracle.mock:
            return price_of(oracle.mock.collateral / oracle.mock.loan, decimals.collateral, decimals.loan)
        return first_price(
            config(),
            self.steps.provider,
            decimals,
            lambda part, sentence: self.complain(f"{where}.chainlink.{part}", sentence),
        )

    def _compare_oracle(self, where: str, made: Oracle) -> None:
        what, otherwise = f"oracle {self.key}", "give the vault another name"
        if made.model_fields_set == self.section.oracle.model_fields_set:
            self.pool.compare(where, what, made, self.section.oracle, otherwise)
        else:
            kind = "".join(made.model_fields_set)
            self.complain(where, f"{what} was made from {kind} for ever; restore that, or {otherwise}")

    def _over_mocks(self, mock: MockFeeds) -> Callable[[], Chainlink] | None:
        """Adds two mock feeds."""
        where = f"{self.where}.oracle.mock"
        if not self.pool.may_mock(where):
            return None
        names = {side: f"{self.key}/{side}" for side in ("collateral", "loan")}
        for side, name in names.items():
            try:
                answer = base_units(getattr(mock, side), MOCK_DECIMALS)
            except ValueError as error:
                self.complain(f"{where}.{side}", str(error))
                return None
            build = partial(self.steps.deployment, "MockFeed", MOCK_DECIMALS, answer)
            self.steps.create(f"mock feed {name}", where, self.book.feeds, name, build)
        return lambda: over_mocks(
            mock, *(needed(address_in(self.book.feeds, name)) for name in names.values())
        )

    def _chainlink(self, config: Chainlink | None) -> Callable[[], Chainlink] | None:
        """Looks whether everything that the oracle reads is there."""
        assert config is not None
        where = f"{self.where}.oracle.chainlink"
        named = {
            "collateral_feed.feed": config.collateral_feed.feed,
            "loan_feed.feed": config.loan_feed and config.loan_feed.feed,
            "collateral_rate.vault": config.collateral_rate and config.collateral_rate.vault,
            "loan_rate.vault": config.loan_rate and config.loan_rate.vault,
            "second": config.second,
            "fallback": config.fallback,
            "sequencer.feed": config.sequencer and config.sequencer.feed,
        }
        there = [self.pool.require_code(a, f"{where}.{part}") for part, a in named.items() if a]
        return (lambda: config) if all(there) else None

    def _asked_price(self, oracle: str, where: str) -> int | None:
        """What an oracle that is there answers."""
        if not self.pool.require_code(oracle, where):
            return None
        price: int | None = view_one(self.steps.provider, oracle, "price()", "uint256")
        safe_price = view_one(self.steps.provider, oracle, "safe_price()", "uint256")
        if not price or safe_price is None:
            self.complain(
                where, f"{oracle} answers no price now; see that it is an oracle, and that it is alive"
            )
            return None
        if safe_price > price:
            self.complain(where, f"{oracle} answers a safe price above its price; choose another oracle")
        return price

    # --------------------------------------------------------------------------------------- the limit

    def _limit(self) -> None:
        where, tokens, what = f"{self.where}.limit", self.section.limit, f"limit of {self.key}"
        limit = self.pool.amount(where, tokens)
        if limit is None:
            return
        pool, vault = self.pool.pool, address_in(self.book.vaults, self.key)
        current = pool.credit_line(vault)[0] if pool and vault else 0

        def arguments() -> tuple[object, ...]:
            return needed(address_in(self.book.vaults, self.key)), limit

        if current == limit:
            self.pool.there(what, where)
        elif current or what in self.book.calls:
            if pool and vault and current < limit and pool.losses(vault):
                left = plain(Decimal(current).scaleb(-self.pool.decimals))
                self.steps.add(Step(what, f"there; {left} after losses", where))
            else:
                self.pool.refuse_change(where, tokens, current)
        elif pool is None or not pool.is_open():
            self.pool.curate(what, f"set to {plain(tokens)}", where, what, "set_limit", arguments)
        elif self.pool.queue(what, where, (vault, False, limit), "queue_limit", arguments):
            bound = pool.totalAssets() // RAISE_DIVISOR
            if limit > bound:
                most = plain(Decimal(bound).scaleb(-self.pool.decimals))
                self.complain(
                    where,
                    f"{plain(tokens)} is above {most}, the 5 % of the pool's assets that an open pool grants "
                    "a new vault; lower it",
                )


# ------------------------------------------------------------------------------------------------ small parts


def address_in(records: Mapping[str, Deployed], name: str) -> str | None:
    """The recorded address; None when there is none."""
    return records[name].address if name in records else None


def needed(address: str | None) -> str:
    """An address without which a transaction cannot be built yet."""
    if address is None:
        raise NotYet
    return address


def plain(value: object) -> str:
    """A value of a market file for a sentence: 10,000,000 rather than 1E+7."""
    if isinstance(value, BaseModel):
        parts = {name: part for name, part in value if part is not None}
        return "{" + ", ".join(f"{name}: {plain(part)}" for name, part in parts.items()) + "}"
    if value is None:
        return "nothing"
    return f"{value.normalize():,f}" if isinstance(value, Decimal) else str(value)


def date(timestamp: int) -> str:
    """A block's time as people write it."""
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d %H:%M} UTC"
