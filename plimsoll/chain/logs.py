"""Events of many blocks, from nodes that answer for few at once."""

from collections.abc import Callable
from typing import TypeVar

Entry = TypeVar("Entry")


def in_halves(
    ask: Callable[[int, int], list[Entry]], first: int, last: int, refuses: Callable[[Exception], bool]
) -> list[Entry]:
    """The events from block `first` to block `last`, in their order.

    Args:
        ask: for those of a range of blocks.
        first: block.
        last: block, included.
        refuses: whether an error of `ask` means that the range was too large; others pass.
    """
    try:
        return ask(first, last)
    except Exception as error:
        if first >= last or not refuses(error):
            raise
    middle = (first + last) // 2
    return in_halves(ask, first, middle, refuses) + in_halves(ask, middle + 1, last, refuses)
