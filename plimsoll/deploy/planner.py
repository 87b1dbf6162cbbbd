"""Works out what is missing of a market, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from functools import partial

from ape.api import AccountAPI, ReceiptAPI

from plimsoll.chain import artifacts
from plimsoll.chain.engine import BLUEPRINT_PREAMBLE
from plimsoll.chain.protocol import BLUEPRINTS
from plimsoll.chain.views import code_of, network_of, view_one
from plimsoll.deploy.basket_plan import BasketPlan
from plimsoll.deploy.book import AddressBook, Deployed
from plimsoll.deploy.checks import Checks, address_in, needed
from plimsoll.deploy.market import BasketSection, DeployError, MarketFile
from plimsoll.deploy.pool_plan import PoolPlan
from plimsoll.deploy.steps import Draft, Plan, Step, Steps, deployed
from plimsoll.deploy.vault_plan import VaultPlan
from plimsoll.params import LOAN_DECIMALS
from plimsoll.units import NOBODY


class Stage(IntEnum):
    """How far to deploy; each stage includes those before it."""

    FACTORY = 1
    POOL = 2
    VAULT = 3
    MARKET = 4


def plan(
    market: MarketFile | None, book: AddressBook, account: AccountAPI, until: Stage = Stage.MARKET
) -> Plan:
    """Works out which steps of a deployment are missing. Sends nothing and writes no file.

    Args:
        market: the market; None for the Factory alone.
        book: of the connected network.
        account: pays, and becomes the curator of a new pool.
        until: the last stage to plan.

    Raises:
        DeployError: something is wrong; one sentence for each problem.
    """
    steps = Steps(market, book, account)
    _plan_factory(steps)
    _plan_lens(steps)
    if market is not None and until >= Stage.POOL:
        _plan_market(steps, market, until)
    return Plan(book, account, steps.finish(), tuple(steps.warnings))


def _plan_market(steps: Steps, file: MarketFile, until: Stage) -> None:
    checks, section = Checks(steps), file.market.pool
    decimals = checks.token(section.asset, "pool.asset", *LOAN_DECIMALS)
    if decimals is None:
        return
    pool = PoolPlan(steps, checks, section, decimals)
    pool.add_pool()
    pool.add_supply_cap()
    if until >= Stage.VAULT:
        for name, spoke in file.market.vaults.items():
            if isinstance(spoke, BasketSection):
                BasketPlan(pool, spoke, name).add()
            else:
                VaultPlan(pool, spoke, name).add()
    if until >= Stage.MARKET:
        pool.add_guardian()
        pool.add_opening()
        if file.market.uniswap is not None:
            _plan_periphery(steps, checks, file.market.uniswap)


# ------------------------------------------------------------------------------------------------ the Factory


def _plan_factory(steps: Steps) -> None:
    book = steps.book
    given = steps.market.market.factory if steps.market else None
    if given is not None and book.factory is None:
        book.factory = Deployed(address=given)
    if book.factory is not None:
        if given not in (None, book.factory.address):
            steps.complain(
                "factory",
                f"{given} is not {book.factory.address}, the Factory in {book.title}; remove the line, or "
                f"{book.way_out}",
            )
        _check_factory(steps, book.factory.address)
        steps.add(Step("factory", "exists", "factory", book.factory.address))
        return

    for name in BLUEPRINTS:
        record = book.blueprints.get(name)
        if record is not None and not _is_blueprint(steps, record.address, name):
            del book.blueprints[name]  # its source has been edited since, and nothing stands on it
        steps.create(f"blueprint {name}", "", book.blueprints, name, partial(steps.blueprint, name))

    def deploy_factory() -> Draft:
        return steps.deployment(
            "Factory", *(needed(address_in(book.blueprints, name)) for name in BLUEPRINTS)
        )

    def record_factory(receipt: ReceiptAPI) -> str:
        book.factory = deployed(receipt)
        return book.factory.address

    steps.add(Step("factory", "create", "factory", transaction=deploy_factory, record=record_factory))


def _plan_lens(steps: Steps) -> None:
    """A Lens of other code or of another Factory is replaced: nothing stands on it."""
    book = steps.book

    def deploy_lens() -> Draft:
        return steps.deployment("Lens", needed(book.factory.address if book.factory else None))

    def record_lens(receipt: ReceiptAPI) -> str:
        book.lens = deployed(receipt)
        return book.lens.address

    if book.lens and book.factory and _is_lens(steps, book.lens.address, book.factory.address):
        steps.add(Step("lens", "exists", address=book.lens.address))
    else:
        steps.add(Step("lens", "create", transaction=deploy_lens, record=record_lens))


def _is_lens(steps: Steps, address: str, factory: str) -> bool:
    immutables = bytes.fromhex(factory[2:]).rjust(32, b"\0")
    return code_of(steps.provider, address) == artifacts.runtime("Lens") + immutables


def _check_factory(steps: Steps, factory: str) -> None:
    """Raises unless a Factory and what it deploys are those that are compiled here."""
    names = ["Factory"]
    if code_of(steps.provider, factory).startswith(artifacts.runtime("Factory")):
        names = [
            name
            for name in BLUEPRINTS
            if not _is_blueprint(
                steps,
                view_one(steps.provider, factory, f"{name.upper()}_BLUEPRINT()", "address") or NOBODY,
                name,
            )
        ]
    if names:
        raise DeployError(
            f"The Factory at {factory} on {network_of(steps.provider)} has another {names[0]} than the one "
            "that is compiled here; check out the version that it was deployed from, or "
            f"{steps.book.way_out} to begin with a new one."
        )


def _is_blueprint(steps: Steps, address: str, name: str) -> bool:
    return code_of(steps.provider, address) == BLUEPRINT_PREAMBLE + artifacts.artifact(name).initcode


# ------------------------------------------------------------------------------- the periphery


def _plan_periphery(steps: Steps, checks: Checks, wanted: str) -> None:
    """Adds Liquidator and Leverage for a Uniswap v2 factory; on a local chain that one as well."""
    book, where = steps.book, "uniswap"
    if wanted == "local":
        if not checks.may_mock(where):
            return
    elif book.uniswap is None:
        if not checks.require_code(wanted, where):
            return
        if view_one(steps.provider, wanted, "allPairsLength()", "uint256") is None:
            steps.complain(where, f"{wanted} does not answer allPairsLength(); give a Uniswap v2 factory")
            return
        book.uniswap = Deployed(address=wanted)
    elif book.uniswap.address != wanted:
        steps.complain(
            where,
            f"{wanted} is not {book.uniswap.address}, which Liquidator and Leverage in {book.title} use "
            f"permanently; restore that, or {book.way_out}",
        )
        return

    def uniswap() -> Draft:
        return steps.deployment("UniswapV2Factory", steps.account.address)

    def periphery(name: str) -> Draft:
        factories = [needed(part.address if part else None) for part in (book.factory, book.uniswap)]
        return steps.deployment(name, *factories)

    _add_single(steps, "Uniswap v2", "uniswap", uniswap)
    for name in ("Liquidator", "Leverage"):
        _add_single(steps, name, name.lower(), partial(periphery, name))


def _add_single(steps: Steps, what: str, field: str, transaction: Callable[[], Draft]) -> None:
    """Adds a contract of which the book has one, in a field of its own."""
    there: Deployed | None = getattr(steps.book, field)
    if there is not None:
        steps.add(Step(what, "exists", "uniswap", there.address))
        return

    def record(receipt: ReceiptAPI) -> str:
        setattr(steps.book, field, deployed(receipt))
        return str(receipt.contract_address)

    steps.add(Step(what, "create", "uniswap", transaction=transaction, record=record))
