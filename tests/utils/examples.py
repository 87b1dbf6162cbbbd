"""The examples, outside of the repository and in processes of their own, as a stranger has them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def copy(name: str, to: Path) -> Path:
    """Copies an example; its folder."""
    return Path(shutil.copytree(ROOT / "examples" / name, to / name))


def blocks(kind: str, document: str = "docs/testing-your-own.md") -> list[str]:
    """The blocks of a kind in a document."""
    text = (ROOT / document).read_text()
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.S | re.M)


def run(*command: str, folder: Path) -> str:
    """What a command of this environment prints in a folder; it must succeed.

    The package is that of this clone, its plugin is there even where the installation is older.
    """
    program = Path(sys.executable).with_name(command[0])
    clone = {"PYTHONPATH": str(ROOT), "PYTEST_PLUGINS": "plimsoll.testing.plugin"}
    done = subprocess.run(
        [str(program), *command[1:]],
        cwd=folder,
        env={**os.environ, **clone, "APE_DATA_FOLDER": str(folder / ".ape")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
