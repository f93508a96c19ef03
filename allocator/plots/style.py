"""How all plots look: colours, type, sizes.

Everything is set on the parts of a chart, not in its configuration, so that charts can be put
together with ``|``, ``&`` and ``+``, and no theme is changed for other charts of a notebook.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from allocator.plots.extra import altair as alt

# Okabe and Ito (2008), "Color Universal Design": told apart with every kind of colour vision.
BLUE = "#0072B2"
SKY = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
ORANGE = "#E69F00"
VERMILLION = "#D55E00"
PURPLE = "#CC79A7"

INK = "#1f2328"
QUIET = "#5b6470"
GREY = "#8d96a0"
PALE = "#c9ced6"
LINE = "#dfe3e8"
CLOSED = "#e9ecf0"
OPEN = "#ffffff"
OVERTIME = "#fbf6df"
PAPER = "#ffffff"

#: From nothing to all, for shares.
SHARE = ("#f3f8fc", SKY, BLUE)

FONT = "Arial, Liberation Sans, Helvetica, sans-serif"
SMALL, TEXT, HEAD = 10, 11, 15

#: Width of a chart without its labels, and of the longest label, in pixels.
WIDTH = 960
LABEL = 210


def row_height(rows: int) -> int:
    """Return the height of a row of a timetable: less where there are many, never too little."""
    return 24 if rows <= 30 else 18 if rows <= 90 else 14


def row_font(rows: int) -> int:
    """Return the size of the labels beside rows; the row is always higher."""
    return TEXT if rows <= 90 else SMALL


def data(rows: Iterable[Mapping[str, Any]]) -> alt.InlineData:
    """Put rows into the chart itself: any number of them, whatever limit a notebook has set."""
    with alt.utils.schemapi.debug_mode(False):  # rows are checked with the chart, not before
        kept: alt.InlineData = _kept()(values=[dict(row) for row in rows])
    return kept


def records(frame: Any) -> list[dict[str, Any]]:
    """Return the rows of a data frame, each by its columns."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


@lru_cache(maxsize=1)
def _kept() -> Any:
    """Return a class of data that copies of a chart share: Altair copies parts at each step."""

    class Kept(alt.InlineData):
        def __deepcopy__(self, memo: Any) -> Any:
            return self

    return Kept


def title(text: str, subtitle: str | Sequence[str] = "", *, size: int = HEAD) -> alt.TitleParams:
    """Return the title of a chart, at its left."""
    below = [subtitle] if isinstance(subtitle, str) else list(subtitle)
    return alt.TitleParams(
        text=text,
        subtitle=[line for line in below if line],
        anchor="start",
        font=FONT,
        fontSize=size,
        color=INK,
        subtitleFont=FONT,
        subtitleFontSize=TEXT,
        subtitleColor=QUIET,
        subtitlePadding=4,
        offset=12,
    )


def panel(text: str) -> alt.TitleParams:
    """Return the heading of one of several charts beside or below each other."""
    return alt.TitleParams(
        text=text, anchor="start", frame="bounds", font=FONT, fontSize=TEXT, color=INK
    )


def heading(name: str) -> str:
    """Return a name as it starts a heading."""
    return name[:1].upper() + name[1:]


def signed(points: float) -> str:
    """Return a difference as people write it, with its sign; nothing has none."""
    return f"{round(points):+,}".replace("-", "−") if round(points) else "0"


def axis(**more: Any) -> alt.Axis:
    """Return an axis without frame and title, with quiet labels."""
    return alt.Axis(
        **{
            "title": None,
            "domain": False,
            "ticks": False,
            "grid": False,
            "labelFont": FONT,
            "labelFontSize": TEXT,
            "labelColor": INK,
            "titleFont": FONT,
            "titleFontSize": TEXT,
            "titleFontWeight": "normal",
            "titleColor": QUIET,
            **more,
        }
    )


def legend(**more: Any) -> alt.Legend:
    """Return a legend above the chart."""
    return alt.Legend(
        **{
            "title": None,
            "orient": "top",
            "direction": "horizontal",
            "labelFont": FONT,
            "labelFontSize": TEXT,
            "labelColor": INK,
            "labelLimit": 0,
            "symbolType": "square",
            "symbolStrokeWidth": 0,
            "titleFont": FONT,
            "titleFontSize": TEXT,
            "titleFontWeight": "normal",
            "titleColor": QUIET,
            "offset": 6,
            **more,
        }
    )


def colours(meaning: Mapping[str, str]) -> alt.Scale:
    """Return a scale that gives each meaning its colour."""
    return alt.Scale(domain=list(meaning), range=list(meaning.values()))


def on(colour: str) -> str:
    """Return the ink that is read best on a ground of this colour: dark, or that of paper.

    The shade is the relative luminance of WCAG 2.2; at 0.2 both inks have the same contrast.
    """
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    light = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    shade = sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), light, strict=True))
    return INK if shade > 0.2 else PAPER


def ground(fill: str = PAPER) -> alt.ViewBackground:
    """Return the ground of a chart, without a frame."""
    return alt.ViewBackground(fill=fill, stroke=None)


def text_mark(**more: Any) -> dict[str, Any]:
    """Return the settings of a mark of text."""
    return {"font": FONT, "fontSize": TEXT, "color": INK, **more}
