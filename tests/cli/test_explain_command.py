"""``allocator explain``: every form of it, on the clinics in data/."""

import json
from pathlib import Path

import pytest
from cli.running import HANDMADE, ROOT, damaged, run, run_json
from groups import group
from tiny import at, practitioner, problem, request, service

from allocator.domain.schedule import Assignment, Schedule
from allocator.frames import write_problem, write_schedule

SMALL = ROOT / "data" / "clinic-small-75"
R6_AT_TEN = "2026-03-03T10:00+01:00"


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The best schedule of the handmade clinic, in which R6 is left out."""
    folder = tmp_path_factory.mktemp("solved") / "plan"
    assert run("solve", HANDMADE, "--workers", "1", "--out", folder).exit_code == 0
    return folder / "schedule.csv"


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A schedule of a small clinic in which all that is booked lies and nothing else does."""
    from allocator.frames import read_problem

    asked = read_problem(SMALL)
    schedule = Schedule(assignments=asked.published)
    path = tmp_path_factory.mktemp("booked") / "schedule.csv"
    write_schedule(schedule, asked, path)
    return path


def one_line(text: str) -> str:
    """Undo the breaks of lines."""
    return " ".join(text.split())


def test_without_a_schedule_which_demands_conflict(tmp_path: Path):
    """Two requests that must be served want Ann's four hours, who has a name."""
    asks = problem(
        request("A", services="long", must=True),
        request("B", must=True),
        resources=(practitioner("ann", name="Ann Bo"),),
        services=(service("long", 240), service()),
    )
    write_problem(asks, tmp_path / "p")
    answer = run("explain", tmp_path / "p")
    assert answer.exit_code == 0
    told = one_line(answer.stdout)
    assert told.startswith("A and B cannot all be met: ")
    assert "Would help: If Ann Bo were available up to 60 minutes longer" in told
    found = run_json("explain", tmp_path / "p")
    assert found["rows"][0]["demands"] == "A B"
    assert found["rows"][0]["kind"] == "longer_hours"


@pytest.mark.parametrize("folder", ["handmade", "clinic-small-75", "clinic-demo"])
def test_where_no_demands_conflict_it_says_so(folder: str):
    """Nothing in these clinics has to be served beside what is booked."""
    answer = run("explain", ROOT / "data" / folder)
    assert answer.exit_code == 0
    assert answer.stdout == "All hard demands can be met, as far as can be told.\n"
    assert run_json("explain", ROOT / "data" / folder)["rows"] == []


def test_a_schedule_as_a_whole(plan: Path):
    """Who is left out and why, that nothing would help, and what each goal pays where."""
    answer = run("explain", HANDMADE, plan)
    assert answer.exit_code == 0
    told = one_line(answer.stdout)
    assert told.startswith("1 request is left out. R6 cannot be placed while all else stays: ")
    assert "Nothing was found that would help; moves of others were not tried." in told
    costs = told.partition("Where the cost comes from:")[2]
    assert "priority 2, served:2, 2,520 points: 2,520 for R6." in costs


def test_where_many_are_left_out_what_recurs_comes_first(tmp_path: Path):
    """Of 23 the 20 most urgent are told one by one, and all of them as JSON."""
    asks = problem(request("A"), *(request(f"X{n:02}") for n in range(23)))
    lies = [
        Assignment(
            visit=name,
            start=at(0, hour),
            end=at(0, hour + 1),
            resources=(("practitioner", ("ann",)),),
        )
        for name, hour in (("A", 8), ("X00", 9), ("X01", 10), ("X02", 11))
    ]
    write_problem(asks, tmp_path / "p")
    write_schedule(Schedule(assignments=tuple(lies[:1])), asks, tmp_path / "s.csv")
    told = one_line(run("explain", tmp_path / "p", tmp_path / "s.csv").stdout)
    assert told.startswith("23 requests are left out. ")
    assert "The 20 most urgent; name another to hear of it, or --json for all:" in told
    assert "X19" in told
    assert "X20" not in told
    found = run_json("explain", tmp_path / "p", tmp_path / "s.csv")
    assert {row["request"] for row in found["rows"]} == {f"X{n:02}" for n in range(23)}
    write_schedule(Schedule(assignments=tuple(lies)), asks, tmp_path / "s.csv")
    told = one_line(run("explain", tmp_path / "p", tmp_path / "s.csv").stdout)
    assert told.startswith("20 requests are left out. X03 cannot be placed")
    assert "Most often" not in told


def test_as_json_every_payment_is_told(plan: Path):
    """They sum to the objective that the check finds, level by level."""
    found = run_json("explain", HANDMADE, plan)
    assert {row["request"] for row in found["rows"]} == {"R6"}
    objective = run_json("check", HANDMADE, plan)["objective"]
    for level, cost in objective.items():
        assert sum(p["cost"] for p in found["payments"] if p["level"] == level) == cost


