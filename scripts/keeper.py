"""`ape run keeper`: `plimsoll keep`."""

from plimsoll.cli.keep import cli

__all__ = ["cli"]
