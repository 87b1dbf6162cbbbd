"""`liquidate`: who may be closed, how far, at what price; all closes are held to the twin, to the unit."""

from decimal import Decimal

import pytest

from plimsoll.params import BLUE_CHIP
from plimsoll.testing import refusal
from plimsoll.testing.market import build_market
from plimsoll.twin import liquidation as twin
from plimsoll.twin.liquidation import is_restorable, restorable_bonus, shortfall_bonus
from plimsoll.units import MAX, NOBODY, PRICE_SCALE, WAD, YEAR, order
from tests.utils.vaults import Balances, balances, closes, liquidate, liquidate_batch, risk_of, worth

# Of a position with 10 collateral tokens and a debt of 15,000: liquidatable below 1,807.2, full bonus from
# 1,680.7 down, bonus capped by equity from 1,650 down, in shortfall below 1,530.
RESTORABLE = ("1807", "1806.543210987654", "1800", "1750", "1681", "1680.5", "1670")
CAPPED = ("1649.9", "1600", "1550.123456789", "1533")
SHORTFALL = ("1529", "1500", "1400", "1000.000000000000000001", "10", "0.000001")
WORTHLESS = "0.000000000000000000000001"  # a price of 1: less than a unit for all the collateral


@pytest.fixture
def vault(market, borrower):
    """The borrower has 10 collateral tokens and a debt of 15,000."""
    market.open(borrower)
    return market.vault


def debt_and_value(market, owner) -> tuple[int, int]:
    value = worth(market.position(owner)[0], market.oracle.price())
    return market.vault.debt_of(owner), value


