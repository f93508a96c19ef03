"""ITC 2019: the set's rules and goals are what its scorer counts, and small ones are solved."""

import lzma
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from faces import broken, model_agrees, one_visit_agrees, universe, with_placements

from allocator.bench.case import Case
from allocator.bench.itc2019 import Classes
from allocator.bench.itc2019.instance import KINDS, Pattern
from allocator.bench.itc2019.reader import read_instance
from allocator.bench.itc2019.score import MISSING
from allocator.check.score import score
from allocator.domain.faults import FaultCode, InvalidProblem
from allocator.domain.schedule import Schedule
from allocator.goals.served import PARTS
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement
from allocator.solve import Params, Status, solve
from allocator.table.rulebook import Rulebook

#: Each of the 19 kinds, with numbers that some of the patterns below exceed, and some do not.
LABELS = (
    "SameStart",
    "SameTime",
    "DifferentTime",
    "SameDays",
    "DifferentDays",
    "SameWeeks",
    "DifferentWeeks",
    "Overlap",
    "NotOverlap",
    "SameRoom",
    "DifferentRoom",
    "SameAttendees",
    "Precedence",
    "WorkDay(7)",
    "MinGap(2)",
    "MaxDays(1)",
    "MaxDayLoad(5)",
    "MaxBreaks(0,1)",
    "MaxBlock(5,1)",
)
#: Days, start, length and weeks: three days of three weeks, with days of twelve slots.
PATTERNS = (
    ("100", 0, 3, "111"),
    ("100", 2, 3, "100"),
    ("100", 5, 2, "011"),
    ("100", 6, 6, "100"),
    ("010", 0, 3, "010"),
    ("010", 2, 2, "111"),
    ("110", 4, 2, "001"),
    ("001", 8, 2, "100"),
)


def text(
    distributions: Sequence[tuple[str, str]],
    *,
    classes: int = 4,
    seed: int = 0,
    times: int = 6,
    closed: str = '<unavailable days="010" start="1" length="2" weeks="110"/>',
) -> str:
    """Return a small instance by chance; three classes ask for each distribution.

    Two rooms are near each other, the third is three slots away, and the last class needs none.
    """
    chance = random.Random(seed)

    def one(number: int) -> str:
        found = "".join(
            f'<time days="{days}" start="{start}" length="{length}" weeks="{weeks}"'
            f' penalty="{chance.randint(0, 3)}"/>'
            for days, start, length, weeks in chance.sample(PATTERNS, times)
        )
        if number == classes:
            return f'<class id="{number}" room="false">{found}</class>'
        rooms = "".join(f'<room id="{r}" penalty="{chance.randint(0, 2)}"/>' for r in "123")
        return f'<class id="{number}" limit="9" parent="1">{rooms}{found}</class>'

    def asked(kind: str, how: str) -> str:
        # One room for a class that has none and for others is nothing to require.
        last = classes - ((kind, how) == ("SameRoom", 'required="true"'))
        some = chance.sample(range(1, last + 1), 3)
        members = "".join(f'<class id="{number}"/>' for number in some)
        return f'<distribution type="{kind}" {how}>{members}</distribution>'

    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<problem name="small" nrDays="3" slotsPerDay="12" nrWeeks="3">'
        '<optimization time="2" room="1" distribution="5" student="7"/><rooms>'
        f'<room id="1" capacity="9">{closed}</room><room id="2" capacity="9"/>'
        '<room id="3" capacity="9"><travel room="1" value="3"/><travel room="2" value="3"/>'
        '</room></rooms><courses><course id="1"><config id="1"><subpart id="1">'
        f"{''.join(map(one, range(1, classes + 1)))}"
        "</subpart></config></course></courses>"
        f"<distributions>{''.join(asked(*one) for one in distributions)}</distributions>"
        "<students/></problem>"
    )


def case_of(folder: Path, written: str, name: str = "small.xml") -> Case:
    path = folder / name
    path.write_text(written, encoding="utf-8")
    return Classes().read(path, "small")


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
    assert MISSING == PARTS


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
    assert case.score(None).levels == {"placed": 4 * MISSING, "penalty": 0}
    book = book_of(case)
    patterns = read_instance(tmp_path / "small.xml").patterns
    tick = patterns.index(Pattern(days=0b010, start=0, length=3, weeks=0b010))
    at = Placement(tick, 1, -1, -1, ((0,),))
    found = case.score(schedule_of(book, dict.fromkeys(range(4), at))).broken
    for part in ("is unavailable to class", "at once", "cannot meet in room 0", "NotOverlap of"):
        assert any(part in one for one in found), part
    assert any("cannot meet in pattern" in one for one in found)


