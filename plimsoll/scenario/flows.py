"""Who paid whom, and what for: double entry over the chain's own events, held against every balance.

An account is a party's: borrowers together, lenders together, the backstop with its stakers, the reserve,
each DEX, each agent by its name, validators, and the outside, from which tokens come and to which they go.
The pool's cash is the reserve's, which owes lenders what they have supplied and is owed what was borrowed;
the collateral in a vault is its borrowers'. So a loan, a repayment or a supply is no flow: it is worth what is
given for it. What is left is what somebody gains and somebody else loses.

Amounts are base units. A flow's value is that at the outside prices of its block, before the block's trades.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from plimsoll.market.deployment import DEPLOYER
from plimsoll.scenario.agents.view import View
from plimsoll.scenario.books import Closed
from plimsoll.scenario.claims import BACKSTOP, BORROWERS, LENDERS, RESERVE, Claims
from plimsoll.scenario.records import FlowRow, ProfitRow
from plimsoll.scenario.world import Action, Difference, Leg, Outcome, World
from plimsoll.twin.chain import Event
from plimsoll.twin.share_math import to_assets_down
from plimsoll.units import NOBODY, PRICE_SCALE

OUTSIDE, VALIDATORS, AGENTS = "outside", "validators", "agents"
BONUS, FEE, LOSS, TRADE, INTEREST, FORGED = "bonus", "fee", "loss", "trade", "interest", "forged"
TRANSFER, REPRICING, ROUNDING = "transfer", "repricing", "rounding"
COSTS = ("gas", "bid")  # what burns are called that validators receive
NO_VAULT = -1
UNITS = 3  # of the loan asset that an event of pool or vault rounds at most

KINDS = {
    BORROWERS: BORROWERS, LENDERS: LENDERS, BACKSTOP: BACKSTOP, RESERVE: RESERVE, "dex": "dex",
    "liquidator": "liquidators", "arbitrageur": "arbitrageurs", "griefer": "adversaries",
    "forger": "adversaries", VALIDATORS: VALIDATORS, OUTSIDE: OUTSIDE,
}  # fmt: skip
"""Kinds of people by the first word of a party's name; all others are `AGENTS`."""

_PARTIES = {"borrowers": BORROWERS, "lenders": LENDERS, "stakers": BACKSTOP}  # by an agent's first word
_CASH, _CLAIM, _COLLATERAL = 0, 1, 2  # assets: loan tokens, claims on the pool less debt, collaterals

_Key = tuple[str, str, str, int, int | None]  # payer, payee, purpose, vault, leg
_Amounts = dict[tuple[str, int], int]  # by party and asset


def kind_of(party: str) -> str:
    """What kind of person a party is."""
    return KINDS.get(party.split(" ")[0], AGENTS)


