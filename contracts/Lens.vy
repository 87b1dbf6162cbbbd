# pragma version 0.4.3
# pragma nonreentrancy off
# pragma optimize gas
# pragma evm-version prague
"""
@title Lens
@license AGPL-3.0-only
@notice Bulk and what-if views for people and bots, for every pool, vault and basket of one Factory. It holds no
        state, no rights and no tokens. Structs and their units are in `ILens`.
@dev Positions are computed by the modules that the vaults are built from, from each vault's own storage words,
     parameters and books: so an answer equals the vault's own view to the wei, and a whole page costs one
     oracle call. Owners without a position get an empty one.

     A basket's oracles are asked once for a page as well. What a liquidation would do says the basket itself, for
     those who can be liquidated: it asks its oracles anew for each.

     A page holds at most 256 entries. Callers with more ask again.

     Cash is read by locked views of the pool: `pool_summary`, `credit_lines` and `vault_summary` revert inside
     the pool's own callbacks. The functions about positions answer there, with the books as they are.
@custom:security Every vault and pool is looked up in the Factory's registry, so its code is known. Its oracle and
                 tokens are not: anyone may deploy a vault with an oracle of their own. They can lie about their
                 own price and balance, and nothing else. An oracle that reverts, answers 0 or answers
                 nonsense is flagged by a price of 0, and gets at most half of the gas, so it stops no call. An
                 oracle of a basket gets 1,000,000 at most, as from the basket; one that burns them for every owner
                 can make a page of candidates too dear.
"""

from ethereum.ercs import IERC20

from . import Basket
from . import Factory
from . import Pool
from . import Vault
from .interfaces import IBasket
from .interfaces import ILens
from .interfaces import IPool
from .interfaces import IVault
from .modules import basket as baskets
from .modules import debts
from .modules import liquidation
from .modules import margin
from .modules import position
from .modules import share_math
from .modules import units

WAD: constant(uint256) = units.WAD
PRICE_SCALE: constant(uint256) = units.PRICE_SCALE
PAGE: constant(uint256) = 256
HALVINGS: constant(uint256) = 9  # a binary search among 257 bins needs at most this many

# `IOracle` promises to need no more in any state
ORACLE_GAS: constant(uint256) = 1_000_000

FACTORY: immutable(Factory.__interface__)


struct Market:
    vault: Vault.__interface__
    risk: IVault.RiskParams
    totals: IPool.DebtTotals  # with interest up to now


struct BasketMarket:
    basket: Basket.__interface__
    pool: Pool.__interface__
    legs: DynArray[IBasket.Leg, baskets.MAX_LEGS]
    risk: IVault.RiskParams
    totals: IPool.DebtTotals  # with interest up to now
    prices: uint256[8]  # 1e36; 0 = silent


struct Worth:
    # base units of the loan asset; the weighted ones are times the liquidation thresholds, WAD
    high: uint256  # silent legs at their ceilings, rounded up
    high_weighted: uint256
    low: uint256  # silent legs at nothing
    low_weighted: uint256
    silent: uint256  # mask


@deploy
def __init__(factory: address):
    """
    @param factory The Factory whose pools, vaults and baskets are read.
    """
    assert factory.is_contract, "lens: no factory"
    FACTORY = Factory.__interface__(factory)


@external
@view
def factory() -> address:
    """
    @notice The Factory whose pools, vaults and baskets are read.
    """
    return FACTORY.address


# ------------------------------------------------------------------- positions


@external
@view
def positions(vault: address, owners: DynArray[address, PAGE]) -> DynArray[ILens.Position, PAGE]:
    """
    @notice The positions of `owners`, at the oracle's price, in the same order.
    """
    market: Market = self._market(vault)
    price: uint256 = self._ask(staticcall market.vault.oracle(), method_id("price()"))
    found: DynArray[ILens.Position, PAGE] = []
    for owner: address in owners:
        found.append(self._position(market, owner, price))
    return found


