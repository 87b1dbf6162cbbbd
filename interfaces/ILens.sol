// SPDX-License-Identifier: AGPL-3.0-only
// Written by `python -m quality.interfaces` from contracts/Lens.vy.
pragma solidity >=0.8.4;

import {IBasket} from "./IBasket.sol";
import {IVault} from "./IVault.sol";

/// @title Lens
/// @notice Bulk and what-if views for people and bots, for every pool, vault and basket of one Factory. It holds no
/// state, no rights and no tokens. Structs and their units are in `ILens`.
/// @dev Positions are computed by the modules that the vaults are built from, from each vault's own storage words,
/// parameters and books: so an answer equals the vault's own view to the wei, and a whole page costs one
/// oracle call. Owners without a position get an empty one.
///
/// A basket's oracles are asked once for a page as well. What a liquidation would do says the basket itself, for
/// those who can be liquidated: it asks its oracles anew for each.
///
/// A page holds at most 256 entries. Callers with more ask again.
///
/// Cash is read by locked views of the pool: `pool_summary`, `credit_lines` and `vault_summary` revert inside
/// the pool's own callbacks. The functions about positions answer there, with the books as they are.
/// @custom:security Every vault and pool is looked up in the Factory's registry, so its code is known. Its oracle and
/// tokens are not: anyone may deploy a vault with an oracle of their own. They can lie about their
/// own price and balance, and nothing else. An oracle that reverts, answers 0 or answers
/// nonsense is flagged by a price of 0, and gets at most half of the gas, so it stops no call. An
/// oracle of a basket gets 1,000,000 at most, as from the basket; one that burns them for every owner
/// can make a page of candidates too dear.
interface ILens {
    struct Position {
        address owner;
        uint256 collateral;  // base units of the collateral
        uint256 debt_shares;
        uint256 debt;  // base units of the loan asset, with interest up to this block, rounded up
        IVault.MarginTerms terms;  // initial and maintenance margin, liquidation and bankruptcy price
        uint256 health;  // WAD, rounded down; the largest uint without debt; 0 without a price
        // 1e36: the oracle's price; 0 = it has none that this collateral can be valued at, and what follows is 0
        uint256 price;
        bool is_liquidatable;
        uint256 value;  // base units of the loan asset, rounded down
        int256 equity;  // base units of the loan asset: value less debt
        uint256 leverage;  // WAD: value over equity, rounded down; the largest uint without equity
    }

    struct Candidate {
        address owner;
        IVault.Quote quote;  // what `liquidate` does in this block for an offer without limit
    }

    struct BasketPosition {
        address owner;
        uint256[8] amounts;  // base units of each leg
        uint256 debt_shares;
        uint256 debt;  // base units of the loan asset, with interest up to this block, rounded up
        // mask of the legs held whose oracle has no price: they count at their ceilings in `health`, `is_liquidatable`,
        // `value_most`, `weighted`, both falls and `shortfall`, and for nothing elsewhere
        uint256 silent;
        uint256 health;  // WAD, rounded down; the largest uint without debt
        bool is_liquidatable;
        uint256 value;  // base units of the loan asset: the legs that have a price, each rounded down
        uint256 value_most;  // likewise, and the silent legs at their ceilings, each rounded up
        uint256 weighted;  // base units: `value_most` with each leg times its threshold; healthy while the debt is not above
        uint256 power;  // base units: each leg at its safe price times its `ltv`; what may be owed after borrowing
        // WAD, rounded down: the part by which the prices of all legs that have one may fall together until the position is
        // liquidatable, or worth less than its debt, up to a base unit a leg; 0 = it is now; 1 = there is no such fall
        uint256 liquidation_fall;
        uint256 bankruptcy_fall;
        uint256 shortfall;  // base units of the loan asset: debt less the price of the whole position; 0 when restorable
        uint256 provision;  // base units: of it, what `poke` has reported to the pool
    }

    struct BasketCandidate {
        address owner;
        IBasket.Quote quote;  // what `liquidate` does in this block for an offer without limit
    }

    struct CreditLine {
        address vault;  // or basket
        address collateral_asset;  // empty for a basket
        address oracle;  // empty for a basket
        uint256 limit;  // base units of the loan asset; 0 for a vault that the pool's curator has not approved
        uint256 drawn_shares;  // debt shares
        uint256 drawn;  // base units that they owe, rounded up
        // base units that the vault can draw now: bound by its line, by lenders' assets not lent, by cash and by a pause
        uint256 headroom;
        uint256 losses;  // base units, all losses of the vault, each rounded up
        uint256 provisions;  // base units: known shortfall of its positions, as reported by `poke`
    }

    struct VaultSummary {
        address pool;
        address loan_asset;
        CreditLine line;
        IVault.RiskParams risk;
        uint256 initial_margin;  // WAD: 1 - ltv
        uint256 maintenance_margin;  // WAD: 1 - threshold
        uint256 price;  // 1e36, for liquidation; 0 = the oracle has none
        uint256 safe_price;  // 1e36, for borrowing and withdrawing; 0 = the oracle has none
    }

    struct LegSummary {
        address token;
        address oracle;
        uint256 ltv;  // WAD
        uint256 threshold;  // WAD
        uint256 ceiling;  // 1e36, see `IBasket.Leg`
        uint256 price;  // 1e36, for liquidation; 0 = the leg is silent
        uint256 safe_price;  // 1e36, for borrowing and withdrawing, at most the ceiling; 0 = it counts for nothing
    }

    struct BasketSummary {
        address pool;
        address loan_asset;
        CreditLine line;
        IVault.RiskParams risk;  // what the legs have in common; `ltv` and `threshold` are 0
        LegSummary[] legs;
    }

