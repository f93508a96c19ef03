"""Bad input: one clear message for each fault, all at once, with file and row."""

import pandas as pd
import pytest

from allocator.domain.faults import FaultCode, InvalidProblem
from allocator.frames import (
    problem_from_frames,
    problem_from_json,
    problem_to_frames,
    read_problem,
    write_problem,
)
from allocator.goals import GOALS
from allocator.goals.goal import Goal

BASE = {
    "problem": "key,value\nfirst,2026-03-02\ndays,5\nzone,Europe/Berlin\n",
    "calendars": "id\nweek\n",
    "opening_hours": "calendar,weekdays,start,end\nweek,mon-fri,08:00,17:00\n",
    "resources": "id,kind,calendar\nT1,practitioner,week\nA,room,week\nP1,patient,\nP2,patient,\n",
    "services": "id,minutes\nS,30\n",
    "needs": "service,role,kind\nS,practitioner,practitioner\nS,room,room\n",
    "requests": "id,service,attendees\nR1,S,P1\nR2,S,P2\n",
}
PROBLEM = BASE["problem"]
NINE, TEN = "2026-03-02T09:00+01:00", "2026-03-02T10:00+01:00"


def write(folder, **tables):
    for name, text in (BASE | tables).items():
        data = text if isinstance(text, bytes) else text.encode()
        (folder / f"{name}.csv").write_bytes(data)


def faults_of(folder, **tables):
    write(folder, **tables)
    with pytest.raises(InvalidProblem) as caught:
        read_problem(folder)
    return caught.value.faults


def messages(folder, **tables):
    return [str(fault) for fault in faults_of(folder, **tables)]


def test_the_base_of_these_tests_is_sound(tmp_path):
    """Without a fault the folder is read."""
    write(tmp_path)
    assert [r.id for r in read_problem(tmp_path).requests] == ["R1", "R2"]


