"""Morpho Blue's market, over its own mocks of an oracle (one slot) and of a rate model (no state)."""

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from bench.peers.ground import DEPLOYER, FORTUNE, QUOTE, Call, Ground
from bench.peers.packages import morpho
from plimsoll.chain.engine import deploy
from plimsoll.params import price_of
from plimsoll.units import order

LLTV = 83 * 10**16
VIRTUAL_SHARES, VIRTUAL_ASSETS = 10**6, 1


class MorphoBlue:
    """One market at Plimsoll's liquidation threshold, without a fee, as its markets are."""

    def __init__(self, ground: Ground, lltv: int = LLTV) -> None:
        """Deploys the contract with its mocks and creates the market."""
        self.morpho = deploy(ground.engine, morpho("Morpho"), DEPLOYER, sender=DEPLOYER)
        self.oracle = deploy(ground.engine, morpho("mocks/OracleMock"), sender=DEPLOYER)
        irm = deploy(ground.engine, morpho("mocks/IrmMock"), sender=DEPLOYER)
        self.set_price(QUOTE)
        tokens = (ground.loan.address, ground.collateral.address)
        self.params = (*tokens, self.oracle.address, irm.address, lltv)
        self.id = keccak(encode(["address"] * 4 + ["uint256"], self.params))
        self.morpho.send("enableIrm", irm.address, sender=DEPLOYER)
        self.morpho.send("enableLltv", lltv, sender=DEPLOYER)
        self.morpho.send("createMarket", self.params, sender=DEPLOYER)
        self.spenders = (self.morpho.address,)
        self._helper = ground.make("MorphoHelper", self.morpho.address, self.params)
        self.helper = self._helper.address
        ground.give(ground.loan, self.helper, FORTUNE)

    def set_price(self, quote: int) -> None:
        self.oracle.send("setPrice", price_of(quote, 18, 18), sender=DEPLOYER)

    def supply(self, who: str, amount: int) -> Call:
        return self._call("supply", amount, 0, who, b"", sender=who)

    def withdraw(self, who: str, amount: int) -> Call:
        return self._call("withdraw", amount, 0, who, who, sender=who)

    def deposit_collateral(self, who: str, amount: int, owner: str) -> Call:
        return self._call("supplyCollateral", amount, owner, b"", sender=who)

    def withdraw_collateral(self, who: str, amount: int) -> Call:
        return self._call("withdrawCollateral", amount, who, who, sender=who)

    def borrow(self, who: str, amount: int) -> Call:
        return self._call("borrow", amount, 0, who, who, sender=who)

    def repay(self, who: str, amount: int) -> Call:
        return self._call("repay", amount, 0, who, b"", sender=who)

    def repay_all(self, who: str) -> Call:
        return self._call("repay", 0, self._position(who)[1], who, b"", sender=who)

    def liquidate(self, who: str, owner: str, repaid: int) -> Call:
        return self._call("liquidate", owner, 0, self._shares(repaid), b"", sender=who)

    def liquidate_all(self, who: str, owner: str) -> Call:
        return self._call("liquidate", owner, 0, self._position(owner)[1], b"", sender=who)

    def liquidate_bad_debt(self, who: str, owner: str) -> Call:
        return self._call("liquidate", owner, self._position(owner)[2], 0, b"", sender=who)

    def liquidate_many(self, who: str, owners: list[str], repaid: int) -> Call:
        shares = self._shares(repaid)
        return Call.of(self._helper, "liquidate", [order(owner, shares) for owner in owners], sender=who)

    def flash_loan(self, who: str, amount: int) -> Call:
        return Call.of(self._helper, "flash", amount, sender=who)

    def debt(self, owner: str) -> int:
        _, _, assets, shares, *_ = self.morpho.call("market", self.id)
        return int(-(-self._position(owner)[1] * (assets + VIRTUAL_ASSETS) // (shares + VIRTUAL_SHARES)))

    def _call(self, name: str, *arguments: object, sender: str) -> Call:
        return Call.of(self.morpho, name, self.params, *arguments, sender=sender)

    def _position(self, who: str) -> tuple[int, int, int]:
        supply_shares, borrow_shares, collateral = self.morpho.call("position", self.id, who)
        return supply_shares, borrow_shares, collateral

    def _shares(self, repaid: int) -> int:
        """Debt shares for an amount, as the books stand before the call accrues."""
        _, _, assets, shares, *_ = self.morpho.call("market", self.id)
        return int(repaid * (shares + VIRTUAL_SHARES) // (assets + VIRTUAL_ASSETS))
