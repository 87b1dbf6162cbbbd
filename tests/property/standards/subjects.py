"""What the properties of the standards are held against: ERC-4626 vaults, each behind the same small adapter.

To test another vault, write a `Subject` that deploys it and brings it into its states. The properties know of
it only what stands here. Where a standard leaves room, an attribute says what the subject made of it.

Where the pool deviates on purpose:

- `exit` lies outside of ERC-4626: it redeems as much as cash allows where `redeem` reverts.
- `maxWithdraw`, `maxRedeem`, `maxFlashLoan` and, because of provisions, `convertToAssets`, `previewWithdraw`
  and `previewRedeem` read cash, so they take the lock: in a callback of the pool they revert instead of
  telling what is not so (`test_in_a_callback_what_reads_cash_reverts`).
- `maxDeposit` and `maxMint` do not look at the receiver; nobody can mint to the zero address.

Where the Backstop does is said in docs/backstop.md. Its ways out burn shares that are not the token's: of an
escrow, got by a request that has to mature. The text has no function for asking ("should be performed
separately"), so a subject says how it is done, and what its ways out burn.
"""

import functools
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar

import pytest

from plimsoll.chain.abi import Log
from plimsoll.chain.artifacts import artifact
from plimsoll.chain.engine import Contract, Engine, deploy, undone
from plimsoll.testing.engines import in_process
from plimsoll.units import DAY, MAX, NOBODY
from tests.property.standards.texts import ERC20, ERC2612, ERC3156, ERC4626, TRANSFER, event, refused
from tests.stateful.world import (
    BORROWER,
    CURATOR,
    DEPLOYER,
    GUARDIAN,
    LENDER,
    LIQUIDATOR,
    OPERATOR,
    OTHER_LENDER,
    STAKER,
    STRANGER,
    Lockstep,
)

START = 1_800_000_000
MILLION = 10**12  # of an asset with 6 decimals


class Subject(ABC):
    """A vault in one of its states; its asset has 6 decimals, and everybody has approved the vault."""

    states: ClassVar[tuple[str, ...]]
    version: ClassVar[str] = "1"  # of the EIP-712 domain, whose name is the token's
    spending_is_logged: ClassVar[bool]  # ERC-20: whether `transferFrom` says what is left of an allowance
    leaving_is_asked_for: ClassVar[bool] = False  # whether who has not asked is refused, even with nothing
    burns_for_nothing: ClassVar[bool] = True  # whether shares that are worth nothing can be redeemed

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

    def ask_to_leave(self, owner: str) -> None:  # noqa: B027  no duty of a subject
        """Does with all shares of an owner what the vault asks for before they may leave: nothing."""

    def redeemable(self, owner: str) -> int:
        """The shares of an owner that the ways out burn: those of the token."""
        return self.shares(owner)

    def redeemable_supply(self) -> int:
        """All shares that the ways out burn: those of the token."""
        return self.vault.call("totalSupply")

    def burning(self, owner: str, shares: int) -> list[Log]:
        """What the vault logs before `Withdraw` when an owner leaves: ERC-20's burning."""
        return [event(self.vault, TRANSFER, owner, NOBODY, shares)]

    def worth(self, owner: str) -> int:
        """What all that an owner has in the vault is worth, in the asset."""
        return self.vault.call("convertToAssets", self.shares(owner))

    def leave_at_any_terms(self, owner: str) -> None:
        """An owner leaves with all that they may, whatever provisions keep back."""
        raise NotImplementedError

    def worth_without_provisions(self, owner: str) -> int:
        """What those shares were worth, in the asset, if nothing were provided for."""
        raise NotImplementedError

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

    def undone(self) -> AbstractContextManager[None]:
        """Whatever happens inside did not happen."""
        return undone(self.engine)

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

    def impoverish(self, owner: str) -> None:
        """Takes all of the asset from an account."""
        self.asset.send("burn", owner, self.assets(owner), sender=owner)

    def on(self, address: str) -> Contract:
        """The functions of the standards at an address."""
        return Contract(self.engine, address, [*ERC20, *ERC2612, *ERC4626, *ERC3156])


