"""Pages: what they show works, and their links lead somewhere."""

import re
from pathlib import Path

import pytest
from cli.running import ROOT
from docs.pages import commands, pages, python_blocks, run_command, run_python

#: Run elsewhere: the one beside the quickstart, the other against a service.
ELSEWHERE = ("README.md", "client.md", "integrating.md")
PAGES = [page for page in pages() if page.name not in ELSEWHERE]
IDS = [str(page.relative_to(ROOT)) for page in PAGES]


@pytest.fixture(autouse=True)
def beside_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Examples run in a folder of their own that has the data of the project."""
    (tmp_path / "data").symlink_to(ROOT / "data")
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "page",
    [pytest.param(p, id=i) for p, i in zip(PAGES, IDS, strict=True) if python_blocks(p)],
)
def test_the_python_of_a_page_runs_and_prints_what_it_shows(page: Path):
    """From top to bottom, in one namespace."""
    run_python(page)


@pytest.mark.parametrize(
    "page", [pytest.param(p, id=i) for p, i in zip(PAGES, IDS, strict=True) if commands(p)]
)
def test_the_commands_of_a_page_run_and_print_what_it_shows(page: Path):
    """From top to bottom, in one folder."""
    for typed, printed, line in commands(page):
        run_command(typed, printed, f"{page.name}:{line}")


@pytest.mark.parametrize("page", [pytest.param(p, id=str(p.relative_to(ROOT))) for p in pages()])
def test_links_between_pages_lead_somewhere(page: Path):
    """To a file that is there, and to a heading that it has."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, heading = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{page.name} links to {target}"
        if heading:
            assert heading in headings(there), f"{page.name} links to {target}"


def headings(page: Path) -> set[str]:
    """Return the anchors of a page's headings."""
    found = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in found}


def test_every_page_is_on_the_map():
    """docs/index.md links to each page, decisions included."""
    linked = re.findall(r"\]\(([^)#]+)", (ROOT / "docs" / "index.md").read_text(encoding="utf-8"))
    there = {str(p.relative_to(ROOT / "docs")) for p in (ROOT / "docs").rglob("*.md")}
    assert there - {"index.md"} <= set(linked)
