"""The gas of liquidations: what bench/README.md measures, rounded up."""

from __future__ import annotations

BATCH_GAS, ORDER_GAS = 96_000, 9_600  # of a batch whatever is in it, and of each order
FLASH_GAS = 190_000  # of a batch through the Liquidator and one pair
# of a batch of a basket and each leg; through the Liquidator; of each order
BASKET_GAS, LEG_GAS = 75_000, 25_500
BASKET_FLASH_GAS, LEG_FLASH_GAS = 109_000, 83_500
BASKET_ORDER_GAS, LEG_ORDER_GAS = 14_000, 4_250


def batch_gas(legs: int | None, is_flash: bool) -> tuple[int, int]:
    """The gas of a batch whatever is in it, and of each order.

    Args:
        legs: of a basket; None of a vault.
        is_flash: whether it goes through the Liquidator.
    """
    if legs is None:
        return (FLASH_GAS if is_flash else BATCH_GAS), ORDER_GAS
    first, leg = (BASKET_FLASH_GAS, LEG_FLASH_GAS) if is_flash else (BASKET_GAS, LEG_GAS)
    return first + leg * legs, BASKET_ORDER_GAS + LEG_ORDER_GAS * legs
