"""Meetings that are made, and workbooks of them."""

import hashlib
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from allocator.bench.meetings import Meetings
from allocator.bench.meetings.files import read_instance
from allocator.bench.meetings.made import LENGTHS, SIZES, made
from allocator.domain.faults import InvalidProblem
from allocator.solve import Params, solve


def test_the_proportions_are_those_of_the_published_ones() -> None:
    """Grains grow with the meetings, rooms and people do not."""
    for meetings in (200, 400, 800):
        instance = made(meetings)
        assert len(instance.meetings) == meetings
        assert len(instance.day_of) == 3.2 * meetings
        assert {end - start for start, end in instance.days[:-1]} == {36}
        assert instance.rooms == (30, 20, 16, 14, 12)
        assert instance.persons == 40
        for counts, values in (
            (Counter(one.grains for one in instance.meetings), LENGTHS),
            (Counter(one.seats for one in instance.meetings), SIZES),
        ):
            assert set(counts) == set(values)
            assert max(counts.values()) - min(counts.values()) <= 1


def test_nobody_comes_twice_to_a_meeting_and_two_must() -> None:
    """Required or preferred, never both."""
    for one in made(400).meetings:
        assert len({*one.required, *one.preferred}) == one.seats
        assert len(one.required) >= 2
        assert {*one.required, *one.preferred} <= set(range(40))


def test_each_time_it_is_the_same() -> None:
    """On every machine: figures of different days can be compared."""
    assert made(400) == made(400)
    digest = hashlib.sha256(repr(made(400)).encode()).hexdigest()
    assert digest[:16] == "81842e64a7e28d1c"


def test_those_that_are_made_are_listed_and_can_be_had() -> None:
    """By their names."""
    assert Meetings().made() == ["made-400", "made-800"]
    case = Meetings().make("made-400")
    assert (case.name, len(case.problem.requests)) == ("made-400", 400)
    assert not case.known


def test_a_small_one_is_solved_and_the_scorer_agrees() -> None:
    """All meetings are held."""
    case = Meetings().make("made-30")
    result = solve(
        case.problem, Params(workers=1, deterministic_limit=1.0), rules=case.rules, goals=case.goals
    )
    scored = case.score(result.schedule)
    assert scored.broken == ()
    assert list(scored.levels.values()) == [level.cost for level in result.levels]


#: Days, rooms, persons and meetings as a workbook has them; strings are numbers of strings.
SHEETS = {
    "Configuration": [["Constraint", "Weight"]],
    "Days": [
        ["Day", "Start", "End", "Lunch hour start time"],
        ["Sat 2022-01-01", "08:00", "14:00", "12:00"],
        ["Sun 2022-01-02", "08:00", "09:00", "12:00"],
    ],
    "Rooms": [["Name", "Capacity"], ["R 1", 30.0], ["R 2", 4.0]],
    "Persons": [["Full name"], ["Amy Cole"], ["Beth Fox"], ["Chad Green"]],
    "Meetings": [
        ["Topic", "Duration", "Required attendance list", "Preferred attendance list"],
        ["One & all", 45.0, "Beth Fox, Amy Cole", ""],
        ["Two", 120.0, "Chad Green", "Amy Cole, Beth Fox"],
        ["", "", "", ""],
    ],
}
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def workbook(path: Path) -> Path:
    """Write a small workbook, its sheets in files of other numbers than their own."""
    strings: list[str] = []

    def cell(place: str, value: str | float) -> str:
        if isinstance(value, float):
            return f'<c r="{place}" t="n"><v>{value}</v></c>'
        if value not in strings:
            strings.append(value)
        return f'<c r="{place}" t="s"><v>{strings.index(value)}</v></c>'

    with zipfile.ZipFile(path, "w") as book:
        sheets = links = ""
        for number, (name, rows) in enumerate(SHEETS.items(), 1):
            sheets += f'<sheet name="{name}" r:id="rId{number + 2}" sheetId="{number}"/>'
            links += f'<Relationship Id="rId{number + 2}" Target="worksheets/s{9 - number}.xml"/>'
            data = "".join(
                f'<row r="{y}">'
                + "".join(cell(f"{'ABCD'[x]}{y}", value) for x, value in enumerate(row))
                + "</row>"
                for y, row in enumerate(rows, 1)
            )
            text = f'<worksheet xmlns="{MAIN}"><sheetData>{data}</sheetData></worksheet>'
            book.writestr(f"xl/worksheets/s{9 - number}.xml", text)
        root = f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{sheets}</sheets></workbook>'
        book.writestr("xl/workbook.xml", root)
        root = f'<Relationships xmlns="{PACKAGE}">{links}</Relationships>'
        book.writestr("xl/_rels/workbook.xml.rels", root)
        texts = "".join(f"<si><t>{text.replace('&', '&amp;')}</t></si>" for text in strings)
        book.writestr("xl/sharedStrings.xml", f'<sst xmlns="{MAIN}">{texts}</sst>')
    return path


def test_a_workbook_is_read_as_published(tmp_path: Path) -> None:
    """The hour of lunch has no grain, and people are numbered as they are listed."""
    instance = read_instance(workbook(tmp_path / "small.xlsx"))
    assert instance.name == "small"
    assert instance.days == [(0, 20), (20, 24)]
    assert instance.rooms == (30, 4)
    assert instance.persons == 3
    assert [one.topic for one in instance.meetings] == ["One & all", "Two"]
    assert [one.grains for one in instance.meetings] == [3, 8]
    assert [one.required for one in instance.meetings] == [(1, 0), (2,)]
    assert [one.preferred for one in instance.meetings] == [(), (0, 1)]


def test_a_folder_of_workbooks_is_listed(tmp_path: Path) -> None:
    """By name; it is an instance as any other."""
    path = workbook(tmp_path / "small.xlsx")
    assert Meetings().instances(tmp_path) == [("small", path)]
    assert len(Meetings().read(path, "small").problem.requests) == 2


def test_another_workbook_is_refused(tmp_path: Path) -> None:
    """No workbook at all, and one without these sheets."""
    path = tmp_path / "other.xlsx"
    path.write_text("Nothing", encoding="utf-8")
    with pytest.raises(InvalidProblem, match=r"other\.xlsx is no instance of meetings"):
        read_instance(path)
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(InvalidProblem, match=r"other\.xlsx is no instance of meetings"):
        read_instance(path)