def offers(market, owner) -> list[int]:
    """Offers on all sides of what a close turns on."""
    debt, least = market.vault.debt_of(owner), market.risk().min_debt
    whole = market.quote(owner).paid
    around = {whole, debt, debt - least, debt // 3, least}
    return sorted({1, 2, 1_000, MAX, *(number + step for number in around for step in (-1, 0, 1))} - {0, -1})


def assert_theorems(market, owner, before, answer) -> None:
    """What a close must leave, whatever it was: L2, L3, L4, L6, L7 and V3."""
    collateral, shares, debt, value = before
    risk, price = market.risk(), market.oracle.price()
    left_collateral, left_shares = market.position(owner)
    left_debt, left_value = debt_and_value(market, owner)
    assert left_collateral * shares >= collateral * left_shares  # L2
    assert answer.paid <= debt
    if left_collateral == 0:
        assert left_shares == 0  # L6
    bought = answer.seized * price // PRICE_SCALE
    if is_restorable(value, debt, risk.bonus_min):
        bonus = restorable_bonus(value, value * risk.threshold, debt, risk)
        assert answer.paid >= answer.extinguished  # L3: nothing lost
        assert left_value >= left_debt  # L3
        assert left_debt == 0 or left_debt >= risk.min_debt  # V3
    else:
        bonus = shortfall_bonus(value, debt, risk)
        assert answer.fee == 0
    # L7; in shortfall but for the fraction of a unit by which the whole value was rounded down
    assert bought <= answer.paid * (WAD + bonus) // WAD + (answer.paid < answer.extinguished)


@pytest.mark.parametrize("quote", [*RESTORABLE, *CAPPED, *SHORTFALL, WORTHLESS])
def test_every_offer(chain, market, vault, borrower, other_borrower, liquidator, quote):
    """L2, L3, L6, L7, L8, P2, P3, V1, V3: previews of many offers, execution of some, as the twin says."""
    chain.advance(YEAR // 12)
    market.set_quote(quote)
    vault.deposit(market.collaterals("0.000123456789"), borrower, sender=other_borrower)  # an odd ratio
    collateral, shares = market.position(borrower)
    price, totals, risk = market.oracle.price(), market.debt_totals(), risk_of(vault)
    made = {}
    for offer in offers(market, borrower):
        answer = twin.quote(collateral, shares, price, totals, offer, risk)
        assert vault.preview_liquidate(borrower, offer) == answer
        assert answer.paid <= offer
        if answer.executable:
            made[offer] = answer
        else:
            reason = "vault: nothing can be closed"
            assert refusal(vault.liquidate, borrower, offer, sender=liquidator) == reason
    executable = sorted(made)
    before = (collateral, shares, *debt_and_value(market, borrower))
    for offer in {executable[0], executable[len(executable) // 2], executable[-1]}:
        with chain.isolated():
            assert liquidate(market, borrower, liquidator, offer) == made[offer]
            assert_theorems(market, borrower, before, made[offer])
            market.assert_sums([borrower, other_borrower])


def test_l1_from_the_first_unit_of_price_below(market, vault, borrower, liquidator, stranger, deployer):
    """L1: a healthy position is safe from everybody; an unhealthy one can be closed by anybody."""
    edge = vault.margin_terms(borrower).liquidation_price
    market.oracle.set_price(edge, sender=deployer)
    for offer in (0, 1, MAX):
        assert refusal(vault.liquidate, borrower, offer, sender=liquidator) == "vault: healthy"
    market.oracle.set_price(edge - 1, sender=deployer)
    for anybody in (liquidator, stranger):
        assert refusal(vault.liquidate, borrower, MAX, sender=anybody) is None
    liquidate(market, borrower, stranger)


def test_l1_to_the_last_integer(builder, borrower, lender, liquidator, deployer):
    """Weighted value that lacks 1 of 1.5e28: no bound is rounded on the way."""
    value, debt, threshold = 18_000_000_097, 14_898_926_640, 827_718_142_206_185_567
    assert value * threshold == debt * WAD - 1
    risk = BLUE_CHIP.model_copy(update={"threshold": Decimal(threshold).scaleb(-18)})
    market = build_market(builder, [borrower, lender, liquidator], risk=risk)
    market.pool.deposit(market.loans(10**6), lender, sender=lender)
    vault, collateral = market.vault, market.collaterals(10)
    vault.open(collateral, debt, sender=borrower)
    assert vault.debt_of(borrower) == debt
    price = value * PRICE_SCALE // collateral
    market.oracle.set_price(price, sender=deployer)
    assert vault.preview_liquidate_batch([order(borrower)])[3] == 1
    market.oracle.set_price(price + PRICE_SCALE // collateral, sender=deployer)
    assert vault.preview_liquidate_batch([order(borrower)])[3] == 0
    assert refusal(vault.liquidate, borrower, MAX, sender=liquidator) == "vault: healthy"
    market.oracle.set_price(price, sender=deployer)
    with market.chain.isolated():
        liquidate(market, borrower, liquidator)
    liquidate_batch(market, [order(borrower)], liquidator)


def test_l1_interest_alone_makes_liquidatable(chain, market, vault, borrower, liquidator, deployer):
    """L1, X3: time does; nothing that the curator can do does."""
    edge = vault.margin_terms(borrower).liquidation_price
    market.oracle.set_price(edge, sender=deployer)
    chain.advance(60)
    assert vault.debt_of(borrower) > 15_000 * 10**6
    liquidate(market, borrower, liquidator)


def test_l1_below_the_minimum_debt(market, vault, borrower, liquidator):
    """L1: what a repayment left below the minimum is closed as a whole or not at all."""
    vault.repay(market.loans(13_000), sender=borrower)
    debt = vault.debt_of(borrower)
    market.set_quote("220")
    assert debt < risk_of(vault).min_debt
    assert refusal(vault.liquidate, borrower, debt - 1, sender=liquidator) == "vault: nothing can be closed"
    answer = liquidate(market, borrower, liquidator, debt)
    assert answer.paid == debt
    assert market.position(borrower)[1] == 0


def test_is_judged_at_the_price_not_at_the_safe_price(market, vault, borrower, liquidator, deployer):
    price = market.oracle.price()
    market.oracle.set_prices(price, price // 2, sender=deployer)
    assert refusal(vault.liquidate, borrower, MAX, sender=liquidator) == "vault: healthy"
    market.oracle.set_prices(price * 9 // 10, 1, sender=deployer)
    liquidate(market, borrower, liquidator)


@pytest.mark.parametrize("quote", RESTORABLE)
def test_l4_an_uncapped_close_ends_at_the_target(chain, market, borrower, liquidator, quote):
    """L4: health is the target but for 6 base units of debt, and what stays is not liquidatable."""
    vault = market.vault
    market.open(borrower, 1_000, 1_500_000)  # so much that more than the minimum debt stays
    chain.advance(YEAR // 12)
    market.set_quote(quote)
    answer = liquidate(market, borrower, liquidator)
    target = risk_of(vault).target_health
    tolerance = 6 * WAD // vault.debt_of(borrower) + 1
    assert abs(answer.health_after - target) <= tolerance
    assert abs(vault.health(borrower) - target) <= tolerance
    assert refusal(vault.liquidate, borrower, MAX, sender=liquidator) == "vault: healthy"


@pytest.mark.parametrize("quote", CAPPED)
def test_bonus_is_capped_by_equity(chain, market, vault, borrower, liquidator, quote):
    """Promise 2: all of the borrower's equity, no more; the whole debt is paid."""
    chain.advance(YEAR // 12)
    market.set_quote(quote)
    debt = vault.debt_of(borrower)
    answer = liquidate(market, borrower, liquidator)
    assert answer.paid == debt
    assert answer.health_after == MAX
    left = worth(market.position(borrower)[0], market.oracle.price())
    assert left <= 3  # base units: the equity is gone
    assert not vault.preview_liquidate(borrower, MAX).liquidatable


def test_a_part_at_the_cap_keeps_the_health(market, vault, borrower, liquidator):
    """Theorem 1 with equality: at the cap, health stands still however the close is cut."""
    market.set_quote(1_600)
    before = vault.health(borrower)
    for _ in range(4):
        answer = liquidate(market, borrower, liquidator, market.loans(2_500))
        assert 0 <= answer.health_after - before <= 10**10


@pytest.mark.parametrize("quote", ["1530.1", "1600", "1700", "1800"])
def test_promise_2_no_loss_while_the_minimum_bonus_can_be_paid(market, vault, borrower, liquidator, quote):
    """Promise 2, L3: whole, in parts, in crumbs: no loss is booked and value stays above debt."""
    market.set_quote(quote)
    debt, value = debt_and_value(market, borrower)
    assert is_restorable(value, debt, risk_of(vault).bonus_min)
    assets, losses = market.pool.totals().total_assets, market.pool.losses(vault)
    for offer in (1, 999, market.loans(1_000), market.loans(5_000), MAX):
        if not market.quote(borrower, offer).executable:
            continue
        liquidate(market, borrower, liquidator, offer)
        debt, value = debt_and_value(market, borrower)
        assert value >= debt
    assert market.pool.totals().total_assets == assets
    assert market.pool.losses(vault) == losses


@pytest.mark.parametrize("quote", ["1529", "1500", "1300", "500", "1"])
def test_a_shortfall_is_booked_in_the_call_that_finds_it(market, vault, borrower, liquidator, quote):
    """Promise 2: loss and line follow the part that is closed, by formula."""
    market.set_quote(quote)
    debt, limit = vault.debt_of(borrower), market.pool.credit_line(vault)[0]
    whole = market.quote(borrower)
    loss = debt - whole.paid
    liquidate(market, borrower, liquidator, whole.paid // 4)
    quarter = market.pool.losses(vault)
    assert abs(4 * quarter - loss) <= 8 + 4 * debt // whole.paid  # a unit paid stands for so much debt
    liquidate(market, borrower, liquidator)
    assert vault.positions(borrower) == 0
    assert abs(market.pool.losses(vault) - loss) <= 4
    assert market.pool.credit_line(vault)[0] == limit - market.pool.losses(vault)


def test_the_seam_of_restorable_and_shortfall_is_smooth(market, vault, borrower, deployer):
    """From one unit of price to the next, what the whole position costs changes by a few units."""
    debt, collateral = vault.debt_of(borrower), market.position(borrower)[0]
    least = -(-debt * (WAD + risk_of(vault).bonus_min) // WAD)
    price = -(-least * PRICE_SCALE // collateral)
    market.oracle.set_price(price, sender=deployer)
    above = vault.preview_liquidate(borrower, MAX)
    market.oracle.set_price(price - 10**17, sender=deployer)  # a base unit less of value
    below = vault.preview_liquidate(borrower, MAX)
    assert above.paid == debt
    assert above.fee - below.fee in (0, 1)
    assert abs(above.paid - below.paid) <= 2
    assert abs(above.seized - below.seized) <= 2 * 10**9


def test_nothing_is_worth_nothing(chain, market, vault, borrower, liquidator):
    """V = 0: everything is extinguished and handed over for nothing, whatever is offered."""
    market.set_quote(WORTHLESS)
    collateral, shares = market.position(borrower)
    market.loan.approve(vault, 0, sender=liquidator)  # nothing is pulled
    with chain.isolated():
        answer = liquidate(market, borrower, liquidator)
        assert (answer.shares, answer.paid, answer.fee, answer.seized) == (shares, 0, 0, collateral)
        assert vault.positions(borrower) == 0
    assert liquidate(market, borrower, liquidator, 0) == answer


def test_an_offer_of_nothing_closes_nothing_of_value(market, vault, borrower, liquidator):
    for quote in (*RESTORABLE, *CAPPED, *SHORTFALL):
        market.set_quote(quote)
        assert refusal(vault.liquidate, borrower, 0, sender=liquidator) == "vault: nothing can be closed"


def test_the_minimum_debt_extends_a_close(market, borrower, liquidator):
    """Between 0 and the minimum nothing may stay: the close takes all when the offer allows."""
    vault = market.vault
    market.open(borrower, 10, 3_000)
    market.set_quote("360")
    debt, least = vault.debt_of(borrower), risk_of(vault).min_debt
    assert liquidate_in_isolation(market, borrower, liquidator, MAX).paid == debt
    assert liquidate_in_isolation(market, borrower, liquidator, debt).paid == debt
    for offer in (debt - 1, debt - least + 1, debt - least):
        answer = liquidate_in_isolation(market, borrower, liquidator, offer)
        assert answer.paid in (debt - least - 1, debt - least)
        assert vault.debt_of(borrower) == debt
    answer = liquidate(market, borrower, liquidator, debt - 1)
    assert least <= vault.debt_of(borrower) <= least + 1


def liquidate_in_isolation(market, owner, sender, offer):
    with market.chain.isolated():
        return liquidate(market, owner, sender, offer)


def test_the_fee_lands_in_the_reserve(market, vault, borrower, liquidator):
    """By being transferred: it raises the residue and nothing else."""
    market.set_quote(1_700)
    totals, before = market.pool.totals(), market.residue()
    answer = liquidate(market, borrower, liquidator)
    assert answer.fee == -(-answer.paid * (fee_rate(market, borrower, 1_700)) // WAD)
    gained = market.residue() - before
    assert 0 <= gained - answer.fee * 65_536 < 2 * 65_536
    assert market.pool.totals().total_assets == totals.total_assets
    assert market.pool.totals().total_supply == totals.total_supply


def fee_rate(market, borrower, quote) -> int:
    """A tenth of the bonus at health 10*quote*0.83/15,000, as a person would reckon it."""
    health = 10 * quote * 83 * WAD // 100 // 15_000
    bonus = 2 * 10**16 + 8 * 10**16 * (WAD - health) // (7 * 10**16)
    return bonus // 10


def test_the_fee_gives_way_to_the_minimum_bonus(market, vault, borrower):
    """Where equity is short the liquidator keeps the minimum bonus and the fee takes what is left."""
    market.set_quote("1531")  # equity is 2.07 % of the debt, the minimum bonus 2 %
    answer = vault.preview_liquidate(borrower, MAX)
    spare = 15_310 * 10**6 * WAD // vault.debt_of(borrower) - WAD - 2 * 10**16
    assert spare < 2 * 10**15
    assert answer.fee == -(-answer.paid * spare // WAD)


def test_pays_from_and_to_whom_it_says(market, vault, borrower, liquidator, receiver):
    """Every pull is from the caller, never from the owner; the collateral goes to the receiver."""
    market.set_quote(1_700)
    before, owner_before = balances(market, liquidator), balances(market, borrower)
    paid, fee, seized = vault.liquidate(borrower, MAX, 0, receiver, sender=liquidator).return_value
    assert balances(market, liquidator) - before == Balances(-paid - fee, 0)
    assert balances(market, receiver) == Balances(0, seized)
    assert balances(market, borrower) == owner_before


def test_to_the_vault_or_nobody(market, vault, borrower, liquidator):
    market.set_quote(1_700)
    for bad in (vault, NOBODY):
        assert refusal(vault.liquidate, borrower, MAX, 0, bad, sender=liquidator) == "vault: bad receiver"
    market.set_quote(WORTHLESS)
    assert refusal(vault.liquidate, borrower, MAX, 0, vault, sender=liquidator) == "vault: bad receiver"


def test_slippage_is_a_rate(market, vault, borrower, liquidator):
    """`min_rate`, the fee included: exactly what is given is accepted, one more is not."""
    for quote, offer in ((1_700, MAX), (1_700, market.loans(1_000)), (1_400, MAX), (1_400, market.loans(7))):
        market.set_quote(quote)
        answer = market.quote(borrower, offer)
        rate = answer.seized * PRICE_SCALE // (answer.paid + answer.fee)
        reason = "vault: rate too low"
        assert refusal(vault.liquidate, borrower, offer, rate + 1, sender=liquidator) == reason
        assert refusal(vault.liquidate, borrower, offer, rate, sender=liquidator) is None


def test_slippage_when_nothing_is_paid(market, vault, borrower, liquidator):
    market.set_quote(WORTHLESS)
    assert refusal(vault.liquidate, borrower, MAX, MAX, sender=liquidator) is None


def test_needs_allowance_and_balance(market, vault, borrower, liquidator, receiver):
    market.set_quote(1_700)
    answer = market.quote(borrower)
    market.loan.approve(vault, answer.paid + answer.fee - 1, sender=liquidator)
    assert refusal(vault.liquidate, borrower, MAX, sender=liquidator) == "token: allowance too small"
    market.loan.approve(vault, answer.paid + answer.fee, sender=liquidator)
    assert refusal(vault.liquidate, borrower, MAX, sender=liquidator) is None
    market.loan.approve(vault, MAX, sender=receiver)
    assert refusal(vault.liquidate, borrower, MAX, sender=receiver) == "token: balance too small"


def test_nobody_has_a_position(market, vault, stranger, liquidator):
    for owner in (stranger, NOBODY):
        assert refusal(vault.liquidate, owner, MAX, sender=liquidator) == "vault: healthy"
    vault.deposit(10**18, sender=stranger)
    assert refusal(vault.liquidate, stranger, MAX, sender=liquidator) == "vault: healthy"


def test_needs_a_price(market, vault, borrower, liquidator, deployer):
    market.oracle.set_price(0, sender=deployer)
    assert refusal(vault.liquidate, borrower, MAX, sender=liquidator) == "vault: oracle price is zero"
    market.set_quote(1_700)
    market.oracle.set_silent(True, sender=deployer)
    assert refusal(vault.liquidate, borrower, MAX, sender=liquidator) == "lying oracle: silent"


def test_says_in_one_event_what_was_done(market, vault, borrower, liquidator):
    """The decoder of the twin reads what the vault packs."""
    market.set_quote(1_400)
    answer = market.quote(borrower)
    (close,) = closes(vault.liquidate(borrower, MAX, sender=liquidator), vault)
    assert close.seized == answer.seized
    assert close.shares == answer.shares
    assert (close.repaid, close.fee) == (answer.paid, answer.fee)
    assert close.extinguished == answer.extinguished
    assert close.loss == answer.extinguished - answer.paid > 0
    assert close.health_before == answer.health_before // 10**9 * 10**9
    assert close.health_after is None


# ------------------------------------------------------------------------------------------------- L5: splits


@pytest.mark.parametrize("quote", ["1720", "1700", "1640", "1560"])
@pytest.mark.parametrize("parts", [2, 5])
def test_l5_splits_never_pay(chain, market, vault, borrower, liquidator, quote, parts):
    """L5, restorable: many closes seize no more than one of the same sum, nor do they earn more."""
    market.set_quote(quote)
    price, whole = market.oracle.price(), market.quote(borrower)
    with chain.isolated():
        split = []
        for offer in (*[whole.paid // parts] * (parts - 1), MAX):
            if vault.preview_liquidate(borrower, MAX).liquidatable:  # not healthy before the last part
                split.append(liquidate(market, borrower, liquidator, offer))
    assert len(split) > 1
    paid, fee, seized = (sum(getattr(a, name) for a in split) for name in ("paid", "fee", "seized"))
    assert paid <= whole.paid + parts
    assert seized <= whole.seized
    assert worth(seized, price) - paid - fee <= worth(whole.seized, price) - whole.paid - whole.fee
    first = split[0]
    for later in split[1:]:  # no later part earns a larger bonus, but for 3 units of rounding
        assert worth(later.seized, price) * first.paid <= (worth(first.seized, price) + 3) * later.paid


@pytest.mark.parametrize("quote", ["1500", "900"])
def test_l5_a_shortfall_in_crumbs(chain, market, vault, borrower, liquidator, quote):
    """L5: closes of one unit each lose at most one unit more a close; the rest can always be closed."""
    crumbs = 12
    market.set_quote(quote)
    with chain.isolated():
        liquidate(market, borrower, liquidator)
        at_once = market.pool.losses(vault)
    collateral, shares = market.position(borrower)
    seized = 0
    for _ in range(crumbs):
        answer = liquidate(market, borrower, liquidator, 1)
        assert answer.paid == 1
        seized += answer.seized
        left_collateral, left_shares = market.position(borrower)
        assert left_collateral * shares >= collateral * left_shares  # L2
    last = liquidate(market, borrower, liquidator)
    assert seized + last.seized == market.collaterals(10)
    assert vault.positions(borrower) == 0
    assert 0 <= market.pool.losses(vault) - at_once <= crumbs


def test_l5_the_order_of_shortfall_closes_does_not_matter(chain, market, vault, borrower, liquidator):
    """Theorem 3."""
    market.set_quote(1_300)
    cuts = (market.loans(100), market.loans(5_000), market.loans(900))
    ends = []
    for sequence in (cuts, cuts[::-1], (sum(cuts),)):
        with chain.isolated():
            answers = [liquidate(market, borrower, liquidator, cut) for cut in sequence]
            ends.append((sum(a.paid for a in answers), market.position(borrower), market.pool.losses(vault)))
    for paid, (collateral, shares), losses in ends[1:]:
        assert abs(paid - ends[0][0]) <= 3
        assert abs(collateral - ends[0][1][0]) <= 3 * 10**9
        assert abs(shares - ends[0][1][1]) <= 3_000
        assert abs(losses - ends[0][2]) <= 3


def test_a_close_lowers_no_other_position(market, vault, borrower, other_borrower, liquidator):
    """L2 for the others: their debts rise by settlement's rounding at most, below a unit over all."""
    for quote in (1_700, 1_400):
        market.set_quote(quote)
        before, totals = vault.debt_of(other_borrower), market.debt_totals()
        liquidate(market, borrower, liquidator, market.loans(1_000))
        assert vault.debt_of(other_borrower) - before in (0, 1)
        after = market.debt_totals()
        assert after.debt * totals.shares >= totals.debt * after.shares  # P6


def test_the_last_debt_share_takes_all_debt(market, vault, borrower, other_borrower, liquidator):
    """L3: what virtual shares hold of the total, at most the index in units, falls to the reserve."""
    vault.repay(MAX, sender=other_borrower)
    market.set_quote(1_700)
    liquidate(market, borrower, liquidator, market.loans(1_000))
    market.set_quote(1_300)
    reserves = market.pool.reserves()
    liquidate(market, borrower, liquidator)
    assert market.debt_totals().debt == 0
    assert reserves - market.pool.reserves() <= market.pool.losses(vault)
