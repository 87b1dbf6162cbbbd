"""The floor: what an operation costs by the prices of the EVM, whatever the protocol.

A person's position is one word, all totals of the market are another, the price is one slot of one oracle,
there is one event, and no computation at all. What the neutral tokens charge is measured; the rest are the
prices of prague.
"""

from dataclasses import dataclass

from eth_abi.abi import encode

from bench.peers import operations as sizes
from bench.peers.ground import BORROWER, LENDER, Call, Flow, Ground, person
from plimsoll.chain.engine import undone
from plimsoll.units import MAX, WAD, order

TRANSACTION = 21_000
ZERO_BYTE, BYTE = 4, 16  # of calldata
COLD_ACCOUNT, WARM = 2_600, 100
COLD_READ, COLD_CHANGE, WARM_CHANGE = 2_100, 5_000, 200  # of a word, a change with the read before it
REFUND_CLEARED, REFUND_RESTORED = 4_800, 2_800
EVENT = 375 + 2 * 375 + 2 * 256  # two topics (which event, whose) and two words
SELECTOR = b"\x01" * 4


@dataclass(frozen=True)
class _Parts:
    arguments: tuple[int | str, ...]
    changed: int = 0  # words of the protocol
    read: int = 0  # further ones
    oracle: int = 0
    pulls: int = 0  # of neutral tokens
    sends: int = 0
    cleared: int = 0  # words


_OWNER = person("owner 1")
_FLOORS = {
    "supply": _Parts((sizes.SUPPLIED,), changed=2, pulls=1),
    "withdraw": _Parts((sizes.WITHDRAWN,), changed=2, sends=1),
    "deposit_collateral": _Parts((sizes.DEPOSITED,), changed=1, pulls=1),
    "withdraw_collateral": _Parts((sizes.RELEASED,), changed=1, read=1, oracle=1, sends=1),
    "borrow": _Parts((sizes.BORROWED,), changed=2, oracle=1, sends=1),
    "repay_part": _Parts((sizes.REPAID,), changed=2, pulls=1),
    "repay_all": _Parts((MAX,), changed=2, pulls=1),
    "liquidate_part": _Parts((_OWNER, sizes.PART), changed=2, oracle=1, pulls=1, sends=1),
    "liquidate_all": _Parts((_OWNER, MAX), changed=2, oracle=1, pulls=1, sends=1),
    "liquidate_bad_debt": _Parts((_OWNER, MAX), changed=2, oracle=1, pulls=1, sends=1, cleared=1),
    "flash_loan": _Parts((_OWNER, sizes.FLASHED), pulls=1, sends=1),
}


def floors(ground: Ground) -> dict[str, dict[str, int]]:
    """The parts of every operation's floor in steady state, with their sum as "total"."""
    pull, send = _tokens(ground)
    found = {}
    for name, parts in _FLOORS.items():
        words = b"".join(map(_word, parts.arguments))
        found[name] = {
            "transaction": TRANSACTION,
            "calldata": _calldata(SELECTOR + words),
            "tokens": parts.pulls * pull + parts.sends * send,
            "words": parts.changed * COLD_CHANGE + parts.read * COLD_READ - parts.cleared * REFUND_CLEARED,
            "oracle": parts.oracle * (COLD_ACCOUNT + COLD_READ),
            "event": EVENT,
        }
    loan = found["flash_loan"]  # the tokens come back: token and both balances are warm, and restored
    loan["tokens"] -= COLD_ACCOUNT - WARM + 2 * (COLD_CHANGE - WARM_CHANGE) + 2 * REFUND_RESTORED
    loan["callback"] = COLD_ACCOUNT
    found["marginal_liquidation"] = {
        "calldata": _calldata(_word(order(_OWNER, sizes.PART))),
        "words": COLD_CHANGE,
        "event": EVENT,
    }
    return {name: {**parts, "total": sum(parts.values())} for name, parts in found.items()}


def _tokens(ground: Ground) -> tuple[int, int]:
    """What `transferFrom` (infinite allowance) and `transfer` cost a contract, both balances above 0."""
    loan = ground.loan
    with undone(ground.engine):
        ground.approve([BORROWER], LENDER)
        costs = []
        for name, owner in (("transferFrom", (LENDER,)), ("transfer", ())):
            call = Call.of(loan, name, *owner, person("other lender"), WAD, sender=BORROWER)
            for _ in range(2):  # the first fills the receiver's balance
                done = ground.measure(call, Flow((WAD, WAD)))
            assert hasattr(done, "gas"), done
            costs.append(done.gas - TRANSACTION - _calldata(call.data) + COLD_ACCOUNT)
    return costs[0], costs[1]


def _word(value: int | str) -> bytes:
    return encode(["address" if isinstance(value, str) else "uint256"], [value])


def _calldata(data: bytes) -> int:
    return sum(BYTE if byte else ZERO_BYTE for byte in data)
