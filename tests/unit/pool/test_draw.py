"""Lending to a vault."""

import pytest

from plimsoll.testing import refusal
from plimsoll.twin.share_math import to_assets_up, to_shares_up, to_value_up
from plimsoll.units import DAY, FRACTION, HOUR, YEAR
from tests.utils.pool_harness import PAR


def test_the_first_debt_is_at_par(lab, lender, receiver):
    lab.lend(lender, 10**9)
    receipt = lab.pool.draw(10**6 + 1, receiver, sender=lab.vault)
    assert receipt.events == [lab.loan.Transfer(sender=lab.pool, receiver=receiver, value=10**6 + 1)]
    assert lab.line()[1:] == ((10**6 + 1) * PAR, 10**6 + 1)
    assert lab.books()[1:4] == ((10**6 + 1) * FRACTION, 10**9 * PAR, (10**6 + 1) * PAR)
    assert lab.loan.balanceOf(receiver) == 10**6 + 1


def test_later_debt_at_the_grown_price_rounded_up(chain, busy, receiver):
    """P6: debt per debt share does not fall."""
    chain.advance(DAY)
    books = busy.books()
    shares = to_shares_up(10**9 + 7, books.total_debt, books.total_debt_shares)
    value = to_value_up(shares, books.total_debt, books.total_debt_shares)
    assert value >= (10**9 + 7) * FRACTION

    busy.pool.draw(10**9 + 7, receiver, sender=busy.other_vault)

    after = books._replace(
        total_debt=books.total_debt + value, total_debt_shares=books.total_debt_shares + shares
    )
    assert busy.books() == after
    owed = to_assets_up(shares, after.total_debt, after.total_debt_shares)
    assert busy.line(busy.other_vault)[1:] == (shares, owed)
    assert 10**9 + 7 <= owed <= 10**9 + 8
    assert (after.total_debt + FRACTION) * (books.total_debt_shares + PAR) >= (
        books.total_debt + FRACTION
    ) * (after.total_debt_shares + PAR)


def test_gives_shares_and_totals(busy):
    books = busy.books()
    shares = to_shares_up(5, books.total_debt, books.total_debt_shares)
    value = to_value_up(shares, books.total_debt, books.total_debt_shares)
    answer = busy.pool.draw.call(5, busy.vault, sender=busy.vault)
    assert answer[0] == shares
    assert tuple(answer[1]) == (books.total_debt + value, books.total_debt_shares + shares)


def test_nothing(busy):
    before = busy.books()
    receipt = busy.pool.draw(0, busy.vault, sender=busy.vault)
    assert receipt.events == []
    assert busy.books() == before


def test_only_vaults(lab, lender, stranger):
    lab.lend(lender, 10**9)
    assert refusal(lab.pool.draw, 1, stranger, sender=stranger) == "pool: not a vault"
    assert refusal(lab.pool.draw, 0, lender, sender=lender) == "pool: not a vault"
    assert refusal(lab.pool.draw, 1, lab.council, sender=lab.council) == "pool: not a vault"


def test_up_to_the_limit(lab, lender):
    """P9."""
    lab.lend(lender, 10**9)
    lab.pool.set_limit(lab.vault, 10**6, sender=lab.council)
    assert refusal(lab.pool.draw, 10**6 + 1, lab.vault, sender=lab.vault) == "pool: over the credit limit"
    lab.draw(10**6)
    assert lab.line() == (10**6, 10**6 * PAR, 10**6)
    assert refusal(lab.pool.draw, 1, lab.vault, sender=lab.vault) == "pool: over the credit limit"


def test_interest_uses_up_the_limit(chain, busy):
    """P9: what counts is what is owed, not what was drawn."""
    _, _, owed = busy.line()
    busy.pool.set_limit(busy.vault, owed + 100, sender=busy.council)
    assert refusal(busy.pool.draw, 102, busy.vault, sender=busy.vault) == "pool: over the credit limit"
    assert refusal(busy.pool.draw, 98, busy.vault, sender=busy.vault) is None
    chain.advance(HOUR)
    assert refusal(busy.pool.draw, 1, busy.vault, sender=busy.vault) == "pool: over the credit limit"


