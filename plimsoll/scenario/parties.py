"""Whose an address is, and what kind of person that is.

A party is borrowers together, lenders together, the backstop with its stakers, the reserve, a DEX, an agent
by its name, validators, or the outside, from which tokens come and to which they go.
"""

from __future__ import annotations

from collections.abc import Iterable

from plimsoll.market.deployment import DEPLOYER
from plimsoll.scenario.agents.providers import provider_of
from plimsoll.scenario.claims import BACKSTOP, BORROWERS, LENDERS, RESERVE
from plimsoll.scenario.transactions import Action
from plimsoll.scenario.world import World

OUTSIDE, VALIDATORS, ADVERSARIES, AGENTS = "outside", "validators", "adversaries", "agents"

# by the first word of a party's name; all others are AGENTS
_KINDS = {
    BORROWERS: BORROWERS, LENDERS: LENDERS, "visitor": LENDERS, BACKSTOP: BACKSTOP, RESERVE: RESERVE,
    "liquidator": "liquidators", "dex": "dex", "arbitrageur": "arbitrageurs",
    "griefer": ADVERSARIES, "forger": ADVERSARIES, "exploiter": ADVERSARIES, "pumper": ADVERSARIES,
    VALIDATORS: VALIDATORS, OUTSIDE: OUTSIDE,
}  # fmt: skip
KINDS = (*dict.fromkeys(_KINDS.values()), AGENTS)
"""Kinds of people."""

# of agents, by the first word of their names; of others it is their name
_PARTIES = {"borrowers": BORROWERS, "arrivals": BORROWERS, "lenders": LENDERS, "stakers": BACKSTOP}


def kind_of(party: str) -> str:
    """What kind of person a party is."""
    return _KINDS.get(party.split(" ")[0], AGENTS)


def of_agent(name: str) -> str:
    """The party of an agent by its name."""
    kind, _, number = name.partition(" ")
    return f"dex {number}" if kind == "provider" else _PARTIES.get(kind, name)


class Parties:
    """The parties of a run.

    Attributes:
        of: the party of each address that is known.
        trader: for whom a transaction is sent.
    """

    def __init__(self, world: World) -> None:
        """Contracts and pairs are known."""
        self.of = {world.pool.contract.address: RESERVE, world.backstop.contract.address: BACKSTOP}
        self.of |= {market.vault.contract.address: BORROWERS for market in world.markets}
        for leg in world.legs:  # who provides its liquidity is the DEX
            pairs = (leg.pair, *(leg.between.pairs if leg.between else ()), provider_of(leg))
            self.of |= {address: f"dex {leg.number}" for address in pairs if address}
        self._through = {side.contract.address for side in (world.liquidator, world.leverage) if side}
        self.trader = OUTSIDE

    def begin(self, world: World) -> None:
        """So are all who have something before the first block."""
        for market in world.markets:
            self.of |= dict.fromkeys(market.owners, BORROWERS)
        self.of |= {owner: BACKSTOP for _, owner in world.backstop.model.balances}
        for owner in world.pool.model.balances:
            self.of.setdefault(owner, LENDERS)

    def introduce(self, actions: Iterable[Action]) -> None:
        """Whose the addresses are that agents' first transactions name."""
        for action in actions:
            self.send(action)
            named = (action.sender, *action.arguments[:1]) if action.function == "mint" else (action.sender,)
            for address in named:
                if address != DEPLOYER:
                    self.party(address)

    def send(self, action: Action) -> None:
        """A transaction is sent."""
        self.trader = self.of.get(action.sender) or (of_agent(action.agent) if action.agent else OUTSIDE)

    def party(self, address: str) -> str:
        """Whose an address is; a new one belongs to whoever sends the transaction that names it."""
        found = self.of.get(address)
        if found is None:
            if address in self._through:
                return self.trader
            found = self.of[address] = self.trader
        return found
