"""What may happen in the world: one random step."""

from plimsoll.chain.engine import CallReverted
from plimsoll.twin.backstop import WINDOW as UNSTAKE_WINDOW
from plimsoll.twin.chain import Revert, Signature
from plimsoll.twin.council import (
    PAUSE_SPACING,
    PAYOUT_DELAY,
    PAYOUT_LAPSE,
    RAISE_DIVISOR,
    RESTORE_AFTER,
    RESTORE_LAPSE,
    WINDOW,
)
from plimsoll.twin.vault import Vault
from plimsoll.units import DAY, FRACTION, MAX, NO_LIMIT, NOBODY, WAD, order
from tests.stateful.basket_trades import BasketTrades
from tests.stateful.exchange import ExchangeLockstep
from tests.stateful.views import compare_views
from tests.stateful.world import (
    BORROWER,
    BORROWERS,
    CURATOR,
    GUARDIAN,
    LEGS,
    LENDER,
    LIQUIDATOR,
    OPERATOR,
    OTHER_BORROWER,
    ROLES,
    SPOKES,
    STAKER,
    STAKERS,
    STRANGER,
    THIRD_BORROWER,
    Lockstep,
)  # fmt: skip

WEIGHTS: dict[str, float] = {  # how often a rule of `Steps` is chosen, among all of them
    "supply": 8, "leave": 6, "move_shares": 3, "lock": 8, "release": 6, "borrow": 10, "repay": 7,
    "open": 7, "close": 5, "liquidate": 3, "liquidate_batch": 2, "move_price": 10, "crash": 16,
    "oracle_fault": 2, "pass_time": 10, "donate": 3, "seize": 2, "flash": 2, "govern": 4, "guard": 3,
    "grant": 2, "trespass": 2, "call_back": 6, "could_leave": 2, "round_trip": 3, "keep_an_appointment": 4,
    "raise_a_line": 2, "sign": 4, "look": 2, "stake": 5, "unstake": 4, "poke": 3, "distribute_excess": 3,
    "age": 0.4, "sell_out": 1, "trade": 5, "sell_out_basket": 1, "trade_leg": 2,
    "flash_deposit": 3, "lie": 3, "walk_out": 2,
    "put_in": 5, "take_out": 4, "borrow_on_basket": 5, "repay_basket": 3, "open_basket": 4, "close_basket": 3,
    "liquidate_basket": 2, "liquidate_baskets": 1, "crash_basket": 9, "poke_basket": 2,
    "call_back_from_basket": 3,
}  # fmt: skip


