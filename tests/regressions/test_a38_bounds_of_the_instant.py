"""A38: a bound that is a part of a pool's totals gave way to a flash deposit (caps, raises, payouts).

Here a deposit of 25 times the pool, and a borrower of all that is idle, move each such bound: none gives.
"""

import pytest

from plimsoll.testing import Contract, refusal
from plimsoll.testing.market import Market
from plimsoll.testing.roles import BORROWER, CURATOR, DEPLOYER, LENDER, LIQUIDATOR, RECEIVER, STRANGER, role
from plimsoll.units import DAY, MAX
from tests.utils.attack import FLASH, Flash, backstop_of, donate, million, stake, unchanged

STAKER, OTHER_STAKER = role(60), role(61)
T = 10**9  # pool shares of a whole token


def flashing(**params) -> tuple[Market, Flash]:
    """A pool of a million, and 25 millions in a contract; the vault's line is that of all it can lend."""
    market = million(limit=10**7, **params)
    return market, Flash.of(market)


def rule_with(market: Market, flash: Flash) -> None:
    """The curator is that contract."""
    market.council.transfer_curator(flash.contract, sender=CURATOR)
    assert flash.run((market.council.accept_curator,)) == [None]


def new_vault(market: Market) -> Contract:
    """Not known to the pool yet, with an oracle of the curator's choice."""
    return market.builder.vault(market.pool, market.collateral, market.builder.oracle(market.price()))


# ------------------------------------------------------------------------------------------ raises


@pytest.mark.parametrize(
    ("witnessed", "granted"), [(True, 50_000), (False, 1_000_000)], ids=["witnessed", "not"]
)
def test_a38_a_raise_inside_a_flash_deposit(witnessed, granted):
    """Queued and executed inside one: 5 % of the pool with a witness of anybody's in between, else a million.

    At a bound of 5 % of 26 millions a raise that nobody witnesses gets all that it asks for.
    """
    market, flash = flashing()
    rule_with(market, flash)
    pool, council, evil = market.pool, market.council, new_vault(market)
    want, before = market.loans(1_000_000), flash.loans
    assert flash.run((council.queue_limit, evil, want)) == ["council: raise too large"]
    assert flash.around(FLASH, (council.queue_limit, evil, want)) == [None]
    market.chain.advance(DAY)
    if witnessed:
        assert council.send("witness", sender=STRANGER) == market.loans(1_000_000)
        # flash money can only lift total assets, and the basis only falls
        assert flash.around(FLASH, (council.witness,)) == [None]
        assert council.queued().assets == market.loans(1_000_000)
    market.chain.advance(2 * DAY)
    assert flash.around(FLASH, (council.execute_queued,)) == [None]
    assert pool.credit_line(evil)[0] == market.loans(granted)
    assert before - flash.loans <= 3  # what the deposits cost


@pytest.mark.parametrize("utilisation", [0, 90])
def test_a38_a_raise_slowed_by_whoever_empties_the_pool(utilisation):
    """Out and in around a witness: at a utilisation of 90 % from 5 to 4.5 % of assets, else to nothing.

    A borrower of all that is idle changes nothing.
    """
    market, flash = flashing()
    pool, council, new = market.pool, market.council, new_vault(market)
    market.give(BORROWER)
    if utilisation:
        market.open(BORROWER, 1_000, 900_000)
    council.queue_limit(new, market.loans(50_000), sender=CURATOR)
    if utilisation:
        assert flash.around_idle((council.witness,)) == [None]
        assert council.queued().assets == market.loans(1_000_000)
    out = pool.send("exit", MAX, 0, LENDER, LENDER, sender=LENDER)[0]
    council.witness(sender=STRANGER)
    pool.deposit(out, LENDER, sender=LENDER)
    market.chain.advance(3 * DAY)
    council.execute_queued(sender=CURATOR)
    granted = pool.credit_line(new)[0]
    assert granted == pytest.approx(market.loans(45_000 if utilisation else 0), abs=1)


# ----------------------------------------------------------------------------------------- payouts


def overflowing(market: Market, staked: int = 50_000) -> None:
    """A reserve of 100,000 and more, of which something may go; a stake; a receiver."""
    donate(market, 100_000)
    if staked:
        stake(market, market.give(STAKER), staked)
    market.council.set_payout_receiver(RECEIVER, sender=CURATOR)


