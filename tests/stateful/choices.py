"""What every rule chooses from: amounts, people, oracles."""

from random import Random

from plimsoll.units import MAX, NOBODY
from tests.stateful.world import BORROWERS, LEGS, OPERATOR, SPOKES, STAKERS, STRANGER, VAULTS, Lockstep


class Choices:
    """Chooses from a source of randomness. Amounts hug the edges where rounding and checks live."""

    def __init__(self, world: Lockstep, random: Random) -> None:
        self.world = world
        self.random = random

    def amount(self, base: int) -> int:
        """An amount around `base`: most of the time a part of it, sometimes an edge or beyond."""
        pick = self.random.random()
        if pick < 0.55:
            return int(base * self.random.random())
        if pick < 0.70:
            return base
        if pick < 0.80:
            return max(0, base + self.random.choice((-2, -1, 1, 2)))
        if pick < 0.88:
            return self.random.choice((0, 1, 2, 3, 1_000))
        if pick < 0.94:
            return MAX
        return base * self.random.randint(2, 20)

    def vault(self) -> str:
        return self.random.choice(VAULTS)

    def spoke(self) -> str:
        """The address of a vault or of the basket."""
        address: str = self.world.chain[self.random.choice(SPOKES)].address
        return address

    def oracle(self) -> str:
        return f"{self.random.choice(LEGS)}_oracle"

    def tokens(self, count: int) -> int:
        return count * 10 ** self.world.decimals[0]

    def lender(self) -> str:
        return self.random.choice(STAKERS)

    def borrower(self) -> str:
        return self.random.choice(BORROWERS)

    def receiver(self, usual: str) -> str:
        pick = self.random.random()
        if pick < 0.9:
            return usual if pick < 0.75 else self.random.choice((OPERATOR, STRANGER))
        addresses = [self.world.chain[name].address for name in ("pool", "first_vault", "basket")]
        return self.random.choice([*addresses, NOBODY])

    def sender(self, usual: str) -> str:
        pick = self.random.random()
        return usual if pick < 0.86 else OPERATOR if pick < 0.96 else STRANGER

    def pairs(self, which: str, depth: int) -> list[str]:
        """Pairs from a collateral to the loan asset that are near the price; the path, which may be wrong.

        `depth` is what the pairs hold, base units of collateral.
        """
        price = self.world.model[f"{which}_oracle"].price_answer
        if isinstance(price, str) or price == 0:
            price = self.world.fair[f"{which}_oracle"]
        names, amounts = [f"{which}_collateral", "loan"], [depth, int(depth * price // 10**36)]
        amounts[1] = amounts[1] * self.random.randint(960, 1_040) // 1_000
        if which == "first" and self.random.random() < 0.3:
            names.insert(1, "middle")
            amounts.insert(1, 10 ** self.random.randrange(6, 30))
        path: list[str] = self.world.venue.fill_path(names, amounts)
        if self.random.random() < 0.03:
            others = (path[::-1], path[:1], [path[0], STRANGER, path[-1]], [*path, path[-1]])
            return self.random.choice(others)
        return path
