# pragma version 0.4.3
# pragma nonreentrancy off
# pragma optimize gas
# pragma evm-version prague
"""
@title ReentrantToken
@license AGPL-3.0-only
@notice A token that calls out in the middle of a transfer, as ERC-777 tokens do: it calls one target with
        one piece of calldata, before or after the balances move, and counts how often that worked.
@custom:security For tests only.
"""

from . import token_core

initializes: token_core

exports: (
    token_core.name,
    token_core.symbol,
    token_core.decimals,
    token_core.balanceOf,
    token_core.allowance,
    token_core.totalSupply,
    token_core.mint,
    token_core.burn,
    token_core.approve,
)

flag Moment:  # of the call, seen from the movement of balances
    NEVER
    BEFORE
    AFTER

target: public(address)
calldata: public(Bytes[2048])
moment: Moment
calls: public(uint256)  # how often the hook ran
successes: public(uint256)  # how often its call succeeded
response: public(Bytes[1024])  # what the last call returned, or its revert data


@deploy
def __init__(name_: String[32], symbol_: String[8], decimals_: uint8):
    token_core.__init__(name_, symbol_, decimals_)
    self.moment = Moment.NEVER


@external
def hook_before(target: address, data: Bytes[2048]):
    """
    @notice Call `target` with `data` in every transfer before the balances move. Open to all.
    """
    self._set_hook(Moment.BEFORE, target, data)


@external
def hook_after(target: address, data: Bytes[2048]):
    """
    @notice Call `target` with `data` in every transfer after the balances have moved. Open to all.
    """
    self._set_hook(Moment.AFTER, target, data)


@external
def unhook():
    """
    @notice Be a plain token again. Open to all.
    """
    self.moment = Moment.NEVER


@external
def act(target: address, data: Bytes[2048]):
    """
    @notice Make a call outside of any transfer, as the hook would: to give approvals, and to show that the
            hook's call works when nothing is going on. Reverts as the call does.
    """
    raw_call(target, data)


@external
def transfer(to: address, amount: uint256) -> bool:
    """
    @notice Move `amount` and call out.
    """
    self._move(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    """
    @notice Move `amount` out of the caller's allowance and call out.
    """
    token_core._spend(owner, amount)
    self._move(owner, to, amount)
    return True


@internal
def _set_hook(moment: Moment, target: address, data: Bytes[2048]):
    self.moment = moment
    self.target = target
    self.calldata = data
    self.calls = 0
    self.successes = 0
    self.response = b""


@internal
def _move(owner: address, to: address, amount: uint256):
    if self.moment == Moment.BEFORE:
        self._call_out()
    token_core._move(owner, to, amount)
    if self.moment == Moment.AFTER:
        self._call_out()


@internal
def _call_out():
    """
    @notice Make the call, once at a time: the transfers that it causes call nobody.
    """
    moment: Moment = self.moment
    self.moment = Moment.NEVER
    success: bool = False
    response: Bytes[1024] = b""
    success, response = raw_call(self.target, self.calldata, max_outsize=1024, revert_on_failure=False)
    self.moment = moment
    self.calls += 1
    if success:
        self.successes += 1
    self.response = response
