// SPDX-License-Identifier: AGPL-3.0-only
// Written by `python -m quality.interfaces` from contracts/oracles/ChainlinkOracle.vy.
pragma solidity >=0.8.4;

/// @title ChainlinkOracle
/// @notice The price of one collateral token in one loan asset, from Chainlink feeds. Everything is fixed at
/// construction and nobody owns it. The only storage is the record of a failing primary.
/// @dev The price, in loan base units per collateral base unit, scaled by 1e36 and rounded down:
///
/// collateral_answer * collateral_rate * SCALE_NUM // (loan_answer * loan_rate * SCALE_DEN)
///
/// Both rates and the loan feed are optional. Who answers:
///
/// sequencer   down or just back: no price. Checked first, whatever else is configured.
/// primary     the own feeds and, when there is one, `second`: `price()` is the higher and `safe_price()`
/// the lower of the live ones, so a spike of one source alone neither liquidates anybody nor
/// lends. When just one is live, it alone answers. A source is live when both of its prices
/// come, each for at most 130,000 gas, the safe one not above the other. That is too little for
/// an oracle with sources of its own.
/// fallback    only while the primary fails and is dead: its own feeds were last updated more than 14 days
/// ago, or `mark()` found it failing again and again for 14 days, without a valid answer in
/// between. The primary returns by itself, in the block in which it works again.
///
/// A round must be young enough (`heartbeat`) and between two bounds of the deployer's choice. The bounds
/// are exclusive and belong inside those of the aggregator: one that is stuck at its own floor or ceiling
/// must not be believed.
///
/// A rate is what one whole share of an ERC-4626 vault is worth. A cap on it may restrict lending, and never
/// triggers a liquidation:
///
/// collateral side     loan side
/// price()         live                min(live, cap)
/// safe_price()    min(live, cap)      max(live, rate0)
///
/// The cap compounds at `growth` from the rate at construction, `rate0`. A view cannot remember, so the anchor
/// stays where the constructor put it, and what the vault has earned less than `growth` allows is headroom for
/// a jump. A rate that has fallen by more than `fall` below `rate0` is refused, so that one that is a tenth for
/// one call liquidates nobody. One whole share of the vault stands for one whole token.
/// @custom:security Sources are read by plain calls that revert freely, except in `_try`, the one place with a
/// raw call. See there why a caller cannot make a live source look dead.
interface IChainlinkOracle {
    struct Feed {
        address feed;
        uint256 heartbeat;  // seconds; an older answer is stale
        int256 min_answer;  // in the feed's decimals, exclusive, at least 1
        int256 max_answer;  // in the feed's decimals, exclusive
    }

    struct Rate {
        address vault;  // ERC-4626: asset(), decimals(), convertToAssets()
        uint256 growth;  // WAD per second, compounding: how fast the cap on the rate rises
        uint256 fall;  // WAD: a rate is refused that is lower than `rate0` by more than this part; 1 = none is
    }

    struct Config {
        address collateral;
        address loan;
        uint256 expected_price;  // from another source, scaled by 1e36; checked at construction
        Feed collateral_feed;
        Feed loan_feed;  // empty: the collateral feed is quoted in the loan asset
        Rate collateral_rate;  // empty: none
        Rate loan_rate;  // empty: none
        address second;  // IOracle, empty: none
        address fallback_;  // IOracle, empty: none
        address sequencer;  // Chainlink L2 uptime feed, empty: none
        uint256 grace;  // seconds without an answer after the sequencer came back
    }

    event PrimaryFailing(
        uint256 since,
        uint256 confirmed
    );

    event PrimaryWorking(
        uint256 failed_since
    );

    /// @notice The price at which positions are liquidated: the higher of the live sources.
    /// @return Loan base units per collateral base unit, scaled by 1e36, rounded down, never 0. Without a live
    /// source it reverts, with the reason of the own feeds.
    function price() external view returns (uint256);

    /// @notice The price at which new debt and withdrawals are judged: the lower of the live sources, never above
    /// `price()`.
    /// @return Loan base units per collateral base unit, scaled by 1e36, rounded down, never 0. Without a live
    /// source it reverts, with the reason of the own feeds.
    function safe_price() external view returns (uint256);

    /// @notice Record whether the primary fails now; open to all. Marks at most two days apart make one failure,
    /// unless both found the feeds stale and the feeds were updated in between. Once it spans 14 days it is
    /// proven: the fallback answers whenever the primary fails, until a mark finds the primary working or
    /// no mark has come for 14 days. Without an event when nothing changes. Refused while the sequencer is
    /// down or just back: that is no failure of the primary.
    /// @dev One mark long ago proves nothing. Else anybody could mark a hiccup that nobody clears, and the next
    /// one, weeks later, would swap the source of a live oracle.
    function mark() external;

    /// @notice The price by the own feeds and rates alone; neither the sequencer nor the other oracles are called.
    /// @return Loan base units per collateral base unit, scaled by 1e36, rounded down. Reverts when a feed or a
    /// rate cannot be trusted.
    function own_price() external view returns (uint256);

    /// @notice The safe price by the own feeds and rates alone, as `own_price`.
    function own_safe_price() external view returns (uint256);

    /// @notice When the own feeds were updated, whatever their answers: the older of both.
    /// @return Seconds; 0 when a feed has no complete round. Reverts when a feed reverts.
    function last_update() external view returns (uint256);

    /// @notice When stale feeds were last updated: the older of both, if one of them is older than its heartbeat.
    /// @return Seconds; 0 when none is stale, or a feed has no complete round. Reverts when a feed reverts.
    function stale_update() external view returns (uint256);

    /// @notice Whether the fallback answers in place of a primary that fails now.
    /// @return True when the primary fails and has been silent for 14 days. Always False without a fallback.
    function is_dead() external view returns (bool);

    /// @return Since when `mark()` has found the primary failing, in seconds; 0 = it has not.
    function marked_at() external view returns (uint256);

    /// @return When `mark()` last found the primary failing, in seconds; 0 = not since it worked.
    function confirmed_at() external view returns (uint256);

    /// @return The most that a whole share on the collateral side counts for now in lending, in asset base units,
    /// rounded down; 0 without a rate.
    function collateral_rate_cap() external view returns (uint256);

    /// @return The most that a whole share on the loan side counts for now in liquidation, in asset base units,
    /// rounded down; 0 without a rate.
    function loan_rate_cap() external view returns (uint256);

    /// @return What the constructor was given.
    function config() external view returns (Config memory);

    /// @return The two powers of ten in the formula at the top, above and below the line; one of them is 1.
    function scale() external view returns (uint256, uint256);
}
