// SPDX-License-Identifier: AGPL-3.0-only
// Written by `python -m quality.interfaces` from contracts/periphery/Backstop.vy.
pragma solidity >=0.8.4;

/// @title Backstop
/// @notice The junior tranche of a pool: an ERC-4626 vault over the pool's shares. What is staked here bears losses
/// before other lenders do, and earns a part of what the pool pays out of its reserve.
/// @dev The pool burns shares of this contract without calling it, and mints income to it in the same way; `sync`,
/// with which every function begins, notices both. The pool shares held here are at any time
///
/// stake    of the holders of this token (`totalAssets`)
/// escrow   of requests to leave: bears losses, earns nothing
/// income   received and not yet earned: joins the stake over a cooldown's length
///
/// A loss is borne by income first, then by stake and escrow in proportion.
///
/// Who wants to leave asks (`request`); after the cooldown there are two days to `redeem`, `withdraw` or
/// `leave`, else the request lapses. Where ERC-4626 speaks of an owner's shares, those functions, their previews
/// and maxima mean the shares of the escrow that they got for their request.
///
/// While provisions exceed the pool's reserve, stakers leave by the same rule as lenders: what they are paid is
/// what booking every provision now would leave of it. The rest of their part stays, as income that is earned
/// once the provisions are gone. A haircut needs consent: `redeem` and `withdraw` refuse one of more than
/// 0.1 %, `leave` pays at any that its caller allows.
///
/// Stake and escrow count 1,000 virtual shares and as many virtual assets, so that their only holder gains
/// nothing by pumping the price of a share. A part of which a loss leaves less than 1e-9 of par begins a new
/// generation: its shares are worth nothing and what is left is income.
/// @custom:security Not a price source. Losses that only a poke or a liquidation will show are not in its price.
interface IBackstop {
    struct Part {
        uint256 assets;  // pool shares
        uint256 supply;  // shares of this part; they are worth `assets` together
        uint256 generation;  // shares of an earlier one are worth nothing
    }

    struct Books {
        Part stake;  // of the token's holders
        Part escrow;  // of requests to leave
        uint256 income;  // pool shares received and not yet earned
        uint256 stream_end;  // time at which all of it will be
    }

    struct Departure {
        uint256 shares;  // of the escrow
        uint256 generation;  // of the escrow
        uint256 matures;  // time from which they may leave, for two days
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

    event DepartureRequested(
        address indexed owner,
        uint256 shares,  // shares burnt for it
        uint256 assets,  // pool shares that moved into the escrow
        uint256 matures  // time
    );

    event DepartureCancelled(
        address indexed owner,
        uint256 assets,  // pool shares that moved back
        uint256 shares  // shares made for them
    );

    event IncomeArrived(
        uint256 amount,  // pool shares
        uint256 stream_end  // time at which all income will be earned
    );

    event LossBorne(
        uint256 amount  // pool shares: of income first, then of stake and escrow in proportion
    );

    event Renewed(
        uint256 stake_generation,
        uint256 escrow_generation
    );

    /// @notice Stake `assets` pool shares of the caller; `receiver` gets the shares.
    /// @return Shares, rounded down.
    function deposit(uint256 assets, address receiver) external returns (uint256);

    /// @notice Stake what `shares` cost; `receiver` gets them.
    /// @return Pool shares, rounded up.
    function mint(uint256 shares, address receiver) external returns (uint256);

    /// @notice Request to leave with `shares` of the caller. From now on they earn nothing and bear losses; after the
    /// cooldown they can be redeemed for two days. An earlier request is added and its cooldown restarts.
    /// @return Pool shares moved into the escrow, rounded down.
    function request(uint256 shares) external returns (uint256);

    /// @notice Move all of `owner`'s request back into the stake at the current price: the owner at any time, anyone
    /// once the request has lapsed.
    /// @return Shares, rounded down.
    function cancel(address owner) external returns (uint256);

