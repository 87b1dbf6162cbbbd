# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title MockFeed
@license AGPL-3.0-only
@notice A Chainlink feed that says what it is told, for tests. A read costs one cold slot, as with a real
        aggregator. It plays a sequencer uptime feed as well: `startedAt` and `updatedAt` are the same.
@custom:security Anybody may set it. Never deploy it next to anything of value.
"""

# ------------------------------------------------------------------------------------------------------------
# Constants and immutables
# ------------------------------------------------------------------------------------------------------------

# The answers of real aggregators are int192.
ANSWER_TOP: constant(int256) = 2**191 - 1
TIME_TOP: constant(uint256) = 2**63 - 1
SILENT: constant(int256) = 2**63
ALL_BUT_SILENT: constant(int256) = -(2**63) - 1
TIME_AND_SILENT: constant(int256) = 2**64 - 1

DECIMALS: immutable(uint8)


# ------------------------------------------------------------------------------------------------------------
# Storage
# ------------------------------------------------------------------------------------------------------------

# One word:
#     255 ... 64         63       62 ... 0
#     answer, signed   | silent | updated_at
round: int256


# ------------------------------------------------------------------------------------------------------------
# Constructor
# ------------------------------------------------------------------------------------------------------------


@deploy
def __init__(decimals_: uint8, answer: int256):
    """
    @param decimals_ The decimals of the answers.
    @param answer The first answer, updated now.
    """
    DECIMALS = decimals_
    self._set(answer, block.timestamp)


# ------------------------------------------------------------------------------------------------------------
# What a feed has
# ------------------------------------------------------------------------------------------------------------


@external
@view
@reentrant
def latestRoundData() -> (uint80, int256, uint256, uint256, uint80):
    """
    @notice The round that was set last: roundId, answer, startedAt, updatedAt, answeredInRound. Reverts while
            the feed is silent.
    """
    round: int256 = self.round
    # The mask leaves a number that is not negative.
    updated_at: uint256 = convert(round & TIME_AND_SILENT, uint256)
    assert updated_at <= TIME_TOP, "feed: silent"
    return 1, round >> 64, updated_at, updated_at, 1


@external
@view
@reentrant
def decimals() -> uint8:
    """
    @notice The decimals of the answers.
    """
    return DECIMALS


# ------------------------------------------------------------------------------------------------------------
# Set by tests
# ------------------------------------------------------------------------------------------------------------


@external
def set_answer(answer: int256):
    """
    @notice A new round, now.
    @param answer The answer, in the feed's decimals.
    """
    self._set(answer, block.timestamp)


@external
def set_round(answer: int256, updated_at: uint256):
    """
    @notice A new round at any time, past or future.
    @param answer The answer, in the feed's decimals.
    @param updated_at When it started and was updated, in seconds.
    """
    self._set(answer, updated_at)


@external
def set_silent(silent: bool):
    """
    @notice Whether reading reverts from now on.
    """
    self.round = self.round | SILENT if silent else self.round & ALL_BUT_SILENT


# ------------------------------------------------------------------------------------------------------------
# Internal
# ------------------------------------------------------------------------------------------------------------


@internal
def _set(answer: int256, updated_at: uint256):
    """
    @notice Store a round; a silent feed stays silent.
    """
    assert answer <= ANSWER_TOP and answer >= -ANSWER_TOP - 1, "feed: answer out of range"
    assert updated_at <= TIME_TOP, "feed: time out of range"
    self.round = answer << 64 | self.round & SILENT | convert(updated_at, int256)
