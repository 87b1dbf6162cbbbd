"""What a vault and a basket have in common: operators, debt, provisions; the twin of their modules.

Every function takes the caller first, returns what the contract returns, and raises `Revert` with the
contract's reason. Amounts are base units of the loan asset.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from plimsoll.twin.chain import Chain, Contract, Signature, nonreentrant, require
from plimsoll.twin.liquidation import DebtTotals, Risk, ceil_div
from plimsoll.twin.pool import Pool
from plimsoll.twin.share_math import VIRTUAL_SHARES
from plimsoll.units import FRACTION, NOBODY

RIGHT_WITHDRAW = 1
RIGHT_BORROW = 2
RIGHTS_ALL = 3
OWNER_BITS = 160

Callback = Callable[[], None]


class Spoke(Contract, ABC):
    """A contract that draws on a pool's credit line against collateral.

    Attributes:
        rights: of an operator, by owner and operator.
    """

    def __init__(self, chain: Chain, pool: Pool, address: str, risk: Risk) -> None:
        """As its constructor leaves it."""
        super().__init__(chain, address)
        self.pool = pool
        self.risk = risk
        self.rights: dict[tuple[str, str], int] = chain.mapping()
        self.nonces: dict[str, int] = chain.mapping()
        self.provision_of: dict[str, int] = chain.mapping()

    @abstractmethod
    def shares_of(self, owner: str) -> int:
        """Debt shares."""

    @abstractmethod
    def _set_shares(self, owner: str, shares: int) -> None:
        """Replaces the debt shares of a position."""

    @abstractmethod
    def _prices_for(self, owner: str) -> Any:
        """A vault's price, or those of the legs that `owner` holds."""

    @abstractmethod
    def _known_shortfall(self, owner: str, noted: int, prices: Any, totals: DebtTotals) -> int:
        """The shortfall at prices; below what was noted only as far as the safe ones agree."""

    # ------------------------------------------------------------------------------------ operators

    @nonreentrant
    def set_operator(self, caller: str, operator: str, rights: int) -> None:
        """Sets what `operator` may do for the caller."""
        self._set_operator(caller, operator, rights)

    @nonreentrant
    def set_operator_by_signature(
        self, owner: str, operator: str, rights: int, nonce: int, deadline: int, signature: Signature
    ) -> None:
        """Sets rights by the owner's signature of (owner, operator, rights, nonce, deadline)."""
        require(owner != NOBODY, "vault: no owner")
        require(self.chain.now <= deadline, "vault: signature expired")
        expected = self.nonces.get(owner, 0)
        if nonce < expected and self.rights.get((owner, operator), 0) == rights:
            return
        require(nonce == expected, "vault: nonce used or ahead")
        self.nonces[owner] = nonce + 1
        message = (owner, operator, rights, nonce, deadline)
        require(signature == Signature(owner, message), "vault: bad signature")
        self._set_operator(owner, operator, rights)

    # ----------------------------------------------------------------------------------------- debt

    @nonreentrant
    def repay(self, caller: str, amount: int, owner: str) -> int:
        """Repays debt of `owner`; returns what was paid."""
        totals = DebtTotals(*self.pool.accrue())
        shares = self.shares_of(owner)
        paid, extinguished = self._repayment(shares, amount, totals)
        self._set_shares(owner, shares - extinguished)
        provisioned = self._release_repaid(owner, shares, totals)
        self._pay_pool(caller, paid, extinguished, paid, provisioned)
        self._log("Repay", owner, paid, extinguished)
        return paid

    @nonreentrant
    def poke(self, owner: str) -> int:
        """Reports a position's shortfall to the pool; returns it."""
        prices = self._prices_for(owner)
        totals = DebtTotals(*self.pool.accrue())
        noted = self.provision_of.get(owner, 0)
        self._set_provision(owner, self._known_shortfall(owner, noted, prices, totals))
        self.pool.set_provision(self.address, self.provisions())
        return self.provision_of[owner]

    def debt_of(self, owner: str) -> int:
        """Debt as of now, rounded up."""
        return self._totals().assets_up(self.shares_of(owner))

    def provisions(self) -> int:
        """The known shortfall of all positions, base units of the loan asset."""
        return sum(self.provision_of.values())

    # ------------------------------------------------------------------------------------ internals

    def _set_operator(self, owner: str, operator: str, rights: int) -> None:
        require(rights <= RIGHTS_ALL, "vault: unknown right")
        self.rights[owner, operator] = rights
        self._log("OperatorSet", owner, operator, rights)

    def _totals(self) -> DebtTotals:
        t = self.pool.accrued()
        return DebtTotals(t.total_debt, t.total_debt_shares)

    def _set_provision(self, owner: str, shortfall: int) -> None:
        self.provision_of[owner] = shortfall
        self._log("ProvisionSet", owner, shortfall)

    def _release_repaid(self, owner: str, before: int, totals: DebtTotals) -> bool:
        """A repayment lowers a provision by what the debt falls; whether there was one."""
        provision = self.provision_of.get(owner, 0)
        if provision:
            fall = totals.assets_up(before) - totals.assets_up(self.shares_of(owner))
            self._set_provision(owner, max(0, provision - fall))
        return provision > 0

    def _release_closed(self, owner: str, before: int, left: int, prices: Any, totals: DebtTotals) -> bool:
        """A close leaves a provision its part at most; whether there was one."""
        provision = self.provision_of.get(owner, 0)
        if provision:
            kept = ceil_div(provision * left, before)
            self._set_provision(owner, self._known_shortfall(owner, kept, prices, totals))
        return provision > 0

    def _authorise(self, caller: str, owner: str, right: int) -> None:
        if caller != owner:
            require(bool(self.rights.get((owner, caller), 0) & right), "vault: not authorised")

    def _check_receiver(self, receiver: str) -> None:
        require(receiver not in (self.address, NOBODY), "vault: bad receiver")

    def _repayment(self, shares: int, amount: int, totals: DebtTotals) -> tuple[int, int]:
        debt = totals.assets_up(shares)
        if amount >= debt:
            return debt, shares
        extinguished = amount * (totals.shares + VIRTUAL_SHARES) * FRACTION // (totals.debt + FRACTION)
        require(extinguished > 0 or amount == 0, "vault: less than a debt share")
        return amount, extinguished

    def _room(self, shares: int, allowed: int) -> int:
        """What may be drawn on top of `shares`, bound by the debt that is `allowed`, line and cash."""
        totals = self._totals()
        taken = totals.assets_up(shares) + totals.assets_up(1) + 1
        return min(max(0, allowed - taken), self.pool.max_draw(self.address))

    def _pay_pool(self, caller: str, amount: int, shares: int, paid: int, provisioned: bool) -> None:
        if amount > 0:
            self.pool.asset.transfer_from(self.address, caller, self.pool.address, amount)
        self.pool.settle(self.address, shares, paid)
        if provisioned:
            self.pool.set_provision(self.address, self.provisions())


def owner_of(order: int) -> str:
    """The owner of a batch's order, as an address in lower case."""
    return f"0x{order & (1 << OWNER_BITS) - 1:040x}"
