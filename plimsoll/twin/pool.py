"""The pool: lender shares, credit lines, losses; the twin of ``contracts/Pool.vy``.

Every function takes the caller first, returns what the contract returns, and raises `Revert` with the
contract's reason. Amounts are base units of the loan asset.
"""

from collections.abc import Callable

from plimsoll.twin import rates
from plimsoll.twin.chain import Chain, Revert, Signature, Token, checked, nonreentrant, require
from plimsoll.twin.ledger import (
    CLOCK,
    COUNT_TOP,
    FLAG_CAPPED,
    FLAG_OPEN,
    FLAG_PAUSED,
    FLAG_PROVISIONED,
    VALUE_TOP,
    Totals,
    accrued,
    utilisation,
)
from plimsoll.twin.share_math import (
    VIRTUAL_SHARES,
    VIRTUAL_VALUE,
    to_assets_down,
    to_assets_up,
    to_shares_down,
    to_shares_up,
    to_value_down,
    to_value_up,
)
from plimsoll.twin.share_token import ShareToken
from plimsoll.units import DAY, FRACTION, MAX, NOBODY, WAD

LIMIT_TOP = 2**94 - 1
FULL_LEVEL = 2**24 - 1
CASH_TOP = 2**94
WIPED_RATIO = 10**6


