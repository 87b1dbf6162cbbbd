"""An Anvil for this measurement alone.

Not the one that ape starts, which records every step of every transaction: gigabytes for 256 liquidations by
Aave. Nor does it keep the states of past blocks, which would make each block slower than the last.
"""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ape import networks
from ape.api import ProviderAPI

GAS_LIMIT = 100_000_000  # of block and transaction: 256 liquidations in a loop need more than the usual block
PATIENCE = 60  # seconds
STATES = "4"  # of the last blocks, which a trace needs


@contextmanager
def node() -> Iterator[ProviderAPI]:
    """Connects ape to a fresh Anvil under prague rules; ends it afterwards.

    Raises:
        TimeoutError: it does not listen.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    rules = ["--hardfork", "prague", "--gas-limit", str(GAS_LIMIT), "--base-fee", "0", "--gas-price", "0"]
    options = ["--silent", "--port", str(port), "--prune-history", STATES]
    process = subprocess.Popen(["anvil", *rules, *options])
    try:
        _await(port)
        host = {"host": f"http://127.0.0.1:{port}"}
        with networks.parse_network_choice("ethereum:local:foundry", provider_settings=host) as provider:
            yield provider
    finally:
        process.terminate()
        process.wait()


def _await(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise TimeoutError(f"Anvil does not listen on port {port} after {PATIENCE} seconds")