class Steps(BasketTrades):
    """Chooses steps from a source of randomness and plays them."""

    def step(self) -> None:
        """Plays one step and compares everything afterwards."""
        (name,) = self.random.choices(list(WEIGHTS), list(WEIGHTS.values()))
        getattr(self, name)()
        self.world.compare()

    # ---------------------------------------------------------------------------------------- rules

    def supply(self) -> None:
        actor, pool = self.lender(), self.world.model["pool"]
        amount = self.amount(self.tokens(self.random.choice((1, 1_000, 300_000))))
        if self.random.random() < 0.3:
            self.world.act("pool", "mint", min(amount * 1_000, MAX), self.receiver(actor), sender=actor)
        else:
            room = pool.max_deposit()
            amount = room if self.random.random() < 0.05 and room < self.tokens(10**6) else amount
            self.world.act("pool", "deposit", amount, self.receiver(actor), sender=actor)

    def leave(self) -> None:
        owner, pool = self.lender(), self.world.model["pool"]
        shares = pool.balances.get(owner, 0)
        t = pool.accrued()
        sender, receiver = self.sender(owner), self.receiver(owner)
        pick = self.random.random()
        if pick < 0.35:
            worth = shares * (t.total_assets + FRACTION) // ((t.total_supply + 1_000) * FRACTION)
            base = self.random.choice((worth, min(worth, pool.available(t))))
            self.world.act("pool", "withdraw", self.amount(base), receiver, owner, sender=sender)
        elif pick < 0.65:
            self.world.act("pool", "redeem", self.amount(shares), receiver, owner, sender=sender)
        else:
            least = self.random.choice((0, 0, self.tokens(1)))
            self.world.act("pool", "exit", self.amount(shares), least, receiver, owner, sender=sender)

    def move_shares(self) -> None:
        owner = self.lender()
        shares = self.world.model["pool"].balances.get(owner, 0)
        pick = self.random.random()
        if pick < 0.4:
            self.world.act(
                "pool", "transfer", self.receiver(self.lender()), self.amount(shares), sender=owner
            )
        elif pick < 0.7:
            self.world.act("pool", "approve", OPERATOR, self.amount(shares), sender=owner)
        else:
            to = self.receiver(self.lender())
            self.world.act("pool", "transferFrom", owner, to, self.amount(shares), sender=OPERATOR)

    def lock(self) -> None:
        which, actor = self.vault(), self.borrower()
        price = self.world.fair[f"{which}_oracle"]
        base = self.tokens(self.random.choice((4_000, 40_000))) * 10**36 // price
        owner = actor if self.random.random() < 0.9 else self.receiver(self.borrower())
        self.world.act(f"{which}_vault", "deposit", min(self.amount(base), 2**130), owner, sender=actor)

    def release(self) -> None:
        which, owner = self.vault(), self.borrower()
        collateral = self.world.model[f"{which}_vault"].position_of(owner)[0]
        arguments = (self.amount(collateral), self.receiver(owner), owner)
        self.world.act(f"{which}_vault", "withdraw", *arguments, sender=self.sender(owner))

    def borrow(self) -> None:
        which, owner = self.vault(), self.borrower()
        base = self.tokens(self.random.choice((2_500, 10_000, 30_000)))
        arguments = (self.amount(base), self.receiver(owner), owner)
        self.world.act(f"{which}_vault", "borrow", *arguments, sender=self.sender(owner))

    def repay(self) -> None:
        which, owner = self.vault(), self.borrower()
        debt = self.world.model[f"{which}_vault"].debt_of(owner)
        payer = owner if self.random.random() < 0.7 else STRANGER
        self.world.act(f"{which}_vault", "repay", self.amount(debt), owner, sender=payer)

    def open(self) -> None:
        which, owner = self.vault(), self.borrower()
        debt = self.tokens(self.random.choice((3_000, 12_000, 50_000)))
        collateral = int(debt * self.random.uniform(1.0, 2.0)) * 10**36 // self.world.fair[f"{which}_oracle"]
        arguments = (collateral, self.amount(debt), self.receiver(owner), owner, b"")
        vault = self.world.chain[f"{which}_vault"]
        assert vault  # the twin takes a callback where the chain takes data
        self._combined(f"{which}_vault", "open", arguments, self.sender(owner))

    def close(self) -> None:
        which, owner = self.vault(), self.borrower()
        vault = self.world.model[f"{which}_vault"]
        collateral = vault.position_of(owner)[0]
        arguments = (
            self.amount(vault.debt_of(owner)),
            self.amount(collateral),
            self.receiver(owner),
            owner,
            b"",
        )
        self._combined(f"{which}_vault", "close", arguments, self.sender(owner))

    def _combined(self, target: str, function: str, arguments: tuple, sender: str) -> None:
        self.world.act(target, function, *arguments[:-1], sender=sender)

    def liquidate(self) -> None:
        which = self.vault()
        vault = self.world.model[f"{which}_vault"]
        owner = self.unhealthy(which)
        limit = MAX if self.random.random() < 0.4 else self.amount(vault.debt_of(owner))
        rate = 0 if self.random.random() < 0.8 else int(10**72 / self.world.fair[f"{which}_oracle"])
        actor = LIQUIDATOR if self.random.random() < 0.9 else owner
        preview = self.world.ask(
            f"{which}_vault", "preview_liquidate", owner, limit,
            model=lambda: vault.preview_liquidate(owner, limit),
        )  # fmt: skip
        answer = self.world.act(
            f"{which}_vault", "liquidate", owner, limit, rate, self.receiver(actor), sender=actor
        )
        if isinstance(answer, tuple):
            assert answer == (preview[2], preview[3], preview[4]), "L8"
        elif isinstance(preview, tuple) and preview[0]:
            assert vault.preview_liquidate(owner, MAX).executable, "L1: nobody can close it"

    def unhealthy(self, which: str) -> str:
        """A borrower, by preference the one with the lowest health."""
        vault = self.world.model[f"{which}_vault"]
        if isinstance(vault.oracle.price_answer, str) or self.random.random() < 0.2:
            return self.borrower()
        debtors = self.indebted(which)
        return (
            min(debtors, key=vault.health, default=self.borrower())
            if vault.oracle.price_answer
            else self.borrower()
        )

    def liquidate_batch(self) -> None:
        which = self.vault()
        vault = self.world.model[f"{which}_vault"]
        orders = self.orders(vault)
        preview = self.world.ask(
            f"{which}_vault", "preview_liquidate_batch", orders,
            model=lambda: vault.preview_liquidate_batch(orders),
        )  # fmt: skip
        answer = self.world.act(
            f"{which}_vault", "liquidate_batch", orders, 0, self.receiver(LIQUIDATOR), sender=LIQUIDATOR
        )
        if isinstance(answer, tuple):
            assert answer == preview, "L8"

    def orders(self, vault: Vault) -> list[int]:
        orders = []
        for _ in range(self.random.randint(0, 5)):
            owner = self.random.choice([*BORROWERS, *BORROWERS, STRANGER])
            limit = min(self.random.choice((MAX, self.amount(vault.debt_of(owner)))), NO_LIMIT)
            orders.append(order(owner, limit))
        return orders

    def sell_out(self) -> None:
        """Liquidates through the Liquidator: the collateral is sold, or the caller pays (Y1, Y2, Y3)."""
        which = self.vault()
        vault = self.world.model[f"{which}_vault"]
        locked = sum(collateral for collateral, _ in vault.positions.values())
        path = self.pairs(which, locked * self.random.choice((2, 30, 10**4)))
        usual = self.world.chain["liquidator"].address if self.random.random() < 0.02 else LIQUIDATOR
        receiver, single = self.receiver(usual), self.random.random() < 0.5
        orders = self.orders(vault)
        if single or self.random.random() < 0.6:
            owners = [self.unhealthy(which)] if single else BORROWERS
            orders = [order(owner) for owner in owners]
        if self.random.random() < 0.2:
            arguments: tuple = (orders, 0, receiver)
            self.world.act("liquidator", "liquidate_with_funds", vault.address, *arguments, sender=LIQUIDATOR)
            self.world.venue.check()
            return
        quoted = self.world.ask(
            "liquidator", "quote", vault.address, orders, path,
            model=lambda: self.world.model["liquidator"].quote(vault.address, orders, path),
        )  # fmt: skip
        due, _, proceeds, executed = (0, 0, 0, 0) if isinstance(quoted, Revert) else quoted
        least = self.random.choice((0, self.amount(max(0, proceeds - due))))
        if single:
            arguments = ("liquidate", vault.address, owners[0], MAX, path, least, receiver)
            answer = self.world.act("liquidator", *arguments, sender=LIQUIDATOR)
        else:
            arguments = ("liquidate_batch", vault.address, orders, path, least, receiver)
            answer = self.world.act("liquidator", *arguments, sender=LIQUIDATOR)
        if not isinstance(answer, Revert):
            assert answer == (proceeds - due if single else (proceeds - due, executed)), "Y2"
            assert proceeds - due >= least, "Y3"
        self.world.venue.check()

    def trade(self) -> None:
        """Opens or closes a leveraged position (Y1, Y2, Y3); rarely an operator tries it with his own."""
        is_opening = self.random.random() < 0.6
        which, trader = self.vault(), self.sender(self.borrower())
        if not is_opening and not self.indebted(which):
            self.take_a_vault_loan(which)
        vault, deadline = self.world.model[f"{which}_vault"], self.world.engine.now
        unit = self.tokens(10_000) * 10**36 // self.world.fair[f"{which}_oracle"]
        path = self.pairs(which, unit * self.random.choice((1, 10, 10**4)))
        deadline -= self.random.random() < 0.05
        health = self.random.choice((0, 0, 0, WAD, 2 * WAD))
        if is_opening:
            margin, loan_margin = (
                min(self.amount(self.random.choice((0, part))), 2**130) for part in (unit, self.tokens(1_000))
            )
            debt = min(self.amount(self.tokens(self.random.choice((0, 6_000, 12_000)))), 2**94)
            least = self.random.choice((0, 0, 0, margin, margin + 1, unit))
            arguments: tuple = (margin, loan_margin, debt, path[::-1], least, health, deadline)
            answer = self.world.act("leverage", "open", vault.address, *arguments, sender=trader)
            assert not isinstance(answer, int) or answer >= least, "Y3"
        else:
            trader = self.random.choice([*2 * self.indebted(which), trader])
            repayment, payout = (
                min(self.amount(part), 2**130) if self.random.random() < 0.7 else MAX
                for part in (
                    vault.debt_of(trader),
                    self.random.choice((0, vault.position_of(trader)[0] // 2)),
                )
            )
            said = self.world.ask(
                "leverage", "preview_close", vault.address, trader, repayment, path,
                model=lambda: self.world.model["leverage"].preview_close(
                    vault.address, trader, repayment, path
                ),
            )  # fmt: skip
            most = self.random.choice((MAX, MAX, unit))
            arguments = (repayment, payout, path, most, health, deadline)
            answer = self.world.act("leverage", "close", vault.address, *arguments, sender=trader)
            if isinstance(answer, tuple):
                assert answer[:2] == said, "Y2"
                assert answer[1] <= most, "Y3"
        if not isinstance(answer, Revert) and health and vault.position_of(trader)[1]:
            assert vault.health(trader) >= health, "Y3"
        self.world.venue.check()

    def indebted(self, which: str) -> list[str]:
        """Who owes something in a vault."""
        vault = self.world.model[f"{which}_vault"]
        return [owner for owner in BORROWERS if vault.position_of(owner)[1]]

    def take_a_vault_loan(self, which: str) -> None:
        """Somebody locks collateral, at the fair price, and borrows about as much as that allows."""
        owner, fair = self.borrower(), self.world.fair[f"{which}_oracle"]
        self.world.set_prices(f"{which}_oracle", fair, fair)
        collateral = self.tokens(self.random.choice((4_000, 20_000, 60_000))) * 10**36 // fair
        self.world.act(f"{which}_vault", "deposit", collateral, owner, sender=owner)
        room = min(self.world.model[f"{which}_vault"].max_borrow(owner), self.tokens(40_000))
        debt = room - room // self.random.choice((3, 10**4))
        self.world.act(f"{which}_vault", "borrow", debt, owner, owner, sender=owner)

    def move_price(self) -> None:
        which = self.oracle()
        fair = self.world.fair[which]
        price = int(fair * self.random.choice((1.0, 1.0, self.random.uniform(0.5, 1.2))))
        safe = price if self.random.random() < 0.7 else int(price * self.random.uniform(0.8, 1.0))
        self.world.set_prices(which, price, safe)

    def crash(self) -> None:
        """Lets the price fall to where somebody is liquidatable, a little or far below, and liquidates."""
        which = self.vault()
        vault = self.world.model[f"{which}_vault"]
        debtors = [owner for owner in self.indebted(which) if vault.position_of(owner)[0]]
        if not debtors:
            self.take_a_vault_loan(which)
            return
        if self.random.random() < 0.1:  # a loss may then exceed the limit
            limit = self.random.choice((0, 1, self.tokens(100)))
            self.world.act("council", "set_limit", vault.address, limit, sender=CURATOR)
        owner, risk = self.random.choice(debtors), vault.risk
        equity = self.random.choice((risk.bonus_min, self.random.randint(risk.bonus_min, risk.bonus_max)))
        worth = self.random.choice(  # of the collateral, for each unit of debt; WAD
            (WAD**2 // risk.threshold, WAD**2 // risk.threshold, WAD + equity, WAD + equity, WAD)
        )
        edge = vault.debt_of(owner) * 10**18 * worth // vault.position_of(owner)[0]
        depth = self.random.choice((1.0, 1 - 1e-9, self.random.uniform(0.9, 1), self.random.random()))
        price = max(1, min(int(edge * depth), 2**160))
        self.world.set_prices(f"{which}_oracle", price, price)
        close = (*[self.liquidate, self.liquidate_batch] * 2, self.sell_out)
        for _ in range(self.random.randint(1, 4)):
            self.random.choice(close)()
            self.world.compare()

    def oracle_fault(self) -> None:
        which = self.oracle()
        fair = self.world.fair[which]
        pick = self.random.random()
        if pick < 0.4:
            self.world.silence(which)
        else:
            price = self.random.choice((0, 1, fair // 10**6, fair * 100, fair // 100))
            self.world.set_prices(which, price, price)

    def pass_time(self) -> None:
        self.world.advance(
            self.random.choice((1, 2, 12, 60, 3_600, DAY, DAY, 3 * DAY, 7 * DAY, 30 * DAY))
            if self.random.random() < 0.97
            else self.random.choice((365 * DAY, 3 * 365 * DAY, 50 * 365 * DAY))
        )
        if self.random.random() < 0.3:
            self.world.act("pool", "accrue", sender=STRANGER)

    def age(self) -> None:
        """Lenders take what is not lent; four centuries of the highest rate make a debt share dear.

        The prices follow the debts.
        """
        for lender in STAKERS:
            self.world.act("pool", "exit", MAX, 0, lender, lender, sender=lender)
        before = self.world.model["pool"].accrued()
        for _ in range(8):
            self.world.advance(50 * 365 * DAY)
            self.world.act("pool", "accrue", sender=STRANGER)
        grown = self.world.model["pool"].accrued().total_debt // max(1, before.total_debt)
        for name in self.world.fair:
            self.world.fair[name] = min(max(1, grown) * self.world.fair[name], 2**160)
            self.world.set_prices(name, self.world.fair[name], self.world.fair[name])

    def donate(self) -> None:
        to = self.world.chain[self.random.choice(("pool", "first_vault"))].address
        self.world.act("loan", "mint", to, self.amount(self.tokens(100)) % 2**90, sender=STRANGER)

    def seize(self) -> None:
        pool = self.world.model["pool"]
        part = int(pool.cash() * self.random.choice((0, 0.01, 0.5)))
        self.world.act("loan", "burn", pool.address, part, sender=STRANGER)
        if self.random.random() < 0.7:
            self.world.act("pool", "book_shortfall", sender=STRANGER)

    def flash(self) -> None:
        self.world.flash_loan(self.amount(self.world.model["pool"].cash()), STRANGER)

    def stake(self) -> None:
        """Into the backstop, about it, or among its holders."""
        owner, pool, backstop = self.lender(), self.world.model["pool"], self.world.model["backstop"]
        held, staked = pool.balances.get(owner, 0), backstop.balance_of(owner)
        base = min(held, self.tokens(self.random.choice((100, 2_000, 20_000))) * 1_000)
        pick = self.random.random()
        if pick < 0.05:
            spender = self.world.chain["backstop"].address
            allowed = self.random.choice((MAX, MAX, MAX, base))
            self.world.act("pool", "approve", spender, allowed, sender=owner)
        elif pick < 0.5:
            self.world.act("backstop", "deposit", self.amount(base), self.receiver(owner), sender=owner)
        elif pick < 0.65:
            shares = min(self.amount(base), 2**110)
            self.world.act("backstop", "mint", shares, self.receiver(owner), sender=owner)
        elif pick < 0.75:
            self.world.act("backstop", "sync", sender=STRANGER)
        elif pick < 0.85:
            to = self.receiver(self.lender())
            self.world.act("backstop", "transfer", to, self.amount(staked), sender=owner)
        elif pick < 0.92:
            self.world.act("backstop", "approve", OPERATOR, self.amount(staked), sender=owner)
        elif pick < 0.96:
            to = self.receiver(self.lender())
            self.world.act("backstop", "transferFrom", owner, to, self.amount(staked), sender=OPERATOR)
        else:
            to = self.world.chain["backstop"].address
            self.world.act("pool", "transfer", to, self.amount(base // 10), sender=owner)

    def unstake(self) -> None:
        """Out of the backstop: asking, waiting, leaving, thinking better of it."""
        backstop = self.world.model["backstop"]
        inside = [one for one in STAKERS if backstop.balance_of(one) or backstop.departures.get(one)]
        owner = self.random.choice(inside or STAKERS)
        departing = backstop.departing(owner, backstop.books())
        pick = self.random.random()
        if pick < 0.4 or not departing:
            shares = self.amount(backstop.balance_of(owner))
            self.world.act("backstop", "request", min(shares, 2**110), sender=owner)
            return
        if pick < 0.5:
            self.world.act("backstop", "cancel", owner, sender=self.sender(owner))
            return
        if pick < 0.8:  # to one of its times, a second early or late
            matures = backstop.departures[owner].matures
            time = self.random.choice((matures, matures + UNSTAKE_WINDOW)) + self.random.choice((-1, 0, 0, 1))
            self.world.advance(max(0, time - self.world.engine.now))
        arguments = (self.receiver(owner), owner)
        if self.random.random() < 0.5:
            shares = min(self.amount(departing), 2**110)
            if self.random.random() < 0.3:
                worth = backstop.net(backstop.books()).assets_down(min(shares, departing))
                least = max(0, self.random.choice((0, worth - 1, worth, worth + 1)))
                self.world.act("backstop", "leave", shares, least, *arguments, sender=self.sender(owner))
            else:
                self.world.act("backstop", "redeem", shares, *arguments, sender=self.sender(owner))
        else:
            worth = backstop.books().escrow.assets_down(departing)
            assets = min(self.amount(worth), 2**110)
            self.world.act("backstop", "withdraw", assets, *arguments, sender=self.sender(owner))
        if self.random.random() < 0.2:
            self.world.act("backstop", "cancel", owner, sender=STRANGER)

    def walk_out(self) -> None:
        """Out of the backstop from the beginning to the end, by preference while provisions stand."""
        backstop, owner = self.world.model["backstop"], self.lender()
        held = self.world.model["pool"].balances.get(owner, 0)
        self.world.act("backstop", "deposit", min(held, self.tokens(20_000) * 1_000), owner, sender=owner)
        self.world.act("backstop", "request", self.amount(backstop.balance_of(owner)) % 2**110, sender=owner)
        self.world.advance(backstop.cooldown)
        which = self.vault()
        vault, debtor = self.world.model[f"{which}_vault"], self.borrower()
        collateral, shares = vault.position_of(debtor)
        if collateral and shares and self.random.random() < 0.8:
            par = vault.debt_of(debtor) * 10**36 // collateral
            price = max(1, min(int(par * self.random.choice((0.0, 0.5, self.random.random()))), 2**160))
            self.world.set_prices(f"{which}_oracle", price, price)
            self.world.act(f"{which}_vault", "poke", debtor, sender=STRANGER)
            if self.random.random() < 0.3:
                self.world.silence(f"{which}_oracle")
        for function in self.random.sample(("leave", "redeem", "leave"), 2):
            departing = backstop.departing(owner, backstop.books())
            shares = self.random.choice((departing, departing // 2, self.amount(departing) % 2**110))
            least = (0,) if function == "leave" else ()
            self.world.act("backstop", function, shares, *least, owner, owner, sender=owner)
            self.world.compare()
            self.random.choice((self.leave, self.liquidate, self.repay, self.pass_time))()
            self.world.compare()

    def poke(self) -> None:
        """Lets the pool know what a position lacks, most often after a fall; lenders may run then."""
        which = self.vault()
        vault = self.world.model[f"{which}_vault"]
        owner = self.unhealthy(which) if self.random.random() < 0.8 else self.random.choice(ROLES)
        collateral = vault.position_of(owner)[0]
        if collateral and self.random.random() < 0.7:
            price = vault.debt_of(owner) * 10**36 // collateral
            price = min(int(price * self.random.choice((0, 1, self.random.random()))), 2**160)
            safe = price if self.random.random() < 0.7 else int(price * self.random.random())
            self.world.set_prices(f"{which}_oracle", price or 1, safe or 1)
        self.world.act(f"{which}_vault", "poke", owner, sender=STRANGER)
        for _ in range(self.random.randint(0, 3)):
            self.world.compare()
            run = (self.leave, self.leave, self.supply, self.stake, self.repay, self.liquidate)
            self.random.choice(run)()

    def flash_deposit(self) -> None:
        """Somebody deposits 25 times the pool, acts or lets others act, and leaves, in no time (P7).

        A payout leaves lenders what it rounds down, less than a share for each of the two who get it; after
        centuries a share is worth more than a base unit.
        """
        council, pool = self.world.model["council"], self.world.model["pool"]
        if council.announced_at and self.random.random() < 0.4:  # to where a payout is due
            self.world.advance(max(0, council.announced_at + PAYOUT_DELAY - self.world.engine.now))
        elif council.queued.ready and self.random.random() < 0.4:
            self.world.advance(max(0, council.queued.ready - self.world.engine.now))
        amount = min(25 * (pool.accrued().total_assets // FRACTION) + self.tokens(1), 2**92)
        self.world.act("loan", "mint", STRANGER, amount, sender=STRANGER)
        held = pool.balances.get(STRANGER, 0)
        shares = self.world.act("pool", "deposit", amount, STRANGER, sender=STRANGER)
        if isinstance(shares, Revert):  # not open, paused, capped, wiped
            return
        fair = (self.announce, self.distribute, self.witness, self.raise_a_line, self.execute)
        unfair = (self.leave, self.unstake, self.borrow, self.repay, self.stake, self.liquidate)
        acts = fair if self.random.random() < 0.6 else unfair
        for _ in range(self.random.randint(1, 3)):
            self.random.choice(acts)()
            self.world.compare()
        got, burnt = self.world.act("pool", "exit", shares, 0, STRANGER, STRANGER, sender=STRANGER)
        if acts is fair:  # less comes out where more is owed than owned: what is in excess of the debt
            t = pool.accrued()
            share = (t.total_assets + FRACTION) // ((t.total_supply + 1_000) * FRACTION) + 1
            assert got <= amount + 1 + 2 * share, f"P7: {got} for {amount}"
            rest = pool.balances.get(STRANGER, 0) - (held + shares - burnt)
            assert rest == 0 or (rest > 0 and council.payout_receiver == STRANGER)

    def announce(self) -> None:
        self.world.act("council", "announce", sender=STRANGER)

    def distribute(self) -> None:
        """Pays nothing or takes what it pays off the announcement."""
        council = self.world.model["council"]
        before = council.announced
        paid = self.world.act("council", "distribute", sender=STRANGER)
        if isinstance(paid, Revert):
            assert council.announced == before, "a refused payout took from the announcement"
        else:
            assert 0 < paid <= before - council.announced, "paid more than was announced"

    def witness(self) -> None:
        """The basis of a raise only falls."""
        council = self.world.model["council"]
        before = council.queued.assets
        answer = self.world.act("council", "witness", sender=STRANGER)
        assert isinstance(answer, Revert) or answer <= before, "a witness raised the basis"

    def execute(self) -> None:
        """A raise adds no more than the least that anybody has seen allows."""
        council, pool = self.world.model["council"], self.world.model["pool"]
        change = council.queued
        limit = pool.line(change.subject)[0]
        answer = self.world.act("council", "execute_queued", sender=CURATOR)
        if not isinstance(answer, Revert) and not change.is_guardian:
            added = pool.line(change.subject)[0] - limit
            assert added <= max(change.assets // RAISE_DIVISOR, limit), "a raise beyond its basis"

    def lie(self) -> None:
        """A borrower who lends has a provision stand while others leave; then it goes, or not."""
        which, liar = self.vault(), self.borrower()
        vault, oracle = self.world.model[f"{which}_vault"], f"{which}_oracle"
        collateral, shares = vault.position_of(liar)
        if not collateral or not shares:
            return
        if self.random.random() < 0.5:
            amount = self.amount(self.tokens(self.random.choice((1_000, 300_000)))) % 2**90
            self.world.act("pool", "deposit", amount, liar, sender=liar)
        par = vault.debt_of(liar) * 10**36 // collateral
        part = self.random.choice((0.0, self.random.random(), self.random.uniform(0.97, 1.0)))
        price = max(1, min(int(par * part), 2**160))
        self.world.set_prices(oracle, price, price)
        self.world.act(f"{which}_vault", "poke", liar, sender=liar)
        fair = self.world.fair[oracle]
        if self.random.random() < 0.3:  # one of two prices is lifted for a call
            self.world.set_prices(oracle, fair, price)
            self.world.act(f"{which}_vault", "poke", liar, sender=liar)
        if self.random.random() < 0.3:
            self.world.silence(oracle)
        others = (self.leave, self.leave, self.unstake, self.repay, self.distribute_excess, self.cut)
        for _ in range(self.random.randint(1, 4)):
            self.random.choice(others)()
            self.world.compare()
        if self.random.random() < 0.7:
            self.world.set_prices(oracle, fair, fair)
            self.world.act(f"{which}_vault", "poke", liar, sender=liar)
        if self.random.random() < 0.5:
            self.world.act("pool", "exit", MAX, 0, liar, liar, sender=liar)

    def cut(self) -> None:
        self.world.act("council", "cut_limit", self.spoke(), sender=GUARDIAN)

    def distribute_excess(self) -> None:
        """Announces, waits, distributes; sometimes at a time that is none."""
        council = self.world.model["council"]
        if self.random.random() < 0.2:
            receiver = self.random.choice((STRANGER, NOBODY, self.world.chain["pool"].address))
            self.world.act("council", "set_payout_receiver", receiver, sender=self.sender(CURATOR))
        if council.announced_at == 0 or self.random.random() < 0.2:
            self.world.act("council", "announce", sender=STRANGER)
        if self.random.random() < 0.1:
            self.world.act("council", "cancel_payout", sender=self.sender(GUARDIAN))
        if council.announced_at and self.random.random() < 0.7:
            wait = self.random.choice((PAYOUT_DELAY, PAYOUT_DELAY, PAYOUT_LAPSE)) + self.random.choice(
                (-1, 0, 0, 1)
            )
            self.world.advance(max(0, council.announced_at + wait - self.world.engine.now))
            self.world.act(
                "council", self.random.choice(("distribute", "distribute", "announce")), sender=STRANGER
            )

    def govern(self) -> None:
        act, random = self.world.act, self.random
        sender = CURATOR if random.random() < 0.9 else STRANGER
        vault = self.spoke()
        limit = self.world.model["pool"].line(vault)[0]
        choice = random.choice(
            ("set_limit", "queue_limit", "queue_limit", "queue_guardian", "execute_queued", "execute_queued",
             "cancel_queued", "restore_limit", "restore_limit", "set_supply_cap", "unpause", "open_pool",
             "hand_over", "witness")
        )  # fmt: skip
        if choice in ("set_limit", "restore_limit", "queue_limit"):
            subject = vault if random.random() < 0.95 else STRANGER
            amount = self.amount(limit + self.tokens(50_000))
            if choice == "set_limit":
                amount = random.choice((limit, max(0, limit - 1), limit * 9 // 10, amount))
            act("council", choice, subject, amount, sender=sender)
        elif choice == "queue_guardian":
            act("council", choice, random.choice((GUARDIAN, GUARDIAN, NOBODY)), sender=sender)
        elif choice == "set_supply_cap":
            act("council", choice, random.choice((0, 0, self.tokens(10**6), MAX)), sender=sender)
        elif choice == "hand_over":
            act("council", "transfer_curator", random.choice((CURATOR, STRANGER)), sender=sender)
            act("council", "accept_curator", sender=random.choice((CURATOR, LENDER)))
        else:
            act("council", choice, sender=sender)

    def guard(self) -> None:
        sender = GUARDIAN if self.random.random() < 0.9 else STRANGER
        choice = self.random.choice(("pause", "cut_limit", "cancel_queued", "remove_guardian"))
        if choice == "remove_guardian":
            sender = CURATOR if self.random.random() < 0.3 else STRANGER
        arguments = [self.spoke()] if choice == "cut_limit" else []
        self.world.act("council", choice, *arguments, sender=sender)

    def keep_an_appointment(self) -> None:
        """Comes to one of the council's times, a second early or late, and does what it is for."""
        council, pool = self.world.model["council"], self.world.model["pool"]
        ready = council.queued.ready
        appointments: list[tuple[int, str, str, tuple]] = [
            (ready, CURATOR, "execute_queued", ()),
            (ready + WINDOW, CURATOR, "execute_queued", ()),
            (council.pause_started + PAUSE_SPACING, GUARDIAN, "pause", ()),
            (pool.paused_until, STRANGER, "unpause", ()),
        ]
        for vault, cut in council.cuts.items():
            lost = min(cut.limit, pool.losses.get(vault, 0) - cut.losses)
            restored = cut.limit - lost + self.random.choice((-1, 0, 0, 1))
            for wait in (RESTORE_AFTER, RESTORE_LAPSE):
                appointments.append((cut.at + wait, CURATOR, "restore_limit", (vault, max(0, restored))))
        to_come = [one for one in appointments if one[0] > self.world.engine.now]
        if not to_come:
            if self.random.random() < 0.4:
                self.world.act("council", "queue_guardian", GUARDIAN, sender=CURATOR)
            else:
                self.raise_a_line()
            return
        time, sender, function, arguments = self.random.choice(to_come)
        self.world.advance(max(0, time + self.random.choice((-1, 0, 0, 1)) - self.world.engine.now))
        self.world.act("council", function, *arguments, sender=sender)

    def raise_a_line(self) -> None:
        """Queues about the highest limit that is allowed."""
        pool, vault = self.world.model["pool"], self.spoke()
        current, assets = pool.line(vault)[0], pool.accrued().total_assets // FRACTION
        limit = current + max(assets // RAISE_DIVISOR, current) + self.random.choice((-1, 0, 0, 1))
        self.world.act("council", "queue_limit", vault, max(0, limit), sender=CURATOR)

    def grant(self) -> None:
        rights = self.random.choice((0, 1, 1, 2, 2, 3, 4))
        self.world.act(self.random.choice(SPOKES), "set_operator", OPERATOR, rights, sender=self.borrower())

    def sign(self) -> None:
        """A permit or an operator's rights by signature: of the right person and message most of the time."""
        target, function, owner = self.random.choice(
            (
                ("pool", "permit", self.lender()),
                (self.random.choice(SPOKES), "set_operator_by_signature", self.borrower()),
            )
        )
        nonce = self.world.model[target].nonces.get(owner, 0)
        used = max(0, nonce + self.random.choice((0, 0, 0, 0, -1, 1)))
        deadline = self.world.engine.now + self.random.choice((-1, 0, 1, DAY))
        if function == "permit":
            amount = self.random.choice((0, 1, self.tokens(1_000_000), MAX))
            arguments = (owner, OPERATOR, amount, deadline)
            message = (owner, OPERATOR, amount, used, deadline)
        else:
            owner = owner if self.random.random() < 0.95 else NOBODY
            rights = self.random.choice((0, 1, 2, 3, 4))
            arguments = message = (owner, OPERATOR, rights, used, deadline)
        signer = owner if owner != NOBODY and self.random.random() < 0.9 else STRANGER
        self.world.act_by_signature(
            target, function, *arguments, signature=Signature(signer, message), sender=STRANGER
        )

    def look(self) -> None:
        """Every view of both sides."""
        owner = self.random.choice([*BORROWERS, LENDER, STAKER, STRANGER, self.world.actor.address])
        compare_views(self.world, owner, self.amount(self.tokens(self.random.choice((1, 10_000)))))

    def call_back(self) -> None:
        """The actor opens, closes or liquidates with a callback, and tries anything inside."""
        which = self.vault()
        target = f"{which}_vault"
        vault, me = self.world.model[target], self.world.actor.address
        owner = me if self.random.random() < 0.7 else self.borrower()
        inside = [self.mischief(which) for _ in range(self.random.randint(1, 3))]
        choice = self.random.choice(("open", "open", "close", "liquidate", "liquidate", "liquidate_batch"))
        if choice == "open":
            debt = self.tokens(self.random.choice((3_000, 12_000)))
            fair = self.world.fair[f"{which}_oracle"]
            collateral = int(debt * self.random.uniform(1.2, 2.0)) * 10**36 // fair
            arguments: tuple = (collateral, self.amount(debt), self.receiver(me), owner)
        elif choice == "close":
            collateral = vault.position_of(owner)[0]
            arguments = (self.amount(vault.debt_of(owner)), self.amount(collateral), self.receiver(me), owner)
        elif choice == "liquidate":
            arguments = (self.unhealthy(which), MAX, 0, me)
        else:
            orders = [order(owner) for owner in BORROWERS]
            arguments = (orders, 0, me)
        self.world.act_with_callback(target, choice, *arguments, inside=inside)

    def mischief(self, which: str) -> tuple[str, str, tuple]:
        """A call to make inside a callback: into the same vault, the other one, the pool or a token."""
        me, token = self.world.actor.address, self.tokens(1)
        vault = f"{which}_vault" if self.random.random() < 0.5 else f"{self.vault()}_vault"
        pool = self.world.chain["pool"].address
        return self.random.choice(
            (
                (vault, "deposit", (1_000, me)),
                (vault, "withdraw", (MAX, me, me)),
                (vault, "borrow", (token * 2_500, me, me)),
                (vault, "repay", (MAX, self.borrower())),
                (vault, "liquidate", (self.borrower(), MAX, 0, me)),
                (vault, "close", (MAX, MAX, me, me)),
                (vault, "set_operator", (OPERATOR, 3)),
                ("basket", "liquidate", (self.borrower(), MAX, [], 0, me, b"")),
                ("pool", "deposit", (token * 1_000, me)),
                ("pool", "exit", (MAX, 0, me, me)),
                ("pool", "book_shortfall", ()),
                ("pool", "accrue", ()),
                ("pool", "settle", (1, 0)),
                ("loan", "transfer", (pool, token)),
            )
        )

    def could_leave(self) -> None:
        """X1: whatever curator and guardian have done, an exit goes through; nothing is kept of it."""
        owner = self.lender()
        self.world.chain["pool"].call("exit", MAX, 0, owner, owner, sender=owner)

    def round_trip(self) -> None:
        """P7: what goes in comes out, never more, in the same block."""
        actor, pool = self.lender(), self.world.model["pool"]
        before = self.world.engine.snapshot()
        held, chain = pool.balances.get(actor, 0), self.world.chain
        paid = self.amount(self.tokens(1_000)) % self.tokens(10**6)
        try:
            shares = chain["pool"].send("deposit", paid, actor, sender=actor)
            got = chain["pool"].send("exit", shares, 0, actor, actor, sender=actor)[0]
            assert got <= paid, f"P7: {got} for {paid}"
            assert chain["pool"].call("balanceOf", actor) >= held
        except CallReverted:
            pass  # not open, paused, capped, wiped
        self.world.engine.revert(before)

    def trespass(self) -> None:
        """Calls that only the council or a vault may make."""
        vault = self.world.chain["first_vault"].address
        sender = self.random.choice(ROLES)
        choice = self.random.randrange(5)
        if choice == 0:
            self.world.act("pool", "draw", self.tokens(1), sender, sender=sender)
        elif choice == 1:
            self.world.act("pool", "settle", self.amount(1_000), 0, sender=sender)
        elif choice == 2:
            self.world.act("pool", "set_limit", vault, self.tokens(10**6), sender=sender)
        elif choice == 3:
            self.world.act("pool", "set_pause", 0, sender=sender)
        else:
            self.world.act("pool", "open_pool", sender=sender)


def begin(world: Lockstep) -> None:
    """Opens the pool with a line for each spoke, a guardian and a first deposit."""
    for spoke, limit in zip(SPOKES, (400_000, 300_000, 300_000), strict=True):
        limit *= 10 ** world.decimals[0]
        world.act("council", "set_limit", world.chain[spoke].address, limit, sender=CURATOR)
    world.act("council", "queue_guardian", GUARDIAN, sender=CURATOR)
    world.advance(world.model["council"].delay)
    world.act("council", "execute_queued", sender=CURATOR)
    world.act("council", "open_pool", sender=CURATOR)
    world.act("pool", "deposit", 500_000 * 10 ** world.decimals[0], LENDER, sender=LENDER)
    world.compare()


def lend(world: Lockstep) -> None:
    """A stake, a loan of each spoke to liquidate, who may act for them, and an exchange to sell at."""
    unit = 10 ** world.decimals[0]
    for lender in (LENDER, STAKER):
        world.act("pool", "approve", world.chain["backstop"].address, MAX, sender=lender)
    world.act("pool", "deposit", 20_000 * unit, STAKER, sender=STAKER)
    world.act("backstop", "deposit", 2_000 * 1_000 * unit, STAKER, sender=STAKER)
    for which, owner in (("first", BORROWER), ("second", OTHER_BORROWER)):
        debt = 40_000 * unit
        collateral = 3 * debt * 10**36 // (2 * world.fair[f"{which}_oracle"])
        world.act(f"{which}_vault", "open", collateral, debt, owner, owner, sender=owner)
        for operator in (OPERATOR, world.actor.address):
            world.act(f"{which}_vault", "set_operator", operator, 3, sender=owner)
    for leg, share in enumerate((3, 4, 5)):  # of the debt in each leg, together one and a half of it
        fair = world.fair[f"{LEGS[leg]}_oracle"]
        amount = 40_000 * unit * share * 10**36 // (8 * fair)
        world.act("basket", "deposit", leg, amount, THIRD_BORROWER, sender=THIRD_BORROWER)
    world.act("basket", "borrow", 30_000 * unit, THIRD_BORROWER, THIRD_BORROWER, sender=THIRD_BORROWER)
    for operator in (OPERATOR, world.actor.address):
        world.act("basket", "set_operator", operator, 3, sender=THIRD_BORROWER)
    world.venue = ExchangeLockstep(world)
    world.compare()
