"""The model of the contracts stands alone: a keeper or a spreadsheet can use it without a chain."""

import subprocess
import sys

import pytest

ALONE = """
import importlib, pkgutil, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top != "plimsoll" and top not in sys.stdlib_module_names:
            raise ImportError(f"{name} is refused")

sys.meta_path.insert(0, Refuse())
import plimsoll.twin
for module in pkgutil.iter_modules(plimsoll.twin.__path__):
    importlib.import_module("plimsoll.twin." + module.name)
print(sorted({name.partition(".")[0] for name in sys.modules} & {"ape", "web3", "pyrevm", "numpy"}))
"""


@pytest.mark.processes
def test_the_twin_needs_the_standard_library_alone():
    """Every module is imported where ape, and whatever else is installed, cannot be."""
    run = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "[]\n", "")