class Pool(ShareToken):
    """A pool's state and what can be done with it.

    Attributes:
        totals: the books as of `last_accrual`.
        balances: lender shares.
        lines: limit (base units) and drawn debt shares of each vault that was ever registered.
        paces: level (of `FULL_LEVEL`) that each may draw at once, and its time; none without a pace.
        losses: base units, by vault.
        provision_of: base units: the known shortfall of a vault's positions, by vault.
        nonces: of permits, by owner.
    """

    kind = "pool"

    def __init__(
        self,
        chain: Chain,
        asset: Token,
        address: str,
        curve: rates.Curve,
        reserve_factor: int,
        flash_fee: int,
        insurance_target: int,
        backstop_share: int,
        draw_burst: int = WAD,
        draw_refill: int = DAY,
    ) -> None:
        """A pool as its constructor leaves it; factors, target, share and burst are WAD, times seconds."""
        super().__init__(chain, address)
        self.asset = asset
        self.curve = curve
        self.reserve_factor = reserve_factor
        self.flash_fee_rate = flash_fee
        self.insurance_target = insurance_target
        self.backstop_share = backstop_share
        self.draw_burst = draw_burst
        self.draw_refill = draw_refill
        self.totals = Totals(0, 0, 0, 0, rates.to_log(curve.rate_initial, curve), 0)
        self.last_accrual = chain.now
        self._known = self.totals, self.last_accrual, self.last_accrual, self.totals
        self.balances: dict[str, int] = chain.mapping()
        self.lines: dict[str, tuple[int, int]] = chain.mapping()
        self.paces: dict[str, tuple[int, int]] = chain.mapping()
        self.losses: dict[str, int] = chain.mapping()
        self.provision_of: dict[str, int] = chain.mapping()
        self.nonces: dict[str, int] = chain.mapping()
        self.own_vaults: dict[str, bool] = chain.mapping()
        self.council = NOBODY
        self.backstop = NOBODY
        self.supply_cap = 0
        self.paused_until = 0

    # ------------------------------------------------------------------ the Factory and the council

    @nonreentrant
    def initialize(self, council: str, backstop: str) -> None:
        """Names the council and the backstop."""
        self.council = council
        self.backstop = backstop
        self._log("Initialized", council, backstop)

    @nonreentrant
    def open_pool(self, caller: str) -> None:
        """Opens the pool to lenders."""
        self._only_council(caller)
        require(not self.accrued().flags & FLAG_OPEN, "pool: already open")
        self._set_flag(FLAG_OPEN, FLAG_OPEN)
        self._log("Opened")

    @nonreentrant
    def set_limit(self, caller: str, vault: str, limit: int) -> None:
        """Sets a vault's credit limit."""
        self._only_council(caller)
        require(self.own_vaults.get(vault, False), "pool: not a vault of this pool")
        require(limit <= LIMIT_TOP, "pool: limit too large")
        before, drawn = self.line(vault)
        level = self.draw_level(vault)
        if vault not in self.lines:
            level = 0 if self.accrued().flags & FLAG_OPEN else FULL_LEVEL
        elif limit > before:
            level = level * before // limit
        self._set_level(vault, level)
        self.lines[vault] = (limit, drawn)
        self._log("LimitSet", vault, limit)

    @nonreentrant
    def set_supply_cap(self, caller: str, cap: int) -> None:
        """Caps total assets; 0 removes the cap."""
        self._only_council(caller)
        require(cap <= LIMIT_TOP, "pool: cap too large")
        self._set_flag(FLAG_CAPPED, FLAG_CAPPED if cap else 0)
        self.supply_cap = cap
        self._log("SupplyCapSet", cap)

    @nonreentrant
    def set_pause(self, caller: str, until: int) -> None:
        """Stops new supply and borrowing until a time; 0 lifts the pause."""
        self._only_council(caller)
        self._set_flag(FLAG_PAUSED, FLAG_PAUSED if until else 0)
        self.paused_until = until
        self._log("PauseSet", until)

    # -------------------------------------------------------------------------------------- lenders

    @nonreentrant
    def deposit(self, caller: str, assets: int, receiver: str) -> int:
        """Supplies `assets`; returns shares, rounded down."""
        t = self.accrued()
        _fits(assets * (t.total_supply + VIRTUAL_SHARES) * FRACTION)
        shares = to_shares_down(assets, t.total_assets, t.total_supply)
        require(shares > 0 or assets == 0, "pool: less than a share")
        self._enter(t, caller, assets, shares, receiver)
        return shares

    @nonreentrant
    def mint(self, caller: str, shares: int, receiver: str) -> int:
        """Supplies what `shares` cost; returns assets, rounded up."""
        t = self.accrued()
        _fits(shares * (t.total_assets + VIRTUAL_VALUE) + (t.total_supply + VIRTUAL_SHARES) * FRACTION - 1)
        assets = to_assets_up(shares, t.total_assets, t.total_supply)
        self._enter(t, caller, assets, shares, receiver)
        return assets

    @nonreentrant
    def withdraw(self, caller: str, assets: int, receiver: str, owner: str) -> int:
        """Pays `assets` out of `owner`'s shares; returns shares burnt, rounded up."""
        t = self.accrued()
        shares = self.exit_shares(t, assets)
        require(shares == 0 or self.is_plain(t), "pool: haircut, use exit")
        self._leave(t, caller, assets, shares, receiver, owner)
        return shares

    @nonreentrant
    def redeem(self, caller: str, shares: int, receiver: str, owner: str) -> int:
        """Burns `shares` of `owner`; returns assets paid, rounded down."""
        t = self.accrued()
        require(shares == 0 or self.is_plain(t), "pool: haircut, use exit")
        assets = self.exit_assets(t, shares)
        self._leave(t, caller, assets, shares, receiver, owner)
        return assets

    @nonreentrant
    def exit(self, caller: str, shares: int, min_assets: int, receiver: str, owner: str) -> tuple[int, int]:
        """Redeems as much as can be; returns assets paid and shares burnt."""
        t = self.accrued()
        burnt = min(shares, self.balances.get(owner, 0))
        assets = self.exit_assets(t, burnt)
        available = self.available(t)
        if assets > available:
            assets = available
            burnt = self.exit_shares(t, available)
        require(assets >= min_assets, "pool: too few assets")
        self._leave(t, caller, assets, burnt, receiver, owner)
        return assets, burnt

    @nonreentrant
    def permit(self, owner: str, spender: str, amount: int, deadline: int, signature: Signature) -> None:
        """Approves by the owner's signature of (owner, spender, amount, nonce, deadline)."""
        require(self.chain.now <= deadline, "pool: permit expired")
        nonce = self.nonces.get(owner, 0)
        self.nonces[owner] = nonce + 1
        message = (owner, spender, amount, nonce, deadline)
        require(signature == Signature(owner, message), "pool: bad signature")
        self._approve(owner, spender, amount)

    # --------------------------------------------------------------------------------------- vaults

    @nonreentrant
    def accrue(self) -> tuple[int, int]:
        """Adds interest; returns total debt (fractions) and total debt shares."""
        t = self.accrued()
        self._store(t)
        return t.total_debt, t.total_debt_shares

    @nonreentrant
    def draw(self, caller: str, amount: int, receiver: str) -> tuple[int, int, int]:
        """A vault draws; returns debt shares, and total debt (fractions) and debt shares afterwards."""
        t = self.accrued()
        require(not self.is_paused(t), "pool: paused")
        _fits(amount * (t.total_debt_shares + VIRTUAL_SHARES) * FRACTION + t.total_debt + VIRTUAL_VALUE - 1)
        shares = to_shares_up(amount, t.total_debt, t.total_debt_shares)
        _fits(shares * (t.total_debt + VIRTUAL_VALUE) + t.total_debt_shares + VIRTUAL_SHARES - 1)
        t = t._replace(
            total_debt=t.total_debt + to_value_up(shares, t.total_debt, t.total_debt_shares),
            total_debt_shares=t.total_debt_shares + shares,
        )
        require(t.total_debt <= t.total_assets, "pool: not enough cash")
        require(caller in self.lines, "pool: not a vault")
        limit, drawn = self.lines[caller]
        drawn += shares
        owed = to_assets_up(drawn, t.total_debt, t.total_debt_shares)
        require(owed <= limit, "pool: over the credit limit")
        if self.draw_burst != WAD and amount > 0:
            cost = -(-amount * FULL_LEVEL * WAD // (limit * self.draw_burst))
            require(cost <= self.draw_level(caller), "pool: drawing too fast")
            self._set_level(caller, self.draw_level(caller) - cost)
        self.lines[caller] = (limit, drawn)
        self._store(t)
        self._send(receiver, amount)
        return shares, t.total_debt, t.total_debt_shares

    @nonreentrant
    def settle(self, caller: str, shares: int, paid: int) -> int:
        """A vault extinguishes debt shares for which `paid` has arrived; returns the pool's cash."""
        t = self.accrued()
        require(caller in self.lines, "pool: not a vault")
        limit, drawn = self.lines[caller]
        require(shares <= drawn, "pool: more than drawn")
        self.lines[caller] = (limit, drawn - shares)
        if limit > 0:
            refilled = min(paid, CASH_TOP) * FULL_LEVEL * WAD // (limit * self.draw_burst)
            self._set_level(caller, min(FULL_LEVEL, self.draw_level(caller) + refilled))
        extinguished = t.total_debt
        if shares != t.total_debt_shares:
            extinguished = to_value_down(shares, t.total_debt, t.total_debt_shares)
        t = t._replace(total_debt=t.total_debt - extinguished, total_debt_shares=t.total_debt_shares - shares)
        self._store(self._book_loss(t, caller, extinguished, min(paid, CASH_TOP) * FRACTION))
        return self.cash()

    @nonreentrant
    def book_shortfall(self) -> int:
        """Books a shortfall that no vault made; returns what backstop and lenders bore."""
        t = self.accrued()
        after = self._book_loss(t, NOBODY, 0, 0)
        self._store(after)
        return (t.total_assets - after.total_assets) // FRACTION

    @nonreentrant
    def set_provision(self, caller: str, amount: int) -> None:
        """A vault reports the shortfall of its positions; at most what it has drawn counts."""
        require(caller in self.lines, "pool: not a vault")
        t = self.accrued()
        owed = to_assets_up(self.lines[caller][1], t.total_debt, t.total_debt_shares)
        self.provision_of[caller] = min(amount, owed)
        self._set_flag(FLAG_PROVISIONED, FLAG_PROVISIONED if self.provisions() else 0)
        self._log("ProvisionSet", caller, self.provision_of[caller], self.provisions())

    @nonreentrant
    def distribute_excess(self, caller: str, limit: int, receiver: str) -> int:
        """Turns reserve above the target into shares of backstop and receiver; returns what left it."""
        self._only_council(caller)
        t = self.accrued()
        amount = min(limit, self._excess(t))
        to_backstop = amount * self.backstop_share // WAD
        paid = 0
        for taker, part in ((self.backstop, to_backstop), (receiver, amount - to_backstop)):
            if taker != NOBODY:
                shares = to_shares_down(part, t.total_assets, t.total_supply)
                t = t._replace(
                    total_assets=t.total_assets + part * FRACTION, total_supply=t.total_supply + shares
                )
                self.balances[taker] = self.balances.get(taker, 0) + shares
                self._log("Transfer", NOBODY, taker, shares)
                paid += part
        self._store(t)
        return paid

    @nonreentrant
    def flash_loan(self, amount: int, receiver: str, callback: Callable[[], None]) -> None:
        """Lends `amount` for the length of `callback`, during which the pool is locked."""
        fee = self.flash_fee(amount)
        cash = self.cash()
        self._send(receiver, amount)
        callback()
        if amount + fee > 0:
            self.asset.transfer_from(self.address, receiver, self.address, amount + fee)
        require(self.cash() >= cash + fee, "pool: flash loan not repaid")

    # ---------------------------------------------------------------------------------------- views

    def accrued(self) -> Totals:
        """The books as of now."""
        totals, since, until, found = self._known  # in a block everybody asks the same
        now = self.chain.now
        if totals is not self.totals or since != self.last_accrual or until != now:
            found = accrued(self.totals, now - self.last_accrual, self.curve, self.reserve_factor)
            self._known = self.totals, self.last_accrual, now, found
        return found

    def cash(self) -> int:
        """The pool's balance of the asset."""
        return self.asset.balance_of(self.address)

    def reserves(self) -> int:
        """What cash and debt exceed lenders' assets by, rounded down."""
        return self._reserves(self.accrued()) // FRACTION

    def provisions(self) -> int:
        """The known shortfall of all vaults' positions, base units."""
        return sum(self.provision_of.values())

    @nonreentrant
    def excess(self) -> int:
        """What the reserve holds above provisions and the insurance target, base units, rounded down."""
        return self._excess(self.accrued())

    def unmet(self, t: Totals) -> int:
        """What booking every provision now would take beyond the reserve, in fractions."""
        provisions = self.provisions()
        return max(0, provisions * FRACTION - self._reserves(t)) if provisions else 0

    def exit_terms(self, t: Totals) -> tuple[int, int]:
        """Assets (fractions) and shares by which exits are priced.

        While provisions exceed what reserve and backstop are worth: as if they had been booked.
        """
        unmet = self.unmet(t)
        stake = self.balances.get(self.backstop, 0)
        if unmet <= to_value_up(stake, t.total_assets, t.total_supply):
            return t.total_assets, t.total_supply
        return max(0, t.total_assets - unmet), t.total_supply - stake

    def is_plain(self, t: Totals) -> bool:
        """Whether exits keep back at most 0.1 % of the normal price, which needs no consent."""
        value, supply = self.exit_terms(t)
        exit_price = (value + VIRTUAL_VALUE) * (t.total_supply + VIRTUAL_SHARES)
        return exit_price * 1_000 >= (t.total_assets + VIRTUAL_VALUE) * (supply + VIRTUAL_SHARES) * 999

    @nonreentrant
    def backstop_haircut(self) -> int:
        """The backstop's shares that booking every provision now would burn, rounded up."""
        t = self.accrued()
        lost = -(-self.unmet(t) // FRACTION)
        shares = to_shares_up(lost, t.total_assets, t.total_supply)
        return min(self.balances.get(self.backstop, 0), shares)

    def exit_assets(self, t: Totals, shares: int) -> int:
        """What a redeemer of `shares` receives, rounded down."""
        value, supply = self.exit_terms(t)
        _fits(shares * (value + VIRTUAL_VALUE))
        return to_assets_down(shares, value, supply)

    def exit_shares(self, t: Totals, assets: int) -> int:
        """The shares that a withdrawal of `assets` burns, rounded up."""
        value, supply = self.exit_terms(t)
        _fits(assets * (supply + VIRTUAL_SHARES) * FRACTION + value + VIRTUAL_VALUE - 1)
        return to_shares_up(assets, value, supply)

    def utilisation(self) -> int:
        """Debt over lenders' assets, WAD."""
        t = self.accrued()
        return utilisation(t.total_assets, t.total_debt)

    def borrow_rate(self) -> int:
        """The current borrow rate, WAD per second."""
        t = self.accrued()
        whole = t.total_assets // FRACTION
        return rates.step(self.utilisation(), t.log_rate, 0, whole, self.curve)[1]

    def rate_at_target(self) -> int:
        """What borrowers would pay at the target utilisation, WAD per second."""
        return rates.rate_at_target(self.accrued().log_rate, self.curve)

    def line(self, vault: str) -> tuple[int, int]:
        """A vault's limit (base units) and drawn debt shares."""
        return self.lines.get(vault, (0, 0))

    def draw_level(self, vault: str) -> int:
        """What the pace lets a vault draw now, of `FULL_LEVEL`, which is `draw_burst` of its limit."""
        level, since = self.paces.get(vault, (0, 0))
        elapsed = (self.chain.now - since) % CLOCK
        return min(FULL_LEVEL, level + elapsed * FULL_LEVEL // self.draw_refill)

    def available(self, t: Totals) -> int:
        """What can be paid out now."""
        return min(max(0, t.total_assets - t.total_debt) // FRACTION, self.cash())

    @nonreentrant
    def max_draw(self, vault: str) -> int:
        """What a vault may draw now."""
        t = self.accrued()
        if self.is_paused(t):
            return 0
        limit, drawn = self.line(vault)
        owed = to_assets_up(drawn, t.total_debt, t.total_debt_shares)
        margin = to_assets_up(1, t.total_debt, t.total_debt_shares) + 1
        room = max(0, min(max(0, limit - owed), self.available(t)) - margin)
        if self.draw_burst == WAD:
            return room
        return min(room, self.draw_level(vault) * limit * self.draw_burst // (FULL_LEVEL * WAD))

    def max_deposit(self) -> int:
        """The largest deposit accepted now."""
        t = self.accrued()
        if not t.flags & FLAG_OPEN or self.is_paused(t) or self.is_wiped(t):
            return 0
        room = VALUE_TOP - t.total_assets
        if t.flags & FLAG_CAPPED:
            room = min(room, max(0, self.supply_cap * FRACTION - t.total_assets))
        shares = COUNT_TOP - t.total_supply
        return min(room // FRACTION, to_assets_down(shares, t.total_assets, t.total_supply))

    def max_mint(self) -> int:
        """The most shares that can be minted now."""
        t = self.accrued()
        return to_shares_down(self.max_deposit(), t.total_assets, t.total_supply)

    def max_withdraw(self, owner: str) -> int:
        """The most that `owner` can withdraw now."""
        t = self.accrued()
        if not self.is_plain(t):
            return 0
        return min(self.exit_assets(t, self.balances.get(owner, 0)), self.available(t))

    def max_redeem(self, owner: str) -> int:
        """The most shares that `owner` can redeem now."""
        t = self.accrued()
        if not self.is_plain(t):
            return 0
        owned, available = self.balances.get(owner, 0), self.available(t)
        terms = self.exit_terms(t)
        return owned if to_assets_down(owned, *terms) <= available else to_shares_down(available, *terms)

    def flash_fee(self, amount: int) -> int:
        """The fee of a flash loan, rounded up."""
        return checked(amount * self.flash_fee_rate + WAD - 1) // WAD

    def is_paused(self, t: Totals) -> bool:
        """Whether new supply and new borrowing are stopped."""
        return bool(t.flags & FLAG_PAUSED) and self.chain.now < self.paused_until

    def is_wiped(self, t: Totals) -> bool:
        """Whether a share is worth less than 0.1 % of par."""
        return (t.total_assets // FRACTION + 1) * WIPED_RATIO < t.total_supply + VIRTUAL_SHARES

    # ------------------------------------------------------------------------------------ internals

    def _reserves(self, t: Totals) -> int:
        return max(0, min(self.cash(), CASH_TOP) * FRACTION + t.total_debt - t.total_assets)

    def _excess(self, t: Totals) -> int:
        require(not self.is_wiped(t), "pool: wiped")
        target = max(t.total_assets, t.total_debt) * self.insurance_target // WAD
        return max(0, self._reserves(t) - target - self.provisions() * FRACTION) // FRACTION

    def _set_level(self, vault: str, level: int) -> None:
        if self.draw_burst != WAD:
            self.paces[vault] = (level, self.chain.now % CLOCK)

    def _store(self, t: Totals) -> None:
        require(max(t.total_assets, t.total_debt) <= VALUE_TOP, "pool: amount too large")
        require(max(t.total_supply, t.total_debt_shares) <= COUNT_TOP, "pool: too many shares")
        self.totals = t
        self.last_accrual = self.chain.now % CLOCK

    def _only_council(self, caller: str) -> None:
        require(caller == self.council, "pool: not the council")

    def _set_flag(self, mask: int, bits: int) -> None:
        t = self.accrued()
        self._store(t._replace(flags=t.flags & ~mask | bits))

    def _enter(self, t: Totals, caller: str, assets: int, shares: int, receiver: str) -> None:
        require(not self.is_wiped(t), "pool: wiped")
        t = t._replace(
            total_assets=checked(t.total_assets + checked(assets * FRACTION)),
            total_supply=checked(t.total_supply + shares),
        )
        require(bool(t.flags & FLAG_OPEN), "pool: not open")
        require(not self.is_paused(t), "pool: paused")
        if t.flags & FLAG_CAPPED:
            require(t.total_assets <= self.supply_cap * FRACTION, "pool: over the supply cap")
        if assets > 0:
            self.asset.transfer_from(self.address, caller, self.address, assets)
        self._store(t)
        require(receiver != NOBODY, "pool: zero address")
        self.balances[receiver] = self.balances.get(receiver, 0) + shares
        self._log("Transfer", NOBODY, receiver, shares)
        self._log("Deposit", caller, receiver, assets, shares)

    def _leave(self, t: Totals, caller: str, assets: int, shares: int, receiver: str, owner: str) -> None:
        if caller != owner:
            self._spend_allowance(caller, owner, shares)
        self._burn(owner, shares)
        enough = assets * FRACTION + t.total_debt <= t.total_assets
        require(enough or assets == 0, "pool: not enough cash")
        self._store(
            t._replace(total_assets=t.total_assets - assets * FRACTION, total_supply=t.total_supply - shares)
        )
        self._send(receiver, assets)
        self._log("Withdraw", caller, receiver, owner, assets, shares)

    def _book_loss(self, t: Totals, vault: str, extinguished: int, received: int) -> Totals:
        """The waterfall; `extinguished` and `received` in fractions."""
        backing = min(self.cash(), CASH_TOP) * FRACTION + t.total_debt
        loss = -(-max(0, extinguished - received) // FRACTION)
        shortfall = max(0, t.total_assets - backing) // FRACTION
        own = min(shortfall, loss)  # the rest stood before, and is nobody's
        if loss:
            limit, drawn = self.lines[vault]
            self.lines[vault] = (limit - min(limit, loss), drawn)
            self.losses[vault] = self.losses.get(vault, 0) + loss
            self._log("LimitSet", vault, self.lines[vault][0])
        borne = 0
        if shortfall and self.backstop != NOBODY:
            stake = self.balances.get(self.backstop, 0)
            worth = to_assets_down(stake, t.total_assets, t.total_supply)
            borne = min(shortfall, worth)
            burnt = stake
            if shortfall < worth:
                burnt = min(stake, to_shares_up(shortfall, t.total_assets, t.total_supply))
            if burnt:
                self._burn(self.backstop, burnt)
            t = t._replace(total_supply=t.total_supply - burnt)
        others = min(shortfall - own, borne)
        if shortfall > own:
            self._log("Loss", NOBODY, 0, others, shortfall - own - others)
        if loss:
            self._log("Loss", vault, loss - own, borne - others, own - (borne - others))
        return t._replace(total_assets=t.total_assets - shortfall * FRACTION)

    def _move(self, owner: str, to: str, amount: int) -> None:
        require(to != NOBODY, "pool: zero address")
        self._take(owner, amount)
        self.balances[to] = self.balances.get(to, 0) + amount
        self._log("Transfer", owner, to, amount)

    def _burn(self, owner: str, amount: int) -> None:
        self._take(owner, amount)
        self._log("Transfer", owner, NOBODY, amount)

    def _take(self, owner: str, amount: int) -> None:
        balance = self.balances.get(owner, 0)
        require(amount <= balance, "pool: too few shares")
        self.balances[owner] = balance - amount

    def _send(self, receiver: str, amount: int) -> None:
        if amount > 0:
            self.asset.transfer(self.address, receiver, amount)


def _fits(product: int) -> None:
    """Reverts without a reason where the contract's checked product would overflow."""
    if product > MAX:
        raise Revert