#: What is wrong, its kind, the tables that differ, and the message.
CASES = [
    (
        "an unknown service",
        FaultCode.UNKNOWN_NAME,
        {"requests": "id,service\nR1,X\n"},
        "requests.csv row 2: Request R1 names the service 'X', which does not exist.",
    ),
    (
        "an unknown attendee",
        FaultCode.UNKNOWN_NAME,
        {"requests": "id,service,attendees\nR1,S,P9\n"},
        "requests.csv row 2: Request R1 names the resource 'P9', which does not exist.",
    ),
    (
        "an unknown role",
        FaultCode.UNKNOWN_NAME,
        {"preferences": "request,role,resources\nR1,nurse,T1\n"},
        "preferences.csv row 2: Request R1 names the role 'nurse'; its services have:"
        " practitioner, room.",
    ),
    (
        "a row of a request that is not there",
        FaultCode.UNKNOWN_NAME,
        {"windows": f"request,start,end\nR11,{NINE},{TEN}\n"},
        "windows.csv row 2: The request R11 does not exist in requests.csv; did you mean R1?",
    ),
    (
        "an unknown column",
        FaultCode.UNKNOWN_NAME,
        {"requests": "id,service,prority\nR1,S,2\n"},
        "requests.csv: The column 'prority' is unknown; did you mean priority?",
    ),
    (
        "an unknown key",
        FaultCode.UNKNOWN_NAME,
        {"problem": PROBLEM + "grain,5\n"},
        "problem.csv row 5: The key 'grain' is unknown; did you mean grain_minutes?",
    ),
    (
        "an unknown file",
        FaultCode.UNKNOWN_NAME,
        {"request": "id\n"},
        "request.csv: The file is none of a problem's; did you mean requests.csv?",
    ),
    (
        "an unknown region of holidays",
        FaultCode.UNKNOWN_NAME,
        {"calendars": "id,holidays\nweek,XX\n"},
        "calendars.csv row 2: Calendar week: the region 'XX' of public holidays is unknown;"
        " regions are written like DE or DE-BE.",
    ),
    (
        "an id twice",
        FaultCode.DUPLICATE,
        {"requests": "id,service\nR1,S\nR2,S\nR1,S\n"},
        "requests.csv rows 2 and 4: Request R1 is defined 2 times.",
    ),
    (
        "a key twice",
        FaultCode.DUPLICATE,
        {"problem": PROBLEM + "days,6\n"},
        "problem.csv row 5: The key days stands in row 3 already.",
    ),
    (
        "a column twice",
        FaultCode.DUPLICATE,
        {"requests": "id,service,id\nR1,S,R1\n"},
        "requests.csv row 1: The column id stands twice.",
    ),
    (
        "a word in place of a number",
        FaultCode.WRONG_TYPE,
        {"requests": "id,service,priority\nR1,S,high\n"},
        "requests.csv row 2: Request R1: priority is 'high'; a whole number is expected.",
    ),
    (
        "a word in place of yes or no",
        FaultCode.WRONG_TYPE,
        {"attendees": "request,resource,required\nR1,P2,maybe\n"},
        "attendees.csv row 2: Request R1: required is 'maybe'; yes or no is expected.",
    ),
    (
        "a date that does not exist",
        FaultCode.WRONG_TYPE,
        {"problem": PROBLEM.replace("03-02", "02-30")},
        "problem.csv row 2: The problem: first is 2026-02-30, a date that does not exist.",
    ),
    (
        "a time on a date that does not exist",
        FaultCode.WRONG_TYPE,
        {"requests": "id,service,due\nR1,S,2026-02-30T09:00+01:00\n"},
        "requests.csv row 2: Request R1: due is 2026-02-30T09:00+01:00, a date that does not"
        " exist.",
    ),
    (
        "a wall time after midnight",
        FaultCode.WRONG_TYPE,
        {"opening_hours": "calendar,weekdays,start,end\nweek,mon,08:00,25:00\n"},
        "opening_hours.csv row 2: Calendar week: end is '25:00'; a wall time from 00:00 to 24:00"
        " is expected.",
    ),
    (
        "a weekday that does not exist",
        FaultCode.WRONG_TYPE,
        {"opening_hours": "calendar,weekdays,start,end\nweek,mon-fry,08:00,17:00\n"},
        "opening_hours.csv row 2: Calendar week: weekdays is 'mon-fry'; weekdays such as mon-fri"
        " or mon;wed are expected.",
    ),
    (
        "an unknown kind of series",
        FaultCode.WRONG_TYPE,
        {"requests": "id,service,series,count\nR1,S,weekly,3\n"},
        "requests.csv row 2: Request R1: series is 'weekly'; fixed or flexible is expected.",
    ),
    (
        "a list with an open quotation mark",
        FaultCode.WRONG_TYPE,
        {"requests": 'id,service,attendees\nR1,S,"""P1;P2"\n'},
        "requests.csv row 2: Request R1: attendees is '\"P1;P2'; a quotation mark is not closed.",
    ),
    (
        "a resource without a role",
        FaultCode.WRONG_TYPE,
        {"options": f"request,option,start,resources\nR1,1,{NINE},T1\n"},
        "options.csv row 2: Request R1: resources is 'T1'; text such as a=x;b=y is expected.",
    ),
    (
        "a limit below nothing",
        FaultCode.WRONG_NUMBER,
        {"problem": PROBLEM + "most_changes,-1\n"},
        "problem.csv row 5: most_changes is -1; at least 0 published visits may change.",
    ),
    (
        "a hold of no time",
        FaultCode.WRONG_NUMBER,
        {"services": "id,minutes,hold_minutes\nS,15,0\n"},
        "services.csv row 2: Service S: its hold is 0 minutes; at least 1.",
    ),
    (
        "a number outside its limits",
        FaultCode.WRONG_NUMBER,
        {"requests": "id,service,priority\nR1,S,12\n"},
        "requests.csv row 2: Request R1: its priority is 12; 1 to 9 exist.",
    ),
    (
        "a number of thirty digits",
        FaultCode.WRONG_NUMBER,
        {"services": f"id,minutes\nS,{10**29}\n"},
        f"services.csv row 2: Service S: minutes is '{10**29}'; at most {10**9} is possible.",
    ),
    (
        "a horizon of too many days",
        FaultCode.WRONG_NUMBER,
        {"problem": PROBLEM.replace("days,5", "days,5000")},
        "problem.csv row 3: The horizon has 5000 days; it may have 1 to 1098.",
    ),
    (
        "a negative forecast, in the second of two rows of a kind",
        FaultCode.WRONG_NUMBER,
        {"forecast": f"kind,start,end,minutes\nroom,{NINE},{TEN},5\nroom,{NINE},{TEN},-5\n"},
        "forecast.csv row 3: Forecast room: -5 minutes; at least 0.",
    ),
    (
        "a duration off the grain",
        FaultCode.OFF_GRID,
        {"services": "id,minutes\nS,20\n"},
        "services.csv row 2: Service S: its duration is 20 minutes; the grain is 15.",
    ),
    (
        "a naive time",
        FaultCode.NAIVE_TIME,
        {"requests": "id,service,due\nR1,S,2026-03-02T09:00\n"},
        "requests.csv row 2: Request R1: due is 2026-03-02T09:00, which has no zone or offset.",
    ),
    (
        "an empty window",
        FaultCode.EMPTY_SPAN,
        {"windows": f"request,start,end\nR1,{NINE},{TEN}\nR1,{TEN},{NINE}\n"},
        "windows.csv row 3: Request R1: a window starts at 2026-03-02T10:00+01:00 and ends at"
        " 2026-03-02T09:00+01:00 (Europe/Berlin), which leaves nothing.",
    ),
    (
        "an empty window that is written in UTC, among others",
        FaultCode.EMPTY_SPAN,
        {
            "windows": f"request,start,end\nR1,{NINE},{TEN}\nR1,2026-03-02T09:00Z,"
            f"2026-03-02 08:00:00+00:00\nR1,{NINE},{TEN}\n"
        },
        "windows.csv row 3: Request R1: a window starts at 2026-03-02T10:00+01:00 and ends at"
        " 2026-03-02T09:00+01:00 (Europe/Berlin), which leaves nothing.",
    ),
    (
        "a due date before the day of asking",
        FaultCode.EMPTY_SPAN,
        {"requests": f"id,service,requested,due\nR1,S,{TEN},{NINE}\n"},
        "requests.csv row 2: Request R1: it is due at 2026-03-02T09:00+01:00, before it was asked"
        " at 2026-03-02T10:00+01:00 (Europe/Berlin).",
    ),
    (
        "opening hours that end before they start",
        FaultCode.EMPTY_SPAN,
        {
            "opening_hours": "calendar,weekdays,start,end\nweek,mon,12:00,13:00\n"
            "week,tue,17:00,08:00\n"
        },
        "opening_hours.csv row 3: Calendar week: a weekly rule starts at 17:00 and ends at 08:00,"
        " which leaves nothing.",
    ),
    (
        "windows outside the horizon",
        FaultCode.OUTSIDE_HORIZON,
        {"windows": f"request,start,end\nR1,{NINE},{TEN}\n".replace("2026", "2027")},
        "windows.csv row 2: Request R1: its windows, from 2027-03-02T09:00+01:00 to"
        " 2027-03-02T10:00+01:00, all lie outside the horizon, 2026-03-02T00:00+01:00 to"
        " 2026-03-07T00:00+01:00 (Europe/Berlin).",
    ),
    (
        "windows of a group session outside the horizon",
        FaultCode.OUTSIDE_HORIZON,
        {
            "sessions": "id,service,most\nG,S,3\n",
            "session_windows": f"session,start,end\nG,{NINE},{TEN}\n".replace("2026", "2025"),
        },
        "session_windows.csv row 2: Session G: its windows, from 2025-03-02T09:00+01:00 to"
        " 2025-03-02T10:00+01:00, all lie outside the horizon, 2026-03-02T00:00+01:00 to"
        " 2026-03-07T00:00+01:00 (Europe/Berlin).",
    ),
    (
        "a series of a kind that does not exist, whose columns are told of no other kind",
        FaultCode.WRONG_TYPE,
        {"requests": "id,service,series,count,at_least\nR1,S,weekly,3,2\n"},
        "requests.csv row 2: Request R1: series is 'weekly'; fixed or flexible is expected.",
    ),
    (
        "hours that overlap",
        FaultCode.OVERLAP,
        {
            "opening_hours": "calendar,weekdays,start,end\nweek,mon-fri,08:00,17:00\n"
            "week,wed,16:00,18:00\n"
        },
        "opening_hours.csv row 3: Calendar week: wed has 08:00–17:00 and 16:00–18:00, which"
        " overlap.",
    ),
    (
        "a need that nobody can meet",
        FaultCode.NOBODY,
        {"needs": "service,role,kind,skills,quantity\nS,practitioner,practitioner,hand,2\n"},
        "needs.csv row 2: Service S: the need practitioner asks for 2 (practitioner with hand);"
        " 0 exist.",
    ),
    (
        "two rows of a need that disagree",
        FaultCode.CONTRADICTION,
        {"needs": "service,role,kind,quantity\nS,room,room,1\nS,room,device,2\n"},
        "needs.csv row 3: Service S: quantity of role room is 2; needs.csv row 2 says 1.",
    ),
    (
        "a column of the other kind of series",
        FaultCode.CONTRADICTION,
        {"requests": "id,service,series,count,may_miss\nR1,S,flexible,3,2\n"},
        "requests.csv row 2: Request R1: may_miss is given; a flexible series has none.",
    ),
    (
        "a service and a chain",
        FaultCode.CONTRADICTION,
        {"steps": "request,service\nR1,S\n"},
        "requests.csv row 2: Request R1: it has steps here and in steps.csv; one of the two is"
        " possible.",
    ),
    (
        "a horizon of too many ticks",
        FaultCode.TOO_LARGE,
        {"problem": PROBLEM.replace("days,5", "days,1000") + "grain_minutes,1\n"},
        "problem.csv row 5: The horizon has 1440000 ticks of 1 minutes; at most 600000 are"
        " allowed.",
    ),
    (
        "an unknown zone",
        FaultCode.UNKNOWN_ZONE,
        {"problem": PROBLEM.replace("Berlin", "Berln")},
        "problem.csv row 4: The horizon's zone 'Europe/Berln' is unknown.",
    ),
    (
        "an unknown zone of a location",
        FaultCode.UNKNOWN_ZONE,
        {"locations": "id,zone\nL,\nM,Mars/Phobos\n"},
        "locations.csv row 3: Location M: the zone 'Mars/Phobos' is unknown.",
    ),
    (
        "a quotation mark that is not closed",
        FaultCode.BROKEN_FILE,
        {"requests": 'id,service\nR1,S\nR2,"S\n'},
        "requests.csv row 3: The row cannot be read: a quotation mark is not closed.",
    ),
    (
        "a quotation mark inside a cell",
        FaultCode.BROKEN_FILE,
        {"requests": 'id,service\nR1,"S"x\n'},
        "requests.csv row 2: The row cannot be read: a quotation mark ends before the cell does.",
    ),
    (
        "too many cells",
        FaultCode.BROKEN_FILE,
        {"requests": "id,service\nR1,S,3\n"},
        "requests.csv row 2: The row has 3 cells; the header has 2.",
    ),
    (
        "cells under no name",
        FaultCode.BROKEN_FILE,
        {"requests": "id,service,\nR1,S,\nR2,S,x\n"},
        "requests.csv row 3: Cell 3 is 'x'; its column has no name.",
    ),
    (
        "an encoding of another age",
        FaultCode.BROKEN_FILE,
        {"requests": "id,service,label\nR1,S,Müller\n".encode("latin-1")},
        "requests.csv row 2: The byte 0xfc is not UTF-8: save the file as UTF-8.",
    ),
    (
        "a null character",
        FaultCode.BROKEN_FILE,
        {"requests": "id,service\nR1,S\0\n"},
        "requests.csv row 2: There is a null character: save the file as UTF-8.",
    ),
    (
        "an empty file",
        FaultCode.BROKEN_FILE,
        {"requests": ""},
        "requests.csv: The file is empty; its first row names its columns.",
    ),
    (
        "a required cell that is empty",
        FaultCode.MISSING,
        {"requests": "id,service\n,S\nR2,S\n"},
        "requests.csv row 2: A request: id is empty; it is required.",
    ),
    (
        "a required column that is missing",
        FaultCode.MISSING,
        {"requests": "service\nS\n"},
        "requests.csv: The column id is missing.",
    ),
    (
        "a required key that is missing",
        FaultCode.MISSING,
        {"problem": "key,value\nfirst,2026-03-02\ndays,5\n"},
        "problem.csv: The problem: zone is empty; it is required.",
    ),
    (
        "half a window",
        FaultCode.MISSING,
        {"requests": f"id,service,window_start\nR1,S,{NINE}\n"},
        "requests.csv row 2: Request R1: window_start is given and window_end is not; a window"
        " has both.",
    ),
    (
        "a count without a series",
        FaultCode.MISSING,
        {"requests": "id,service,count\nR1,S,3\n"},
        "requests.csv row 2: Request R1: count is given and series is empty; fixed or flexible is"
        " expected.",
    ),
    (
        "a pin on what is not published",
        FaultCode.MISSING,
        {"pins": "visit\nR2\n"},
        "pins.csv row 2: Pin R2: nothing is published for it to be held at.",
    ),
]


