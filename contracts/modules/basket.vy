# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Basket module
@license AGPL-3.0-only
@notice The collaterals of a basket: tokens, oracles and ratios of the legs, the amounts that owners hold, and what they
        are worth. Fixed for ever.
@dev A position's word (`book`, `position`) has a mask of the legs held where a vault has its collateral:

     bits      field    unit
     0..7      legs     bit i is set while the owner holds some of leg i
     8..127    spare

     Amounts are kept two legs a word: bits 0..127 leg 2j, 128..255 leg 2j + 1. An owner pays only for legs held.

     A price of 0 is a *silent* leg: its oracle did not answer. Prices and values saturate instead of reverting, so
     that no oracle can shut a basket by a large answer.
@custom:security An oracle that is not asked with enough gas must not pass for silent: after a failed call the gas that
                 was there is checked.
"""

from ..interfaces import IBasket
from ..interfaces import IOracle
from . import margin
from . import units

WAD: constant(uint256) = units.WAD
PRICE_SCALE: constant(uint256) = units.PRICE_SCALE
MAX_LEGS: constant(uint256) = 8
HELD: constant(uint256) = 2**8 - 1  # of a position's word
LANE: constant(uint256) = 2**128 - 1
ORACLE_GAS: constant(uint256) = 1_000_000  # offered to an oracle, see `IOracle`
GAS_BEFORE: constant(uint256) = 1_030_000  # of which a call can offer as much: a 64th stays, and what calling costs

LEGS: immutable(DynArray[IBasket.Leg, MAX_LEGS])
LANES: immutable(uint256)  # words of two amounts that hold them

amounts: HashMap[address, uint256[4]]


struct Worth:
    # base units of the loan asset; the weighted ones are times the liquidation thresholds, WAD
    high: uint256  # silent legs at their ceilings, rounded up
    high_weighted: uint256
    low: uint256  # silent legs at nothing
    low_weighted: uint256
    taken: uint256  # mask of the legs that have a price and are not left out
    part: uint256  # what they are worth
    part_weighted: uint256


@deploy
def __init__(list: DynArray[IBasket.Leg, MAX_LEGS]):
    """
    @param list Checked by `basket_params`.
    """
    LEGS = list
    LANES = (len(list) + 1) // 2


@external
@view
@reentrant
def legs() -> DynArray[IBasket.Leg, MAX_LEGS]:
    """
    @notice The legs, in the order of all masks and lists.
    """
    return LEGS


# --------------------------------------------------------------------- amounts


@internal
@view
def _lanes(owner: address, held: uint256) -> uint256[4]:
    """
    @notice What an owner holds, base units, two legs a word.
    @param held Mask of the legs held, or a position's word.
    """
    lanes: uint256[4] = empty(uint256[4])
    for j: uint256 in range(LANES, bound=4):
        if (held >> (j << 1)) & 3 != 0:
            lanes[j] = self.amounts[owner][j]
    return lanes


@internal
@pure
def _amount(lane: uint256, leg: uint256) -> uint256:
    """
    @param lane The word of two amounts that has the leg's.
    """
    return (lane >> ((leg & 1) << 7)) & LANE


@internal
@view
def _unpacked(lanes: uint256[4]) -> uint256[8]:
    """
    @notice An amount for each leg.
    """
    found: uint256[8] = empty(uint256[8])
    for j: uint256 in range(LANES, bound=4):
        lane: uint256 = lanes[j]
        if lane != 0:
            leg: uint256 = j << 1
            found[leg] = lane & LANE
            found[leg | 1] = lane >> 128
    return found


@internal
@pure
def _without_amount(lane: uint256) -> uint256:
    """
    @notice Mask of the legs of which a word of two holds nothing.
    """
    mask: uint256 = 0
    if lane & LANE == 0:
        mask = 1
    if lane >> 128 == 0:
        mask |= 2
    return mask


@internal
@pure
def _with(lane: uint256, leg: uint256, amount: uint256) -> uint256:
    """
    @notice A word of two amounts with more of a leg.
    """
    assert amount <= unsafe_sub(LANE, self._amount(lane, leg)), "vault: too much collateral"
    return unsafe_add(lane, amount << ((leg & 1) << 7))


@internal
@pure
def _without(lane: uint256, leg: uint256, amount: uint256) -> uint256:
    """
    @notice A word of two amounts with less of a leg.
    """
    assert amount <= self._amount(lane, leg), "vault: not enough collateral"
    return unsafe_sub(lane, amount << ((leg & 1) << 7))


# ---------------------------------------------------------------------- prices


@internal
@view
def _prices(held: uint256) -> uint256[8]:
    """
    @notice The oracles' prices for liquidation, 1e36; 0 for a leg that is silent or not in the mask.
    """
    prices: uint256[8] = empty(uint256[8])
    i: uint256 = 0
    for leg: IBasket.Leg in LEGS:
        if (held >> i) & 1 != 0:
            prices[i] = self._answer(leg.oracle, method_id("price()"))
        i = unsafe_add(i, 1)
    return prices


@internal
@view
def _safe_price(leg: IBasket.Leg) -> uint256:
    """
    @notice A leg's safe price, at most its ceiling, 1e36; 0 when it is silent, which takes only one silent price.
    """
    if self._answer(leg.oracle, method_id("price()")) == 0:
        return 0
    return min(self._answer(leg.oracle, method_id("safe_price()")), leg.ceiling)


@internal
@view
def _answer(oracle: address, question: Bytes[4]) -> uint256:
    """
    @notice A price, 1e36; 0 when the oracle fails, answers no whole word, or answers 0.
    """
    gas: uint256 = msg.gas
    success: bool = False
    answer: Bytes[32] = b""
    success, answer = raw_call(
        oracle, question, max_outsize=32, gas=ORACLE_GAS, is_static_call=True, revert_on_failure=False
    )
    if success and len(answer) == 32:
        return convert(answer, uint256)
    assert gas >= GAS_BEFORE, "basket: not enough gas"
    return 0


# ---------------------------------------------------------------------- values


@internal
@pure
def _value_down(amount: uint256, price: uint256) -> uint256:
    """
    @notice What an amount is worth in base units of the loan asset, rounded down; at most 2**256 // 1e36.
    @param amount Base units, below 2**128.
    """
    if price > LANE:
        if amount > unsafe_div(max_value(uint256), price):
            return max_value(uint256) // PRICE_SCALE
    return unsafe_div(unsafe_mul(amount, price), PRICE_SCALE)


@internal
@pure
def _value_up(amount: uint256, price: uint256) -> uint256:
    """
    @notice As `_value_down`, rounded up, above 0 when both are.
    """
    if price > LANE and amount > unsafe_div(max_value(uint256) - PRICE_SCALE, price):
        return max_value(uint256) // PRICE_SCALE
    return unsafe_div(unsafe_add(unsafe_mul(amount, price), PRICE_SCALE - 1), PRICE_SCALE)


@internal
@view
def _worth(held: uint256, lanes: uint256[4], prices: uint256[8], without: uint256) -> Worth:
    """
    @notice What the legs held are worth.
    @dev Each value is below 2**137 and each threshold below WAD < 2**60, so no sum of eight reaches 2**200.
    @param held Mask of the legs held, or a position's word.
    @param prices 1e36, 0 = silent.
    @param without Mask of the legs that are left out.
    """
    worth: Worth = empty(Worth)
    i: uint256 = 0
    for leg: IBasket.Leg in LEGS:
        bit: uint256 = 1 << i
        if held & bit != 0:
            amount: uint256 = (lanes[i >> 1] >> ((i & 1) << 7)) & LANE
            price: uint256 = prices[i]
            if price == 0:
                most: uint256 = self._value_up(amount, leg.ceiling)
                worth.high = unsafe_add(worth.high, most)
                worth.high_weighted = unsafe_add(worth.high_weighted, unsafe_mul(most, leg.threshold))
            else:
                found: uint256 = self._value_down(amount, price)
                weighted: uint256 = unsafe_mul(found, leg.threshold)
                worth.low = unsafe_add(worth.low, found)
                worth.low_weighted = unsafe_add(worth.low_weighted, weighted)
                if without & bit == 0:
                    worth.taken |= bit
                    worth.part = unsafe_add(worth.part, found)
                    worth.part_weighted = unsafe_add(worth.part_weighted, weighted)
        i = unsafe_add(i, 1)
    worth.high = unsafe_add(worth.high, worth.low)
    worth.high_weighted = unsafe_add(worth.high_weighted, worth.low_weighted)
    return worth


@internal
@view
def _safe_worth(held: uint256, lanes: uint256[4], is_weighted: bool) -> uint256:
    """
    @notice What the legs held are worth at their safe prices, base units of the loan asset times WAD; weighted, the
            debt that they may bear.
    """
    worth: uint256 = 0
    i: uint256 = 0
    for leg: IBasket.Leg in LEGS:
        if (held >> i) & 1 != 0:
            ratio: uint256 = leg.ltv if is_weighted else WAD
            amount: uint256 = (lanes[i >> 1] >> ((i & 1) << 7)) & LANE
            found: uint256 = self._value_down(amount, self._safe_price(leg))
            worth = unsafe_add(worth, unsafe_mul(found, ratio))
        i = unsafe_add(i, 1)
    return worth


@internal
@pure
def _removable(amount: uint256, power: uint256, others: uint256, debt: uint256) -> uint256:
    """
    @notice How much of a leg may go, base units, so that what stays bears a base unit more than `debt`: what settling in
            the same call may add. One more is what rounding takes.
    @param amount Base units of the leg, below 2**128.
    @param power The debt that the leg may bear, base units of the loan asset times WAD.
    @param others What the other legs may bear, likewise.
    @param debt Base units of the loan asset, below 2**95, above 0.
    """
    owed: uint256 = unsafe_add(debt, 2)
    rest: uint256 = unsafe_div(others, WAD)
    if owed <= rest:
        return amount
    lacking: uint256 = unsafe_sub(owed, rest)
    whole: uint256 = unsafe_div(power, WAD)
    if lacking >= whole:
        return 0
    # what stays is the part lacking/whole, rounded up: at most all
    return unsafe_sub(amount, margin._ceil_div(unsafe_mul(lacking, amount), whole))
