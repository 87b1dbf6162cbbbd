"""Plans the price source of one collateral."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ape.api import ReceiptAPI

from plimsoll.chain.views import view_one
from plimsoll.deploy.book import OracleRecord
from plimsoll.deploy.chainlink import MOCK_DECIMALS, Decimals, first_price, over_mocks, struct_of
from plimsoll.deploy.checks import address_in, needed
from plimsoll.deploy.market import Chainlink, DeployError, LegSection, MockFeeds, Oracle, VaultSection
from plimsoll.deploy.pool_plan import PoolPlan
from plimsoll.deploy.sources import SOURCE_GAS, answers, code_from, misses_its_own
from plimsoll.deploy.steps import Draft, NotYet, Step, deployed
from plimsoll.params import base_units, price_of

OWN_PRICES = (
    f"own_price() and own_safe_price() do not both answer with the {SOURCE_GAS:,} gas that an oracle with "
    "other sources gives its own feeds and rates, which would be missing; choose cheaper ones, or an oracle "
    "without a second source and a fallback"
)


class OraclePlan:
    """The oracle of a vault, or of a leg of a basket.

    Attributes:
        address: where it is; None when it is not there yet.
    """

    def __init__(
        self,
        pool: PoolPlan,
        section: VaultSection | LegSection,
        where: str,
        key: str,
        is_used: bool,
        otherwise: str,
    ) -> None:
        """A plan that has no steps yet.

        Args:
            pool: whose prices it gives.
            section: with the collateral and the oracle.
            where: the section stands in the file.
            key: of the oracle in the address book.
            is_used: whether what uses it has been made.
            otherwise: what to do instead of changing it.
        """
        self.pool = pool
        self.steps = pool.steps
        self.book = pool.book
        self.checks = pool.checks
        self.complain = pool.complain
        self.section = section
        self.where = where
        self.key = key
        self.is_used = is_used
        self.otherwise = otherwise

    @property
    def address(self) -> str | None:
        """Where the oracle is; None when it is not there yet."""
        return self.section.oracle.address or address_in(self.book.oracles, self.key)

    def add(self, decimals: Decimals) -> int | None:
        """Adds what the oracle needs. Returns its price for what is new; None when there is none."""
        oracle, where = self.section.oracle, f"{self.where}.oracle"
        if oracle.address:
            return None if self.is_used else self._asked_price(oracle.address, where)
        config = self._over_mocks(oracle.mock) if oracle.mock else self._chainlink(oracle.chainlink)
        if config is None:
            return None

        if self.key in self.book.oracles:
            record = self.book.oracles[self.key]
            made = Oracle.model_validate(record.config)
            self._compare_oracle(where, made)
            self.steps.add(Step(f"oracle {self.key}", "exists", where, record.address))
            return None if self.is_used else self._asked_price(record.address, where)

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

    def compare_made(self, what: str, token: str, oracle: str) -> None:
        """Complains about another collateral or oracle than those with which something was made."""
        for part, wanted, actual in (
            ("collateral", self.checks.token_address(self.section.collateral), token),
            ("oracle", self.address, oracle),
        ):
            if wanted != actual:
                self.complain(
                    f"{self.where}.{part}",
                    f"{what} was made with {actual}, which cannot change; restore that, or {self.otherwise}",
                )

    def _compare_oracle(self, where: str, made: Oracle) -> None:
        what, otherwise = f"oracle {self.key}", self.otherwise
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

    def usable(self) -> str:
        """Its address, once it is there and answers as others need it."""
        oracle = needed(self.address)
        if misses_its_own(self.steps.provider, oracle):
            raise DeployError(self.steps.sentence(f"{self.where}.oracle", OWN_PRICES))
        return oracle
