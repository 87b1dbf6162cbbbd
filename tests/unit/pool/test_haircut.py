"""Leaving while provisions stand: at which price, and who has to say that they accept it."""

import pytest

from plimsoll.testing import refusal
from plimsoll.twin.share_math import to_assets_down, to_shares_up, to_value_up
from plimsoll.units import FRACTION, MAX, NOBODY
from tests.utils.pool_harness import PAR, holding

LENT, STAKE, RESERVE, DRAWN = 1_000_000 * 10**6, 50_000 * 10**6, 30_000 * 10**6, 500_000 * 10**6
REASON = "pool: haircut, use exit"


@pytest.fixture
def lent(lab, lender):
    """A million lent, half of it drawn; at par, without a reserve and a stake."""
    lab.lend(lender, LENT)
    lab.draw(DRAWN)
    return lab


@pytest.fixture
def staked(lent, stranger):
    """With both."""
    lent.lend(lent.backstop, STAKE)
    lent.loan.mint(lent.pool, RESERVE, sender=stranger)
    return lent


def provide(lab, amount):
    return lab.pool.set_provision(amount, sender=lab.vault)


def least_that_needs_consent(stake: int) -> int:
    """The first provision beyond reserve and 0.1 %, once the stake is used up; base units."""
    assets, supply = LENT + stake, (LENT + stake) * PAR
    unmet = 0
    step = 2**60
    while step:
        step //= 2
        after = assets - (unmet + step)
        if (after + 1) * (supply + PAR) * 1_000 >= (assets + 1) * (supply - stake * PAR + PAR) * 999:
            unmet += step
    return unmet + 1


def assert_consent_is_needed(lab, lender, needed: bool):
    calls = [(lab.pool.redeem, PAR, lender, lender), (lab.pool.withdraw, 1, lender, lender)]
    for call in calls:
        assert refusal(*call, sender=lender) == (REASON if needed else None)
    assert (lab.pool.maxRedeem(lender) == 0) is (lab.pool.maxWithdraw(lender) == 0) is needed


