"""Who paid whom, and what for: double entry over the chain's own events, held against every balance.

An account is a party's: borrowers together, lenders together, the backstop with its stakers, the reserve,
each DEX, each agent by its name, validators, and the outside, from which tokens come and to which they go.
The pool's cash is the reserve's, which owes lenders what they have supplied and is owed what was borrowed;
the collateral in a vault is its borrowers'. So a loan, a repayment or a supply is no flow: it is worth what
is given for it. What is left is what somebody gains and somebody else loses.

Amounts are base units. A flow's value is that at the outside prices of its block, before the block's trades.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from plimsoll.scenario.agents.view import View
from plimsoll.scenario.books import Closed
from plimsoll.scenario.claims import BACKSTOP, BORROWERS, LENDERS, RESERVE, Claims
from plimsoll.scenario.markets import Leg
from plimsoll.scenario.parties import OUTSIDE, VALIDATORS, Parties, of_agent
from plimsoll.scenario.payments import difference, negative, pairs, positive, split
from plimsoll.scenario.records import FeeRow, FlowRow
from plimsoll.scenario.routes import Between
from plimsoll.scenario.transactions import Outcome
from plimsoll.scenario.world import World
from plimsoll.twin.chain import Event
from plimsoll.twin.share_math import to_assets_down
from plimsoll.units import NOBODY, PRICE_SCALE

BONUS, FEE, LOSS, TRADE, INTEREST, FORGED = "bonus", "fee", "loss", "trade", "interest", "forged"
PAYOUT, TRANSFER, REPRICING, ROUNDING = "payout", "transfer", "repricing", "rounding"
COSTS = ("gas", "bid")  # what is paid to validators, and what burns are called that they receive
NO_VAULT = -1
UNITS = 3  # of the loan asset that an event of pool or vault rounds at most

CASH, CLAIM, COLLATERAL = 0, 1, 2  # assets: loan tokens, claims on the pool less debt, collaterals

_Key = tuple[str, str, str, int, int | None]  # payer, payee, purpose, vault, leg
Amounts = dict[tuple[str, int], int]  # by party and asset


class Flows:
    """The accounts of a run."""

    def __init__(self, world: World) -> None:
        """Accounts of a run that has not begun."""
        self.world = world
        self._pool = world.pool.model
        betweens = [leg.between for leg in world.legs if leg.between]
        self._priced: list[Leg | Between] = [*world.legs, *betweens]
        self.tokens = [world.loan, *(leg.collateral for leg in world.legs)]
        self.tokens += [between.token for between in betweens]
        self._assets = {world.loan.contract.address: CASH}
        self._assets |= {leg.collateral.contract.address: COLLATERAL + leg.number for leg in world.legs}
        self._assets |= {it.token.contract.address: COLLATERAL + it.number for it in betweens}
        self._vaults = {market.vault.contract.address: n for n, market in enumerate(world.markets)}
        self._places = [
            (number, place)
            for number, market in enumerate(world.markets)
            for place in range(len(market.legs))
        ]
        self._places += [self._places[leg.number] for leg in world.legs if leg.between]
        self.parties = Parties(world)
        self._pays_out = False
        self._savers: dict[str, str] = {}
        self.debtors: dict[tuple[int, str], str] = {}
        self.ledger: Amounts = defaultdict(int)  # what has changed since the start
        self._open: dict[_Key, list[int]] = {}  # loan, collateral and value since the last rows
        self.gained: dict[str, int] = defaultdict(int)
        self.brought: dict[str, int] = defaultdict(int)  # from the outside
        self._events = 0  # of pool and vaults, since claims were settled

    def begin(self, view: View) -> None:
        """All have what they have now."""
        self.parties.begin(self.world)
        self.opening = self.balances()
        self._books = self._claims_now()
        self.first = self.claims = self._books.of_parties()
        self.prices(view)
        self.first_prices = self.prices_in(view)

    def prices(self, view: View) -> None:
        """The outside prices of a block are known."""
        self._view = view

    def prices_in(self, view: View) -> tuple[int, ...]:
        """What each token but the loan asset costs outside, 1e36."""
        return tuple(_price(view, it) for it in self._priced)

    # -------------------------------------------------------------------------------------- transactions

    def transaction(self, outcome: Outcome, closes: Sequence[tuple[int, Closed]]) -> None:
        """Books what a transaction did; its closes with the numbers of their vaults."""
        if not outcome.events:
            return
        self.parties.send(outcome.action)
        self._pays_out = outcome.action.function == "distribute"
        nobody = VALIDATORS if outcome.action.label in COSTS else OUTSIDE
        net: Amounts = defaultdict(int)
        made: Amounts = defaultdict(int)  # of nothing
        losses = []
        for event in outcome.events:
            asset = self._assets.get(event.contract)
            if asset is not None:
                if event.name == "Transfer":
                    payer, payee, amount = event.values
                    one = nobody if payer == NOBODY else self.parties.party(payer)
                    other = nobody if payee == NOBODY else self.parties.party(payee)
                    net[one, asset] -= amount
                    net[other, asset] += amount
                    if one == nobody:
                        made[other, asset] += amount
                    elif other == nobody:
                        made[one, asset] -= amount
            elif event.contract in self._vaults:
                self._note_position(event, net)
            elif event.contract == self._pool.address:
                self._note_supply(event, net)
                if event.name == "Loss":
                    losses.append(event)
        self._note_closes(closes, net)
        for account, amount in net.items():
            self.ledger[account] += amount
        for (party, asset), amount in list(net.items()):
            if asset == CLAIM:
                net[party, CASH] += amount
        self._book_closes(closes, losses, net)
        for leg in self.world.legs:
            if leg.pair:
                dex = f"dex {leg.number}"
                amounts = net.get((dex, CASH), 0), net.get((dex, COLLATERAL + leg.number), 0)
                self._book(net, self.parties.trader, dex, TRADE, leg, *amounts)
                if leg.between:
                    taken = net.get((dex, COLLATERAL + leg.between.number), 0)
                    self._book(net, self.parties.trader, dex, TRADE, leg.between, 0, taken)
        purpose = outcome.action.label if outcome.action.label in (*COSTS, FORGED) else OUTSIDE
        for (party, asset), amount in made.items():
            where, loan, collateral = self._asset(asset, amount)
            if nobody == VALIDATORS:
                self._book(net, party, nobody, purpose, where, -loan, -collateral)
            else:
                self._book(net, nobody, party, purpose, where, loan, collateral)
        self._book_rest(net)

    def _note_position(self, event: Event, net: Amounts) -> None:
        """Debts that change outside of closes, and collateral of others than borrowers."""
        if event.name in ("Borrow", "Repay"):
            self._events += 1
            amount = event.values[-2] if event.name == "Repay" else -event.values[-2]
            net[self._debtor(event), CLAIM] += amount
            net[RESERVE, CLAIM] -= amount
        elif event.name in ("Deposit", "Withdraw"):
            owner = self._debtor(event)
            if owner == BORROWERS:
                return
            market = self.world.markets[self._vaults[event.contract]]
            leg = market.legs[event.values[-2] if market.is_basket else 0]
            amount = event.values[-1] if event.name == "Deposit" else -event.values[-1]
            net[owner, COLLATERAL + leg.number] += amount
            net[BORROWERS, COLLATERAL + leg.number] -= amount

    def _debtor(self, event: Event) -> str:
        party = self.parties.party(event.values[0])
        if party != BORROWERS:
            self.debtors[self._vaults[event.contract], event.values[0]] = party
        return party

    def _note_supply(self, event: Event, net: Amounts) -> None:
        """Claims on the pool that change: supplied, withdrawn, sent or lost."""
        name, values = event.name, event.values
        payer, amount = RESERVE, 0
        if name == "Deposit":
            payee, amount = self._saver(values[1]), values[2]
        elif name == "Withdraw":
            payee, amount = self._saver(values[2]), -values[3]
        elif name == "Transfer" and (NOBODY not in values[:2] or (self._pays_out and values[0] == NOBODY)):
            totals = self._pool.accrued()
            payer, payee = RESERVE if self._pays_out else self._saver(values[0]), self._saver(values[1])
            amount = to_assets_down(values[2], totals.total_assets, totals.total_supply)
        elif name == "Loss":
            payee = LENDERS
            net[BACKSTOP, CLAIM] -= values[2]
            net[LENDERS, CLAIM] -= values[3]
            net[RESERVE, CLAIM] += values[2] + values[3]
        else:
            return
        self._events += 1
        net[payee, CLAIM] += amount
        net[payer, CLAIM] -= amount

    def _saver(self, owner: str) -> str:
        party = self.parties.party(owner)
        if party != LENDERS and owner != self._pool.backstop:
            self._savers[owner] = party
        return party

    def _note_closes(self, closes: Sequence[tuple[int, Closed]], net: Amounts) -> None:
        """Debts that closes ended, and collateral of others than borrowers that they took."""
        for number, close in closes:
            self._events += 1
            owner = self.parties.of[close.owner]
            net[owner, CLAIM] += close.event.extinguished
            net[RESERVE, CLAIM] -= close.event.extinguished
            if owner != BORROWERS:
                for leg, seized in zip(self.world.markets[number].legs, close.seized, strict=True):
                    net[owner, COLLATERAL + leg.number] -= seized
                    net[BORROWERS, COLLATERAL + leg.number] += seized

    # ------------------------------------------------------------------------------------------- booking

    def _book_closes(
        self, closes: Sequence[tuple[int, Closed]], losses: Sequence[Event], net: Amounts
    ) -> None:
        """Collateral against the debt that was paid, the fee, and the debt that nobody paid."""
        found: dict[tuple[str, int], list[int]] = {}  # repaid, not paid, seized of each leg
        fees: dict[int, int] = defaultdict(int)
        for number, close in closes:
            done = close.event
            sums = found.setdefault((self.parties.of[close.owner], number), [0] * (2 + len(close.seized)))
            sums[0] += done.repaid
            if not close.is_restorable:
                sums[1] += done.extinguished - done.repaid
            for place, seized in enumerate(close.seized, 2):
                sums[place] += seized
            fees[number] += done.fee
        for (owner, number), sums in found.items():
            paid = sums[0]
            for leg, amount in zip(self.world.markets[number].legs, sums[2:], strict=True):
                self._book(net, owner, self.parties.trader, BONUS, leg, -paid, amount)
                paid = 0  # stands beside the first leg
        for number, fee in fees.items():
            self._book(net, self.parties.trader, RESERVE, FEE, number, fee)
        for event in losses:
            number = self._vaults.get(event.values[0], NO_VAULT)
            unpaid = {owner: sums[1] for (owner, vault), sums in found.items() if vault == number}
            payers = dict(zip((RESERVE, BACKSTOP, LENDERS), event.values[1:], strict=True))
            for payer, payee, amount in pairs(payers, unpaid or {RESERVE: sum(event.values[1:])}):
                self._book(net, payer, payee, LOSS, number, amount)

    def _book_rest(self, net: Amounts) -> None:
        """What nothing above explains: one gives another something, or digits that are rounded away."""
        assets = {asset for (_, asset), amount in net.items() if amount and asset != CLAIM}
        for asset in sorted(assets):
            gained = {party: amount for (party, same), amount in net.items() if same == asset and amount}
            small = asset == CASH and max(map(abs, gained.values())) <= UNITS * max(1, self._events)
            purpose = ROUNDING if small else PAYOUT if self._pays_out else TRANSFER
            for payer, payee, amount in pairs(negative(gained), positive(gained)):
                self._book(net, payer, payee, purpose, *self._asset(asset, amount))

    def _asset(self, asset: int, amount: int) -> tuple[Leg | Between | int, int, int]:
        """An amount as `_book` takes it."""
        if asset == CASH:
            return NO_VAULT, amount, 0
        return self._priced[asset - COLLATERAL], 0, amount

    def _book(
        self, net: Amounts, payer: str, payee: str, purpose: str, where: Leg | Between | int, loan: int,
        collateral: int = 0,
    ) -> None:  # fmt: skip
        """A flow, which explains a part of `net`; where: whose token it is, or the number of a vault.

        Of a token between a collateral and the loan asset rows have the value alone.
        """
        if payer == payee or not (loan or collateral):
            return
        net[payer, CASH] += loan
        net[payee, CASH] -= loan
        if isinstance(where, int):
            self._add((payer, payee, purpose, where, None), loan, 0, loan)
            return
        asset = COLLATERAL + where.number
        net[payer, asset] += collateral
        net[payee, asset] -= collateral
        value = loan + collateral * _price(self._view, where) // PRICE_SCALE
        shown = 0 if isinstance(where, Between) else collateral
        self._add((payer, payee, purpose, *self._places[where.number]), loan, shown, value)

    def _add(self, key: _Key, loan: int, collateral: int, value: int) -> None:
        sums = self._open.setdefault(key, [0, 0, 0])
        sums[0] += loan
        sums[1] += collateral
        sums[2] += value

    def charge(self, row: FeeRow) -> None:
        """Books what an agent paid for a block, with ether that it brings from elsewhere."""
        party = of_agent(row.agent)
        for purpose, amount in zip(COSTS, (row.gas_paid, row.bids_paid), strict=True):
            self._add((OUTSIDE, party, OUTSIDE, NO_VAULT, None), amount, 0, amount)
            self._add((party, VALIDATORS, purpose, NO_VAULT, None), amount, 0, amount)

    # ------------------------------------------------------------------------------------ claims and rows

    def settle(self) -> None:
        """Books the interest until now, and by what claims on the pool differ from what events say."""
        accrued = self._books.accrued(self.world).of_parties()
        interest = difference(accrued, self.claims)
        for party, amount in interest.items():
            self.ledger[party, CLAIM] += amount
        for payer, payee, amount in pairs(negative(interest), positive(interest)):
            for number, part in enumerate(split(amount, self._books.drawn)):
                self._add((payer, payee, INTEREST, number, None), part, 0, part)
        self.claims = accrued
        if self._events or self._pool.totals is not self._books.totals:
            self._settle_rest()

    def _settle_rest(self) -> None:
        self._books = self._claims_now()
        self.claims = self._books.accrued(self.world).of_parties()
        known = {party: self.first.get(party, 0) + self.ledger[party, CLAIM] for party in self.claims}
        rest = difference(self.claims, known)
        for party, amount in rest.items():
            self.ledger[party, CLAIM] += amount
        small = max(map(abs, rest.values()), default=0) <= UNITS * max(1, self._events)
        for payer, payee, amount in pairs(negative(rest), positive(rest)):
            self._add((payer, payee, ROUNDING if small else REPRICING, NO_VAULT, None), amount, 0, amount)
        self._events = 0

    def end_of_block(self) -> None:
        """Settles claims if the pool's books have changed."""
        if self._events or self._pool.totals is not self._books.totals:
            self.settle()

    def rows(self, block: int, hour: float) -> Iterator[FlowRow]:
        """The flows since the last rows, one for each payer, payee, purpose, vault and leg."""
        self.settle()
        for (payer, payee, purpose, vault, leg), (loan, collateral, value) in self._open.items():
            if not (loan or collateral or value):
                continue
            sums = self.brought if purpose == OUTSIDE else self.gained
            sums[payer] -= value
            sums[payee] += value
            amount = None if leg is None else collateral
            yield FlowRow(block, hour, payer, payee, purpose, vault, leg, loan, amount, value)
        self._open.clear()

    def balances(self) -> list[dict[str, int]]:
        """What every address holds of each token now, base units."""
        return [dict(token.model.balances) for token in self.tokens]

    def _claims_now(self) -> Claims:
        return Claims.now(self.world, self._savers, self.debtors)


def _price(view: View, priced: Leg | Between) -> int:
    """What a token costs outside, 1e36."""
    return priced.price if isinstance(priced, Between) else view.outside_price(priced.number)
