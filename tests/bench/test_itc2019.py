"""ITC 2019: the set's rules and goals are what its scorer counts, and small ones are solved."""

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from faces import broken, model_agrees, one_visit_agrees, universe, with_placements
from small_terms import LABELS, PATTERNS, case_of, text

from allocator.bench.case import PARTS, Case
from allocator.bench.itc2019.instance import KINDS, Pattern
from allocator.bench.itc2019.reader import read_instance
from allocator.check.score import score
from allocator.domain.schedule import Schedule
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement
from allocator.solve import Params, Status, solve
from allocator.table.rulebook import Rulebook


def book_of(case: Case) -> Rulebook:
    return Rulebook(Prepared(case.problem), case.rules, case.goals)


def pools(book: Rulebook) -> dict[int, list[Placement]]:
    """Return for each class every placement that it has by itself."""
    return {
        v.index: [
            p for p in universe(book, v, range(len(PATTERNS))) if not broken(book, {v.index: p})
        ]
        for v in book.prepared.visits
    }


def valid(book: Rulebook, chance: random.Random, visits: Sequence[int]) -> dict[int, Placement]:
    """Return placements by chance of these visits that break nothing."""
    some = pools(book)
    for _ in range(2000):
        found = {v: chance.choice(some[v]) for v in visits}
        if not broken(book, dict(found)):
            return found
    raise AssertionError("no placements were found that break nothing")


def schedule_of(book: Rulebook, some: dict[int, Placement]) -> Schedule:
    prepared = book.prepared
    return Schedule(assignments=tuple(prepared.assignment(v, p) for v, p in some.items()))


def test_every_kind_is_tried() -> None:
    """What follows speaks of all 19 kinds."""
    assert [label.split("(")[0] for label in LABELS] == list(KINDS)
    assert len(KINDS) == 19


@pytest.mark.parametrize("how", ['required="true"', 'penalty="2"'])
@pytest.mark.parametrize("kind", LABELS)
def test_the_scorer_agrees(tmp_path: Path, kind: str, how: str) -> None:
    """Of any schedule the library's checks say what the scorer says: penalty, and broken or not.

    Schedules by chance, of all classes or of some; of the breaks of a day, that are required,
    the library judges once all classes are placed.
    """
    chance = random.Random(kind)
    case = case_of(tmp_path, text([(kind, how)], seed=1))
    book = book_of(case)
    some = pools(book)
    seen = set()
    for number in range(120):
        placed = {v: chance.choice(some[v]) for v in some if number % 2 or chance.random() < 0.7}
        scored = case.score(schedule_of(book, placed))
        told = score(book, with_placements(book, placed))
        assert list(scored.levels.values()) == list(told.levels)
        wrong = [one for one in scored.broken if "is not placed" not in one]
        if number % 2 or kind != "MaxBreaks(0,1)":
            assert bool(wrong) == bool(broken(book, dict(placed)))
        seen.add(any("missed" in one for one in wrong))
    assert seen == ({False, True} if "required" in how else {False})


@pytest.mark.parametrize("how", ['required="true"', 'penalty="2"'])
@pytest.mark.parametrize("kind", LABELS)
def test_faces_agree(tmp_path: Path, kind: str, how: str) -> None:
    """Mask, table and CP-SAT say of each kind what its plain check says."""
    allowed = forbidden = accepted = refused = 0
    for seed in range(3):
        book = book_of(case_of(tmp_path, text([(kind, how)], seed=seed)))
        chance = random.Random(seed)
        everyone = valid(book, chance, range(4))
        for moving in range(4):
            fixed = {v: p for v, p in everyone.items() if v != moving}
            one, other = one_visit_agrees(book, moving, fixed, starts=range(len(PATTERNS)))
            allowed, forbidden = allowed + one, forbidden + other
        free = chance.sample(range(4), 2 + seed % 2)
        fixed = {v: p for v, p in everyone.items() if v not in free}
        known = {v: sorted({p.start for p in pools(book)[v]}) for v in free}
        one, other = model_agrees(
            book, free, fixed, seed=seed, samples=24, starts=known, near=[everyone]
        )
        accepted, refused = accepted + one, refused + other
    assert allowed and forbidden and accepted and refused


