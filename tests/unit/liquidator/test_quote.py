"""Y2: what a keeper is told is what happens."""

import pytest

from plimsoll.chain.engine import CallReverted
from plimsoll.units import MAX, WAD, order
from tests.utils.periphery import BORROWER, KEEPER, STRANGER, refused


@pytest.mark.parametrize("limit", [10**9, 5 * 10**9, 2**96 - 1])
def test_a_quote_is_what_happens(venue, fallen, liquidator, path, limit):
    orders = [order(BORROWER, limit)]
    due, seized, proceeds, executed = liquidator.call("quote", fallen.vault.address, orders, path)
    assert (executed, seized) == (1, fallen.vault.call("preview_liquidate_batch", orders)[2])
    assert proceeds == venue.sale(path, seized)
    max_repay = MAX if limit == 2**96 - 1 else limit
    call = ("liquidate", fallen.vault.address, BORROWER, max_repay, path, 0)
    assert liquidator.call(*call, sender=KEEPER) == proceeds - due
    profit, done = liquidator.send("liquidate_batch", fallen.vault.address, orders, path, 0, sender=KEEPER)
    assert (profit, done) == (proceeds - due, 1)


def test_a_loss_is_quoted(venue, fallen, liquidator, path):
    """The keeper subtracts; the call would revert."""
    venue.swap(venue.weth, venue.usd, 500 * WAD)
    due, _, proceeds, executed = liquidator.call("quote", fallen.vault.address, [order(BORROWER)], path)
    assert executed == 1
    assert proceeds < due


def test_nothing_to_do_is_zeros(venue, market, liquidator, path):
    venue.borrow(market, BORROWER, 10 * WAD, 15_000 * 10**6)
    for orders in ([], [order(BORROWER)], [order(STRANGER)]):
        assert liquidator.call("quote", market.vault.address, orders, path) == (0, 0, 0, 0)


def test_the_same_refusals(venue, market, liquidator, path):
    quote = ("quote", market.vault.address, [])
    refused("periphery: not a vault", liquidator, "quote", STRANGER, [], path, sender=KEEPER)
    refused("swap: wrong path", liquidator, *quote, path[::-1], sender=KEEPER)
    refused("swap: path too short", liquidator, *quote, path[:1], sender=KEEPER)
    nowhere = venue.make("PlainToken", "Other", "OTH", 18).address
    refused("swap: no pair", liquidator, *quote, [path[0], nowhere, path[1]], sender=KEEPER)


def test_a_path_of_five_tokens_is_no_path(market, liquidator, path):
    with pytest.raises(CallReverted):
        liquidator.call("quote", market.vault.address, [], [path[0]] * 4 + [path[1]])


def test_a_path_of_four_tokens(venue, fallen, liquidator):
    """Quoted and sold, over a token that nothing else uses."""
    other = venue.make("PlainToken", "Other", "OTH", 18)
    venue.provide(venue.btc, 250 * 10**8, other, 10**7 * WAD)
    venue.provide(other, 10**7 * WAD, venue.usd, 10**7 * 10**6)
    path = venue.path(venue.weth, venue.btc, other, venue.usd)
    orders = [order(BORROWER, 10**9)]
    due, seized, proceeds, _ = liquidator.call("quote", fallen.vault.address, orders, path)
    assert proceeds == venue.sale(path, seized) > due
    answer = liquidator.send("liquidate_batch", fallen.vault.address, orders, path, 0, sender=KEEPER)
    assert answer == (proceeds - due, 1)