@pytest.mark.parametrize(
    ("code", "tables", "message"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_each_fault_has_one_clear_message(tmp_path, code, tables, message):
    """A fault is told once, with its file, its row, its object and both numbers."""
    (fault,) = faults_of(tmp_path, **tables)
    assert str(fault) == message
    assert fault.code is code


def test_times_are_local_though_the_horizon_is_at_fault(tmp_path):
    """Whatever else is wrong with the horizon, a zone that exists is the one of the messages."""
    windows = f"request,start,end\nR1,{TEN},{NINE}\n"
    of_horizon, of_window = faults_of(
        tmp_path, problem=PROBLEM.replace("days,5", "days,5000"), windows=windows
    )
    assert of_horizon.code is FaultCode.WRONG_NUMBER
    assert "starts at 2026-03-02T10:00+01:00" in of_window.message


def test_every_kind_of_fault_is_among_these_cases():
    """Each kind of fault comes out of some file."""
    assert {case[1] for case in CASES} == set(FaultCode)


def test_all_faults_of_all_files_come_at_once(tmp_path):
    """Cells, names and numbers at fault are told together, and nothing that follows from them."""
    told = messages(
        tmp_path,
        requests="id,service,priority,due\nR1,S,x,2026-02-30\nR2,S,12,\nR3,T,11,\n",
        services="id,minutes\nS,x\n",
        resources="id,kind,lanes\nT1,practitioner,0\nA,room,1\nP1,,1\n",
    )
    assert told == [
        "resources.csv row 4: Resource P1: kind is empty; it is required.",
        "services.csv row 2: Service S: minutes is 'x'; a whole number is expected.",
        "requests.csv row 2: Request R1: priority is 'x'; a whole number is expected.",
        "requests.csv row 2: Request R1: due is 2026-02-30, a date that does not exist.",
        "resources.csv row 2: Resource T1: 0 lanes; 1 to 1000 are possible.",
        "requests.csv row 3: Request R2: its priority is 12; 1 to 9 exist.",
        "requests.csv row 4: Request R3: its priority is 11; 1 to 9 exist.",
        "requests.csv row 4: Request R3 names the service 'T', which does not exist.",
    ]


def test_a_broken_file_hides_no_fault_of_another(tmp_path):
    """While services.csv cannot be read, wrong cells of requests.csv are told all the same."""
    told = messages(
        tmp_path,
        services='id,minutes\n"S,30\n',
        requests="id,service,must\nR1,S,perhaps\n",
    )
    assert told == [
        "services.csv row 2: The row cannot be read: a quotation mark is not closed.",
        "requests.csv row 2: Request R1: must is 'perhaps'; yes or no is expected.",
    ]


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (
            "key,value\nfirst,1900-01-01\ndays,0\nzone,Europe/Berln\ngrain_minutes,7\n",
            [
                "problem.csv row 4: The horizon's zone 'Europe/Berln' is unknown.",
                "problem.csv row 3: The horizon has 0 days; it may have 1 to 1098.",
                "problem.csv row 2: The horizon starts on 1900-01-01; years 1970 to 2200 are"
                " possible.",
                "problem.csv row 5: The grain is 7 minutes; it must divide the 1440 minutes of a"
                " day.",
            ],
        ),
        (
            "key,value\nfirst,soon\ndays,0\n",
            [
                "problem.csv row 2: The problem: first is 'soon'; a date such as 2026-03-02 is"
                " expected.",
                "problem.csv: The problem: zone is empty; it is required.",
                "problem.csv row 3: The horizon has 0 days; it may have 1 to 1098.",
            ],
        ),
        ("", ["problem.csv: The file is empty; its first row names its columns."]),
    ],
    ids=["all of it is wrong", "it cannot be read", "there is none"],
)
def test_a_fault_of_the_horizon_hides_no_other(tmp_path, problem, told):
    """Whatever is wrong with the horizon, all faults of other files are told along with it.

    Only what depends on the horizon is not, such as whether a window lies inside.
    """
    found = messages(
        tmp_path,
        problem=problem,
        requests=f"id,service,priority,window_start,window_end\nR1,S,12,{NINE},{TEN}\n",
        resources="id,kind,lanes\nT1,practitioner,0\nT2,practitioner,1\nA,room,1\n",
    )
    assert found == [
        *told,
        "resources.csv row 2: Resource T1: 0 lanes; 1 to 1000 are possible.",
        "requests.csv row 2: Request R1: its priority is 12; 1 to 9 exist.",
    ]


