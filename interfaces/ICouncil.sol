// SPDX-License-Identifier: AGPL-3.0-only
// Written by `python -m quality.interfaces` from contracts/Council.vy.
pragma solidity >=0.8.4;

/// @title Council
/// @notice Everything that the curator and the guardian of one pool may do, and how fast. Nothing here can move an
/// asset, change a vault's parameters, or stop withdrawing, repaying, topping up and liquidating.
/// @dev Before `open_pool` nobody can hold a share, so the curator sets limits freely. Afterwards a limit falls
/// at once but rises only through the queue: one change at a time, fixed when queued, executable in the
/// three days after an immutable delay, and adding at most `max(5 % of the basis, current limit)`. The basis is
/// the least of total assets when the change was queued, at every `witness`, and when it is executed: a flash
/// deposit can only lift total assets, and one call of anybody that nobody sandwiches undoes it.
/// @custom:security A raise that nobody witnesses is bounded by what its curator can flash-deposit. A large lender
/// who steps out at a witness makes raises slower. At a utilisation of 100 % a delay gives lenders
/// no way out. See SECURITY.md.
interface ICouncil {
    struct QueuedChange {
        address subject;  // the vault whose limit is to rise, or the new guardian
        bool is_guardian;
        uint256 limit;  // base units; the vault's new limit
        uint256 assets;  // base units; the basis: total assets when the change was queued, or at a witness if less
        uint256 ready;  // time from which it can be executed; 0 = nothing queued
    }

    struct Cut {
        uint256 limit;  // base units; limit before the guardian's cut
        uint256 losses;  // base units; the vault's losses at the time of the cut
        uint256 at;  // time of the cut; 0 = none
    }

    event Queued(
        address indexed subject,
        bool is_guardian,
        uint256 limit,
        uint256 ready
    );

    event QueueCancelled(
        address indexed subject
    );

    event Witnessed(
        address indexed vault,
        uint256 assets  // base units; the basis of the queued raise
    );

    event GuardianSet(
        address indexed guardian
    );

    event CuratorProposed(
        address indexed curator
    );

    event CuratorSet(
        address indexed curator
    );

    event PayoutReceiverSet(
        address indexed receiver
    );

    event Announced(
        uint256 amount  // base units
    );

    event Distributed(
        uint256 amount  // base units that left the reserve
    );

    event PayoutCancelled(
        uint256 amount  // base units that were announced
    );

    /// @notice Curator: open the pool to lenders, which cannot be undone; from now on limits rise through the queue only.
    function open_pool() external;

    /// @notice Curator. Before opening: register a vault of this pool and set its limit, freely. Afterwards: lower
    /// a limit at once, which also cancels a queued raise of it and the right to restore it.
    /// @param limit Base units of the loan asset.
    function set_limit(address vault, uint256 limit) external;

    /// @notice Curator: queue a higher limit for a vault, or a new vault with its first limit.
    /// @param limit Base units; exceeds the current limit by at most `max(5 % of total assets, it)`.
    function queue_limit(address vault, uint256 limit) external;

    /// @notice Curator: queue a new guardian, who replaces the current one.
    function queue_guardian(address guardian) external;

    /// @notice Lower the basis of the queued raise to today's total assets, if they are less. Open to all.
    /// @return The basis, base units.
    function witness() external returns (uint256);

    /// @notice Curator: carry out the queued change, within three days after its delay. A raise adds at most
    /// `max(5 % of the basis, current limit)`; what exceeds that is not granted.
    function execute_queued() external;

    /// @notice Curator or guardian: drop the queued change.
    function cancel_queued() external;

    /// @notice Guardian: lower a vault's limit to zero, which also cancels a queued raise of it. The curator may
    /// restore it after a day.
    function cut_limit(address vault) external;

    /// @notice Curator, a day after a guardian's cut and within 30 days of it, unless they have lowered the limit
    /// since: restore it, up to what it was less the vault's losses since.
    function restore_limit(address vault, uint256 limit) external;

    /// @notice Curator: refuse deposits that would lift total assets above `cap` base units; 0 removes the cap.
    function set_supply_cap(uint256 cap) external;

    /// @notice Announce that what the pool's reserve holds above provisions and the insurance target will be paid
    /// out. Open to all, once the pool is open; refused when it is wiped. An announcement that waits may be
    /// replaced by one at least half as large again, which waits anew; one that is payable may not.
    /// @return Base units.
    function announce() external returns (uint256);

    /// @notice Pay out what was announced three to seven days ago, or the excess now if that is less, as new pool
    /// shares: a fixed part to the backstop, the rest to the receiver that the curator named. What nobody
    /// takes stays in the reserve. The backstop gets at most what its stake is worth, less what its
    /// unearned income is, and nothing below its minimum stake; when that cuts its part, the receiver's is
    /// cut in the same proportion. Takes what it considered off the announcement. Open to all; refused
    /// when nothing is paid, and when the pool is wiped.
    /// @return Base units that left the reserve.
    function distribute() external returns (uint256);

    /// @notice Guardian: withdraw what was announced.
    function cancel_payout() external;

    /// @notice Curator: name who gets the part of the pool's payouts that the backstop does not; the zero address
    /// leaves that part in the reserve.
    function set_payout_receiver(address receiver) external;

    /// @notice Guardian: stop new supply and new borrowing for seven days; not again within fourteen days of
    /// its start, whoever the guardian is.
    function pause() external;

    /// @notice Lift a pause: the curator at any time, anyone once it has expired.
    function unpause() external;

    /// @notice Curator: dismiss the guardian at once.
    function remove_guardian() external;

    /// @notice Curator: propose a successor, who has to accept; the zero address withdraws the proposal.
    function transfer_curator(address to) external;

    /// @notice Become the curator that was proposed.
    function accept_curator() external;

    /// @notice Curator: leave an open pool without a curator, permanently. Cancels a queued change, lifts a pause and
    /// dismisses the guardian, whom nobody could dismiss afterwards.
    function renounce_curator() external;

    /// @notice The pool this council serves.
    function pool() external view returns (address);

    /// @notice Seconds between queueing a change and executing it.
    function delay() external view returns (uint256);

    function curator() external view returns (address);

    function pending_curator() external view returns (address);

    function guardian() external view returns (address);

    function queued() external view returns (QueuedChange memory);

    function cuts(address arg0) external view returns (Cut memory);

    /// @notice time of the last pause's start; 0 = never
    function pause_started() external view returns (uint256);

    /// @notice gets the part of payouts that is not the backstop's; empty = nobody
    function payout_receiver() external view returns (address);

    /// @notice base units of reserve to be paid out
    function announced() external view returns (uint256);

    /// @notice time; 0 = nothing is announced
    function announced_at() external view returns (uint256);
}
