"""The site that `make site` builds: whole, with links that lead somewhere, on its own."""

import importlib
import os
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.running import ROOT
from docs.html import Page

import allocator
from allocator.goals import GOALS
from allocator.rules import RULES

#: Packages whose public names `allocator` itself offers, or that are no library.
TOLD_ELSEWHERE = {"allocator.frames", "allocator.cli"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make site` does, in a folder of its own."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    [line] = re.findall(r"^\t@\$\(BIN\)/sphinx-build (.*) -d \S+ \. out/site$", makefile, re.M)
    assert "-W" in line.split()
    out = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *line.split(), "-d", out / "trees", ".", out / "site"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return out / "site"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    """Return the pages of the site, read."""
    return {path: Page.read(path) for path in sorted(site.rglob("*.html"))}


def links(path: Path, page: Page) -> Iterator[tuple[str, Path, str]]:
    """Yield the links of a page inside the site, with the file and the anchor they lead to."""
    for link in page.links:
        file, _, anchor = link.partition("#")
        if not re.match(r"[a-z]+:", file):
            there = Path(os.path.normpath(path.parent / file.partition("?")[0])) if file else path
            yield link, there, anchor


def test_every_page_is_reached_from_the_index(site: Path, pages: dict[Path, Page]):
    """By links alone, from the top; the search has a field of its own."""
    reached, waiting = set(), [site / "index.html"]
    while waiting:
        path = waiting.pop()
        if path in pages and path not in reached:
            reached.add(path)
            waiting += [there for _, there, _ in links(path, pages[path])]
    assert site / "docs" / "decisions" / "0001-record-decisions.html" in reached
    assert set(pages) - reached == {site / "search.html"}


def test_every_page_in_the_repository_is_on_the_site(site: Path):
    """README and changelog, the pages of docs/ and those beside the data."""
    written = [ROOT / "README.md", ROOT / "CHANGELOG.md"]
    written += [*(ROOT / "docs").rglob("*.md"), *(ROOT / "data").rglob("README.md")]
    assert len(written) > 20
    for page in written:
        assert (site / page.relative_to(ROOT).with_suffix(".html")).exists()


def test_every_link_inside_the_site_leads_somewhere(pages: dict[Path, Page]):
    """To a file that is there, and to a place on its page."""
    broken = [
        f"{path.name}: {link}"
        for path, page in pages.items()
        for link, there, anchor in links(path, page)
        if not there.exists() or (anchor and there in pages and anchor not in pages[there].ids)
    ]
    assert not broken, "\n".join(broken)


def test_nothing_is_loaded_from_elsewhere(site: Path, pages: dict[Path, Page]):
    """Scripts, styles, fonts and pictures are files of the theme or of the site."""
    for path, page in pages.items():
        for source in page.loaded:
            there = Path(os.path.normpath(path.parent / source.partition("?")[0]))
            assert there.is_relative_to(site), f"{path.name} loads {source}"
            assert there.exists(), f"{path.name} loads {source}"
    for style in site.rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*['\"]?https?:", style.read_text(encoding="utf-8"))


def test_the_only_script_inside_a_page_is_the_theme_s(pages: dict[Path, Page]):
    """It remembers whether the reader wants light or dark."""
    [inline] = {script.strip() for page in pages.values() for script in page.scripts}
    assert inline.startswith("document.body.dataset.theme = ")


def test_every_public_name_is_there(site: Path, pages: dict[Path, Page]):
    """Those of `allocator`, and those of each package that offers some."""
    ids = pages[site / "docs" / "api.html"].ids
    modules = {"allocator": allocator}
    for found in pkgutil.iter_modules(allocator.__path__, "allocator."):
        module = importlib.import_module(found.name)
        if found.ispkg and hasattr(module, "__all__") and found.name not in TOLD_ELSEWHERE:
            modules[found.name] = module
    assert {"allocator.solve", "allocator.explain", "allocator.plots"} <= set(modules)
    missing = [
        f"{name}.{public}"
        for name, module in modules.items()
        for public in module.__all__
        if f"{name}.{public}" not in ids
    ]
    assert not missing, missing


def test_the_page_of_names_tells_of_each_name_with_its_docstring(
    site: Path, pages: dict[Path, Page]
):
    """Not its signature alone."""
    text = pages[site / "docs" / "api.html"].text
    for name in allocator.__all__:
        first = (getattr(allocator, name).__doc__ or "").strip().split("\n")[0]
        assert re.sub(r"[`\W]+", " ", first) in re.sub(r"\W+", " ", text), name


@pytest.mark.parametrize(
    ("page", "name"),
    [("rules.html", r.name) for r in RULES] + [("goals.html", g.name) for g in GOALS],
)
def test_every_rule_and_goal_is_shown_at_work(
    site: Path, pages: dict[Path, Page], page: str, name: str
):
    """Its section has code, and the picture that the code draws, narrow enough for a screen."""
    section = pages[site / "docs" / page].sections[re.sub(r"\W|_", "-", name)]
    code, picture, *_ = section
    assert "show(" in code
    assert len(picture.splitlines()) > 1
    assert max(map(len, picture.splitlines())) <= 85
