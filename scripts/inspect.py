"""`ape run inspect`: `plimsoll inspect`.

Ape loads this file as `scripts.inspect` and puts the project's folder on the path, not this one: so it does
not hide the standard library's `inspect`, as long as nobody runs a script of this folder without ape.
"""

from plimsoll.cli.inspect import cli

__all__ = ["cli"]
