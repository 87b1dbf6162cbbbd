# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Probe of the pool's totals: writing and reading them in one block, as `ledger` does it.
"""

from contracts.interfaces import IPool
from contracts.modules import ledger

initializes: ledger


@deploy
def __init__(rates: IPool.RateParams, reserve_factor: uint256):
    ledger.__init__(rates, reserve_factor)


@external
def store(totals: ledger.Totals):
    ledger._store(totals)


@external
def round_trip(totals: ledger.Totals) -> ledger.Totals:
    ledger._store(totals)
    return ledger._accrued()


@external
@view
def accrued() -> ledger.Totals:
    return ledger._accrued()


@external
@view
def total_supply() -> uint256:
    return ledger._total_supply()
