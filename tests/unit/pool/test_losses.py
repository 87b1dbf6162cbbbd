"""The waterfall: reserve, then backstop, then lenders; in one call and one event."""

import pytest

from plimsoll.testing import refusal
from plimsoll.twin.share_math import to_assets_down, to_shares_up, to_value_down
from plimsoll.units import DAY, FRACTION, NOBODY, YEAR
from tests.utils.pool_harness import PAR, build_lab, price_never_fell

RESERVE, STAKE, LENT, DRAWN = 30_000, 50_000, 1_000_000, 500_000  # whole tokens


@pytest.fixture
def tranches(lab, lender, stranger):
    """At par: lenders, a backstop's stake, a reserve, and a debt that can go bad; no time passes."""
    lab.lend(lender, lab.units(LENT))
    lab.lend(lab.backstop, lab.units(STAKE))
    lab.loan.mint(lab.pool, lab.units(RESERVE), sender=stranger)
    lab.draw(lab.units(DRAWN))
    assert lab.pool.reserves() == lab.units(RESERVE)
    return lab


R, B = RESERVE * 10**6, STAKE * 10**6


@pytest.mark.parametrize(
    ("lost", "reserves", "backstop", "lenders"),
    [
        (1, 1, 0, 0),
        (R - 1, R - 1, 0, 0),
        (R, R, 0, 0),
        (R + 1, R, 1, 0),
        (R + B - 1, R, B - 1, 0),
        (R + B, R, B, 0),
        (R + B + 1, R, B, 1),
        (400_000 * 10**6, R, B, 400_000 * 10**6 - R - B),
    ],
)
def test_who_carries_what(tranches, lender, lost, reserves, backstop, lenders):
    """W1, P5: and nobody else loses anything."""
    lab = tranches
    limit = lab.line()[0]
    before = lab.books()
    stake = lab.pool.balanceOf(lab.backstop)

    receipt = lab.settle(lost * PAR, 0)

    after = lab.books()
    burnt = stake - lab.pool.balanceOf(lab.backstop)
    burning = [lab.pool.Transfer(sender=lab.backstop, receiver=NOBODY, value=burnt)] if backstop else []
    assert receipt.events == [
        lab.pool.LimitSet(vault=lab.vault, limit=limit - lost),
        *burning,
        lab.pool.Loss(vault=lab.vault, reserves=reserves, backstop=backstop, lenders=lenders),
    ]
    assert reserves + backstop + lenders == lost
    assert lab.pool.reserves() == R - reserves
    assert burnt == backstop * PAR
    assert before.total_assets - after.total_assets == (backstop + lenders) * FRACTION
    assert before.total_supply - after.total_supply == burnt
    assert before.total_debt - after.total_debt == lost * FRACTION
    assert lab.pool.losses(lab.vault) == lost
    assert lab.line()[0] == limit - lost
    if lenders == 0:
        assert price_never_fell(before, after)
        assert lab.pool.convertToAssets(lab.pool.balanceOf(lender)) == LENT * 10**6
    else:
        assert not price_never_fell(before, after)
        assert lab.pool.reserves() == 0
        assert lab.pool.balanceOf(lab.backstop) == 0
        assert LENT * 10**6 - lab.pool.convertToAssets(lab.pool.balanceOf(lender)) in (lenders, lenders + 1)


def test_what_is_paid_counts(tranches):
    """Half paid, half lost."""
    lab = tranches
    limit = lab.line()[0]
    lost = lab.units(40_000)
    receipt = lab.settle(2 * lost * PAR, lost)
    assert receipt.events[-1] == lab.pool.Loss(
        vault=lab.vault, reserves=lab.units(30_000), backstop=lab.units(10_000), lenders=0
    )
    assert lab.line()[0] == limit - lost


