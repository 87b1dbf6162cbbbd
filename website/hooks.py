"""What MkDocs does beside rendering docs/: brings in pages from elsewhere, and makes links work on the site.

The same Markdown is read on a code host, where a link leads to a file of the repository. On the site such a
link leads to the page that is made of the file, or to its text. References are generated, of the package from
its docstrings and of the contracts from their NatSpec. Nothing that is generated is committed.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from website import contracts, natspec, notebooks, package

ROOT = Path(__file__).parents[1]
ELSEWHERE = {
    "index.md": "README.md",
    "security.md": "SECURITY.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    "measurements.md": "bench/README.md",
}
"""Pages that are made of files outside of docs/."""

LANGUAGES = {
    ".vy": "python",
    ".vyi": "python",
    ".py": "python",
    ".yaml": "yaml",
    ".json": "json",
    ".sh": "bash",
}
PICTURES = (".png", ".svg")
CODE_OR_TARGET = re.compile(r"^ *```.*?^ *```|`[^`\n]*`|(?<=\]\()[^)\s]+(?=\))", flags=re.M | re.S)
"""Code, in which nothing is a link, and the target of a link."""

FETCHED = re.compile(r"""<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)=["']?(?:https?:)?//""", flags=re.I)
"""What a browser would fetch from elsewhere."""

origins: dict[str, str] = {}
"""The file of the repository that each page is made of, by the page's path; filled by `on_files`."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Reads the sources of both references, and lists their pages."""
    python, solid = package.load(), contracts.load()
    missing = [*package.undocumented(python), *natspec.undocumented(solid)]
    if missing:
        raise PluginError(f"Public names without documentation: {', '.join(missing)}.")
    config.extra["generated"] = package.pages(python) | contracts.pages(solid)
    for section in config.nav:
        section |= {"Python": package.nav(python)} if "Python" in section else {}
        section |= {"Contracts": contracts.nav(solid)} if "Contracts" in section else {}
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds pages from elsewhere, references, executed notebooks, and the sources that pages link to."""
    for file in [file for file in files if file.src_uri.endswith(".ipynb")]:
        files.remove(file)
    made: dict[str, str | bytes] = config.extra.pop("generated")
    try:
        made |= notebooks.pages()
    except notebooks.NotebookError as error:
        raise PluginError(str(error)) from None
    made |= {uri: (ROOT / path).read_text() for uri, path in ELSEWHERE.items()}
    for path in (*natspec.deployable(), *natspec.interfaces()):
        made[contracts.listing_uri(path)] = _source(path.relative_to(ROOT).as_posix())
    for uri, content in made.items():
        files.append(File.generated(config, uri, content=content))

    origins.update({file.src_uri: ELSEWHERE.get(file.src_uri, f"docs/{file.src_uri}") for file in files})
    todo = files.documentation_pages()
    for page in todo:  # grows: a source may be a folder, whose files are linked to in turn
        for target in _targets(page.content_string, origins[page.src_uri]):
            uri = _uri(target, files)
            if files.get_file_from_path(uri) is None:
                files.append(File.generated(config, uri, content=_source(target)))
                origins[uri] = target
                if uri.endswith(".md"):
                    todo.append(files.get_file_from_path(uri))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Leads links to what the site has of the repository's files."""
    origin, folder = origins[page.file.src_uri], posixpath.dirname(page.file.src_uri)

    def rewritten(match: re.Match[str]) -> str:
        target, mark, anchor = match[0].partition("#")
        path = _resolved(target, origin)
        return match[0] if path is None else posixpath.relpath(_uri(path, files), folder) + mark + anchor

    return CODE_OR_TARGET.sub(rewritten, markdown)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Refuses a page for which a browser would have to fetch something from elsewhere."""
    if found := FETCHED.search(output):
        raise PluginError(f"{page.file.src_uri} would fetch something: {found[0]}")
    return output


def _targets(markdown: str, origin: str) -> Iterator[str]:
    """The files of the repository that a page links to."""
    for match in CODE_OR_TARGET.finditer(markdown):
        path = _resolved(match[0].partition("#")[0], origin)
        if path is not None:
            yield path


def _resolved(target: str, origin: str) -> str | None:
    """The file or folder of the repository that a relative link means; None when there is none."""
    if not target or "`" in target or ":" in target:
        return None
    path = posixpath.normpath(posixpath.join(posixpath.dirname(origin), target))
    return path if not path.startswith("..") and (ROOT / path).exists() else None


def _uri(path: str, files: Files) -> str:
    """Where the site has a file of the repository."""
    for uri, other in ELSEWHERE.items():
        if path == other:
            return uri
    if path.startswith("docs/"):
        return path.removeprefix("docs/").replace(".ipynb", ".md")
    stem, suffix = posixpath.splitext(path)
    references = {".py": f"python/{stem.replace('/', '.')}.md", ".md": f"source/{path}"}
    reference = references.get(suffix, f"contracts/{posixpath.basename(stem)}.md")
    if suffix in (".py", ".vy", ".vyi") and files.get_file_from_path(reference) is not None:
        return reference
    return f"source/{path}" if suffix in (".md", *PICTURES) else f"source/{path}.md"


def _source(path: str) -> str | bytes:
    """A file of the repository as a page; a folder as a list of what is in it."""
    file = ROOT / path
    if file.suffix in PICTURES:
        return file.read_bytes()
    if file.suffix == ".md":
        return file.read_text()
    if file.is_dir():
        names = sorted(inner.name for inner in file.iterdir() if not inner.name.startswith((".", "_")))
        body = "\n".join(f"- [{name}]({file.name}/{name})" for name in names)
    else:
        body = f"````{LANGUAGES.get(file.suffix, 'text')}\n{file.read_text().rstrip()}\n````"
    return f"---\nsearch:\n  exclude: true\n---\n# {path}\n\n{body}\n"
