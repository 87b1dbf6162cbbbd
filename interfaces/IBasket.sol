// SPDX-License-Identifier: AGPL-3.0-only
// Written by `python -m quality.interfaces` from contracts/Basket.vy.
pragma solidity >=0.8.4;

import {IVault} from "./IVault.sol";

/// @title Basket
/// @notice A spoke with 2 to 8 collaterals, its legs, behind one debt. Borrowers lock any of them and draw on the pool's
/// credit line; anyone may close an unhealthy position, partly or fully, for a bonus, and takes the same part of
/// every leg.
/// @dev A basket is one collateral whose unit is the basket, so it follows `Vault` step by step: every pull is from the
/// caller; callbacks go to the caller, only when it passed data. In everything that pays the pool the order of
/// calls is: position storage; collateral out; callback; balance read; pull; `settle`; balance check; provisions.
///
/// The largest uint as an amount means "as much as is allowed", as for a vault; any other amount is exact, except
/// that a repayment is capped at the debt. What is allowed now says the Lens: a basket has no room for the views.
/// @custom:security Every leg's oracle and token are trusted; what they can cost the pool is bounded by the credit limit.
/// An oracle that fails is a silent leg, see `basket`; a token that does not move is left out. The basket's
/// lock is held in every callback. The Factory checks the parameters: trust no basket that it did not
/// deploy.
interface IBasket {
    struct Leg {
        address token;
        address oracle;  // see `IOracle`
        uint256 ltv;  // WAD: debt over the leg's value up to which one may borrow
        uint256 threshold;  // WAD: liquidation threshold
        // 1e36: what the leg counts for while its oracle is silent, and at most for a loan; at least 4 times its price
        // when the basket was made
        uint256 ceiling;
    }

    struct Quote {
        bool liquidatable;  // health below 1; the rest is zero when not
        bool known;  // False while silent legs leave open whether the debt is covered: nothing can be closed
        uint256 shares;  // debt shares extinguished; 0 = cannot execute
        uint256 paid;  // base units of the loan asset for the debt
        uint256 fee;  // base units of the loan asset on top
        uint256[4] seized;  // base units, two legs a word: bits 0..127 leg 2j, 128..255 leg 2j + 1
        uint256 extinguished;  // base units of debt, rounded down
        uint256 health_before;  // WAD, rounded down, silent legs at their ceilings
        uint256 health_after;  // WAD, likewise; the largest uint when no debt is left
    }

    event Deposit(
        address indexed owner,
        uint256 leg,
        uint256 amount  // base units of the leg
    );

    event Withdraw(
        address indexed owner,
        address receiver,
        uint256 leg,
        uint256 amount  // base units of the leg
    );

    event LiquidationCall(
        address indexed liquidator,
        uint256[8] prices,  // 1e36, of each leg; 0 for one that was silent or not asked
        // the pool's books that every close of the call was computed with:
        // bits 0..109 total debt (1/65536 base units), 110..213 total debt shares
        uint256 debt_totals
    );

    event Liquidation(
        address indexed owner,
        uint256 shares,  // debt shares
        // bits 0..95 repaid, 96..191 fee (base units of the loan asset), 192..223 health before, 224..255 health
        // after (both in 1e9, rounded down; all ones: 4.29 and above, or no debt left). What was extinguished is
        // the debt of the shares by `debt_totals`, rounded down.
        uint256 payment,
        uint256[4] seized  // base units, two legs a word: bits 0..127 leg 2j, 128..255 leg 2j + 1
    );

    event Borrow(
        address indexed owner,
        address receiver,
        uint256 amount,  // base units of the loan asset
        uint256 shares  // debt shares
    );

    event Repay(
        address indexed owner,
        uint256 amount,  // base units of the loan asset
        uint256 shares  // debt shares
    );

    event OperatorSet(
        address indexed owner,
        address indexed operator,
        uint256 rights
    );

    event ProvisionSet(
        address indexed owner,
        uint256 amount  // base units of the loan asset: the position's known shortfall
    );

    /// @notice The pool that the vault draws from.
    function pool() external view returns (address);

    /// @notice The token that is borrowed.
    function loan_asset() external view returns (address);

    /// @notice The legs, in the order of all masks and lists.
    function legs() external view returns (Leg[] memory);

    /// @notice The risk parameters.
    function risk() external view returns (IVault.RiskParams memory);

    /// @notice packed, see `position`
    function positions(address arg0) external view returns (uint256);

    /// @return Base units of each leg; debt shares.
    function position_of(address owner) external view returns (uint256[8] memory, uint256);

    /// @notice base units of the loan asset: a position's shortfall
    function provision_of(address arg0) external view returns (uint256);

    /// @notice their sum
    function provisions() external view returns (uint256);

    /// @notice Repay debt of `owner` with the caller's loan asset. Open to all; needs no oracle.
    /// @param amount Base units, capped at the debt; the largest uint means all.
    /// @return Base units paid.
    function repay(uint256 amount, address owner) external returns (uint256);

    /// @notice The same with owner = msg.sender.
    function repay(uint256 amount) external returns (uint256);

    /// @notice Debt with interest up to this block, base units, rounded up.
    function debt_of(address owner) external view returns (uint256);

    /// @notice Health factor at the oracles' prices, WAD, rounded down; the largest uint without debt. Silent legs count
    /// at their ceilings, as where it is decided who may be liquidated.
    function health(address owner) external view returns (uint256);

