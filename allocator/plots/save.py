"""Charts as files, without a browser and without a network."""

from __future__ import annotations

import os
from pathlib import Path

from allocator.plots.extra import altair as alt
from allocator.plots.extra import vl_convert

ENDINGS = (".png", ".svg", ".html", ".json")

#: Pixels of a PNG for each pixel of the chart.
SCALE = 2.0


def save(chart: alt.TopLevelMixin, path: Path | str, *, scale: float = SCALE) -> Path:
    """Write a chart as ``.png``, ``.svg``, ``.html`` or ``.json``; the ending says which.

    JSON is the chart's Vega-Lite, for other programs that draw it.

    Parameters
    ----------
    chart
        Any chart of Altair's.
    path
        Its folder is made where it does not exist. The file is written whole or not at all.
    scale
        Sharpness of a PNG: pixels of the picture for each pixel of the chart.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        When the ending is another.
    """
    file = Path(path)
    ending = ending_of(file)
    if ending == ".png":
        content = png(chart, scale=scale)
    elif ending == ".svg":
        content = svg(chart).encode("utf-8")
    elif ending == ".html":
        content = html(chart).encode("utf-8")
    else:
        content = chart.to_json(validate=False, indent=None, ensure_ascii=False).encode("utf-8")
    write(content, file)
    return file


def ending_of(path: Path) -> str:
    """Return the ending of a file for a chart.

    Raises
    ------
    ValueError
        When charts are not written so.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        known = f"{', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}"
        raise ValueError(f"{path}: a plot is written as {known}, not as {ending or 'no ending'}.")
    return ending


def png(chart: alt.TopLevelMixin, *, scale: float = SCALE) -> bytes:
    """Return a chart as PNG."""
    return vl_convert.vegalite_to_png(
        chart.to_dict(validate=False), vl_version=version(), scale=scale, allowed_base_urls=[]
    )


def svg(chart: alt.TopLevelMixin) -> str:
    """Return a chart as SVG."""
    return vl_convert.vegalite_to_svg(
        chart.to_dict(validate=False), vl_version=version(), allowed_base_urls=[]
    )


def html(chart: alt.TopLevelMixin) -> str:
    """Return a chart as a page that loads nothing: all that draws it is inside."""
    return chart.to_html(inline=True, embed_options={"actions": False, "renderer": "svg"})


def version() -> str:
    """Return the version of Vega-Lite in which charts are written, as vl-convert calls it."""
    return ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])


def write(content: bytes, path: Path) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        staged.write_bytes(content)
        os.replace(staged, path)
    finally:
        staged.unlink(missing_ok=True)