    /// @notice Leave with `shares` of the escrow out of `owner`'s mature request. Refused while provisions keep back
    /// more than 0.1 %: `leave` pays then, at a price that the caller bounds.
    /// @return Pool shares sent to `receiver`, rounded down.
    function redeem(uint256 shares, address receiver, address owner) external returns (uint256);

    /// @notice Leave with `assets` pool shares out of `owner`'s mature request. Refused as `redeem` is.
    /// @return Shares of the escrow burnt, rounded up.
    function withdraw(uint256 assets, address receiver, address owner) external returns (uint256);

    /// @notice Leave with `shares` of the escrow out of `owner`'s mature request, whatever provisions keep back.
    /// @param min_assets Revert when less would be sent, pool shares.
    /// @return Pool shares sent to `receiver`, rounded down.
    function leave(
        uint256 shares,
        uint256 min_assets,
        address receiver,
        address owner
    ) external returns (uint256);

    /// @notice Account for income received, losses, and income that time has released. Open to all.
    function sync() external;

    /// @notice Move `amount` shares from the caller to `to`.
    function transfer(address to, uint256 amount) external returns (bool);

    /// @notice Move `amount` of `owner`'s shares to `to` out of the caller's allowance.
    function transferFrom(address owner, address to, uint256 amount) external returns (bool);

    /// @notice Allow `spender` to move `amount` of the caller's shares, or to leave with as many of the escrow; the
    /// largest uint never decreases.
    function approve(address spender, uint256 amount) external returns (bool);

    /// @notice Shares of the stake; requests to leave are not counted.
    function totalSupply() external view returns (uint256);

    /// @notice Shares of `owner`; 0 when a loss has ended their generation.
    function balanceOf(address owner) external view returns (uint256);

    /// @notice The pool, whose shares are staked here.
    function asset() external view returns (address);

    /// @notice Seconds from a request to leave to leaving; income is earned over as long.
    function cooldown() external view returns (uint256);

    /// @notice Pool shares of stake below which income is not earned.
    function minimum_stake() external view returns (uint256);

    /// @notice The books as `sync` would leave them.
    function books() external view returns (Books memory);

    /// @notice The request of `owner`; without shares when there is none, or when a loss has ended its generation.
    function departure_of(address owner) external view returns (Departure memory);

    /// @notice Pool shares of the stake; requests to leave are not counted.
    function totalAssets() external view returns (uint256);

    /// @notice Shares that `assets` pool shares are worth, rounded down.
    function convertToShares(uint256 assets) external view returns (uint256);

    /// @notice Pool shares that `shares` of the stake are worth, rounded down.
    function convertToAssets(uint256 shares) external view returns (uint256);

    /// @notice Shares that a deposit of `assets` pool shares gives, rounded down.
    function previewDeposit(uint256 assets) external view returns (uint256);

    /// @notice Pool shares that `shares` cost, rounded up.
    function previewMint(uint256 shares) external view returns (uint256);

    /// @notice Pool shares that leaving with `shares` of the escrow gives, after any haircut, rounded down.
    function previewRedeem(uint256 shares) external view returns (uint256);

    /// @notice Shares of the escrow that leaving with `assets` pool shares burns, after any haircut, rounded up.
    function previewWithdraw(uint256 assets) external view returns (uint256);

    /// @notice No limit other than the pool shares in existence.
    function maxDeposit(address receiver) external view returns (uint256);

    /// @notice No limit other than the pool shares in existence.
    function maxMint(address receiver) external view returns (uint256);

    /// @notice Shares of the escrow that `owner` may redeem now; 0 while provisions keep back more than 0.1 %.
    function maxRedeem(address owner) external view returns (uint256);

    /// @notice Pool shares that `owner` may withdraw now; 0 while provisions keep back more than 0.1 %.
    function maxWithdraw(address owner) external view returns (uint256);

    function name() external view returns (string memory);

    function symbol() external view returns (string memory);

    function decimals() external view returns (uint8);

    /// @notice time at which the books were stored
    function synced_at() external view returns (uint256);

    function allowance(address arg0, address arg1) external view returns (uint256);
}
