"""Reads the SVG of a chart: its texts with the room that each takes, and its bars."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any
from xml.etree import ElementTree

from allocator.plots.save import svg

SPACE = "{http://www.w3.org/2000/svg}"

#: Widths of Arial's letters, in parts of the size; what is not listed counts as a wide capital.
WIDTHS = {
    **dict.fromkeys("ijl.,:;'|! ", 0.28),
    **dict.fromkeys("frt()[]-·/", 0.34),
    **dict.fromkeys("abcdeghknopqsuvxyz0123456789_–−", 0.56),
    **dict.fromkeys("mwMW%", 0.89),
}


@dataclass(frozen=True)
class Text:
    """A text, and the box around it in pixels of the picture."""

    words: str
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Text) -> bool:
        """Say whether two texts share more than a pixel both ways."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across > 1 and down > 1

    def leaves(self, width: float, height: float) -> bool:
        """Say whether it leaves a picture, by more than widths are guessed wrong."""
        spare = 1 + 0.05 * (self.right - self.left)
        across = self.left < -spare or self.right > width + spare
        return across or self.top < -1 or self.bottom > height + 1


def drawn(chart: Any) -> ElementTree.Element:
    """Draw a chart, and return its SVG."""
    return ElementTree.fromstring(svg(chart))


def texts(picture: ElementTree.Element) -> list[Text]:
    """Return every text that can be seen."""
    return list(_texts(picture, 0.0, 0.0))


def overlaps(chart: Any) -> list[tuple[str, str]]:
    """Return pairs of texts of a chart that lie on each other, or that leave the picture."""
    picture = drawn(chart)
    width, height = (float(picture.get(name, "0")) for name in ("width", "height"))
    some = texts(picture)
    assert some, "a chart without any text"
    out = [(text.words, "edge") for text in some if text.leaves(width, height)]
    return out + [(a.words, b.words) for a, b in combinations(some, 2) if a.overlaps(b)]


def labels(picture: ElementTree.Element, what: str) -> list[dict[str, str]]:
    """Return what is told of each mark, such as ``"bar"``, by name."""
    found = []
    for mark in picture.iter():
        if mark.get("aria-roledescription") == what:
            parts = re.split(r"; (?=[\w ]+: )", mark.get("aria-label", ""))
            found.append(dict(part.split(": ", 1) for part in parts))
    return found


def rows(chart: Any, *having: str) -> list[dict[str, Any]]:
    """Return the rows of a chart's data that have these columns."""
    spec = chart.to_dict()
    every = [row for some in spec["datasets"].values() for row in some]
    return [row for row in every if set(having) <= set(row)]


def _texts(node: ElementTree.Element, x: float, y: float) -> Iterator[Text]:
    moved = re.search(r"translate\(([-\d.e]+),\s*([-\d.e]+)\)", node.get("transform", ""))
    if moved:
        x, y = x + float(moved[1]), y + float(moved[2])
    if node.tag == f"{SPACE}text" and node.get("opacity", "1") != "0":
        lines = [line.text or "" for line in node.iter(f"{SPACE}tspan")] or [node.text or ""]
        size = float(node.get("font-size", "11px").removesuffix("px"))
        for number, line in enumerate(filter(str.strip, lines)):
            yield _box(line, node, size, x, y + number * (size + 2))
    for child in node:
        yield from _texts(child, x, y)


def _box(words: str, node: ElementTree.Element, size: float, x: float, y: float) -> Text:
    width = size * sum(WIDTHS.get(letter, 0.72) for letter in words)
    before = {"middle": width / 2, "end": width}.get(node.get("text-anchor", "start"), 0.0)
    return Text(words, x - before, y - 0.74 * size, x - before + width, y + 0.2 * size)
