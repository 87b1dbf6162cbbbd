"""The junior tranche: what it earns, what it bears, and how one leaves it."""

import pytest

from plimsoll.chain.engine import Contract, Engine
from plimsoll.twin.backstop import VIRTUAL, WINDOW, WIPED, WORN
from plimsoll.twin.chain import Revert
from plimsoll.units import DAY, MAX, NOBODY
from tests.property.edges import accepted, make, market, refused
from tests.stateful.world import CURATOR, LENDER, OPERATOR, OTHER_LENDER, STAKER, STRANGER, Lockstep

UNIT = 10**9  # of pool shares: what a whole token of six decimals gives at par
STAKE = 20_000 * UNIT
COOLDOWN = 14 * DAY


def staked(engine: Engine) -> Lockstep:
    """An open pool in which two stakers hold half of the backstop each; nobody has borrowed."""
    place = market(engine)
    spender = place.chain["backstop"].address
    for owner in (STAKER, OTHER_LENDER):
        place.act("pool", "deposit", 50_000 * 10**6, owner, sender=owner)
        place.act("pool", "approve", spender, MAX, sender=owner)
        place.act("backstop", "deposit", STAKE, owner, sender=owner)
    return place


def arrive(place: Lockstep, amount: int) -> None:
    """Income, as a payout brings it: the pool's shares simply appear."""
    place.act("pool", "transfer", place.chain["backstop"].address, amount, sender=LENDER)
    place.act("backstop", "sync", sender=STRANGER)


def lose(place: Lockstep, units: int) -> None:
    """A loss: the issuer of the loan asset seizes `units` of the pool's, and somebody notices."""
    place.act("loan", "burn", place.chain["pool"].address, units, sender=STRANGER)
    place.act("pool", "book_shortfall", sender=STRANGER)
    place.act("backstop", "sync", sender=STRANGER)


def worth(place: Lockstep, owner: str) -> int:
    """Pool shares that `owner`'s shares of the stake are worth."""
    backstop = place.chain["backstop"]
    return backstop.call("convertToAssets", backstop.call("balanceOf", owner))


def test_enters_at_par(engine: Engine) -> None:
    place = staked(engine)
    backstop = place.chain["backstop"]
    assert backstop.call("balanceOf", STAKER) == STAKE
    assert backstop.call("totalSupply") == backstop.call("totalAssets") == 2 * STAKE
    assert backstop.call("convertToAssets", 7) == backstop.call("convertToShares", 7) == 7
    assert backstop.call("books")[:3] == ((2 * STAKE, 2 * STAKE, 0), (0, 0, 0), 0)
    place.compare()


