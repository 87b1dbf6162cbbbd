"""What constructors and the Factory refuse, each beside the nearest thing that they accept.

Every test takes an engine and nothing else, so that a judge of mutants can call it by itself.
"""

from typing import Any

from plimsoll.chain.artifacts import artifact
from plimsoll.chain.engine import Contract, Engine, deploy_blueprint
from plimsoll.chain.protocol import BLUEPRINTS
from plimsoll.units import DAY, NOBODY, WAD, YEAR
from tests.property.edges import RATES, RISK, accepted, make, place_code, pool_struct, refused
from tests.stateful.world import CURATOR, DEPLOYER, STRANGER

TOP = 2**94 - 1
E36 = 10**36


def token(engine: Engine, decimals: int = 6) -> str:
    return make(engine, "PlainToken", "token", "T", decimals).address


def make_factory(engine: Engine) -> Contract:
    """A Factory, which checks the parameters of pools and vaults."""
    parts = (deploy_blueprint(engine, artifact(name), DEPLOYER) for name in BLUEPRINTS)
    return make(engine, "Factory", *parts)


def create_pool(factory: Contract, struct: tuple[Any, ...]) -> Contract:
    address = factory.send("create_pool", struct, CURATOR, 3 * DAY, sender=STRANGER)
    return Contract(factory.engine, address, artifact("Pool").abi)


def create_vault(factory: Contract, *arguments: Any) -> Contract:
    address = factory.send("create_vault", *arguments, sender=STRANGER)
    return Contract(factory.engine, address, artifact("Vault").abi)


# ------------------------------------------------------------------------------------------------ pool

