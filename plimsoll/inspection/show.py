"""Shows a market: tables coloured by health, or JSON for machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import is_dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from eth_utils.address import to_checksum_address
from rich.console import Group, JustifyMethod, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from plimsoll.chain.lens import BasketPosition, CreditLine, Position
from plimsoll.inspection.figures import EXACT, clock, count, floor, percent, price_text, ratio, short
from plimsoll.inspection.read import Basket, Market, Pool, Stress, Token, Vault
from plimsoll.units import MAX, WAD, YEAR

_CLOSE, _NEAR = Decimal("1.05"), Decimal("1.25")  # health below which a position is shown red, yellow
_NOTHING = Text("-", style="dim")
_Spoke = TypeVar("_Spoke", Vault, Basket)


# ----------------------------------------------------------------------------------------------- for machines


def to_json(market: Market) -> dict[str, Any]:
    """Everything that was read, by name; integers as strings, since they do not fit a double.

    Units are those of `ILens.vyi`: base units of the tokens whose decimals are given, WAD, 1e36, seconds.
    """
    plain: dict[str, Any] = _plain(market)
    for pool in plain["pools"]:
        for kind in ("vaults", "baskets"):
            pool[kind] = {spoke.pop("name"): spoke for spoke in pool[kind]}
    plain["pools"] = {pool.pop("name"): pool for pool in plain["pools"]}
    return plain


def to_rows(market: Market) -> Iterator[tuple[Any, ...]]:
    """Every position as a file of positions has it, in whole tokens; of a basket a row for each leg held."""
    for pool in market.pools:

        def owed(debt: int, asset: Token = pool.asset) -> str:
            return _exact(debt, asset) if debt else ""

        for vault in pool.vaults:
            for each in vault.positions:
                held = _exact(each.collateral, vault.collateral)
                yield each.owner, vault.name, held, owed(each.debt), "", ""
        for basket in pool.baskets:
            for it in basket.positions:
                debt = owed(it.debt)
                for leg, (token, amount) in enumerate(zip(basket.legs.values(), it.amounts, strict=False)):
                    if amount:
                        yield it.owner, basket.name, _exact(amount, token), debt, leg, ""
                        debt = ""


def _exact(amount: int, token: Token) -> str:
    """Whole tokens, all digits."""
    return f"{EXACT.scaleb(Decimal(amount), -token.decimals):f}"


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if hasattr(value, "_asdict"):
        return {name: _plain(part) for name, part in value._asdict().items()}
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


# ------------------------------------------------------------------------------------------------- for people


def to_tables(market: Market, rows: int) -> RenderableType:
    """Pools, their vaults and baskets and the `rows` least healthy positions of each of these."""
    parts: list[RenderableType] = [
        Text(f"{market.network}, block {market.block:,}, {clock(market.time)}", style="dim")
    ]
    for pool in market.pools:
        parts += ["", *_pool(pool, market.time)]
        for vault in pool.vaults:
            parts += ["", *_vault(vault, pool.asset, rows)]
        for basket in pool.baskets:
            parts += ["", *_basket(basket, pool.asset, rows)]
    return Group(*parts)


def _pool(pool: Pool, now: int) -> Iterator[RenderableType]:
    it, asset = pool.summary, pool.asset
    title = Text.assemble(
        (f"Pool {pool.name}", "bold"), f"  {to_checksum_address(pool.address)}  lends {asset.symbol}, "
    )
    if not it.is_open:
        title.append("not open yet", "yellow")
    elif it.paused_until:
        title.append(f"paused until {datetime.fromtimestamp(it.paused_until, UTC):%Y-%m-%d %H:%M} UTC", "red")
    else:
        title.append("open", "green")
    yield title

    full = it.utilisation > WAD * 95 // 100
    figures: list[tuple[str, RenderableType]] = [
        ("lenders own", _amount(it.total_assets, asset)), ("borrowed", _amount(it.total_debt, asset)),
        ("utilisation", Text(percent(it.utilisation), style="red" if full else "")),
        ("borrowers pay", f"{percent(it.borrow_rate * YEAR)} a year"),
        ("cash", _amount(it.cash, asset)), ("reserves", _amount(it.reserves, asset)),
        ("supply cap", _amount(it.supply_cap, asset) if it.supply_cap else "none"),
        ("lenders earn", f"{percent(it.supply_rate * YEAR)} a year"),
    ]  # fmt: skip
    yield _grid(figures, ("right", "right", "right", "right"))
    if it.draw_burst != WAD:
        again = timedelta(seconds=it.draw_refill)
        yield Text(f"  a vault draws {percent(it.draw_burst)} of its limit at once, and again in {again}")
    if it.provisions:
        yield Text(f"  provisions for bad debt  {_amount(it.provisions, asset)}", style="red")
    if pool.without_credit_line:
        yield Text(f"  and {count(pool.without_credit_line, 'vault')} without a credit line", style="dim")


def _vault(vault: Vault, asset: Token, rows: int) -> Iterator[RenderableType]:
    it, line = vault.summary, vault.summary.line
    yield Text.assemble((f"Vault {vault.name}", "bold"), f"  {to_checksum_address(line.vault)}")
    price = (
        Text(
            f"{price_text(it.price, vault.collateral, asset)} {asset.symbol} for 1 {vault.collateral.symbol}"
        )
        if it.price
        else Text("the oracle has none", style="bold red")
    )
    if it.price and it.safe_price != it.price:
        safe = price_text(it.safe_price, vault.collateral, asset) if it.safe_price else "none"
        price.append(f" (safe price {safe})", style="yellow")
    margins = f"{percent(it.initial_margin)} initial, {percent(it.maintenance_margin)} maintenance"
    drawn, limit, headroom, losses = _line(line, asset)
    figures = [("price", price), drawn, limit, ("margins", margins), headroom, losses]
    yield _grid(figures, ("left", "right", "right"))
    yield from _holders(vault, "if the price falls", _positions, asset, rows)


def _basket(basket: Basket, asset: Token, rows: int) -> Iterator[RenderableType]:
    line = basket.summary.line
    yield Text.assemble((f"Basket {basket.name}", "bold"), f"  {to_checksum_address(line.vault)}")
    yield _grid(_line(line, asset), ("right", "right", "right", "right"))
    yield Padding(_legs(basket, asset), (0, 2), expand=False)
    yield from _holders(basket, "if all prices fall", _basket_positions, asset, rows)


def _line(line: CreditLine, asset: Token) -> list[tuple[str, RenderableType]]:
    """What a spoke may draw, and has lost."""
    return [
        ("drawn", _amount(line.drawn, asset)),
        ("limit", _amount(line.limit, asset)),
        ("headroom", _amount(line.headroom, asset)),
        ("losses", Text(_amount(line.losses, asset), style="red" if line.losses else "")),
    ]


def _holders(
    spoke: _Spoke, falling: str, table: Callable[[_Spoke, Token, int], Table], asset: Token, rows: int
) -> Iterator[RenderableType]:
    """What a fall would do, and the positions."""
    if not spoke.positions:
        yield Text("  no positions", style="dim")
        return
    if spoke.stress:
        yield Padding(_stress(spoke.stress, falling, asset), (0, 2), expand=False)
    yield Padding(table(spoke, asset, rows), (0, 2), expand=False)
    hidden = len(spoke.positions) - rows
    if hidden > 0:
        yield Text(f"  and {count(hidden, 'position')} of higher health; --rows shows more", style="dim")


def _legs(basket: Basket, asset: Token) -> Table:
    titles = [f"price\n{asset.symbol}", "safe price", "ceiling", "may be lent", "liquidated at"]
    table = _table(Column("leg"), titles)
    for (name, token), leg in zip(basket.legs.items(), basket.summary.legs, strict=True):
        price, safe = (
            price_text(each, token, asset) if each else Text("silent", style="bold red")
            for each in (leg.price, leg.safe_price)
        )
        ceiling = price_text(leg.ceiling, token, asset)
        table.add_row(name, price, safe, ceiling, percent(leg.ltv), percent(leg.threshold))
    return table


def _grid(figures: list[tuple[str, RenderableType]], sides: Sequence[JustifyMethod]) -> RenderableType:
    """Labels and figures, as many in a row as there are `sides` to which the figures are justified."""
    grid = Table.grid(padding=(0, 2))
    for side in sides:
        grid.add_column(style="dim")
        grid.add_column(justify=side, no_wrap=True)
    for first in range(0, len(figures), len(sides)):
        grid.add_row(*(cell for pair in figures[first : first + len(sides)] for cell in pair))
    return Padding(grid, (0, 2), expand=False)


def _stress(stress: Sequence[Stress], falling: str, asset: Token) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim")
    for _ in stress:
        grid.add_column(justify="right", no_wrap=True)
    falls = ("now" if not each.fall else f"-{each.fall} %" for each in stress)
    grid.add_row(falling, *(Text(fall, style="dim") for fall in falls))
    grid.add_row("liquidatable", *(_danger(each.debt, asset, "yellow") for each in stress))
    grid.add_row("bad debt", *(_danger(each.shortfall, asset, "red") for each in stress))
    return grid


def _danger(amount: int, asset: Token, style: str) -> Text:
    return Text(_amount(amount, asset), style=style) if amount else _NOTHING


def _table(first: Column, titles: Sequence[str]) -> Table:
    """A table without rows: names, and figures to their right."""
    table = Table(first, box=None, header_style="dim", padding=(0, 2, 0, 0))
    for title in titles:
        table.add_column(title, justify="right", no_wrap=True)
    return table


def _positions(vault: Vault, asset: Token, rows: int) -> Table:
    titles = ["health", f"debt\n{asset.symbol}", f"collateral\n{vault.collateral.symbol}"]
    titles += ["liquidated\nbelow", "to go", "leverage"]
    if vault.candidates:
        titles += ["liquidator\npays", "and\nseizes", "loss"]
    table = _table(Column("owner", no_wrap=True), titles)
    for each in vault.positions[:rows]:
        cells: list[RenderableType] = [
            short(each.owner),
            _health(each),
            _amount(each.debt, asset) if each.debt else _NOTHING,
            _amount(each.collateral, vault.collateral),
            price_text(each.terms.liquidation_price, vault.collateral, asset) if each.debt else _NOTHING,
            _to_go(each) if each.debt else _NOTHING,
            _leverage(each) if each.debt else _NOTHING,
        ]
        quote = vault.candidates.get(each.owner)
        if quote:
            cells += [_amount(quote.due, asset), _amount(quote.seized, vault.collateral)]
            cells.append(_danger(max(0, quote.extinguished - quote.paid), asset, "bold red"))
        table.add_row(*cells)
    return table


def _basket_positions(basket: Basket, asset: Token, rows: int) -> Table:
    titles = ["health", f"debt\n{asset.symbol}", f"worth\n{asset.symbol}"]
    titles += [f"{name}\n{token.symbol}" for name, token in basket.legs.items()]
    titles += ["all may\nfall by"]
    if basket.candidates:
        titles += ["liquidator\npays", "of each\nleg", "and\nloss"]
    table = _table(Column("owner", no_wrap=True), titles)
    for each in basket.positions[:rows]:
        amounts = zip(each.amounts, basket.legs.values(), strict=False)
        cells: list[str | Text] = [
            short(each.owner),
            _health(each),
            _amount(each.debt, asset) if each.debt else _NOTHING,
            _amount(each.value, asset),
            *(_amount(amount, token) if amount else _NOTHING for amount, token in amounts),
            percent(each.liquidation_fall) if each.debt and not each.is_liquidatable else _NOTHING,
        ]
        quote = basket.candidates.get(each.owner)
        if quote and not quote.known:
            cells += [Text("value unknown", style="yellow"), _NOTHING, _NOTHING]
        elif quote:
            part = max(
                Decimal(taken) / amount
                for taken, amount in zip(quote.seized, each.amounts, strict=True)
                if amount
            )
            cells += [_amount(quote.due, asset), percent(int(part * WAD))]
            cells.append(_danger(max(0, quote.extinguished - quote.paid), asset, "bold red"))
        table.add_row(*cells)
    return table


def _health(position: Position | BasketPosition) -> Text:
    """With a mark where silent legs of a basket count at their ceilings."""
    if not position.debt:
        return Text("no debt", style="dim")
    if isinstance(position, Position) and not position.price:
        return Text("no price", style="yellow")
    health = ratio(position.health)
    colour = "red" if health < _CLOSE else "yellow" if health < _NEAR else "green"
    mark = "at most " if isinstance(position, BasketPosition) and position.silent else ""
    return Text(f"{mark}{floor(health, 3)}", style="bold red" if position.is_liquidatable else colour)


def _to_go(position: Position) -> str | Text:
    """How far the price may fall."""
    if not position.price:
        return Text("?", style="yellow")
    if position.is_liquidatable:
        return _NOTHING
    return percent(WAD - position.terms.liquidation_price * WAD // position.price)


def _leverage(position: Position) -> str | Text:
    if not position.price:
        return Text("?", style="yellow")
    if position.leverage == MAX:
        return Text("no equity", style="bold red")
    return f"{floor(ratio(position.leverage), 1)}x"


# ---------------------------------------------------------------------------------------------------- figures


def _amount(units: int, token: Token) -> str:
    """Whole tokens, rounded down to two digits, or to four significant ones below 1."""
    tokens = EXACT.scaleb(Decimal(units), -token.decimals)
    if abs(tokens) >= 1 or not units:
        return f"{floor(tokens, 2):,f}"
    digits = 3 - tokens.adjusted()
    return f"{floor(tokens, min(digits, token.decimals)):f}"
