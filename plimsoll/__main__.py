"""`python -m plimsoll`: the command, where its folder is not on the path."""

from plimsoll.cli import main

main()
