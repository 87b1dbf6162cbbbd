"""How long one waits for a command: from its start to its end, in a process of its own, the middle of five.

The first run of each is not counted: it fills caches of Python, of the fonts and of the disk. Wall time; let
the machine do nothing else.
"""

import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

ROUNDS = 5
PLIMSOLL = ("-m", "plimsoll")
COMMANDS = {
    "import plimsoll": ("-c", "import plimsoll"),
    "plimsoll --help": (*PLIMSOLL, "--help"),
    "plimsoll run --help": (*PLIMSOLL, "run", "--help"),
    "plimsoll deploy --help": (*PLIMSOLL, "deploy", "--help"),
    "plimsoll run flash-wick": (*PLIMSOLL, "run", "flash-wick", "--out", "report"),
}


def seconds(words: tuple[str, ...], folder: Path) -> float:
    start = perf_counter()
    subprocess.run([sys.executable, *words], cwd=folder, check=True, capture_output=True)
    return perf_counter() - start


def main() -> None:
    bare = ("-c", "pass")
    print("| command | seconds |\n|---|---|")
    with TemporaryDirectory() as name:
        for title, words in {"Python alone": bare, **COMMANDS}.items():
            seconds(words, Path(name))
            print(f"| `{title}` | {median(seconds(words, Path(name)) for _ in range(ROUNDS)):.2f} |")