@pytest.mark.parametrize("seed", range(3))
def test_many_classes_share_rooms(tmp_path: Path, seed: int) -> None:
    """Seven classes with two patterns each: what is said room by room is what the checks say."""
    book = book_of(case_of(tmp_path, text([], classes=8, times=2, seed=seed)))
    everyone = valid(book, random.Random(seed), range(8))
    known = {v: sorted({p.start for p in some}) for v, some in pools(book).items()}
    accepted, refused = model_agrees(
        book, range(8), seed=seed, samples=60, starts=known, near=[everyone]
    )
    assert accepted and refused


@pytest.mark.parametrize("seed", range(4))
def test_small_ones_are_solved(tmp_path: Path, seed: int) -> None:
    """Six classes and all kinds as wishes, some as rules: the scorer confirms the optimum."""
    wishes = [(kind, f'penalty="{1 + seed}"') for kind in LABELS]
    rules = [(kind, 'required="true"') for kind in ("SameAttendees", "WorkDay(9)", "MaxBlock(6,1)")]
    case = case_of(tmp_path, text([*wishes, *rules], classes=6, seed=seed))
    result = solve(
        case.problem,
        Params(workers=1, deterministic_limit=4.0),
        rules=case.rules,
        goals=case.goals,
    )
    scored = case.score(result.schedule)
    assert result.status is Status.OPTIMAL
    assert scored.broken == ()
    assert list(scored.levels.values()) == [level.cost for level in result.levels]


def test_the_best_of_two_classes(tmp_path: Path) -> None:
    """One room and two times: whoever takes the dear one pays 3 (times 2), and nobody wishes.

    The first class pays 1 or 4 for the times, the second 0 or 3: in either case 4 in all, times
    the weight 2; with both rooms at 0 that is 8.
    """
    times = [
        f'<time days="100" start="{start}" length="2" weeks="111" penalty="{cost}"/>'
        for start, cost in ((0, 1), (4, 4), (0, 0), (4, 3))
    ]
    written = (
        '<problem name="two" nrDays="3" slotsPerDay="12" nrWeeks="3">'
        '<optimization time="2" room="1" distribution="5" student="7"/>'
        '<rooms><room id="1" capacity="9"/></rooms>'
        '<courses><course id="1"><config id="1"><subpart id="1">'
        f'<class id="1"><room id="1" penalty="0"/>{times[0]}{times[1]}</class>'
        f'<class id="2"><room id="1" penalty="0"/>{times[2]}{times[3]}</class>'
        "</subpart></config></course></courses></problem>"
    )
    case = case_of(tmp_path, written)
    result = solve(case.problem, Params(workers=1), rules=case.rules, goals=case.goals)
    assert result.status is Status.OPTIMAL
    assert case.score(result.schedule).levels == {"placed": 0, "penalty": 8}


def test_the_scorer_sees_what_is_broken(tmp_path: Path) -> None:
    """Missing classes, times and rooms that are not theirs, and rooms taken, are each told."""
    case = case_of(tmp_path, text([("NotOverlap", 'required="true"')]))
    assert case.score(None).levels == {"placed": 4 * PARTS, "penalty": 0}
    book = book_of(case)
    patterns = read_instance(tmp_path / "small.xml").patterns
    tick = patterns.index(Pattern(days=0b010, start=0, length=3, weeks=0b010))
    at = Placement(tick, 1, -1, -1, ((0,),))
    found = case.score(schedule_of(book, dict.fromkeys(range(4), at))).broken
    for part in ("is unavailable to class", "at once", "cannot meet in room 0", "NotOverlap of"):
        assert any(part in one for one in found), part
    assert any("cannot meet in pattern" in one for one in found)
