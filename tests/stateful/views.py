"""Every view of pool, vaults and council, asked on both sides (T1)."""

from collections.abc import Callable, Iterator
from dataclasses import astuple
from typing import Any

from plimsoll.twin.backstop import Departure
from plimsoll.twin.basket import packed_amounts
from plimsoll.twin.chain import Revert
from plimsoll.twin.ledger import FLAG_OPEN
from plimsoll.twin.share_math import to_assets_up, to_shares_down
from plimsoll.twin.slices import Quote
from plimsoll.units import FRACTION, MAX, NOBODY, order
from tests.stateful.world import LEGS, OPERATOR, SPOKES, VAULTS, Lockstep

Question = tuple[str, str, tuple[Any, ...], Callable[[], Any]]


def compare_views(world: Lockstep, owner: str, amount: int) -> None:
    """Asks everything about an owner and an amount.

    Raises:
        Difference: at the first answer that is not the twin's.
    """
    for target, view, arguments, model in _questions(world, owner, amount):
        world.ask(target, view, *arguments, model=model)


def _questions(world: Lockstep, owner: str, amount: int) -> Iterator[Question]:
    yield from _conversions(world, amount)
    yield from _pool(world, owner, amount)
    yield from _backstop(world, owner, amount)
    for spoke in SPOKES:
        yield from _spoke(world, spoke, owner)
    for vault in VAULTS:
        yield from _vault(world, f"{vault}_vault", owner, amount)
    yield from _basket(world, owner, amount)
    council = world.model["council"]
    yield "council", "pool", (), lambda: world.chain["pool"].address
    yield "council", "delay", (), lambda: council.delay
    for name in (
        "curator",
        "pending_curator",
        "guardian",
        "queued",
        "pause_started",
        "payout_receiver",
        "announced",
        "announced_at",
    ):
        yield "council", name, (), lambda name=name: getattr(council, name)


def _conversions(world: Lockstep, amount: int) -> Iterator[Question]:
    pool = world.model["pool"]
    for view, convert in (
        ("convertToShares", to_shares_down),
        ("previewDeposit", to_shares_down),
        ("previewMint", to_assets_up),
    ):

        def model(convert: Callable[[int, int, int], int] = convert) -> int:
            t = pool.accrued()
            if amount == MAX:
                raise Revert  # the product overflows
            return convert(amount, t.total_assets, t.total_supply)

        yield "pool", view, (amount,), model
    for view in ("convertToAssets", "previewRedeem"):
        yield "pool", view, (amount,), lambda: pool.exit_assets(pool.accrued(), amount)
    yield "pool", "previewWithdraw", (amount,), lambda: pool.exit_shares(pool.accrued(), amount)


def _backstop(world: Lockstep, owner: str, amount: int) -> Iterator[Question]:
    backstop = world.model["backstop"]

    def departure() -> tuple[int, int, int]:
        found = backstop.departures.get(owner, Departure())
        return (backstop.departing(owner, backstop.books()), *found[1:])

    def books() -> tuple[tuple[int, ...], tuple[int, ...], int, int]:
        found = backstop.books()
        return tuple(found.stake), tuple(found.escrow), found.income, found.stream_end

    yield "backstop", "asset", (), lambda: world.chain["pool"].address
    yield "backstop", "books", (), books
    yield "backstop", "departure_of", (owner,), departure
    yield "backstop", "totalAssets", (), lambda: backstop.books().stake.assets
    yield "backstop", "totalSupply", (), lambda: backstop.books().stake.supply
    yield "backstop", "balanceOf", (owner,), lambda: backstop.balance_of(owner)
    yield "backstop", "maxDeposit", (owner,), lambda: MAX
    yield "backstop", "maxMint", (owner,), lambda: MAX
    yield "backstop", "maxRedeem", (owner,), lambda: backstop.max_redeem(owner)
    yield "backstop", "maxWithdraw", (owner,), lambda: backstop.max_withdraw(owner)
    if amount == MAX:
        return  # where there is no share, the conversion is no product, and does not overflow
    yield "backstop", "convertToShares", (amount,), lambda: backstop.books().stake.shares_down(amount)
    yield "backstop", "convertToAssets", (amount,), lambda: backstop.books().stake.assets_down(amount)
    yield "backstop", "previewDeposit", (amount,), lambda: backstop.enterable().shares_down(amount)
    yield "backstop", "previewMint", (amount,), lambda: backstop.enterable().assets_up(amount)
    yield "backstop", "previewRedeem", (amount,), lambda: backstop.net(backstop.books()).assets_down(amount)
    yield "backstop", "previewWithdraw", (amount,), lambda: backstop.net(backstop.books()).shares_up(amount)


