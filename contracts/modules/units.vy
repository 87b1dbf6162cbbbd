# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Units
@license AGPL-3.0-only
@notice The scales of the protocol's numbers.
"""

WAD: constant(uint256) = 10**18  # ratios and rates
PRICE_SCALE: constant(uint256) = 10**36  # prices: loan base units per collateral base unit
FRACTION: constant(uint256) = 65_536  # fractions in a base unit: the books keep 16 bits more
