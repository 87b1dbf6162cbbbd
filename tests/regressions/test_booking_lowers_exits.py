"""Exits fell by up to three base units when what was provided for was booked, where "by nothing" was said.

Here that is the tolerance: over 1,500 random markets a close lowers what all shares are worth by three.
"""

from random import Random

from plimsoll.params import BLUE_CHIP, CORRELATED, VOLATILE, PoolParams
from plimsoll.twin.chain import Chain, Revert, Token
from plimsoll.twin.liquidation import Risk
from plimsoll.twin.oracle import ScriptedOracle
from plimsoll.twin.pool import Pool
from plimsoll.twin.rates import Curve
from plimsoll.twin.share_math import VIRTUAL_SHARES, VIRTUAL_VALUE
from plimsoll.twin.vault import Vault
from plimsoll.units import DAY, FRACTION, MAX, WAD

MARKETS, TOLERANCE = 1_500, 3  # base units of what all shares together are worth, a close
PEOPLE = ("lender", "liquidator", "a", "b", "c", "d")


class RandomMarket:
    """A market of the twin's, which equals the contracts; debtors, stake and reserve at random."""

    def __init__(self, random: Random) -> None:
        """Lent, borrowed, and aged by up to eight years."""
        decimals = random.choice((6, 8, 18))
        unit = 10**decimals
        chain = Chain(1_800_000_000)
        loan, collateral = Token(chain, "loan"), Token(chain, "collateral")
        params = PoolParams(name="Plimsoll", symbol="P").to_struct("loan", decimals)
        self.pool = pool = Pool(
            chain, loan, "pool", Curve(*params[5]), random.choice((0, params[3])), 0, *params[6:8]
        )
        pool.initialize("council", "backstop")
        risk = Risk.from_struct(random.choice((BLUE_CHIP, CORRELATED, VOLATILE)).to_struct(decimals))
        price = 2_000 * 10 ** (18 + decimals)
        self.oracle = ScriptedOracle(chain, price)
        self.vault = vault = Vault(chain, pool, collateral, self.oracle, "vault", risk)
        pool.own_vaults["vault"] = True
        pool.set_limit("council", "vault", 10**7 * unit)
        pool.open_pool("council")
        for who in PEOPLE:
            for token in (loan, collateral):
                token.mint(who, 10**30)
                for spender in ("pool", "vault"):
                    token.approve(who, spender, MAX)
        pool.deposit("lender", random.randint(100_000, 10**6) * unit + random.randrange(unit), "lender")
        self.debtors = list(PEOPLE[2 : random.randint(3, 6)])
        for owner in self.debtors:
            debt = random.randint(10_000, 20_000) * unit + random.randrange(unit)
            worth = int(debt * WAD // risk.ltv * random.uniform(1.001, 1.3))
            vault.open(owner, worth * 10**36 // price + 1, debt, owner, owner)
        chain.now += random.choice((0, 1, DAY, 400 * DAY, 3_000 * DAY))
        pool.accrue()
        staked = random.choice((0, 0.02, 0.5)) * random.random()
        pool.transfer("lender", "backstop", int(pool.balances["lender"] * staked))
        loan.mint("pool", int(random.random() * random.choice((0, 1, 1_000, 100_000)) * unit))

    def terms(self) -> tuple[int, int]:
        """What exits are priced by, fractions and shares, with the virtual ones."""
        value, supply = self.pool.exit_terms(self.pool.accrued())
        return value + VIRTUAL_VALUE, supply + VIRTUAL_SHARES


def falls(random: Random) -> list[int]:
    """What the closes of everything that has been provided for lower exits by: base units, rounded up."""
    market = RandomMarket(random)
    vault = market.vault
    first = random.choice(market.debtors)
    par = vault.debt_of(first) * 10**36 // vault.position_of(first)[0]
    price = max(1, int(par * random.choice((random.random(), random.uniform(0.9, 1.02)))))
    market.oracle.price_answer = market.oracle.safe_price_answer = price
    for owner in market.debtors:
        vault.poke(owner)
    found = []
    for owner in random.sample(market.debtors, len(market.debtors)):
        while vault.provision_of.get(owner, 0):
            paid = vault.preview_liquidate(owner, MAX).paid
            offer = MAX if random.random() < 0.5 else int(paid * random.random())
            worth, supply = market.terms()
            try:
                vault.liquidate("liquidator", owner, offer, 0, "liquidator")
            except Revert:
                break  # an offer that buys no debt share
            left, shares = market.terms()
            found.append(-((left * supply - worth * shares) // (shares * FRACTION)))
    return found


def test_booking_lowers_exits_by_three_units_at_most() -> None:
    """P5; and some fall, so that the tolerance is one."""
    random = Random(1_500)
    found = [fall for _ in range(MARKETS) for fall in falls(random)]
    assert len(found) > 3 * MARKETS
    assert 0 < max(found) <= TOLERANCE
