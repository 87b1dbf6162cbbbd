"""What everybody has made of a run, and whether every unit of every token is accounted for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from plimsoll.scenario.agents.view import View
from plimsoll.scenario.claims import BACKSTOP, BORROWERS, LENDERS, RESERVE
from plimsoll.scenario.flows import CASH, COLLATERAL, Amounts, Flows
from plimsoll.scenario.parties import OUTSIDE, VALIDATORS, kind_of
from plimsoll.scenario.payments import pairs
from plimsoll.scenario.records import FlowRow, ProfitRow
from plimsoll.scenario.world import Difference
from plimsoll.units import PRICE_SCALE

Balances = Sequence[Mapping[str, int]]  # of each token, by address


def check(flows: Flows) -> None:
    """Holds the accounts at a run's end against the balances of all tokens, and against what was made.

    Raises:
        Difference: some unit of some token is not accounted for.
    """
    ends, starts = _holdings(flows, flows.balances(), _locked(flows)), _holdings(flows, flows.opening, {})
    for number, token in enumerate(flows.tokens):
        asset = number + COLLATERAL - 1 if number else CASH
        made = 0
        for party in {party for party, same in {**ends, **starts, **flows.ledger} if same == asset}:
            booked = flows.ledger.get((party, asset), 0)
            if party in (OUTSIDE, VALIDATORS):
                made -= booked
                continue
            change = ends.get((party, asset), 0) - starts.get((party, asset), 0)
            if change != booked:
                raise Difference(f"{party}: {change} more of {token.contract.address}, booked {booked}")
        supply = token.model.total_supply - sum(flows.opening[number].values())
        if supply != made:
            raise Difference(f"supply of {token.contract.address}: {supply} more, booked {made}")


def profits(flows: Flows, view: View, uncovered: Mapping[str, int]) -> Iterator[ProfitRow]:
    """What each party has made of the run; the flows are complete.

    Args:
        flows: of the run.
        view: of its last block.
        uncovered: debt at the end beyond the worth of its collateral, base units, by debtor.
    """
    prices = flows.prices_in(view)
    starts = _worth(_holdings(flows, flows.opening, {}), flows.first, flows.first_prices)
    ends = _worth(_holdings(flows, flows.balances(), _locked(flows)), flows.claims, prices)
    unpaid: dict[str, int] = defaultdict(int)
    for payer, payee, amount in pairs(_bearers(ends, sum(uncovered.values())), uncovered):
        unpaid[payer] -= amount
        unpaid[payee] += amount
    for party in dict.fromkeys((*starts, *ends, *flows.gained)):
        start, end = starts.get(party, 0), ends.get(party, 0)
        brought, gained, rest = flows.brought[party], flows.gained[party], unpaid[party]
        moves = 0 if party in (OUTSIDE, VALIDATORS) else end - start - brought - gained
        if any((start, end, brought, gained, rest)):
            profit = gained + moves + rest
            yield ProfitRow(party, kind_of(party), start, end, brought, gained, moves, rest, profit)


def gains(rows: Iterable[FlowRow]) -> list[ProfitRow]:
    """What each party has gained from others by some flows, and nothing else of its profit."""
    found: dict[str, int] = defaultdict(int)
    for row in rows:
        if row.purpose != OUTSIDE:
            found[row.payer] -= row.value
            found[row.payee] += row.value
    return [ProfitRow(party, kind_of(party), 0, 0, 0, gain, 0, 0, gain) for party, gain in found.items()]


def _bearers(worth: Mapping[str, int], amount: int) -> dict[str, int]:
    """Who would carry a loss, and how much at most: the reserve, then the backstop, then lenders."""
    return {party: max(0, worth.get(party, 0)) for party in (RESERVE, BACKSTOP)} | {LENDERS: amount}


def _holdings(flows: Flows, balances: Balances, locked: Amounts) -> Amounts:
    """What each party holds of each token; what others than borrowers have `locked` in vaults is theirs."""
    found: Amounts = defaultdict(int)
    for number, held in enumerate(balances):
        asset = number + COLLATERAL - 1 if number else CASH
        for address, amount in held.items():
            party = flows.parties.of.get(address)
            if party and amount:
                found[party, asset] += amount
    for (party, asset), amount in locked.items():
        found[party, asset] += amount
        found[BORROWERS, asset] -= amount
    return found


def _locked(flows: Flows) -> Amounts:
    """Collateral in positions of others than borrowers."""
    found: Amounts = defaultdict(int)
    for (number, owner), party in flows.debtors.items():
        market = flows.world.markets[number]
        held, _ = market.vault.model.position_of(owner)
        for leg, amount in zip(market.legs, held if market.is_basket else (held,), strict=True):
            found[party, COLLATERAL + leg.number] += amount
    return found


def _worth(holdings: Amounts, claims: Mapping[str, int], prices: Sequence[int]) -> dict[str, int]:
    """What each party has, base units of the loan asset."""
    found: dict[str, int] = defaultdict(int, claims)
    for (party, asset), amount in holdings.items():
        if asset == CASH:
            found[party] += amount
        else:
            found[party] += amount * prices[asset - COLLATERAL] // PRICE_SCALE
    return found
