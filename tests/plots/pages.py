"""Reads HTML pages: their words, their tables, their charts, and where they point."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

POINTING = ("src", "href", "data", "action", "poster", "srcset", "background")


class Page(HTMLParser):
    """A page taken apart.

    Attributes
    ----------
    words
        All text that is neither script nor style, joined by spaces.
    pointers
        Every attribute that could load or lead to something.
    styles
        What style elements hold.
    charts
        The specification of each chart of a report, by its id.
    tags
        How often each element occurs.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.pointers: list[str] = []
        self.styles, self.tags = "", dict[str, int]()
        self.charts: dict[str, dict[str, Any]] = {}
        self._inside: list[tuple[str, dict[str, str | None]]] = []
        self._said: list[str] = []
        self.feed(text)
        self.words = " ".join(" ".join(self._said).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.pointers += [value or "" for name, value in attrs if name in POINTING]
        if tag in ("script", "style"):
            self._inside.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self._said.append(data)
            return
        tag, attributes = self._inside[-1]
        if tag == "style":
            self.styles += data
        elif chart := attributes.get("data-chart"):
            self.charts[chart] = json.loads(data)


def addresses(text: str) -> list[str]:
    """Return all that a page would load from elsewhere, or lead to."""
    page = Page(text)
    found = [where for where in page.pointers if not where.startswith(("#", "data:"))]
    found += re.findall(r"@import[^;]*|url\([^)]*\)", page.styles)
    return found + [f"url of a chart: {url}" for url in _urls(page.charts)]


def _urls(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [str(part["url"])] if "url" in part else []
        return own + [url for value in part.values() for url in _urls(value)]
    return [url for value in part for url in _urls(value)] if isinstance(part, list) else []
