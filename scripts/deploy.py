"""`ape run deploy market --file markets/x.yaml`: `plimsoll deploy`."""

from plimsoll.cli.deploy import cli

__all__ = ["cli"]
