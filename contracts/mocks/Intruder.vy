# pragma version 0.4.3
# pragma nonreentrancy off
# pragma optimize gas
# pragma evm-version prague
"""
@title Intruder
@license AGPL-3.0-only
@notice Makes a list of calls in the middle of somebody else's: as the receiver of a flash loan, or as what a
        token's hook calls. No call's failure stops it; it notes how each went.
@custom:security For tests only.
"""

from ethereum.ercs import IERC20

from ..interfaces import IFlashBorrower

implements: IFlashBorrower

STEPS_TOP: constant(uint256) = 48
MAGIC: constant(bytes32) = keccak256("ERC3156FlashBorrower.onFlashLoan")


struct Step:
    target: address
    data: Bytes[512]


struct Outcome:
    success: bool
    response: Bytes[256]  # what the call returned, or its revert data


event FlashLoanReceived:
    initiator: address
    token: address
    amount: uint256
    fee: uint256
    data: Bytes[1024]


steps: DynArray[Step, STEPS_TOP]
results: DynArray[Outcome, STEPS_TOP]
runs: public(uint256)  # since the last plan
successes: public(uint256)  # calls that worked since the last plan
answer: bytes32


@deploy
def __init__():
    self.answer = MAGIC


@external
def plan(steps: DynArray[Step, STEPS_TOP]):
    """
    @notice The calls to make from now on; forgets earlier outcomes.
    """
    self.steps = steps
    self.results = []
    self.runs = 0
    self.successes = 0


@external
def set_answer(answer: bytes32):
    """
    @notice What to answer to a flash loan, in place of what ERC-3156 asks for.
    """
    self.answer = answer


@external
def approve(token: address, spender: address, amount: uint256):
    """
    @notice Allow `spender` to pull `amount` of `token`.
    """
    extcall IERC20(token).approve(spender, amount, default_return_value=True)


@external
def run():
    """
    @notice Make the planned calls.
    """
    self._run()


@external
def onFlashLoan(
    initiator: address, token: address, amount: uint256, fee: uint256, data: Bytes[1024]
) -> bytes32:
    """
    @notice Make the planned calls with the loan in hand.
    """
    log FlashLoanReceived(initiator=initiator, token=token, amount=amount, fee=fee, data=data)
    self._run()
    return self.answer


@external
@view
def outcomes() -> DynArray[Outcome, STEPS_TOP]:
    """
    @notice How the calls went, in order, when they were last made.
    """
    return self.results


@internal
def _run():
    self.runs += 1
    self.results = []
    for step: Step in self.steps:
        success: bool = False
        response: Bytes[256] = b""
        success, response = raw_call(step.target, step.data, max_outsize=256, revert_on_failure=False)
        if success:
            self.successes += 1
        self.results.append(Outcome(success=success, response=response))
