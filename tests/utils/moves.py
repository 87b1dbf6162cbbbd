"""Every call that moves a token of a market, and which way; on a `Market`."""

from dataclasses import dataclass
from typing import Any

from plimsoll.chain.abi import reason_of
from plimsoll.testing import Contract, refusal
from plimsoll.testing.market import Market, small_market
from plimsoll.testing.roles import BORROWER, CURATOR, DEPLOYER, LENDER, LIQUIDATOR, OTHER_BORROWER, RECEIVER
from plimsoll.units import MAX, order

VICTIM = OTHER_BORROWER
Call = tuple[Contract, str, tuple[Any, ...]]


@dataclass(frozen=True)
class Move:
    """A call that works, and the way that it moves each token: "in", "out", "both" or "" for not at all."""

    contract: Contract
    name: str
    arguments: tuple[Any, ...]
    sender: str
    loan: str
    collateral: str = ""

    def refusal(self) -> str | None:
        """Why it would be refused now; None: it would not be."""
        return refusal(getattr(self.contract, self.name), *self.arguments, sender=self.sender)

    def make(self) -> Any:
        """Makes it."""
        return self.contract.send(self.name, *self.arguments, sender=self.sender)


def populate(market: Market) -> Market:
    """`BORROWER` is healthy, `VICTIM` can be liquidated, `LIQUIDATOR` has tokens."""
    for who in (BORROWER, VICTIM, LIQUIDATOR):
        market.give(who)
    market.open(BORROWER, 20, 10_000)
    market.open(VICTIM, 10, 15_000)
    market.set_quote(1_780)
    return market


def every_move(market: Market) -> list[Move]:
    """Of a populated market; every amount is above 10,000 units, so that a fee of a basis point is felt."""
    pool, vault = market.pool, market.vault
    flash = market.chain.make("FlashBorrower")
    flash.send("approve", market.loan.address, pool.address, sender=LENDER)
    market.loan.send("mint", flash.address, 10**6, sender=LENDER)
    return [
        Move(pool, "deposit", (10**6, LENDER), LENDER, "in"),
        Move(pool, "mint", (10**9, LENDER), LENDER, "in"),
        Move(pool, "withdraw", (10**6, RECEIVER, LENDER), LENDER, "out"),
        Move(pool, "redeem", (10**9, RECEIVER, LENDER), LENDER, "out"),
        Move(pool, "exit", (10**9, 0, RECEIVER, LENDER), LENDER, "out"),
        Move(pool, "flashLoan", (flash.address, market.loan.address, 10**6, b""), LENDER, "both"),
        Move(vault, "borrow", (10**6, RECEIVER), BORROWER, "out"),
        Move(vault, "repay", (10**9,), BORROWER, "in"),
        Move(vault, "deposit", (10**15,), BORROWER, "", "in"),
        Move(vault, "withdraw", (10**15, RECEIVER), BORROWER, "", "out"),
        Move(vault, "open", (10**15, 10**6, RECEIVER), BORROWER, "out", "in"),
        Move(vault, "close", (10**9, 10**15, RECEIVER), BORROWER, "in", "out"),
        Move(vault, "liquidate", (VICTIM, 10**9, 0, RECEIVER), LIQUIDATOR, "in", "out"),
        Move(vault, "liquidate_batch", ([order(VICTIM)], 0, RECEIVER), LIQUIDATOR, "in", "out"),
    ]


def leave(market: Market) -> None:
    """Everybody settles and goes."""
    for owner in (BORROWER, VICTIM):
        market.vault.send("close", MAX, MAX, owner, owner, sender=owner)
    market.pool.send("exit", MAX, 0, LENDER, LENDER, sender=LENDER)


