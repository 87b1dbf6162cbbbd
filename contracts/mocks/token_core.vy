# pragma version 0.4.3
# pragma nonreentrancy off
# pragma optimize gas
# pragma evm-version prague
"""
@title Token core
@license AGPL-3.0-only
@notice What the misbehaving tokens have in common: balances, allowances and an open `mint`. Each adds its own
        `transfer` and `transferFrom`.
@custom:security For tests only.
"""

from ethereum.ercs import IERC20

name: public(immutable(String[32]))
symbol: public(immutable(String[8]))
decimals: public(immutable(uint8))

balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
totalSupply: public(uint256)


@deploy
def __init__(name_: String[32], symbol_: String[8], decimals_: uint8):
    name = name_
    symbol = symbol_
    decimals = decimals_


@external
def mint(to: address, amount: uint256):
    """
    @notice Create `amount` base units for `to`. Open to all.
    """
    self.totalSupply += amount
    self.balanceOf[to] += amount
    log IERC20.Transfer(sender=empty(address), receiver=to, value=amount)


@external
def burn(owner: address, amount: uint256):
    """
    @notice Destroy `amount` base units of `owner`. Open to all.
    """
    self._destroy(owner, amount)


@external
def approve(spender: address, amount: uint256) -> bool:
    """
    @notice Allow `spender` to move `amount` base units of the caller.
    """
    self._approve(msg.sender, spender, amount)
    return True


@internal
def _approve(owner: address, spender: address, amount: uint256):
    self.allowance[owner][spender] = amount
    log IERC20.Approval(owner=owner, spender=spender, value=amount)


@internal
def _spend(owner: address, amount: uint256):
    """
    @notice Spend `amount` of the caller's allowance from `owner`; the largest uint never decreases.
    """
    allowed: uint256 = self.allowance[owner][msg.sender]
    if allowed != max_value(uint256):
        assert amount <= allowed, "token: allowance too small"
        self.allowance[owner][msg.sender] = allowed - amount


@internal
def _move(owner: address, to: address, amount: uint256):
    self._take(owner, amount)
    self.balanceOf[to] += amount
    log IERC20.Transfer(sender=owner, receiver=to, value=amount)


@internal
def _destroy(owner: address, amount: uint256):
    self._take(owner, amount)
    self.totalSupply -= amount
    log IERC20.Transfer(sender=owner, receiver=empty(address), value=amount)


@internal
def _take(owner: address, amount: uint256):
    held: uint256 = self.balanceOf[owner]
    assert amount <= held, "token: balance too small"
    self.balanceOf[owner] = held - amount
