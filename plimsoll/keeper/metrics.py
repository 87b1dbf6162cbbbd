"""The keeper's status as Prometheus metrics; the price in 1e36, funds in base units of the loan asset."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from plimsoll.keeper.loop import Status

GAUGES = {
    "block": "the last block that was read",
    "positions": "positions in the vault",
    "liquidatable": "positions that can be liquidated",
    "price": "the oracle's price, 1e36; of a basket that of its first leg",
    "funds": "base units of the loan asset",
    "spent": "on upkeep and on closes that do not pay, in a day, base units of the loan asset",
}
COUNTS = {
    "ticks": "looks at the chain",
    "sent": "transactions sent",
    "replaced": "transactions sent in the place of one that was not mined",
    "mined": "transactions mined",
    "reverted": "transactions mined that reverted",
    "errors": "looks that failed",
    "no price": "looks at which the oracle had no price",
    "dry": "batches that a dry run did not send",
}


class _StatusCollector(Collector):
    def __init__(self, status: Callable[[], Status]) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        status = self._status()
        for name, meaning in GAUGES.items():
            yield GaugeMetricFamily(f"plimsoll_keeper_{name}", meaning, value=getattr(status, name))
        for name, meaning in COUNTS.items():
            metric = f"plimsoll_keeper_{name.replace(' ', '_')}"
            yield CounterMetricFamily(metric, meaning, value=status.counts[name])


def registry(status: Callable[[], Status]) -> CollectorRegistry:
    """What `prometheus_client` serves or writes: the status at the moment it is asked."""
    found = CollectorRegistry()
    found.register(_StatusCollector(status))
    return found
