// SPDX-License-Identifier: AGPL-3.0-only
// Written by `python -m quality.interfaces` from contracts/Pool.vy.
pragma solidity >=0.8.4;

/// @title Pool
/// @notice The hub. Lenders supply one loan asset and hold ERC-4626 shares; vaults draw on credit lines and settle
/// what their borrowers repay. The pool accrues interest, makes ERC-3156 flash loans, keeps a reserve and
/// bears losses: reserve first, then the backstop, then lenders.
/// @dev Every function that changes state takes the lock; views that read cash take it as well, views marked
/// "reentrant" read storage alone. The pool never calls a vault.
/// @custom:security A pool trusts its asset, and the vaults that its Factory made, up to their credit limits. The
/// Factory checks the parameters: trust no pool that it did not deploy.
interface IPool {
    struct RateParams {
        uint256 target_utilisation;  // WAD, between 0 and 1 exclusive
        uint256 rate_min;  // WAD per second: lowest rate at target
        uint256 rate_max;  // WAD per second: highest rate at target
        uint256 rate_initial;  // WAD per second: rate at target on the first day
        uint256 speed;  // WAD per second: e-folds of the rate at target at full deviation; 0 = static kink
        uint256 steepness;  // WAD: rate at full utilisation over rate at target
        uint256 floor;  // base units of total assets below which the rate at target stands still
    }

    struct PoolParams {
        address asset;  // the loan asset
        string name;  // of the lender shares
        string symbol;
        uint256 reserve_factor;  // WAD: the reserve's part of the interest, at most 25 %
        uint256 flash_fee;  // WAD: fee of a flash loan, at most 1 %; it is paid to the reserve
        RateParams rates;
        uint256 insurance_target;  // WAD: reserve that is kept, of the larger of assets and debt, at most 1
        uint256 backstop_share;  // WAD: the backstop's part of what is paid out of the reserve, at most 1
        uint256 cooldown;  // seconds from a request to leave the backstop to leaving; see `Backstop`
        uint256 minimum_stake;  // shares of the pool below which the backstop earns nothing; see `Backstop`
        uint256 draw_burst;  // WAD: part of a credit line that may be drawn at once, above 0; 1 = no pace
        uint256 draw_refill;  // seconds until what was drawn at once may be drawn again, 60 to 30 days
    }

    struct DebtTotals {
        uint256 debt;  // all debt, 1/65536 base units, with interest
        uint256 shares;  // all debt shares
    }

    struct Totals {
        uint256 total_assets;  // 1/65536 base units
        uint256 total_debt;  // 1/65536 base units
        uint256 total_supply;
        uint256 total_debt_shares;
        uint256 log_rate;
        uint256 flags;
    }

    event Transfer(
        address indexed sender,
        address indexed receiver,
        uint256 value
    );

    event Approval(
        address indexed owner,
        address indexed spender,
        uint256 value
    );

    event Deposit(
        address indexed sender,
        address indexed owner,
        uint256 assets,
        uint256 shares
    );

    event Withdraw(
        address indexed sender,
        address indexed receiver,
        address indexed owner,
        uint256 assets,
        uint256 shares
    );

    event Loss(
        address indexed vault,  // empty for what no vault has lost: cash seized, books that were short before
        uint256 reserves,  // base units, rounded up
        uint256 backstop,  // base units
        uint256 lenders  // base units
    );

    event ProvisionSet(
        address indexed vault,
        uint256 amount,  // base units: provisions of the vault
        uint256 total  // base units: of all vaults
    );

    event Initialized(
        address indexed council,
        address indexed backstop
    );

    event Opened();

    event LimitSet(
        address indexed vault,
        uint256 limit  // base units
    );

    event SupplyCapSet(
        uint256 cap  // base units, 0 = none
    );

    event PauseSet(
        uint256 until  // time; 0 = lifted
    );

    function name() external view returns (string memory);

    function symbol() external view returns (string memory);

    function decimals() external view returns (uint8);

    /// @notice Lender shares in existence.
    function totalSupply() external view returns (uint256);

    function balanceOf(address arg0) external view returns (uint256);

    function allowance(address arg0, address arg1) external view returns (uint256);

    function nonces(address arg0) external view returns (uint256);

    /// @notice Move `amount` shares from the caller to `to`.
    function transfer(address to, uint256 amount) external returns (bool);

    /// @notice Move `amount` of `owner`'s shares to `to` out of the caller's allowance.
    function transferFrom(address owner, address to, uint256 amount) external returns (bool);

    /// @notice Allow `spender` to move `amount` of the caller's shares; the largest uint never decreases.
    function approve(address spender, uint256 amount) external returns (bool);

