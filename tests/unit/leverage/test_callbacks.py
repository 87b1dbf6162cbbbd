"""The callbacks answer the vault of the call, once, and nobody else. See also the regressions of A17."""

from tests.unit.leverage.conftest import LATER, WETH
from tests.utils.periphery import STRANGER, refused


def test_nobody_is_awaited_outside_of_a_call(leverage, trader, long, into):
    for name in ("on_open", "on_close"):
        for caller in (STRANGER, trader):
            refused("periphery: not awaited", leverage, name, 1, 1, b"1", sender=caller)
    leverage.send("open", long.vault.address, WETH, 0, 10**10, into, 0, 0, LATER, sender=trader)
    for name in ("on_open", "on_close"):
        refused("periphery: not awaited", leverage, name, 1, 1, b"1", sender=trader)
