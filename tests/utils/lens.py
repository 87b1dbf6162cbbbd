"""A Lens over a world, and a world worth looking at."""

from dataclasses import dataclass

from plimsoll.chain.artifacts import artifact
from plimsoll.chain.engine import Contract, Engine, deploy
from plimsoll.chain.lens import Lens
from tests.stateful.rules import begin
from tests.stateful.world import BORROWER, DEPLOYER, OTHER_BORROWER, Lockstep

FAIR = 2_000 * 10**24  # the price of a collateral of 18 decimals in a loan asset of 6


@dataclass
class LensMarket:
    """`lens` looks at `world`; `vault` is the address of its first vault."""

    world: Lockstep
    lens: Lens

    @property
    def vault(self) -> str:
        return self.world.chain["first_vault"].address

    @property
    def pool(self) -> str:
        return self.world.chain["pool"].address

    def set_price(self, quote: int) -> None:
        """In whole loan tokens for a whole collateral token."""
        self.world.set_prices("first_oracle", quote * 10**24, quote * 10**24)


def build(engine: Engine) -> LensMarket:
    """BORROWER owes 15,000 on 10 collateral tokens, OTHER_BORROWER 12,000; the price is 2,000."""
    it = Lockstep(engine)
    begin(it)
    for owner, debt in ((BORROWER, 15_000), (OTHER_BORROWER, 12_000)):
        it.act("first_vault", "open", 10 * 10**18, debt * 10**6, owner, owner, sender=owner)
    return LensMarket(it, lens_over(it))


def lens_over(it: Lockstep) -> Lens:
    """Deploys one over the world's Factory."""
    return Lens(deploy_lens(it.engine, it.factory.address))


def deploy_lens(engine: Engine, factory: str) -> Contract:
    """Deploys one over any address."""
    return deploy(engine, artifact("Lens"), factory, sender=DEPLOYER)
