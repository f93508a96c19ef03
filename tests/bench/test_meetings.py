"""Meetings: the set's goals are what its scorer counts, and a small one is solved."""

import json
import random
from datetime import timedelta
from pathlib import Path

import pytest
from faces import broken, model_agrees, one_visit_agrees, solutions

from allocator.bench.case import PARTS, Case
from allocator.bench.meetings import Meetings
from allocator.domain.faults import InvalidProblem
from allocator.domain.schedule import Schedule
from allocator.prepare.prepared import Prepared
from allocator.solve import Params, solve
from allocator.table.rulebook import Rulebook


def small(folder: Path, *, meetings: int = 6, days: int = 2, seed: int = 0) -> Case:
    """Return a small instance by chance: days of 8 grains, two rooms, five people."""
    chance = random.Random(seed)
    people = range(5)

    def meeting(number: int) -> dict[str, object]:
        some = chance.sample(people, 4)
        return {
            "topic": f"Topic {number}",
            "grains": chance.randint(1, 4),
            "required": some[:1] if number % 3 else some[:2],
            "preferred": some[2 : chance.randint(2, 4)],
        }

    instance = {
        "name": f"{meetings}meetings-small",
        "grains": [{"i": i, "day": i // 8, "minute": 480 + 15 * (i % 8)} for i in range(8 * days)],
        "rooms": [{"name": "R 1", "capacity": 4}, {"name": "R 2", "capacity": 3}],
        "persons": [f"P {n}" for n in people],
        "meetings": [meeting(n) for n in range(meetings)],
    }
    path = folder / "small.json"
    path.write_text(json.dumps(instance), encoding="utf-8")
    return Meetings().read(path, path.stem)


def book_of(case: Case) -> Rulebook:
    return Rulebook(Prepared(case.problem), case.rules, case.goals)


@pytest.mark.parametrize("seed", range(3))
def test_faces_agree(tmp_path: Path, seed: int) -> None:
    """Mask, table and CP-SAT say of meetings what the goals' plain scores say."""
    book = book_of(small(tmp_path, meetings=4, days=1, seed=seed))
    chance = random.Random(seed)
    first = chance.choice(list(solutions(book, 0)))
    fixed = {0: first, 1: next(p for p in solutions(book, 1) if not broken(book, {0: first, 1: p}))}
    allowed, forbidden = one_visit_agrees(book, 2, fixed)
    assert allowed and forbidden
    accepted, refused = model_agrees(
        book, [2, 3], fixed, seed=seed, starts={v: range(9) for v in (2, 3)}
    )
    assert accepted and refused


@pytest.mark.parametrize("seed", range(5))
def test_the_scorer_agrees(tmp_path: Path, seed: int) -> None:
    """Of a solved instance the set's scorer finds nothing broken, and the same costs."""
    case = small(tmp_path, seed=seed)
    result = solve(
        case.problem,
        Params(workers=1, deterministic_limit=1.0),
        rules=case.rules,
        goals=case.goals,
    )
    scored = case.score(result.schedule)
    assert scored.broken == ()
    assert list(scored.levels.values()) == [level.cost for level in result.levels]


def test_meetings_left_out_count_as_in_the_library(tmp_path: Path) -> None:
    """A day of two rooms is too short for twelve: each that is missing is told and counted."""
    case = small(tmp_path, meetings=12, days=1)
    result = solve(
        case.problem, Params(workers=1, deterministic_limit=1.0), rules=case.rules, goals=case.goals
    )
    scored = case.score(result.schedule)
    assert result.schedule is not None
    left = 12 - len(result.schedule)
    assert left > 0
    assert [one[-12:] for one in scored.broken] == ["is not held."] * left
    assert scored.levels["held"] == PARTS * left
    assert list(scored.levels.values()) == [level.cost for level in result.levels]


def test_the_scorer_sees_what_is_broken(tmp_path: Path) -> None:
    """Missing meetings, overlaps of rooms and people, nights and small rooms are each told."""
    case = small(tmp_path)
    assert case.score(None).levels["held"] == 6 * PARTS
    result = solve(
        case.problem, Params(workers=1, deterministic_limit=1.0), rules=case.rules, goals=case.goals
    )
    assert result.schedule is not None
    found = case.score(
        Schedule(
            assignments=tuple(
                type(one)(
                    visit=one.visit,
                    start=one.start.replace(hour=1, minute=45),
                    end=one.start.replace(hour=1, minute=45) + timedelta(minutes=one.minutes),
                    resources=(("room", ("room 001",)),),
                )
                for one in result.schedule.assignments
            )
        )
    ).broken
    for part in ("overlap in room 1", "must be in meetings", "on another day", "room 1 holds 3"):
        assert any(part in one for one in found), part


def test_a_folder_is_listed_without_being_read(tmp_path: Path) -> None:
    """By the numbers in the names; of one with both forms it is the JSON, damaged or not."""
    for name in ("100meetings.json", "50meetings.json", "50meetings.xlsx", "all.xlsx", "5.json"):
        (tmp_path / name).write_text("Nothing", encoding="utf-8")
    listed = Meetings().instances(tmp_path)
    assert [name for name, _ in listed] == ["all", "5", "50meetings", "100meetings"]
    assert dict(listed)["50meetings"].suffix == ".json"


def test_another_file_is_refused(tmp_path: Path) -> None:
    """A file of another form is told by its name, with what is wrong; so is one without rooms."""
    path = tmp_path / "other.json"
    for written, told in (
        ("{}", "it has no 'name'"),
        ('{"name": "", "grains": [], "rooms": [], "persons": [], "meetings": []}', "no rooms"),
    ):
        path.write_text(written, encoding="utf-8")
        with pytest.raises(InvalidProblem, match=rf"other\.json is no instance of .*{told}\."):
            Meetings().read(path, "other")
