// SPDX-License-Identifier: AGPL-3.0-only
pragma solidity ^0.8.24;

/// The cheatcodes that these tests use; forge-std has all of them.
interface Vm {
    function getCode(string calldata artifact) external view returns (bytes memory);
    function prank(address sender) external;
    function startPrank(address sender) external;
    function stopPrank() external;
    function expectRevert(bytes calldata data) external;
}

Vm constant vm = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);
