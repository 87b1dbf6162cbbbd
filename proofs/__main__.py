"""Checks every lemma and prints the table; exits 1 unless all are proven and all wrong versions refuted.

python -m proofs [-v] [WORD ...]        -v prints the counterexamples; a WORD selects lemmas by name
"""

import sys
import time
from concurrent.futures import ProcessPoolExecutor

from rich.console import Console
from rich.table import Table

import proofs.integers
import proofs.theorems  # noqa: F401  registers its lemmas
from proofs.lemma import LEMMAS, check


def main(arguments: list[str]) -> int:
    """Run the lemmas whose names contain one of the words; all without a word."""
    words = [argument for argument in arguments if argument != "-v"]
    names = [name for name in LEMMAS if not words or any(word in name for word in words)]
    start = time.monotonic()
    with ProcessPoolExecutor(max_workers=2) as pool:
        verdicts = list(pool.map(check, names))

    console = Console(width=None if sys.stdout.isatty() else 150)
    table = Table("lemma", "section", "domain", "time", "proven", "wrong version refuted")
    for verdict in verdicts:
        it = LEMMAS[verdict.lemma]
        cells = [it.name, it.section, it.domain, f"{verdict.seconds:.2f} s", verdict.proven, verdict.refuted]
        table.add_row(*cells, style="" if verdict.passed else "bold red")
    console.print(table)
    for verdict in verdicts:
        if "-v" in arguments or not verdict.passed:
            it = LEMMAS[verdict.lemma]
            console.print(f"\n[bold]{it.name}[/bold]  {it.says}", highlight=False)
            console.print(f"  wrong: {it.wrong_says}\n  {verdict.counterexample}", highlight=False)
    failed = [verdict.lemma for verdict in verdicts if not verdict.passed]
    console.print(
        f"{len(names) - len(failed)} of {len(names)} lemmas proven in {time.monotonic() - start:.0f} s"
    )
    if failed:
        console.print(f"[bold red]FAILED: {', '.join(failed)}[/bold red]")
    return 1 if failed or not names else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
