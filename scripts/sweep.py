"""`ape run sweep SCENARIO`: `plimsoll sweep`."""

from plimsoll.cli.sweep import cli

__all__ = ["cli"]