def test_names_of_rules_and_goals_are_told_where_they_stand(tmp_path):
    """What nobody knows, or may not be named there, is told when a problem is read, with its row.

    A goal measured on the schedule as a whole has no weight of a request's own, and a rule that
    is part of what a visit is cannot be switched off.
    """
    told = messages(
        tmp_path,
        problem=PROBLEM + "without_rules,lunch;duration\n",
        goals="level,goal,weight\nfirst,served:3,1\nthen,tidiness,2\nthen,served:10,1\n",
        request_weights="request,goal,weight\nR1,soonest,2\nR2,tidiness,5\nR2,fair_load,5\n",
        requests="id,service,attendees\nR1,S,P1\nR2,S,P9\n",
    )
    assert [text.partition("; there are")[0] for text in told] == [
        "requests.csv row 3: Request R2 names the resource 'P9', which does not exist.",
        "problem.csv row 5: The problem is without the rule 'lunch', which does not exist",
        "problem.csv row 5: The problem is without the rule 'duration', which is part of what a"
        " visit is and cannot be switched off.",
        "goals.csv row 3: Level then: the goal 'tidiness' does not exist",
        "goals.csv row 4: Level then: the goal 'served:10' does not exist",
        "request_weights.csv row 3: Request R2: the goal 'tidiness' does not exist",
        "request_weights.csv row 4: Request R2: it weighs 'fair_load', which is measured on the"
        " schedule as a whole; a level may weigh it.",
    ]


