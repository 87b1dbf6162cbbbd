"""What goes wrong: sentences for people, and what to do about a contract's reason."""

from __future__ import annotations


class MarketError(Exception):
    """What a person has to put right, in a sentence."""


class Refused(MarketError):
    """A contract has refused a call; nothing has changed.

    Attributes:
        reason: the contract's; empty where it has none.
        hint: what to do.
    """

    def __init__(self, reason: str) -> None:
        """A refusal with a reason, or with an empty one."""
        self.reason = reason
        self.hint = HINTS.get(reason, _REST if reason else _NO_REASON)
        super().__init__(f"{reason or 'no reason given'}. {self.hint}")


_NO_REASON = "A balance is too small, an amount too large, or an address is not the contract it should be."
_HAIRCUT = "Known bad debt lowers exits now; say the least that you accept, or wait."
_REST = "SPECIFICATION §14 says when that happens."

HINTS = {
    # lenders
    "pool: not open": "The curator has to open the pool first.",
    "pool: paused": "Wait until the pause is over; repaying, leaving and liquidating go on meanwhile.",
    "pool: wiped": "The pool has lost nearly everything and takes no more deposits; use another pool.",
    "pool: over the supply cap": "Supply less, or let the curator raise the cap.",
    "pool: less than a share": "Supply more.",
    "pool: not enough cash": "Take less, or wait for repayments: the rest is lent.",
    "pool: too few shares": "Take less: these are more shares than the owner has.",
    "pool: too few assets": "Lower the least that you accept, or wait.",
    "pool: haircut, use exit": _HAIRCUT,
    # borrowers
    "pool: over the credit limit": "Borrow less, or let the curator raise the vault's limit.",
    "pool: drawing too fast": "Borrow less now and the rest later: the pool limits the pace of a vault.",
    "vault: above the loan-to-value": "Borrow or withdraw less, or lock more collateral.",
    "vault: below the minimum debt": "Borrow more, or repay the whole debt.",
    "vault: less than a debt share": "Repay more.",
    "vault: not enough collateral": "Withdraw less: this is more than the position holds.",
    "vault: too much collateral": "Lock less.",
    "vault: not authorised": "Act as the owner, or let the owner make you an operator.",
    "vault: bad receiver": "Send it to an account instead of the vault.",
    "basket: too little of a new leg": "Lock more of it: a new leg is worth a hundredth of the minimum debt.",
    # liquidators
    "basket: value unknown": "Oracles are silent that could change what is lost; wait for them.",
    "basket: too little of a leg": "Accept less of that leg, or wait for a better price.",
    "basket: not enough gas": "Send more gas: every oracle of a leg may need a million.",
    "vault: healthy": "Only a position with a health below 1 can be liquidated; look at the price.",
    "vault: nothing can be closed": "Offer to repay more.",
    "vault: no order can execute": "None of the positions can be liquidated now; look at the price.",
    "vault: rate too low": "Accept a lower rate, or wait for a better one.",
    "liquidator: sale does not pay": "The pair gives less than is due; liquidate in part, or with own funds.",
    "liquidator: profit too small": "Ask for less profit, or liquidate in part.",
    "swap: no pair": "Uniswap has no pair of the two tokens; liquidate with own funds.",
    "swap: pair too small": "The pair holds too little; trade less.",
    # tokens
    "token: balance too small": "Get more of the token first, or pay less.",
    "token: allowance too small": "Allow the contract to pull more of the token, or pay less.",
    # prices
    "vault: oracle price is zero": "The oracle has no price; wait for its feed.",
    "vault: safe price is zero": "The oracle has no safe price; wait for its feed.",
    "feed: silent": "The oracle does not answer now; wait until it does.",
    "oracle: stale": "The feed's last answer is too old; set the price again, or wait for the feed.",
    "oracle: out of bounds": "The feed's answer lies outside of what the oracle believes; use another price.",
    "oracle: sequencer down": "Wait until the rollup's sequencer is back.",
    "oracle: sequencer grace": "The sequencer has just come back; wait for the grace period.",
    # stakers
    "backstop: less than a share": "Stake more.",
    "backstop: too few shares": "Ask for less: these are more shares than the owner has staked.",
    "backstop: nothing to request": "There is no stake to leave with; stake first.",
    "backstop: no mature request": "Request first, wait for the cooldown, and leave within two days.",
    "backstop: more than requested": "Leave with at most what was requested.",
    "backstop: haircut, use leave": _HAIRCUT,
    "backstop: too few assets": "Lower the least that you accept, or wait.",
    # the council
    "council: not the curator": "Only the curator may do that.",
    "council: not the guardian": "Only the guardian may do that; the curator names one by the queue.",
    "council: neither role": "Only the curator or the guardian may do that.",
    "council: limit may only fall": "Queue the higher limit; it can be executed after the delay.",
    "council: not a raise": "Queue a limit above the present one, or set a lower one at once.",
    "council: raise too large": "Queue less: a twentieth of the pool's assets more, or twice the limit.",
    "council: one change at a time": "Execute or cancel the queued change first.",
    "council: nothing queued": "Queue a change first.",
    "council: nothing to cancel": "Nothing is queued.",
    "council: too early": "Wait for the council's delay.",
    "council: too late": "The window of three days is over; queue it again.",
    "council: no raise queued": "Queue a higher limit first: there is nothing to witness.",
    "council: no limit to cut": "The vault's limit is zero already.",
    "council: nothing to restore": "The guardian has not cut this vault's limit.",
    "council: a day after the cut": "Wait a day after the guardian's cut.",
    "council: right to restore lapsed": "Queue a raise instead: the cut is too long ago.",
    "council: above the former limit": "Restore at most the former limit less what was lost.",
    "council: paused too recently": "Wait: pauses need two weeks between their beginnings.",
    "council: no pause": "The pool is not paused.",
    "council: pause not over": "Wait for the end of the pause, or let the curator lift it.",
    "council: no excess": "The reserve holds no more than its target; wait for interest.",
    "council: nothing announced": "Announce a payout first.",
    "council: payout too early": "Wait three days after the announcement.",
    "council: payout too late": "Announce again: the payout has lapsed.",
}
"""What to do, by the reason."""