class Flows:
    """The accounts of a run."""

    def __init__(self, world: World) -> None:
        """Accounts of a run that has not begun."""
        self._world = world
        self._pool = world.pool.model
        self._tokens = [world.loan, *(leg.collateral for leg in world.legs)]
        self._assets = {world.loan.contract.address: _CASH}
        self._assets |= {leg.collateral.contract.address: _COLLATERAL + leg.number for leg in world.legs}
        self._vaults = {market.vault.contract.address: n for n, market in enumerate(world.markets)}
        self._places = [(n, place) for n, market in enumerate(world.markets) for place in range(len(market.legs))]
        self._parties = {world.pool.contract.address: RESERVE, world.backstop.contract.address: BACKSTOP}
        self._parties |= dict.fromkeys(self._vaults, BORROWERS)
        self._parties |= {leg.pair: f"dex {leg.number}" for leg in world.legs if leg.pair}
        self._through = {side.contract.address for side in (world.liquidator, world.leverage) if side}
        self._trader = OUTSIDE  # for whom a transaction is sent
        self._savers: dict[str, str] = {}
        self._debtors: dict[tuple[int, str], str] = {}
        self._ledger: _Amounts = defaultdict(int)  # what has changed since the start
        self._open: dict[_Key, list[int]] = {}  # loan, collateral and value since the last rows
        self._gained: dict[str, int] = defaultdict(int)
        self._brought: dict[str, int] = defaultdict(int)  # from the outside
        self._events = 0  # of pool and vaults, since claims were settled

    def introduce(self, actions: Iterable[Action]) -> None:
        """Whose the addresses are that agents' first transactions name."""
        for action in actions:
            self._trader = self._sender(action)
            named = (action.sender, *action.arguments[:1]) if action.function == "mint" else (action.sender,)
            for address in named:
                if address != DEPLOYER:
                    self._party(address)

    def begin(self, view: View) -> None:
        """All have what they have now."""
        for market in self._world.markets:
            self._parties |= dict.fromkeys(market.owners, BORROWERS)
        self._parties |= {owner: BACKSTOP for _, owner in self._world.backstop.model.balances}
        for owner in self._pool.balances:
            self._parties.setdefault(owner, LENDERS)
        self._balances = [dict(token.model.balances) for token in self._tokens]
        self._claims = self._claims_now()
        self._first = self._settled = self._claims.of_parties()
        self.prices(view)
        self._first_prices = self._prices

    def prices(self, view: View) -> None:
        """The outside prices of a block are known."""
        self._prices = tuple(view.outside_price(leg.number) for leg in self._world.legs)

    # -------------------------------------------------------------------------------------- transactions

    def transaction(self, outcome: Outcome, closes: Sequence[tuple[int, Closed]]) -> None:
        """Books what a transaction did; its closes with the numbers of their vaults."""
        if not outcome.events:
            return
        self._trader = self._sender(outcome.action)
        nobody = VALIDATORS if outcome.action.label in COSTS else OUTSIDE
        net: _Amounts = defaultdict(int)
        made: _Amounts = defaultdict(int)  # of nothing
        losses = []
        for event in outcome.events:
            asset = self._assets.get(event.contract)
            if asset is not None:
                if event.name == "Transfer":
                    payer, payee, amount = event.values
                    one = nobody if payer == NOBODY else self._party(payer)
                    other = nobody if payee == NOBODY else self._party(payee)
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
            self._ledger[account] += amount
        for (party, asset), amount in list(net.items()):
            if asset == _CLAIM:
                net[party, _CASH] += amount
        self._book_closes(closes, losses, net)
        for leg in self._world.legs:
            if leg.pair:
                dex = f"dex {leg.number}"
                amounts = net.get((dex, _CASH), 0), net.get((dex, _COLLATERAL + leg.number), 0)
                self._book(net, self._trader, dex, TRADE, leg, *amounts)
        purpose = outcome.action.label if outcome.action.label in (*COSTS, FORGED) else OUTSIDE
        for (party, asset), amount in made.items():
            leg, loan, collateral = self._asset(asset, amount)
            if nobody == VALIDATORS:
                self._book(net, party, nobody, purpose, leg, -loan, -collateral)
            else:
                self._book(net, nobody, party, purpose, leg, loan, collateral)
        self._book_rest(net)

    def _sender(self, action: Action) -> str:
        """For whom a transaction is sent."""
        known = self._parties.get(action.sender)
        if known or not action.agent:
            return known or OUTSIDE
        return _PARTIES.get(action.agent.split(" ")[0], action.agent)

    def party_of(self, owner: str) -> str:
        """Whose the address of a position is."""
        return self._parties[owner]

    def _party(self, address: str) -> str:
        """Whose an address is; a new one belongs to whoever sends the transaction that names it."""
        found = self._parties.get(address)
        if found is None:
            if address in self._through:
                return self._trader
            found = self._parties[address] = self._trader
        return found

    def _note_position(self, event: Event, net: _Amounts) -> None:
        """Debts that change outside of closes, and collateral of others than borrowers."""
        if event.name in ("Borrow", "Repay"):
            self._events += 1
            amount = event.values[-2] if event.name == "Repay" else -event.values[-2]
            net[self._debtor(event), _CLAIM] += amount
            net[RESERVE, _CLAIM] -= amount
        elif event.name in ("Deposit", "Withdraw"):
            owner = self._debtor(event)
            if owner == BORROWERS:
                return
            market = self._world.markets[self._vaults[event.contract]]
            leg = market.legs[event.values[-2] if market.is_basket else 0]
            amount = event.values[-1] if event.name == "Deposit" else -event.values[-1]
            net[owner, _COLLATERAL + leg.number] += amount
            net[BORROWERS, _COLLATERAL + leg.number] -= amount

    def _debtor(self, event: Event) -> str:
        party = self._party(event.values[0])
        if party != BORROWERS:
            self._debtors[self._vaults[event.contract], event.values[0]] = party
        return party

    def _note_supply(self, event: Event, net: _Amounts) -> None:
        """Claims on the pool that change: supplied, withdrawn, sent or lost."""
        name, values = event.name, event.values
        payer, amount = RESERVE, 0
        if name == "Deposit":
            payee, amount = self._saver(values[1]), values[2]
        elif name == "Withdraw":
            payee, amount = self._saver(values[2]), -values[3]
        elif name == "Transfer" and NOBODY not in values[:2]:
            totals = self._pool.accrued()
            payer, payee = self._saver(values[0]), self._saver(values[1])
            amount = to_assets_down(values[2], totals.total_assets, totals.total_supply)
        elif name == "Loss":
            payee = LENDERS
            net[BACKSTOP, _CLAIM] -= values[2]
            net[LENDERS, _CLAIM] -= values[3]
            net[RESERVE, _CLAIM] += values[2] + values[3]
        else:
            return
        self._events += 1
        net[payee, _CLAIM] += amount
        net[payer, _CLAIM] -= amount

    def _saver(self, owner: str) -> str:
        party = self._party(owner)
        if party != LENDERS and owner != self._pool.backstop:
            self._savers[owner] = party
        return party

    def _note_closes(self, closes: Sequence[tuple[int, Closed]], net: _Amounts) -> None:
        """Debts that closes ended, and collateral of others than borrowers that they took."""
        for number, close in closes:
            self._events += 1
            owner = self._parties[close.owner]
            net[owner, _CLAIM] += close.event.extinguished
            net[RESERVE, _CLAIM] -= close.event.extinguished
            if owner != BORROWERS:
                for leg, seized in zip(self._world.markets[number].legs, close.seized, strict=True):
                    net[owner, _COLLATERAL + leg.number] -= seized
                    net[BORROWERS, _COLLATERAL + leg.number] += seized

    # ------------------------------------------------------------------------------------------- booking

    def _book_closes(
        self, closes: Sequence[tuple[int, Closed]], losses: Sequence[Event], net: _Amounts
    ) -> None:
        """Collateral against the debt that was paid, the fee, and the debt that nobody paid."""
        found: dict[tuple[str, int], list[int]] = {}  # repaid, not paid, seized of each leg
        fees: dict[int, int] = defaultdict(int)
        for number, close in closes:
            done = close.event
            sums = found.setdefault((self._parties[close.owner], number), [0] * (2 + len(close.seized)))
            sums[0] += done.repaid
            if not close.is_restorable:
                sums[1] += done.extinguished - done.repaid
            for place, seized in enumerate(close.seized, 2):
                sums[place] += seized
            fees[number] += done.fee
        for (owner, number), (repaid, _, *seized) in found.items():
            for leg, amount in zip(self._world.markets[number].legs, seized, strict=True):
                paid, repaid = repaid, 0  # stands beside the first leg
                self._book(net, owner, self._trader, BONUS, leg, -paid, amount)
        for number, fee in fees.items():
            self._book(net, self._trader, RESERVE, FEE, number, fee)
        for event in losses:
            number = self._vaults.get(event.values[0], NO_VAULT)
            unpaid = {owner: sums[1] for (owner, vault), sums in found.items() if vault == number}
            payers = dict(zip((RESERVE, BACKSTOP, LENDERS), event.values[1:], strict=True))
            for payer, payee, amount in _pairs(payers, unpaid or {RESERVE: sum(event.values[1:])}):
                self._book(net, payer, payee, LOSS, number, amount)

    def _book_rest(self, net: _Amounts) -> None:
        """What nothing above explains: one gives another something, or digits that are rounded away."""
        assets = {asset for (_, asset), amount in net.items() if amount and asset != _CLAIM}
        for asset in sorted(assets):
            gained = {party: amount for (party, same), amount in net.items() if same == asset and amount}
            small = asset == _CASH and max(map(abs, gained.values())) <= UNITS * max(1, self._events)
            purpose = ROUNDING if small else TRANSFER
            for payer, payee, amount in _pairs(_negative(gained), _positive(gained)):
                self._book(net, payer, payee, purpose, *self._asset(asset, amount))

    def _asset(self, asset: int, amount: int) -> tuple[Leg | int, int, int]:
        """An amount as `_book` takes it."""
        if asset == _CASH:
            return NO_VAULT, amount, 0
        return self._world.legs[asset - _COLLATERAL], 0, amount

    def _book(
        self, net: _Amounts, payer: str, payee: str, purpose: str, where: Leg | int, loan: int, collateral: int = 0
    ) -> None:
        """A flow, which explains a part of `net`; where: the collateral, or the number of a vault."""
        if payer == payee or not (loan or collateral):
            return
        net[payer, _CASH] += loan
        net[payee, _CASH] -= loan
        if isinstance(where, int):
            self._add((payer, payee, purpose, where, None), loan, 0, loan)
            return
        asset = _COLLATERAL + where.number
        net[payer, asset] += collateral
        net[payee, asset] -= collateral
        value = loan + collateral * self._prices[where.number] // PRICE_SCALE
        self._add((payer, payee, purpose, *self._places[where.number]), loan, collateral, value)

    def _add(self, key: _Key, loan: int, collateral: int, value: int) -> None:
        sums = self._open.setdefault(key, [0, 0, 0])
        sums[0] += loan
        sums[1] += collateral
        sums[2] += value

    # ------------------------------------------------------------------------------------ claims and rows

    def settle(self) -> None:
        """Books the interest until now, and by what claims on the pool differ from what events say."""
        before = self._claims.accrued(self._world).of_parties()
        self._claims = self._claims_now()
        after = self._claims.accrued(self._world).of_parties()
        interest = _difference(before, self._settled)
        for party, amount in interest.items():
            self._ledger[party, _CLAIM] += amount
        for payer, payee, amount in _pairs(_negative(interest), _positive(interest)):
            for number, part in enumerate(_split(amount, self._claims.drawn)):
                self._add((payer, payee, INTEREST, number, None), part, 0, part)
        known = {party: self._first.get(party, 0) + self._ledger[party, _CLAIM] for party in after}
        rest = _difference(after, known)
        for party, amount in rest.items():
            self._ledger[party, _CLAIM] += amount
        small = max(map(abs, rest.values()), default=0) <= UNITS * max(1, self._events)
        for payer, payee, amount in _pairs(_negative(rest), _positive(rest)):
            self._add((payer, payee, ROUNDING if small else REPRICING, NO_VAULT, None), amount, 0, amount)
        self._settled, self._events = after, 0

    def end_of_block(self) -> None:
        """Settles claims if the pool's books have changed."""
        if self._events or self._pool.totals is not self._claims.totals:
            self.settle()

    def rows(self, block: int, hour: float) -> Iterator[FlowRow]:
        """The flows since the last rows, one for each payer, payee, purpose, vault and leg."""
        self.settle()
        for (payer, payee, purpose, vault, leg), (loan, collateral, value) in self._open.items():
            if not (loan or collateral or value):
                continue
            sums = self._brought if purpose == OUTSIDE else self._gained
            sums[payer] -= value
            sums[payee] += value
            amount = None if leg is None else collateral
            yield FlowRow(block, hour, payer, payee, purpose, vault, leg, loan, amount, value)
        self._open.clear()

    def _claims_now(self) -> Claims:
        return Claims.now(self._world, self._savers, self._debtors)

    # --------------------------------------------------------------------------------------------- the end

    def check(self) -> None:
        """Holds the accounts against the balances of all tokens, and their sums against supplies.

        Raises:
            Difference: some unit of some token is not accounted for.
        """
        ends = self._holdings([dict(token.model.balances) for token in self._tokens], self._locked())
        starts = self._holdings(self._balances, {})
        for asset, token in enumerate(self._tokens):
            index = asset if asset == _CASH else asset + 1
            made = 0
            for party in {party for party, same in {**ends, **starts, **self._ledger} if same == index}:
                booked = self._ledger.get((party, index), 0)
                if party in (OUTSIDE, VALIDATORS):
                    made -= booked
                    continue
                held = ends.get((party, index), 0) - starts.get((party, index), 0)
                if held != booked:
                    raise Difference(f"{party} has {held} more of {token.contract.address}, booked are {booked}")
            supply = token.model.total_supply - sum(self._balances[asset].values())
            if supply != made:
                raise Difference(f"{supply} of {token.contract.address} were made, booked are {made}")

    def profits(self, view: View, uncovered: Mapping[str, int]) -> Iterator[ProfitRow]:
        """What each party has gained, after `check`.

        Args:
            view: of the last block.
            uncovered: debt at the end beyond the value of its collateral, base units, by debtor.
        """
        prices = tuple(view.outside_price(leg.number) for leg in self._world.legs)
        starts = self._worth(self._holdings(self._balances, {}), self._first, self._first_prices)
        balances = [dict(token.model.balances) for token in self._tokens]
        ends = self._worth(self._holdings(balances, self._locked()), self._settled, prices)
        unpaid: dict[str, int] = defaultdict(int)
        for payer, payee, amount in _pairs(self._bearers(ends, sum(uncovered.values())), uncovered):
            unpaid[payer] -= amount
            unpaid[payee] += amount
        for party in dict.fromkeys((*starts, *ends, *self._gained)):
            start, end = starts.get(party, 0), ends.get(party, 0)
            brought, gained = self._brought[party], self._gained[party]
            moves = 0 if party in (OUTSIDE, VALIDATORS) else end - start - brought - gained
            if start or end or brought or gained or party in self._gained:
                yield ProfitRow(
                    party, kind_of(party), start, end, brought, gained, moves, unpaid[party],
                    gained + moves + unpaid[party],
                )  # fmt: skip

    def _bearers(self, worth: Mapping[str, int], amount: int) -> dict[str, int]:
        """Who would carry a loss: the reserve, then the backstop, then lenders."""
        found = {}
        for party in (RESERVE, BACKSTOP):
            found[party] = min(amount, max(0, worth.get(party, 0)))
            amount -= found[party]
        return found | {LENDERS: amount}

    def _holdings(self, balances: Sequence[Mapping[str, int]], locked: Mapping[tuple[str, int], int]) -> _Amounts:
        """What each party holds of each token; collateral that others than borrowers have locked is theirs."""
        found: _Amounts = defaultdict(int)
        for asset, held in enumerate(balances):
            index = asset if asset == _CASH else asset + 1
            for address, amount in held.items():
                party = self._parties.get(address)
                if party and amount:
                    found[party, index] += amount
        for (party, index), amount in locked.items():
            found[party, index] += amount
            found[BORROWERS, index] -= amount
        return found

    def _locked(self) -> _Amounts:
        """Collateral of others than borrowers, in positions."""
        found: _Amounts = defaultdict(int)
        for (number, owner), party in self._debtors.items():
            market = self._world.markets[number]
            held, _ = market.vault.model.position_of(owner)
            for leg, amount in zip(market.legs, held if market.is_basket else (held,), strict=True):
                found[party, _COLLATERAL + leg.number] += amount
        return found

    @staticmethod
    def _worth(holdings: _Amounts, claims: Mapping[str, int], prices: Sequence[int]) -> dict[str, int]:
        """What each party has, base units of the loan asset."""
        found: dict[str, int] = defaultdict(int, claims)
        for (party, index), amount in holdings.items():
            if index == _CASH:
                found[party] += amount
            else:
                found[party] += amount * prices[index - _COLLATERAL] // PRICE_SCALE
        return found


