from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from allocator.prepare import masks

TICKS = st.sets(st.integers(0, 200), max_size=60)
LENGTHS = st.integers(1, 40)


def as_set(mask: int) -> set[int]:
    return {tick for tick in range(mask.bit_length()) if mask >> tick & 1}


@given(st.integers(-50, 200), st.integers(-50, 200))
def test_a_span_is_its_ticks_from_zero_on(first: int, end: int) -> None:
    """A span holds its first tick, not its end, and nothing below 0."""
    assert as_set(masks.span(first, end)) == {t for t in range(first, end) if t >= 0}


@given(TICKS, st.integers(-80, 80))
def test_shifting_moves_every_tick(ticks: set[int], by: int) -> None:
    """A shift moves every tick, and what falls below 0 is gone."""
    moved = masks.shift(masks.from_ticks(ticks), by)
    assert as_set(moved) == {t + by for t in ticks if t + by >= 0}


@given(TICKS, LENGTHS)
def test_runs_start_where_enough_ticks_follow(ticks: set[int], length: int) -> None:
    """A run starts where that many ticks in a row belong to the set."""
    expected = {t for t in ticks if all(t + k in ticks for k in range(length))}
    assert as_set(masks.runs_of(masks.from_ticks(ticks), length)) == expected


@given(TICKS, LENGTHS)
def test_covering_starts_where_a_stretch_would_touch(ticks: set[int], length: int) -> None:
    """A stretch covers the set if any of its ticks belongs to it."""
    expected = {t for t in range(201) if any(t + k in ticks for k in range(length))}
    assert as_set(masks.covering(masks.from_ticks(ticks), length)) == expected


@given(TICKS)
def test_spans_are_maximal_and_make_up_the_set(ticks: set[int]) -> None:
    """The spans of a set hold exactly its ticks, in order, and never touch one another."""
    found = list(masks.spans(masks.from_ticks(ticks)))
    assert {t for first, end in found for t in range(first, end)} == ticks
    assert all(first < end for first, end in found)
    assert all(one[1] < other[0] for one, other in pairwise(found))


@given(TICKS)
def test_ticks_and_ends_are_those_of_the_set(ticks: set[int]) -> None:
    """The ticks of a set come back ascending, and its first and last are its least and most."""
    mask = masks.from_ticks(ticks)
    assert masks.ticks_of(mask).tolist() == sorted(ticks)
    if ticks:
        assert (masks.lowest(mask), masks.highest(mask)) == (min(ticks), max(ticks))


@given(TICKS, st.integers(0, 220))
def test_flags_tell_the_ticks_below_their_length(ticks: set[int], length: int) -> None:
    """Flags are as many as asked for; ticks beyond them fall away."""
    values = masks.flags(masks.from_ticks(ticks), length)
    assert values.tolist() == [t in ticks for t in range(length)]
    assert as_set(masks.from_flags(values)) == {t for t in ticks if t < length}


def test_numbers_out_of_arrays_do_not_wrap_at_64_bits() -> None:
    """Ticks that come out of an array count as Python's integers do."""
    low, high = np.array([70, 200])
    assert as_set(masks.span(low, high)) == set(range(70, 200))
    assert as_set(masks.shift(1, high)) == {200}
    assert as_set(masks.from_ticks(np.array([3, 70, 200]))) == {3, 70, 200}
    assert as_set(masks.runs_of(masks.span(0, 300), high)) == set(range(101))
    assert as_set(masks.covering(masks.span(100, 101), low)) == set(range(31, 101))


@given(st.lists(st.tuples(st.integers(-20, 220), st.integers(-20, 220)), max_size=12))
def test_many_spans_make_one_set(some: list[tuple[int, int]]) -> None:
    """Many spans at once, in arrays, are the union of each by itself, below the length."""
    union = {t for first, end in some for t in range(first, end) if 0 <= t < 200}
    firsts, ends = [s[0] for s in some], [s[1] for s in some]
    assert as_set(masks.of_spans(firsts, ends, 200)) == union


@given(TICKS, st.lists(TICKS, max_size=70))
def test_classes_are_told_apart_by_the_sets(ticks: set[int], sets: list[set[int]]) -> None:
    """Two ticks share a class exactly where every set has both of them or neither."""
    found = masks.classes(masks.from_ticks(ticks), [masks.from_ticks(some) for some in sets])
    expected: dict[tuple[bool, ...], set[int]] = {}
    for tick in ticks:
        expected.setdefault(tuple(tick in some for some in sets), set()).add(tick)
    assert sorted(map(sorted, map(as_set, found))) == sorted(map(sorted, expected.values()))


@given(st.dictionaries(st.integers(0, 200), st.tuples(st.integers(-2, 2), st.integers(0, 1))))
def test_ticks_are_alike_whose_amounts_are_the_same(amounts: dict[int, tuple[int, int]]) -> None:
    """Each column of amounts has just the ticks that have it."""
    ticks = np.array(sorted(amounts), dtype=np.int64)
    columns = np.array([amounts[t] for t in sorted(amounts)], dtype=np.int64).reshape(-1, 2).T
    found = {column: as_set(mask) for column, mask in masks.alike(ticks, columns).items()}
    assert found == {
        some: {tick for tick, own in amounts.items() if own == some} for some in amounts.values()
    }


@given(TICKS, st.integers(1, 20))
def test_covered_is_every_tick_of_stretches_from_the_starts(ticks: set[int], length: int) -> None:
    """Stretches from some starts take, all together, each start and the ticks after it."""
    union = {t + more for t in ticks for more in range(length)}
    assert as_set(masks.covered(masks.from_ticks(ticks), length)) == union


@given(st.integers(0, 30), st.sets(st.integers(1, 12), min_size=1, max_size=3))
def test_fillable_is_the_greatest_sum_that_fits(room: int, lengths: set[int]) -> None:
    """A stretch is filled by the greatest sum of lengths, repeated at will, that is no longer."""
    sums = {0}
    for total in range(1, room + 1):
        if any(total - length in sums for length in lengths):
            sums.add(total)
    assert masks.fillable(room, lengths) == max(sums)


def test_holds_says_of_each_tick_whether_it_belongs():
    """Of several sets: within them, between their ticks, beyond the last; of none, and no tick."""
    sets = [masks.from_ticks([9, 11, 40]), ~masks.from_ticks([11]), 0]
    ticks = np.array([11, 40, 9, 41, 70])
    assert masks.holds(sets, ticks).tolist() == [
        [True, True, True, False, False],
        [False, True, True, True, True],
        [False] * 5,
    ]
    assert masks.holds([], ticks).shape == (0, 5)
    assert masks.holds(sets, ticks[:0]).shape == (3, 0)


def test_of_ticks_is_the_set_of_an_array():
    """In any order, and of nothing."""
    assert masks.of_ticks(np.array([17, 3, 0])) == masks.from_ticks([0, 3, 17])
    assert masks.of_ticks(np.array([], dtype=np.int64)) == 0
