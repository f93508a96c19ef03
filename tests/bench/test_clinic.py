"""Clinics: the scorer counts what the library does, and sees what is broken."""

from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from random_problems import random_problem
from tiny import at, need, patient, practitioner, problem, request, room, service, span

from allocator.bench.clinic import Clinics
from allocator.bench.clinic.score import score
from allocator.domain.problem import Problem
from allocator.domain.request import (
    FixedSeries,
    FlexibleSeries,
    Pin,
    Request,
    Session,
    Step,
)
from allocator.domain.schedule import Assignment, Schedule
from allocator.domain.service import Part, Selector
from allocator.frames import write_problem
from allocator.generate import clinic
from allocator.solve import Params, Result, Status, solve


def agrees(asked: Problem, result: Result) -> None:
    """Nothing is broken, and each level that the scorer counts is what the library has."""
    scored = score(asked, result.schedule)
    assert scored.broken == ()
    costs = {level.name: level.cost for level in result.levels}
    assert scored.levels == {name: costs[name] for name in scored.levels}


@pytest.mark.parametrize(("load", "booked"), [("overloaded", True), (85, False)])
def test_the_scorer_agrees_about_clinics(load: int | str, booked: bool) -> None:
    """With series, chains, group sessions, and visits that are booked already."""
    asked = clinic(visits=40, weeks=4, load=load, booked=booked, seed=3)
    result = solve(asked, Params(workers=1, deterministic_limit=1.0))
    agrees(asked, result)
    scored = score(asked, result.schedule)
    assert list(scored.levels) == [level.name for level in asked.objective[:-1]]
    assert "comfort" not in scored.levels
    if booked:
        assert any(scored.levels.values())


@pytest.mark.parametrize("seed", range(40))
def test_the_scorer_agrees_about_random_problems(seed: int) -> None:
    """Every feature by chance, in problems of a few visits."""
    asked = random_problem(seed, least_visits=3, most_visits=8)
    result = solve(asked, Params(workers=1, deterministic_limit=0.2))
    if result.schedule is not None:
        agrees(asked, result)


@pytest.mark.parametrize(
    ("asked", "visits", "missed"),
    [
        # A weight of 2 is 5040 parts.
        (request("A", weight=2), "A", 0),
        (request("A", weight=2), "", 5040),
        # Two of three visits suffice: each is a third of 2520.
        (request("A", series=FlexibleSeries(count=3, at_least=2)), "A#1 A#2 A#3", 0),
        (request("A", series=FlexibleSeries(count=3, at_least=2)), "A#1 A#2", 840),
        (request("A", series=FlexibleSeries(count=3, at_least=2)), "A#1", 2520),
        (request("A", series=FlexibleSeries(count=3)), "A#1 A#2", 2520),
        # The second of three may be missed, the first and the third may not.
        (request("A", series=FixedSeries(count=3, may_miss=frozenset({2}))), "A#1 A#3", 840),
        (request("A", series=FixedSeries(count=3, may_miss=frozenset({2}))), "A#1 A#2", 2520),
        # A chain counts once its last step is there.
        (request("A", services="visit visit"), "A.1 A.2", 0),
        (request("A", services="visit visit"), "A.1", 2520),
    ],
)
def test_value_is_missed_as_the_goals_say(asked: Request, visits: str, missed: int) -> None:
    """Whole, in part, and once what is required is there."""
    tiny = problem(asked, days=7)
    placed = tuple(
        Assignment(visit=visit, start=at(day, 8), end=at(day, 9))
        for day, visit in enumerate(visits.split())
    )
    assert score(tiny, Schedule(assignments=placed)).levels == {"priority 3": missed}


def test_classes_are_counted_apart() -> None:
    """And nothing is served, nor broken, where there is no schedule."""
    tiny = problem(request("A", priority=1), request("B", priority=2, weight=3))
    assert score(tiny, None).levels == {"priority 1": 2520, "priority 2": 7560}
    assert score(tiny, None).broken == ()


# What is broken ----------------------------------------------------------------------------


