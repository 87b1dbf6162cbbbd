# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title ChainlinkOracle
@license AGPL-3.0-only
@notice The price of one collateral token in one loan asset, from Chainlink feeds. Everything is fixed at
        construction and nobody owns it. The only storage is the record of a failing primary.
@dev The price, in loan base units per collateral base unit, scaled by 1e36 and rounded down:

       collateral_answer * collateral_rate * SCALE_NUM // (loan_answer * loan_rate * SCALE_DEN)

     Both rates and the loan feed are optional. Who answers:

       sequencer   down or just back: no price. Checked first, whatever else is configured.
       primary     the own feeds and, when there is one, `second`: `price()` is the higher and `safe_price()`
                   the lower of the live ones, so a spike of one source alone neither liquidates anybody nor
                   lends. When just one is live, it alone answers. Without `second` both prices are equal.
       fallback    only while the primary fails and is dead: its own feeds were last updated more than 14 days
                   ago, or `mark()` found it failing again and again for 14 days. The primary returns by
                   itself, in the block in which it works again.

     A round must be young enough (`heartbeat`) and between two bounds of the deployer's choice. The bounds
     are exclusive and belong inside those of the aggregator: one that is stuck at its own floor or ceiling
     must not be believed.

     A rate is what one whole share of an ERC-4626 vault is worth, at most
     `rate0 * (1 + growth * seconds since construction)`. A view cannot remember, so the anchor stays where
     the constructor put it, and what the vault has earned less than `growth` allows is headroom for a jump:
     choose `growth` barely above what the vault earns. Falls are not smoothed. A cap on the loan side that is
     too low undervalues debt. One whole share of the vault stands for one whole token.
@custom:security Sources are read by plain calls that revert freely, except in `_try`, the one place with a
                 raw call. See there why a caller cannot make a live source look dead.