class Tidiness(Goal):
    """A goal of a user's own."""

    name = "tidiness"
    sentence = "Visits are tidy."
    unit = "visits"


@pytest.mark.parametrize("suffix", ["", ".json"])
def test_goals_of_ones_own_are_known_where_they_are_given(tmp_path, suffix):
    """A problem that names a goal of the user's own is read with it, and not without."""
    write(tmp_path / "", goals="level,goal,weight\ncomfort,tidiness,2\n")
    mine = (*GOALS, Tidiness())
    some = read_problem(tmp_path, goals=mine)
    path = tmp_path / f"problem{suffix}"
    write_problem(some, path)
    assert read_problem(path, goals=mine) == some
    assert problem_from_frames(problem_to_frames(some), goals=mine) == some
    with pytest.raises(InvalidProblem, match="the goal 'tidiness' does not exist"):
        read_problem(path)


def test_a_fault_names_the_table_that_it_speaks_of(tmp_path):
    """A skill and a contract with the same wrong dates are told each in its own file."""
    dates = "2026-03-05,2026-03-02"
    told = messages(
        tmp_path,
        skills=f"resource,skill,first,last\nT1,hand,{dates}\n",
        contracts=f"resource,first,last\nT1,{dates}\n",
    )
    assert told == [
        f"{file} row 2: Resource T1: a {what} holds from 2026-03-05 to 2026-03-02, which leaves"
        " nothing."
        for file, what in (("skills.csv", "skill"), ("contracts.csv", "contract"))
    ]