def world() -> Problem:
    """Ann and Bob, two rooms and three patients; a joint visit, and a group of two at least."""
    skilled = Selector(kind="practitioner", names=frozenset({"ann", "bob"}))
    return problem(
        request("A", "pat", windows=(span(0, 8, 10), span(0, 10, 11))),
        request("B", "pim"),
        request("C", "pam", must=True),
        Request(id="G", steps=(Step(sessions=frozenset({"S"})),), attendees=()),
        days=2,
        grain=30,
        resources=(
            practitioner("ann"),
            practitioner("bob"),
            room("hall", lanes=2),
            room("booth", seats=1),
            *(patient(name) for name in ("pat", "pim", "pam")),
        ),
        services=(
            service(
                needs=(
                    need("practitioner", alternatives=(skilled,)),
                    need("room", after_minutes=30),
                )
            ),
        ),
        sessions=(Session(id="S", service="visit", most=3),),
    )


def visit(id: str, hour: float, who: str, where: str, people: str, minutes: int = 60) -> Assignment:
    start = (at(0, 0) + timedelta(hours=hour)).astimezone(UTC)
    return Assignment(
        visit=id,
        start=start,
        end=start + timedelta(minutes=minutes),
        resources=(
            *((f"attendee:{name}", (name,)) for name in people.split()),
            ("practitioner", tuple(who.split())),
            ("room", (where,)),
        ),
    )


GOOD = (
    visit("A", 8, "ann", "booth", "pat"),
    visit("B", 8, "bob", "hall", "pim"),
    visit("C", 9, "ann", "hall", "pam"),
)


def found(*placed: Assignment, asked: Problem | None = None) -> tuple[str, ...]:
    return score(asked or world(), Schedule(assignments=placed)).broken


def test_a_good_schedule_breaks_nothing() -> None:
    """The hall has two lanes; a window that touches the next one counts with it."""
    assert found(*GOOD) == ()
    assert found(visit("A", 9.5, "bob", "booth", "pat"), *GOOD[1:]) == ()


@pytest.mark.parametrize(
    ("number", "instead", "told"),
    [
        (0, visit("X", 8, "ann", "booth", "pat"), "Visit X is none of the problem."),
        (0, visit("B", 10, "ann", "booth", "pim"), "Visit B is placed 2 times."),
        (0, visit("A", 10.5, "ann", "booth", "pat"), "Visit A lies in no window of its request"),
        (0, visit("A", 7.5, "ann", "booth", "pat"), "Visit A lies in no window of its request"),
        (1, visit("B", 48, "bob", "hall", "pim"), "Visit B lies outside the horizon"),
        (0, visit("A", 8, "ann", "booth", ""), "Visit A is without pat, who must attend."),
        (0, visit("A", 8, "ann", "booth", "pat", 30), "Visit A lasts 30 minutes"),
        (0, visit("A", 8, "", "booth", "pat"), "Visit A has 0 as practitioner, not 1."),
        (0, visit("A", 8, "pat", "booth", "pat"), "Visit A has pat as practitioner, who does not"),
        (1, visit("B", 8, "ann", "hall", "pim"), "ann has 1 lane, of which 2 are taken from 2026"),
        # Cleaning: the booth is taken until half past nine.
        (2, visit("C", 9, "ann", "booth", "pam"), "booth has 1 lane, of which 2 are taken from"),
        (1, visit("B", 9, "bob", "hall", "pim pam"), "pam has 1 lane, of which 2 are taken"),
        (1, visit("B", 9.5, "bob", "booth", "pim pat"), "Visit B has 2 people; booth has 1 seats."),
        (2, visit("B", 8, "bob", "hall", "pim"), "Request C must be served, and is not."),
    ],
)
def test_the_scorer_sees_what_is_broken(number: int, instead: Assignment, told: str) -> None:
    """One assignment is another: that is told."""
    placed = [*GOOD[:number], instead, *GOOD[number + 1 :]]
    assert any(sentence.startswith(told) for sentence in found(*placed)), found(*placed)


def test_a_third_visit_in_two_lanes_is_seen() -> None:
    """All three at once in the hall, and only once the third begins."""
    placed = [visit(one.visit, 8, "ann", "hall", "") for one in GOOD]
    (told,) = [sentence for sentence in found(*placed) if sentence.startswith("hall")]
    assert told == "hall has 2 lanes, of which 3 are taken from 2026-03-02 07:00 UTC on: A, B, C."


def test_participants_are_at_their_session() -> None:
    """It is held, and they are there for all of it."""
    session = visit("S", 10, "bob", "hall", "")
    joining = Assignment(visit="G", start=at(0, 10), end=at(0, 11), session="S")
    assert found(*GOOD, session, joining) == ()
    assert found(*GOOD, joining) == ("Visit G joins S, which is not held.",)
    late = replace(joining, start=at(0, 10, 30))
    assert found(*GOOD, session, late) == ("Visit G is not there for all of S.",)