class PoolSubject(Subject):
    """The pool, in a real market: interest is a gain, a liquidation below the debt a loss."""

    states = (
        "closed", "empty", "par", "gained", "lost", "provided", "wiped", "lent_out", "paused", "capped",
    )  # fmt: skip
    spending_is_logged = False
    flash_fee: ClassVar[int] = 9 * 10**14  # WAD

    def deploy(self) -> None:
        self.engine = in_process()
        self.world = Lockstep(self.engine, (6, 18, 8), self.flash_fee)
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

    def leave_at_any_terms(self, owner: str) -> None:
        pool = self.world.chain["pool"]
        pool.send("exit", MAX, 0, owner, owner, sender=owner)

    def worth_without_provisions(self, owner: str) -> int:
        return self.vault.call("previewMint", self.shares(owner))

    def become_closed(self) -> None:
        """Deployed; lenders may not come in yet."""

    def become_empty(self) -> None:
        self.council("open_pool")

    def become_provided(self) -> None:
        """A loss is seen and not booked, more than reserve and backstop carry: exits cost."""
        self.become_par()
        backstop = self.world.chain["backstop"]
        self.vault.send("approve", backstop.address, MAX, sender=OTHER_LENDER)
        backstop.send("deposit", 10 * MILLION, OTHER_LENDER, sender=OTHER_LENDER)
        self.borrow(4 * MILLION // 10)
        self.engine.advance(30 * DAY)
        self.see(self.world.fair["first_oracle"] // 10)

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

    def see(self, price: int) -> None:
        """The collateral falls to a price (1e36), and the pool is told what the borrower lacks."""
        self.world.chain["first_oracle"].send("set_prices", price, price, sender=DEPLOYER)
        self.world.chain["first_vault"].send("poke", BORROWER, sender=LIQUIDATOR)
        assert self.world.chain["pool"].call("provisions") > 0


class PeerSubject(Subject):
    """snekmate's vault: what it owns is its balance, so a donation is a gain and a seizure a loss."""

    states = ("empty", "par", "gained", "lost", "wiped")
    spending_is_logged = True

    def deploy(self) -> None:
        self.engine = in_process()
        self.asset = deploy(self.engine, artifact("PlainToken"), "Loan", "L", 6, sender=DEPLOYER)
        peer = deploy(
            self.engine, artifact("PeerVault"), "Peer", "PEER", self.asset.address, 0, sender=DEPLOYER
        )
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


class BackstopSubject(Subject):
    """The backstop: its asset are pool shares, a payout is a gain, a loss of the pool one.

    Where there are holders, each has asked to leave with as much again, and may now.
    """

    states = (
        "empty",
        "par",
        "gained",
        "lost",
        "unnoticed",
        "dearer",
        "waiting",
        "lapsed",
        "provided",
        "wiped",
    )
    spending_is_logged = False
    leaving_is_asked_for = True
    burns_for_nothing = False

    def deploy(self) -> None:
        self.market = PoolSubject("empty")
        self.engine, self.world = self.market.engine, self.market.world
        self.asset = self.market.vault
        self.backstop = self.world.chain["backstop"]
        self.vault = self.on(self.backstop.address)
        for owner in (LENDER, OTHER_LENDER, OPERATOR, STAKER, STRANGER):
            self.endow(owner, 10 * MILLION)

    def endow(self, owner: str, amount: int) -> None:
        self.market.endow(owner, amount)  # a pool share costs less than a base unit
        self.asset.send("mint", amount, owner, sender=owner)
        self.asset.send("approve", self.vault.address, MAX, sender=owner)

    def impoverish(self, owner: str) -> None:
        self.asset.send("transfer", LIQUIDATOR, self.assets(owner), sender=owner)

    def gain(self) -> None:
        self.asset.send("transfer", self.vault.address, MILLION // 7, sender=STAKER)
        self.backstop.send("sync", sender=STRANGER)
        self.wait()

    def lose(self) -> None:
        self.market.borrow(2_500 * 10**6)
        self.market.fall(self.world.fair["first_oracle"] // 4_000)
        self.backstop.send("sync", sender=STRANGER)

    def ask_to_leave(self, owner: str) -> None:
        shares = self.shares(owner)
        if not refused(self.backstop, "request", shares, sender=owner):
            self.backstop.send("request", shares, sender=owner)
            self.wait()

    def redeemable(self, owner: str) -> int:
        return self.backstop.call("departure_of", owner)[0]

    def redeemable_supply(self) -> int:
        return self.backstop.call("books")[1][1]

    def leave_at_any_terms(self, owner: str) -> None:
        self.backstop.send("leave", self.redeemable(owner), 0, owner, owner, sender=owner)

    def worth_without_provisions(self, owner: str) -> int:
        return self.redeemable(owner)  # at par

    def burning(self, owner: str, shares: int) -> list[Log]:
        return []  # the token's shares were burnt by the request

    def worth(self, owner: str) -> int:
        return super().worth(owner) + self.vault.call("previewRedeem", self.redeemable(owner))

    def become_waiting(self) -> None:
        """Two holders who have asked to leave with a half, and may not yet.

        A third holds so much that income is earned.
        """
        self.become_empty()
        self.vault.send("deposit", 4 * MILLION, STAKER, sender=STAKER)
        for owner, amount in ((LENDER, MILLION // 2 + 7), (OTHER_LENDER, MILLION // 10)):
            self.vault.send("deposit", 2 * amount, owner, sender=owner)
            self.backstop.send("request", amount, sender=owner)

    def become_par(self) -> None:
        """They may leave now."""
        self.become_waiting()
        self.wait()

    def become_lapsed(self) -> None:
        """They may no more."""
        self.become_par()
        self.engine.advance(2 * DAY + 1)

    def become_gained(self) -> None:
        """They may leave now; those who stay have earned something meanwhile."""
        self.become_waiting()
        self.gain()

    def become_unnoticed(self) -> None:
        """As after a loss, of which nobody has told the backstop, with income that is being earned."""
        self.become_waiting()
        self.asset.send("transfer", self.vault.address, MILLION // 7, sender=STAKER)
        self.backstop.send("sync", sender=STRANGER)
        self.wait()
        self.asset.send("transfer", self.vault.address, MILLION // 9, sender=STAKER)
        self.market.borrow(2_500 * 10**6)
        self.market.fall(self.world.fair["first_oracle"] // 4_000)

    def become_dearer(self) -> None:
        """They asked after a loss: a share of the escrow is worth more than one of the token."""
        self.become_waiting()
        for owner in (LENDER, OTHER_LENDER):
            self.backstop.send("cancel", owner, sender=owner)
        self.lose()
        for owner in (LENDER, OTHER_LENDER):
            self.backstop.send("request", self.shares(owner) // 2, sender=owner)
        self.wait()

    def become_provided(self) -> None:
        """A loss is known and not booked: leaving costs."""
        self.become_par()
        self.market.borrow(2_500 * 10**6)
        self.market.see(self.world.fair["first_oracle"] // 4_000)

    def become_wiped(self) -> None:
        """A loss has taken all, and the lenders lost too."""
        self.become_par()
        self.market.borrow(40_000 * 10**6)
        self.market.fall(self.world.fair["first_oracle"] // 100_000)

    def wait(self) -> None:
        """For a cooldown's time."""
        self.engine.advance(self.backstop.call("cooldown"))


@functools.cache
def subject_of(kind: type[Subject], state: str) -> Subject:
    """Built once; tests undo what they do to it."""
    return kind(state)


ALL: tuple[type[Subject], ...] = (PoolSubject, PeerSubject, BackstopSubject)


def every(*states: str, kinds: Sequence[type[Subject]] = ALL) -> pytest.MarkDecorator:
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