def test_a_folder_without_a_problem_is_refused(tmp_path):
    """The one file that has to be there is named."""
    with pytest.raises(InvalidProblem) as caught:
        read_problem(tmp_path)
    assert str(caught.value) == "The file problem.csv is missing; it is required."


def test_a_path_that_is_not_there_is_refused(tmp_path):
    """A slip in the path is no empty problem."""
    with pytest.raises(InvalidProblem) as caught:
        read_problem(tmp_path / "clinic")
    assert str(caught.value) == "clinic: There is no such file or folder."


def test_spreadsheets_that_are_not_csv_are_refused(tmp_path):
    """An .xlsx file beside the others would be overlooked, so it is a fault."""
    write(tmp_path)
    (tmp_path / "requests.xlsx").write_bytes(b"PK")
    with pytest.raises(InvalidProblem) as caught:
        read_problem(tmp_path)
    assert str(caught.value) == (
        "requests.xlsx: The file is none of a problem's; did you mean requests.csv?"
    )


def test_frames_name_the_label_of_the_row():
    """A fault in a DataFrame names the index label, which finds the row again."""
    frames = {
        "problem": pd.DataFrame(
            {"key": ["first", "days", "zone"], "value": ["2026-03-02", "5", "UTC"]}
        ),
        "services": pd.DataFrame({"id": ["S"], "minutes": [30.5]}, index=["mine"]),
        "resource": pd.DataFrame({"id": ["A"]}),
        "requests": pd.DataFrame(
            {"id": ["R1"], "service": ["S"], "due": [pd.Timestamp("2026-03-02 09:00")]}, index=[7]
        ),
    }
    with pytest.raises(InvalidProblem) as caught:
        problem_from_frames(frames)
    assert [str(fault) for fault in caught.value.faults] == [
        "frame resource: There is no table 'resource'; did you mean resources?",
        "frame services row mine: Service S: minutes is 30.5; a whole number is expected.",
        "frame requests row 7: Request R1: due is 2026-03-02 09:00:00, which has no zone or"
        " offset.",
    ]