@external
@view
def liquidatable(vault: address, owners: DynArray[address, PAGE]) -> (uint256, DynArray[ILens.Candidate, PAGE]):
    """
    @notice Those of `owners` whose positions can be liquidated, with the exact preview of each on its own.
    @return The oracle's price, 1e36; the candidates, in the order of `owners`. A price of 0 means that the
            oracle has none and nobody can be liquidated now.
    """
    market: Market = self._market(vault)
    price: uint256 = self._ask(staticcall market.vault.oracle(), method_id("price()"))
    found: DynArray[ILens.Candidate, PAGE] = []
    for owner: address in owners:
        word: uint256 = staticcall market.vault.positions(owner)
        if self._can_value(position._unpack(word)[0], price):
            quote: IVault.Quote = self._quote(market, word, price, max_value(uint256))
            if quote.liquidatable:
                found.append(ILens.Candidate(owner=owner, quote=quote))
    return price, found


# --------------------------------------------------------------------- what if


@external
@view
def health_at(vault: address, owners: DynArray[address, PAGE], price: uint256) -> DynArray[uint256, PAGE]:
    """
    @notice What the health of `owners` would be at `price`, WAD, rounded down; the largest uint without debt.
    @param price 1e36, above 0.
    """
    self._check_price(price)
    market: Market = self._market(vault)
    found: DynArray[uint256, PAGE] = []
    for owner: address in owners:
        collateral: uint256 = 0
        debt_shares: uint256 = 0
        collateral, debt_shares = position._unpack(staticcall market.vault.positions(owner))
        worth: uint256 = liquidation._value_down(collateral, price)
        health: uint256 = margin._health(worth, self._debt(market, debt_shares), market.risk.threshold)
        found.append(health)
    return found


@external
@view
def preview_liquidation_at(vault: address, owner: address, price: uint256, max_repay: uint256) -> IVault.Quote:
    """
    @notice What `liquidate` would do in this block if the oracle's price were `price`, to the wei.
    @param price 1e36, above 0.
    @param max_repay Base units of the loan asset, the fee not included; the largest uint means no limit.
    """
    self._check_price(price)
    market: Market = self._market(vault)
    return self._quote(market, staticcall market.vault.positions(owner), price, max_repay)


@external
@view
def shortfall_at(vault: address, owners: DynArray[address, PAGE], price: uint256) -> uint256:
    """
    @notice What the positions of `owners` would cost the pool at `price`: over those whose collateral covers less
            than debt and minimum bonus, the debt less what a liquidator pays for the whole. Base units of the loan
            asset. An owner who is named twice counts twice.
    @param price 1e36, above 0.
    """
    self._check_price(price)
    market: Market = self._market(vault)
    total: uint256 = 0
    for owner: address in owners:
        word: uint256 = staticcall market.vault.positions(owner)
        total += liquidation._shortfall(market.risk, word, price, market.totals)
    return total


@external
@view
def debt_by_liquidation_price(
    vault: address, owners: DynArray[address, PAGE], edges: DynArray[uint256, PAGE]
) -> DynArray[uint256, PAGE + 1]:
    """
    @notice The debt of `owners` by the price at which it becomes liquidatable: a histogram. No oracle is called.
    @param edges Prices, 1e36, ascending.
    @return Base units of the loan asset in one bin more than there are edges: bin 0 holds the debts whose
            liquidation price is at most `edges[0]`, bin i those above `edges[i - 1]` up to `edges[i]`, the last
            those above the last edge. At a price of `edges[i]` the bins after i are liquidatable.
    """
    bins: DynArray[uint256, PAGE + 1] = [0]
    for i: uint256 in range(len(edges), bound=PAGE):
        if i > 0:
            assert edges[i] > edges[i - 1], "lens: edges not ascending"
        bins.append(0)

    market: Market = self._market(vault)
    for owner: address in owners:
        collateral: uint256 = 0
        debt_shares: uint256 = 0
        collateral, debt_shares = position._unpack(staticcall market.vault.positions(owner))
        debt: uint256 = self._debt(market, debt_shares)
        price: uint256 = margin._margin_terms(market.risk, collateral, debt).liquidation_price
        # the first bin whose upper edge is not below the price
        low: uint256 = 0
        high: uint256 = len(edges)
        for _: uint256 in range(HALVINGS):
            middle: uint256 = (low + high) // 2
            if middle < high and edges[middle] < price:
                low = middle + 1
            else:
                high = middle
        bins[low] += debt
    return bins


# --------------------------------------------------------------------- baskets