"""

from ethereum.ercs import IERC20Detailed
from ethereum.ercs import IERC4626
from snekmate.utils import math

from ..interfaces import IAggregatorV3
from ..interfaces import IOracle
from ..modules import units

implements: IOracle


# ------------------------------------------------------------------------------------------------------------
# Constants
# ------------------------------------------------------------------------------------------------------------

WAD: constant(uint256) = units.WAD
DAY: constant(uint256) = 86_400
YEAR: constant(uint256) = 365 * DAY

PRICE_DECIMALS: constant(uint256) = 36
COLLATERAL_DECIMALS_TOP: constant(uint256) = 27
LOAN_DECIMALS_BOTTOM: constant(uint256) = 6
LOAN_DECIMALS_TOP: constant(uint256) = 18
FEED_DECIMALS_TOP: constant(uint256) = 18
RATE_DECIMALS_TOP: constant(uint256) = 27

HEARTBEAT_TOP: constant(uint256) = 7 * DAY
GRACE_TOP: constant(uint256) = 1 * DAY

# 100 % a year, in WAD per second.
GROWTH_TOP: constant(uint256) = WAD // YEAR
# A cap on a rate stops growing after this time, so that products can be bounded at construction.
GROWTH_HORIZON: constant(uint256) = 100 * YEAR
RATE_TOP: constant(uint256) = 2**128

# How far each source may be from `expected_price` at construction: one part in twenty, 5 %.
TOLERANCE: constant(uint256) = 20

# How long the primary must have been silent before the fallback may answer.
DEATH: constant(uint256) = 14 * DAY
# Marks further apart than this do not belong to one failure.
MARK_GAP: constant(uint256) = 2 * DAY

# See `_try`.
SPARE_GAS: constant(uint256) = 100_000


# ------------------------------------------------------------------------------------------------------------
# Structs
# ------------------------------------------------------------------------------------------------------------


struct Feed:
    feed: address
    heartbeat: uint256  # seconds; an older answer is stale
    min_answer: int256  # in the feed's decimals, exclusive, at least 1
    max_answer: int256  # in the feed's decimals, exclusive


struct Rate:
    vault: address  # ERC-4626: asset(), decimals(), convertToAssets()
    growth: uint256  # WAD per second, linear: how fast the cap on the rate rises


struct Config:
    collateral: address
    loan: address
    expected_price: uint256  # from another source, scaled by 1e36; checked at construction
    collateral_feed: Feed
    loan_feed: Feed  # empty: the collateral feed is quoted in the loan asset
    collateral_rate: Rate  # empty: none
    loan_rate: Rate  # empty: none
    second: address  # IOracle, empty: none
    fallback: address  # IOracle, empty: none
    sequencer: address  # Chainlink L2 uptime feed, empty: none
    grace: uint256  # seconds without an answer after the sequencer came back


# What is known of a rate at construction.
struct Anchor:
    vault: address
    unit: uint256  # base units of one whole share
    rate: uint256  # asset base units per whole share
    growth: uint256  # WAD per second
    time: uint256  # seconds


# A failing primary, as recorded by `mark()`.
struct Failure:
    since: uint256  # seconds; 0 = none
    confirmed: uint256  # seconds; the last time that it was found failing


# ------------------------------------------------------------------------------------------------------------
# Immutables
# ------------------------------------------------------------------------------------------------------------

CONFIG: immutable(Config)

# One of them is 1.
SCALE_NUM: immutable(uint256)
SCALE_DEN: immutable(uint256)

COLLATERAL_ANCHOR: immutable(Anchor)
LOAN_ANCHOR: immutable(Anchor)

# Whether there is a rate on either side.
RATED: immutable(bool)

# Neither a second source nor a fallback: the own price is the answer.
ALONE: immutable(bool)


# ------------------------------------------------------------------------------------------------------------
# Storage
# ------------------------------------------------------------------------------------------------------------

failure: Failure


# ------------------------------------------------------------------------------------------------------------
# Events
# ------------------------------------------------------------------------------------------------------------


event PrimaryFailing:
    since: uint256
    confirmed: uint256


event PrimaryWorking:
    failed_since: uint256


# ------------------------------------------------------------------------------------------------------------
# Constructor
# ------------------------------------------------------------------------------------------------------------


@deploy
def __init__(config: Config):
    """
    @notice Check and fix everything. Every source must answer now, within 5 % of the expected price: the
            cheapest guard against a feed, a rate or a decimal that does not belong there.
    @dev A token, feed or vault without one of the functions of its kind makes the call revert without a
         reason.
    """
    assert config.collateral_feed.feed != empty(address), "oracle: no collateral feed"
    assert config.expected_price != 0, "oracle: no expected price"
    if config.sequencer == empty(address):
        assert config.grace == 0, "oracle: no sequencer"
    else:
        assert config.grace != 0 and config.grace <= GRACE_TOP, "oracle: grace out of range"

    collateral_decimals: uint256 = self._decimals(config.collateral)
    assert collateral_decimals <= COLLATERAL_DECIMALS_TOP, "oracle: collateral decimals"
    loan_decimals: uint256 = self._decimals(config.loan)
    assert (
        loan_decimals >= LOAN_DECIMALS_BOTTOM and loan_decimals <= LOAN_DECIMALS_TOP
    ), "oracle: loan decimals"

    # The powers of ten above and below the line, and the largest value that either side can take.
    num_decimals: uint256 = PRICE_DECIMALS + loan_decimals
    den_decimals: uint256 = collateral_decimals + self._check_feed(config.collateral_feed)
    num_top: uint256 = convert(config.collateral_feed.max_answer, uint256)
    den_top: uint256 = 1
    if config.loan_feed.feed != empty(address):
        num_decimals += self._check_feed(config.loan_feed)
        den_top = convert(config.loan_feed.max_answer, uint256)
    else:
        assert (
            config.loan_feed.heartbeat == 0
            and config.loan_feed.min_answer == 0
            and config.loan_feed.max_answer == 0
        ), "oracle: no loan feed"

    collateral_anchor: Anchor = self._anchor(config.collateral_rate)
    if collateral_anchor.vault != empty(address):
        den_decimals += self._asset_decimals(collateral_anchor.vault)
        num_top = self._bounded_mul(num_top, self._rate_top(collateral_anchor))
    loan_anchor: Anchor = self._anchor(config.loan_rate)
    if loan_anchor.vault != empty(address):
        num_decimals += self._asset_decimals(loan_anchor.vault)
        den_top = self._bounded_mul(den_top, self._rate_top(loan_anchor))

    scale_num: uint256 = 1
    scale_den: uint256 = 1
    if num_decimals >= den_decimals:
        scale_num = self._power_of_ten(num_decimals - den_decimals)
    else:
        scale_den = self._power_of_ten(den_decimals - num_decimals)
    rated: bool = collateral_anchor.vault != empty(address) or loan_anchor.vault != empty(address)
    if not rated:
        num_top = self._bounded_mul(num_top, scale_num)
    den_top = self._bounded_mul(den_top, scale_den)
    # From here on no product in `_own_price` can wrap.

    CONFIG = config
    SCALE_NUM = scale_num
    SCALE_DEN = scale_den
    COLLATERAL_ANCHOR = collateral_anchor
    LOAN_ANCHOR = loan_anchor
    RATED = rated
    ALONE = config.second == empty(address) and config.fallback == empty(address)

    if CONFIG.sequencer != empty(address):
        self._require_sequencer()
    own: uint256 = self._own_price()
    assert self._is_near(own, config.expected_price), "oracle: unexpected price"
    if config.second != empty(address):
        self._check_source(config.second, config.expected_price)
    if config.fallback != empty(address):
        self._check_source(config.fallback, config.expected_price)


# ------------------------------------------------------------------------------------------------------------
# The two prices
# ------------------------------------------------------------------------------------------------------------


@external
@view
@reentrant
def price() -> uint256:
    """
    @notice The price at which positions are liquidated: the higher of the live sources.
    @return Loan base units per collateral base unit, scaled by 1e36, rounded down, never 0. Without a live
            source it reverts, with the reason of the own feeds.
    """
    if CONFIG.sequencer != empty(address):
        self._require_sequencer()
    if ALONE:
        return self._own_price()

    own: uint256 = self._try(self, method_id("own_price()"))
    other: uint256 = self._try(CONFIG.second, method_id("price()"))
    answer: uint256 = max(own, other)
    if answer == 0 and self._is_dead():
        answer = self._try(CONFIG.fallback, method_id("price()"))
    if answer == 0:
        # reverts, and says why
        answer = self._own_price()
    return answer


@external
@view
@reentrant
def safe_price() -> uint256:
    """
    @notice The price at which new debt and withdrawals are judged: the lower of the live sources, never above
            `price()`.
    @return Loan base units per collateral base unit, scaled by 1e36, rounded down, never 0. Without a live
            source it reverts, with the reason of the own feeds.
    """
    if CONFIG.sequencer != empty(address):
        self._require_sequencer()
    if ALONE:
        return self._own_price()

    own: uint256 = self._try(self, method_id("own_price()"))
    other: uint256 = self._try(CONFIG.second, method_id("safe_price()"))
    answer: uint256 = min(own, other)
    if answer == 0:
        # not both are live
        answer = max(own, other)
    if answer == 0 and self._is_dead():
        answer = self._try(CONFIG.fallback, method_id("safe_price()"))
    if answer == 0:
        # reverts, and says why
        answer = self._own_price()
    return answer


# ------------------------------------------------------------------------------------------------------------
# The record of a failing primary
# ------------------------------------------------------------------------------------------------------------


@external
def mark():
    """
    @notice Record whether the primary fails now; open to all. Marks at most two days apart make one failure.
            Once it spans 14 days, the fallback answers whenever the primary fails, until a mark finds the
            primary working. No event when nothing changes. Refused while the sequencer is down or
            just back: that is no failure of the primary.
    @dev A single old mark proves nothing. Otherwise anyone could mark a brief failure that nobody clears, and
         the next one, weeks later, would replace the source of a live oracle.
    """
    assert CONFIG.fallback != empty(address), "oracle: no fallback"
    if CONFIG.sequencer != empty(address):
        self._require_sequencer()

    own: uint256 = self._try(self, method_id("own_price()"))
    other: uint256 = self._try(CONFIG.second, method_id("price()"))
    failure: Failure = self.failure
    if max(own, other) != 0:
        if failure.since != 0:
            self.failure = empty(Failure)
            log PrimaryWorking(failed_since=failure.since)
        return

    if failure.confirmed == block.timestamp or self._is_proven(failure):
        return
    if failure.since == 0 or block.timestamp - failure.confirmed > MARK_GAP:
        failure.since = block.timestamp
    failure.confirmed = block.timestamp
    self.failure = failure
    log PrimaryFailing(since=failure.since, confirmed=failure.confirmed)


# ------------------------------------------------------------------------------------------------------------
# Views, for users and for `_try`
# ------------------------------------------------------------------------------------------------------------


@external
@view
@reentrant
def own_price() -> uint256:
    """
    @notice The price by the own feeds and rates alone; neither the sequencer nor the other oracles are called.
    @return Loan base units per collateral base unit, scaled by 1e36, rounded down. Reverts when a feed or a
            rate cannot be trusted.
    """
    return self._own_price()


@external
@view
@reentrant
def last_update() -> uint256:
    """
    @notice When the own feeds were updated, whatever their answers: the older of both.
    @return Seconds; 0 when a feed has no complete round. Reverts when a feed reverts.
    """
    return self._last_update()


@external
@view
@reentrant
def is_dead() -> bool:
    """
    @notice Whether the fallback answers in place of a primary that fails now.
    @return True when the primary fails and has been silent for 14 days. Always False without a fallback.
    """
    own: uint256 = self._try(self, method_id("own_price()"))
    other: uint256 = self._try(CONFIG.second, method_id("price()"))
    if max(own, other) != 0:
        return False
    return self._is_dead()


@external
@view
@reentrant
def marked_at() -> uint256:
    """
    @return Since when `mark()` has found the primary failing, in seconds; 0 = it has not.
    """
    return self.failure.since


@external
@view
@reentrant
def confirmed_at() -> uint256:
    """
    @return When `mark()` last found the primary failing, in seconds; 0 = not since it worked.
    """
    return self.failure.confirmed


@external
@view
@reentrant
def collateral_rate_cap() -> uint256:
    """
    @return The most that a whole share on the collateral side counts for now, in asset base units, rounded
            down; 0 without a rate.
    """
    return self._cap(COLLATERAL_ANCHOR)


@external
@view
@reentrant
def loan_rate_cap() -> uint256:
    """
    @return The most that a whole share on the loan side counts for now, in asset base units, rounded down;
            0 without a rate.
    """
    return self._cap(LOAN_ANCHOR)


@external
@view
@reentrant
def config() -> Config:
    """
    @return What the constructor was given.
    """
    return CONFIG


@external
@view
@reentrant
def scale() -> (uint256, uint256):
    """
    @return The two powers of ten in the formula at the top, above and below the line; one of them is 1.
    """
    return SCALE_NUM, SCALE_DEN


# ------------------------------------------------------------------------------------------------------------
# Internal: sources
# ------------------------------------------------------------------------------------------------------------


@internal
@view
def _own_price() -> uint256:
    """
    @notice The price by the own feeds and rates, scaled by 1e36, rounded down; reverts when there is none.
    """
    # Every answer is positive and below its bound, every rate is positive and at most its cap at the horizon.
    # The constructor has multiplied the bounds of all products here, so none can wrap, and no divisor is 0.
    num: uint256 = self._answer(CONFIG.collateral_feed)
    den: uint256 = SCALE_DEN
    if CONFIG.loan_feed.feed != empty(address):
        den = unsafe_mul(den, self._answer(CONFIG.loan_feed))
    price: uint256 = 0
    if RATED:
        num = unsafe_mul(num, self._rate(COLLATERAL_ANCHOR))
        den = unsafe_mul(den, self._rate(LOAN_ANCHOR))
        # A rate brings up to 27 decimals more: WBTC against shares of 18 decimals needs the 512-bit product.
        price = math._mul_div(num, SCALE_NUM, den, False)
    else:
        price = unsafe_div(unsafe_mul(num, SCALE_NUM), den)
    assert price != 0, "oracle: zero price"
    return price


@internal
@view
def _answer(feed: Feed) -> uint256:
    """
    @notice The feed's answer in its decimals, between the bounds and not older than the heartbeat; else
            reverts.
    """
    round: IAggregatorV3.Round = staticcall IAggregatorV3(feed.feed).latestRoundData()
    # A time in the future wraps to an age above every heartbeat; 0, an incomplete round, is older than any.
    assert unsafe_sub(block.timestamp, round.updated_at) <= feed.heartbeat, "oracle: stale"
    assert round.answer > feed.min_answer and round.answer < feed.max_answer, "oracle: out of bounds"
    return convert(round.answer, uint256)


@internal
@view
def _last_update() -> uint256:
    """
    @notice The older of both feeds' `updatedAt`, in seconds.
    """
    last: uint256 = self._updated_at(CONFIG.collateral_feed.feed)
    if CONFIG.loan_feed.feed != empty(address):
        last = min(last, self._updated_at(CONFIG.loan_feed.feed))
    return last


@internal
@view
def _updated_at(feed: address) -> uint256:
    """
    @notice The time of the feed's latest round, in seconds.
    """
    round: IAggregatorV3.Round = staticcall IAggregatorV3(feed).latestRoundData()
    return round.updated_at


@internal
@view
def _rate(anchor: Anchor) -> uint256:
    """
    @notice Asset base units per whole share, at most the cap; 1 without a vault. Reverts at 0.
    """
    if anchor.vault == empty(address):
        return 1
    live: uint256 = staticcall IERC4626(anchor.vault).convertToAssets(anchor.unit)
    assert live != 0, "oracle: zero rate"
    return min(live, self._cap(anchor))


@internal
@view
def _cap(anchor: Anchor) -> uint256:
    """
    @notice `rate0 * (1 + growth * elapsed)`, rounded down; constant after the horizon.
    """
    elapsed: uint256 = min(block.timestamp - anchor.time, GROWTH_HORIZON)
    return anchor.rate * (WAD + anchor.growth * elapsed) // WAD


@internal
@view
def _require_sequencer():
    """
    @notice Reverts while the sequencer is down, and for `grace` seconds after it came back.
    """
    round: IAggregatorV3.Round = staticcall IAggregatorV3(CONFIG.sequencer).latestRoundData()
    assert round.answer == 0, "oracle: sequencer down"
    # A start of 0 is a feed that has not begun; a start in the future cannot be past the grace time.
    assert round.started_at != 0 and round.started_at <= block.timestamp, "oracle: sequencer grace"
    assert block.timestamp - round.started_at > CONFIG.grace, "oracle: sequencer grace"


@internal
@view
def _try(source: address, call: Bytes[4]) -> uint256:
    """
    @notice What `source` answers to `call`; 0 when it reverts, answers less than a word, or does not exist.
    @dev A caller who passes too little gas could make a live source run out of it and look dead: the source
         gets 63/64 of the gas, and the caller goes on with the rest. So a source counts as dead only when
         SPARE_GAS is left after its failure. Had it run out in the n-th nested call, about n/64 of the gas at
         most would be left: with n = 6 it had more than 1,000,000, and `IOracle` allows no source to need
         more. With less left, this call ends as if it had run out of gas itself, consuming all of it. A
         reason would return the rest, and an oracle above this one could take it for spare gas.
    """
    if source == empty(address):
        return 0
    ok: bool = False
    answer: Bytes[32] = b""
    ok, answer = raw_call(source, call, max_outsize=32, is_static_call=True, revert_on_failure=False)
    if ok and len(answer) == 32:
        return convert(answer, uint256)
    assert msg.gas >= SPARE_GAS, UNREACHABLE
    return 0


@internal
@view
def _is_dead() -> bool:
    """
    @notice Whether a primary that fails now may be replaced. False without a fallback.
    """
    if CONFIG.fallback == empty(address):
        return False
    if self._is_proven(self.failure):
        return True
    last: uint256 = self._try(self, method_id("last_update()"))
    # 0 is an incomplete round or a feed that reverts: its age is unknown. A time in the future is no age.
    return last != 0 and last <= block.timestamp and block.timestamp - last > DEATH


@internal
@pure
def _is_proven(failure: Failure) -> bool:
    """
    @notice Whether the marks of one failure span 14 days.
    """
    return failure.confirmed - failure.since >= DEATH


# ------------------------------------------------------------------------------------------------------------
# Internal: for the constructor
# ------------------------------------------------------------------------------------------------------------


@internal
@view
def _check_feed(feed: Feed) -> uint256:
    """
    @notice Reverts when the terms of a feed make no sense. Returns its decimals.
    """
    assert feed.heartbeat != 0 and feed.heartbeat <= HEARTBEAT_TOP, "oracle: heartbeat out of range"
    assert feed.min_answer > 0 and feed.min_answer < feed.max_answer, "oracle: wrong bounds"
    decimals: uint256 = self._decimals(feed.feed)
    assert decimals <= FEED_DECIMALS_TOP, "oracle: feed decimals"
    return decimals


@internal
@view
def _anchor(rate: Rate) -> Anchor:
    """
    @notice The rate as it stands now. Empty without a vault.
    """
    if rate.vault == empty(address):
        assert rate.growth == 0, "oracle: no rate vault"
        return empty(Anchor)
    assert rate.growth != 0 and rate.growth <= GROWTH_TOP, "oracle: growth out of range"
    decimals: uint256 = self._decimals(rate.vault)
    assert decimals <= RATE_DECIMALS_TOP, "oracle: rate decimals"
    unit: uint256 = 10**decimals
    live: uint256 = staticcall IERC4626(rate.vault).convertToAssets(unit)
    assert live != 0 and live < RATE_TOP, "oracle: rate out of range"
    return Anchor(vault=rate.vault, unit=unit, rate=live, growth=rate.growth, time=block.timestamp)


@internal
@view
def _asset_decimals(vault: address) -> uint256:
    """
    @notice The decimals of what a share is worth.
    """
    asset: address = staticcall IERC4626(vault).asset()
    decimals: uint256 = self._decimals(asset)
    assert decimals <= RATE_DECIMALS_TOP, "oracle: rate decimals"
    return decimals


@internal
@pure
def _rate_top(anchor: Anchor) -> uint256:
    """
    @notice The cap at the horizon: what `_rate` can never exceed. Below 2**128 * 101.
    """
    return anchor.rate * (WAD + anchor.growth * GROWTH_HORIZON) // WAD


@internal
@view
def _check_source(source: address, expected: uint256):
    """
    @notice Reverts unless another oracle answers, near the expected price, with a safe price that is not
            above it.
    """
    high: uint256 = staticcall IOracle(source).price()
    low: uint256 = staticcall IOracle(source).safe_price()
    assert low <= high, "oracle: safe price above price"
    assert self._is_near(high, expected) and self._is_near(low, expected), "oracle: source disagrees"


@internal
@pure
def _is_near(price: uint256, expected: uint256) -> bool:
    """
    @notice Whether a price is within the tolerance of the expected one.
    """
    gap: uint256 = max(price, expected) - min(price, expected)
    return gap <= expected // TOLERANCE


@internal
@view
def _decimals(token: address) -> uint256:
    """
    @notice The decimals of a token, a vault or a feed.
    """
    decimals: uint8 = staticcall IERC20Detailed(token).decimals()
    return convert(decimals, uint256)


@internal
@pure
def _power_of_ten(exponent: uint256) -> uint256:
    """
    @notice `10**exponent`. Reverts above 10**77, the largest that fits.
    """
    assert exponent <= 77, "oracle: scale overflow"
    return 10**exponent


@internal
@pure
def _bounded_mul(x: uint256, y: uint256) -> uint256:
    """
    @notice `x * y` for y > 0. Reverts with the reason when that does not fit.
    """
    assert x <= max_value(uint256) // y, "oracle: scale overflow"
    return x * y
