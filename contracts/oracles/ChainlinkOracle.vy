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
                   lends. When just one is live, it alone answers. A source is live when both of its prices
                   come, each for at most 130,000 gas, the safe one not above the other. That is too little for
                   an oracle with sources of its own.
       fallback    only while the primary fails and is dead: its own feeds were last updated more than 14 days
                   ago, or `mark()` found it failing again and again for 14 days, without a valid answer in
                   between. The primary returns by itself, in the block in which it works again.

     A round must be young enough (`heartbeat`) and between two bounds of the deployer's choice. The bounds
     are exclusive and belong inside those of the aggregator: one that is stuck at its own floor or ceiling
     must not be believed.

     A rate is what one whole share of an ERC-4626 vault is worth. A cap on it may restrict lending, and never
     triggers a liquidation:

                       collateral side     loan side
       price()         live                min(live, cap)
       safe_price()    min(live, cap)      max(live, rate0)

     The cap compounds at `growth` from the rate at construction, `rate0`. A view cannot remember, so the anchor
     stays where the constructor put it, and what the vault has earned less than `growth` allows is headroom for
     a jump. A rate that has fallen by more than `fall` below `rate0` is refused, so that one that is a tenth for
     one call liquidates nobody. One whole share of the vault stands for one whole token.
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

# How long the primary must have been silent before the fallback may answer; and how long a proof of it holds
# without a further mark.
DEATH: constant(uint256) = 14 * DAY
# Marks further apart than this do not belong to one failure, unless it is proven.
MARK_GAP: constant(uint256) = 2 * DAY

# See `_try`: what a source gets for an answer, and what must be there to give it. At most seven are asked for:
# both prices of the own feeds, of the second and of the fallback, and the last update. With what lies between
# and a sequencer's feed that is less than the 1,000,000 that `IOracle` promises.
SOURCE_GAS: constant(uint256) = 130_000
NEEDED_GAS: constant(uint256) = 140_000


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
    growth: uint256  # WAD per second, compounding: how fast the cap on the rate rises
    fall: uint256  # WAD: a rate is refused that is lower than `rate0` by more than this part; 1 = none is


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
    least: uint256  # asset base units per whole share; a lower rate is refused
    time: uint256  # seconds


# A failing primary, as recorded by `mark()`.
struct Failure:
    since: uint256  # seconds; 0 = none
    confirmed: uint256  # seconds; the last time that it was seen failing
    update: uint256  # seconds; the feeds' last update when they were stale then; 0 = it failed otherwise


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

# Neither a second source nor a fallback: the own prices are the answer.
ALONE: immutable(bool)

# Nor a rate: both prices are that of the feeds.
PLAIN: immutable(bool)


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
        num_top = self._bounded_mul(num_top, RATE_TOP)
    loan_anchor: Anchor = self._anchor(config.loan_rate)
    if loan_anchor.vault != empty(address):
        num_decimals += self._asset_decimals(loan_anchor.vault)
        den_top = self._bounded_mul(den_top, RATE_TOP)

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
    # From here on no product in `_quotient` can wrap.
    alone: bool = config.second == empty(address) and config.fallback == empty(address)
    if collateral_anchor.least > 0 or loan_anchor.least > 0:
        # a true fall would freeze the price for ever
        assert not alone, "oracle: fall needs a fallback"

    CONFIG = config
    SCALE_NUM = scale_num
    SCALE_DEN = scale_den
    COLLATERAL_ANCHOR = collateral_anchor
    LOAN_ANCHOR = loan_anchor
    RATED = rated
    ALONE = alone
    PLAIN = alone and not rated

    if CONFIG.sequencer != empty(address):
        self._require_sequencer()
    own: uint256 = self._own_prices()[0]
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
    if PLAIN:
        return self._plain_price()
    return self._prices()[0]


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
    if PLAIN:
        return self._plain_price()
    return self._prices()[1]


# ------------------------------------------------------------------------------------------------------------
# The record of a failing primary
# ------------------------------------------------------------------------------------------------------------


@external
def mark():
    """
    @notice Record whether the primary fails now; open to all. Marks at most two days apart make one failure,
            unless both found the feeds stale and the feeds were updated in between. Once it spans 14 days it is
            proven: the fallback answers whenever the primary fails, until a mark finds the primary working or
            no mark has come for 14 days. Without an event when nothing changes. Refused while the sequencer is
            down or just back: that is no failure of the primary.
    @dev One mark long ago proves nothing. Else anybody could mark a hiccup that nobody clears, and the next
         one, weeks later, would swap the source of a live oracle.
    """
    assert CONFIG.fallback != empty(address), "oracle: no fallback"
    if CONFIG.sequencer != empty(address):
        self._require_sequencer()

    failure: Failure = self.failure
    if self._primary()[0] != 0:
        if failure.since != 0:
            self.failure = empty(Failure)
            log PrimaryWorking(failed_since=failure.since)
        return

    if failure.confirmed == block.timestamp:
        return
    update: uint256 = self._try(self, method_id("stale_update()"))
    if update != 0:
        # an older round that comes back is no new answer
        update = max(update, failure.update)
    gap: uint256 = DEATH if self._spans(failure) else MARK_GAP
    answered: bool = update != 0 and failure.update != 0 and update != failure.update
    if failure.since == 0 or block.timestamp - failure.confirmed > gap or answered:
        failure.since = block.timestamp
    failure.confirmed = block.timestamp
    failure.update = update
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
    return self._own_prices()[0]


