"""How fast the scenario laboratory is.

All six parts are measured, or those that are named; results go into bench/laboratory.json, the growth into a
picture as well. One process on one core: what runs in process is measured in seconds of the process, so that
others on the machine matter less, what the command does in wall time, for which the machine should be idle.

- path: one run of 10,000 borrowers and 1,000 blocks in process, its market built first.
- sweep: runs of a market of 1,000 borrowers and 500 blocks, and of the scenario whale, one after the other as
  a sweep plays them; a market is built once. And how much longer those take that the contracts play, too.
- growth: the same for more and more borrowers and blocks; and what a block costs in which nobody can be
  liquidated.
- book: a file of 100,000 positions, with a heavy tail and some under water: to read and check it, to make
  loans of it, and to open these.
- large: 100,000 borrowers and 10,000 blocks with about 50,000 closes, at the outside price and on a pair.
- shipped: every scenario of scenarios/ by its command, on Anvil and in process, report included.
"""

import gc
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from plimsoll.chain import artifacts
from plimsoll.chain.revm import Revm
from plimsoll.report.figures.style import BLUE, DPI, GREEN, GREY, ORANGE
from plimsoll.scenario import borrowers as people
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.files import ROOT, SCENARIOS
from plimsoll.scenario.positions_file import write
from plimsoll.scenario.reading import load, parse
from plimsoll.scenario.records import Result
from plimsoll.scenario.run import Laboratory, clock_of, laboratory_of
from plimsoll.scenario.sweep import Work
from plimsoll.scenario.world import CONTRACTS

RESULTS = ROOT / "bench" / "laboratory.json"
PICTURE = ROOT / "docs" / "images" / "laboratory.png"
BORROWERS = (1_000, 3_000, 10_000, 30_000, 100_000)
BLOCKS = (1_000, 2_000, 4_000, 8_000, 16_000)
SWEPT = 40  # paths
BOOK = 100_000  # positions

# a market whose size is that of its people; the price falls in four steps, and trembles so much that most
# people are closed again and again
MARKET = """\
title: Benchmark
seed: 3
block_seconds: 120
pool: {{loan: {{symbol: USDC, decimals: 6}}, supply: {supply}, stake: {stake}, reserve: {reserve}}}
vaults:
  - collateral: {{symbol: WETH, decimals: 18}}
    credit_limit: {limit}
    price: {{kind: gbm, start: 2000, hours: {hours}, volatility: {volatility}}}
    shocks: {shocks}
    dex: {dex}
borrowers:
  - {{count: {count}, total_debt: {debt}, health: {{min: {least}, max: 2}}}}
liquidators:
  - {liquidator}
"""


def market(
    borrowers: int, blocks: int, calm: bool = False, dex: bool = False, fall: float = 0.14
) -> Scenario:
    """A market of so many people, for so many blocks.

    Args:
        borrowers: how many.
        blocks: how many.
        calm: the price reaches nobody.
        fall: of the price in each of its four steps; the rest of its moves are in proportion.
        dex: collateral is sold on a pair, without capital; else at the outside price.
    """
    hours = blocks / 30
    shocks = [] if calm else [{"hour": hours * part / 5, "factor": 1 - fall} for part in range(1, 5)]
    text = MARKET.format(
        count=borrowers, debt=10_000 * borrowers, limit=15_000 * borrowers, supply=20_000 * borrowers,
        stake=100 * borrowers, reserve=10 * borrowers, hours=hours,
        volatility=(0.01 if calm else 0.3 * fall / 0.14) / (hours / 8_760) ** 0.5, shocks=json.dumps(shocks),
        least=1.5 if calm else 1.04,
        dex=json.dumps({"depth": 4_000 * borrowers, "arbitrage": 400 * borrowers} if dex else None),
        liquidator=f"{{kind: {'flash' if dex else f'capital, capital: {10_000 * borrowers}'}, batch: 200}}",
    )  # fmt: skip
    return parse(text, "the benchmark's market")


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of this process, and the answer."""
    gc.collect()
    start = process_time()
    answer = function()
    return process_time() - start, answer


def run(scenario: Scenario, code: Any) -> dict[str, float]:
    """Builds a market and plays it once."""
    build, laboratory = timed(lambda: Laboratory(scenario, Revm(clock_of(scenario)), code))
    play, result = timed(laboratory.play)
    return {
        "borrowers": scenario.borrowers[0].count,
        "blocks": scenario.blocks,
        "build": round(build, 2),
        "play": round(play, 2),
        "liquidations": len(result.liquidations),
        "compared": result.compared,
    }


def path(code: Any) -> dict[str, float]:
    found = run(market(10_000, 1_000), code)
    print(
        f"10,000 borrowers, 1,000 blocks, {found['liquidations']:,} liquidations: "
        f"{found['build']:.1f} s to build, {found['play']:.1f} s to play"
    )
    return found


def closes(result: Result) -> float:
    """How many there were: a measure of one's own."""
    return len(result.liquidations)


