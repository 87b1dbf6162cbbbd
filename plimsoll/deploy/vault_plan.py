"""Plans one vault, its oracle and its limit."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial

from ape.api import ReceiptAPI

from plimsoll.chain.containers import container
from plimsoll.chain.views import view_one
from plimsoll.deploy.book import OracleRecord, VaultRecord, contract_at
from plimsoll.deploy.chainlink import MOCK_DECIMALS, Decimals, first_price, over_mocks, struct_of
from plimsoll.deploy.checks import address_in, needed, plain
from plimsoll.deploy.market import Chainlink, DeployError, MockFeeds, Oracle, VaultSection
from plimsoll.deploy.pool_plan import PoolPlan
from plimsoll.deploy.sources import SOURCE_GAS, answers, code_from, misses_its_own
from plimsoll.deploy.steps import Draft, NotYet, Step, deployed
from plimsoll.params import (
    COLLATERAL_DECIMALS,
    NEW_LIMIT_DIVISOR,
    UNIT_VALUE_DIVISOR,
    RiskParams,
    base_units,
    price_of,
)
from plimsoll.units import PRICE_SCALE

OWN_PRICES = (
    f"own_price() and own_safe_price() do not both answer with the {SOURCE_GAS:,} gas that an oracle with "
    "other sources gives its own feeds and rates, which would be missing; choose cheaper ones, or an oracle "
    "without a second source and a fallback"
)


class VaultPlan:
    """One vault of a market file, its oracle and its limit."""

    def __init__(self, pool: PoolPlan, section: VaultSection, name: str) -> None:
        """A plan that has no steps yet."""
        self.pool = pool
        self.steps = pool.steps
        self.book = pool.book
        self.checks = pool.checks
        self.complain = pool.complain
        self.section = section
        self.where = f"vaults.{name}"
        self.key = f"{pool.name}/{name}"

    @property
    def is_there(self) -> bool:
        """Whether the vault has been made."""
        return self.key in self.book.vaults

    def add(self) -> None:
        """Adds all that is missing, or holds what is there against the file."""
        where, section = self.where, self.section
        decimals = self.checks.token(section.collateral, f"{where}.collateral", *COLLATERAL_DECIMALS)
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

        def create_vault() -> Draft:
            oracle = needed(self._oracle_address())
            if misses_its_own(self.steps.provider, oracle):
                raise DeployError(self.steps.sentence(f"{self.where}.oracle", OWN_PRICES))
            return self.checks.factory_call(
                "create_vault",
                needed(address_in(self.book.pools, self.pool.name)),
                needed(self.checks.token_address(section.collateral)),
                oracle,
                section.risk.to_struct(self.pool.decimals),
            )

        def record(receipt: ReceiptAPI) -> str:
            event = container("Factory").VaultCreated.from_receipt(receipt)[0]
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
        self.checks.require_registered(what, "pool_of(address)", "address", record.address, record.pool)
        risk = RiskParams.model_validate(record.risk)
        vault = contract_at("Vault", record.address)
        parts = (record.pool, record.collateral, record.oracle)
        if parts != (
            address_in(self.book.pools, self.pool.name),
            vault.collateral_asset(),
            vault.oracle(),
        ) or (tuple(vault.risk()) != risk.to_struct(self.pool.decimals)):
            raise self.checks.disagreement(what)
        self.checks.compare(f"{self.where}.risk", what, risk, section.risk, otherwise)
        for part, wanted, actual in (
            ("collateral", self.checks.token_address(section.collateral), record.collateral),
            ("oracle", self._oracle_address(), record.oracle),
        ):
            if wanted != actual:
                self.complain(
                    f"{self.where}.{part}",
                    f"{what} was made with {actual}, which cannot change; restore that, or {otherwise}",
                )
        self.steps.add(Step(what, "exists", self.where, record.address))

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
            self.steps.add(Step(f"oracle {self.key}", "exists", where, record.address))
            return None if self.is_there else self._asked_price(record.address, where)

        def deploy_oracle() -> Draft:
            asset = self.pool.section.asset
            tokens = (
                needed(self.checks.token_address(self.section.collateral)),
                needed(self.checks.token_address(asset)),
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
        price = first_price(
            config(),
            self.steps.provider,
            decimals,
            lambda part, sentence: self.complain(f"{where}.chainlink.{part}", sentence),
        )
        if price is not None:
            self._check_sources(config(), deploy_oracle, where)
        return price

    def _compare_oracle(self, where: str, made: Oracle) -> None:
        what, otherwise = f"oracle {self.key}", "give the vault another name"
        if made.model_fields_set == self.section.oracle.model_fields_set:
            self.checks.compare(where, what, made, self.section.oracle, otherwise)
        else:
            kind = "".join(made.model_fields_set)
            self.complain(
                where, f"{what} was made from {kind}, which cannot change; restore that, or {otherwise}"
            )

    def _over_mocks(self, mock: MockFeeds) -> Callable[[], Chainlink] | None:
        """Adds two mock feeds."""
        where = f"{self.where}.oracle.mock"
        if not self.checks.may_mock(where):
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
        there = [self.checks.require_code(a, f"{where}.{part}") for part, a in named.items() if a]
        return (lambda: config) if all(there) else None

    def _check_sources(self, config: Chainlink, deploy: Callable[[], Draft], where: str) -> None:
        """Complains about what would not answer with the gas that the new oracle gives it."""
        provider, account = self.steps.provider, self.steps.account.address
        for part, source in (("second", config.second), ("fallback", config.fallback)):
            if source and not answers(provider, source, "price", "safe_price"):
                self.complain(
                    f"{where}.chainlink.{part}",
                    f"{source} gives no price with the {SOURCE_GAS:,} gas that a source gets; choose another "
                    "oracle",
                )
        try:
            code = code_from(provider, bytes(deploy().transaction.data))
        except NotYet:
            return
        if code and misses_its_own(provider, account, code):
            self.complain(where, OWN_PRICES)

    def _asked_price(self, oracle: str, where: str) -> int | None:
        """What an oracle that is there answers."""
        if not self.checks.require_code(oracle, where):
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
        if misses_its_own(self.steps.provider, oracle):
            self.complain(where, OWN_PRICES)
        return price

    # --------------------------------------------------------------------------------------- the limit

    def _limit(self) -> None:
        where, tokens, what = f"{self.where}.limit", self.section.limit, f"limit of {self.key}"
        limit = self.pool.council.amount(where, tokens)
        if limit is None:
            return
        burst, min_debt = self.pool.section.draw_burst, self.section.risk.min_debt
        if tokens * burst < min_debt:
            self.complain(
                where,
                f"{plain(tokens)} times pool.draw_burst {plain(burst)} is below the vault's min_debt "
                f"{plain(min_debt)}, so that nobody could begin a loan; raise it to "
                f"{plain(min_debt / burst)}",
            )
        pool, vault = self.pool.contract, address_in(self.book.vaults, self.key)
        current = pool.credit_line(vault)[0] if pool and vault else 0

        def arguments() -> tuple[object, ...]:
            return needed(address_in(self.book.vaults, self.key)), limit

        if current == limit:
            self.pool.council.there(what, where)
        elif current or what in self.book.calls:
            if pool and vault and current < limit and pool.losses(vault):
                left = plain(Decimal(current).scaleb(-self.pool.decimals))
                self.steps.add(Step(what, f"exists; {left} after losses", where))
            else:
                self.pool.council.refuse_change(where, tokens, current)
        elif pool is None or not pool.is_open():
            self.pool.council.curate(what, f"set to {plain(tokens)}", where, what, "set_limit", arguments)
        elif self.pool.council.queue(what, where, (vault, False, limit), "queue_limit", arguments):
            bound = pool.totalAssets() // NEW_LIMIT_DIVISOR
            if limit > bound:
                most = plain(Decimal(bound).scaleb(-self.pool.decimals))
                self.complain(
                    where,
                    f"{plain(tokens)} is above {most}, the 5 % of the pool's assets that an open pool grants "
                    "a new vault; lower it",
                )