HEAD = '{"format": "allocator-problem", "version": 1, '
HORIZON = '"horizon": {"first": "2026-03-02", "days": 5, "zone": "UTC"}'
JSON_CASES = [
    (
        "no JSON",
        '{"format": "allocator-problem"',
        ["This is not JSON: Expecting ',' delimiter in line 1, column 31."],
    ),
    ("no object", "[]", ["The document is no object."]),
    (
        "another format",
        '{"format": "csv", "version": 2}',
        [
            'format: It is "csv"; "allocator-problem" is expected.',
            "version: It is 2; 1 is expected.",
        ],
    ),
    (
        "a key twice",
        HEAD + '"name": "a", "name": "b"}',
        ["The key 'name' stands 2 times in one object."],
    ),
    ("no number", HEAD + '"name": NaN}', ["This cannot be read as JSON: NaN is no number."]),
    ("a nest too deep", "[" * 100_000, ["This cannot be read as JSON: it is nested too deep."]),
    (
        "unknown keys and wrong types",
        HEAD
        + HORIZON
        + ', "request": [], "requests": [{"id": "R", "steps": [{"servce": "S"}],'
        + ' "priority": true, "due": "2026-03-02T09:00", "series": {"type": "weekly"}}]}',
        [
            "The key 'request' is unknown; did you mean requests?",
            "requests[0].steps[0]: The key 'servce' is unknown; did you mean service?",
            "requests[0].series.type: It is 'weekly'; fixed or flexible is expected.",
            "requests[0].priority: It is true; a whole number is expected.",
            "requests[0].due: It is 2026-03-02T09:00, which has no zone or offset.",
        ],
    ),
    (
        "numbers outside their limits",
        HEAD + '"services": [{"id": "S", "minutes": 20}], ' + HORIZON + "}",
        ["services[0]: Service S: its duration is 20 minutes; the grain is 15."],
    ),
    (
        "a number of thirty digits",
        HEAD + HORIZON + f', "services": [{{"id": "S", "minutes": {10**29}}}]}}',
        [f"services[0].minutes: It is {10**29}; at most {10**9} is possible."],
    ),
    (
        "a horizon too long",
        HEAD + HORIZON.replace("5", "5000") + "}",
        ["horizon.days: The horizon has 5000 days; it may have 1 to 1098."],
    ),
    (
        "a horizon that cannot be read beside other faults",
        HEAD + '"horizon": {"first": "soon", "days": 0}, "services": [{"id": "S", "minutes": 0}]}',
        [
            "horizon.first: It is 'soon'; a date such as 2026-03-02 is expected.",
            "horizon: The key 'zone' is missing.",
            "horizon.days: The horizon has 0 days; it may have 1 to 1098.",
            "services[0]: Service S: its duration is 0 minutes; at least 1.",
        ],
    ),
]


@pytest.mark.parametrize(
    ("text", "expected"), [c[1:] for c in JSON_CASES], ids=[c[0] for c in JSON_CASES]
)
def test_faults_of_a_document_have_a_path(text, expected):
    """Faults of a JSON document come all at once, each with its path."""
    with pytest.raises(InvalidProblem) as caught:
        problem_from_json(text)
    assert [str(fault) for fault in caught.value.faults] == expected


def test_faults_of_a_json_file_name_the_file(tmp_path):
    """A fault of a JSON file has the file's name before its path."""
    path = tmp_path / "clinic.json"
    path.write_text(HEAD + HORIZON + ', "services": [{"id": "S", "minutes": 20}]}')
    with pytest.raises(InvalidProblem) as caught:
        read_problem(path)
    assert str(caught.value) == (
        "clinic.json services[0]: Service S: its duration is 20 minutes; the grain is 15."
    )
