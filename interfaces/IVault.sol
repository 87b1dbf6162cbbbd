// SPDX-License-Identifier: AGPL-3.0-only
// Written by `python -m quality.interfaces` from contracts/Vault.vy.
pragma solidity >=0.8.4;

/// @title Vault
/// @notice A spoke. Borrowers lock one collateral token and draw on the pool's credit line; collateral ratios are
/// checked on every step; anyone may close an unhealthy position, partly or fully, for a bonus.
/// @dev Every pull is from the caller, never from an owner; callbacks go to the caller, only when it passed data.
/// In everything that pays the pool the order of calls is: position storage; collateral out; callback; balance
/// read; pull; `settle`, which returns the balance; balance check; provisions. Until `settle` the pool still
/// counts the debt, so its books are true in every callback.
///
/// The largest uint as an amount means "as much as is allowed"; any other amount is exact, except that a
/// repayment is capped at the debt, so that a stranger's 1-wei repayment cannot make it fail.
/// @custom:security The oracle and the collateral are trusted; what they can cost the pool is bounded by the credit
/// limit. The vault's lock is held in every callback. The Factory checks the parameters: trust no vault
/// that it did not deploy.
interface IVault {
    struct RiskParams {
        uint256 ltv;  // WAD: debt over collateral value up to which one may borrow
        uint256 threshold;  // WAD: liquidation threshold
        uint256 bonus_min;  // WAD: bonus at health 1
        uint256 bonus_max;  // WAD: bonus at and below `health_for_max_bonus`
        uint256 health_for_max_bonus;  // WAD
        uint256 target_health;  // WAD: health that a full restorable close leads to
        uint256 shortfall_slope;  // WAD: bonus gained per unit of missing equity
        uint256 liquidation_fee;  // WAD: reserve's part of the bonus
        uint256 min_debt;  // base units of the loan asset
    }

    struct Quote {
        bool liquidatable;  // health below 1; the rest is zero when not
        uint256 shares;  // debt shares extinguished; 0 = cannot execute, and the rest is zero but for health_before
        uint256 paid;  // base units of the loan asset for the debt
        uint256 fee;  // base units of the loan asset on top
        uint256 seized;  // base units of collateral
        uint256 extinguished;  // base units of debt, rounded down
        uint256 health_before;  // WAD, rounded down
        uint256 health_after;  // WAD, rounded down; the largest uint when no debt is left
    }

    struct MarginTerms {
        uint256 initial_margin;  // WAD: 1 - ltv
        uint256 maintenance_margin;  // WAD: 1 - threshold
        uint256 liquidation_price;  // 1e36: lowest price at which the position is healthy; 0 without debt
        uint256 bankruptcy_price;  // 1e36: lowest price at which the collateral covers the debt; 0 without debt
    }

    event Deposit(
        address indexed owner,
        uint256 amount  // base units of collateral
    );