@external
@view
def basket_positions(
    basket: address, owners: DynArray[address, PAGE]
) -> DynArray[ILens.BasketPosition, PAGE]:
    """
    @notice The positions of `owners` in a basket, at the oracles' prices, in the same order.
    """
    market: BasketMarket = self._basket_market(basket)
    safe_prices: uint256[8] = self._safe_prices(market)
    found: DynArray[ILens.BasketPosition, PAGE] = []
    for owner: address in owners:
        found.append(self._basket_position(market, safe_prices, owner))
    return found


@external
@view
def basket_liquidatable(
    basket: address, owners: DynArray[address, PAGE], without: uint256
) -> (uint256[8], DynArray[ILens.BasketCandidate, PAGE]):
    """
    @notice Those of `owners` whose positions in a basket can be liquidated, with the exact preview of each on its
            own; of one that silent legs keep from being closed it says that it is not `known`.
    @param without Mask of the legs to leave out of every close.
    @return The oracles' prices, 1e36, 0 for a silent leg; the candidates, in the order of `owners`.
    """
    market: BasketMarket = self._basket_market(basket)
    found: DynArray[ILens.BasketCandidate, PAGE] = []
    for owner: address in owners:
        amounts: uint256[8] = empty(uint256[8])
        debt_shares: uint256 = 0
        amounts, debt_shares = staticcall market.basket.position_of(owner)
        debt: uint256 = share_math._part_to_assets_up(debt_shares, market.totals.debt, market.totals.shares)
        if self._worth(market.legs, market.prices, amounts).high_weighted < debt * WAD:
            quote: IBasket.Quote = staticcall market.basket.preview_liquidate(
                owner, max_value(uint256), without
            )
            found.append(ILens.BasketCandidate(owner=owner, quote=quote))
    return market.prices, found


@external
@view
def max_borrow(basket: address, owner: address) -> uint256:
    """
    @notice What `borrow` of a basket would send for the largest uint, base units: bound by health at the safe prices,
            line and cash; below the exact maximum by at most the value of one debt share plus one base unit.
    """
    market: BasketMarket = self._basket_market(basket)
    amounts: uint256[8] = empty(uint256[8])
    debt_shares: uint256 = 0
    amounts, debt_shares = staticcall market.basket.position_of(owner)
    allowed: uint256 = self._power(market.legs, self._safe_prices(market), amounts) // WAD
    return min(debts._rest_of(allowed, debt_shares, market.totals), staticcall market.pool.max_draw(basket))


@external
@view
def max_withdraw(basket: address, owner: address, leg: uint256) -> uint256:
    """
    @notice What `withdraw` of a basket would send of a leg for the largest uint, base units: bound by health at the
            safe prices, with two base units of debt to spare.
    """
    market: BasketMarket = self._basket_market(basket)
    assert leg < len(market.legs), "lens: no such leg"
    amounts: uint256[8] = empty(uint256[8])
    debt_shares: uint256 = 0
    amounts, debt_shares = staticcall market.basket.position_of(owner)
    held: uint256 = amounts[leg]
    if debt_shares == 0:
        return held
    safe_prices: uint256[8] = self._safe_prices(market)
    all: uint256 = self._power(market.legs, safe_prices, amounts)
    amounts[leg] = 0
    others: uint256 = self._power(market.legs, safe_prices, amounts)
    debt: uint256 = share_math._part_to_assets_up(debt_shares, market.totals.debt, market.totals.shares)
    return baskets._removable(held, all - others, others, debt)


@external
@view
def basket_summary(basket: address) -> ILens.BasketSummary:
    """
    @notice A basket's legs with both prices of each, what they have in common, and its credit line.
    """
    market: BasketMarket = self._basket_market(basket)
    safe_prices: uint256[8] = self._safe_prices(market)
    legs: DynArray[ILens.LegSummary, baskets.MAX_LEGS] = []
    for leg: IBasket.Leg in market.legs:
        i: uint256 = len(legs)
        legs.append(
            ILens.LegSummary(
                token=leg.token,
                oracle=leg.oracle,
                ltv=leg.ltv,
                threshold=leg.threshold,
                ceiling=leg.ceiling,
                price=market.prices[i],
                safe_price=safe_prices[i],
            )
        )
    return ILens.BasketSummary(
        pool=market.pool.address,
        loan_asset=staticcall market.basket.loan_asset(),
        line=self._line(market.pool, Vault.__interface__(basket)),
        risk=market.risk,
        legs=legs,
    )


