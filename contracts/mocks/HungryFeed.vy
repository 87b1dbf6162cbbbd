# pragma version 0.4.3
# pragma nonreentrancy off
# pragma optimize gas
# pragma evm-version prague
"""
@title HungryFeed
@license AGPL-3.0-only
@notice The dearest feed for an oracle above it, for tests: it burns nearly all that it gets and answers with
        the last of it. In a transaction the first answer is of now, every later one of `updated_at`.
@custom:security For tests only.
"""

# Nearly nothing is left for the oracle when a feed stops here.
LEFT: constant(uint256) = 4_000
# With more than this, as when an oracle is built, it burns nothing and its answer is of now.
TABLE: constant(uint256) = 300_000
# An address whose only use is that it costs more to look at for the first time.
TELLTALE: constant(address) = 0x00000000000000000000000000000000DeaDBeef

DECIMALS: immutable(uint8)
ANSWER: immutable(int256)

updated_at: public(uint256)


@deploy
def __init__(decimals_: uint8, answer: int256):
    """
    @param decimals_ The decimals of the answers.
    @param answer The only answer.
    """
    DECIMALS = decimals_
    ANSWER = answer
    self.updated_at = block.timestamp


@external
@view
def decimals() -> uint8:
    """
    @notice The decimals of the answers.
    """
    return DECIMALS


@external
@view
def latestRoundData() -> (uint80, int256, uint256, uint256, uint80):
    """
    @notice roundId, answer, startedAt, updatedAt, answeredInRound.
    """
    time: uint256 = block.timestamp
    if msg.gas < TABLE:
        spare: uint256 = msg.gas
        assert TELLTALE.balance == 0
        if unsafe_sub(spare, msg.gas) < 2_000:
            time = self.updated_at
        for _: uint256 in range(100_000):
            if msg.gas < LEFT:
                break
    return 1, ANSWER, time, time, 1


@external
def set_updated_at(updated_at: uint256):
    """
    @notice The time of every answer but the first, in seconds.
    """
    self.updated_at = updated_at
