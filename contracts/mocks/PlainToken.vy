# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title PlainToken
@license AGPL-3.0-only
@notice A well-behaved ERC-20, as cheap as the cheapest in use; anyone may mint.
@custom:security For tests only.
"""

from ethereum.ercs import IERC20

implements: IERC20

name: public(immutable(String[32]))
symbol: public(immutable(String[8]))
decimals: public(immutable(uint8))

balanceOf: public(reentrant(HashMap[address, uint256]))
allowance: public(reentrant(HashMap[address, HashMap[address, uint256]]))
totalSupply: public(reentrant(uint256))


@deploy
def __init__(name_: String[32], symbol_: String[8], decimals_: uint8):
    name = name_
    symbol = symbol_
    decimals = decimals_


@external
@reentrant
def mint(to: address, amount: uint256):
    """
    @notice Create `amount` base units for `to`.
    """
    self.totalSupply += amount
    self.balanceOf[to] += amount
    log IERC20.Transfer(sender=empty(address), receiver=to, value=amount)


@external
@reentrant
def burn(owner: address, amount: uint256):
    """
    @notice Destroy `amount` base units of `owner`: what an issuer that seizes does.
    """
    held: uint256 = self.balanceOf[owner]
    assert amount <= held, "token: balance too small"
    self.balanceOf[owner] = unsafe_sub(held, amount)
    self.totalSupply -= amount
    log IERC20.Transfer(sender=owner, receiver=empty(address), value=amount)


@external
@reentrant
def approve(spender: address, amount: uint256) -> bool:
    self.allowance[msg.sender][spender] = amount
    log IERC20.Approval(owner=msg.sender, spender=spender, value=amount)
    return True


@external
@reentrant
def transfer(to: address, amount: uint256) -> bool:
    held: uint256 = self.balanceOf[msg.sender]
    assert amount <= held, "token: balance too small"
    self.balanceOf[msg.sender] = unsafe_sub(held, amount)
    self.balanceOf[to] += amount
    log IERC20.Transfer(sender=msg.sender, receiver=to, value=amount)
    return True


@external
@reentrant
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    allowed: uint256 = self.allowance[owner][msg.sender]
    if allowed != max_value(uint256):
        assert amount <= allowed, "token: allowance too small"
        self.allowance[owner][msg.sender] = unsafe_sub(allowed, amount)
    held: uint256 = self.balanceOf[owner]
    assert amount <= held, "token: balance too small"
    self.balanceOf[owner] = unsafe_sub(held, amount)
    self.balanceOf[to] += amount
    log IERC20.Transfer(sender=owner, receiver=to, value=amount)
    return True