    event Withdraw(
        address indexed owner,
        address receiver,
        uint256 amount  // base units of collateral
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

    event LiquidationCall(
        address indexed liquidator,
        uint256 price,  // 1e36
        // the pool's books that every close of the call was computed with:
        // bits 0..109 total debt (1/65536 base units), 110..213 total debt shares
        uint256 debt_totals
    );

    event Liquidation(
        address indexed owner,
        // bits 0..127 seized (base units of collateral), 128..231 debt shares
        uint256 close,
        // bits 0..95 repaid, 96..191 fee (base units of the loan asset), 192..223 health before, 224..255 health
        // after (both in 1e9, rounded down; all ones: 4.29 and above, or no debt left). What was extinguished is
        // the debt of the shares by `debt_totals`, rounded down.
        uint256 payment
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

    /// @notice The price source, see `IOracle`.
    function oracle() external view returns (address);

    /// @notice The risk parameters.
    function risk() external view returns (RiskParams memory);

    /// @notice packed, see `position`
    function positions(address arg0) external view returns (uint256);

    /// @return Collateral in base units; debt shares.
    function position_of(address owner) external view returns (uint256, uint256);

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

    /// @notice Health factor at the oracle's price, WAD, rounded down; the largest uint without debt. Whether a
    /// position is liquidatable is decided on integers, see `preview_liquidate`.
    function health(address owner) external view returns (uint256);

    /// @notice The position in the terms of an exchange. Prices are exact: one less and it is liquidatable, or its
    /// collateral no longer covers its debt. The largest uint for a debt without collateral.
    function margin_terms(address owner) external view returns (MarginTerms memory);

    /// @notice What `borrow` would send for the largest uint, base units: bound by health at the safe price, line
    /// and cash; below the exact maximum by at most the value of one debt share plus one base unit.
    function max_borrow(address owner) external view returns (uint256);

    /// @notice What `withdraw` would send for the largest uint, base units: bound by health at the safe price, with
    /// one base unit of debt to spare.
    function max_withdraw(address owner) external view returns (uint256);

    /// @notice What `liquidate` would do in this block, to the wei; `shares` = 0 when it would revert.
    function preview_liquidate(address owner, uint256 max_repay) external view returns (Quote memory);

    /// @notice What `liquidate_batch` would return in this block, to the wei; zeros when it would revert.
    /// @dev A repeated owner is looked up among the earlier orders: cost grows with the square of their number.
    function preview_liquidate_batch(
        uint256[] calldata orders
    ) external view returns (uint256, uint256, uint256, uint256);

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

    /// @notice The token that is locked.
    function collateral_asset() external view returns (address);

    /// @notice Lock `amount` base units of the caller's collateral in `owner`'s position. Open to all.
    function deposit(uint256 amount, address owner) external;

    /// @notice The same with owner = msg.sender.
    function deposit(uint256 amount) external;

    /// @notice Release collateral. Without debt neither oracle nor pool is asked.
    /// @param amount Base units; the largest uint means all that health allows.
    /// @return Base units sent.
    function withdraw(uint256 amount, address receiver, address owner) external returns (uint256);

    /// @notice The same with owner = msg.sender.
    function withdraw(uint256 amount, address receiver) external returns (uint256);

    /// @notice The same with receiver = msg.sender, owner = msg.sender.
    function withdraw(uint256 amount) external returns (uint256);

    /// @notice Draw on the pool's credit line against `owner`'s collateral.
    /// @param amount Base units of the loan asset; the largest uint means all that health, line and cash allow.
    /// @return Base units sent.
    function borrow(uint256 amount, address receiver, address owner) external returns (uint256);

    /// @notice The same with owner = msg.sender.
    function borrow(uint256 amount, address receiver) external returns (uint256);

    /// @notice The same with receiver = msg.sender, owner = msg.sender.
    function borrow(uint256 amount) external returns (uint256);

    /// @notice Deposit and borrow in one call. With data the loan is sent first, then `on_open` is called on the
    /// caller, then the collateral is pulled, then health is checked: leverage without a flash loan.
    /// @param collateral Base units to lock.
    /// @param debt Base units of the loan asset; the largest uint means all that health, line and cash allow.
    /// @return Base units of the loan asset sent.
    function open(
        uint256 collateral,
        uint256 debt,
        address receiver,
        address owner,
        bytes calldata data
    ) external returns (uint256);

    /// @notice The same with data = "".
    function open(uint256 collateral, uint256 debt, address receiver, address owner) external returns (uint256);

    /// @notice The same with owner = msg.sender, data = "".
    function open(uint256 collateral, uint256 debt, address receiver) external returns (uint256);

    /// @notice The same with receiver = msg.sender, owner = msg.sender, data = "".
    function open(uint256 collateral, uint256 debt) external returns (uint256);

    /// @notice Repay and withdraw in one call. With data the collateral is sent first, then `on_close` is called on
    /// the caller, then the repayment is pulled, then health is checked.
    /// @param repayment Base units of the loan asset, capped at the debt; the largest uint means all.
    /// @param withdrawal Base units of collateral; the largest uint means all that health then allows.
    /// @return Base units repaid; base units of collateral sent.
    function close(
        uint256 repayment,
        uint256 withdrawal,
        address receiver,
        address owner,
        bytes calldata data
    ) external returns (uint256, uint256);

    /// @notice The same with data = "".
    function close(
        uint256 repayment,
        uint256 withdrawal,
        address receiver,
        address owner
    ) external returns (uint256, uint256);

    /// @notice The same with owner = msg.sender, data = "".
    function close(uint256 repayment, uint256 withdrawal, address receiver) external returns (uint256, uint256);

    /// @notice The same with receiver = msg.sender, owner = msg.sender, data = "".
    function close(uint256 repayment, uint256 withdrawal) external returns (uint256, uint256);

    /// @notice Close an unhealthy position, as far as `max_repay` and the rules allow.
    /// @param max_repay Base units of the loan asset, the fee not included; the largest uint means no limit.
    /// @param min_rate Least collateral for what is paid with the fee, base units per base unit scaled 1e36; 0 = any.
    /// @param receiver Gets the collateral.
    /// @param data When not empty, `on_liquidation` is called on the caller before it has to pay.
    /// @return Base units paid for the debt; base units of fee on top; base units of collateral seized.
    function liquidate(
        address owner,
        uint256 max_repay,
        uint256 min_rate,
        address receiver,
        bytes calldata data
    ) external returns (uint256, uint256, uint256);

    /// @notice The same with data = "".
    function liquidate(
        address owner,
        uint256 max_repay,
        uint256 min_rate,
        address receiver
    ) external returns (uint256, uint256, uint256);

    /// @notice The same with receiver = msg.sender, data = "".
    function liquidate(
        address owner,
        uint256 max_repay,
        uint256 min_rate
    ) external returns (uint256, uint256, uint256);

    /// @notice The same with min_rate = 0, receiver = msg.sender, data = "".
    function liquidate(address owner, uint256 max_repay) external returns (uint256, uint256, uint256);

    /// @notice Close many positions with one oracle read, one payment and one collateral transfer. Orders that
    /// cannot execute are skipped; if none executes the call reverts. Every order is computed with the
    /// debt totals as they stood at the start; a repeated owner's later orders see the earlier ones.
    /// @param orders One word each: bits 0..159 the owner, bits 160..255 the limit as `max_repay` of `liquidate`,
    /// 2**96 - 1 = none.
    /// @param min_rate As for `liquidate`, over the whole batch.
    /// @return Sums of base units paid, of fee and of collateral seized; bit i says that order i was executed.
    function liquidate_batch(
        uint256[] calldata orders,
        uint256 min_rate,
        address receiver,
        bytes calldata data
    ) external returns (uint256, uint256, uint256, uint256);

    /// @notice The same with data = "".
    function liquidate_batch(
        uint256[] calldata orders,
        uint256 min_rate,
        address receiver
    ) external returns (uint256, uint256, uint256, uint256);

    /// @notice The same with receiver = msg.sender, data = "".
    function liquidate_batch(
        uint256[] calldata orders,
        uint256 min_rate
    ) external returns (uint256, uint256, uint256, uint256);

    /// @notice The same with min_rate = 0, receiver = msg.sender, data = "".
    function liquidate_batch(uint256[] calldata orders) external returns (uint256, uint256, uint256, uint256);

    /// @notice Report the shortfall of `owner`'s position at the oracle's price to the pool: debt less the price of the
    /// whole position, or nothing when it is restorable. Falls below what was reported before only as far as
    /// the safe price agrees. Open to all.
    /// @return The position's provision, base units of the loan asset.
    function poke(address owner) external returns (uint256);
}