@external
@view
@reentrant
def own_safe_price() -> uint256:
    """
    @notice The safe price by the own feeds and rates alone, as `own_price`.
    """
    return self._own_prices()[1]


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
def stale_update() -> uint256:
    """
    @notice When stale feeds were last updated: the older of both, if one of them is older than its heartbeat.
    @return Seconds; 0 when none is stale, or a feed has no complete round. Reverts when a feed reverts.
    """
    stale: bool = self._is_stale(CONFIG.collateral_feed)
    if CONFIG.loan_feed.feed != empty(address) and not stale:
        stale = self._is_stale(CONFIG.loan_feed)
    return self._last_update() if stale else 0


@external
@view
@reentrant
def is_dead() -> bool:
    """
    @notice Whether the fallback answers in place of a primary that fails now.
    @return True when the primary fails and has been silent for 14 days. Always False without a fallback.
    """
    return self._primary()[0] == 0 and self._is_dead()


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
    @return The most that a whole share on the collateral side counts for now in lending, in asset base units,
            rounded down; 0 without a rate.
    """
    return 0 if COLLATERAL_ANCHOR.vault == empty(address) else self._cap(COLLATERAL_ANCHOR)


@external
@view
@reentrant
def loan_rate_cap() -> uint256:
    """
    @return The most that a whole share on the loan side counts for now in liquidation, in asset base units,
            rounded down; 0 without a rate.
    """
    return 0 if LOAN_ANCHOR.vault == empty(address) else self._cap(LOAN_ANCHOR)


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
def _prices() -> (uint256, uint256):
    """
    @notice Both prices, by whoever may answer; reverts, with the reason of the own feeds, when nobody does.
    """
    if ALONE:
        return self._own_prices()
    price: uint256 = 0
    safe: uint256 = 0
    price, safe = self._primary()
    if price == 0 and self._is_dead():
        price, safe = self._ask(CONFIG.fallback, method_id("price()"), method_id("safe_price()"))
    if price == 0:
        return self._own_prices()  # reverts, and says why
    return price, safe


@internal
@view
def _primary() -> (uint256, uint256):
    """
    @notice The higher price and the lower safe price of the primary's live sources; zeros when none is.
    """
    price: uint256 = 0
    safe: uint256 = 0
    price, safe = self._ask(self, method_id("own_price()"), method_id("own_safe_price()"))
    other: uint256 = 0
    other_safe: uint256 = 0
    other, other_safe = self._ask(CONFIG.second, method_id("price()"), method_id("safe_price()"))
    if price == 0:
        return other, other_safe
    if other == 0:
        return price, safe
    return max(price, other), min(safe, other_safe)


@internal
@view
def _ask(source: address, price_call: Bytes[4], safe_call: Bytes[4]) -> (uint256, uint256):
    """
    @notice Both prices of a source; zeros unless both come and the safe one is not above the other.
    """
    price: uint256 = self._try(source, price_call)
    if price == 0:
        return 0, 0
    safe: uint256 = self._try(source, safe_call)
    if safe == 0 or safe > price:
        return 0, 0
    return price, safe


@internal
@view
def _own_prices() -> (uint256, uint256):
    """
    @notice Both prices by the own feeds and rates, scaled by 1e36, rounded down; reverts when there are none.
    """
    if not RATED:
        price: uint256 = self._plain_price()
        return price, price
    num: uint256 = self._answer(CONFIG.collateral_feed)
    den: uint256 = SCALE_DEN
    if CONFIG.loan_feed.feed != empty(address):
        den = unsafe_mul(den, self._answer(CONFIG.loan_feed))
    collateral: uint256 = self._live_rate(COLLATERAL_ANCHOR)
    loan: uint256 = self._live_rate(LOAN_ANCHOR)
    price: uint256 = self._quotient(num, collateral, den, min(loan, self._cap(LOAN_ANCHOR)))
    safe: uint256 = self._quotient(
        num, min(collateral, self._cap(COLLATERAL_ANCHOR)), den, max(loan, LOAN_ANCHOR.rate)
    )
    assert safe != 0, "oracle: zero safe price"
    return price, safe


@internal
@view
def _quotient(num: uint256, num_rate: uint256, den: uint256, den_rate: uint256) -> uint256:
    """
    @dev Every answer is positive and below its bound, every rate is positive and below 2**128. The constructor has
         multiplied the bounds of all products, so none can wrap, and no divisor is 0. A rate brings up to 27
         decimals more: WBTC against shares of 18 decimals needs the 512-bit product.
    """
    return math._mul_div(unsafe_mul(num, num_rate), SCALE_NUM, unsafe_mul(den, den_rate), False)


@internal
@view
def _plain_price() -> uint256:
    """
    @notice The price by the own feeds when there are no rates, scaled by 1e36, rounded down; reverts when there
            is none. No product can wrap, as in `_quotient`.
    """
    num: uint256 = self._answer(CONFIG.collateral_feed)
    den: uint256 = SCALE_DEN
    if CONFIG.loan_feed.feed != empty(address):
        den = unsafe_mul(den, self._answer(CONFIG.loan_feed))
    price: uint256 = unsafe_div(unsafe_mul(num, SCALE_NUM), den)
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
def _is_stale(feed: Feed) -> bool:
    """
    @notice Whether the feed's latest round is older than its heartbeat; one of the future is not.
    """
    updated_at: uint256 = self._updated_at(feed.feed)
    return updated_at <= block.timestamp and block.timestamp - updated_at > feed.heartbeat


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
def _live_rate(anchor: Anchor) -> uint256:
    """
    @notice Asset base units per whole share; 1 without a vault. Reverts at 0, at 2**128 and after a fall.
    """
    if anchor.vault == empty(address):
        return 1
    live: uint256 = staticcall IERC4626(anchor.vault).convertToAssets(anchor.unit)
    assert live != 0 and live < RATE_TOP, "oracle: rate out of range"
    assert live >= anchor.least, "oracle: rate fell"
    return live


@internal
@view
def _cap(anchor: Anchor) -> uint256:
    """
    @notice `rate * (1 + x + x**2/2 + x**3/6)` with `x = growth * elapsed`, each quotient rounded down; constant
            after the horizon. 1 without a vault. The series falls short of the exponential: by 0.1 % at 4 % a
            year after ten years.
    @dev x is at most 100 WAD, the series below 2**18 WAD, the rate below 2**128: nothing overflows.
    """
    if anchor.vault == empty(address):
        return 1
    x: uint256 = anchor.growth * min(block.timestamp - anchor.time, GROWTH_HORIZON)
    x2: uint256 = x * x // (2 * WAD)
    x3: uint256 = x2 * x // (3 * WAD)
    return anchor.rate * (WAD + x + x2 + x3) // WAD


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
    @dev A source gets SOURCE_GAS and no more, so that one that burns all it gets does not take the others along.
         A caller who passes too little gas could make a live source run out of it and look dead: so with less
         than NEEDED_GAS left, of which 63/64 can be passed on, this call ends as if it had run out of gas itself,
         consuming all of it. A reason would return the rest, and an oracle above this one could take it for spare
         gas.
    """
    if source == empty(address):
        return 0
    assert msg.gas >= NEEDED_GAS, UNREACHABLE
    ok: bool = False
    answer: Bytes[32] = b""
    ok, answer = raw_call(
        source, call, max_outsize=32, gas=SOURCE_GAS, is_static_call=True, revert_on_failure=False
    )
    if ok and len(answer) == 32:
        return convert(answer, uint256)
    return 0