def test_a_need_for_a_part_takes_that_part() -> None:
    """Ann is there for the last half hour of one visit, and before it for the first of another."""

    def with_part(**more: int | bool) -> Problem:
        part = need("practitioner", part=Part(minutes=30, **more))  # type: ignore[arg-type]
        return replace(world(), services=(service(needs=(part, need("room"))),))

    both = (visit("B", 8, "ann", "hall", "pim"), visit("C", 8.5, "ann", "hall", "pam"))
    assert found(*both, asked=with_part()) == ()
    assert found(*both, asked=with_part(from_end=True)) == ()
    assert len(found(*both, asked=replace(world(), services=(service(),)))) == 1


@pytest.mark.parametrize("pinned", [("A", "B"), ("A",)])
def test_what_only_pinned_visits_break_is_inherited(pinned: tuple[str, ...]) -> None:
    """Two pinned to Ann at once are nobody's fault; one that was put there is."""
    placed = (GOOD[0], visit("B", 8, "ann", "hall", "pim"), GOOD[2])
    asked = replace(world(), published=placed, pins=tuple(Pin(visit=v) for v in pinned))
    assert len(found(*placed, asked=asked)) == 2 - len(pinned)


def test_pins_are_kept() -> None:
    """A pinned visit is placed, and where it was."""
    asked = replace(world(), published=GOOD, pins=(Pin(visit="A"),))
    assert found(*GOOD, asked=asked) == ()
    assert found(*GOOD[1:], asked=asked) == ("Visit A is pinned, and not placed.",)
    moved = visit("A", 9.5, "bob", "booth", "pat")
    assert found(moved, *GOOD[1:], asked=asked) == (
        "Visit A is pinned, and starts at another time.",
    )


@pytest.mark.parametrize(
    ("rule", "instead"),
    [
        ("windows", visit("A", 10.5, "ann", "booth", "pat")),
        ("eligible_resources", visit("A", 8, "", "booth", "pat")),
        ("capacity", visit("A", 8, "bob", "booth", "pat")),
    ],
)
def test_a_rule_that_is_switched_off_is_not_looked_at(rule: str, instead: Assignment) -> None:
    """As the problem says."""
    assert len(found(instead, *GOOD[1:])) == 1
    asked = replace(world(), without_rules=frozenset({rule}))
    assert found(instead, *GOOD[1:], asked=asked) == ()


# The set -----------------------------------------------------------------------------------


@pytest.mark.parametrize("visits", [66, 100, 150])
def test_small_clinics_are_made(visits: int) -> None:
    """Of about the size that their name says, the same each time."""
    case = Clinics().make(f"visits-{visits}")
    asked = sum(one.visit_count for one in case.problem.requests)
    assert abs(asked - visits) <= 0.05 * visits
    assert case.problem == Clinics().make(f"visits-{visits}").problem


def test_staff_of_an_overloaded_clinic_grows_with_what_is_asked() -> None:
    """About so many visits, of all sizes; practitioners and rooms in step."""
    sizes = []
    for visits in (1000, 5000):
        made = Clinics().make(f"overloaded-{visits}").problem
        asked = sum(one.visit_count for one in made.requests)
        assert abs(asked - visits) <= 0.02 * visits
        assert made.published == ()
        kinds = ("practitioner", "room")
        sizes.append([sum(r.kind == kind for r in made.resources) for kind in kinds])
    for small, large in zip(*sizes, strict=True):
        assert 3 <= large / small <= 5


def test_a_folder_and_a_document_are_instances(tmp_path: Path) -> None:
    """By the name of either; what else lies there is passed over."""
    tiny = problem(request("A", windows=(span(0, 8, 10),)))
    write_problem(tiny, tmp_path / "small")
    write_problem(tiny, tmp_path / "other.json")
    (tmp_path / "notes.txt").write_text("Nothing", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    listed = dict(Clinics().instances(tmp_path))
    assert listed == {"other": tmp_path / "other.json", "small": tmp_path / "small"}
    for name, path in listed.items():
        assert Clinics().names_in(path) == (name,)
        case = Clinics().read(path, name)
        result = solve(case.problem, Params(workers=1, deterministic_limit=1.0))
        assert result.status is Status.OPTIMAL
        assert case.score(result.schedule).levels == {"priority 3": 0}
