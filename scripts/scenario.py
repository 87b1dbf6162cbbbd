"""`ape run scenario SCENARIO`: `plimsoll run`, on Anvil by default."""

from plimsoll.cli.run import command

cli = command("anvil")
