"""What the properties of the standards are held against: ERC-4626 vaults, each behind the same small adapter.

To test another vault, write a `Subject` that deploys it and brings it into its states. The properties know of
it only what stands here. Where a standard leaves room, an attribute says what the subject made of it.

Where the pool deviates on purpose:

- `exit` lies outside of ERC-4626: it redeems as much as cash allows where `redeem` reverts.
- `maxWithdraw`, `maxRedeem`, `maxFlashLoan` and, because of provisions, `convertToAssets`, `previewWithdraw`
  and `previewRedeem` read cash, so they take the lock: in a callback of the pool they revert instead of
  telling what is not so (`test_in_a_callback_what_reads_cash_reverts`).
- `maxDeposit` and `maxMint` do not look at the receiver; nobody can mint to the zero address.
"""

import functools
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest

from plimsoll.chain.engine import Contract, Engine, deploy
from plimsoll.twin.chain import MAX
from tests.property.standards.texts import ERC20, ERC2612, ERC3156, ERC4626
from tests.stateful import world
from tests.stateful.world import (
    BORROWER,
    CURATOR,
    DEPLOYER,
    GUARDIAN,
    LENDER,
    LIQUIDATOR,
    OPERATOR,
    OTHER_LENDER,
    STRANGER,
    World,
)

START = 1_800_000_000
DAY = 86_400
MILLION = 10**12  # of an asset with 6 decimals


