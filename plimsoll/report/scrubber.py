"""What pages of runs need to show any of their moments, as data for their scripts."""

from __future__ import annotations

import gzip
from base64 import b64encode
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from plimsoll.report.figures.sheet import spans
from plimsoll.report.folder import Run
from plimsoll.scenario.records import SHORTFALL

if TYPE_CHECKING:
    import pandas as pd

MOMENTS = 1_000  # of charts, at most
POSITIONS = 2_000  # of a vault, those with the largest debts
CLOSES = 3_000  # those with the largest losses, then the lowest health
PARTIES = 12  # with gains or losses of their own, the largest
HEALTHS = (1, 1.1, 1.5)  # limits of the bands of debt, as in plimsoll/page/static/theme.js
DATA = 400_000  # bytes of a table in the page, as it stands there
DIGITS = 7  # of a number in the page


def scrubber(run: Run) -> dict[str, Any]:
    """Times, prices, positions and their changes, closes, losses and gains of a run, for `scrubber.js`.

    Of long runs at most `MOMENTS` recorded blocks, of large ones the positions with the largest debts; the
    answer says how many there are.
    """
    pool = _thinned(run.tables["pool"])
    first = run.scenario.start.timestamp()
    blocks = pool["block"].to_numpy()
    losses, closes = run.tables["losses"], run.tables["liquidations"]
    return {
        "title": run.scenario.title,
        "loan": run.loan,
        "blockSeconds": run.summary["block_seconds"],
        "start": first,
        "times": _times(run, pool["hour"]),
        "index": _numbers(pool["debt_index"]),
        "utilisation": _numbers(pool["utilisation"]),
        "rate": _numbers(pool["borrow_rate"]),
        "lost": _numbers(_so_far(losses, "extinguished", blocks)),
        "closed": _numbers(_so_far(closes, "extinguished", blocks)),
        "vaults": [_vault(run, vault, blocks) for vault in range(len(run.scenario.vaults))],
        "closes": _closes(run),
        "allCloses": len(closes),
        "gains": _gains(run, blocks),
    }


