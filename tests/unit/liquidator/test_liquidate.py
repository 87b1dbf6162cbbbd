"""Liquidating one position without capital."""

import pytest

from plimsoll.units import MAX, WAD
from tests.utils.periphery import BORROWER, DEPLOYER, KEEPER, RECEIVER, STRANGER, refused

NOTHING = {"usd": 0, "weth": 0, "btc": 0}


def forecast(venue, market, path, max_repay=MAX):
    """Due, seized and proceeds, from the vault's own preview and Uniswap's own router."""
    quote = market.vault.call("preview_liquidate", BORROWER, max_repay)
    _, _, paid, fee, seized, *_ = quote
    return paid + fee, seized, venue.sale(path, seized)


def test_the_collateral_pays_and_the_rest_is_profit(venue, fallen, liquidator, path):
    due, seized, proceeds = forecast(venue, fallen, path)
    cash = venue.usd.call("balanceOf", fallen.pool.address)
    profit = liquidator.send("liquidate", fallen.vault.address, BORROWER, MAX, path, 0, sender=KEEPER)
    assert profit == proceeds - due > 0
    assert venue.holdings(KEEPER) == NOTHING | {"usd": profit}
    assert venue.usd.call("balanceOf", fallen.pool.address) == cash + due
    assert fallen.vault.call("position_of", BORROWER)[0] == 10 * WAD - seized
    assert fallen.vault.call("health", BORROWER) >= 1.05 * WAD - 10**10


def test_nothing_stays(venue, fallen, liquidator, path):
    """Y1: neither tokens nor allowances."""
    liquidator.send("liquidate", fallen.vault.address, BORROWER, MAX, path, 0, sender=KEEPER)
    assert venue.holdings(liquidator.address) == NOTHING
    for token in (venue.usd, venue.weth):
        for spender in (fallen.vault.address, fallen.pool.address, path[0], KEEPER):
            assert token.call("allowance", liquidator.address, spender) == 0


def test_a_part(venue, fallen, liquidator, path):
    due, seized, proceeds = forecast(venue, fallen, path, 3_000 * 10**6)
    profit = liquidator.send(
        "liquidate", fallen.vault.address, BORROWER, 3_000 * 10**6, path, 0, sender=KEEPER
    )
    assert profit == proceeds - due
    assert fallen.vault.call("position_of", BORROWER)[0] == 10 * WAD - seized


@pytest.mark.parametrize("stops", [1, 2])
def test_longer_paths(venue, fallen, liquidator, stops):
    """Three tokens, and four: the most."""
    other = venue.make("PlainToken", "Other", "OTH", 18)
    venue.provide(venue.btc, 100 * 10**8, other, 100 * WAD)
    venue.provide(other, 100 * WAD, venue.usd, 4 * 10**12)
    path = venue.path(venue.weth, venue.btc, *[other][: stops - 1], venue.usd)
    due, _, proceeds = forecast(venue, fallen, path)
    profit = liquidator.send("liquidate", fallen.vault.address, BORROWER, MAX, path, 0, sender=KEEPER)
    assert profit == proceeds - due > 0
    assert venue.holdings(liquidator.address) == NOTHING


