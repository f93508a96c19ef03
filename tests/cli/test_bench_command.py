"""``allocator bench``: small instances written here, solved and scored by their sets."""

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cli.running import HANDMADE, ROOT, interrupt, run, start
from rich.console import Console
from tiny import problem

from allocator.bench.case import Case, Scored
from allocator.bench.meetings import Meetings
from allocator.bench.run import Run
from allocator.bench.run import run as run_case
from allocator.bench.sets import SETS, Source, data_folder, set_named
from allocator.cli.bench_table import BenchTable
from allocator.cli.common import INTERRUPTED
from allocator.domain.schedule import Schedule
from allocator.solve import Params, Result, Status, solve

COURSES = """Name: Tiny
Courses: 2
Rooms: 1
Days: 2
Periods_per_day: 2
Curricula: 1

COURSES:
c0 t0 1 1 10 1
c1 t0 2 2 30 1

ROOMS:
rA 20 0

CURRICULA:
q0 2 c0 c1

UNAVAILABILITY_CONSTRAINTS:
c0 0 0

END.
"""
#: Ten students of each of two lectures have no seat, and of three lectures on two days one is
#: isolated.
PENALTY = 22


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two instances of course timetabling, and nothing else."""
    (tmp_path / "cbctt").mkdir()
    for name in ("tiny01", "tiny02"):
        (tmp_path / "cbctt" / f"{name}.ectt").write_text(COURSES, encoding="utf-8")
    monkeypatch.setenv("ALLOCATOR_BENCHMARKS", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def bench(*words: str | Path) -> tuple[int, str, str]:
    answer = run("bench", *words, "--time-limit", "5", "--workers", "1", columns=300)
    assert answer.exception is None or isinstance(answer.exception, SystemExit)
    return answer.exit_code, answer.stdout, answer.stderr


def rows(text: str) -> list[list[str]]:
    """Return the rows of the runs, cell by cell."""
    return [line.split() for line in text.splitlines() if line.strip()[:1].isdigit()]


def test_the_sets_are_listed(folder: Path):
    """Each with its sentence and instances, and how to get those that are not there."""
    code, told, _ = bench()
    lines = " ".join(told.split())
    assert code == 0
    for of in SETS:
        assert of.sentence in lines
    assert "tiny01, tiny02" in lines
    assert f"looked for in the folder {folder / 'meetings'}, which is not there" in lines
    assert set_named("meetings").files in lines
    assert "ALLOCATOR_BENCHMARKS names another folder" in lines


def test_the_sets_are_listed_for_programs():
    """One object a line for each set."""
    code, told, _ = bench("--json")
    found = [json.loads(line) for line in told.splitlines()]
    assert code == 0
    assert [one["set"] for one in found] == [of.name for of in SETS]
    assert {"set": "cbctt", "sentence": set_named("cbctt").sentence} | {
        "instances": ["tiny01", "tiny02"]
    } in found


def test_a_set_alone_is_all_of_its_instances():
    """A row for each run, with cost and bound of each level."""
    code, told, _ = bench("cbctt")
    assert code == 0
    assert "tiny01: 3 requests, 3 visits, 3 resources" in told
    assert "tiny02: 3 requests" in told
    heading = "seed taught bound penalty bound first, s seconds status broken"
    assert [line.split() for line in told.splitlines()].count(heading.split()) == 2
    for row in rows(told)[1:3]:
        assert row[:5] == ["0", "0", "0", str(PENALTY), str(PENALTY)]
        assert row[7:] == ["OPTIMAL", "0"]
    assert "2 runs; the scorer finds nothing broken." in told


def test_several_seeds_have_a_median_and_a_worst():
    """By the order of their levels."""
    code, told, _ = bench("cbctt", "tiny01", "--seeds", "3")
    assert code == 0
    assert "seeds 0 to 2" in told
    for label in ("median", "worst"):
        (line,) = [line for line in told.splitlines() if line.strip().startswith(label)]
        assert line.split()[1:5] == ["0", "0", str(PENALTY), str(PENALTY)]


def test_published_figures_stand_below(folder: Path):
    """An instance of that name has them, level by level."""
    (folder / "cbctt" / "comp01.ectt").write_text(COURSES, encoding="utf-8")
    code, told, _ = bench("cbctt", "comp")
    assert code == 0
    assert ["best", "known", "0", "5"] in [line.split() for line in told.splitlines()]


@pytest.mark.parametrize("asked", ["tiny02", "cbctt/tiny02.ectt"])
def test_an_instance_by_name_or_by_file(asked: str):
    """Named twice, it is run once."""
    code, told, _ = bench("cbctt", asked, asked)
    assert code == 0
    assert "tiny02: " in told and "tiny01" not in told
    assert "1 run; " in told


def test_json_is_an_object_for_each_run_and_nothing_else():
    """With the course of the solve and what the scorer found."""
    code, told, _ = bench("cbctt", "--seeds", "2", "--json")
    found = [json.loads(line) for line in told.splitlines()]
    assert code == 0
    assert [(one["instance"], one["seed"]) for one in found] == [
        (name, seed) for name in ("tiny01", "tiny02") for seed in (0, 1)
    ]
    for one in found:
        assert one["levels"] == one["bounds"] == {"taught": 0, "penalty": PENALTY}
        assert one["gaps"] == {"taught": 0.0, "penalty": 0.0}
        assert one["status"] == "OPTIMAL"
        assert one["broken"] == one["disputed"] == one["unscored"] == []
        assert 0 < one["first_schedule_seconds"] <= one["seconds"]
        assert one["course"][-1]["costs"] == [0, PENALTY]
        assert (one["set"], one["workers"], one["time_limit_seconds"]) == ("cbctt", 1, 5.0)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("courses",), f"no set courses; there are {', '.join(of.name for of in SETS)}."),
        (("cbctt", "other"), "There is no instance other of cbctt, and no file of that name."),
        (("cbctt", "other"), "There are tiny01, tiny02."),
        (("cbctt", "tiny"), "tiny is the beginning of several instances of cbctt: tiny01, tiny02."),
        (("meetings", "50"), "meetings, which is not there. Take the .xlsx files"),
        (("cbctt", "--seeds", "0"), "--seeds is 0; at least 1."),
        (("cbctt", "--workers", "0"), "The setting workers is 0; 1 to 256 are possible."),
        (("cbctt", "cbctt"), "Is a directory"),
        (("itc2019", "cbctt"), "Is a directory"),
    ],
)
def test_a_slip_is_told_with_exit_code_2(words: tuple[str, ...], told: str):
    """What is not there, what there is, and how to get what is missing."""
    answer = run("bench", *words, columns=400)
    assert answer.exit_code == 2
    assert answer.stdout == ""
    assert told in answer.stderr


def test_a_slip_is_told_to_programs_too():
    """As an object of faults."""
    code, told, _ = bench("courses", "--json")
    assert code == 2
    assert "There is no set courses" in json.loads(told)["faults"][0]["message"]


def test_what_the_scorer_finds_broken_is_loud(monkeypatch: pytest.MonkeyPatch):
    """A solver that lost all lectures but one: each is told, and the exit code is 1."""

    def forgetful(*args: Any, **more: Any) -> Result:
        found = solve(*args, **more)
        assert found.schedule is not None
        return replace(found, schedule=Schedule(assignments=found.schedule.assignments[:1]))

    monkeypatch.setattr("allocator.bench.run.solve", forgetful)
    code, told, _ = bench("cbctt", "tiny01")
    assert code == 1
    assert "broken: Course c1 is not taught lecture 1 of 2." in told
    assert "disputed: taught is 5,040 by the scorer, 0 by the library." in told
    assert rows(told)[1][-1] == "2"
    assert "1 run of 1 with broken rules or disputed costs." in told
    code, told, _ = bench("cbctt", "tiny01", "--json")
    assert code == 1
    assert len(json.loads(told)["broken"]) == 2


def test_a_run_is_for_programs_too(folder: Path):
    """Without any command line: news pass through, and the course is what they told."""
    source = Source(set_named("cbctt"), "tiny01", folder / "cbctt" / "tiny01.ectt")
    heard = []
    found = run_case(source.case(), Params(workers=1, deterministic_limit=3.0), heard.append)
    assert isinstance(found, Run)
    assert found.status is Status.OPTIMAL
    assert [costs for _, costs in found.course][-1] == (0, PENALTY)
    assert {costs for _, costs in found.course} <= {news.costs for news in heard}


def test_a_set_that_makes_no_instances_asks_for_a_file():
    """An instance without a path is made, which not every set does."""
    with pytest.raises(LookupError, match="cbctt makes no instance tiny01: name the file"):
        Source(set_named("cbctt"), "tiny01").case()


def test_without_the_variable_the_folder_is_beside_the_project(monkeypatch: pytest.MonkeyPatch):
    """As benchmarks of the project use it."""
    monkeypatch.delenv("ALLOCATOR_BENCHMARKS")
    assert data_folder().parts[-2:] == ("shared", "data")


def test_a_level_of_no_scorer_is_marked():
    """Comfort of a clinic is the library's own count, and says so."""
    code, told, _ = bench("clinic", HANDMADE)
    assert code == 0
    assert "clinic handmade: 6 requests, 7 visits" in told
    assert "priority 1  bound  priority 2  bound  comfort*  bound" in told
    assert "* the library's own count" in told
    code, told, _ = bench("clinic", HANDMADE, "--json")
    assert json.loads(told)["unscored"] == ["comfort"]