    /// @notice Approve by the owner's EIP-712 signature (EIP-2612).
    /// @param deadline Last second in which the signature may be used.
    function permit(
        address owner,
        address spender,
        uint256 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// @notice The EIP-712 domain separator, rebuilt when the chain id changes.
    function DOMAIN_SEPARATOR() external view returns (bytes32);

    /// @notice The loan asset.
    function asset() external view returns (address);

    /// @notice What lenders own, base units, rounded down, with the interest up to this block.
    function totalAssets() external view returns (uint256);

    /// @notice Shares that `assets` base units are worth, rounded down.
    function convertToShares(uint256 assets) external view returns (uint256);

    /// @notice Base units that a redeemer of `shares` receives, rounded down.
    function convertToAssets(uint256 shares) external view returns (uint256);

    /// @notice Shares that a deposit of `assets` base units gives, rounded down.
    function previewDeposit(uint256 assets) external view returns (uint256);

    /// @notice Base units that `shares` cost, rounded up.
    function previewMint(uint256 shares) external view returns (uint256);

    /// @notice Shares that a withdrawal of `assets` base units burns, rounded up.
    function previewWithdraw(uint256 assets) external view returns (uint256);

    /// @notice Base units that redeeming `shares` pays, rounded down.
    function previewRedeem(uint256 shares) external view returns (uint256);

    /// @notice The largest deposit accepted now, base units, the same for everyone; 0 before opening, while
    /// paused and when wiped.
    function maxDeposit(address receiver) external view returns (uint256);

    /// @notice The largest number of shares that can be minted now, the same for everyone.
    function maxMint(address receiver) external view returns (uint256);

    /// @notice The most that `owner` can withdraw now, base units; 0 while provisions keep back more than 0.1 %.
    function maxWithdraw(address owner) external view returns (uint256);

    /// @notice The most shares that `owner` can redeem now; when not all, below the exact maximum by less than what
    /// one base unit buys; 0 while provisions keep back more than 0.1 %.
    function maxRedeem(address owner) external view returns (uint256);

    /// @notice Lend `amount` base units for the length of a call (ERC-3156). The receiver must have approved
    /// `amount` plus the fee. The pool's lock is held meanwhile, so that nothing can be repaid or
    /// liquidated in this pool; the callbacks of its vaults do that better. The books do not change, so
    /// the asset's own transfers are the whole record: there is no event.
    function flashLoan(
        address receiver,
        address token,
        uint256 amount,
        bytes calldata data
    ) external returns (bool);

    /// @notice The largest flash loan, base units; 0 for any other token.
    function maxFlashLoan(address token) external view returns (uint256);

    /// @notice The fee of a flash loan of `amount` base units, rounded up.
    function flashFee(address token, uint256 amount) external view returns (uint256);

    /// @notice may set limits, cap and pause; see Council.vy
    function council() external view returns (address);

    /// @notice Open the pool to lenders. It cannot be closed again.
    function open_pool() external;

    /// @notice Whether the pool is open to lenders.
    function is_open() external view returns (bool);

    /// @notice Refuse deposits that would lift total assets above `cap` base units; 0 removes the cap.
    function set_supply_cap(uint256 cap) external;

    /// @notice base units of total assets; 0 = none
    function supply_cap() external view returns (uint256);

    /// @notice Stop new supply and new borrowing until a time; 0 lifts the pause.
    function set_pause(uint256 until) external;

    /// @notice time until which new supply and new borrowing are stopped; 0 = no pause
    function paused_until() external view returns (uint256);

    /// @notice The reserve that is kept, WAD of the larger of assets and debt.
    function insurance_target() external view returns (uint256);

    /// @notice The backstop's part of what is paid out of the reserve, WAD.
    function backstop_share() external view returns (uint256);

    /// @notice holder of the shares that bear losses before other lenders; may be empty
    function backstop() external view returns (address);

    /// @notice base units, of all vaults
    function provisions() external view returns (uint256);

    /// @notice base units, by vault
    function provision_of(address arg0) external view returns (uint256);

    /// @notice What the reserve holds above provisions and the insurance target, base units, rounded down; reverts
    /// when the pool is wiped.
    function excess() external view returns (uint256);

    /// @notice The backstop's shares that booking every provision now would burn, rounded up; at most all of them.
    function backstop_haircut() external view returns (uint256);

    /// @notice What cash and debt exceed lenders' assets by, base units, rounded down.
    function reserves() external view returns (uint256);

    /// @return The part of a limit that may be drawn at once, WAD, 1 = no pace; seconds until it may be drawn again.
    function pace() external view returns (uint256, uint256);

    /// @notice base units, all losses of a vault, each rounded up
    function losses(address arg0) external view returns (uint256);

    /// @notice The curve's parameters.
    function rate_params() external view returns (RateParams memory);

    /// @notice The reserve's part of the interest, WAD.
    function reserve_factor() external view returns (uint256);

    /// @notice Name the council and the backstop, once. Called by the Factory right after deployment.
    /// @param backstop Empty = no junior tranche.
    function initialize(address council, address backstop) external;

    /// @notice Set the credit limit of a vault of this pool, registering the vault if it is new.
    /// @param limit Base units; a limit below what is drawn stops drawing only.
    function set_limit(address vault, uint256 limit) external;

    /// @notice Turn what the reserve holds above the insurance target into new shares: a fixed part for the
    /// backstop, the rest for `receiver`. A part without a recipient stays in the reserve.
    /// @param limit Base units to pay out at most.
    /// @return Base units that left the reserve.
    function distribute_excess(uint256 limit, address receiver) external returns (uint256);

    /// @notice Supply `assets` base units; `receiver` gets the shares.
    /// @return Shares, rounded down.
    function deposit(uint256 assets, address receiver) external returns (uint256);

    /// @notice Supply what `shares` cost; `receiver` gets them.
    /// @return Base units paid, rounded up.
    function mint(uint256 shares, address receiver) external returns (uint256);

    /// @notice Pay `assets` base units to `receiver` out of `owner`'s shares. Refused while provisions keep back
    /// more than 0.1 % of the price: `exit` pays then, at a price that the caller bounds.
    /// @return Shares burnt, rounded up.
    function withdraw(uint256 assets, address receiver, address owner) external returns (uint256);

    /// @notice Burn `shares` of `owner` and pay what they are worth to `receiver`. Refused as `withdraw` is.
    /// @return Base units paid, rounded down.
    function redeem(uint256 shares, address receiver, address owner) external returns (uint256);

    /// @notice Redeem as much of `shares` as the owner holds and the pool can pay now. Never reverts for lack of
    /// cash: it then pays less and burns fewer shares, possibly zero. Pays whatever provisions keep back.
    /// @param shares Largest number of shares to burn; the largest uint means all.
    /// @param min_assets Revert when less than this would be paid, base units.
    /// @return Base units paid, rounded down; shares burnt, rounded up.
    function exit(
        uint256 shares,
        uint256 min_assets,
        address receiver,
        address owner
    ) external returns (uint256, uint256);

    /// @notice Add the interest since the last call. Open to all; reverts only while the lock is taken.
    /// @return The debt totals, with it.
    function accrue() external returns (DebtTotals memory);

    /// @notice A vault draws `amount` base units on its credit line; they are sent to `receiver`.
    /// @return Debt shares, rounded up; the debt totals afterwards.
    function draw(uint256 amount, address receiver) external returns (uint256, DebtTotals memory);

    /// @notice A vault extinguishes `shares` of its debt, after `paid` base units for it have reached the pool.
    /// @dev What the reserve cannot absorb is read off the books, never taken from an argument; `paid` only says
    /// how much of what was extinguished is a loss, for the event and the credit line.
    /// @param shares Debt shares to extinguish; their debt is rounded down; the last share extinguishes all
    /// of the total debt.
    /// @param paid Base units.
    /// @return The pool's cash, base units, by which the vault checks that a payment arrived in full.
    function settle(uint256 shares, uint256 paid) external returns (uint256);

    /// @notice A vault reports the total known shortfall of its positions, in place of what it reported before.
    /// @param amount Base units; at most what the vault has drawn counts.
    function set_provision(uint256 amount) external;

    /// @notice Book a shortfall that no vault made, such as cash seized by the asset's issuer. Open to all.
    /// @return Base units that the backstop and lenders bore; 0 when the books are covered.
    function book_shortfall() external returns (uint256);

    /// @notice The books as of this block: amounts in 1/65536 base units, shares, `log_rate`, flags.
    function totals() external view returns (Totals memory);

    /// @notice As `accrue` would return.
    function debt_totals() external view returns (DebtTotals memory);

    /// @return The limit in base units; the debt shares drawn; what they owe in base units, rounded up.
    function credit_line(address vault) external view returns (uint256, uint256, uint256);

    /// @notice What `vault` may draw now, base units: bound by its line and the pace, by lenders' assets not lent and
    /// by cash; 0 while paused. Below the exact maximum by at most the value of one debt share plus one base unit,
    /// which rounding may cost.
    function max_draw(address vault) external view returns (uint256);

    /// @notice Debt over lenders' assets, WAD, rounded down, at most 1.
    function utilisation() external view returns (uint256);

    /// @notice The current borrow rate, WAD per second.
    function borrow_rate() external view returns (uint256);

    /// @notice The rate that borrowers would pay at the target utilisation, WAD per second.
    function rate_at_target() external view returns (uint256);
}
