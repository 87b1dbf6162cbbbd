"""What may happen to the basket: its owners' calls, crashes leg by leg, silent oracles, liquidations."""

from typing import Any

from plimsoll.twin import slices
from plimsoll.twin.basket import Basket, packed_amounts
from plimsoll.twin.chain import Revert
from plimsoll.units import MAX, NO_LIMIT, WAD, order
from tests.stateful.choices import Choices
from tests.stateful.world import BORROWERS, CURATOR, HOLDERS, LEGS, LIQUIDATOR, STRANGER

NONE = len(LEGS)  # no leg
ALL_BUT_SECOND = 0b101


class BasketRules(Choices):
    """Rules about the basket. Its functions without defaults take data, which is empty but in a callback."""

    @property
    def basket(self) -> Basket:
        basket: Basket = self.world.model["basket"]
        return basket

    def leg(self) -> int:
        return self.random.randrange(NONE) if self.random.random() < 0.98 else NONE

    def held_leg(self, owner: str) -> int:
        """A leg that an owner holds, most of the time."""
        held = [leg for leg, amount in enumerate(self.basket.amounts_of(owner)) if amount]
        return self.random.choice(held) if held and self.random.random() < 0.95 else self.leg()

    def amount_of(self, leg: int, worth: int) -> int:
        """About so much of a leg as is worth that, base units of the loan asset, at its fair price."""
        return self.amount(worth * 10**36 // self.world.fair[f"{LEGS[leg % NONE]}_oracle"])

    def held(self, owner: str, leg: int) -> int:
        return self.basket.amounts_of(owner)[leg % NONE]

    def debtors(self) -> list[str]:
        return [owner for owner in BORROWERS if self.basket.shares_of(owner)]

    # ----------------------------------------------------------------------------------------- loans

    def put_in(self) -> None:
        leg, actor = self.leg(), self.borrower()
        worth = self.tokens(self.random.choice((99, 100, 2_000, 40_000)))
        owner = actor if self.random.random() < 0.9 else self.random.choice(HOLDERS)
        amount = min(self.amount_of(leg, worth), 2**130)
        self.world.act("basket", "deposit", leg, amount, owner, sender=actor)

    def take_out(self) -> None:
        owner = self.borrower()
        leg = self.held_leg(owner)
        arguments = (leg, self.amount(self.held(owner, leg)), self.receiver(owner), owner)
        self.world.act("basket", "withdraw", *arguments, sender=self.sender(owner))

    def borrow_on_basket(self) -> None:
        owner = self.borrower()
        room = self.basket.max_borrow(owner) if self.random.random() < 0.4 else 0
        amount = self.amount(room or self.tokens(self.random.choice((10_000, 30_000))))
        self.world.act("basket", "borrow", amount, self.receiver(owner), owner, sender=self.sender(owner))

    def repay_basket(self) -> None:
        owner = self.borrower()
        payer = owner if self.random.random() < 0.7 else STRANGER
        self.world.act("basket", "repay", self.amount(self.basket.debt_of(owner)), owner, sender=payer)

    def take_a_loan(self) -> str:
        """Somebody locks some of each leg, at fair prices, and borrows about as much as that allows; who."""
        owner = self.borrower()
        for leg, which in enumerate(LEGS):
            fair = self.world.fair[f"{which}_oracle"]
            self.world.set_prices(f"{which}_oracle", fair, fair)
            worth = self.tokens(self.random.choice((0, 500, 10_000, 30_000)))
            self.world.act("basket", "deposit", leg, worth * 10**36 // fair, owner, sender=owner)
        room = min(self.basket.max_borrow(owner), self.tokens(40_000))
        self.world.act(
            "basket", "borrow", room - room // self.random.choice((3, 10**4)), owner, owner, sender=owner
        )
        return owner

    def open_basket(self) -> None:
        owner = self.borrower()
        self.world.act("basket", "open", *self.opening(owner), b"", sender=self.sender(owner))

    def opening(self, owner: str) -> tuple[Any, ...]:
        leg, debt = self.leg(), self.tokens(self.random.choice((11_000, 30_000)))
        worth = int(debt * self.random.uniform(1.0, 3.0))
        collateral = worth * 10**36 // self.world.fair[f"{LEGS[leg % NONE]}_oracle"]
        debt = self.random.choice((0, debt, self.amount(debt)))
        return leg, collateral, debt, self.receiver(owner), owner

    def close_basket(self) -> None:
        owner = self.borrower()
        self.world.act("basket", "close", *self.closing(owner), b"", sender=self.sender(owner))

    def closing(self, owner: str) -> tuple[Any, ...]:
        leg = self.held_leg(owner)
        repayment = self.random.choice((0, self.amount(self.basket.debt_of(owner))))
        withdrawal = self.amount(self.held(owner, leg))
        if leg < NONE and self.random.random() < 0.3:
            withdrawal = self.basket.max_withdraw(owner, leg)
        return repayment, leg, withdrawal, self.receiver(owner), owner

    # ----------------------------------------------------------------------------------- liquidation

    def liquidate_basket(self) -> None:
        """Closes a position, legs left out or not (L1b, L8)."""
        owner, without = self.sickest(), self.left_out()
        debt = self.basket.debt_of(owner)
        limit = MAX if self.random.random() < 0.4 else self.amount(self.random.choice((debt, debt // 50)))
        expected = self.ask_basket(owner, limit, without)
        least = self.least(expected.seized) if self.random.random() < 0.2 else []
        actor = LIQUIDATOR if self.random.random() < 0.9 else owner
        arguments = (owner, limit, least, without, self.receiver(actor), b"")
        answer = self.world.act("basket", "liquidate", *arguments, sender=actor)
        if not isinstance(answer, Revert):
            paid, fee, seized = answer
            assert (paid, fee, seized[:NONE]) == (expected.paid, expected.fee, expected.seized), "L8"
        elif expected.liquidatable and not self.silent(owner):
            assert self.basket.preview_liquidate(owner, MAX).executable, "L1b: nobody can close it"

    def left_out(self) -> int:
        """A mask: no leg, all but the one with the highest threshold, or any."""
        return self.random.choice((0, 0, ALL_BUT_SECOND, self.random.randrange(2**NONE)))

    def ask_basket(self, owner: str, limit: int, without: int) -> slices.Quote:
        """The preview, the same on both sides."""
        found: slices.Quote = self.basket.preview_liquidate(owner, limit, without)
        told = found._replace(seized=packed_amounts(found.seized))
        self.world.ask("basket", "preview_liquidate", owner, limit, without, model=lambda: told)
        return found

    def least(self, seized: tuple[int, ...]) -> list[int]:
        """What a liquidator may ask for, a base unit too much or not."""
        listed = [max(0, amount + self.random.choice((-1, 0, 0, 0, 1))) for amount in seized]
        return listed[: self.random.randint(0, len(listed))]

    def silent(self, owner: str) -> bool:
        """Whether a leg that an owner holds has no price."""
        return any(
            amount and not price
            for amount, price in zip(self.basket.amounts_of(owner), self.basket.prices(owner), strict=True)
        )

    def sickest(self) -> str:
        """A borrower, by preference the one with the lowest health."""
        if self.random.random() < 0.2:
            return self.borrower()
        return min(self.debtors(), key=self.basket.health, default=self.borrower())

    def liquidate_baskets(self) -> None:
        orders = []
        for _ in range(self.random.randint(0, 5)):
            owner = self.random.choice([*BORROWERS, *BORROWERS, STRANGER])
            limit = min(self.random.choice((MAX, self.amount(self.basket.debt_of(owner)))), NO_LIMIT)
            orders.append(order(owner, limit))
        least = self.random.choice(([], [], [1], [0, 0, 1]))
        arguments = (orders, least, self.receiver(LIQUIDATOR), b"")
        self.world.act("basket", "liquidate_batch", *arguments, sender=LIQUIDATOR)

    # ---------------------------------------------------------------------------------------- prices

    def crash_basket(self) -> None:
        """Lets the legs fall, together or one by one, to where somebody is liquidatable; liquidates."""
        debtors = [owner for owner in self.debtors() if any(self.basket.amounts_of(owner))]
        if not debtors or self.random.random() < 0.3:
            debtors = [self.take_a_loan()]
        if self.random.random() < 0.1:  # a loss may then exceed the limit
            limit = self.random.choice((0, 1, self.tokens(100)))
            self.world.act("council", "set_limit", self.basket.address, limit, sender=CURATOR)
        self.fall(self.random.choice(debtors))
        close = (self.liquidate_basket, self.liquidate_basket, self.liquidate_baskets)
        for _ in range(self.random.randint(1, 4)):
            self.random.choice(close)()
            self.world.compare()
            if self.random.random() < 0.15:  # a silent leg comes back, or another falls silent
                self.speak(self.random.choice(LEGS))

    def fall(self, owner: str) -> None:
        """Prices at which a debtor is just liquidatable, just restorable, without equity, or far below."""
        random, risk = self.random, self.basket.risk
        choices = (1.0, 1.0, random.uniform(0.3, 1.5), 1e-6)
        prices = [max(1, int(self.world.fair[f"{leg}_oracle"] * random.choice(choices))) for leg in LEGS]
        worth = slices.worth_of(self.basket.amounts_of(owner), prices, self.basket.legs)
        if worth.high == 0 or self.basket.shares_of(owner) == 0:
            return
        equity = random.choice((risk.bonus_min, random.randint(risk.bonus_min, 10 * risk.bonus_max)))
        value, debt = worth.high * WAD, self.basket.debt_of(owner)
        edges = ((worth.high_weight, WAD), (value, WAD + equity), (value, WAD + equity), (value, WAD))
        have, need = random.choice(edges)
        depth = random.choice((1.0, 1 - 1e-9, random.uniform(0.9, 1), random.random()))
        part = int(debt * need * depth)
        for leg, price in zip(LEGS, prices, strict=True):
            price = max(1, min(price * part // have, 2**160))
            self.world.set_prices(f"{leg}_oracle", price, price)
        if random.random() < 0.3:
            self.world.silence(self.oracle())

    def speak(self, leg: str) -> None:
        """An oracle that was silent answers as before it was, or one that answered falls silent."""
        oracle = f"{leg}_oracle"
        if isinstance(self.world.model[oracle].price_answer, str):
            price = int(self.world.fair[oracle] * self.random.choice((1.0, self.random.random())))
            self.world.set_prices(oracle, price, price)
        else:
            self.world.silence(oracle)

    def poke_basket(self) -> None:
        """Lets the pool know what a position lacks, most often after a fall; prices rise, or are lies."""
        owner = self.sickest()
        if self.random.random() < 0.7:
            self.fall(owner)
        for _ in range(self.random.randint(1, 3)):
            self.world.act("basket", "poke", owner, sender=STRANGER)
            self.world.compare()
            leg = self.random.choice(LEGS)
            if self.random.random() < 0.3:
                self.speak(leg)
            else:
                part = self.random.choice((1.0, self.random.random()))
                price = int(self.world.fair[f"{leg}_oracle"] * part)
                safe = price if self.random.random() < 0.5 else int(price * self.random.random())
                self.world.set_prices(f"{leg}_oracle", price, safe)
            self.random.choice((self.repay_basket, self.liquidate_basket, self.put_in))()
            self.world.compare()

    # ------------------------------------------------------------------------------------- callbacks

    def call_back_from_basket(self) -> None:
        """The actor opens, closes or liquidates in the basket with a callback, and tries anything inside."""
        me = self.world.actor.address
        owner = me if self.random.random() < 0.7 else self.borrower()
        if self.random.random() < 0.4:
            self.fall(self.sickest())
        inside = [self.mischief_in_basket() for _ in range(self.random.randint(1, 3))]
        choice = self.random.choice(("open", "close", "liquidate", "liquidate", "liquidate_batch"))
        if choice == "open":
            arguments = self.opening(owner)
        elif choice == "close":
            arguments = self.closing(owner)
        elif choice == "liquidate":
            arguments = (self.sickest(), MAX, [], self.left_out(), me)
        else:
            arguments = ([order(owner) for owner in BORROWERS], [], me)
        self.world.act_with_callback("basket", choice, *arguments, inside=inside)

    def mischief_in_basket(self) -> tuple[str, str, tuple[Any, ...]]:
        """A call to make inside a callback: into the basket, a vault, the pool or a token."""
        me, token, leg = self.world.actor.address, self.tokens(1), self.leg()
        vault, pool = f"{self.vault()}_vault", self.world.chain["pool"].address
        return self.random.choice(
            (
                ("basket", "deposit", (leg, 1_000, me)),
                ("basket", "withdraw", (leg, 1_000, me, me)),
                ("basket", "borrow", (token * 12_000, me, me)),
                ("basket", "repay", (MAX, self.borrower())),
                ("basket", "liquidate", (self.borrower(), MAX, [], 0, me, b"")),
                ("basket", "close", (MAX, leg, 1_000, me, me, b"")),
                ("basket", "set_operator", (STRANGER, 3)),
                ("basket", "poke", (self.borrower(),)),
                (vault, "liquidate", (self.borrower(), MAX, 0, me)),
                (vault, "repay", (MAX, self.borrower())),
                ("pool", "deposit", (token * 1_000, me)),
                ("pool", "settle", (1, 0)),
                ("loan", "transfer", (pool, token)),
            )
        )
