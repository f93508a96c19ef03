"""A tenant's problem, taken away by a planner, and what comes back of it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from service.conftest import Asker, Clinic
from service.solving import work
from service.test_absences import book, mark
from service.test_client import Wire
from service.test_explanations import ask
from tiny import patient, practitioner, problem, request, room

from allocator import FaultCode, InvalidProblem, Problem, problem_from_json, problem_to_json
from allocator.check.check import check
from allocator.client import Client
from allocator.domain.request import Session, attendee_role
from allocator.scenario import Demand, Pins, Scenario, Stay, Weigh
from allocator.solve import Params, Status, solve
from api.settings import Settings
from api.solving.handed_out import without_names

WEEK = "/v1/solves/problem?first=2030-01-07&days=7"
MONDAY = date(2030, 1, 7)


@pytest.fixture
def busy(clinic: Clinic) -> Clinic:
    """P1 is booked with Anna at nine, P2 asks for a place, and Ben is away for a reason."""
    asks = clinic.asker()
    book(asks, "09:00")
    ask(
        asks,
        label="Knee of Ms Berg",
        preferred_resources=[{"role": "practitioner", "resources": ["ben"]}],
    )
    mark(asks, "ben", reason="a broken leg")
    return clinic


def problem_of(asks: Asker, more: str = "") -> Problem:
    answer = asks.get(WEEK + more)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    found = problem_from_json(answer.json())
    assert answer.text == problem_to_json(found)  # a file may be made of it as it is
    return found


def test_a_problem_is_what_a_solve_would_get(busy: Clinic) -> None:
    """What waits, and what is booked, which is pinned; it can be solved as it is."""
    found = problem_of(busy.asker("auditor"), "&people=true")
    assert "R1" in [request.id for request in found.requests]
    (booked,) = found.published
    assert [pin.visit for pin in found.pins] == [booked.visit]
    assert dict(booked.resources) == {
        "practitioner": ("anna",),
        "room": ("room-1",),
        attendee_role("P1"): ("P1",),
    }
    result = solve(found, Params(workers=1, deterministic_limit=5))
    assert (result.status, result.visits_placed) == (Status.OPTIMAL, 1)
    assert result.schedule is not None
    assert check(found, result.schedule).valid
    # With Ben, as is wished, and on Tuesday: on Monday he is away.
    placed = result.schedule["R1"]
    assert (placed.filling("practitioner"), placed.start.day) == (("ben",), 8)


def test_names_stay_behind_unless_they_are_asked_for(busy: Clinic) -> None:
    """Neither people's ids nor labels nor why somebody is away; all else is the same."""
    asks = busy.asker()
    told = problem_of(asks, "&people=true")
    text = json.dumps(asks.get(WEEK).json())
    assert not [said for said in ("P1", "P2", "Knee", "broken leg") if f'"{said}' in text]
    bare = problem_of(asks)
    assert [(a.visit, a.start) for a in bare.published] == [
        (a.visit, a.start) for a in told.published
    ]
    numbered = {r.id for r in bare.resources} - {r.id for r in told.resources}
    assert numbered == {"person-1", "person-2"}
    given = {a.resource for r in told.requests for a in r.attendees}
    told = replace(told, horizon=bare.horizon)  # each was asked for at its own moment
    assert bare == without_names(told, sorted(given))
    results = [solve(one, Params(workers=1, deterministic_limit=5)) for one in (told, bare)]
    assert len({tuple(level.cost for level in one.levels) for one in results}) == 1


def test_numbers_pass_over_ids_that_are_taken() -> None:
    """A resource that is called like a number keeps its name."""
    some = problem(
        request("R", "zoe"),
        request("S", "bo"),
        resources=(practitioner("ann"), practitioner("person-1"), patient("bo"), patient("zoe")),
    )
    found = without_names(some, ["bo", "zoe"])
    assert [r.id for r in found.resources] == ["ann", "person-1", "person-3", "person-2"]
    assert [r.attendees[0].resource for r in found.requests] == ["person-2", "person-3"]


