"""Keeps ape's compiled contracts in step with their sources.

Ape recompiles a contract when its own text has changed. It does not notice an edited module, so the contracts
that import it would keep their old bytecode, and it never forgets a contract whose file is gone.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ape.managers.project import LocalProject

_COMPILERS = ("vyper", "ape-vyper", "snekmate")


def ensure_compiled(project: LocalProject) -> bool:
    """Compiles every contract afresh unless the last compilation is known to match the sources.

    Call it once, before the first use of ``project.SomeContract``.

    Args:
        project: ape's project, as in ``from ape import project``.

    Returns:
        Whether anything was compiled.

    Raises:
        ape.exceptions.CompilerError: a contract does not compile. The next call tries again.
    """
    stamp = project.manifest_path.with_name("sources.sha256")
    if stamp.is_file() and stamp.read_text() == _digest(project):
        return False

    stamp.unlink(missing_ok=True)
    project.clean()
    project.load_contracts(use_cache=False)
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(_digest(project))
    return True


def _digest(project: LocalProject) -> str:
    """Hashes all that the compiled contracts depend on, and the compiled contracts.

    The latter because ape may have compiled in between, from sources that are no longer there.

    Args:
        project: ape's project.

    Returns:
        The SHA-256 in hexadecimal digits.
    """
    digest = hashlib.sha256()
    for compiler in _COMPILERS:
        digest.update(f"{compiler} {version(compiler)}\0".encode())
    root = project.path
    for path in (root / "ape-config.yaml", *sorted((root / "contracts").rglob("*.vy*"))):
        digest.update(f"{path.relative_to(root).as_posix()}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    for name, contract in sorted((project.manifest.contract_types or {}).items()):
        digest.update(f"{name}\0{contract.source_id}\0".encode())
        digest.update(contract.get_deployment_bytecode() or b"")
    return digest.hexdigest()