def comparison(runs: Sequence[Run]) -> dict[str, Any]:
    """The same charts of several runs, by the hours since their start, for `comparison.js`."""
    last = max(run.scenario.duration for run in runs)
    hours = np.linspace(0, float(last), MOMENTS // 2)
    charts = [
        ("First collateral's price over that at the start", "plain", _first_price),
        ("Lowest health factor", "plain", _lowest_health),
        ("Debt liquidated so far", "amount", lambda run: _sums(run, "liquidations")),
        ("Bad debt booked so far", "amount", lambda run: _sums(run, "losses")),
        ("Utilisation", "part", lambda run: run.tables["pool"].set_index("hour")["utilisation"]),
    ]
    return {
        "times": _times(runs[0], hours),
        "charts": [
            {
                "title": title,
                "unit": runs[0].loan if kind == "amount" else "",
                "kind": kind,
                "series": [_numbers(_at(of(run), hours, run)) for run in runs],
            }
            for title, kind, of in charts
        ],
    }


def _first_price(run: Run) -> pd.Series[float]:
    prices = run.quotes(0, 0).set_index("hour")["outside"]
    over: pd.Series[float] = prices / float(prices.iloc[0])
    return over


def _lowest_health(run: Run) -> pd.Series[float]:
    lowest: pd.Series[float] = run.tables["vaults"].groupby("hour")["health_min"].min()
    return lowest


def _sums(run: Run, table: str) -> pd.Series[float]:
    """Debt that ceased to exist, so far, by the hour; 0 at the start."""
    import pandas as pd

    summed = run.tables[table].groupby("hour")["extinguished"].sum().cumsum()
    found: pd.Series[float] = pd.concat([pd.Series({-1.0: 0.0}), summed])
    return found


def _at(values: pd.Series[float], hours: Any, run: Run) -> Any:
    """The last value at or before each hour; nothing after the run's end."""
    found = values.to_numpy(float)[np.searchsorted(values.index.to_numpy(), hours + 1e-9, side="right") - 1]
    return np.where(hours <= float(run.scenario.duration) + 1e-9, found, np.nan)


def _thinned(rows: pd.DataFrame) -> pd.DataFrame:
    """At most `MOMENTS` of the rows, the first and the last among them."""
    if len(rows) <= MOMENTS:
        return rows
    return rows.iloc[np.linspace(0, len(rows) - 1, MOMENTS).astype(int)]


def _numbers(values: Any) -> list[float | None]:
    """As JSON has them: seven digits, whole seconds, null for what there is not."""
    return [
        None if not np.isfinite(each) else int(each) if each == int(each) else float(f"{each:.{DIGITS}g}")
        for each in np.asarray(values, dtype=float)
    ]


def _times(run: Run, hours: Any) -> list[int]:
    """Whole seconds since 1970, of hours since the run's start."""
    return [round(each) for each in run.scenario.start.timestamp() + np.asarray(hours, dtype=float) * 3600]


def _so_far(rows: pd.DataFrame, column: str, blocks: Any) -> Any:
    """The sum of a column up to each block."""
    sums = np.concatenate([[0.0], rows[column].cumsum().to_numpy(float)])
    return sums[np.searchsorted(rows["block"].to_numpy(), blocks, side="right")]


def _vault(run: Run, vault: int, blocks: Any) -> dict[str, Any]:
    rows = run.of("vaults", vault).set_index("block").reindex(blocks)
    config = run.scenario.vaults[vault]
    prices = []
    for leg, each in enumerate(config.collaterals):
        quotes = run.quotes(vault, leg).set_index("block").reindex(blocks)
        prices.append({
            "symbol": each.collateral.symbol,
            **{name: _numbers(quotes[name]) for name in ("path", "outside", "oracle", "dex")},
        })  # fmt: skip
    return {
        "symbol": run.symbols[vault],
        "prices": prices,
        "debt": _numbers(rows["debt"]),
        "liquidatable": _numbers(rows["liquidatable"]),
        "health": {name: _numbers(rows[f"health_{name}"]) for name in ("min", "p05", "p25", "p50", "p75")},
        "bands": _bands(run, vault, blocks),
        "spans": [[name, float(span.start), float(span.end)] for name, _, span in spans(run, vault)],
        **_positions(run, vault),
    }


def _bands(run: Run, vault: int, blocks: Any) -> dict[str, Any] | None:
    """Debt by health at the moments of the ladder; at the outside price while a vault's oracle refuses."""
    ladder = run.of("ladder", vault)
    if ladder.empty:
        return None
    rows = run.of("vaults", vault).set_index("block")
    price = rows["oracle"].fillna(rows["outside"])
    healths = ladder["health"].fillna(ladder["block"].map(price) / ladder["price"].astype(float))
    kinds = np.digitize(healths, HEALTHS)
    summed = ladder.groupby([ladder["block"], kinds])["debt"].sum().unstack(fill_value=0)
    summed = summed.reindex(columns=range(len(HEALTHS) + 1), fill_value=0)
    first = run.scenario.start.timestamp()
    return {
        "times": _numbers(first + summed.index.to_numpy() * run.summary["block_seconds"]),
        "debts": [_numbers(summed[kind]) for kind in summed.columns],
    }


def _positions(run: Run, vault: int) -> dict[str, Any]:
    """The largest positions, at the start and as blocks changed them: owner, second, debt, amounts."""
    start = run.of("positions", vault)
    start = start[(start["moment"] == "start") & (start["debt"] > 0)].set_index("owner")
    changes = run.of("changes", vault)
    legs = range(len(run.scenario.vaults[vault].collaterals))
    if len(legs) == 1:
        begin = start["collateral"].to_frame(0)
    else:
        held = run.of("holdings", vault)
        begin = held[held["moment"] == "start"].pivot(index="owner", columns="leg", values="amount").fillna(0)
    later = changes.pivot(index=["hour", "owner", "debt"], columns="leg", values="collateral").reset_index()
    largest = start["debt"].combine(changes.groupby("owner")["debt"].max(), max, fill_value=0)
    largest = largest.sort_values(ascending=False)
    owners = {owner: number for number, owner in enumerate(largest.index[:POSITIONS])}
    start, later = start[start.index.isin(owners)], later[later["owner"].isin(owners)]
    first = run.scenario.start.timestamp()
    return {
        "owners": list(owners),
        "begin": _rows(
            start.index.map(owners),
            np.full(len(start), first),
            start["debt"],
            *(begin.reindex(start.index, columns=legs)[leg] for leg in legs),
        ),
        "changes": _rows(
            later["owner"].map(owners),
            first + later["hour"] * 3600,
            later["debt"],
            *(later.reindex(columns=legs)[leg] for leg in legs),
        ),
        "allPositions": len(largest),
        "thresholds": [float(run.scenario.vaults[vault].risk_of(leg).threshold) for leg in legs],
    }


def _rows(*columns: Any) -> list[list[float | None]]:
    return [list(row) for row in zip(*map(_numbers, columns), strict=True)]


def _closes(run: Run) -> list[list[Any]]:
    """A row for each close, as `scrubber.js` takes it apart."""
    rows = run.tables["liquidations"]
    if len(rows) > CLOSES:
        lost = rows["extinguished"] - rows["repaid"]
        rows = rows.assign(lost=lost).sort_values(["lost", "health_before"], ascending=[False, True])
        rows = rows.head(CLOSES).sort_index()
    columns = [
        _times(run, rows["hour"]),
        _numbers(rows["vault"]),
        list(rows["owner"]),
        list(rows["liquidator"]),
        [int(kind == SHORTFALL) for kind in rows["kind"]],
        *(
            _numbers(rows[name])
            for name in (
                "price",
                "debt_before",
                "repaid",
                "extinguished",
                "fee",
                "health_before",
                "health_after",
                "blocks_waited",
            )
        ),
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def _gains(run: Run, blocks: Any) -> list[dict[str, Any]]:
    """What each party has gained from others, so far: the flows added up."""
    flows = run.tables["flows"]
    flows = flows[flows["purpose"] != "outside"]
    found = []
    for party in dict.fromkeys([*flows["payer"], *flows["payee"]]):
        got, gave = flows[flows["payee"] == party], flows[flows["payer"] == party]
        gained = _so_far(got, "value", blocks) - _so_far(gave, "value", blocks)
        if np.abs(gained).max() >= 0.5:
            found.append((float(np.abs(gained).max()), {"party": party, "gained": _numbers(gained)}))
    return [each for _, each in sorted(found, key=lambda pair: -pair[0])[:PARTIES]]


def tables(run: Run) -> dict[str, str]:
    """Tables as compressed CSV, base 64, as the page gives them away; those too large for it are left out."""
    found = {}
    for name, rows in run.tables.items():
        if rows.empty:
            continue
        packed = gzip.compress(rows.to_csv(index=False).encode(), mtime=0)
        if len(packed) * 4 / 3 <= DATA:
            found[name] = b64encode(packed).decode()
    return found
