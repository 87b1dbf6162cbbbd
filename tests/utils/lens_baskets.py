"""A market with a basket twice: on a chain, and in the twin, told the same."""

from decimal import Decimal
from random import Random

from plimsoll.chain.lens import Lens
from plimsoll.params import BLUE_CHIP, PoolParams, price_of
from plimsoll.testing import Chain
from plimsoll.testing.engines import in_process
from plimsoll.testing.market import BasketMarket, Builder, Leg
from plimsoll.testing.roles import BORROWER, CURATOR, LENDER, LIQUIDATOR, OTHER_BORROWER
from plimsoll.twin import chain as twin
from plimsoll.twin import slices
from plimsoll.twin.basket import Basket, Collateral
from plimsoll.twin.liquidation import Risk
from plimsoll.twin.oracle import ScriptedOracle
from plimsoll.twin.pool import Pool
from plimsoll.twin.rates import Curve
from plimsoll.units import MAX

OWNERS = [BORROWER, OTHER_BORROWER]
CEILING = 5
SILENT = "silent"


class BasketLockstep:
    """What is done to `on_chain` is done to the twin; every leg is worth 1,000,000 loan tokens at most."""

    def __init__(self, random: Random) -> None:
        """2 to 8 legs of all sorts, for two borrowers with a lot of each."""
        self.random = random
        builder = Builder(Chain(in_process()), CURATOR)
        count = random.randint(2, 8)
        self.decimals = [random.choice([6, 8, 18, 27]) for _ in range(count)]
        self.quotes = [Decimal(random.choice([1, 20, 2_000])) for _ in range(count)]
        loan = builder.token(6, "LOAN")
        tokens = tuple(builder.token(digits) for digits in self.decimals)
        oracles = tuple(builder.oracle(self.fair(leg)) for leg in range(count))
        thresholds = [Decimal(random.randint(40, 83)) / 100 for _ in range(count)]
        legs = [
            Leg(token, oracle, threshold - Decimal("0.05"), threshold, CEILING)
            for token, oracle, threshold in zip(tokens, oracles, thresholds, strict=True)
        ]
        params = PoolParams(name="P", symbol="P", draw_burst=Decimal("0.5"), draw_refill=3_600)
        made = builder.pool(loan, params)
        basket = builder.basket(made.pool, legs, BLUE_CHIP)
        limit = 10**7 * 10**6
        builder.open(made, {basket: limit})
        self.on_chain = BasketMarket(builder, loan, tokens, oracles, made.pool, made.council, basket)
        for owner in (LENDER, LIQUIDATOR, *OWNERS):
            self.on_chain.give(owner, 10**8)
        self.on_chain.pool.deposit(3 * 10**12, LENDER, sender=LENDER)
        self.lens = Lens(builder.protocol.lens())

        self.chain = twin.Chain(builder.chain.now)
        asset = twin.Token(self.chain, loan.address)
        struct = params.to_struct(loan.address, 6)
        self.pool = Pool(
            self.chain, asset, made.pool.address, Curve(*struct[5]), *struct[3:5], *struct[6:8], *struct[10:]
        )
        self.pool.initialize("council", "backstop")
        self.collaterals = [
            Collateral(
                twin.Token(self.chain, leg.token.address),
                ScriptedOracle(self.chain, self.fair(number)),
                slices.Leg(*leg.to_struct()[2:]),
            )
            for number, leg in enumerate(legs)
        ]
        risk = Risk.from_struct(basket.risk())
        self.basket = Basket(self.chain, self.pool, self.collaterals, basket.address, risk)
        self.pool.own_vaults[basket.address] = True
        self.pool.set_limit("council", basket.address, limit)
        self.pool.open_pool("council")
        asset.mint(LENDER, 3 * 10**12)
        asset.approve(LENDER, self.pool.address, MAX)
        self.pool.deposit(LENDER, 3 * 10**12, LENDER)
        for owner in (LIQUIDATOR, *OWNERS):
            asset.mint(owner, 10**14)
            asset.approve(owner, self.basket.address, MAX)
            for it, digits in zip(self.collaterals, self.decimals, strict=True):
                it.token.mint(owner, 10 ** (8 + digits))
                it.token.approve(owner, self.basket.address, MAX)

    def fair(self, leg: int, times: float = 1) -> int:
        """A price of a leg."""
        return price_of(self.quotes[leg] * Decimal(times), self.decimals[leg], 6)

    def do(self, function: str, *arguments: object, sender: str) -> None:
        """A transaction of the basket on both."""
        getattr(self.on_chain.basket, function)(*arguments, sender=sender)
        callers = () if function == "poke" else (sender,)
        if function == "liquidate":
            arguments = arguments[:-1]
        self.chain.transact(lambda: getattr(self.basket, function)(*callers, *arguments))

    def set_prices(self, leg: int, price: int | str, safe_price: int | str) -> None:
        """Both of a leg's prices; `SILENT` for both is a revert."""
        oracle, model = self.on_chain.oracles[leg], self.collaterals[leg].oracle
        deployer = self.on_chain.builder.deployer
        oracle.set_silent(price == SILENT, sender=deployer)
        if price != SILENT:
            oracle.set_prices(price, safe_price, sender=deployer)
        model.price_answer, model.safe_price_answer = price, safe_price

    def advance(self, seconds: int) -> None:
        """Lets time pass on both."""
        self.on_chain.chain.advance(seconds)
        self.chain.now = self.on_chain.chain.now

    def open(self, owner: str) -> None:
        """Some of the legs, and a loan near what they bear."""
        random = self.random
        self.advance(7_200)
        for leg in random.sample(range(len(self.decimals)), random.randint(1, len(self.decimals))):
            worth = random.choice([20_000, 60_000, 600_000])
            amount = int(worth / self.quotes[leg] * 10 ** self.decimals[leg]) + random.randint(0, 1)
            self.do("deposit", leg, amount, owner, sender=owner)
        most = self.basket.max_borrow(owner)
        debt = int(most * random.choice([1, 1, 0.9])) - random.choice([0, 1])
        self.do("borrow", debt, owner, owner, sender=owner)

    def shake(self) -> None:
        """New prices: a common fall, legs of their own, silence and nonsense now and then."""
        random, fall = self.random, self.random.uniform(0.3, 1.1)
        for leg in range(len(self.decimals)):
            times = fall * random.uniform(0.8, 1.2) if random.random() < 0.8 else random.choice([1e-4, 1, 3])
            price = self.fair(leg, times)
            kind = random.random()
            if kind < 0.12:
                self.set_prices(leg, SILENT, SILENT)
            elif kind < 0.17:
                self.set_prices(leg, *random.choice([(0, 0), (MAX, MAX), (price, 0), (MAX, price)]))
            else:
                self.set_prices(leg, price, price if random.random() < 0.7 else int(price * 0.97))

    def liquidate(self, owner: str) -> None:
        """A close of what can be closed."""
        most, without = self.random.choice([MAX, 10**9]), self.random.choice([0, 0, 1])
        if self.basket.preview_liquidate(owner, most, without).executable:
            self.do("liquidate", owner, most, [], without, LIQUIDATOR, b"", sender=LIQUIDATOR)
