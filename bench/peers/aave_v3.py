"""A market of Aave v3: all its contracts, two reserves, its oracle over the feeds that Plimsoll reads."""

from collections.abc import Sequence
from typing import NamedTuple

from bench.peers.ground import DEPLOYER, FEED_DECIMALS, FORTUNE, TREASURY, Call, Ground, Leg
from bench.peers.packages import Aave
from plimsoll.units import MAX, NOBODY, order

RAY = 10**27
VARIABLE = 2  # interest rate mode
NO_REFERRAL = 0
RESERVE_FACTOR = 1_000  # basis points of the interest


class Risk(NamedTuple):
    """A collateral's parameters, basis points; by default as Plimsoll's."""

    ltv: int = 8_000
    threshold: int = 8_300
    bonus: int = 10_500  # with the 100 %
    fee: int = 1_000  # of the bonus


class AaveV3:
    """Reserve factor as Plimsoll's; no stable rate, no e-mode, no incentives."""

    def __init__(
        self, ground: Ground, legs: Sequence[Leg] | None = None, risks: Sequence[Risk] | None = None
    ) -> None:
        """Deploys everything behind its proxies, lists the loan token and the collaterals, by default one."""
        legs = legs or ground.legs(1)
        risks = risks or [Risk()] * len(legs)
        aave = Aave(ground.engine, DEPLOYER)
        self.loan, self.collateral = ground.loan.address, ground.collateral.address
        self.set_price = ground.set_feed

        provider = aave.deploy("protocol/configuration/PoolAddressesProvider", "Peers", DEPLOYER)
        provider.send("setACLAdmin", DEPLOYER, sender=DEPLOYER)
        acl = aave.deploy("protocol/configuration/ACLManager", provider.address)
        provider.send("setACLManager", acl.address, sender=DEPLOYER)
        acl.send("addPoolAdmin", DEPLOYER, sender=DEPLOYER)
        collaterals = [leg.token.address for leg in legs]
        feeds = [ground.loan_feed.address, *(leg.feed.address for leg in legs)]
        tokens = [self.loan, *collaterals]
        decimals = [each.call("decimals") for each in (ground.loan, *(leg.token for leg in legs))]
        oracle = aave.deploy(
            "misc/AaveOracle", provider.address, tokens, feeds, NOBODY, NOBODY, 10**FEED_DECIMALS
        )
        provider.send("setPriceOracle", oracle.address, sender=DEPLOYER)
        pool = aave.deploy("protocol/pool/Pool", provider.address)
        provider.send("setPoolImpl", pool.address, sender=DEPLOYER)
        self.pool = aave.at("protocol/pool/Pool", provider.call("getPool"))
        configurator = aave.deploy("protocol/pool/PoolConfigurator")
        provider.send("setPoolConfiguratorImpl", configurator.address, sender=DEPLOYER)
        configurator = aave.at("protocol/pool/PoolConfigurator", provider.call("getPoolConfigurator"))

        rates = aave.deploy(
            "protocol/pool/DefaultReserveInterestRateStrategy",
            provider.address,
            90 * RAY // 100,  # optimal usage
            0,
            4 * RAY // 100,
            60 * RAY // 100,
            0,
            0,
            0,
            0,
            RAY // 5,
        )
        kinds = ("AToken", "StableDebtToken", "VariableDebtToken")
        tokenised = [
            aave.deploy(f"protocol/tokenization/{kind}", self.pool.address).address for kind in kinds
        ]
        names = ["a", "a", "variable", "v", "stable", "s"]
        configurator.send(
            "initReserves",
            [
                (*tokenised, digits, rates.address, token, TREASURY, NOBODY, *names, b"")
                for token, digits in zip(tokens, decimals, strict=True)
            ],
            sender=DEPLOYER,
        )
        configurator.send("setReserveBorrowing", self.loan, True, sender=DEPLOYER)
        configurator.send("setReserveFlashLoaning", self.loan, True, sender=DEPLOYER)
        configurator.send("setReserveFactor", self.loan, RESERVE_FACTOR, sender=DEPLOYER)
        for token, risk in zip(collaterals, risks, strict=True):
            configurator.send("configureReserveAsCollateral", token, *risk[:3], sender=DEPLOYER)
            configurator.send("setLiquidationProtocolFee", token, risk.fee, sender=DEPLOYER)
        self.spenders = (self.pool.address,)
        debt = self.pool.call("getReserveData", self.loan)[10]
        self.debt_token = aave.at("protocol/tokenization/VariableDebtToken", debt)
        self.shares = [
            aave.at("protocol/tokenization/AToken", self.pool.call("getReserveData", token)[8])
            for token in collaterals
        ]
        self._helper = ground.make("AaveHelper", self.pool.address, self.loan, self.collateral)
        self.helper = self._helper.address
        ground.give(ground.loan, self.helper, FORTUNE)

    def supply(self, who: str, amount: int) -> Call:
        return Call.of(self.pool, "supply", self.loan, amount, who, NO_REFERRAL, sender=who)

    def withdraw(self, who: str, amount: int) -> Call:
        return Call.of(self.pool, "withdraw", self.loan, amount, who, sender=who)

    def deposit_collateral(self, who: str, amount: int, owner: str) -> Call:
        return Call.of(self.pool, "supply", self.collateral, amount, owner, NO_REFERRAL, sender=who)

    def withdraw_collateral(self, who: str, amount: int) -> Call:
        return Call.of(self.pool, "withdraw", self.collateral, amount, who, sender=who)

    def borrow(self, who: str, amount: int) -> Call:
        return Call.of(self.pool, "borrow", self.loan, amount, VARIABLE, NO_REFERRAL, who, sender=who)

    def repay(self, who: str, amount: int) -> Call:
        return Call.of(self.pool, "repay", self.loan, amount, VARIABLE, who, sender=who)

    def repay_all(self, who: str) -> Call:
        return self.repay(who, MAX)

    def liquidate(self, who: str, owner: str, repaid: int) -> Call:
        parts = (self.collateral, self.loan, owner, repaid, False)
        return Call.of(self.pool, "liquidationCall", *parts, sender=who)

    def liquidate_all(self, who: str, owner: str) -> Call:
        return self.liquidate(who, owner, MAX)

    def liquidate_bad_debt(self, who: str, owner: str) -> Call:
        return self.liquidate(who, owner, MAX)

    def liquidate_many(self, who: str, owners: list[str], repaid: int) -> Call:
        return Call.of(self._helper, "liquidate", [order(owner, repaid) for owner in owners], sender=who)

    def flash_loan(self, who: str, amount: int) -> Call:
        parts = (self.helper, self.loan, amount, b"", NO_REFERRAL)
        return Call.of(self.pool, "flashLoanSimple", *parts, sender=who)

    def debt(self, owner: str) -> int:
        return int(self.debt_token.call("balanceOf", owner))