@pytest.mark.parametrize("amount", [1, 999, 10**6 + 7, 10**9])
def test_never_over_the_limit(busy, amount):
    """P9, with the tightest limit that lets the draw pass, and one less."""
    books = busy.books()
    shares = busy.drawn() + to_shares_up(amount, books.total_debt, books.total_debt_shares)
    _, (debt, debt_shares) = busy.pool.draw.call(amount, busy.vault, sender=busy.vault)
    owed = to_assets_up(shares, debt, debt_shares)
    busy.pool.set_limit(busy.vault, owed - 1, sender=busy.council)
    assert refusal(busy.pool.draw, amount, busy.vault, sender=busy.vault) == "pool: over the credit limit"
    busy.pool.set_limit(busy.vault, owed, sender=busy.council)
    busy.pool.draw(amount, busy.vault, sender=busy.vault)
    limit, drawn, owed_now = busy.line()
    assert (drawn, owed_now) == (shares, owed)
    assert owed_now <= limit


def test_up_to_what_lenders_own(lab, lender, stranger):
    """The reserve is not lent."""
    lab.lend(lender, 10**6)
    lab.loan.mint(lab.pool, 10**6, sender=stranger)
    assert refusal(lab.pool.draw, 10**6 + 1, lab.vault, sender=lab.vault) == "pool: not enough cash"
    lab.draw(10**6)
    assert lab.pool.utilisation() == 10**18


def test_not_from_an_empty_pool(lab):
    assert refusal(lab.pool.draw, 1, lab.vault, sender=lab.vault) == "pool: not enough cash"
    assert refusal(lab.pool.draw, 0, lab.vault, sender=lab.vault) is None


def test_paused(chain, busy):
    busy.pool.set_pause(chain.now + DAY, sender=busy.council)
    assert refusal(busy.pool.draw, 1, busy.vault, sender=busy.vault) == "pool: paused"
    chain.advance(DAY)
    assert refusal(busy.pool.draw, 1, busy.vault, sender=busy.vault) is None


def test_cash_that_is_not_there(busy, stranger):
    """After a seizure the token itself refuses."""
    busy.loan.burn(busy.pool, busy.cash() - 100, sender=stranger)
    assert refusal(busy.pool.draw, 101, busy.vault, sender=busy.vault) == "token: balance too small"
    assert refusal(busy.pool.draw, 100, busy.vault, sender=busy.vault) is None


def test_lines_are_separate(chain, lab, lender):
    """P2: the lines add up to the debt shares."""
    lab.lend(lender, 10**9)
    lab.draw(3 * 10**8 + 1)
    lab.draw(10**8 + 3, lab.other_vault)
    chain.advance(YEAR)
    lab.draw(7, lab.other_vault)
    assert lab.drawn() + lab.drawn(lab.other_vault) == lab.books().total_debt_shares
    lab.pool.set_limit(lab.vault, 0, sender=lab.council)
    assert refusal(lab.pool.draw, 1, lab.other_vault, sender=lab.other_vault) is None


def test_a_real_vault_is_a_vault_and_nobody_else(market, lender, borrower):
    """Also when its owner, its borrower or its curator asks."""
    market.pool.deposit(10**12, lender, sender=lender)
    vault = market.vault
    assert refusal(market.pool.draw, 10**6, borrower, sender=vault) is None
    assert refusal(market.pool.draw, 10**6, borrower, sender=borrower) == "pool: not a vault"
    assert refusal(market.pool.draw, 10**6, borrower, sender=market.builder.deployer) == "pool: not a vault"


def test_max_draw_is_accepted(busy):
    """Bound by what lenders own, by the line, by cash; short by a share's worth and a unit."""
    books = busy.books()
    free = (books.total_assets - books.total_debt) // FRACTION
    assert busy.pool.max_draw(busy.vault) == free - 2
    assert refusal(busy.pool.draw, free - 2, busy.vault, sender=busy.vault) is None
    assert refusal(busy.pool.draw, free + 1, busy.vault, sender=busy.vault) == "pool: not enough cash"

    _, _, owed = busy.line()
    busy.pool.set_limit(busy.vault, owed + 1_000, sender=busy.council)
    assert busy.pool.max_draw(busy.vault) == 998
    assert refusal(busy.pool.draw, 998, busy.vault, sender=busy.vault) is None
    assert refusal(busy.pool.draw, 1_001, busy.vault, sender=busy.vault) == "pool: over the credit limit"

    busy.pool.set_limit(busy.vault, owed - 1, sender=busy.council)
    assert busy.pool.max_draw(busy.vault) == 0


def test_max_draw_is_nothing(chain, busy, lab, stranger):
    assert busy.pool.max_draw(stranger) == 0
    busy.loan.burn(busy.pool, busy.cash() - 100, sender=stranger)
    assert busy.pool.max_draw(busy.vault) == 98
    busy.pool.set_pause(chain.now + DAY, sender=busy.council)
    assert busy.pool.max_draw(busy.vault) == 0
