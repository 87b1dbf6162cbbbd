"""`ape run verify`: `plimsoll verify`."""

from plimsoll.cli.verify import cli

__all__ = ["cli"]