def test_compressed_or_not(tmp_path: Path) -> None:
    """Both forms of a file are one instance, and a folder lists them by name."""
    written = text([("SameRoom", 'penalty="1"')])
    plain = case_of(tmp_path, written)
    (tmp_path / "lums-sum17.xml.xz").write_bytes(lzma.compress(written.encode()))
    (tmp_path / "notes.txt").write_text("", encoding="utf-8")
    listed = Classes().instances(tmp_path)
    assert [name for name, _ in listed] == ["lums-sum17", "small"]
    packed = Classes().read(listed[0][1], *Classes().names_in(listed[0][1]))
    assert packed.problem == plain.problem
    assert packed.known["best known"] == (0, 4)
    assert not plain.known


@pytest.mark.parametrize(
    ("was", "now", "code", "told"),
    [
        ('nrDays="3"', "", FaultCode.MISSING, "Instance small: <problem> has no nrDays."),
        ('nrWeeks="3"', 'nrWeeks="x"', FaultCode.WRONG_TYPE, "nrWeeks of <problem> is 'x'"),
        ('nrWeeks="3"', 'nrWeeks="0"', FaultCode.WRONG_NUMBER, "is 0; at least 1"),
        ('nrWeeks="3"', 'nrWeeks="63"', FaultCode.TOO_LARGE, "63 weeks; at most 62"),
        ("<optimization", "<other", FaultCode.MISSING, "there is no <optimization>"),
        ('room id="2" capacity', 'room id="1" capacity', FaultCode.DUPLICATE, "Room 1: there are"),
        ('travel room="2"', 'travel room="9"', FaultCode.UNKNOWN_NAME, "Room 3: there is no room"),
        ('weeks="110"/>', 'weeks="11"/>', FaultCode.WRONG_NUMBER, "Room 1: weeks of <unavailable>"),
        (
            'length="2" weeks="110"',
            'length="14" weeks="110"',
            FaultCode.WRONG_NUMBER,
            "ends at slot 15; a day has 12",
        ),
        ('class id="4" room="false"', 'class id="4"', FaultCode.MISSING, "Class 4: it has no room"),
        ('class id="2" limit', 'class id="1" limit', FaultCode.DUPLICATE, "Class 1: there are two"),
        ("MaxDays(1)", "MaxDays", FaultCode.WRONG_NUMBER, "MaxDays has 1 numbers, not 0"),
        ("MaxDays(1)", "MinDays(1)", FaultCode.UNKNOWN_NAME, "there is no such type"),
        ('penalty="8"', "", FaultCode.MISSING, "1, MaxDays(1): it is neither required"),
        ('penalty="8"', 'penalty="-8"', FaultCode.WRONG_NUMBER, "is -8; at least 0"),
    ],
)
def test_damage_is_told(tmp_path: Path, was: str, now: str, code: FaultCode, told: str) -> None:
    """Each fault names the file, the object, and what is wrong with it."""
    written = text([("MaxDays(1)", 'penalty="8"')])
    assert was in written
    with pytest.raises(InvalidProblem) as raised:
        case_of(tmp_path, written.replace(was, now, 1))
    (fault, *_) = [one for one in raised.value.faults if one.code is code]
    assert str(fault).startswith("small.xml: ")
    assert told in str(fault)


@pytest.mark.parametrize("part", ["distribution", "class", "time"])
def test_a_class_that_is_gone_is_missed(tmp_path: Path, part: str) -> None:
    """A distribution of unknown or doubled classes, and a class without times, are faults."""
    written = text([("MaxDays(1)", 'penalty="8"')], classes=3)
    head, tail = written.split("<distributions>")
    if part == "time":
        changed = head.replace("<time ", "<other ") + "<distributions>" + tail
        told = "it has no time"
    elif part == "class":
        changed = head + "<distributions>" + tail.replace('<class id="1"', '<class id="77"')
        told = "there is no class '77'"
    else:
        changed = head + "<distributions>" + tail.replace('<class id="1"', '<class id="2"')
        told = "it names a class twice"
    with pytest.raises(InvalidProblem, match=told):
        case_of(tmp_path, changed)


@pytest.mark.parametrize("written", ["", "<solution/>", "no XML", "<problem>"])
@pytest.mark.parametrize("name", ["other.xml", "other.xml.xz"])
def test_another_file_is_refused(tmp_path: Path, written: str, name: str) -> None:
    """A file of another form is told by its name, compressed or cut off."""
    with pytest.raises(InvalidProblem, match=r"other\.xml(\.xz)? is no instance of itc2019"):
        case_of(tmp_path, written, name)
