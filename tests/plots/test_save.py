"""Files of charts: whole or not at all, and drawn without a network."""

import json
from pathlib import Path

import altair as alt
import pytest
from pictures import placed
from plots.pages import addresses
from tiny import problem, request

from allocator.plots import load, save, unplaced, week
from allocator.plots.save import png

ONE = problem(request("A"))
SCHEDULE = placed(ONE, "A 9:00")


@pytest.mark.parametrize(
    ("name", "starts"),
    [("a.png", "\x89PNG"), ("a.SVG", "<svg"), ("a.html", "<!DOCTYPE html>"), ("a.json", "{")],
)
def test_the_ending_says_what_is_written(tmp_path: Path, name: str, starts: str):
    """In a folder that is made, and nothing is left beside it."""
    file = save(week(ONE, SCHEDULE), tmp_path / "new" / name)
    assert file == tmp_path / "new" / name
    assert file.read_bytes().startswith(starts.encode("latin-1"))
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize(("name", "told"), [("a.pdf", r"\.pdf"), ("a", "no ending")])
def test_other_endings_are_refused(tmp_path: Path, name: str, told: str):
    """The message says which there are."""
    with pytest.raises(ValueError, match=rf"\.png, \.svg, \.html or \.json, not as {told}"):
        save(week(ONE, SCHEDULE), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_page_refers_to_no_outside_address(tmp_path: Path):
    """The program that draws the chart is in the page."""
    text = save(week(ONE, SCHEDULE), tmp_path / "week.html").read_text(encoding="utf-8")
    assert addresses(text) == []
    assert "vegaEmbed" in text


def test_json_is_the_chart_as_altair_reads_it(tmp_path: Path):
    """Read back, it is the same chart."""
    chart = week(ONE, SCHEDULE)
    text = save(chart, tmp_path / "week.json").read_text(encoding="utf-8")
    assert alt.Chart.from_json(text).to_dict() == chart.to_dict() == json.loads(text)


def test_scale_is_pixels_of_the_picture_for_each_of_the_chart():
    """Three times as wide."""
    chart = load(ONE, SCHEDULE)
    one, three = (int.from_bytes(png(chart, scale=s)[16:20], "big") for s in (1, 3))
    assert abs(three - 3 * one) <= 3


def test_charts_are_put_together_as_altair_s_are():
    """Side by side and below one another, each with its own colours; no theme is changed."""
    before = alt.theme.active
    both = (week(ONE, SCHEDULE) & load(ONE, SCHEDULE)) | unplaced(SCHEDULE)
    assert png(both.resolve_scale(color="independent")).startswith(b"\x89PNG")
    assert alt.theme.active == before
    wide = week(ONE, SCHEDULE).properties(width=500, title="Mine")
    assert (wide.width, wide.title) == (500, "Mine")


@pytest.mark.parametrize("chart", [week(ONE, SCHEDULE), load(ONE, SCHEDULE), unplaced(SCHEDULE)])
def test_charts_hold_to_the_schema_and_draw_themselves_in_notebooks(chart: alt.TopLevelMixin):
    """``to_dict`` checks them against Vega-Lite's schema; a notebook asks for what it can show."""
    assert "/vega-lite/v6." in chart.to_dict(validate=True)["$schema"]
    with alt.renderers.enable("mimetype"):
        shown, _ = chart._repr_mimebundle_()
    assert any("vegalite" in kind for kind in shown)