# ------------------------------------------------------------ vaults and pools


@external
@view
def vault_summary(vault: address) -> ILens.VaultSummary:
    """
    @notice A vault's parameters, its credit line and both of its oracle's prices.
    """
    pool: address = self._pool_of_vault(vault)
    known: Vault.__interface__ = Vault.__interface__(vault)
    oracle: address = staticcall known.oracle()
    risk: IVault.RiskParams = staticcall known.risk()
    return ILens.VaultSummary(
        pool=pool,
        loan_asset=staticcall known.loan_asset(),
        line=self._line(Pool.__interface__(pool), known),
        risk=risk,
        initial_margin=WAD - risk.ltv,
        maintenance_margin=WAD - risk.threshold,
        price=self._ask(oracle, method_id("price()")),
        safe_price=self._ask(oracle, method_id("safe_price()")),
    )


@external
@view
def credit_lines(pool: address, first: uint256, count: uint256) -> DynArray[ILens.CreditLine, PAGE]:
    """
    @notice The vaults and baskets of a pool, in the order in which the Factory deployed them. Anyone may deploy one:
            those that the curator has not approved have a limit of 0. No oracle is called.
    @param first Number of the first vault, from 0.
    @param count The most vaults to return; a page holds at most 256.
    """
    self._check_pool(pool)
    total: uint256 = staticcall FACTORY.vault_count(pool)
    found: DynArray[ILens.CreditLine, PAGE] = []
    for i: uint256 in range(min(min(count, PAGE), total - min(first, total)), bound=PAGE):
        vault: address = staticcall FACTORY.vaults(pool, first + i)
        found.append(self._line(Pool.__interface__(pool), Vault.__interface__(vault)))
    return found


@external
@view
def pool_summary(pool: address) -> ILens.PoolSummary:
    """
    @notice A pool's books, rates and state, with the interest up to this block.
    """
    self._check_pool(pool)
    known: Pool.__interface__ = Pool.__interface__(pool)
    totals: Pool.ledger.Totals = staticcall known.totals()
    asset: address = staticcall known.asset()
    utilisation: uint256 = staticcall known.utilisation()
    borrow_rate: uint256 = staticcall known.borrow_rate()
    lenders_part: uint256 = WAD - staticcall known.reserve_factor()
    paused_until: uint256 = staticcall known.paused_until()
    draw_burst: uint256 = 0
    draw_refill: uint256 = 0
    draw_burst, draw_refill = staticcall known.pace()
    return ILens.PoolSummary(
        asset=asset,
        council=staticcall known.council(),
        backstop=staticcall known.backstop(),
        vault_count=staticcall FACTORY.vault_count(pool),
        total_assets=totals.total_assets // share_math.FRACTION,
        total_supply=totals.total_supply,
        total_debt=(totals.total_debt + share_math.FRACTION - 1) // share_math.FRACTION,
        total_debt_shares=totals.total_debt_shares,
        cash=staticcall IERC20(asset).balanceOf(pool),
        reserves=staticcall known.reserves(),
        provisions=staticcall known.provisions(),
        utilisation=utilisation,
        borrow_rate=borrow_rate,
        supply_rate=borrow_rate * utilisation // WAD * lenders_part // WAD,
        rate_at_target=staticcall known.rate_at_target(),
        is_open=staticcall known.is_open(),
        paused_until=paused_until if paused_until > block.timestamp else 0,
        supply_cap=staticcall known.supply_cap(),
        deposit_room=staticcall known.maxDeposit(empty(address)),
        draw_burst=draw_burst,
        draw_refill=draw_refill,
    )


# --------------------------------------------------------- internals: registry


@internal
@view
def _pool_of_vault(vault: address) -> address:
    pool: address = staticcall FACTORY.pool_of(vault)
    assert pool != empty(address), "lens: not a vault"
    is_basket: bool = staticcall FACTORY.is_basket(vault)
    assert not is_basket, "lens: a basket"
    return pool


@internal
@view
def _check_pool(pool: address):
    is_pool: bool = staticcall FACTORY.is_pool(pool)
    assert is_pool, "lens: not a pool"


