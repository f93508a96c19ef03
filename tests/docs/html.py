"""Reads a page of the site: where its links lead, what it loads, what its sections show."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

#: Elements that have no end.
VOID = {"meta", "link", "img", "br", "hr", "input", "source", "wbr", "col"}
#: Attributes by which an element has something loaded.
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}


class Page(HTMLParser):
    """A page of the site.

    Attributes
    ----------
    links
        Where a reader can go from here.
    loaded
        What a browser fetches to show it.
    ids
        Places that a link can lead to.
    scripts
        Those that stand in the page itself.
    sections
        By id: what its blocks of code and of output show, those of parts aside.
    text
        All of it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.ids: set[str] = set()
        self.scripts: list[str] = []
        self.sections: dict[str, list[str]] = {}
        self.text = ""
        self._open: list[tuple[str, str]] = []

    @classmethod
    def read(cls, path: Path) -> Page:
        """Read a file."""
        page = cls()
        page.feed(path.read_text(encoding="utf-8"))
        page.close()
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if "id" in has:
            self.ids.add(has["id"])
        if tag == "a" and "href" in has:
            self.links.append(has["href"])
        elif tag == "meta" and has.get("http-equiv") == "refresh":
            self.links.append(has["content"].partition("url=")[2])
        elif LOADED.get(tag) in has and has.get("rel") not in ("next", "prev", "search", "index"):
            self.loaded.append(has[LOADED[tag]])
        elif tag == "script":
            self.scripts.append("")
        if tag == "section":
            self.sections[has["id"]] = []
        elif tag == "pre" and (section := self._section()):
            self.sections[section].append("")
        if tag not in VOID:
            self._open.append((tag, has.get("id", "")))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        tags = {tag for tag, _ in self._open}
        if self._open and self._open[-1][0] == "script":
            if self.scripts:
                self.scripts[-1] += data
            return
        self.text += data
        if "pre" in tags and (section := self._section()):
            self.sections[section][-1] += data

    def _section(self) -> str:
        return next((id for tag, id in reversed(self._open) if tag == "section"), "")