def test_where_the_loan_asset_is_the_volatile_one(venue, liquidator):
    """The tokens of the pair in the other order."""
    market, path = venue.short, venue.path(venue.usd, venue.weth)
    venue.borrow(market, BORROWER, 20_000 * 10**6, 7 * WAD + WAD // 2)
    market.set_quote("0.00043")
    venue.swap(venue.usd, venue.weth, 750_000 * 10**6)
    due, _, proceeds = forecast(venue, market, path)
    profit = liquidator.send("liquidate", market.vault.address, BORROWER, MAX, path, 0, sender=KEEPER)
    assert profit == proceeds - due > 0
    assert venue.holdings(KEEPER) == NOTHING | {"weth": profit}


def test_a_position_in_shortfall(venue, market, liquidator, path):
    """It pays its liquidator, too."""
    venue.borrow(market, BORROWER, 10 * WAD, 15_000 * 10**6)
    market.set_quote(1_400)
    venue.swap(venue.weth, venue.usd, 970 * WAD)
    due, seized, proceeds = forecast(venue, market, path)
    assert seized == 10 * WAD
    profit = liquidator.send("liquidate", market.vault.address, BORROWER, MAX, path, 0, sender=KEEPER)
    assert profit == proceeds - due > 0
    assert market.vault.call("position_of", BORROWER) == (0, 0)


def test_the_profit_goes_where_the_caller_says(venue, fallen, liquidator, path):
    profit = liquidator.send(
        "liquidate", fallen.vault.address, BORROWER, MAX, path, 0, RECEIVER, sender=KEEPER
    )
    assert venue.holdings(RECEIVER) == NOTHING | {"usd": profit}
    assert venue.holdings(KEEPER) == NOTHING


def test_the_least_profit(venue, fallen, liquidator, path):
    due, _, proceeds = forecast(venue, fallen, path)
    call = ("liquidate", fallen.vault.address, BORROWER, MAX, path)
    for least in (proceeds - due + 1, MAX):
        refused("liquidator: profit too small", liquidator, *call, least, sender=KEEPER)
    assert liquidator.send(*call, proceeds - due, sender=KEEPER) == proceeds - due


def test_a_sale_that_does_not_pay(venue, fallen, liquidator, path):
    """Even for who accepts no profit at all."""
    venue.swap(venue.weth, venue.usd, 500 * WAD)
    due, _, proceeds = forecast(venue, fallen, path)
    assert proceeds < due
    call = ("liquidate", fallen.vault.address, BORROWER, MAX, path, 0)
    refused("liquidator: sale does not pay", liquidator, *call, sender=KEEPER)


def test_a_sale_that_just_pays(venue, fallen, liquidator, path):
    """No profit, nothing to send."""
    due, seized, _ = forecast(venue, fallen, path)
    low, high = 0, 500 * WAD
    while high - low > 1:  # the largest sale of somebody else's after which ours still pays
        middle = (low + high) // 2
        before = venue.engine.snapshot()
        venue.swap(venue.weth, venue.usd, middle)
        pays = venue.sale(path, seized) >= due
        venue.engine.revert(before)
        low, high = (middle, high) if pays else (low, middle)
    venue.swap(venue.weth, venue.usd, low)
    assert venue.sale(path, seized) == due
    assert liquidator.send("liquidate", fallen.vault.address, BORROWER, MAX, path, 0, sender=KEEPER) == 0
    assert venue.holdings(KEEPER) == NOTHING


def test_what_was_sent_by_mistake_stays(venue, fallen, liquidator, path):
    """It neither counts as profit nor pays for a sale that does not."""
    for token, amount in ((venue.usd, 10**12), (venue.weth, 5 * WAD)):
        venue.give(token, liquidator.address, amount)
    due, _, proceeds = forecast(venue, fallen, path)
    call = ("liquidate", fallen.vault.address, BORROWER, MAX, path)
    refused("liquidator: profit too small", liquidator, *call, proceeds - due + 1, sender=KEEPER)
    assert liquidator.send(*call, 0, sender=KEEPER) == proceeds - due
    assert venue.holdings(liquidator.address) == {"usd": 10**12, "weth": 5 * WAD, "btc": 0}


def test_what_was_sent_by_mistake_does_not_pay(venue, fallen, liquidator, path):
    venue.give(venue.usd, liquidator.address, 10**12)
    venue.swap(venue.weth, venue.usd, 500 * WAD)
    call = ("liquidate", fallen.vault.address, BORROWER, MAX, path, 0)
    refused("liquidator: sale does not pay", liquidator, *call, sender=KEEPER)


def test_a_healthy_position(venue, market, liquidator, path):
    venue.borrow(market, BORROWER, 10 * WAD, 15_000 * 10**6)
    call = ("liquidate", market.vault.address, BORROWER, MAX, path, 0)
    refused("vault: healthy", liquidator, *call, sender=KEEPER)


def test_the_receiver_is_somebody_else(venue, fallen, liquidator, path):
    """The profit would stay here for ever, or be lost."""
    for receiver in (liquidator.address, "0x" + "00" * 20):
        call = ("liquidate", fallen.vault.address, BORROWER, MAX, path, 0, receiver)
        refused("liquidator: bad receiver", liquidator, *call, sender=KEEPER)


def test_twice_in_a_row(venue, fallen, liquidator, path):
    """Nothing of the first call is left for the second."""
    liquidator.send("liquidate", fallen.vault.address, BORROWER, 10**9, path, 0, sender=KEEPER)
    due, _, proceeds = forecast(venue, fallen, path, 10**9)
    profit = liquidator.send("liquidate", fallen.vault.address, BORROWER, 10**9, path, 0, sender=STRANGER)
    assert profit == proceeds - due


def test_a_token_that_returns_nothing(venue, liquidator):
    """As USDT does, on either side."""
    loan, collateral = (venue.make("NoReturnToken", name, "NRT", 6) for name in ("Loan", "Collateral"))
    market = venue.market(loan, collateral, 1)
    venue.provide(loan, 10**13, collateral, 10**13)
    venue.borrow(market, BORROWER, 10**11, 8 * 10**10 - 10**6)
    market.set_quote("0.94")
    path = venue.path(collateral, loan)
    due, _, proceeds = forecast(venue, market, path)
    profit = liquidator.send("liquidate", market.vault.address, BORROWER, MAX, path, 0, sender=KEEPER)
    assert profit == proceeds - due == loan.call("balanceOf", KEEPER)


@pytest.mark.parametrize(
    ("of_the_loan", "functions", "reason"),
    [(True, 4, "token: approval failed"), (True, 1, "UniswapV2: TRANSFER_FAILED")],
)
def test_a_token_that_answers_false(venue, liquidator, of_the_loan, functions, reason):
    loan = venue.make("FalseReturnToken", "Loan", "FRT", 6)
    market = venue.market(loan, venue.weth, 2_000)
    venue.provide(venue.weth, 5_000 * WAD, loan, 10**13)
    venue.borrow(market, BORROWER, 10 * WAD, 15_000 * 10**6)
    market.set_quote(1_750)
    path = venue.path(venue.weth, loan)
    loan.send("fail", functions, sender=DEPLOYER)
    call = ("liquidate", market.vault.address, BORROWER, MAX, path, 0)
    refused(reason, liquidator, *call, sender=KEEPER)