@internal
@view
def _market(vault: address) -> Market:
    """
    @notice A vault with its parameters and its pool's debt, as of this block.
    """
    pool: address = self._pool_of_vault(vault)
    market: Market = empty(Market)
    market.vault = Vault.__interface__(vault)
    market.risk = staticcall market.vault.risk()
    market.totals = staticcall Pool.__interface__(pool).debt_totals()
    return market


@internal
@view
def _basket_market(basket: address) -> BasketMarket:
    """
    @notice A basket with its parameters, its oracles' prices and its pool's debt, as of this block.
    """
    is_basket: bool = staticcall FACTORY.is_basket(basket)
    assert is_basket, "lens: not a basket"
    market: BasketMarket = empty(BasketMarket)
    market.basket = Basket.__interface__(basket)
    market.pool = Pool.__interface__(staticcall FACTORY.pool_of(basket))
    market.legs = staticcall market.basket.legs()
    market.risk = staticcall market.basket.risk()
    market.totals = staticcall market.pool.debt_totals()
    for i: uint256 in range(len(market.legs), bound=baskets.MAX_LEGS):
        market.prices[i] = baskets._answer(market.legs[i].oracle, method_id("price()"))
    return market


@internal
@view
def _line(pool: Pool.__interface__, vault: Vault.__interface__) -> ILens.CreditLine:
    limit: uint256 = 0
    drawn_shares: uint256 = 0
    drawn: uint256 = 0
    limit, drawn_shares, drawn = staticcall pool.credit_line(vault.address)
    collateral: address = empty(address)
    oracle: address = empty(address)
    is_basket: bool = staticcall FACTORY.is_basket(vault.address)
    if not is_basket:
        collateral = staticcall vault.collateral_asset()
        oracle = staticcall vault.oracle()
    return ILens.CreditLine(
        vault=vault.address,
        collateral_asset=collateral,
        oracle=oracle,
        limit=limit,
        drawn_shares=drawn_shares,
        drawn=drawn,
        headroom=staticcall pool.max_draw(vault.address),
        losses=staticcall pool.losses(vault.address),
        provisions=staticcall pool.provision_of(vault.address),
    )


# ----------------------------------------------------------- internals: prices


@internal
@pure
def _check_price(price: uint256):
    """
    @notice Refuse a price of 0, as vaults do.
    """
    assert price > 0, "lens: zero price"


@internal
@view
def _ask(oracle: address, call: Bytes[4]) -> uint256:
    """
    @notice The oracle's answer to `call`, 1e36; 0 when it reverts, answers less than a word, or answers 0.
    @dev The oracle gets half of the gas, so one that burns all it gets cannot stop the caller. An oracle that
         fails with less gas than it may need has not failed: then the call reverts and says so.
    """
    gas_given: uint256 = msg.gas // 2
    success: bool = False
    answer: Bytes[32] = b""
    success, answer = raw_call(
        oracle, call, max_outsize=32, gas=gas_given, is_static_call=True, revert_on_failure=False
    )
    if success and len(answer) == 32:
        return convert(answer, uint256)
    assert gas_given >= ORACLE_GAS, "lens: not enough gas"
    return 0


