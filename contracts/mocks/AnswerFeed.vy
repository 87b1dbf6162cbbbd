# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title AnswerFeed
@license AGPL-3.0-only
@notice A MockFeed that also has `latestAnswer`, which Aave's oracle reads: one feed for both protocols, one
        cold slot for either way of asking.
@custom:security Anybody may set it. Never deploy it next to anything of value.
"""

from . import MockFeed

initializes: MockFeed
exports: (MockFeed.latestRoundData, MockFeed.decimals, MockFeed.set_answer)


@deploy
def __init__(decimals_: uint8, answer: int256):
    """
    @param decimals_ The decimals of the answers.
    @param answer The first answer, updated now.
    """
    MockFeed.__init__(decimals_, answer)


@external
@view
@reentrant
def latestAnswer() -> int256:
    """
    @return The answer alone, in the feed's decimals.
    """
    return MockFeed.round >> 64