def test_income_is_earned_over_a_cooldown(engine: Engine) -> None:
    """Nobody who comes for the income gets more of it than their time."""
    place = staked(engine)
    arrive(place, 1_400 * UNIT)
    assert worth(place, STAKER) == STAKE
    place.advance(COOLDOWN // 2)
    assert 0 <= STAKE + 350 * UNIT - worth(place, STAKER) <= 10  # the virtual shares' part
    place.act("backstop", "deposit", STAKE, OTHER_LENDER, sender=OTHER_LENDER)  # late, for half of the time
    place.advance(COOLDOWN // 2)
    assert 0 <= STAKE + 350 * UNIT + 700 * UNIT * 20_350 // 60_700 - worth(place, STAKER) <= 20_400
    place.advance(COOLDOWN)
    assert place.chain["backstop"].call("books")[2] == 0
    place.act("backstop", "sync", sender=STRANGER)
    place.compare()


def test_a_cost_is_rounded_up_from_the_smallest_rest(engine: Engine) -> None:
    """What is divided is one more than a multiple of the shares."""
    place = staked(engine)
    arrive(place, 1_400 * UNIT + 1)
    place.advance(2 * COOLDOWN)
    backstop = place.chain["backstop"]
    assets, supply = backstop.call("totalAssets") + VIRTUAL, backstop.call("totalSupply") + VIRTUAL
    shares = pow(assets, -1, supply)
    assert backstop.call("previewMint", shares) == shares * assets // supply + 1


def test_who_comes_for_an_income_and_leaves_gains_nothing(engine: Engine) -> None:
    """B3, sniping: in with ten times the stake just before, out as soon as one may."""
    place = staked(engine)
    spender = place.chain["backstop"].address
    place.act("pool", "approve", spender, MAX, sender=LENDER)
    bought = place.act("backstop", "deposit", 10 * STAKE, LENDER, sender=LENDER)
    arrive(place, 1_400 * UNIT)
    moved = place.act("backstop", "request", bought, sender=LENDER)
    assert moved <= 10 * STAKE
    place.advance(COOLDOWN)
    out = place.act("backstop", "redeem", moved, LENDER, LENDER, sender=LENDER)
    assert out <= 10 * STAKE
    place.act("backstop", "sync", sender=STRANGER)
    assert worth(place, STAKER) >= STAKE + 699 * UNIT  # those who stayed have earned it


def test_crumbs_cannot_put_income_off(engine: Engine) -> None:
    """Its end moves by the crumb's weight, not to a cooldown from now."""
    place = staked(engine)
    arrive(place, 1_400 * UNIT)
    end = place.chain["backstop"].call("books")[3]
    for _ in range(10):
        place.advance(DAY)
        arrive(place, 1)
    assert place.chain["backstop"].call("books")[3] <= end + 10


def test_nothing_is_earned_below_the_minimum_stake(engine: Engine) -> None:
    """The last crumb of stake cannot earn it all."""
    place = staked(engine)
    minimum = place.chain["backstop"].call("minimum_stake")
    place.act("backstop", "request", STAKE, sender=OTHER_LENDER)
    place.act("backstop", "request", STAKE - minimum + 1, sender=STAKER)
    arrive(place, 100 * UNIT)
    place.advance(30 * DAY)
    place.act("backstop", "sync", sender=STRANGER)
    assert place.chain["backstop"].call("totalAssets") == minimum - 1
    place.act("backstop", "deposit", 1, STAKER, sender=STAKER)
    place.advance(COOLDOWN // 2)
    assert place.chain["backstop"].call("totalAssets") == minimum + 50 * UNIT
    place.compare()


@pytest.mark.parametrize(
    ("loss", "income", "stake", "escrow"),
    [(0, 100, 30_000, 10_000), (60, 40, 30_000, 10_000), (100, 0, 30_000, 10_000),
     (4_100, 0, 27_000, 9_000), (40_100, 0, 0, 0), (50_000, 0, 0, 0)],
)  # fmt: skip
def test_a_loss_takes_income_then_all_alike(
    engine: Engine, loss: int, income: int, stake: int, escrow: int
) -> None:
    """B2. Who has asked to leave bears it, too: running before a loss is booked does not help."""
    place = staked(engine)
    place.act("backstop", "request", STAKE // 2, sender=STAKER)
    arrive(place, 100 * UNIT)
    if loss:
        lose(place, loss * 10**6)
    found = place.chain["backstop"].call("books")
    assert (found[2], found[0][0], found[1][0]) == (income * UNIT, stake * UNIT, escrow * UNIT)
    lenders = max(0, loss - 40_100)
    assert place.chain["pool"].call("totalAssets") == (600_000 - loss) * 10**6
    assert (place.chain["pool"].call("convertToAssets", UNIT) < 10**6) == (lenders > 0)
    place.compare()


def test_income_alone_bears_a_loss_up_to_its_amount(engine: Engine) -> None:
    """To the last pool share of it; neither stake nor escrow notices."""
    place = staked(engine)
    place.act("backstop", "request", STAKE // 2, sender=STAKER)
    arrive(place, 100 * UNIT)
    before = place.chain["backstop"].call("books")
    lose(place, 100 * 10**6)
    assert place.chain["backstop"].call("books")[:3] == (*before[:2], 0)
    place.compare()


def test_leaving_takes_a_request_and_its_time(engine: Engine) -> None:
    place = staked(engine)
    chain = place.chain["backstop"]
    refused("backstop: no mature request", chain.send, "redeem", 1, STAKER, STAKER, sender=STAKER)
    refused("backstop: too few shares", chain.send, "request", STAKE + 1, sender=STAKER)
    refused("backstop: nothing to request", chain.send, "request", 0, sender=STAKER)
    place.act("backstop", "request", STAKE, sender=STAKER)
    matures = engine.now + COOLDOWN
    assert chain.call("departure_of", STAKER) == (STAKE, 0, matures)
    for time, mature in ((-1, False), (0, True), (WINDOW, True), (WINDOW + 1, False)):
        place.advance(matures + time - engine.now)
        assert chain.call("maxRedeem", STAKER) == chain.call("maxWithdraw", STAKER) == mature * STAKE
        for function in ("redeem", "withdraw"):
            if mature:
                accepted(engine, chain.send, function, STAKE, STAKER, STAKER, sender=STAKER)
                refused(
                    "backstop: more than requested", chain.send, function, STAKE + 1, STAKER, STAKER,
                    sender=STAKER,
                )  # fmt: skip
            else:
                arguments = (function, 1, STAKER, STAKER)
                refused("backstop: no mature request", chain.send, *arguments, sender=STAKER)


def test_asking_again_waits_again(engine: Engine) -> None:
    place = staked(engine)
    chain = place.chain["backstop"]
    place.act("backstop", "request", STAKE // 2, sender=STAKER)
    place.advance(COOLDOWN)
    assert chain.call("maxRedeem", STAKER) == STAKE // 2
    place.act("backstop", "request", STAKE // 2, sender=STAKER)
    assert chain.call("maxRedeem", STAKER) == 0
    assert chain.call("departure_of", STAKER) == (STAKE, 0, engine.now + COOLDOWN)


def test_out_by_somebody_elses_hand(engine: Engine) -> None:
    """As much as the owner allows, of the escrow as of the stake."""
    place = staked(engine)
    chain, pool = place.chain["backstop"], place.chain["pool"]
    place.act("backstop", "request", STAKE, sender=STAKER)
    place.advance(COOLDOWN)
    refused("backstop: allowance too small", chain.send, "redeem", 1, OPERATOR, STAKER, sender=OPERATOR)
    place.act("backstop", "approve", OPERATOR, 10, sender=STAKER)
    refused("backstop: allowance too small", chain.send, "withdraw", 11, OPERATOR, STAKER, sender=OPERATOR)
    place.act("backstop", "withdraw", 4, OPERATOR, STAKER, sender=OPERATOR)
    assert chain.call("allowance", STAKER, OPERATOR) == 6
    place.act("backstop", "approve", OPERATOR, MAX, sender=STAKER)
    place.act("backstop", "redeem", 6, OPERATOR, STAKER, sender=OPERATOR)
    assert chain.call("allowance", STAKER, OPERATOR) == MAX
    assert pool.call("balanceOf", OPERATOR) == 10
    assert chain.call("departure_of", STAKER)[0] == STAKE - 10


def test_who_waits_earns_nothing(engine: Engine) -> None:
    """And comes back at the price of those who have earned meanwhile."""
    place = staked(engine)
    place.act("backstop", "request", STAKE, sender=STAKER)
    arrive(place, 1_400 * UNIT)
    place.advance(COOLDOWN)
    assert 0 <= STAKE + 1_400 * UNIT - worth(place, OTHER_LENDER) <= 100  # the virtual shares' part
    assert place.chain["backstop"].call("maxWithdraw", STAKER) == STAKE
    back = place.act("backstop", "cancel", STAKER, sender=STAKER)
    assert back == STAKE * (STAKE + VIRTUAL) // (STAKE + 1_400 * UNIT + VIRTUAL)
    assert place.chain["backstop"].call("departure_of", STAKER) == (0, 0, 0)
    place.compare()


def test_a_lapsed_request_can_be_ended_by_anyone(engine: Engine) -> None:
    place = staked(engine)
    chain = place.chain["backstop"]
    refused("backstop: no request", chain.send, "cancel", STAKER, sender=STAKER)
    place.act("backstop", "request", STAKE, sender=STAKER)
    accepted(engine, chain.send, "cancel", STAKER, sender=STAKER)
    place.advance(COOLDOWN + WINDOW)
    refused("backstop: not lapsed", chain.send, "cancel", STAKER, sender=STRANGER)
    place.advance(1)
    place.act("backstop", "cancel", STAKER, sender=STRANGER)
    assert chain.call("balanceOf", STAKER) == STAKE


def test_a_wiped_stake_begins_anew(engine: Engine) -> None:
    """Old shares are worth nothing and are not in the way; what is left is income of the new ones."""
    place = staked(engine)
    chain = place.chain["backstop"]
    place.act("backstop", "request", STAKE, sender=STAKER)
    left = 2 * STAKE // WIPED // 1_000 * 1_000  # what stays of the pool shares, on both sides of the bound
    pool = place.model["pool"]
    total = 2 * STAKE
    lose(place, total // 1_000 - left // 1_000)
    assert chain.call("balanceOf", STAKER) == chain.call("balanceOf", OTHER_LENDER) * 0 == 0
    assert pool.balances[chain.address] == left
    generations = [part[2] for part in chain.call("books")[:2]]
    assert generations == [0, 0]
    lose(place, 1)
    generations = [part[2] for part in chain.call("books")[:2]]
    assert generations == [1, 1]
    assert chain.call("balanceOf", OTHER_LENDER) == chain.call("totalSupply") == 0
    assert chain.call("departure_of", STAKER)[0] == 0
    refused("backstop: too few shares", chain.send, "transfer", STRANGER, 1, sender=OTHER_LENDER)
    place.act("backstop", "deposit", STAKE, OTHER_LENDER, sender=OTHER_LENDER)
    assert chain.call("balanceOf", OTHER_LENDER) == chain.call("totalSupply") == STAKE
    place.compare()


@pytest.mark.parametrize("way", ["deposit", "mint"])
def test_nobody_enters_what_is_nearly_wiped(engine: Engine, way: str) -> None:
    """A further loss of a thousandth must not end the shares of who has just come."""
    place = staked(engine)
    chain = place.chain["backstop"]
    place.act("backstop", "request", STAKE, sender=STAKER)
    lose(place, 2 * STAKE // 1_000 - 2 * STAKE // WORN // 1_000 + 1)
    assert chain.call("balanceOf", OTHER_LENDER) == STAKE  # not worth nothing
    assert chain.call(f"preview{way.capitalize()}", STAKE) == STAKE  # but at par for who comes
    place.act("backstop", way, STAKE, OTHER_LENDER, sender=OTHER_LENDER)
    assert chain.call("balanceOf", OTHER_LENDER) == STAKE
    assert chain.call("books")[0][2] == 1
    place.act("backstop", "request", STAKE // 2, sender=OTHER_LENDER)
    assert chain.call("books")[1] == (STAKE // 2, STAKE // 2, 1)
    assert chain.call("departure_of", STAKER)[0] == 0
    place.compare()


def test_with_the_last_share_the_dust_leaves(engine: Engine) -> None:
    """What rounding kept of the stake is income for who comes next."""
    place = staked(engine)
    chain = place.chain["backstop"]
    arrive(place, 1_400 * UNIT + 1)
    place.advance(2 * COOLDOWN)
    moved = sum(place.act("backstop", "request", STAKE, sender=owner) for owner in (STAKER, OTHER_LENDER))
    assert moved < 2 * STAKE + 1_400 * UNIT + 1
    assert chain.call("books")[0][:2] == (0, 0)
    place.act("backstop", "sync", sender=STRANGER)
    place.compare()


def test_the_token(engine: Engine) -> None:
    place = staked(engine)
    chain = place.chain["backstop"]
    assert chain.call("decimals") == place.chain["pool"].call("decimals")
    assert chain.call("asset") == place.chain["pool"].address
    assert chain.call("cooldown") == COOLDOWN
    refused("backstop: zero address", chain.send, "transfer", NOBODY, 0, sender=STAKER)
    refused("backstop: too few shares", chain.send, "transfer", STRANGER, STAKE + 1, sender=STAKER)
    refused("backstop: allowance too small", chain.send, "transferFrom", STAKER, OPERATOR, 1, sender=OPERATOR)
    place.act("backstop", "transfer", STRANGER, 5, sender=STAKER)
    place.act("backstop", "approve", OPERATOR, 7, sender=STAKER)
    place.act("backstop", "transferFrom", STAKER, OPERATOR, 7, sender=OPERATOR)
    place.act("backstop", "transfer", STAKER, STAKE - 12, sender=STAKER)
    assert [chain.call("balanceOf", one) for one in (STRANGER, OPERATOR, STAKER)] == [5, 7, STAKE - 12]


def test_less_than_a_share(engine: Engine) -> None:
    """Where a share is dear, a crumb buys none and is refused; nothing is bought for nothing."""
    place = staked(engine)
    chain = place.chain["backstop"]
    arrive(place, 40_000 * UNIT)
    place.advance(COOLDOWN)
    refused("backstop: less than a share", chain.send, "deposit", 1, STAKER, sender=STAKER)
    place.act("backstop", "deposit", 0, STAKER, sender=STAKER)
    refused("backstop: zero address", chain.send, "deposit", UNIT, NOBODY, sender=STAKER)
    assert place.act("backstop", "mint", 1, STAKER, sender=STAKER) == 2
    assert chain.call("previewMint", 3) == 6
    place.act("backstop", "request", 1, sender=STAKER)
    place.compare()


def test_the_lock(engine: Engine) -> None:
    """The pool calls nobody, so nothing can be entered; and a stranger's `sync` changes nothing twice."""
    place = staked(engine)
    arrive(place, UNIT)
    before = place.chain["backstop"].call("books")
    place.act("backstop", "sync", sender=STRANGER)
    place.act("backstop", "sync", sender=CURATOR)
    assert place.chain["backstop"].call("books") == before
    assert not isinstance(place.act("backstop", "sync", sender=STRANGER), Revert)


def watched(engine: Engine) -> tuple[Contract, Contract]:
    """A token in the place of a pool, so that single shares can come and go; a backstop without a stake."""
    pool = make(engine, "SharePool", "Pool", "P", 9)
    backstop = make(engine, "Backstop", pool.address, COOLDOWN, UNIT)
    pool.send("mint", STAKER, STAKE, sender=STRANGER)
    pool.send("approve", backstop.address, MAX, sender=STAKER)
    return pool, backstop


def test_a_loss_of_one_share(engine: Engine) -> None:
    """Beyond the income it is borne by those who leave: their part is rounded up."""
    pool, backstop = watched(engine)
    backstop.send("deposit", STAKE, STAKER, sender=STAKER)
    pool.send("burn", backstop.address, 1, sender=STRANGER)
    assert backstop.call("books")[0] == (STAKE - 1, STAKE, 0)
    backstop.send("request", STAKE // 2, sender=STAKER)
    stake, escrow = (part[0] for part in backstop.call("books")[:2])
    pool.send("mint", backstop.address, 10, sender=STRANGER)
    backstop.send("sync", sender=STRANGER)
    pool.send("burn", backstop.address, 11, sender=STRANGER)
    books = backstop.call("books")
    assert (books[0][0], books[1][0], books[2]) == (stake, escrow - 1, 0)


def test_a_loss_of_income_that_nobody_earns(engine: Engine) -> None:
    """Neither stake nor escrow is there to share it."""
    pool, backstop = watched(engine)
    pool.send("mint", backstop.address, 100, sender=STRANGER)
    backstop.send("sync", sender=STRANGER)
    pool.send("burn", backstop.address, 40, sender=STRANGER)
    assert backstop.call("books")[:3] == ((0, 0, 0), (0, 0, 0), 60)
    backstop.send("deposit", STAKE, STAKER, sender=STAKER)
    assert backstop.call("books")[:3] == ((STAKE, STAKE, 0), (0, 0, 0), 60)