@internal
@pure
def _can_value(collateral: uint256, price: uint256) -> bool:
    """
    @notice Whether `collateral` has a value at an oracle's answer: not at 0, nor at a product that overflows.
    """
    return price > 0 and (collateral == 0 or price <= max_value(uint256) // collateral)


@internal
@view
def _safe_prices(market: BasketMarket) -> uint256[8]:
    """
    @notice Each leg's safe price, at most its ceiling, 1e36; 0 when it is silent, which takes only one silent price.
    """
    found: uint256[8] = empty(uint256[8])
    for i: uint256 in range(len(market.legs), bound=baskets.MAX_LEGS):
        if market.prices[i] > 0:
            answer: uint256 = baskets._answer(market.legs[i].oracle, method_id("safe_price()"))
            found[i] = min(answer, market.legs[i].ceiling)
    return found


# -------------------------------------------------------- internals: positions


@internal
@pure
def _debt(market: Market, debt_shares: uint256) -> uint256:
    """
    @notice What `debt_shares` owe, base units, rounded up.
    """
    return share_math._part_to_assets_up(debt_shares, market.totals.debt, market.totals.shares)


@internal
@pure
def _quote(market: Market, word: uint256, price: uint256, max_repay: uint256) -> IVault.Quote:
    return liquidation._quote(market.risk, word, price, 0, market.totals, max_repay)


@internal
@view
def _position(market: Market, owner: address, price: uint256) -> ILens.Position:
    """
    @notice One position at an oracle's answer, which may be none.
    """
    word: uint256 = staticcall market.vault.positions(owner)
    found: ILens.Position = empty(ILens.Position)
    found.owner = owner
    found.collateral, found.debt_shares = position._unpack(word)
    found.debt = self._debt(market, found.debt_shares)
    found.terms = margin._margin_terms(market.risk, found.collateral, found.debt)
    if not self._can_value(found.collateral, price):
        if found.debt == 0:
            found.health = max_value(uint256)
        return found

    found.price = price
    found.value = liquidation._value_down(found.collateral, price)
    found.equity = margin._equity(found.value, found.debt)
    found.leverage = margin._leverage(found.value, found.debt)
    found.health = margin._health(found.value, found.debt, market.risk.threshold)
    found.is_liquidatable = self._quote(market, word, price, 0).liquidatable
    return found


@internal
@view
def _basket_position(
    market: BasketMarket, safe_prices: uint256[8], owner: address
) -> ILens.BasketPosition:
    """
    @notice One position in a basket.
    """
    found: ILens.BasketPosition = empty(ILens.BasketPosition)
    found.owner = owner
    found.amounts, found.debt_shares = staticcall market.basket.position_of(owner)
    found.debt = share_math._part_to_assets_up(found.debt_shares, market.totals.debt, market.totals.shares)
    worth: Worth = self._worth(market.legs, market.prices, found.amounts)
    found.silent = worth.silent
    found.health = max_value(uint256)
    if found.debt > 0:
        found.health = worth.high_weighted // found.debt
    found.is_liquidatable = worth.high_weighted < found.debt * WAD
    found.value = worth.low
    found.value_most = worth.high
    found.weighted = worth.high_weighted // WAD
    found.power = self._power(market.legs, safe_prices, found.amounts) // WAD
    found.liquidation_fall = self._fall(found.debt * WAD, worth.high_weighted, worth.low_weighted)
    found.bankruptcy_fall = self._fall(found.debt, worth.high, worth.low)
    # a basket is as many units as its legs are worth, at a price of 1
    unit: uint256 = min(worth.high, baskets.LANE) | (found.debt_shares << 128)
    found.shortfall = liquidation._shortfall(market.risk, unit, PRICE_SCALE, market.totals)
    found.provision = staticcall market.basket.provision_of(owner)
    return found


@internal
@pure
def _worth(
    legs: DynArray[IBasket.Leg, baskets.MAX_LEGS], prices: uint256[8], amounts: uint256[8]
) -> Worth:
    """
    @notice What the legs held are worth, see `basket._worth`.
    """
    worth: Worth = empty(Worth)
    for i: uint256 in range(len(legs), bound=baskets.MAX_LEGS):
        if amounts[i] > 0 and prices[i] == 0:
            most: uint256 = baskets._value_up(amounts[i], legs[i].ceiling)
            worth.high += most
            worth.high_weighted += most * legs[i].threshold
            worth.silent |= 1 << i
        else:
            found: uint256 = baskets._value_down(amounts[i], prices[i])
            worth.low += found
            worth.low_weighted += found * legs[i].threshold
    worth.high += worth.low
    worth.high_weighted += worth.low_weighted
    return worth


@internal
@pure
def _power(
    legs: DynArray[IBasket.Leg, baskets.MAX_LEGS], safe_prices: uint256[8], amounts: uint256[8]
) -> uint256:
    """
    @notice The debt that the legs held may bear, base units of the loan asset times WAD.
    """
    found: uint256 = 0
    for i: uint256 in range(len(legs), bound=baskets.MAX_LEGS):
        found += baskets._value_down(amounts[i], safe_prices[i]) * legs[i].ltv
    return found


@internal
@pure
def _fall(needed: uint256, high: uint256, low: uint256) -> uint256:
    """
    @notice The part by which `low`, of a worth that is `high` with the silent legs, may fall until the whole is below
            `needed`, WAD, rounded down; 0 when it is, 1 when no fall does.
    """
    steady: uint256 = high - low
    if needed <= steady:
        return WAD
    if needed >= high:
        return 0
    return WAD - margin._ceil_div((needed - steady) * WAD, low)
