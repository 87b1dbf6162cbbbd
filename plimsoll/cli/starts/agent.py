"""NAME: an agent of one's own in a scenario that ships with Plimsoll; `python THIS_FILE` plays it."""

from collections.abc import Iterator
from typing import Any

from plimsoll.chain import artifacts
from plimsoll.chain.revm import Revm
from plimsoll.market.deployment import made_up
from plimsoll.report.measures import measure
from plimsoll.scenario.files import file_of
from plimsoll.scenario.reading import load
from plimsoll.scenario.run import Laboratory, clock_of
from plimsoll.scenario.world import CONTRACTS
from plimsoll.units import MAX


class Agent:
    """Borrows all it can while the oracle is 10 % above the outside price."""

    name = "NAME"

    def __init__(self) -> None:
        """Has not borrowed yet."""
        self.address = made_up(self.name)
        self.is_done = False

    def update(self, rng: Any, view: Any) -> Iterator[Any]:
        """What it sends in a block."""
        market, price = view.world.markets[0], view.price(0)
        if self.is_done or price is None or price < view.outside_price(0) * 1.1:
            return
        self.is_done = True
        bought = 1_000 * 10**market.config.collateral.decimals
        yield view.world.mint(market.collateral, self.address, bought)
        yield view.world.act(self.address, market.collateral, "approve", market.vault.contract.address, MAX)
        yield view.world.act(self.address, market.vault, "deposit", bought, self.address)
        yield view.world.act(self.address, market.vault, "borrow", MAX, self.address, self.address)

    def record(self, view: Any) -> dict[str, float]:
        """What is kept of it, in base units."""
        return {"borrowed": view.world.loan.model.balance_of(self.address)}


if __name__ == "__main__":
    scenario = load(file_of("oracle-freeze"))
    found = artifacts.load(CONTRACTS, scenario.has_exchange)
    laboratory = Laboratory(scenario, Revm(clock_of(scenario)), found)
    for agents in ([], [Agent()]):
        lost = measure(laboratory.play(agents=agents))["bad_debt"]
        print(f"with {len(agents)} of one's own: bad debt {lost:,.0f} {scenario.pool.loan.symbol}")