class Subject(ABC):
    """A vault in one of its states; its asset has 6 decimals, and everybody has approved the vault."""

    states: ClassVar[tuple[str, ...]]
    version: ClassVar[str] = "1"  # of the EIP-712 domain, whose name is the token's
    spending_is_logged: ClassVar[bool]  # ERC-20: whether `transferFrom` says what is left of an allowance

    vault: Contract
    asset: Contract
    engine: Engine

    def __init__(self, state: str) -> None:
        """Deploys the vault and brings it into a state."""
        self.state = state
        self.deploy()
        getattr(self, f"become_{state}")()

    @abstractmethod
    def deploy(self) -> None:
        """Sets `engine`, `asset`, `vault`; lenders, operator and stranger have ten million of the asset."""

    @abstractmethod
    def gain(self) -> None:
        """Makes shares worth more, with holders in it."""

    @abstractmethod
    def lose(self) -> None:
        """Makes shares worth less, with holders in it."""

    def share_slack(self) -> int:
        """By how many shares `maxMint` and `maxRedeem` may fall short of what would be accepted.

        The standard: a maximum "MUST NOT be higher than the actual maximum that would be accepted (it should
        underestimate if necessary)".
        """
        return 0

    def become_empty(self) -> None:
        """Nobody has a share."""
        assert self.vault.call("totalSupply") == 0

    def become_par(self) -> None:
        """Two holders, nothing has happened yet."""
        self.become_empty()
        self.vault.send("deposit", MILLION // 2 + 7, LENDER, sender=LENDER)
        self.vault.send("deposit", MILLION // 10, OTHER_LENDER, sender=OTHER_LENDER)

    def become_gained(self) -> None:
        """Two holders after a gain."""
        self.become_par()
        self.gain()

    def become_lost(self) -> None:
        """Two holders after a loss."""
        self.become_par()
        self.lose()

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Whatever happens inside did not happen."""
        before = self.engine.snapshot()
        try:
            yield
        finally:
            self.engine.revert(before)

    def shares(self, owner: str) -> int:
        """What an account holds of the vault."""
        return self.vault.call("balanceOf", owner)

    def assets(self, owner: str) -> int:
        """What an account holds of the asset."""
        return self.asset.call("balanceOf", owner)

    def endow(self, owner: str, amount: int) -> None:
        """Gives an account as much of the asset, and the vault its approval."""
        self.asset.send("mint", owner, amount, sender=owner)
        self.asset.send("approve", self.vault.address, MAX, sender=owner)

    def on(self, address: str) -> Contract:
        """The functions of the standards at an address."""
        return Contract(self.engine, address, [*ERC20, *ERC2612, *ERC4626, *ERC3156])


class PoolSubject(Subject):
    """The pool, in a real market: interest is a gain, a liquidation below the debt a loss."""

    states = ("closed", "empty", "par", "gained", "lost", "wiped", "lent_out", "paused", "capped")
    spending_is_logged = False
    flash_fee: ClassVar[int] = 9 * 10**14  # WAD

    def deploy(self) -> None:
        self.engine = world.engine(START)
        self.world = World(self.engine, (6, 18, 8), self.flash_fee)
        self.asset = self.world.chain["loan"]
        self.vault = self.on(self.world.chain["pool"].address)
        self.council("set_limit", self.world.chain["first_vault"].address, 2 * MILLION)
        self.council("queue_guardian", GUARDIAN)
        self.engine.advance(3 * DAY)
        self.council("execute_queued")

    def gain(self) -> None:
        self.borrow(4 * MILLION // 10)
        self.engine.advance(200 * DAY)

    def lose(self) -> None:
        self.borrow(4 * MILLION // 10)
        self.engine.advance(30 * DAY)
        self.fall(self.world.fair["first_oracle"] // 10)

    def share_slack(self) -> int:
        """What one base unit buys: both are computed from amounts of the asset."""
        return self.vault.call("previewWithdraw", 1)

    def become_closed(self) -> None:
        """Deployed; lenders may not come in yet."""

    def become_empty(self) -> None:
        self.council("open_pool")

    def become_wiped(self) -> None:
        """A share is worth less than a thousandth of par: nobody may come in, all may leave."""
        self.become_par()
        self.borrow(MAX)
        self.fall(1)

    def become_lent_out(self) -> None:
        """Debt is a little more than lenders' assets: nobody can leave."""
        self.become_par()
        self.borrow(MAX)
        self.engine.advance(DAY)

    def become_paused(self) -> None:
        """The guardian has stopped new supply."""
        self.become_gained()
        self.council("pause", sender=GUARDIAN)

    def become_capped(self) -> None:
        """A little more may come in."""
        self.become_gained()
        self.council("set_supply_cap", MILLION)

    def council(self, function: str, *arguments: Any, sender: str = CURATOR) -> None:
        """One of the powers."""
        self.world.chain["council"].send(function, *arguments, sender=sender)

    def borrow(self, amount: int) -> None:
        """One borrower with two million's worth of collateral."""
        vault = self.world.chain["first_vault"]
        vault.send("deposit", 1_000 * 10**18, BORROWER, sender=BORROWER)
        vault.send("borrow", amount, BORROWER, BORROWER, sender=BORROWER)

    def fall(self, price: int) -> None:
        """The collateral falls to a price (1e36), and the borrower is closed."""
        self.world.chain["first_oracle"].send("set_prices", price, price, sender=DEPLOYER)
        self.world.chain["first_vault"].send("liquidate", BORROWER, MAX, sender=LIQUIDATOR)


class PeerSubject(Subject):
    """snekmate's vault: what it owns is its balance, so a donation is a gain and a seizure a loss."""

    states = ("empty", "par", "gained", "lost", "wiped")
    spending_is_logged = True

    def deploy(self) -> None:
        self.engine = world.engine(START)
        self.asset = deploy(self.engine, world.compiled("Token")[0], "Loan", "L", 6, sender=DEPLOYER)
        artifact = world.compiled("PeerVault")[0]
        peer = deploy(self.engine, artifact, "Peer", "PEER", self.asset.address, 0, sender=DEPLOYER)
        self.vault = self.on(peer.address)
        for owner in (LENDER, OTHER_LENDER, OPERATOR, STRANGER):
            self.endow(owner, 10 * MILLION)

    def gain(self) -> None:
        self.asset.send("mint", self.vault.address, MILLION // 7, sender=DEPLOYER)

    def lose(self) -> None:
        self.asset.send("burn", self.vault.address, MILLION // 3, sender=DEPLOYER)

    def become_wiped(self) -> None:
        """Nothing is left, and shares are."""
        self.become_par()
        self.asset.send("burn", self.vault.address, self.assets(self.vault.address), sender=DEPLOYER)


@functools.cache
def subject_of(kind: type[Subject], state: str) -> Subject:
    """Built once; tests undo what they do to it."""
    return kind(state)


def every(*states: str, kinds: Sequence[type[Subject]] = (PoolSubject, PeerSubject)) -> pytest.MarkDecorator:
    """Runs a test on every subject in each of these states that it knows; in all without a name."""
    return pytest.mark.parametrize(
        "subject",
        [
            pytest.param((kind, state), id=f"{kind.__name__.removesuffix('Subject').lower()}-{state}")
            for kind in kinds
            for state in (states or kind.states)
            if state in kind.states
        ],
        indirect=True,
    )
