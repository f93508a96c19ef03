"""Colours that can be read on a light terminal and on a dark one."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

GOOD = "green"
INFO = "color(31)"  # a blue of middling lightness; plain cyan and blue vanish on one or the other
WARNING = "color(166)"  # an orange; plain yellow vanishes on white
BAD = "red"
QUIET = "dim"

#: Text and ground of a share of 0 to 100 %, from pale to strong; both are set, so that the
#: terminal's own colours do not matter. A share below the first step has no ground.
SHADES = (
    "",
    "black on color(153)",
    "black on color(117)",
    "black on color(222)",
    "black on color(215)",
    "white on color(160)",
)


def plain_table() -> Table:
    """Return a table with a line below its headings, and no empty lines."""
    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))


def titled(title: str, table: RenderableType) -> RenderableType:
    """Put a title above a table, which may be narrower."""
    return Group(Text(title, style="bold"), table)