def test_where_all_are_served(tmp_path: Path):
    """And nothing costs anything."""
    asks = problem(request("A"))
    lies = Assignment(
        visit="A", start=at(0, 8), end=at(0, 9), resources=(("practitioner", ("ann",)),)
    )
    write_problem(asks, tmp_path / "p")
    write_schedule(Schedule(assignments=(lies,)), asks, tmp_path / "s.csv")
    answer = run("explain", tmp_path / "p", tmp_path / "s.csv")
    assert answer.stdout.startswith("No request is left out.\n\n")
    assert run_json("explain", tmp_path / "p", tmp_path / "s.csv")["rows"] == []


def test_why_a_request_is_left_out(plan: Path):
    """The reason, who is in the way, and that there is no way out; as a row the reason alone."""
    answer = run("explain", HANDMADE, plan, "R6")
    assert answer.exit_code == 0
    told = one_line(answer.stdout)
    assert told.startswith("R6 cannot be placed while all else stays: it has to lie in its window")
    assert "Mira Vogel (physio) is taken" in told
    assert "In the way: R3#2 (class 2, weight 2). Without it there would be a place." in told
    assert told.endswith("No single change that was tried would help.")
    (row,) = run_json("explain", HANDMADE, plan, "R6")["rows"]
    assert row["request"] == "R6"
    assert told.startswith(row["reason"])


def test_each_way_out_is_told_and_a_row(tmp_path: Path):
    """B takes all of Ann's four hours; of a whole schedule only the first way out is told."""
    asks = problem(
        request("A"),
        request("B", services="long"),
        resources=(practitioner("ann", name="Ann Bo"),),
        services=(service(), service("long", 240)),
    )
    lies = Assignment(
        visit="B", start=at(0, 8), end=at(0, 12), resources=(("practitioner", ("ann",)),)
    )
    write_problem(asks, tmp_path / "p")
    write_schedule(Schedule(assignments=(lies,)), asks, tmp_path / "s.csv")
    rows = run_json("explain", tmp_path / "p", tmp_path / "s.csv", "A")["rows"]
    assert [row["price"] for row in rows] == sorted(row["price"] for row in rows)
    assert rows[0]["kind"] == "longer_hours"
    told = one_line(run("explain", tmp_path / "p", tmp_path / "s.csv", "A").stdout)
    assert all(f"Would help: {row['relaxation']}" in told for row in rows)
    whole = one_line(run("explain", tmp_path / "p", tmp_path / "s.csv").stdout)
    assert whole.count("Would help: ") == 1
    assert f"Would help: {rows[0]['relaxation']}" in whole


def test_why_a_visit_lies_where_it_does(plan: Path):
    """By its id, or by its request's, which then tells all of its visits."""
    one = run("explain", HANDMADE, plan, "R4")
    assert one.exit_code == 0
    assert one_line(one.stdout).startswith("R4 lies at Mon 2026-03-02 11:00 with Jonas ")
    both = run_json("explain", HANDMADE, plan, "R3")
    assert {row["visit"] for row in both["rows"]} == {"R3#1", "R3#2"}
    second = run_json("explain", HANDMADE, plan, "R3#2")
    assert second["rows"][0]["visit"] == "R3#2"
    assert second["rows"][0]["start"] == "2026-03-03T10:00:00+01:00"
    assert both["text"].endswith(second["text"])


def test_why_a_visit_cannot_start_then(plan: Path):
    """All that stands against it, or nothing; what goals would pay."""
    answer = run("explain", HANDMADE, plan, "R6", "--at", R6_AT_TEN)
    assert answer.exit_code == 0
    told = one_line(answer.stdout)
    assert told.startswith("R6 at Tue 2026-03-03 10:00 with Mira Vogel (physio), ")
    assert "capacity: Mira Vogel (physio) serves 1 at once" in told
    found = run_json("explain", HANDMADE, plan, "R6", "--at", R6_AT_TEN)
    assert {row["rule"] for row in found["rows"]} == {"capacity"}
    where = run("explain", HANDMADE, plan, "R4", "--at", "2026-03-02T11:00+01:00")
    assert "breaks no rule." in one_line(where.stdout)


def test_what_another_schedule_does_differently(plan: Path, tmp_path: Path):
    """R5 goes: told, and in the other direction it comes."""
    lines = plan.read_text(encoding="utf-8").splitlines()
    less = tmp_path / "less.csv"
    less.write_text("\n".join(x for x in lines if not x.startswith("R5,")), encoding="utf-8")
    answer = run("explain", HANDMADE, plan, "--against", less)
    assert answer.exit_code == 0
    told = one_line(answer.stdout)
    assert told.startswith("1 visit dropped. priority 2: +5,040 points.")
    assert "R5 dropped: Tue 2026-03-03 09:00 with Mira Vogel (physio)" in told
    rows = run_json("explain", HANDMADE, less, "--against", plan)["rows"]
    assert [(row["visit"], row["change"]) for row in rows] == [("R5", "added")]
    same = run("explain", HANDMADE, plan, "--against", plan)
    assert same.stdout == "No visit lies elsewhere.\n"


