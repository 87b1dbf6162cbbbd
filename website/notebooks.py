"""The notebooks of docs/notebooks, executed while the site is built."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from jupyter_client import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbconvert import MarkdownExporter

from plimsoll.chain import artifacts

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
PATIENCE = 600  # seconds for a cell, on a machine that is busy
AT_ONCE = 2


class NotebookError(Exception):
    """A notebook does not run; the message has the cell."""


def pages() -> dict[str, str | bytes]:
    """What each notebook becomes: its Markdown, and the pictures that it draws.

    Raises:
        NotebookError: a cell fails.
    """
    artifacts.compile_missing()  # once, rather than in each kernel
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return {name: content for made in pool.map(_page, NOTEBOOKS) for name, content in made.items()}


def _page(path: Path) -> dict[str, str | bytes]:
    notebook = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": str(ROOT)}}
    with TemporaryDirectory() as sockets:  # rather than ports, which would be open to the whole machine
        kernel = AsyncKernelManager(transport="ipc", ip=f"{sockets}/kernel")
        try:
            NotebookClient(notebook, km=kernel, timeout=PATIENCE, resources=where).execute()
        except (CellExecutionError, CellTimeoutError) as error:
            raise NotebookError(f"A cell of {path.relative_to(ROOT)} fails:\n{error}") from None
    folder = f"{path.stem}_files"
    text, resources = MarkdownExporter().from_notebook_node(
        notebook, resources={"output_files_dir": folder, "unique_key": "figure"}
    )
    pictures = {f"notebooks/{name}": content for name, content in resources["outputs"].items()}
    return {f"notebooks/{path.stem}.md": text, **pictures}
