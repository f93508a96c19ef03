"""The page about formats says what the tables say."""

from pathlib import Path

from allocator.frames import read_problem
from allocator.frames.document import page
from allocator.solve.params import Params
from allocator.solve.result import Status
from allocator.solve.solve import solve

PAGE = Path(__file__).parents[2] / "docs" / "formats.md"


def test_the_page_is_up_to_date():
    """`docs/formats.md` is what `python -m allocator.frames.document` makes."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_the_folder_to_begin_with_is_served_as_the_page_says(tmp_path: Path):
    """All four requests; R1, two a week, has four of its six visits."""
    text = PAGE.read_text(encoding="utf-8").partition("## A folder to begin with")[2]
    for file in text.partition("```text\n")[2].partition("```")[0].split("\n\n"):
        name, _, rows = file.partition("\n")
        (tmp_path / name).write_text(rows, encoding="utf-8")
    result = solve(read_problem(tmp_path), Params(workers=1))
    assert result.schedule is not None
    assert (result.status, result.requests_served, result.requests) == (Status.OPTIMAL, 4, 4)
    assert [u.visit for u in result.schedule.unplaced] == ["R1#5", "R1#6"]