def _pairs(payers: Mapping[str, int], payees: Mapping[str, int]) -> Iterator[tuple[str, str, int]]:
    """Payments from those who owe to those who are owed, in order, until one side has nothing left."""
    owing, owed = list(payers.items()), list(payees.items())
    while owing and owed:
        (payer, one), (payee, other) = owing[0], owed[0]
        amount = min(one, other)
        if amount:
            yield payer, payee, amount
        owing[0], owed[0] = (payer, one - amount), (payee, other - amount)
        if one == amount:
            owing.pop(0)
        if other == amount:
            owed.pop(0)


def _negative(amounts: Mapping[str, int]) -> dict[str, int]:
    return {party: -amount for party, amount in amounts.items() if amount < 0}


def _positive(amounts: Mapping[str, int]) -> dict[str, int]:
    return {party: amount for party, amount in amounts.items() if amount > 0}


def _difference(after: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    return {party: amount - before.get(party, 0) for party, amount in after.items()}


def _split(amount: int, weights: Sequence[int]) -> list[int]:
    """An amount in parts like the weights, rounded down, and what that leaves to the last that has any."""
    total = sum(weights)
    parts = [amount * weight // total if total else 0 for weight in weights]
    last = max((number for number, weight in enumerate(weights) if weight), default=0)
    parts[last] += amount - sum(parts)
    return parts