def test_a38_a_payout_cannot_be_voided():
    """A deposit of 25 times the pool makes the excess 0: refused, and the announcement stays.

    Of old three rounds of 50,000 were announced, paid 0 and used up, at no cost.
    """
    market, flash = flashing()
    overflowing(market)
    council, pool = market.council, market.pool
    excess, before = pool.excess(), flash.loans
    assert excess == market.loans(47_500)
    assert flash.around(FLASH, (pool.excess,), (council.announce,)) == [None, "council: no excess"]
    assert council.send("announce", sender=STRANGER) == excess
    market.chain.advance(3 * DAY)
    for _ in range(3):
        assert flash.around(FLASH, (council.distribute,)) == ["council: nothing to pay out"]
        assert (council.announced(), pool.excess()) == (excess, excess)
    assert council.send("distribute", sender=STRANGER) == excess
    assert before - flash.loans <= 4


@pytest.mark.parametrize("left", [1, 1_000, 20_000])
def test_a38_a_payout_made_small_stays_due(left):
    """A deposit that leaves an excess of `left` whole tokens: they are paid, and the rest afterwards."""
    market, flash = flashing()
    overflowing(market)
    council = market.council
    announced = council.send("announce", sender=STRANGER)
    market.chain.advance(3 * DAY)
    deposit = (announced // 10**6 - left) * 20
    assert flash.around(deposit, (council.distribute,)) == [None]
    first = announced - council.announced()
    assert first == pytest.approx(market.loans(left), abs=2)
    second = council.send("distribute", sender=STRANGER)
    # new shares raise the target by 5 % of themselves
    assert announced - first // 10 <= first + second <= announced


def test_a38_an_announcement_cannot_be_pinned():
    """One of about a unit stood for three days in the way of 47,500; half as large again replaces it."""
    market, flash = flashing()
    overflowing(market)
    council, pool = market.council, market.pool
    excess = pool.excess()
    deposit = excess // 10**6 * 20
    market.loan.mint(market.pool, 3, sender=DEPLOYER)
    assert flash.around(deposit, (council.announce,)) == [None]
    assert council.announced() <= 3
    assert council.send("announce", sender=STRANGER) == excess + 3
    assert refusal(council.announce, sender=STRANGER) == "council: already announced"
    market.chain.advance(3 * DAY)
    assert refusal(council.announce, sender=STRANGER) == "council: a payout is due"


def test_a38_who_borrows_all_that_is_idle_changes_no_payout():
    """The target is a part of the larger of assets and debt; borrowing moves neither beyond the other."""
    market, flash = flashing()
    overflowing(market)
    market.give(BORROWER)
    market.open(BORROWER, 1_000, 500_000)
    council, pool = market.council, market.pool
    excess = pool.excess()
    assert flash.around_idle((council.announce,)) == [None]
    assert council.announced() == pytest.approx(excess, abs=1)
    market.chain.advance(3 * DAY)
    due = min(council.announced(), pool.excess())
    assert flash.around_idle((council.distribute,)) == [None]
    assert due - council.announced() == pytest.approx(due, abs=1)


@pytest.mark.parametrize(("staked", "paid"), [(0, 0), (999, 0), (1_000, 2_000), (25_000, 48_750)])
def test_a38_a_payout_to_who_stakes_just_before(staked, paid):
    """Nobody stakes; a contract deposits, stakes and calls `distribute`, in one transaction; whole tokens.

    Below the minimum stake nothing is paid; above it the backstop's half is at most what its stake is worth.
    And no stake comes out in the same transaction.
    """
    market, flash = flashing()
    overflowing(market, staked=0)
    council, pool, bs, me = market.council, market.pool, backstop_of(market), flash.contract
    announced = council.send("announce", sender=STRANGER)
    market.chain.advance(3 * DAY)
    answers = flash.run(
        (pool.deposit, market.loans(max(staked, 1)), me),
        (bs.deposit, staked * T, me),
        (council.distribute,),
        (bs.request, staked * T),
        (bs.redeem, staked * T, me, me),
    )
    assert answers[4] in ("backstop: no mature request", "backstop: more than requested")
    assert answers[2] == (None if paid else "council: nothing to pay out")
    assert market.loans(100_000) - pool.reserves() == pytest.approx(market.loans(paid), abs=1)
    assert pool.convertToAssets(pool.balanceOf(RECEIVER)) == pytest.approx(market.loans(paid) / 2, abs=1)
    if not paid:
        assert council.announced() == announced
        return
    # what was requested at once earns nothing: the income waits for who stakes a cooldown long
    market.chain.advance(14 * DAY)
    assert flash.run((bs.redeem, bs.departure_of(me).shares, me, me)) == [None]
    assert pool.balanceOf(me) <= staked * T


@pytest.mark.parametrize("cooldowns", [1, 2])
def test_a38_the_first_stake_of_1000_takes_1000_of_a_payout(cooldowns):
    """It stays for the income, then leaves: with 2,000, not 51,000."""
    market, flash = flashing()
    overflowing(market, staked=0)
    council, pool, bs, me = market.council, market.pool, backstop_of(market), flash.contract
    council.announce(sender=STRANGER)
    market.chain.advance(3 * DAY)
    calls = ((pool.deposit, market.loans(1_000), me), (bs.deposit, 1_000 * T, me), (council.distribute,))
    assert flash.run(*calls) == [None] * 3
    market.chain.advance(cooldowns * 14 * DAY)
    assert flash.run((bs.request, bs.balanceOf(me))) == [None]
    market.chain.advance(14 * DAY)
    assert flash.run((bs.redeem, bs.departure_of(me).shares, me, me)) == [None]
    assert pool.balanceOf(me) / T == pytest.approx(2_000, abs=1)


# ------------------------------------------------------------------------- what lenders see of it


def test_a38_the_supply_cap():
    """A flash deposit fills it for its transaction at most; nobody gets above it."""
    market, flash = flashing()
    pool = market.pool
    market.council.set_supply_cap(market.loans(1_100_000), sender=CURATOR)
    me = flash.contract
    assert flash.run((pool.deposit, market.loans(FLASH), me)) == ["pool: over the supply cap"]
    assert flash.run((pool.mint, FLASH * T, me)) == ["pool: over the supply cap"]
    room = pool.maxDeposit(LENDER)
    assert flash.run((pool.deposit, room, me), (pool.deposit, 1, me), (pool.exit, MAX, 0, me, me)) == [
        None,
        "pool: over the supply cap",
        None,
    ]
    assert pool.maxDeposit(LENDER) - room in (0, 1)
    market.give(BORROWER)
    market.open(BORROWER, 1_000, 500_000)
    assert flash.around_idle((pool.deposit, market.loans(FLASH), me)) == ["pool: over the supply cap"]


def provided(market: Market, whole_tokens: int = 20_000) -> int:
    """A provision of about so many whole tokens; what it is."""
    market.give(BORROWER)
    market.give(LIQUIDATOR)
    debt = 3 * whole_tokens
    market.vault.open(market.collaterals(debt), market.loans(debt), sender=BORROWER)
    market.vault.withdraw(MAX, sender=BORROWER)
    collateral = market.position(BORROWER)[0]
    market.oracle.set_price(2 * market.loans(whole_tokens) * 10**36 // collateral, sender=DEPLOYER)
    return int(market.vault.send("poke", BORROWER, sender=STRANGER))


@pytest.mark.parametrize("reserve", [0, 5_000])
def test_a38_exit_terms_and_consent(reserve):
    """A provision of 2 %; a flash deposit dilutes it below the 0.1 % that a plain exit takes.

    Another then leaves plainly in the same transaction: the depositor has paid for it, entering at the normal
    price and leaving at the same terms. Together they get what they would have got without.
    """
    market, flash = flashing()
    pool, other = market.pool, flash.contract
    donate(market, reserve)
    pool.deposit(market.loans(100_000), LENDER, sender=LENDER)
    lack = provided(market)
    assert pool.maxRedeem(LENDER) == 0
    pool.transfer(other, 50_000 * T, sender=LENDER)  # what "another" holds, in the same hands
    fair = pool.previewRedeem(50_000 * T)
    before = flash.loans
    answers = flash.run(
        (pool.redeem, 50_000 * T, other, other),
        (pool.deposit, market.loans(FLASH), other),
        (pool.redeem, 50_000 * T, other, other),
        (pool.exit, MAX, 0, other, other),
    )
    assert answers == ["pool: haircut, use exit", None, None, None]
    gain = flash.loans - before
    assert gain <= fair
    assert fair - gain > market.loans(19_000 if not reserve else 14_000)  # it bore 25/26 of what was missing
    assert pool.provisions() == lack


def test_a38_exit_terms_and_who_borrows_all_that_is_idle():
    """A loan changes neither assets nor reserve nor provisions, so no exit; but there is no cash."""
    market, flash = flashing()
    provided(market)
    market.set_quote(2_000)
    pool = market.pool
    terms = pool.previewRedeem(10**12)
    vault, me = market.vault, flash.contract
    answers = flash.run((vault.open, market.collaterals(10**6), MAX, me, me, b""))
    assert answers == [None]
    assert pool.previewRedeem(10**12) in (terms - 1, terms)
    assert pool.send("exit", MAX, 0, LENDER, LENDER, sender=LENDER)[0] <= 4


@pytest.mark.parametrize("kept", [900, 1_100])
def test_a38_a_wiped_pool(kept):
    """Assets over shares decide: no deposit makes a wiped pool enterable, or an enterable one wiped."""
    market, flash = flashing()
    pool = market.pool
    market.loan.burn(pool, market.loans(1_000_000 - kept), sender=DEPLOYER)
    pool.book_shortfall(sender=STRANGER)
    wiped = kept < 1_000
    me = flash.contract
    answers = flash.run((pool.deposit, market.loans(FLASH), me), (pool.exit, MAX, 0, me, me))
    assert answers == ["pool: wiped" if wiped else None, None]
    assert (refusal(pool.deposit, 10**6, LENDER, sender=LENDER) == "pool: wiped") == wiped
    assert (refusal(market.council.announce, sender=STRANGER) == "pool: wiped") == wiped


def test_a38_rates():
    """Neither charges or pays a unit for no time, nor moves the rate that the next second is charged at."""
    market, flash = flashing()
    market.give(BORROWER)
    market.open(BORROWER, 1_000, 800_000)
    market.chain.advance(DAY)
    pool = market.pool
    pool.accrue(sender=STRANGER)
    debt = market.debt(BORROWER)
    with unchanged((pool.rate_at_target,)):
        assert flash.around(FLASH, (pool.accrue,)) == [None]
        assert flash.around_idle((pool.accrue,)) == [None]
        assert market.debt(BORROWER) - debt in (0, 1)
    rate = pool.borrow_rate()
    market.chain.advance(12)
    assert pool.borrow_rate() == pytest.approx(rate, rel=1e-5)


def test_a38_cash_to_draw_or_withdraw():
    """What is deposited and lent on in the same transaction does not come out again."""
    market, flash = flashing()
    pool, vault, me = market.pool, market.vault, flash.contract
    answers = flash.run(
        (pool.deposit, market.loans(2_000_000), me),
        (vault.open, market.collaterals(10**6), market.loans(3_000_000) - 10, me, me, b""),
        (pool.withdraw, market.loans(1), me, me),
        (pool.exit, MAX, 0, me, me),
    )
    assert answers[:3] == [None, None, "pool: not enough cash"]
    assert pool.totalAssets() >= market.loans(3_000_000) - 10


def test_a38_a_provision_is_capped_by_what_its_vault_has_drawn():
    """Which others' deposits and loans do not change."""
    market, flash = flashing()
    lack = provided(market)
    pool, vault = market.pool, market.vault
    assert flash.around(FLASH, (vault.poke, BORROWER)) == [None]
    assert (pool.provisions(), pool.provision_of(vault)) == (lack, lack)


def test_a38_credit_limit_and_pace():
    """They know of the vault's own debt and limit alone."""
    market = million(limit=100_000, draw_burst="0.5")
    flash = Flash.of(market)
    vault, me = market.vault, flash.contract
    collateral = market.collaterals(10**6)
    answers = flash.around(
        FLASH,
        (vault.open, collateral, market.loans(100_001), me, me, b""),
        (vault.open, collateral, market.loans(50_001), me, me, b""),
        (vault.open, collateral, market.loans(50_000) - 2, me, me, b""),
    )
    assert answers == ["pool: over the credit limit", "pool: drawing too fast", None]