def test_a_thousandth_needs_none(lab, lender):
    """Exactly, the virtual unit included."""
    lab.lend(lender, LENT - 1)
    lab.draw(DRAWN)
    provide(lab, LENT // 1_000)
    assert_consent_is_needed(lab, lender, False)
    provide(lab, LENT // 1_000 + 1)
    assert_consent_is_needed(lab, lender, True)


def test_more_than_a_thousandth_needs_consent(lent, lender):
    """To the base unit of a provision."""
    least = least_that_needs_consent(0)
    assert least == LENT // 1_000 + 1
    for provision in (least - 1, least):
        provide(lent, provision)
        assert_consent_is_needed(lent, lender, provision == least)
        assert lent.pool.previewRedeem(LENT * PAR) == LENT - provision


def test_beyond_reserve_and_backstop(staked, lender):
    """What they bear lowers no price; from there on the whole stake is gone, and a thousandth more."""
    provide(staked, RESERVE + STAKE)
    assert staked.pool.previewRedeem(LENT * PAR) == LENT
    assert_consent_is_needed(staked, lender, False)
    least = least_that_needs_consent(STAKE)
    assert STAKE + LENT // 1_000 < least <= STAKE + LENT // 1_000 + 2
    for unmet in (least - 1, least):
        provide(staked, RESERVE + unmet)
        assert_consent_is_needed(staked, lender, unmet == least)


def test_what_the_backstop_bears_to_the_last_fraction_lowers_no_price(staked):
    """Its worth is rounded up: to take shares and worth away would lower the price by the difference."""
    provide(staked, DRAWN)
    books, stake, others = staked.books(), STAKE * PAR, LENT * PAR
    assets = books.total_assets + 154_219_462_657
    worth = to_value_up(stake, assets, books.total_supply)
    debt = assets + DRAWN * FRACTION - worth - staked.cash() * FRACTION
    normal = to_assets_down(others, assets, books.total_supply)
    assert to_assets_down(others, assets - worth, books.total_supply - stake) == normal - 1
    for fewer in (0, 1):
        with holding(staked.pool, books._replace(total_assets=assets, total_debt=debt - fewer)):
            assert staked.pool.previewRedeem(others) == normal - fewer


def test_a_small_one_is_paid_to_the_plain_calls(lent, lender, receiver):
    """By the price that booking would leave."""
    provide(lent, 10**8)
    books = lent.books()
    exit_terms = books.total_assets - 10**8 * FRACTION, books.total_supply
    paid = to_assets_down(10**12, *exit_terms)
    assert paid == 10**9 - 10**5
    receipt = lent.pool.redeem(10**12, receiver, lender, sender=lender)
    assert receipt.return_value == paid
    assert receipt.events == [
        lent.pool.Transfer(sender=lender, receiver=NOBODY, value=10**12),
        lent.loan.Transfer(sender=lent.pool, receiver=receiver, value=paid),
        lent.pool.Withdraw(sender=lender, receiver=receiver, owner=lender, assets=paid, shares=10**12),
    ]
    books = lent.books()
    burnt = to_shares_up(10**9, books.total_assets - 10**8 * FRACTION, books.total_supply)
    assert lent.pool.withdraw(10**9, receiver, lender, sender=lender).return_value == burnt > 10**12
    assert lent.loan.balanceOf(receiver) == paid + 10**9


def test_a_single_share_needs_consent(lent, lender):
    """Where one is worth more than a base unit."""
    provide(lent, DRAWN)
    with holding(lent.pool, lent.books()._replace(total_supply=10**6)):
        assert lent.pool.previewWithdraw(1) == 1
        assert refusal(lent.pool.withdraw, 1, lender, lender, sender=lender) == REASON
        assert refusal(lent.pool.redeem, 1, lender, lender, sender=lender) == REASON


def test_nothing_needs_no_consent(lent, lender):
    provide(lent, DRAWN)
    assert_consent_is_needed(lent, lender, True)
    for call in (lent.pool.redeem, lent.pool.withdraw):
        receipt = call(0, lender, lender, sender=lender)
        assert receipt.return_value == 0
        assert receipt.events[-1] == lent.pool.Withdraw(
            sender=lender, receiver=lender, owner=lender, assets=0, shares=0
        )


@pytest.mark.parametrize("provision", [10**9 + 1, 10**11, DRAWN])
def test_exit_pays_at_any_terms_that_its_caller_names(lent, lender, receiver, provision):
    """As the previews say."""
    provide(lent, provision)
    books = lent.books()
    terms = books.total_assets - provision * FRACTION, books.total_supply
    paid = to_assets_down(10**14, *terms)
    assert lent.pool.previewRedeem(10**14) == lent.pool.convertToAssets(10**14) == paid
    assert lent.pool.previewWithdraw(paid) == to_shares_up(paid, *terms) <= 10**14
    arguments = (10**14, paid + 1, receiver, lender)
    assert refusal(lent.pool.exit, *arguments, sender=lender) == "pool: too few assets"
    receipt = lent.pool.exit(10**14, paid, receiver, lender, sender=lender)
    assert receipt.events == [
        lent.pool.Transfer(sender=lender, receiver=NOBODY, value=10**14),
        lent.loan.Transfer(sender=lent.pool, receiver=receiver, value=paid),
        lent.pool.Withdraw(sender=lender, receiver=receiver, owner=lender, assets=paid, shares=10**14),
    ]


def test_exit_of_all_when_all_is_provided_for(lab, lender):
    """A claim of nothing is paid as such, and nobody is stopped (X1)."""
    lab.lend(lender, LENT)
    lab.draw(LENT)
    provide(lab, LENT)
    assert lab.pool.previewRedeem(LENT * PAR) == 0
    assert tuple(lab.pool.exit(MAX, 0, lender, lender, sender=lender).return_value) == (0, LENT * PAR)


def test_who_enters_pays_the_normal_price(lent, other_lender):
    provide(lent, DRAWN)
    lent.lend(other_lender, 10**6)
    assert lent.pool.balanceOf(other_lender) == 10**6 * PAR
    assert lent.pool.convertToShares(10**6) == lent.pool.previewDeposit(10**6) == 10**6 * PAR


# --------------------------------------------------------------------------------- provisions themselves


def test_a_vault_reports_at_most_its_debt(lent):
    for amount, counted in ((7, 7), (DRAWN, DRAWN), (DRAWN + 1, DRAWN), (MAX, DRAWN)):
        receipt = provide(lent, amount)
        assert receipt.events == [lent.pool.ProvisionSet(vault=lent.vault, amount=counted, total=counted)]
        assert lent.pool.provisions() == lent.pool.provision_of(lent.vault) == counted


def test_vaults_add_up(lent, stranger):
    lent.draw(10**6, lent.other_vault)
    provide(lent, 5)
    receipt = lent.pool.set_provision(7, sender=lent.other_vault)
    assert receipt.events == [lent.pool.ProvisionSet(vault=lent.other_vault, amount=7, total=12)]
    assert provide(lent, 0).events == [lent.pool.ProvisionSet(vault=lent.vault, amount=0, total=7)]
    assert refusal(lent.pool.set_provision, 0, sender=stranger) == "pool: not a vault"


# ------------------------------------------------------------------------- what the backstop would lose


@pytest.mark.parametrize(
    ("provision", "shares"),
    [(RESERVE, 0), (RESERVE + 1, PAR), (RESERVE + STAKE - 1, (STAKE - 1) * PAR),
     (RESERVE + STAKE, STAKE * PAR), (RESERVE + STAKE + 1, STAKE * PAR), (DRAWN, STAKE * PAR)],
)  # fmt: skip
def test_the_backstops_haircut(staked, provision, shares):
    """Nothing while the reserve covers it; at most all of its shares."""
    assert staked.pool.backstop_haircut() == 0
    provide(staked, provision)
    assert staked.pool.backstop_haircut() == shares


def test_a_fraction_of_a_unit_unmet_burns_shares_of_a_unit(staked):
    provide(staked, RESERVE)
    books = staked.books()
    with holding(staked.pool, books._replace(total_assets=books.total_assets + 1)):
        assert staked.pool.backstop_haircut() == PAR


def test_the_backstops_haircut_is_rounded_up(busy):
    """Fractions of a unit of what is unmet, and then of a share."""
    busy.lend(busy.backstop, STAKE)
    books = busy.books()
    reserve = busy.cash() * FRACTION + books.total_debt - books.total_assets
    assert reserve % FRACTION
    provide(busy, reserve // FRACTION)
    assert busy.pool.backstop_haircut() == 0
    provide(busy, reserve // FRACTION + 1)
    exact = (books.total_supply + PAR) * FRACTION / (books.total_assets + FRACTION)
    assert exact < busy.pool.backstop_haircut() < exact + 1  # of a unit, of which less is unmet
