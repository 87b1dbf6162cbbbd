"""A run in figures."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from plimsoll.scenario.records import END, RESTORABLE, SHORTFALL, START, Result

WAD = 10**18


def summarise(result: Result) -> dict[str, Any]:
    """The figures of a run, in whole tokens and ratios, as they go into summary.json."""
    scenario, closes, steps = result.scenario, result.liquidations, result.steps
    market = scenario.market
    one_loan, one_collateral = float(10**market.loan.decimals), float(10**market.collateral.decimals)

    def loan(units: int) -> float:
        return units / one_loan

    def collateral(units: int) -> float:
        return units / one_collateral

    kinds = {kind: [close for close in closes if close.kind == kind] for kind in (RESTORABLE, SHORTFALL)}
    losses = {
        who: loan(sum(getattr(step, f"loss_{who}") for step in steps))
        for who in ("reserves", "backstop", "lenders")
    }
    ends = {moment: [row for row in result.positions if row.moment == moment] for moment in (START, END)}
    first, last = steps[0], steps[-1]
    return {
        "title": scenario.title,
        "seed": scenario.seed,
        "units": {"amounts": market.loan.symbol, "seized": market.collateral.symbol, "health": "ratio"},
        "price": {
            "first": first.price,
            "lowest": min(step.price for step in steps),
            "last": last.price,
        },
        "closes": {
            "all": len(closes),
            **{kind: len(rows) for kind, rows in kinds.items()},
            "transactions": len({close.block for close in closes}),
            "positions_touched": len({close.owner for close in closes}),
            "positions_emptied": len(
                {close.owner for close in closes if close.shares == close.shares_before}
            ),
            "positions": len(ends[START]),
            "left_liquidatable": last.left_liquidatable,
        },
        "repaid": {
            "all": loan(sum(close.repaid for close in closes)),
            **{kind: loan(sum(close.repaid for close in rows)) for kind, rows in kinds.items()},
        },
        "seized": collateral(sum(close.seized for close in closes)),
        "fees": loan(sum(close.fee for close in closes)),
        "extinguished": loan(sum(close.extinguished for close in closes)),
        "losses": {"all": sum(losses.values()), **losses},
        "pool": {
            moment: {
                "reserves": loan(step.reserves),
                "lenders_assets": loan(step.total_assets),
                "debt": loan(step.total_debt),
                "cash": loan(step.cash),
                "utilisation": step.utilisation / WAD,
            }
            for moment, step in ((START, first), (END, last))
        },
        "liquidator": {
            "capital": float(scenario.liquidator.capital),
            "gross_profit": loan(sum(close.profit for close in closes)),
            "loan_asset_at_end": loan(last.liquidator_loan),
            "collateral_at_end": collateral(last.liquidator_collateral),
        },
        "health": {
            "positions": {moment: _spread([row.health for row in rows]) for moment, rows in ends.items()},
            "closes": {
                "before": _spread([close.health_before for close in closes]),
                "after": _spread([close.health_after for close in closes]),
            },
        },
        "promises": result.checks,
        "wall_seconds": round(result.wall_seconds, 1),
        "versions": result.versions,
    }


def _spread(healths: Sequence[int | None]) -> dict[str, float | None]:
    """Mean and minimum of the healths that there are."""
    known = [health / WAD for health in healths if health is not None]
    if not known:
        return {"mean": None, "min": None}
    return {"mean": fmean(known), "min": min(known)}


def lines(summary: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The summary as rows for people: group, label, figure with its unit."""
    asset, token = summary["units"]["amounts"], summary["units"]["seized"]
    closes, repaid, losses = summary["closes"], summary["repaid"], summary["losses"]
    pool, liquidator, health = summary["pool"], summary["liquidator"], summary["health"]

    def money(amount: float) -> str:
        return f"{amount:,.0f} {asset}"

    def change(one: Any, other: Any, figure: str) -> str:
        return " -> ".join("none" if each is None else format(each, figure) for each in (one, other))

    prices = summary["price"]
    rows = [
        (
            "price",
            "first, lowest, last",
            ", ".join(f"{prices[key]:,.2f}" for key in ("first", "lowest", "last")),
        ),
        (
            "closes",
            "all (restorable, shortfall)",
            f"{closes['all']:,} ({closes[RESTORABLE]:,}, {closes[SHORTFALL]:,}) "
            f"in {closes['transactions']:,} batches",
        ),
        (
            "",
            "positions touched, emptied",
            f"{closes['positions_touched']:,}, {closes['positions_emptied']:,} of {closes['positions']:,}",
        ),
        ("", "liquidatable at the end", f"{closes['left_liquidatable']:,}"),
        ("debt", "repaid", money(repaid["all"])),
        ("", "  in restorable closes", money(repaid[RESTORABLE])),
        ("", "  in shortfall closes", money(repaid[SHORTFALL])),
        ("", "extinguished", money(summary["extinguished"])),
        ("", "seized", f"{summary['seized']:,.2f} {token}"),
        ("", "fees, to the reserve", money(summary["fees"])),
        ("losses", "carried by the reserve", money(losses["reserves"])),
        ("", "carried by the backstop", f"{money(losses['backstop'])} (no stakes)"),
        (
            "",
            "carried by lenders",
            f"{money(losses['lenders'])} ({losses['lenders'] / pool[START]['lenders_assets']:.2%} of all)",
        ),
        (
            "reserve",
            "start -> end",
            f"{change(pool[START]['reserves'], pool[END]['reserves'], ',.0f')} {asset}",
        ),
        ("liquidator", "gross profit, oracle's price", money(liquidator["gross_profit"])),
        (
            "",
            "capital, start -> end",
            f"{change(liquidator['capital'], liquidator['loan_asset_at_end'], ',.0f')} {asset}",
        ),
    ]
    for which, label, before, after in (
        ("positions", "start -> end", health["positions"][START], health["positions"][END]),
        ("closes", "before -> after", health["closes"]["before"], health["closes"]["after"]),
    ):
        for key in ("mean", "min"):
            group = "health" if (which, key) == ("positions", "mean") else ""
            rows.append((group, f"{which}, {key}, {label}", change(before[key], after[key], ".3f")))
    examined = sum(summary["promises"].values())
    rows.append(("promises", "examined, broken", f"{examined:,}, 0"))
    rows.append(("run", "wall time", f"{summary['wall_seconds']:.1f} s"))
    return rows
