# pragma version 0.4.3
# pragma nonreentrancy off
# pragma optimize gas
# pragma evm-version prague
"""
@title Miser
@license AGPL-3.0-only
@notice Calls a view with a limited amount of gas, for tests.
@custom:security For tests only.
"""


@external
@view
def ask(target: address, data: Bytes[4], gas_given: uint256) -> (bool, uint256):
    """
    @notice Call a view without arguments.
    @param gas_given The most gas that it gets.
    @return Whether it answered; its answer.
    """
    success: bool = False
    answer: Bytes[32] = b""
    success, answer = raw_call(
        target, data, max_outsize=32, gas=gas_given, is_static_call=True, revert_on_failure=False
    )
    return success, convert(answer, uint256)
