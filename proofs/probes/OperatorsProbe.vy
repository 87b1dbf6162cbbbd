# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Probe of the operators' rights: granting and checking them, as `operators` does it.
"""

from contracts.modules import operators

initializes: operators

exports: (operators.set_operator, operators.rights_of)


@external
def authorise(owner: address, right: uint256):
    operators._authorise(owner, right)