@internal
@view
def _is_dead() -> bool:
    """
    @notice Whether a primary that fails now may be replaced. False without a fallback.
    """
    if CONFIG.fallback == empty(address):
        return False
    failure: Failure = self.failure
    if self._spans(failure) and block.timestamp - failure.confirmed <= DEATH:
        return True
    last: uint256 = self._try(self, method_id("last_update()"))
    # 0 is an incomplete round or a feed that reverts: its age is unknown. A time in the future is no age.
    return last != 0 and last <= block.timestamp and block.timestamp - last > DEATH


@internal
@pure
def _spans(failure: Failure) -> bool:
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
        assert rate.growth == 0 and rate.fall == 0, "oracle: no rate vault"
        return empty(Anchor)
    assert rate.growth != 0 and rate.growth <= GROWTH_TOP, "oracle: growth out of range"
    assert rate.fall != 0 and rate.fall <= WAD, "oracle: fall out of range"
    decimals: uint256 = self._decimals(rate.vault)
    assert decimals <= RATE_DECIMALS_TOP, "oracle: rate decimals"
    unit: uint256 = 10**decimals
    live: uint256 = staticcall IERC4626(rate.vault).convertToAssets(unit)
    assert live != 0 and live < RATE_TOP, "oracle: first rate out of range"
    return Anchor(
        vault=rate.vault,
        unit=unit,
        rate=live,
        growth=rate.growth,
        least=live * (WAD - rate.fall) // WAD,
        time=block.timestamp,
    )


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
@view
def _check_source(source: address, expected: uint256):
    """
    @notice Reverts unless another oracle is live, within the gas that it will get, and near the expected price.
    """
    price: uint256 = 0
    safe: uint256 = 0
    price, safe = self._ask(source, method_id("price()"), method_id("safe_price()"))
    assert price != 0, "oracle: source not live"
    assert self._is_near(price, expected) and self._is_near(safe, expected), "oracle: source disagrees"


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
