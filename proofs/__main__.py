"""Checks every lemma and prints the table; exits 1 unless all are proven and all wrong versions refuted.

python -m proofs [-v] [WORD ...]        -v prints the counterexamples; a WORD selects lemmas by name
"""

import sys
import time
from concurrent.futures import ProcessPoolExecutor

from rich.console import Console
from rich.table import Table

import proofs.baskets
import proofs.bounds
import proofs.integers
import proofs.theorems
import proofs.tranche
import proofs.words  # noqa: F401  these register their lemmas
from proofs import bytecode, lemma, unsafe
from proofs.lemma import LEMMAS, Verdict

FILES = "256 bits, fields as bounded"


def check(name: str) -> Verdict:
    """Check a lemma, the unsafe arithmetic of a file, or a claim about the bytecode."""
    if name in LEMMAS:
        return lemma.check(name)
    return bytecode.check(name) if name in bytecode.CHECKS else unsafe.check(name)


def words_for(name: str) -> tuple[str, str, str, str]:
    """Section, domain, sentence and wrong version."""
    if name in LEMMAS:
        it = LEMMAS[name]
        return it.section, it.domain, it.says, it.wrong_says
    if name in bytecode.CHECKS:
        one = bytecode.CHECKS[name]
        return one.section, f"bytecode of {one.contract}", one.says, one.wrong_says
    return (
        "2 to 11, 17",
        FILES,
        "No unsafe operation wraps.",
        "Without bounds, lemmas and the function's checks.",
    )


def main(arguments: list[str]) -> int:
    """Run the lemmas whose names contain one of the words; all without a word."""
    words = [argument for argument in arguments if argument != "-v"]
    names = [*bytecode.CHECKS, *LEMMAS, *unsafe.PATHS]  # the longest first
    names = [name for name in names if not words or any(word in name for word in words)]
    start = time.monotonic()
    with ProcessPoolExecutor(max_workers=2) as pool:
        verdicts = list(pool.map(check, names))

    console = Console(width=None if sys.stdout.isatty() else 150)
    table = Table("lemma", "section", "domain", "time", "proven", "wrong version refuted")
    for verdict in verdicts:
        section, domain, _, _ = words_for(verdict.lemma)
        cells = [verdict.lemma, section, domain, f"{verdict.seconds:.2f} s", verdict.proven, verdict.refuted]
        table.add_row(*cells, style="" if verdict.passed else "bold red")
    console.print(table)
    for verdict in verdicts:
        if "-v" in arguments or not verdict.passed:
            _, _, says, wrong = words_for(verdict.lemma)
            console.print(f"\n[bold]{verdict.lemma}[/bold]  {says}", highlight=False)
            console.print(f"  wrong: {wrong}\n  {verdict.counterexample}", highlight=False)
            if verdict.lemma in unsafe.PATHS:
                lines = Table("line", "operation", "bits", "why it does not wrap")
                for line in unsafe.listing(verdict.lemma):
                    lines.add_row(*line)
                console.print(lines)
    failed = [verdict.lemma for verdict in verdicts if not verdict.passed]
    console.print(
        f"{len(names) - len(failed)} of {len(names)} lemmas proven in {time.monotonic() - start:.0f} s"
    )
    if failed:
        console.print(f"[bold red]FAILED: {', '.join(failed)}[/bold red]")
    return 1 if failed or not names else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
