"""What baskets cost and bring; writes bench/baskets.json.

All three parts are measured, or those that are named: `games` and `picking` (a minute each), `sharing` (ten
minutes on two cores).
"""

from __future__ import annotations

import json

from bench.baskets import games, picking, sharing
from plimsoll.scenario.files import ROOT

RESULTS = ROOT / "bench" / "baskets.json"
PARTS = {"games": games.measured, "picking": picking.measured, "sharing": sharing.measured}


def main(*parts: str) -> None:
    """Measures the parts that are named, without names all."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for part in parts or PARTS:
        results[part] = PARTS[part]()
        print(json.dumps({part: results[part]}, indent=2))
        RESULTS.write_text(json.dumps(results, indent=2) + "\n")
