"""The callback answers the vault of the call, once, and nobody else. See also the regressions of A17."""

from plimsoll.units import MAX
from tests.utils.periphery import BORROWER, KEEPER, STRANGER, refused


def test_nobody_is_awaited_outside_of_a_call(venue, fallen, liquidator, path):
    call = ("on_liquidation", 1, 1, 1, b"1")
    for caller in (STRANGER, KEEPER, BORROWER):
        refused("periphery: not awaited", liquidator, *call, sender=caller)
    liquidator.send("liquidate", fallen.vault.address, BORROWER, 10**9, path, 0, sender=KEEPER)
    refused("periphery: not awaited", liquidator, *call, sender=KEEPER)


def test_only_vaults_of_the_factory(venue, fallen, liquidator, path):
    for stranger in (STRANGER, fallen.pool.address, venue.factory.address, venue.usd.address):
        refused(
            "periphery: not a vault", liquidator, "liquidate", stranger, BORROWER, MAX, path, 0, sender=KEEPER
        )
        for name, *arguments in (("liquidate_batch", path, 0), ("liquidate_with_funds", 0)):
            refused("periphery: not a vault", liquidator, name, stranger, [], *arguments, sender=KEEPER)


def test_it_says_what_it_trusts(venue, liquidator):
    assert liquidator.call("factory") == venue.factory.address
    assert liquidator.call("uniswap_factory") == venue.uniswap.address