def test_a_booked_visit_of_a_clinic(clinic: Path):
    """It is booked where it lies, and people go by their names."""
    row = clinic.read_text(encoding="utf-8").splitlines()[1]
    visit = row.split(",")[0]
    told = one_line(run("explain", SMALL, clinic, visit).stdout)
    assert "It is booked there." in told
    assert "practitioner-" not in told


def test_a_request_of_a_clinic_that_has_a_place(clinic: Path):
    """Nothing but what is booked lies there: where a request could be placed is said."""
    told = one_line(run("explain", SMALL, clinic, "R0001").stdout)
    assert told.startswith("R0001 (Psychotherapy) could be placed beside all else, from ")


def test_long_lines_are_set_in_and_end_in_time(plan: Path):
    """At 80 columns and at more; what goes on is set in further than where it began."""
    text = run_json("explain", HANDMADE, plan)["text"]
    for columns in (80, 120):
        lines = run("explain", HANDMADE, plan, columns=columns).stdout.splitlines()
        assert max(map(len, lines)) <= columns
        assert one_line("\n".join(lines)) == one_line(text)
    narrow = run("explain", HANDMADE, plan).stdout.splitlines()
    costs = narrow[narrow.index("Where the cost comes from:") + 1 :]
    assert {len(line) - len(line.lstrip()) for line in costs} == {2, 6}


def test_sessions_that_are_not_held(tmp_path: Path):
    """A group session that nobody joins is a visit that is not placed, and of no request."""
    write_problem(group("A", sessions="ST"), tmp_path / "p")
    write_schedule(Schedule(), group("A", sessions="ST"), tmp_path / "s.csv")
    answer = run("explain", tmp_path / "p", tmp_path / "s.csv", "S")
    assert answer.exit_code == 2
    assert answer.stderr == "Visit S is not placed.\n"


REFUSED = {
    "an unknown name": (["R99"], "There is no request and no visit R99."),
    "a time that is none": (["R6", "--at", "noon"], "--at noon is no time; write it as "),
    "a time without a zone": (["R6", "--at", "2026-03-03T10:00"], "has no zone or offset"),
    "a time off the grid": (["R6", "--at", "2026-03-03T10:07+01:00"], "is not on the grid"),
    "a time after the horizon": (["R6", "--at", "2027-03-03T10:00+01:00"], "inside the horizon"),
    "a request of several visits": (
        ["R3", "--at", R6_AT_TEN],
        "Request R3 has 2 visits; name one of them, as R3#1, R3#2.",
    ),
    "a start of nothing": (["--at", R6_AT_TEN], "--at is the start of a visit: name "),
    "one visit against a schedule": (
        ["R6", "--against", "none.csv"],
        "--against compares whole schedules: leave out R6.",
    ),
    "a schedule that is not there": (["--against", "none.csv"], "The file cannot be read: "),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_answered_is_exit_code_2(case: str, plan: Path):
    """Nothing on stdout, the reason on stderr; with --json the reason is an object as well."""
    words, message = REFUSED[case]
    answer = run("explain", HANDMADE, plan, *words)
    assert answer.exit_code == 2
    assert answer.stdout == ""
    assert message in one_line(answer.stderr)
    told = run("explain", HANDMADE, plan, *words, "--json")
    assert told.exit_code == 2
    (fault,) = json.loads(told.stdout)["faults"]
    assert message in fault["message"]


def test_options_without_a_schedule_are_refused():
    """They would not be heeded."""
    start = run("explain", HANDMADE, "--at", R6_AT_TEN)
    other = run("explain", HANDMADE, "--against", "some.csv")
    assert (start.exit_code, other.exit_code) == (2, 2)
    assert "--at is the start of a visit" in start.stderr
    assert "--against compares two schedules" in other.stderr


def test_faults_of_the_problem_and_of_the_schedule(plan: Path, tmp_path: Path):
    """Each is told with its row."""
    wrong = damaged(tmp_path / "p", "requests.csv", "R6,", "R5,")
    answer = run("explain", wrong, plan)
    assert answer.exit_code == 2
    assert "requests.csv" in answer.stderr
    mine = tmp_path / "mine.csv"
    mine.write_text(plan.read_text(encoding="utf-8").replace("mira", "myra"), encoding="utf-8")
    answer = run("explain", HANDMADE, mine)
    assert answer.exit_code == 2
    assert "'myra'" in answer.stderr
    assert "mine.csv row" in answer.stderr


def test_help_teaches_each_form():
    """Within 80 columns, by both options, with an example for each form and the exit codes."""
    text = run("explain", "--help").stdout
    assert text == run("explain", "-h").stdout
    assert max(map(len, text.splitlines())) <= 80
    assert "{PROBLEM} [SCHEDULE] [REQUEST|VISIT]" in text
    examples = one_line(text.partition("Examples")[2])
    for form in (
        "my-clinic plan/schedule.csv Why",
        "plan/schedule.csv R0025",
        "R0001 --at 2026-03-03T10:00+01:00",
        "old.csv --against new.csv",
        "allocator explain my-clinic Exit codes",
    ):
        assert form in examples
    assert " 0 " in examples.partition("Exit codes")[2]
    assert " 2 " in examples.partition("Exit codes")[2]
