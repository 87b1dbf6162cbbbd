"""`ape run compare A B`: `plimsoll compare`."""

from plimsoll.cli.compare import cli

__all__ = ["cli"]
