"""Course timetabling: the set's goals are what its scorer counts, and a small one is solved."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from faces import broken, model_agrees, one_visit_agrees, solutions

from allocator.bench.case import PARTS, Case
from allocator.bench.cbctt import CourseTimetabling
from allocator.domain.faults import InvalidProblem
from allocator.domain.schedule import Schedule
from allocator.prepare.prepared import Prepared
from allocator.solve import Params, solve
from allocator.table.rulebook import Rulebook

ALL = Params(workers=1, deterministic_limit=3.0)


def small(folder: Path, seed: int = 0, periods: int = 4) -> Case:
    """Return a small instance by chance: three days, two rooms, four courses of two teachers."""
    chance = random.Random(seed)
    courses = [
        f"c{n} t{n % 2} {chance.randint(1, 3)} {chance.randint(1, 3)} {chance.randint(10, 40)} 1"
        for n in range(4)
    ]
    away = {(n, chance.randrange(3), chance.randrange(periods)) for n in (0, 1, 2, 3, 3)}
    lines = [
        "Name: Small",
        f"Courses: 4\nRooms: 2\nDays: 3\nPeriods_per_day: {periods}\nCurricula: 2",
        "\nCOURSES:",
        *courses,
        "\nROOMS:\nrA 32 0\nrB 20 1",
        "\nCURRICULA:\nq0 2 c0 c1\nq1 3 c1 c2 c3",
        "\nUNAVAILABILITY_CONSTRAINTS:",
        *(f"c{course} {day} {period}" for course, day, period in sorted(away)),
        "\nROOM_CONSTRAINTS:\nc0 rA\n\nEND.",
    ]
    path = folder / "small.ectt"
    path.write_text("\n".join(lines), encoding="utf-8")
    return CourseTimetabling().read(path, path.stem)


@pytest.mark.parametrize("seed", range(4))
def test_faces_agree(tmp_path: Path, seed: int) -> None:
    """Mask, table and CP-SAT say of lectures what the goals' plain scores say."""
    case = small(tmp_path, seed)
    book = Rulebook(Prepared(case.problem), case.rules, case.goals)
    first = next(solutions(book, 0))
    fixed = {0: first, 1: next(p for p in solutions(book, 1) if not broken(book, {0: first, 1: p}))}
    allowed, forbidden = one_visit_agrees(book, 2, fixed)
    assert allowed and forbidden
    last = len(book.prepared.visits) - 1
    accepted, refused = model_agrees(book, [2, 3, last], fixed, seed=seed)
    assert accepted and refused


@pytest.mark.parametrize("periods", [4, 7])
@pytest.mark.parametrize("seed", range(3))
def test_the_scorer_agrees(tmp_path: Path, seed: int, periods: int) -> None:
    """Of a solved instance the set's scorer finds nothing broken, and the same costs.

    A day of seven periods has more ticks, since seven do not divide it.
    """
    case = small(tmp_path, seed, periods)
    result = solve(case.problem, ALL, rules=case.rules, goals=case.goals)
    scored = case.score(result.schedule)
    assert scored.broken == ()
    assert list(scored.levels.values()) == [level.cost for level in result.levels]


def test_lectures_left_out_count_as_in_the_library(tmp_path: Path) -> None:
    """A week of three periods is too short: each lecture that is missing is told and counted."""
    case = small(tmp_path, periods=1)
    result = solve(case.problem, ALL, rules=case.rules, goals=case.goals)
    scored = case.score(result.schedule)
    assert result.schedule is not None
    left = len(case.problem.requests) - len(result.schedule)
    assert left > 0
    assert [one.split(" lecture ")[0][-10:] for one in scored.broken] == ["not taught"] * left
    assert scored.levels["taught"] == PARTS * left
    assert list(scored.levels.values()) == [level.cost for level in result.levels]


def test_the_scorer_sees_what_is_broken(tmp_path: Path) -> None:
    """Lectures that are missing, taught twice at once, or when nobody can, are each told."""
    case = small(tmp_path)
    result = solve(case.problem, ALL, rules=case.rules, goals=case.goals)
    assert result.schedule is not None
    assert case.score(None).levels["taught"] == PARTS * len(result.schedule)
    one = result.schedule.assignments[0]
    everywhere = [
        replace(other, start=one.start, end=one.end, resources=one.resources)
        for other in result.schedule.assignments
    ]
    found = case.score(Schedule(assignments=tuple(everywhere))).broken
    for part in ("Room r", "Teacher t", "Curriculum q", "Course c"):
        assert any(one.startswith(part) and "two lectures" in one for one in found), part


def test_another_file_is_refused(tmp_path: Path) -> None:
    """A file of another form is told by its name."""
    path = tmp_path / "other.ectt"
    path.write_text("Name: Other\n", encoding="utf-8")
    with pytest.raises(
        InvalidProblem, match=r"other\.ectt is no instance of cbctt: it has no 'COURSES'\."
    ):
        CourseTimetabling().read(path, "other")


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ("q1 3 c1 c2 c3", "q1 3 c1 c7 c3", "line 20 names the course c7, which there is not"),
        ("q1 3 c1 c2 c3", "q1 3 c1 c2", "curriculum q1 in line 20 has 2 courses, not 3"),
        ("\nc1 1 1", "\nc9 1 1", "line 24 names the course c9, which there is not"),
    ],
)
def test_a_slip_is_told_with_its_line(tmp_path: Path, was: str, now: str, told: str) -> None:
    """Lines are counted as editors do: from 1, blank ones too."""
    small(tmp_path)
    path = tmp_path / "small.ectt"
    text = path.read_text(encoding="utf-8")
    assert was in text
    path.write_text(text.replace(was, now, 1), encoding="utf-8")
    with pytest.raises(InvalidProblem, match=rf"small\.ectt is no instance of cbctt: {told}\."):
        CourseTimetabling().read(path, "small")