def sweep(code: Any) -> list[dict[str, Any]]:
    found = []
    markets = {
        "outside": (market(1_000, 500), SWEPT),
        "pair": (market(1_000, 500, dex=True), SWEPT),
        "whale": (load(SCENARIOS / "whale.yaml"), 4 * SWEPT),
    }
    for name, (scenario, paths) in markets.items():
        work = Work({0: scenario}, code, measures=(closes,))
        build, laboratory = timed(lambda: laboratory_of(scenario, code))  # noqa: B023
        seconds, rows = timed(lambda: [work.row(0, path) for path in range(paths)])  # noqa: B023
        alone, both = (
            timed(lambda: [how(path) for path in range(paths // 4)])[0]  # noqa: B023
            for how in (laboratory.quick, laboratory.play)
        )
        found.append({
            "market": name,
            "paths": paths,
            "build": round(build, 2),
            "seconds": round(seconds, 2),
            "liquidations": round(float(np.mean([row["closes"] for row in rows]))),
            "paths_a_minute": round(60 * paths / (build + seconds)),
            "both_to_alone": round(both / alone, 2),
        })  # fmt: skip
        print(found[-1])
    return found


def growth(code: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"borrowers": [], "blocks": [], "calm": []}
    for count in BORROWERS:
        found["borrowers"].append(run(market(count, 250), code))
        print(found["borrowers"][-1])
    for blocks in BLOCKS:
        found["blocks"].append(run(market(3_000, blocks), code))
        print(found["blocks"][-1])
    for count in BORROWERS:
        scenario = market(count, 4_000, calm=True)
        laboratory = Laboratory(scenario, Revm(clock_of(scenario)), code)
        times: list[float] = []
        result = laboratory.play(progress=lambda _, __: times.append(process_time()))  # noqa: B023
        assert not result.liquidations
        each = {"borrowers": count, "microseconds_a_block": round((times[-1] - times[0]) / 4_000 * 1e6)}
        found["calm"].append(each)
        print(each)
    draw(found)
    return found


def draw(found: dict[str, Any]) -> None:
    """The growth as a picture."""
    figure = Figure(figsize=(12, 4.2), dpi=DPI, layout="constrained")
    by_borrowers, by_blocks, calm = figure.subplots(1, 3)
    for panel, key in ((by_borrowers, "borrowers"), (by_blocks, "blocks")):
        sizes = np.array([each[key] for each in found[key]])
        for part, colour, marker in (("play", BLUE, "o"), ("build", ORANGE, "s")):
            seconds = [each[part] for each in found[key]]
            panel.plot(sizes, seconds, color=colour, marker=marker, label=part)
        panel.set_ylabel("seconds")
        panel.set_title("250 blocks" if key == "borrowers" else "3,000 borrowers", loc="left", fontsize=11)
    last = found["borrowers"][-1]
    by_borrowers.plot(
        BORROWERS, [last["play"] * count / last["borrowers"] for count in BORROWERS],
        color=GREY, linestyle="--", label="in proportion",
    )  # fmt: skip
    by_borrowers.set_yscale("log")
    by_blocks.set_ylim(0)
    by_blocks.set_xticks(range(0, BLOCKS[-1] + 1, BLOCKS[-1] // 4))
    for panel in (by_borrowers, by_blocks):
        panel.legend(frameon=False)
    calm.plot(
        [each["borrowers"] for each in found["calm"]],
        [each["microseconds_a_block"] for each in found["calm"]],
        color=GREEN, marker="o",
    )  # fmt: skip
    calm.set_title("a block that reaches nobody", loc="left", fontsize=11)
    calm.set_ylabel("microseconds")
    calm.set_ylim(0, 2 * max(each["microseconds_a_block"] for each in found["calm"]))
    for panel, name in ((by_borrowers, "borrowers"), (by_blocks, "blocks"), (calm, "borrowers")):
        if name == "borrowers":
            panel.set_xscale("log")
        panel.set_xlabel(name)
        panel.grid(True, color="#dddddd", linewidth=0.6)
        panel.spines[["top", "right"]].set_visible(False)
        for axis in (panel.xaxis, panel.yaxis):
            axis.set_major_formatter(lambda x, _: f"{x:,g}")
    figure.savefig(PICTURE, metadata={"Software": ""})


def book(code: Any) -> dict[str, float]:
    rng = np.random.default_rng(3)
    debts = np.minimum(2_500 * (1 + rng.pareto(1.5, BOOK)), 5 * 10**6)
    collateral = debts / rng.uniform(0.3, 1.1, BOOK) / 2_000
    rows = ((f"0x{rng.bytes(20).hex()}", 0, f"{held:.18f}", f"{debt:.6f}", "", "")
            for held, debt in zip(collateral.tolist(), debts.tolist(), strict=True))  # fmt: skip
    with TemporaryDirectory() as folder:
        write(Path(folder) / "book.csv", rows)
        settings = ["borrowers=[{file: book.csv}]", "pool.reserve=0"]
        text = json.dumps(market(BOOK, 250).model_dump(mode="json", exclude={"borrowers"}))
        check, scenario = timed(lambda: parse(text, "the benchmark's market", settings, Path(folder)))
    plan, _ = timed(lambda: people.draw(scenario, [2_000.0]))
    build, _ = timed(lambda: Laboratory(scenario, Revm(clock_of(scenario)), code))
    found = {"positions": BOOK, "check": round(check, 2), "plan": round(plan, 2), "build": round(build, 2)}
    print(found)
    return found


def large(code: Any) -> list[dict[str, Any]]:
    found = []
    for dex in (False, True):
        scenario = market(100_000, 10_000, dex=dex, fall=0.053)
        laboratory = Laboratory(scenario, Revm(clock_of(scenario)), code)
        seconds, result = timed(laboratory.play)
        found.append({
            "dex": dex,
            "borrowers": 100_000,
            "blocks": scenario.blocks,
            "play": round(seconds, 1),
            "liquidations": len(result.liquidations),
            "most_waiting": max(row.liquidatable for row in result.vaults),
        })  # fmt: skip
        print(found[-1], flush=True)
    return found


def shipped(_code: Any) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for file in sorted(SCENARIOS.glob("*.yaml")):
        found[file.stem] = {}
        for engine in ("anvil", "revm"):
            with TemporaryDirectory() as folder:
                out = Path(folder) / "report"
                command = ["ape", "run", "scenario", file.stem, "--engine", engine, "--out", str(out)]
                start = perf_counter()
                subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
                seconds = perf_counter() - start
                played = json.loads((out / "summary.json").read_text())["seconds"]
            found[file.stem] |= {f"{engine}_command": round(seconds, 1), f"{engine}_play": played}
        print(file.stem, found[file.stem])
    return found


PARTS = {"path": path, "sweep": sweep, "growth": growth, "large": large, "book": book, "shipped": shipped}


def main(*names: str) -> None:
    if unknown := [name for name in names if name not in PARTS]:
        raise SystemExit(f"There is no part {unknown[0]!r}; the parts are {', '.join(PARTS)}.")
    code = artifacts.load(CONTRACTS, True)
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in names or PARTS:
        results[name] = PARTS[name](code)
        RESULTS.write_text(json.dumps(results, indent=2) + "\n")
