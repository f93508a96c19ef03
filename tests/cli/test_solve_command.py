"""``allocator solve``: what it prints, writes and returns."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from cli.running import HANDMADE, ROOT, damaged, run, run_json

QUICK = ("--time-limit", "20", "--workers", "1")
KEYS = [
    "status", "objective", "bound", "gap", "requests", "requests_served", "visits",
    "visits_placed", "first_schedule_seconds", "seconds", "violations", "goals",
]  # fmt: skip


def test_json_is_one_object_with_the_promised_keys():
    """Five of six requests and six of seven visits, as data/handmade/README.md works out."""
    answer = run("solve", HANDMADE, *QUICK, "--json")
    assert answer.exit_code == 0
    told = json.loads(answer.stdout)
    assert [key for key in KEYS if key not in told] == []
    assert told["status"] == "OPTIMAL"
    assert (told["requests"], told["requests_served"]) == (6, 5)
    assert (told["visits"], told["visits_placed"]) == (7, 6)
    assert list(told["objective"]) == ["priority 1", "priority 2", "comfort"]
    assert told["bound"] == told["objective"]
    assert set(told["gap"].values()) == {0.0}
    assert told["served"]["priority 2"] == {"value": 9.0, "at_most": 9.0}
    assert told["violations"] == []
    assert 0 < told["first_schedule_seconds"] <= told["seconds"]
    cost = sum(goal["cost"] for goal in told["goals"] if goal["level"] == "comfort")
    assert cost == told["objective"]["comfort"]


@pytest.mark.parametrize("columns", [80, 100, 120])
def test_the_summary_fits_the_terminal(columns: int):
    """No line is longer than the terminal, no heading is cut, and no line is mere spaces."""
    answer = run("solve", HANDMADE, *QUICK, columns=columns)
    lines = answer.stdout.splitlines()
    assert answer.exit_code == 0
    assert max(map(len, lines)) <= columns
    assert "…" not in answer.stdout
    assert [line for line in lines if line and not line.strip()] == []
    for heading in ("class", "requests", "whole", "visits placed", "value served", "gap", "kind"):
        assert re.search(rf"^(.*\s)?{heading}(\s|$)", answer.stdout, re.MULTILINE), heading
    assert "Not placed whole: 1 request\n" in answer.stdout
    assert "9 of 9  proved" in answer.stdout
    assert "capacity took the last 1 of" in answer.stdout


def test_those_who_only_attend_are_no_part_of_the_load():
    """Patients have calendars in the handmade clinic; rooms and practitioners serve."""
    table = run("solve", HANDMADE, *QUICK).stdout.partition("Load by")[2].partition("\n\n")[0]
    kinds = [line.split()[0] for line in table.splitlines()[3:]]
    assert kinds == ["practitioner", "room"]


def test_out_holds_the_schedule_the_result_and_a_calendar_for_each_that_serves(tmp_path: Path):
    """Old calendars go, other files stay, and nothing is left of the writing."""
    (tmp_path / "plan" / "calendars").mkdir(parents=True)
    (tmp_path / "plan" / "calendars" / "gone.ics").write_text("old")
    (tmp_path / "plan" / "mine.txt").write_text("mine")
    answer = run("solve", HANDMADE, *QUICK, "--out", tmp_path / "plan")
    assert answer.exit_code == 0
    found = sorted(str(p.relative_to(tmp_path / "plan")) for p in (tmp_path / "plan").rglob("*"))
    assert found == [
        "calendars",
        *(f"calendars/{name}.ics" for name in ("jonas", "mira", "room-1", "room-2")),
        "mine.txt",
        "result.json",
        "schedule.csv",
    ]
    told = json.loads((tmp_path / "plan" / "result.json").read_text(encoding="utf-8"))
    assert told["visits_placed"] == 6
    assert "Written to" in answer.stdout


def test_what_is_unplaced_has_its_funnel_in_the_csv(tmp_path: Path):
    """R6 has one hour that it could have; capacity takes it."""
    run("solve", HANDMADE, *QUICK, "--out", tmp_path / "plan")
    rows = pd.read_csv(tmp_path / "plan" / "schedule.csv").set_index("visit")
    assert pd.isna(rows.loc["R6", "start"])
    assert rows.loc["R6", "reason"]
    steps = [step.split("=") for step in rows.loc["R6", "funnel"].split(";")]
    assert steps[0][0] == "starts"
    assert steps[-1] == ["capacity", "0"]
    left = [int(number) for _, number in steps]
    assert left == sorted(left, reverse=True)


@pytest.mark.parametrize("way", ["plan", "plan/deeper", "plan/deeper/still"])
def test_a_file_in_the_way_of_out_is_told_before_any_work(tmp_path: Path, way: str):
    """The file stays as it is."""
    (tmp_path / "plan").write_text("mine")
    answer = run("solve", HANDMADE, "--out", tmp_path / way)
    assert answer.exit_code == 2
    assert f"{tmp_path / 'plan'} is a file, and in the way" in answer.stderr
    assert answer.stdout == ""
    assert (tmp_path / "plan").read_text() == "mine"


@pytest.mark.parametrize("name", ["schedule.csv", "result.json"])
def test_a_folder_in_the_way_of_a_file_is_told_before_any_work(tmp_path: Path, name: str):
    """The folder stays as it is."""
    (tmp_path / name).mkdir()
    answer = run("solve", HANDMADE, "--out", tmp_path)
    assert answer.exit_code == 2
    assert f"{name} is a folder, and in the way" in answer.stderr
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_file_in_the_way_of_the_calendars_is_told_before_any_work(tmp_path: Path):
    """The file stays as it is."""
    (tmp_path / "calendars").write_text("mine")
    answer = run("solve", HANDMADE, "--out", tmp_path)
    assert answer.exit_code == 2
    assert "calendars is a file, and in the way" in answer.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["calendars"]


def test_all_faults_are_told_at_once_each_on_a_line_of_its_own(tmp_path: Path):
    """An unknown service, a naive time and a duration off the grid, in three files."""
    folder = damaged(tmp_path / "p", "requests.csv", "R2,speech_therapy", "R2,speech")
    damaged(folder, "requests.csv", "2026-03-02T11:00+01:00", "2026-03-02T11:00")
    damaged(folder, "services.csv", "Speech therapy,60", "Speech therapy,50")
    answer = run("solve", folder, "--out", tmp_path / "plan")
    assert answer.exit_code == 2
    lines = answer.stderr.splitlines()
    assert lines[0] == "3 faults in the input"
    assert sum("requests.csv" in line for line in lines[1:4]) == 2
    assert sum("services.csv" in line for line in lines[1:4]) == 1
    assert answer.stdout == ""
    assert not (tmp_path / "plan").exists()


def test_faults_are_one_object_with_json(tmp_path: Path):
    """The same sentence as on stderr, with its code."""
    folder = damaged(tmp_path / "p", "requests.csv", "R2,speech_therapy", "R2,speech")
    answer = run("solve", folder, "--json")
    assert answer.exit_code == 2
    (fault,) = json.loads(answer.stdout)["faults"]
    assert fault["code"] == "unknown_name"
    assert f"{fault['where']}: {fault['message']}" in answer.stderr


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("without_rules,lunch", "without the rule 'lunch', which does not exist"),
        ("without_rules,duration", "without the rule 'duration'"),
    ],
)
def test_rules_that_cannot_be_switched_off_are_a_clear_line(tmp_path: Path, row: str, says: str):
    """Unknown ones, and those that are part of what a visit is."""
    folder = damaged(tmp_path / "p", "problem.csv", "days,2", f"days,2\n{row}")
    answer = run("solve", folder)
    assert answer.exit_code == 2
    assert answer.stderr.splitlines()[0] == "1 fault in the input"
    assert says in answer.stderr.splitlines()[1]


def test_an_unknown_goal_is_a_clear_line(tmp_path: Path):
    """A request weighs a goal that does not exist."""
    folder = damaged(tmp_path / "p", "problem.csv", "days,2", "days,2")
    (folder / "request_weights.csv").write_text("request,goal,weight\nR2,tidiness,5\n")
    answer = run("solve", folder)
    assert answer.exit_code == 2
    assert "Request R2: the goal 'tidiness' does not exist" in answer.stderr.splitlines()[1]


@pytest.mark.parametrize(
    ("option", "bad", "name"),
    [
        ("--time-limit", "-1", "time_limit_seconds"),
        ("--time-limit", "nan", "time_limit_seconds"),
        ("--gap", "1.5", "gap"),
        ("--workers", "0", "workers"),
        ("--seed", "-1", "seed"),
        ("--deterministic-limit", "-2", "deterministic_limit"),
    ],
)
def test_a_bad_setting_is_a_clear_line(option: str, bad: str, name: str):
    """It names the setting, what it is and what is possible."""
    answer = run("solve", HANDMADE, option, bad)
    assert answer.exit_code == 2
    line = answer.stderr.splitlines()[1]
    assert line.strip().startswith(f"The setting {name} is {bad}; ")
    assert line.endswith("are possible.")


def test_bad_settings_are_told_all_at_once():
    """Two settings, two lines."""
    answer = run("solve", HANDMADE, "--gap", "2", "--workers", "0")
    assert answer.stderr.splitlines()[0] == "2 faults in the input"


def test_a_problem_that_is_not_there_is_bad_input(tmp_path: Path):
    """The message names it."""
    answer = run("solve", tmp_path / "nowhere")
    assert answer.exit_code == 2
    assert "nowhere" in answer.stderr


def test_a_hard_demand_that_cannot_be_met_is_exit_code_3_and_nothing_is_written(tmp_path: Path):
    """R2 and R5 must both be served, in the hours of others, by Jonas and Mira alone.

    R4 (Monday at 11, Jonas) and another like it cannot both be there.
    """
    folder = damaged(
        tmp_path / "p",
        "requests.csv",
        "R4,speech_therapy,P4,2026-03-02T11:00+01:00,2026-03-02T12:00+01:00,2,2,no,no,,,,",
        "R4,speech_therapy,P4,2026-03-02T11:00+01:00,2026-03-02T12:00+01:00,2,2,yes,no,,,,\n"
        "R7,speech_therapy,P5,2026-03-02T11:00+01:00,2026-03-02T12:00+01:00,2,2,yes,no,,,,",
    )
    answer = run("solve", folder, *QUICK, "--out", tmp_path / "plan")
    assert answer.exit_code == 3
    assert "No schedule meets the hard demands: this is proved." in answer.stdout
    assert "2 requests must be served: R4, R7." in answer.stdout
    assert "Nothing is written." in answer.stderr
    assert not (tmp_path / "plan").exists()
    told = run_json("solve", folder, *QUICK)
    assert (told["status"], told["objective"], told["visits_placed"]) == ("INFEASIBLE", {}, 0)


def test_the_same_seed_and_one_worker_give_the_same_bytes(tmp_path: Path):
    """With a deterministic limit in place of seconds."""
    words = ("--workers", "1", "--seed", "3", "--deterministic-limit", "5")
    for name in ("one", "two"):
        assert run("solve", HANDMADE, *words, "--out", tmp_path / name).exit_code == 0
    one, two = ((tmp_path / name / "schedule.csv").read_bytes() for name in ("one", "two"))
    assert one == two


def test_make_demo_runs_commands_that_work(tmp_path: Path):
    """The recipe of ``make demo``, with a short limit, on the problem that it names."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = makefile.partition("\ndemo:")[2].partition("\n\n")[0]
    commands = re.findall(r"^\t@\$\(BIN\)/allocator (.+)$", recipe, re.MULTILINE)
    assert [command.split()[0] for command in commands] == ["solve", "plot"]
    told = []
    for command in commands:
        words = command.replace("out/demo", str(tmp_path / "demo")).split()
        words = [str(ROOT / word) if word.startswith("data/") else word for word in words]
        if "--time-limit" in words:
            words[words.index("--time-limit") + 1] = "1"
        answer = run(*words)
        assert answer.exit_code == 0, answer.stderr
        told.append(answer.stdout)
    summary = told[0].partition("Written to")[0]
    assert max(map(len, summary.splitlines())) <= 80
    assert "…" not in summary
    assert told[0].count("Good Friday") == 1
    assert f"Report: {tmp_path / 'demo' / 'report.html'}" in told[0]
    assert f"Written to {tmp_path / 'demo' / 'week.png'}." in told[1]
    assert (tmp_path / "demo" / "schedule.csv").stat().st_size > 100_000
    assert (tmp_path / "demo" / "week.png").stat().st_size > 100_000
    assert "</html>" in (tmp_path / "demo" / "report.html").read_text(encoding="utf-8")
    schedule = (tmp_path / "demo" / "schedule.csv").read_text(encoding="utf-8")
    calendars = [path.stem for path in (tmp_path / "demo" / "calendars").glob("*.ics")]
    assert calendars
    assert all(name in schedule for name in calendars)


@pytest.mark.parametrize("name", ["report.pdf", "report", "there.html", "file/report.html"])
def test_a_report_that_cannot_be_written_is_told_before_any_work(tmp_path: Path, name: str):
    """Another ending, none, a folder of that name, or a file where its folder would be."""
    (tmp_path / "there.html").mkdir()
    (tmp_path / "file").write_text("mine")
    answer = run("solve", HANDMADE, "--report", tmp_path / name)
    assert answer.exit_code == 2
    assert name.partition("/")[0] in answer.stderr
    assert answer.stdout == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "there.html"]


def test_a_report_has_the_course_of_the_solve_and_reasons(tmp_path: Path):
    """R6 is left out: its window and Mira, who is taken, leave no way."""
    answer = run("solve", HANDMADE, *QUICK, "--report", tmp_path / "new" / "report.html")
    assert answer.exit_code == 0
    page = (tmp_path / "new" / "report.html").read_text(encoding="utf-8")
    assert 'data-chart="course"' in page
    assert "Mira Vogel (physio) is taken" in page
