"""`ape run watch`: `plimsoll watch`."""

from plimsoll.cli.watch import cli

__all__ = ["cli"]