def test_a_file_of_several_is_all_of_them(folder: Path):
    """Infeasible is the right answer where that is published; nothing is broken then."""
    distances = "Between Meetings Distance:\n 0: 0 1\n 1: 1 0\n\n"
    parts = [
        f"**Instance #{n}**\nDomainSize = {slots}\n Agents (0): 0 1\n{distances}"
        for n, slots in enumerate([3] * 5 + [2] * 20, 1)
    ]
    path = folder / "csplib046" / "instances.md"
    path.parent.mkdir()
    path.write_text("".join(parts[:2]), encoding="utf-8")
    code, told, _ = bench("csplib046", "csplib046/instances.md")
    assert code == 0
    assert "csplib046 1: 2 requests" in told and "csplib046 2: 2 requests" in told
    path.write_text("".join(parts), encoding="utf-8")
    code, told, _ = bench("csplib046", "6")
    assert code == 0
    assert ["CSPLib", "INFEASIBLE"] in [line.split() for line in told.splitlines()]
    assert rows(told)[1][-2:] == ["INFEASIBLE", "0"]


def test_what_others_find_and_we_do_not_is_loud(folder: Path):
    """An instance that has a solution, as published, and none here: exit code 1."""
    impossible = "**Instance #{}**\nDomainSize = 1\n Agents (0): 0 1\nDistance:\n 0: 0 0\n 1: 0 0\n"
    path = folder / "csplib046" / "instances.md"
    path.parent.mkdir()
    path.write_text("".join(impossible.format(n) for n in range(1, 26)), encoding="utf-8")
    code, told, _ = bench("csplib046", "1")
    assert code == 1
    assert "broken: Meeting 0 is not held." in told


