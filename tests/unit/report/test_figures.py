"""Figures: nothing covers anything, nothing is cut off."""

from itertools import combinations

import pytest

from plimsoll.report import figures
from plimsoll.report.folder import read
from plimsoll.report.write import write


@pytest.fixture(scope="module")
def runs(folder, calm, tmp_path_factory):
    """Two: of two vaults and of one."""
    other = tmp_path_factory.mktemp("calm") / "report"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "save", lambda name, runs, path: path.write_bytes(b""))
        write(calm, other)
    return [read(folder), read(other)]


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("name", figures.CHARTS)
def test_panels_title_and_legend_have_their_places(runs, name, count) -> None:
    figure = figures.draw(name, runs[:count])
    renderer = figure.canvas.get_renderer()
    boxes = [panel.get_tightbbox(renderer) for panel in figure.axes if panel.get_visible()]
    boxes += [part.get_window_extent(renderer) for part in (*figure.texts, *figure.legends)]
    for box in boxes:
        assert (box.min >= 0).all()
        assert (box.max <= figure.bbox.max).all()
    for one, other in combinations(boxes, 2):
        assert not one.overlaps(other)
    assert sum(box.width * box.height for box in boxes) > figure.bbox.width * figure.bbox.height / 2
