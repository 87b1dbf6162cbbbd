"""Measures Plimsoll beside its peers; writes bench/peers.json, tables and picture."""

import json
import sys

from rich.console import Console

from bench.peers import report
from bench.peers.ground import Ground
from bench.peers.node import node
from bench.peers.packages import ROOT, installed
from bench.peers.results import run

WIDTH = 105  # of the widest table, also where the terminal is narrower
OUTPUT = ROOT / "bench" / "peers.json"


def main() -> None:
    """Measures on an Anvil of its own."""
    if not installed():
        sys.exit(
            "the peers are not installed in the versions of bench/peers/package.json; "
            "run `make bench ARGS=peers`"
        )
    console = Console()
    console.width = max(console.width, WIDTH)
    with node() as engine:
        results = run(Ground(engine))
    for table in report.tables(results):
        console.print(table)
    OUTPUT.write_text(json.dumps(results, indent=2) + "\n")
    report.renew(results)
    report.draw(results)
    for path in (OUTPUT, report.DOCUMENT, report.PICTURE):
        console.print(f"written: {path.relative_to(ROOT)}")
