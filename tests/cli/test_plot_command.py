"""``allocator plot``: what it writes, and what it refuses."""

import json
import sys
from pathlib import Path

import pytest
from cli.running import HANDMADE, damaged, run

KINDS = ["week", "day", "month", "load", "unplaced", "before-after"]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The handmade clinic's schedule."""
    folder = tmp_path_factory.mktemp("plan")
    run("solve", HANDMADE, "--time-limit", "20", "--workers", "1", "--out", folder)
    return folder / "schedule.csv"


def drawn(chart: Path) -> list[dict[str, object]]:
    """Return all rows of the data that a chart of Vega-Lite holds."""
    spec = json.loads(chart.read_text(encoding="utf-8"))
    return [row for rows in spec["datasets"].values() for row in rows]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("ending", "starts"), [("png", b"\x89PNG"), ("svg", b"<svg"), ("html", b"<!DOCTYPE html>")]
)
def test_each_kind_is_written_as_its_ending_says(
    plan: Path, tmp_path: Path, kind: str, ending: str, starts: bytes
):
    """In a folder that is made, and the command says where."""
    file = tmp_path / "new" / f"{kind}.{ending}"
    answer = run("plot", HANDMADE, plan, kind, "--out", file)
    assert answer.exit_code == 0, answer.stderr
    assert answer.stdout == f"Written to {file}.\n"
    assert file.read_bytes().startswith(starts)
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_without_a_kind_it_is_the_week(plan: Path, tmp_path: Path):
    """The same bytes as with it."""
    for name, kind in (("one", ()), ("two", ("week",))):
        run("plot", HANDMADE, plan, *kind, "--out", tmp_path / f"{name}.json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_a_report_is_one_page_with_the_reasons(plan: Path, tmp_path: Path):
    """R6 has its core; nothing is claimed of proofs, as a schedule alone proves nothing."""
    answer = run("plot", HANDMADE, plan, "report", "--out", tmp_path / "report.html")
    assert answer.exit_code == 0, answer.stderr
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "The schedule breaks no rule." in page
    assert "Mira Vogel (physio) is taken" in page
    assert "solved in" not in page


def test_only_some_resources_are_drawn_in_the_order_they_are_named(plan: Path, tmp_path: Path):
    """A room's kind, then Jonas: Mira has no row."""
    words = ("day", "--only", "room", "--only", "jonas", "--first", "2026-03-02")
    answer = run("plot", HANDMADE, plan, *words, "--out", tmp_path / "day.json")
    assert answer.exit_code == 0, answer.stderr
    told = [row for row in drawn(tmp_path / "day.json") if "visit" in row]
    assert {row["row"] for row in told} == {"Room 1", "Room 2", "Jonas Brandt (speech)"}
    assert {str(row["start"])[:10] for row in told} == {"2026-03-02"}


def test_before_and_after_are_two_schedules(plan: Path, tmp_path: Path):
    """One visit less is one visit dropped."""
    lines = plan.read_text(encoding="utf-8").splitlines(keepends=True)
    (first,) = [number for number, line in enumerate(lines) if line.startswith("R1,")]
    fewer = tmp_path / "fewer.csv"
    fewer.write_text("".join(lines[:first] + lines[first + 1 :]), encoding="utf-8")
    file = tmp_path / "change.json"
    answer = run("plot", HANDMADE, fewer, "before-after", "--before", plan, "--out", file)
    assert answer.exit_code == 0, answer.stderr
    assert "1 dropped, 5 as before" in file.read_text(encoding="utf-8")


def test_visits_that_a_schedule_does_not_speak_of_are_left_out_with_their_reason(
    plan: Path, tmp_path: Path
):
    """A table of times from elsewhere: R6 is not in it, and capacity takes its last start."""
    lines = plan.read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "times.csv").write_text("".join(x for x in lines if not x.startswith("R6,")))
    words = ("unplaced", "--out", tmp_path / "why.json")
    assert run("plot", HANDMADE, tmp_path / "times.csv", *words).exit_code == 0
    (told,) = [row for row in drawn(tmp_path / "why.json") if "reason" in row]
    assert (told["reason"], told["visits"]) == ("capacity", 1)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("week", "--out", "week.pdf"), "week is written as .png, .svg, .html or .json."),
        (("week", "--out", "week"), "week is written as .png, .svg, .html or .json."),
        (("report", "--out", "report.png"), "report is written as .html."),
        (("load", "--first", "2026-03-02", "--out", "a.png"), "--first says nothing about load"),
        (("load", "--only", "room", "--out", "a.png"), "--only says nothing about load"),
        (("week", "--before", "b.csv", "--out", "a.png"), "--before says nothing about week"),
        (("report", "--scale", "3", "--out", "a.html"), "--scale says nothing about report"),
        (("--first", "Monday", "--out", "a.png"), "--first Monday is no date"),
        (("--first", "2027-01-01", "--out", "a.png"), "outside the horizon, 2026-03-02 to"),
        (("--only", "nobody", "--out", "a.png"), "kinds are: patient, practitioner, room."),
        (("--out", "folder.png"), "folder.png is a folder, and in the way"),
        (("--out", "file/week.png"), "file is a file, and in the way"),
    ],
)
def test_what_cannot_be_drawn_is_one_clear_line(
    plan: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    says: str,
):
    """Exit code 2, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").write_text("mine")
    answer = run("plot", HANDMADE, plan, *words)
    assert answer.exit_code == 2
    (line,) = answer.stderr.splitlines()
    assert says in line
    assert answer.stdout == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.png"]


def test_faults_of_a_schedule_are_told_each_on_a_line(plan: Path, tmp_path: Path):
    """A resource that does not exist, with its row."""
    wrong = tmp_path / "wrong.csv"
    wrong.write_text(plan.read_text(encoding="utf-8").replace("jonas", "nobody"), encoding="utf-8")
    answer = run("plot", HANDMADE, wrong, "--out", tmp_path / "week.png")
    assert answer.exit_code == 2
    assert "in the input" in answer.stderr.splitlines()[0]
    assert "nobody" in answer.stderr.splitlines()[1]
    assert not (tmp_path / "week.png").exists()


def test_a_schedule_that_breaks_rules_is_drawn_and_the_report_says_so(plan: Path, tmp_path: Path):
    """Jonas is away on Monday in this copy of the clinic, so his visits break opening hours."""
    folder = damaged(tmp_path / "p", "opening_hours.csv", "jonas,mon", "jonas,tue")
    answer = run("plot", folder, plan, "report", "--out", tmp_path / "report.html")
    assert answer.exit_code == 0, answer.stderr
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "The schedule breaks 1 rule" in page
    assert "opening_hours: " in page


def test_without_the_extra_the_command_says_how_to_install_it(
    plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """One line, in both commands that draw, before any work."""
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    for words in (
        ("plot", HANDMADE, plan, "--out", tmp_path / "week.png"),
        ("solve", HANDMADE, "--report", tmp_path / "report.html"),
    ):
        answer = run(*words)
        assert answer.exit_code == 2
        (line,) = answer.stderr.splitlines()
        assert "vl-convert is not installed" in line
        assert "pip install 'allocator[plots]'" in line
    assert list(tmp_path.iterdir()) == []