@pytest.mark.parametrize("lost", [1, 7, 10**9 + 1, 40_000 * 10**6, 90_000 * 10**6 + 3])
def test_at_odd_prices(busy, other_lender, lost):
    """W1, P5: a stake worth an odd sum, a reserve of interest and fractions everywhere."""
    busy.lend(busy.backstop, 50_000 * 10**6 + 11)
    before = busy.books()
    stake = busy.pool.balanceOf(busy.backstop)
    worth = to_assets_down(stake, before.total_assets, before.total_supply)
    shares = to_shares_up(lost, before.total_debt, before.total_debt_shares)
    value = to_value_down(shares, before.total_debt, before.total_debt_shares)
    backing = busy.cash() * FRACTION + before.total_debt - value
    shortfall = max(0, before.total_assets - backing) // FRACTION
    extinguished = -(-value // FRACTION)
    carried = min(worth, shortfall)
    burnt = stake
    if carried < worth:
        burnt = to_shares_up(carried, before.total_assets, before.total_supply)

    receipt = busy.settle(shares, 0)

    after = busy.books()
    assert receipt.events[-1] == busy.pool.Loss(
        vault=busy.vault,
        reserves=max(extinguished, shortfall) - shortfall,
        backstop=carried,
        lenders=shortfall - carried,
    )
    assert after == before._replace(
        total_assets=before.total_assets - shortfall * FRACTION,
        total_debt=before.total_debt - value,
        total_supply=before.total_supply - burnt,
        total_debt_shares=before.total_debt_shares - shares,
    )
    assert price_never_fell(before, after) == (shortfall == carried)
    if shortfall > carried:
        assert busy.pool.reserves() == busy.pool.balanceOf(busy.backstop) == 0


def test_the_price_of_the_others_does_not_move_while_the_backstop_carries(busy, lender):
    """P5: and rises by less than one share's worth."""
    busy.lend(busy.backstop, 50_000 * 10**6 + 11)
    worth = busy.pool.convertToAssets(10**15)
    busy.settle(to_shares_up(10**10, *busy.books()[1:4:2]), 0)
    assert busy.pool.convertToAssets(10**15) in (worth, worth + 1)


def test_without_a_backstop(builder, market, lender, borrower, receiver):
    """A real vault, impersonated: what it does not pay, lenders carry."""
    market.pool.deposit(market.loans(100_000), lender, sender=lender)
    market.vault.open(market.collaterals(30), market.loans(40_000), sender=borrower)
    vault = market.vault
    _, shares, owed = market.pool.credit_line(market.vault)
    receipt = market.pool.settle(shares, 0, sender=vault)
    assert receipt.events == [
        market.pool.LimitSet(vault=market.vault, limit=market.loans(10**7 - 40_000)),
        market.pool.Loss(vault=market.vault, reserves=0, backstop=0, lenders=owed),
    ]
    assert market.pool.totalAssets() == market.loans(60_000)


def test_a_line_never_refills_after_a_loss(lab, lender):
    """P11: draw, lose, draw again: no more than the limit is ever lost."""
    lab.lend(lender, lab.units(1_000_000))
    lab.pool.set_limit(lab.vault, lab.units(100_000), sender=lab.council)
    lab.lose(lab.units(60_000))
    assert lab.line() == (lab.units(40_000), 0, 0)
    draw = (lab.pool.draw, lab.units(40_000) + 1, lab.vault)
    assert refusal(*draw, sender=lab.vault) == "pool: over the credit limit"
    lab.lose(lab.units(40_000))
    assert lab.line() == (0, 0, 0)
    assert refusal(lab.pool.draw, 1, lab.vault, sender=lab.vault) == "pool: over the credit limit"
    assert lab.pool.totalAssets() == lab.units(900_000)
    assert lab.pool.losses(lab.vault) == lab.units(100_000)


def test_also_when_the_reserve_carries_the_loss(tranches):
    lab = tranches
    limit = lab.line()[0]
    lab.settle(lab.units(20_000) * PAR, 0)
    assert lab.pool.totalAssets() == lab.units(LENT + STAKE)
    assert lab.line()[0] == limit - lab.units(20_000)


def test_interest_on_what_is_drawn_can_be_lost_as_well(busy):
    """P11: limits granted plus interest on the drawn part; the limit stops at zero."""
    _, shares, owed = busy.line()
    busy.pool.set_limit(busy.vault, busy.units(600_000), sender=busy.council)
    assert owed > busy.units(600_000)
    busy.settle(shares, 0)
    assert busy.line() == (0, 0, 0)
    assert busy.pool.losses(busy.vault) == owed


def test_a_line_whose_limit_was_lowered_stops_at_zero(tranches):
    lab = tranches
    lab.pool.set_limit(lab.vault, 7, sender=lab.council)
    receipt = lab.settle(100 * PAR, 0)
    assert receipt.events[0] == lab.pool.LimitSet(vault=lab.vault, limit=0)
    assert lab.pool.losses(lab.vault) == 100


def test_other_lines_stay(tranches):
    lab = tranches
    lab.draw(lab.units(10_000), lab.other_vault)
    before = lab.line(lab.other_vault)
    lab.settle(lab.units(DRAWN) * PAR, 0)
    assert lab.line(lab.other_vault) == before
    assert lab.pool.losses(lab.other_vault) == 0


# ---------------------------------------------------------------- lies about payment


@pytest.mark.parametrize("claimed", [200_000, 10**12])
def test_claiming_more_than_arrived(tranches, claimed):
    """What the reserve cannot absorb is read off the books: a lie hides at most the reserve, and a name."""
    lab = tranches
    limit = lab.line()[0]
    receipt = lab.pool.settle(lab.units(200_000) * PAR, lab.units(claimed), sender=lab.vault)
    short = lab.units(200_000 - RESERVE)
    assert receipt.events[-1] == lab.pool.Loss(
        vault=NOBODY, reserves=0, backstop=lab.units(STAKE), lenders=short - lab.units(STAKE)
    )
    assert lab.pool.reserves() == 0
    assert lab.line()[0] == limit


def test_claiming_more_than_arrived_within_the_reserve(tranches):
    """No lender and no backstop pays for it; vaults of this protocol cannot lie."""
    lab = tranches
    limit = lab.line()[0]
    receipt = lab.pool.settle(lab.units(RESERVE) * PAR, lab.units(RESERVE), sender=lab.vault)
    assert receipt.events == []
    assert lab.pool.reserves() == 0
    assert lab.line()[0] == limit
    assert lab.pool.totalAssets() == lab.units(LENT + STAKE)


def test_claiming_less_than_arrived(tranches):
    """The line shrinks as if it were lost; what arrived is reserve."""
    lab = tranches
    limit = lab.line()[0]
    lab.loan.transfer(lab.pool, lab.units(1_000), sender=lab.vault)
    receipt = lab.pool.settle(lab.units(1_000) * PAR, 0, sender=lab.vault)
    assert receipt.events[-1] == lab.pool.Loss(
        vault=lab.vault, reserves=lab.units(1_000), backstop=0, lenders=0
    )
    assert lab.line()[0] == limit - lab.units(1_000)
    assert lab.pool.reserves() == lab.units(RESERVE)


# ------------------------------------------------------------------------ splitting


def test_split_into_crumbs(lab, lender):
    """Settles of 0.7 base units each: what lenders lose is what one settle would cost them, to one unit;
    the line pays a whole unit for each."""
    lab.lend(lender, lab.units(1_000))
    lab.draw(lab.units(500))
    limit = lab.line()[0]
    receipt = lab.pool.settle(700, 0, sender=lab.vault)
    assert receipt.events == [
        lab.pool.LimitSet(vault=lab.vault, limit=limit - 1),
        lab.pool.Loss(vault=lab.vault, reserves=1, backstop=0, lenders=0),  # not yet a unit short
    ]
    receipt = lab.pool.settle(700, 0, sender=lab.vault)
    assert receipt.events[-1] == lab.pool.Loss(vault=lab.vault, reserves=0, backstop=0, lenders=1)
    for _ in range(28):
        lab.pool.settle(700, 0, sender=lab.vault)
    assert lab.units(1_000) - lab.pool.totalAssets() == 20  # of 21, less what rounding left
    assert lab.line()[0] == limit - 30
    assert lab.pool.losses(lab.vault) == 30
    books = lab.books()
    short = books.total_assets - lab.cash() * FRACTION - books.total_debt
    assert 0 <= short < FRACTION  # P3


def test_split_in_two_or_at_once(tranches):
    lab = tranches
    lab.settle(lab.units(100_000) * PAR, 0)
    lab.settle(lab.units(100_000) * PAR, 0)
    assert lab.pool.totalAssets() == lab.units(LENT + STAKE - 200_000 + RESERVE)
    assert lab.pool.balanceOf(lab.backstop) == 0


def test_a_stake_worth_nothing_is_burnt_before_lenders_lose(lab, lender):
    """W1."""
    lab.lend(lender, 10**9)
    lab.pool.transfer(lab.backstop, 999, sender=lender)
    lab.draw(10**6)
    receipt = lab.settle(10**6 * PAR, 0)
    assert receipt.events[-2:] == [
        lab.pool.Transfer(sender=lab.backstop, receiver=NOBODY, value=999),
        lab.pool.Loss(vault=lab.vault, reserves=0, backstop=0, lenders=10**6),
    ]
    assert lab.pool.balanceOf(lab.backstop) == 0


def test_a_backstop_that_holds_all_shares(lab):
    """It is the last lender as well: everything can be lost, nothing divides by zero."""
    lab.lend(lab.backstop, 10**9)
    receipt = lab.lose(10**9)
    assert receipt.events[-1] == lab.pool.Loss(vault=lab.vault, reserves=0, backstop=10**9, lenders=0)
    books = lab.books()
    assert books.total_assets == books.total_supply == 0


def test_losses_and_interest(chain, busy, lender):
    """P3 and the sums after a year of both."""
    for days, lost in ((100, 10**9), (200, 10**10 + 7), (65, 10**6 + 1)):
        chain.advance(days * DAY)
        shares = to_shares_up(lost, *busy.books()[1:4:2])
        before = busy.books()
        receipt = busy.settle(shares, 0)
        event = receipt.events[-1]
        after = busy.books()
        assert before.total_assets - after.total_assets == (event.backstop + event.lenders) * FRACTION
        books = busy.books()
        assert busy.cash() * FRACTION + books.total_debt > books.total_assets - FRACTION


def test_everything_is_lost_with_debt_of_others(chain, builder, lender):
    """One vault loses all that it drew; the other's debt is what lenders still own."""
    lab = build_lab(builder, [lender])
    lab.lend(lender, lab.units(1_000))
    lab.draw(lab.units(600))
    lab.draw(lab.units(400), lab.other_vault)
    lab.settle(lab.drawn(), 0)
    books = lab.books()
    assert books.total_assets == books.total_debt == lab.units(400) * FRACTION
    assert lab.pool.utilisation() == 10**18
    chain.advance(YEAR)
    _, shares, owed = lab.line(lab.other_vault)
    lab.settle(shares, owed, lab.other_vault)
    assert lab.pool.maxWithdraw(lender) > lab.units(400)
