"""Adds to a built package what a clone has beside it, and its compiled contracts; see `plimsoll.places`.

Everything else about the package stands in pyproject.toml.
"""

import shutil
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
FOLDERS = ("contracts", "scenarios", "markets")
LINKED = {"interfaces": "contracts/interfaces", "solidity": "interfaces"}  # in the package of a clone: links
PINS = "package.json"  # of the npm packages that `plimsoll fetch` gets


class BuildWithData(build_py):
    """Puts `shipped` into the package that is built; the clone stays as it is."""

    def run(self) -> None:
        """Copies and compiles, unless the package is installed in place."""
        super().run()
        if self.editable_mode:
            return
        sys.path.insert(0, str(ROOT))
        from plimsoll.chain import artifacts
        from plimsoll.places import COMPILED

        shipped = Path(self.build_lib) / "plimsoll" / "shipped"
        shutil.rmtree(shipped, ignore_errors=True)
        for folder in FOLDERS:
            shutil.copytree(ROOT / folder, shipped / folder)
        for folder, source in LINKED.items():
            shutil.copytree(ROOT / source, shipped.parent / folder, dirs_exist_ok=True)
        shutil.copy(ROOT / PINS, shipped)
        artifacts.compile_missing()
        (shipped / "artifacts").mkdir()
        for name in artifacts.sources():
            shutil.copy(COMPILED / f"{name}.json", shipped / "artifacts")


setup(cmdclass={"build_py": BuildWithData})