def every_function(market: Market, who: str, victim: str) -> list[Call]:
    """Every function of vault, pool, council and backstop that changes anything, in small amounts.

    Args:
        market: where `who` has a healthy position, pool shares, tokens and approvals.
        who: owner, receiver and spender; what concerns the backstop needs a stake as well.
        victim: has a position that can be liquidated.
    """
    signature = (27, bytes(32), bytes(32))
    backstop = market.chain.at("Backstop", market.pool.call("backstop"))
    calls: dict[Contract, dict[str, tuple[Any, ...]]] = {
        market.vault: {
            "deposit": (1,),
            "withdraw": (1,),
            "borrow": (10**6,),
            "repay": (10**6,),
            "open": (10**15, 10**6),
            "close": (10**6, 10**9),
            "liquidate": (victim, 10**7),
            "liquidate_batch": ([order(victim, 10**7)],),
            "poke": (victim,),
            "set_operator": (victim, 3),
            "set_operator_by_signature": (who, victim, 3, 0, MAX, b""),
        },
        market.pool: {
            "deposit": (10**6, who),
            "mint": (10**9, who),
            "withdraw": (10**6, who, who),
            "redeem": (10**9, who, who),
            "exit": (10**9, 0, who, who),
            "transfer": (victim, 1),
            "transferFrom": (who, victim, 1),
            "approve": (victim, 1),
            "permit": (who, victim, 1, MAX, *signature),
            "accrue": (),
            "draw": (1, who),
            "settle": (1, 1),
            "set_provision": (1,),
            "distribute_excess": (1, who),
            "book_shortfall": (),
            "flashLoan": (who, market.loan.address, 10**6, b""),
            "initialize": (who, who),
            "open_pool": (),
            "set_limit": (market.vault.address, 1),
            "set_supply_cap": (1,),
            "set_pause": (1,),
        },
        market.council: {
            "set_limit": (market.vault.address, 1),
            "queue_limit": (market.vault.address, 10**14),
            "queue_guardian": (who,),
            "witness": (),
            "set_payout_receiver": (who,),
            "announce": (),
            "distribute": (),
            "cancel_payout": (),
            "execute_queued": (),
            "cancel_queued": (),
            "cut_limit": (market.vault.address,),
            "restore_limit": (market.vault.address, 1),
            "open_pool": (),
            "set_supply_cap": (1,),
            "pause": (),
            "unpause": (),
            "remove_guardian": (),
            "transfer_curator": (victim,),
            "accept_curator": (),
            "renounce_curator": (),
        },
        backstop: {
            "deposit": (10**9, who),
            "mint": (10**9, who),
            "request": (10**9,),
            "cancel": (who,),
            "redeem": (10**6, who, who),
            "withdraw": (10**6, who, who),
            "leave": (10**6, 0, who, who),
            "sync": (),
            "transfer": (victim, 1),
            "transferFrom": (who, victim, 1),
            "approve": (victim, 1),
        },
    }
    return [
        (contract, name, arguments)
        for contract, functions in calls.items()
        for name, arguments in functions.items()
    ]


def hooked_market(side: str) -> tuple[Market, Contract]:
    """A populated market whose token on one side has hooks.

    Returns:
        The market; an `Intruder` who is lender, borrower and curator in it, for the hooks to call.
    """
    market = populate(small_market(**{side: "ReentrantToken"}))
    intruder = market.chain.make("Intruder")
    who = intruder.address
    for token in (market.loan, market.collateral):
        token.send("mint", who, 10**24, sender=DEPLOYER)
        for spender in (market.pool, market.vault):
            intruder.send("approve", token.address, spender.address, MAX, sender=DEPLOYER)
    market.council.send("transfer_curator", who, sender=CURATOR)
    for call in (
        (market.vault, "open", (market.collaterals(20), market.loans(10_000))),
        (market.pool, "deposit", (market.loans(10_000), who)),
        (market.council, "accept_curator", ()),
    ):
        assert run(intruder, call) is None
    return market, intruder


def plan(intruder: Contract, *calls: Call) -> None:
    """What an `Intruder` does from now on, when he is called."""
    steps = [(contract.address, contract.encode(name, *arguments)) for contract, name, arguments in calls]
    intruder.send("plan", steps, sender=DEPLOYER)


def run(intruder: Contract, call: Call) -> str | None:
    """Lets an `Intruder` make a call now; why it was refused, None: it was not."""
    plan(intruder, call)
    intruder.send("run", sender=DEPLOYER)
    *_, (success, answer) = intruder.call("outcomes")  # of a flash loan: first those within it
    return None if success else reason_of(answer)