def _pool(world: Lockstep, owner: str, amount: int) -> Iterator[Question]:
    pool, loan = world.model["pool"], world.chain["loan"].address

    def not_the_asset() -> None:
        raise Revert("pool: not the asset")

    yield "pool", "asset", (), lambda: loan
    yield "pool", "totalAssets", (), lambda: pool.accrued().total_assets // FRACTION
    yield "pool", "totalSupply", (), lambda: pool.totals.total_supply
    yield "pool", "balanceOf", (owner,), lambda: pool.balances.get(owner, 0)
    yield "pool", "allowance", (owner, OPERATOR), lambda: pool.allowances.get((owner, OPERATOR), 0)
    yield "pool", "nonces", (owner,), lambda: pool.nonces.get(owner, 0)
    yield "pool", "maxDeposit", (owner,), pool.max_deposit
    yield "pool", "maxMint", (owner,), pool.max_mint
    yield "pool", "maxWithdraw", (owner,), lambda: pool.max_withdraw(owner)
    yield "pool", "maxRedeem", (owner,), lambda: pool.max_redeem(owner)
    yield "pool", "maxFlashLoan", (loan,), pool.cash
    yield "pool", "maxFlashLoan", (owner,), lambda: 0
    yield "pool", "flashFee", (loan, amount), lambda: pool.flash_fee(amount)
    yield "pool", "flashFee", (owner, amount), not_the_asset
    yield "pool", "is_open", (), lambda: bool(pool.totals.flags & FLAG_OPEN)
    yield "pool", "totals", (), pool.accrued
    yield "pool", "debt_totals", (), lambda: pool.accrued()[1:4:2]
    yield "pool", "utilisation", (), pool.utilisation
    yield "pool", "borrow_rate", (), pool.borrow_rate
    yield "pool", "rate_at_target", (), pool.rate_at_target
    yield "pool", "reserves", (), pool.reserves
    yield "pool", "excess", (), pool.excess
    yield "pool", "insurance_target", (), lambda: pool.insurance_target
    yield "pool", "backstop_share", (), lambda: pool.backstop_share
    yield "pool", "provisions", (), pool.provisions
    yield "pool", "council", (), lambda: pool.council
    yield "pool", "backstop", (), lambda: pool.backstop
    yield "pool", "backstop_haircut", (), pool.backstop_haircut
    yield "pool", "pace", (), lambda: (pool.draw_burst, pool.draw_refill)
    yield "pool", "supply_cap", (), lambda: pool.supply_cap
    yield "pool", "paused_until", (), lambda: pool.paused_until


def _spoke(world: Lockstep, name: str, owner: str) -> Iterator[Question]:
    spoke, pool, chain = world.model[name], world.model["pool"], world.chain
    address = chain[name].address

    def credit_line() -> tuple[int, int, int]:
        t = pool.accrued()
        limit, drawn = pool.line(address)
        return limit, drawn, to_assets_up(drawn, t.total_debt, t.total_debt_shares)

    yield "pool", "credit_line", (address,), credit_line
    yield "pool", "max_draw", (address,), lambda: pool.max_draw(address)
    yield "pool", "provision_of", (address,), lambda: pool.provision_of.get(address, 0)
    yield "pool", "losses", (address,), lambda: pool.losses.get(address, 0)
    yield name, "pool", (), lambda: chain["pool"].address
    yield name, "loan_asset", (), lambda: chain["loan"].address
    yield name, "risk", (), lambda: astuple(spoke.risk)
    yield name, "positions", (owner,), lambda: spoke.word_of(owner)
    yield name, "provision_of", (owner,), lambda: spoke.provision_of.get(owner, 0)
    yield name, "provisions", (), spoke.provisions
    yield name, "rights_of", (owner, OPERATOR), lambda: spoke.rights.get((owner, OPERATOR), 0)
    yield name, "nonces", (owner,), lambda: spoke.nonces.get(owner, 0)
    yield name, "debt_of", (owner,), lambda: spoke.debt_of(owner)
    yield name, "health", (owner,), lambda: spoke.health(owner)


def _vault(world: Lockstep, name: str, owner: str, amount: int) -> Iterator[Question]:
    vault, chain = world.model[name], world.chain
    yield name, "collateral_asset", (), lambda: chain[name.replace("vault", "collateral")].address
    yield name, "oracle", (), lambda: chain[name.replace("vault", "oracle")].address
    yield name, "position_of", (owner,), lambda: vault.position_of(owner)
    yield name, "margin_terms", (owner,), lambda: vault.margin_terms(owner)
    yield name, "max_borrow", (owner,), lambda: vault.max_borrow(owner)
    yield name, "max_withdraw", (owner,), lambda: vault.max_withdraw(owner)
    yield name, "preview_liquidate", (owner, amount), lambda: vault.preview_liquidate(owner, amount)
    orders = [order(who, amount % 2**96) for who in (owner, NOBODY, owner)]
    yield name, "preview_liquidate_batch", (orders,), lambda: vault.preview_liquidate_batch(orders)


def _basket(world: Lockstep, owner: str, amount: int) -> Iterator[Question]:
    basket, chain = world.model["basket"], world.chain

    def legs() -> list[tuple[Any, ...]]:
        contracts = [(chain[f"{leg}_collateral"].address, chain[f"{leg}_oracle"].address) for leg in LEGS]
        return [(*pair, *astuple(leg)) for pair, leg in zip(contracts, basket.legs, strict=True)]

    def position() -> tuple[tuple[int, ...], int]:
        amounts, shares = basket.position_of(owner)
        return (*amounts, *(0,) * (8 - len(amounts))), shares

    yield "basket", "legs", (), legs
    yield "basket", "position_of", (owner,), position
    for without in range(4):

        def preview(without: int = without) -> Quote:
            found: Quote = basket.preview_liquidate(owner, amount, without)
            return found._replace(seized=packed_amounts(found.seized))

        yield "basket", "preview_liquidate", (owner, amount, without), preview
