"""What the tests of edges share: building contracts on any engine, and calls that must be refused."""

from collections.abc import Callable
from typing import Any

from plimsoll.chain.artifacts import artifact
from plimsoll.chain.engine import CallReverted, Contract, Engine, deploy, deploy_blueprint
from plimsoll.params import PoolParams
from plimsoll.units import DAY, MAX, WAD
from tests.stateful import world
from tests.stateful.rules import begin
from tests.stateful.world import BACKSTOP, DEPLOYER, LENDER, OTHER_LENDER, role

RATES = dict(
    zip(
        ("target_utilisation", "rate_min", "rate_max", "rate_initial", "speed", "steepness", "floor"),
        PoolParams(name="P", symbol="P").rates.to_struct(6),
        strict=True,
    )
)


def make(engine: Engine, name: str, *arguments: Any) -> Contract:
    """Deploys a contract of `world.SOURCES`, or what stands in for it."""
    return deploy(engine, artifact(name), *arguments, sender=DEPLOYER)


def place_code(engine: Engine, code: bytes) -> str:
    """Puts these bytes on the chain as a contract; its address."""
    copier = b"\x61" + len(code).to_bytes(2, "big") + bytes.fromhex("3d81600a3d39f3")  # returns what follows
    return engine.create(copier + code, DEPLOYER)


def refused(reason: str, call: Callable[..., Any], *arguments: Any, **options: Any) -> None:
    """Makes a call that has to revert with this reason (empty: without one).

    Raises:
        AssertionError: when it does not, or with another.
    """
    try:
        call(*arguments, **options)
    except CallReverted as revert:
        assert revert.reason == reason, f"{revert.reason!r} instead of {reason!r}"
    else:
        raise AssertionError(f"accepted instead of {reason!r}: {arguments}")


def accepted(engine: Engine, call: Callable[..., Any], *arguments: Any, **options: Any) -> None:
    """Makes a call that must not revert, and forgets it."""
    before = engine.snapshot()
    call(*arguments, **options)
    engine.revert(before)


def market(engine: Engine, **options: Any) -> world.Lockstep:
    """An open pool with two vaults, a guardian and a lender, as every campaign starts."""
    place = world.Lockstep(engine, **options)
    begin(place)
    return place


def pool_struct(asset: str, **changes: Any) -> tuple[Any, ...]:
    """`IPool.PoolParams` with other fields, those of the curve included."""
    fields = {"name": "Plimsoll", "symbol": "P", "reserve_factor": WAD // 10, "flash_fee": 0}
    junior = {"insurance_target": WAD // 20, "backstop_share": WAD // 2, "cooldown": 14 * DAY}
    junior |= {"minimum_stake": 1_000 * 10**9, "draw_burst": WAD, "draw_refill": DAY}
    assert changes.keys() <= fields.keys() | RATES.keys() | junior.keys()
    parts = [[changes.get(name, value) for name, value in part.items()] for part in (fields, RATES, junior)]
    return (asset, *parts[0], tuple(parts[1]), *parts[2])


UNIT = 10**6  # one whole loan asset of a lab
SUPPLIED = 500_000 * UNIT
LINES = (400_000 * UNIT, 300_000 * UNIT)
COUNCIL, VAULT, OTHER_VAULT = map(role, (20, 21, 22))


class EdgePool:
    """A pool whose council and vaults are accounts, so that a test can speak for them."""

    def __init__(self, engine: Engine, token: str = "PlainToken", **params: int) -> None:
        """Initialized with a backstop; nobody is registered and nothing open."""
        self.engine = engine
        self.loan = make(engine, token, "loan", "L", 6)
        blueprint = deploy_blueprint(engine, artifact("Pool"), DEPLOYER)
        self.factory = make(engine, "OpenFactory")
        struct = pool_struct(self.loan.address, **params)
        self.factory.send("create_pool", blueprint, struct, COUNCIL, BACKSTOP, sender=DEPLOYER)
        address = "0x" + engine.logs()[-1].data[-20:].hex()
        self.pool = Contract(engine, address, artifact("Pool").abi)
        for lender in (LENDER, OTHER_LENDER):
            self.loan.send("mint", lender, 10 * SUPPLIED, sender=DEPLOYER)
            self.loan.send("approve", address, MAX, sender=lender)

    @classmethod
    def busy(cls, engine: Engine, token: str = "PlainToken", **params: int) -> "EdgePool":
        """Open, with two lines and a first deposit."""
        lab = cls(engine, token, **params)
        for vault, limit in zip((VAULT, OTHER_VAULT), LINES, strict=True):
            lab.factory.send("register", vault, lab.pool.address, sender=DEPLOYER)
            lab.pool.send("set_limit", vault, limit, sender=COUNCIL)
        lab.pool.send("open_pool", sender=COUNCIL)
        lab.pool.send("deposit", SUPPLIED, LENDER, sender=LENDER)
        return lab

    def tell(self, function: str, *arguments: Any) -> None:
        """What nobody but a mock lets anyone do with the loan asset."""
        self.loan.send(function, *arguments, sender=DEPLOYER)