def test_ctrl_c_ends_the_run_at_hand_and_begins_no_more(tmp_path: Path):
    """Its best schedule counts; the limit was ten minutes, and three seeds were asked for."""
    words = ("bench", "clinic", ROOT / "data" / "clinic-demo", "--time-limit", "600", "--json")
    process = start(*words, "--seeds", "3", cwd=tmp_path, terminal=True)
    stdout, stderr = interrupt(process)
    assert process.returncode == INTERRUPTED, stderr
    (told,) = [json.loads(line) for line in stdout.splitlines()]
    assert told["status"] == "FEASIBLE"
    assert told["broken"] == told["disputed"] == []
    assert told["seconds"] < 300
    assert "the last run was cut short" in stderr


def test_what_is_missing_is_told_beside_what_is_made(monkeypatch: pytest.MonkeyPatch):
    """A set that makes instances runs those, and says where the published ones are to be had."""
    monkeypatch.setattr(Meetings, "made", lambda _: ["made-5"])
    code, told, error = bench("meetings")
    assert code == 0
    assert "meetings made-5: 5 requests" in told
    assert "Only what is made here is run." in error
    assert "which is not there. Take the .xlsx files" in error


# The table ---------------------------------------------------------------------------------


def of_a_run(seed: int, *costs: int, broken: int = 0, first: float | None = 1.0) -> Run:
    """Return a run of two levels, the second without a bound."""
    return Run(
        instance="tiny",
        seed=seed,
        levels=dict(zip(("first", "second"), costs, strict=True)),
        unscored=(),
        bounds={"first": 0, "second": None},
        gaps={},
        broken=tuple(f"Rule {n} is broken." for n in range(broken)),
        disputed=(),
        first_schedule_seconds=first,
        seconds=10.0 + seed,
        status=Status.FEASIBLE,
        course=(),
    )


def printed(
    *runs: Run, known: dict[str, tuple[int, ...] | str] | None = None, width: int = 200
) -> list[str]:
    """Return the lines that a table of these runs has."""
    console = Console(file=StringIO(), width=width)
    case = Case(name="tiny", problem=problem(), score=lambda _: Scored({}), known=known or {})
    shown = BenchTable(console, case, "tiny")
    for one in runs:
        shown.add(one)
    shown.end(runs)
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined, no-any-return]