    /// @notice What `liquidate` would do in this block, to the wei; `shares` = 0 when it would revert.
    function preview_liquidate(
        address owner,
        uint256 max_repay,
        uint256 without
    ) external view returns (Quote memory);

    /// @notice The same with without = 0.
    function preview_liquidate(address owner, uint256 max_repay) external view returns (Quote memory);

    /// @notice Set what `operator` may do for the caller; 0 revokes all rights.
    function set_operator(address operator, uint256 rights) external;

    /// @notice Set what `operator` may do for `owner`, who signed so (EIP-712; see `_has_signed`).
    /// Returns quietly when the nonce is used and the operator has just these rights: somebody else
    /// delivered the signature first.
    /// @param nonce The owner's next nonce.
    /// @param deadline Last second in which the signature may be used.
    function set_operator_by_signature(
        address owner,
        address operator,
        uint256 rights,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external;

    /// @notice owner -> operator -> rights
    function rights_of(address arg0, address arg1) external view returns (uint256);

    function nonces(address arg0) external view returns (uint256);

    /// @notice The EIP-712 domain separator, of the chain's id now.
    function DOMAIN_SEPARATOR() external view returns (bytes32);

    /// @notice Lock `amount` base units of the caller's in `owner`'s position. Open to all.
    function deposit(uint256 leg, uint256 amount, address owner) external;

    /// @notice The same with owner = msg.sender.
    function deposit(uint256 leg, uint256 amount) external;

    /// @notice Release some of a leg. Without debt neither oracle nor pool is asked.
    /// @param amount Base units; the largest uint means all that health allows.
    /// @return Base units sent.
    function withdraw(uint256 leg, uint256 amount, address receiver, address owner) external returns (uint256);

    /// @notice The same with owner = msg.sender.
    function withdraw(uint256 leg, uint256 amount, address receiver) external returns (uint256);

    /// @notice The same with receiver = msg.sender, owner = msg.sender.
    function withdraw(uint256 leg, uint256 amount) external returns (uint256);

    /// @notice Draw on the pool's credit line against `owner`'s collateral.
    /// @param amount Base units of the loan asset; the largest uint means all that health, line and cash allow.
    /// @return Base units sent.
    function borrow(uint256 amount, address receiver, address owner) external returns (uint256);

    /// @notice The same with owner = msg.sender.
    function borrow(uint256 amount, address receiver) external returns (uint256);

    /// @notice The same with receiver = msg.sender, owner = msg.sender.
    function borrow(uint256 amount) external returns (uint256);

    /// @notice Deposit of one leg and borrow in one call. With data the loan is sent first, then `on_open` is called on
    /// the caller, then the collateral is pulled, then health is checked: leverage without a flash loan.
    /// @param collateral Base units of the leg to lock.
    /// @param debt Base units of the loan asset; the largest uint means all that health, line and cash allow.
    /// @return Base units of the loan asset sent.
    function open(
        uint256 leg,
        uint256 collateral,
        uint256 debt,
        address receiver,
        address owner,
        bytes calldata data
    ) external returns (uint256);

    /// @notice Repay and withdraw one leg in one call. With data the collateral is sent first, then `on_close` is called
    /// on the caller, then the repayment is pulled, then health is checked.
    /// @param repayment Base units of the loan asset, capped at the debt; the largest uint means all.
    /// @param withdrawal Base units of the leg; the largest uint means all that health then allows.
    /// @return Base units repaid; base units of the leg sent.
    function close(
        uint256 repayment,
        uint256 leg,
        uint256 withdrawal,
        address receiver,
        address owner,
        bytes calldata data
    ) external returns (uint256, uint256);

    /// @notice Close an unhealthy position, as far as `max_repay` and the rules allow: the same part of every leg.
    /// @param max_repay Base units of the loan asset, the fee not included; the largest uint means no limit.
    /// @param min_seized Least base units of each leg; legs that are not named have none.
    /// @param without Mask of legs to leave out, such as one whose token does not move: for the smallest bonus, less as
    /// the other legs restore less health.
    /// @param receiver Gets the collateral.
    /// @param data When not empty, `on_basket_liquidation` is called on the caller before it has to pay.
    /// @return Base units paid for the debt; base units of fee on top; base units of each leg seized.
    function liquidate(
        address owner,
        uint256 max_repay,
        uint256[] calldata min_seized,
        uint256 without,
        address receiver,
        bytes calldata data
    ) external returns (uint256, uint256, uint256[8] memory);

    /// @notice Close many positions with one read of each oracle, one payment and one transfer of each leg. Orders that
    /// cannot execute are skipped; if none executes the call reverts with the reason of the last. Every order is
    /// computed with the debt totals as they stood at the start; a repeated owner's later orders see the earlier
    /// ones.
    /// @param orders One word each, as for a vault: bits 0..159 the owner, bits 160..255 the limit, 2**96 - 1 = none.
    /// @param min_seized As for `liquidate`, over the whole batch.
    /// @return Sums of base units paid, of fee and of each leg seized; bit i says that order i was executed.
    function liquidate_batch(
        uint256[] calldata orders,
        uint256[] calldata min_seized,
        address receiver,
        bytes calldata data
    ) external returns (uint256, uint256, uint256[8] memory, uint256);

    /// @notice Report the shortfall of `owner`'s position to the pool: debt less the price of the whole position, or
    /// nothing when it is restorable. Silent legs count at their ceilings. Falls below what was reported before
    /// only as far as the safe prices agree, silent legs at nothing. Open to all.
    /// @return The position's provision, base units of the loan asset.
    function poke(address owner) external returns (uint256);
}
