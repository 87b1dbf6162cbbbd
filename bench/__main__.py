"""All measurements behind one command: `python -m bench NAME`, or `make bench ARGS=NAME`.

gas           of every operation, against its budget; writes bench/gas.json
peers         the gas beside Morpho Blue and Aave v3; writes bench/peers.json, docs/benchmarks.md, its picture
quotes        liquidations that the Python model quotes in a second
keeper        seconds that the keeper takes with 100,000 positions
startup       seconds from a command to its end: imports, help, a report
baskets       what sharing collateral costs, and what picking brings; writes bench/baskets.json; PARTs too
page          libraries for pictures on a page: size, frames a second with 10,000 positions
arena         arena-1 on a seed of its own, and plays a minute; writes bench/arena.json
rare          what it saves to play the deepest falls of many paths; writes bench/rare.json
laboratory    seconds that scenarios take; writes bench/laboratory.json and its picture; PARTs choose some
"""

import argparse
from importlib import import_module

MODULES = {
    "gas": "bench.gas",
    "peers": "bench.peers.main",
    "quotes": "bench.quotes",
    "keeper": "bench.keeper",
    "startup": "bench.startup",
    "laboratory": "bench.laboratory",
    "baskets": "bench.baskets.main",
    "page": "bench.page.main",
    "arena": "bench.arena",
    "rare": "bench.rare",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", nargs="?", default="gas", choices=MODULES, help="what to measure (gas)")
    parser.add_argument(
        "parts", nargs="*", metavar="PART",
        help="of laboratory: path, sweep, growth, shipped; of baskets: games, picking, sharing",
    )  # fmt: skip
    options = parser.parse_args()
    if options.parts and options.name not in ("laboratory", "baskets"):
        parser.error(f"{options.name} is measured as a whole; leave {' '.join(options.parts)!r} away")
    import_module(MODULES[options.name]).main(*options.parts)


if __name__ == "__main__":
    main()