RATE_LIMIT = 10 * WAD // YEAR
SPEED_LIMIT = 1_000 * WAD // YEAR
POOLS: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {  # reason: refused, accepted
    "rates: target utilisation": (
        [{"target_utilisation": 0}, {"target_utilisation": WAD}],
        [{"target_utilisation": 1}, {"target_utilisation": WAD - 1}],
    ),
    "rates: rate range": (
        [{"rate_min": 0}, {"rate_min": RATES["rate_max"], "rate_initial": RATES["rate_max"]}],
        [{"rate_min": 1}, {"rate_min": RATES["rate_max"] - 1, "rate_initial": RATES["rate_max"]}],
    ),
    "rates: rate too high": ([{"rate_max": RATE_LIMIT + 1}], [{"rate_max": RATE_LIMIT}]),
    "rates: initial rate too low": (
        [{"rate_initial": RATES["rate_min"] - 1}],
        [{"rate_initial": RATES["rate_min"]}],
    ),
    "rates: initial rate too high": (
        [{"rate_initial": RATES["rate_max"] + 1}],
        [{"rate_initial": RATES["rate_max"]}],
    ),
    "rates: too fast": ([{"speed": SPEED_LIMIT + 1}], [{"speed": SPEED_LIMIT}, {"speed": 0}]),
    "rates: steepness": (
        [{"steepness": WAD - 1}, {"steepness": 100 * WAD + 1}],
        [{"steepness": WAD}, {"steepness": 100 * WAD}],
    ),
    "pool: reserve factor above 25 %": (
        [{"reserve_factor": WAD // 4 + 1}],
        [{"reserve_factor": WAD // 4}, {"reserve_factor": 0}],
    ),
    "pool: flash fee above 1 %": ([{"flash_fee": WAD // 100 + 1}], [{"flash_fee": WAD // 100}]),
    "pool: insurance target above 1": (
        [{"insurance_target": WAD + 1}],
        [{"insurance_target": WAD}, {"insurance_target": 0}],
    ),
    "pool: backstop share above 1": (
        [{"backstop_share": WAD + 1}],
        [{"backstop_share": WAD}, {"backstop_share": 0}],
    ),
    "pool: no name": ([{"name": ""}], [{"name": "N" * 50}]),
    "pool: no symbol": ([{"symbol": ""}], [{"symbol": "S" * 32}]),
}


def test_a_pool_refuses_parameters(engine: Engine) -> None:
    factory, asset = make_factory(engine), token(engine)
    for reason, (wrong, right) in POOLS.items():
        for changes in wrong:
            refused(reason, create_pool, factory, pool_struct(asset, **changes))
        for changes in right:
            accepted(engine, create_pool, factory, pool_struct(asset, **changes))


def test_a_pool_refuses_an_asset(engine: Engine) -> None:
    factory = make_factory(engine)
    for decimals in (0, 5, 19, 255):
        struct = pool_struct(token(engine, decimals))
        refused("pool: asset of 6 to 18 decimals", create_pool, factory, struct)
    for decimals in (6, 18):
        struct = pool_struct(token(engine, decimals), minimum_stake=10 ** (decimals + 3))
        pool = create_pool(factory, struct)
        assert pool.call("decimals") == decimals + 3
    refused("", create_pool, factory, pool_struct(NOBODY))


def test_the_curve_is_kept_and_ends_at_its_rates(engine: Engine) -> None:
    """The bisection of the constructor: the lowest, the highest and the first rate come out again."""
    for changes in ({}, {"rate_min": 1}, {"rate_min": 1, "rate_max": 2, "rate_initial": 2}):
        for which in ("rate_min", "rate_initial", "rate_max"):
            rates = RATES | changes
            rates["rate_initial"] = rates[which]
            pool = make(engine, "Pool", pool_struct(token(engine), **rates))
            found = pool.call("rate_at_target")
            # a step of the logarithm is 5e-9 of the rate, the series short by at most 0.01 %
            assert rates[which] - rates[which] // 9_000 - 1 <= found <= rates[which], (changes, which)
            assert pool.call("rate_params") == tuple(rates.values())
    assert pool.call("reserve_factor") == WAD // 10


def test_initialize_is_for_the_factory_and_once(engine: Engine) -> None:
    pool = make(engine, "Pool", pool_struct(token(engine)))
    refused("pool: not the factory", pool.send, "initialize", CURATOR, NOBODY, sender=STRANGER)
    pool.send("initialize", CURATOR, STRANGER, sender=DEPLOYER)
    assert (pool.call("council"), pool.call("backstop")) == (CURATOR, STRANGER)
    refused("pool: already initialized", pool.send, "initialize", CURATOR, NOBODY, sender=DEPLOYER)


# ----------------------------------------------------------------------------------------------- vault

RISKS: dict[str, tuple[list[dict[str, int]], list[dict[str, int]]]] = {  # reason: refused, accepted
    "vault: no loan-to-value": ([{"ltv": 0}], [{"ltv": 1}]),
    "vault: ltv not below threshold": (
        [{"ltv": RISK["threshold"]}, {"ltv": RISK["threshold"] + 1}],
        [{"ltv": RISK["threshold"] - 1}],
    ),
    "vault: threshold not below 1": ([{"threshold": WAD}, {"threshold": 2**200}], []),
    "vault: no minimum bonus": ([{"bonus_min": 0}], [{"bonus_min": 1, "min_debt": 1_000 * WAD}]),
    "vault: bonus range": (
        [{"bonus_min": RISK["bonus_max"] + 1}],
        [{"bonus_min": RISK["bonus_max"]}],
    ),
    "vault: bonus above 100 %": (
        [{"bonus_max": WAD + 1, "threshold": WAD * 49 // 100, "ltv": 1}],
        [{"bonus_max": WAD, "threshold": WAD * 49 // 100, "ltv": 1, "health_for_max_bonus": WAD * 98 // 100}],
    ),
    "vault: threshold too high": (
        [
            {"threshold": WAD - 1},
            {"threshold": WAD * 8 // 10 + 1, "bonus_min": WAD * 225 // 1_000, "bonus_max": WAD * 225 // 1_000,
             "health_for_max_bonus": WAD - 1, "ltv": WAD * 78 // 100},
        ],
        [
            {"threshold": WAD * 8 // 10, "bonus_min": WAD * 225 // 1_000, "bonus_max": WAD * 225 // 1_000,
             "health_for_max_bonus": WAD * 98 // 100, "ltv": WAD * 78 // 100},
        ],
    ),
    "vault: ltv too high": (
        [{"ltv": WAD * 8 // 10 + 1, "threshold": WAD * 81 // 100, "bonus_min": WAD // 5,
          "bonus_max": WAD // 5, "health_for_max_bonus": WAD * 98 // 100}],
        [
            {"ltv": WAD * 8 // 10, "threshold": WAD * 81 // 100, "bonus_min": WAD // 5,
             "bonus_max": WAD // 5, "health_for_max_bonus": WAD * 98 // 100},
            {"ltv": WAD * 90 // 100, "threshold": WAD * 91 // 100, "bonus_min": WAD // 100,
             "bonus_max": WAD * 8 // 100, "health_for_max_bonus": WAD * 99 // 100},
        ],
    ),
    "vault: max bonus at health 1": (
        [{"health_for_max_bonus": WAD}],
        [{"health_for_max_bonus": WAD - 1}],
    ),
    "vault: bonus can lower health": (
        [{"health_for_max_bonus": WAD * 913 // 1_000 - 1}],
        [{"health_for_max_bonus": WAD * 913 // 1_000}],
    ),
    "vault: target health below 1.005": (
        [{"target_health": WAD * 1_005 // 1_000 - 1}],
        [{"target_health": WAD * 1_005 // 1_000}],
    ),
    "vault: target health above 1.25": (
        [{"target_health": WAD * 125 // 100 + 1}],
        [{"target_health": WAD * 125 // 100}],
    ),
    "vault: slope above 1/4": (
        [{"shortfall_slope": WAD // 4 + 1}],
        [{"shortfall_slope": WAD // 4}, {"shortfall_slope": 0}],
    ),
    "vault: fee above 30 %": (
        [{"liquidation_fee": WAD * 3 // 10 + 1}],
        [{"liquidation_fee": WAD * 3 // 10}, {"liquidation_fee": 0}],
    ),
    "vault: minimum debt too large": ([{"min_debt": TOP + 1}], [{"min_debt": TOP}]),
    "vault: minimum debt too small": ([{"min_debt": 49_999}], [{"min_debt": 50_000}]),
}  # fmt: skip


def vault_parts(engine: Engine, price: int = 1) -> tuple[Contract, str, str, Contract]:
    """A Factory, a pool, a collateral and an oracle."""
    factory = make_factory(engine)
    pool = create_pool(factory, pool_struct(token(engine))).address
    return factory, pool, token(engine, 18), make(engine, "LyingOracle", price)


def test_a_vault_refuses_parameters(engine: Engine) -> None:
    factory, pool, collateral, oracle = vault_parts(engine)
    parts = (pool, collateral, oracle.address)
    for reason, (wrong, right) in RISKS.items():
        for changes in wrong:
            refused(reason, create_vault, factory, *parts, tuple((RISK | changes).values()))
        for changes in right:
            accepted(engine, create_vault, factory, *parts, tuple((RISK | changes).values()))


def test_a_vault_keeps_what_it_was_made_with(engine: Engine) -> None:
    factory, pool, collateral, oracle = vault_parts(engine)
    vault = create_vault(factory, pool, collateral, oracle.address, tuple(RISK.values()))
    assert vault.call("risk") == tuple(RISK.values())
    found = [vault.call(name) for name in ("pool", "collateral_asset", "oracle")]
    assert found == [pool, collateral, oracle.address]
    assert vault.call("loan_asset") == Contract(engine, pool, artifact("Pool").abi).call("asset")


def test_a_vault_refuses_a_price(engine: Engine) -> None:
    factory, pool, collateral, oracle = vault_parts(engine)
    arguments = (pool, collateral, oracle.address, tuple(RISK.values()))
    coarse = RISK["min_debt"] * E36 // 10_000
    for price, safe_price, reason in (
        (0, 0, "vault: zero price"),
        (1, 2, "vault: safe price above price"),
        (coarse + 1, coarse, "vault: collateral unit coarse"),
    ):
        oracle.send("set_prices", price, safe_price, sender=DEPLOYER)
        refused(reason, create_vault, factory, *arguments)
    for price, safe_price in ((1, 0), (2, 2), (coarse, coarse)):
        oracle.send("set_prices", price, safe_price, sender=DEPLOYER)
        accepted(engine, create_vault, factory, *arguments)
    oracle.send("set_silent", True, sender=DEPLOYER)
    refused("lying oracle: silent", create_vault, factory, *arguments)


def test_a_vault_refuses_a_collateral(engine: Engine) -> None:
    factory, asset = make_factory(engine), token(engine)
    pool = create_pool(factory, pool_struct(asset)).address
    oracle = make(engine, "LyingOracle", 1).address
    for collateral, reason in (
        (asset, "vault: collateral is the loan"),
        (pool, "vault: collateral is the pool"),
        (token(engine, 28), "vault: above 27 decimals"),
        (NOBODY, ""),
    ):
        refused(reason, create_vault, factory, pool, collateral, oracle, tuple(RISK.values()))
    for decimals in (0, 27):
        create_vault(factory, pool, token(engine, decimals), oracle, tuple(RISK.values()))


# ---------------------------------------------------------------------------------- council and factory


def test_a_council_refuses(engine: Engine) -> None:
    refused("council: no curator", make, engine, "Council", STRANGER, NOBODY, 3 * DAY)
    for delay in (0, 3 * DAY - 1, 30 * DAY + 1):
        refused("council: delay of 3 to 30 days", make, engine, "Council", STRANGER, CURATOR, delay)
    for delay in (3 * DAY, 30 * DAY):
        council = make(engine, "Council", STRANGER, CURATOR, delay)
        found = [council.call(name) for name in ("pool", "delay", "curator", "guardian")]
        assert found == [STRANGER, delay, CURATOR, NOBODY]


def test_a_factory_refuses_what_is_no_blueprint(engine: Engine) -> None:
    def code(length: int) -> str:
        return place_code(engine, bytes(length))

    short, long = code(3), code(4)
    for place in range(len(BLUEPRINTS)):
        for wrong in (short, STRANGER):
            arguments = [long] * len(BLUEPRINTS)
            arguments[place] = wrong
            refused("factory: no blueprint", make, engine, "Factory", *arguments)
    factory = make(engine, "Factory", long, code(5), code(7), code(6), code(8))
    assert factory.call("POOL_BLUEPRINT") == long
    names = [name.upper() for name in BLUEPRINTS]
    assert len({factory.call(f"{name}_BLUEPRINT") for name in names}) == len(names)
    assert factory.call("COUNCIL_BLUEPRINT") != factory.call("VAULT_BLUEPRINT") != long


def test_a_factory_keeps_the_registry(engine: Engine) -> None:
    factory = make_factory(engine)
    asset, collateral, oracle = token(engine), token(engine, 18), make(engine, "LyingOracle", 1).address
    risk = tuple(RISK.values())
    for number in range(2):
        pool = factory.send("create_pool", pool_struct(asset), CURATOR, 3 * DAY, sender=STRANGER)
        assert (factory.call("pools", number), factory.call("pool_count")) == (pool, number + 1)
        assert factory.call("is_pool", pool)
        chain = Contract(engine, pool, artifact("Pool").abi)
        assert factory.call("council_of", pool) == chain.call("council")
        backstop = Contract(engine, chain.call("backstop"), artifact("Backstop").abi)
        found = [backstop.call(name) for name in ("asset", "cooldown", "minimum_stake", "name", "symbol")]
        assert found == [pool, 14 * DAY, 1_000 * 10**9, "Plimsoll Backstop", "P-bs"]
        for count in range(2):
            vault = factory.send("create_vault", pool, collateral, oracle, risk, sender=STRANGER)
            assert (factory.call("vaults", pool, count), factory.call("vault_count", pool)) == (
                vault, count + 1
            )  # fmt: skip
            assert factory.call("pool_of", vault) == pool
            refused(
                "factory: not a pool", factory.send, "create_vault", vault, collateral, oracle, risk,
                sender=STRANGER,
            )  # fmt: skip
    refused(
        "pool: no name", factory.send, "create_pool", pool_struct(asset, name=""), CURATOR, 3 * DAY,
        sender=STRANGER,
    )  # fmt: skip
    for reason, changes in (
        ("backstop: cooldown 3 to 60 days", {"cooldown": 3 * DAY - 1}),
        ("backstop: cooldown 3 to 60 days", {"cooldown": 60 * DAY + 1}),
        ("backstop: minimum below a token", {"minimum_stake": 10**9 - 1}),
    ):
        refused(
            reason, factory.send, "create_pool", pool_struct(asset, **changes), CURATOR, 3 * DAY,
            sender=STRANGER,
        )  # fmt: skip
    for changes in ({"cooldown": 3 * DAY}, {"cooldown": 60 * DAY}, {"minimum_stake": 10**9}):
        accepted(
            engine, factory.send, "create_pool", pool_struct(asset, **changes), CURATOR, 3 * DAY,
            sender=STRANGER,
        )  # fmt: skip
    refused(
        "council: no curator",
        factory.send,
        "create_pool",
        pool_struct(asset),
        NOBODY,
        3 * DAY,
        sender=STRANGER,
    )
    refused(
        "vault: no loan-to-value", factory.send, "create_vault", pool, collateral, oracle, (0, *risk[1:]),
        sender=STRANGER,
    )  # fmt: skip