def table(*runs: Run, known: dict[str, tuple[int, ...] | str] | None = None) -> list[list[str]]:
    """Return the lines that a wide table of these runs has, cell by cell."""
    return [line.split() for line in printed(*runs, known=known)]


def test_median_and_worst_are_runs_by_the_order_of_their_levels():
    """A first level counts before any second; of two in the middle the worse is told."""
    lines = table(of_a_run(0, 0, 70), of_a_run(1, 1, 20), of_a_run(2, 0, 90), of_a_run(3, 2, 10))
    (median,) = [line for line in lines if line[:1] == ["median"]]
    (worst,) = [line for line in lines if line[:1] == ["worst"]]
    assert median == ["median", "1", "0", "20", "–", "1.00", "11.5"]
    assert worst == ["worst", "2", "0", "10", "–", "1.00", "13.0"]


def test_a_run_that_breaks_rules_is_the_worst_whatever_it_costs():
    """And its first sentences are told, with how many more there are."""
    lines = table(of_a_run(0, 0, 0, broken=7, first=None), of_a_run(1, 5, 5), of_a_run(2, 6, 6))
    assert ["worst", "0", "0", "0", "–", "–", "12.0"] in lines
    assert ["median", "6", "0", "6", "–", "–", "11.0"] in lines
    assert [" ".join(line) for line in lines if line[:1] == ["broken:"]] == [
        *(f"broken: Rule {n} is broken." for n in range(5)),
        "broken: 2 more",
    ]


def test_one_run_has_no_median():
    """It would say the same again."""
    lines = table(of_a_run(0, 1, 2), known={"others": (3, 4000), "all": "INFEASIBLE"})
    assert not [line for line in lines if line[:1] in (["median"], ["worst"])]
    assert ["others", "3", "4,000"] in lines
    assert ["all", "INFEASIBLE"] in lines


def test_a_narrow_table_has_bounds_below_their_costs():
    """And the status below the time of the first schedule; no figure is lost."""
    runs = [of_a_run(0, 3, 1_234_567), of_a_run(1, 4, 5)]
    known = {"somebody else, 60 s": (3, 4000), "all": "INFEASIBLE"}
    lines = [line.rstrip() for line in printed(*runs, known=known, width=60)]
    assert lines[2:] == [
        "               seed  first     second  first, s  seconds",
        "                     bound      bound    status   broken",
        "                  0      3  1,234,567      1.00     10.0",
        "                         0          –  FEASIBLE        0",
        "                  1      4          5      1.00     11.0",
        "                         0          –  FEASIBLE        0",
        "             median      4          5      1.00     10.5",
        "                         0          –",
        "              worst      4          5      1.00     11.0",
        "                         0          –",
        "somebody else, 60 s      3      4,000",
        "                all                    INFEASIBLE",
    ]


def test_levels_that_do_not_fit_go_to_further_lines():
    """A problem of nine classes, in 80 columns: every cost and bound is there."""
    names = [*(f"priority {n}" for n in range(1, 10)), "comfort"]
    one = replace(
        of_a_run(0, 0, 0),
        levels={name: 2520 * n for n, name in enumerate(names)},
        bounds={name: 1000 + n for n, name in enumerate(names)},
    )
    lines = printed(one, width=80)
    words = " ".join(lines).split()
    assert all(len(line) <= 80 for line in lines)
    for n in range(len(names)):
        assert {f"{2520 * n:,}", f"{1000 + n:,}"} <= set(words)
    assert words.count("bound") == len(names)
    assert "FEASIBLE" in words


@pytest.mark.parametrize("words", [("clinic", HANDMADE), ("cbctt", "tiny01")])
def test_a_table_fits_80_columns(words: tuple[str | Path, ...], folder: Path):
    """Of a clinic with two classes, and of courses with what others published."""
    (folder / "cbctt" / "tiny01.ectt").rename(folder / "cbctt" / "comp02.ectt")
    answer = run("bench", *[str(w).replace("tiny01", "comp02") for w in words], "--workers", "1")
    assert answer.exit_code == 0
    rows_ = answer.stdout.splitlines()
    first = next(n for n, line in enumerate(rows_) if line.split()[:1] == ["seed"])
    assert all(len(line) <= 80 for line in rows_[first:])
