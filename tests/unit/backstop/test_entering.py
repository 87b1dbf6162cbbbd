"""Who enters a stake that losses have worn."""

import pytest

from plimsoll.twin.backstop import WORN
from tests.unit.backstop.conftest import STAKE


@pytest.mark.parametrize("way", ["deposit", "mint"])
@pytest.mark.parametrize("short", [0, 1])
def test_from_a_millionth_of_par_on_the_old_shares_go_on(backstop, pool, lender, stranger, way, short):
    """A pool share below that, a generation of new ones begins."""
    backstop.deposit(STAKE, lender, sender=lender)
    pool.burn(backstop, STAKE - STAKE // WORN + short, sender=stranger)
    getattr(backstop, way)(1, lender, sender=lender)
    stake = backstop.books()[0]
    assert stake.generation == short
    assert (backstop.balanceOf(lender) > STAKE) is (short == 0)
