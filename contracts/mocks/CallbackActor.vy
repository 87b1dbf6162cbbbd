# pragma version 0.4.3
# pragma nonreentrancy off
# pragma optimize gas
# pragma evm-version prague
"""
@title CallbackActor
@license AGPL-3.0-only
@notice A contract that borrows, repays and liquidates with callbacks. It is honest unless it is told to make
        calls inside the callback: then it makes them in order and remembers what each one answered.
@custom:security For tests only: it obeys anyone.
"""

from ethereum.ercs import IERC20

from ..interfaces import IBasketCallbacks
from ..interfaces import ICallbacks

implements: ICallbacks
implements: IBasketCallbacks

MAX_STEPS: constant(uint256) = 32


struct Step:
    target: address
    data: Bytes[1024]


struct Answer:
    success: bool
    data: Bytes[1024]  # what was returned, or the revert data


event Called:  # by a vault
    name: String[16]
    caller: indexed(address)
    first: uint256
    second: uint256
    third: uint256
    data: Bytes[1024]


_steps: DynArray[Step, MAX_STEPS]
_answers: DynArray[Answer, MAX_STEPS]
refuses: public(bool)


@external
def approve(token: address, spender: address):
    """
    @notice Allow `spender` to pull any amount of `token`.
    """
    extcall IERC20(token).approve(spender, max_value(uint256), default_return_value=True)


@external
def plan(steps: DynArray[Step, MAX_STEPS]):
    """
    @notice What to call in the callbacks to come.
    """
    self._steps = steps
    self._answers = []


@external
def refuse(refuses: bool):
    """
    @notice Whether callbacks revert.
    """
    self.refuses = refuses


@external
def act(target: address, data: Bytes[8192]) -> Bytes[1024]:
    """
    @notice Make a call; its answer and its failure are passed on.
    """
    return raw_call(target, data, max_outsize=1024)


@external
@view
def answers() -> DynArray[Answer, MAX_STEPS]:
    """
    @notice What each step of the last callback answered.
    """
    return self._answers


@external
def on_open(collateral: uint256, debt: uint256, data: Bytes[1024]):
    self._called("on_open", collateral, debt, 0, data)


@external
def on_close(repaid: uint256, withdrawn: uint256, data: Bytes[1024]):
    self._called("on_close", repaid, withdrawn, 0, data)


@external
def on_liquidation(paid: uint256, fee: uint256, seized: uint256, data: Bytes[1024]):
    self._called("on_liquidation", paid, fee, seized, data)


@external
def on_basket_liquidation(paid: uint256, fee: uint256, seized: uint256[8], data: Bytes[1024]):
    """
    @dev Logs the sum of what was seized of each leg times its number, from 1.
    """
    all_seized: uint256 = 0
    for i: uint256 in range(8):
        all_seized += (i + 1) * seized[i]
    self._called("on_liquidation", paid, fee, all_seized, data)


@internal
def _called(name: String[16], first: uint256, second: uint256, third: uint256, data: Bytes[1024]):
    assert not self.refuses, "actor: refuses"
    log Called(name=name, caller=msg.sender, first=first, second=second, third=third, data=data)
    self._answers = []
    for i: uint256 in range(len(self._steps), bound=MAX_STEPS):
        success: bool = False
        data_out: Bytes[1024] = b""
        success, data_out = raw_call(
            self._steps[i].target, self._steps[i].data, max_outsize=1024, revert_on_failure=False
        )
        self._answers.append(Answer(success=success, data=data_out))