    struct PoolSummary {
        address asset;
        address council;
        address backstop;
        uint256 vault_count;  // in the Factory's registry, whatever their limits
        uint256 total_assets;  // base units that lenders own, rounded down
        uint256 total_supply;  // lender shares
        uint256 total_debt;  // base units that vaults owe, rounded up
        uint256 total_debt_shares;
        uint256 cash;  // base units that the pool holds
        uint256 reserves;  // base units, rounded down
        uint256 provisions;  // base units, of all vaults; above 0 exits are priced as if they had been lost
        uint256 utilisation;  // WAD, rounded down, at most 1
        uint256 borrow_rate;  // WAD per second, at this moment
        uint256 supply_rate;  // WAD per second: what lenders earn of it, rounded down
        uint256 rate_at_target;  // WAD per second
        bool is_open;
        uint256 paused_until;  // time until which new supply and new borrowing are stopped; 0 = no pause now
        uint256 supply_cap;  // base units of total assets; 0 = none
        uint256 deposit_room;  // base units that can be deposited now
        uint256 draw_burst;  // WAD: part of a credit line that may be drawn at once; 1 = no pace
        uint256 draw_refill;  // seconds until what was drawn at once may be drawn again
    }

    /// @notice The Factory whose pools, vaults and baskets are read.
    function factory() external view returns (address);

    /// @notice The positions of `owners`, at the oracle's price, in the same order.
    function positions(address vault, address[] calldata owners) external view returns (Position[] memory);

    /// @notice Those of `owners` whose positions can be liquidated, with the exact preview of each on its own.
    /// @return The oracle's price, 1e36; the candidates, in the order of `owners`. A price of 0 means that the
    /// oracle has none and nobody can be liquidated now.
    function liquidatable(
        address vault,
        address[] calldata owners
    ) external view returns (uint256, Candidate[] memory);

    /// @notice What the health of `owners` would be at `price`, WAD, rounded down; the largest uint without debt.
    /// @param price 1e36, above 0.
    function health_at(
        address vault,
        address[] calldata owners,
        uint256 price
    ) external view returns (uint256[] memory);

    /// @notice What `liquidate` would do in this block if the oracle's price were `price`, to the wei.
    /// @param price 1e36, above 0.
    /// @param max_repay Base units of the loan asset, the fee not included; the largest uint means no limit.
    function preview_liquidation_at(
        address vault,
        address owner,
        uint256 price,
        uint256 max_repay
    ) external view returns (IVault.Quote memory);

    /// @notice What the positions of `owners` would cost the pool at `price`: over those whose collateral covers less
    /// than debt and minimum bonus, the debt less what a liquidator pays for the whole. Base units of the loan
    /// asset. An owner who is named twice counts twice.
    /// @param price 1e36, above 0.
    function shortfall_at(
        address vault,
        address[] calldata owners,
        uint256 price
    ) external view returns (uint256);

    /// @notice The debt of `owners` by the price at which it becomes liquidatable: a histogram. No oracle is called.
    /// @param edges Prices, 1e36, ascending.
    /// @return Base units of the loan asset in one bin more than there are edges: bin 0 holds the debts whose
    /// liquidation price is at most `edges[0]`, bin i those above `edges[i - 1]` up to `edges[i]`, the last
    /// those above the last edge. At a price of `edges[i]` the bins after i are liquidatable.
    function debt_by_liquidation_price(
        address vault,
        address[] calldata owners,
        uint256[] calldata edges
    ) external view returns (uint256[] memory);

    /// @notice The positions of `owners` in a basket, at the oracles' prices, in the same order.
    function basket_positions(
        address basket,
        address[] calldata owners
    ) external view returns (BasketPosition[] memory);

    /// @notice Those of `owners` whose positions in a basket can be liquidated, with the exact preview of each on its
    /// own; of one that silent legs keep from being closed it says that it is not `known`.
    /// @param without Mask of the legs to leave out of every close.
    /// @return The oracles' prices, 1e36, 0 for a silent leg; the candidates, in the order of `owners`.
    function basket_liquidatable(
        address basket,
        address[] calldata owners,
        uint256 without
    ) external view returns (uint256[8] memory, BasketCandidate[] memory);

    /// @notice What `borrow` of a basket would send for the largest uint, base units: bound by health at the safe prices,
    /// line and cash; below the exact maximum by at most the value of one debt share plus one base unit.
    function max_borrow(address basket, address owner) external view returns (uint256);

    /// @notice What `withdraw` of a basket would send of a leg for the largest uint, base units: bound by health at the
    /// safe prices, with two base units of debt to spare.
    function max_withdraw(address basket, address owner, uint256 leg) external view returns (uint256);

    /// @notice A basket's legs with both prices of each, what they have in common, and its credit line.
    function basket_summary(address basket) external view returns (BasketSummary memory);

    /// @notice A vault's parameters, its credit line and both of its oracle's prices.
    function vault_summary(address vault) external view returns (VaultSummary memory);

    /// @notice The vaults and baskets of a pool, in the order in which the Factory deployed them. Anyone may deploy one:
    /// those that the curator has not approved have a limit of 0. No oracle is called.
    /// @param first Number of the first vault, from 0.
    /// @param count The most vaults to return; a page holds at most 256.
    function credit_lines(
        address pool,
        uint256 first,
        uint256 count
    ) external view returns (CreditLine[] memory);

    /// @notice A pool's books, rates and state, with the interest up to this block.
    function pool_summary(address pool) external view returns (PoolSummary memory);
}
