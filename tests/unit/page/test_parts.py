"""What pages are made of: the files of others are those of their packages, data cannot leave its script."""

import json
import re
from hashlib import sha256

import pytest

from plimsoll.page import parts

VENDOR = parts.STATIC / "vendor"
VERSIONS = json.loads((VENDOR / "versions.json").read_text())
LINE_SEPARATOR = chr(0x2028)


def test_the_files_of_others_are_those_that_are_pinned() -> None:
    present = {path.name for path in VENDOR.iterdir()} - {"versions.json"}
    assert present == set(VERSIONS) | {pin["licence"] for pin in VERSIONS.values()}
    for name, pin in VERSIONS.items():
        assert sha256((VENDOR / name).read_bytes()).hexdigest() == pin["sha256"], name
        assert "Permission is hereby granted" in (VENDOR / pin["licence"]).read_text()


def test_modules_import_by_names_that_every_page_knows() -> None:
    for name in parts.MODULES:
        imported = set(re.findall(r'from "([^"]+)"', parts.source(f"{name}.js")))
        assert imported <= {f"plimsoll/{each}" for each in parts.MODULES}, name
    assert {path.stem for path in parts.STATIC.glob("*.js")} >= set(parts.MODULES)
    assert json.loads(parts.importmap("/static/{}.js".format))["imports"]["plimsoll/pen"] == "/static/pen.js"


@pytest.mark.parametrize("text", ["</script>", "<!--<script>", "&lt;", f"a{LINE_SEPARATOR}b", "'\"\\"])
def test_data_stays_in_its_script(text: str) -> None:
    written = parts.as_json({"name": text})
    assert json.loads(written) == {"name": text}
    assert not set(written) & set(f"<>&{LINE_SEPARATOR}")


def test_what_is_no_number_is_no_data() -> None:
    with pytest.raises(ValueError, match="JSON"):
        parts.as_json(float("nan"))


def test_nothing_of_a_page_ends_its_script() -> None:
    assert all("</script" not in str(text).lower() for text in parts.embedded({}, "").values())