def test_staff_has_no_name_and_rooms_do() -> None:
    """Who serves is somebody, too; what a kind of the tenant's own is nobody knows."""
    some = problem(
        resources=(
            replace(practitioner("ann"), name="Ann Berg"),
            replace(room("gym"), name="Gym on the first floor"),
            replace(room("bo"), kind="volunteer", name="Bo Holm"),
        ),
    )
    assert [(r.id, r.name) for r in without_names(some, []).resources] == [
        ("ann", ""),
        ("gym", "Gym on the first floor"),
        ("bo", ""),
    ]
    grouped = replace(
        some, sessions=(Session(id="G", service="visit", most=5, label="With Ms Berg"),)
    )
    assert without_names(grouped, []).sessions == (Session(id="G", service="visit", most=5),)


def test_what_cannot_be_taken_away(busy: Clinic) -> None:
    """By whoever works at some locations alone; for more days than there are."""
    admin = busy.asker()
    assert admin.post("/v1/locations", {"id": "north"}).status_code == 201
    local = busy.asker("scheduler", locations=["north"])
    refused = local.get(WEEK)
    assert (refused.status_code, refused.json()["detail"]) == (
        403,
        "A problem holds what is booked at every location; yours are: north.",
    )
    assert admin.get("/v1/solves/problem?days=367").status_code == 422
    assert admin.get("/v1/solves/problem?first=1800-01-01").status_code == 422
    assert local.get("/v1/solves/problem?days=1&people=perhaps").status_code == 422


@pytest.fixture
def client(busy: Clinic) -> Any:
    with Client(
        "http://testserver", busy.asker().key, transport=Wire(busy.http._transport)
    ) as made:
        yield made


def test_a_scenario_comes_back_as_a_solve(client: Client, settings: Settings) -> None:
    """With its weights; the service solves it as things stand then."""
    base = client.solves.problem(first=MONDAY, days=7)
    scenario = Scenario(name="off-peak counts", base=base).then(
        Weigh(goal="off_peak", weight=50), Weigh(goal="same_time", weight=0), Stay(most_changes=2)
    )
    asked = scenario.asked()
    assert asked == {
        "first": MONDAY,
        "days": 7,
        "most_changes": 2,
        "weights": [("same_time", 0), ("off_peak", 50)],
    }
    solve = client.solves.ask(**asked)
    work(settings)
    found = client.solves.read(solve.id)
    assert (found.state, found.asked["weights"]) == ("solved", [["same_time", 0], ["off_peak", 50]])
    assert found.schedule is not None
    assert [a.visit for a in found.schedule.assignments] == ["R1"]


def test_a_booked_visit_is_let_go(client: Client, settings: Settings) -> None:
    """Its pin released in the scenario, it is planned anew by the service."""
    base = client.solves.problem(first=MONDAY, days=7)
    (pin,) = base.pins
    asked = Scenario(name="free", base=base).then(Pins(release=(pin.visit,))).asked()
    assert asked["unpinned"] == [pin.visit]
    solve = client.solves.ask(**asked)
    work(settings)
    assert client.solves.read(solve.id).state == "solved"


def test_bookings_that_may_move_here_may_move_there(client: Client, settings: Settings) -> None:
    """The problem was taken away with them, and so they are in the solve that is asked for."""
    base = client.solves.problem(first=MONDAY, days=7, may_move=True)
    asked = Scenario(name="any", base=base).then(Weigh(goal="waiting", weight=5)).asked()
    assert (base.pins, asked["may_move"]) == ((), True)
    solve = client.solves.ask(**asked)
    work(settings)
    found = client.solves.read(solve.id)
    assert (found.state, found.asked["may_move"]) == ("solved", True)


def test_what_no_solve_can_be_asked_for_is_refused() -> None:
    """More demand is no weight."""
    scenario = Scenario(name="busy", base=problem(request("R"))).then(Demand(percent=100))
    with pytest.raises(InvalidProblem) as error:
        scenario.asked()
    (fault,) = error.value.faults
    assert (fault.code, fault.message) == (
        FaultCode.CONTRADICTION,
        "Scenario busy, change 1 (demand +100 %): a solve cannot be asked for it; make it in the"
        " service itself.",
    )
