"""Comparisons: figures beside those of the base, and whether differences are shown."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenario.test_figures import clinic

from allocator import Schedule
from allocator.scenario import Figure, Outcome, Outcomes, Scenario, Shown, Solved
from allocator.solve import LevelResult, Params, Result, Status


def outcome(
    name: str,
    seed: int = 0,
    *,
    levels: tuple[LevelResult, ...] = (),
    waiting: float | None = None,
    error: str = "",
) -> Outcome:
    """Return an outcome with these levels, and with one figure."""
    told = (
        ()
        if waiting is None
        else (Figure(name="waiting", value=waiting, unit="days", better="less"),)
    )
    result = Result(status=Status.FEASIBLE, schedule=Schedule(), levels=levels)
    return Outcome(
        scenario=Scenario(name=name, base=clinic()),
        option="",
        params=Params(seed=seed),
        solved=None if error else Solved(result=result, figures=told),
        error=error,
    )


def comfort(cost: int, bound: int | None) -> tuple[LevelResult, ...]:
    return (LevelResult("comfort", cost, bound),)


def served(cost: int, bound: int | None, total: int = 2520 * 10) -> tuple[LevelResult, ...]:
    """Return a level of served requests, in parts of a weight."""
    return (LevelResult("priority 1", cost, bound, total),)


@pytest.mark.parametrize(
    ("base", "other", "shown"),
    [
        (comfort(100, 90), comfort(80, 70), Shown.YES),  # at best 90, at worst 80
        (comfort(100, 80), comfort(80, 70), Shown.NO),  # 80 might be reached by both
        (comfort(80, 70), comfort(100, 90), Shown.YES),  # for the worse
        (comfort(100, None), comfort(80, 70), Shown.UNKNOWN),
        (comfort(100, None), comfort(100, None), Shown.SAME),
        (comfort(100, 100), comfort(99, 99), Shown.YES),  # both proved
        (served(2520, 2520), served(0, 0), Shown.YES),  # 9 and 10 of 10, both proved
        (served(2520, 0), served(0, 0), Shown.NO),  # the base might serve 10, too
    ],
)
def test_a_difference_inside_the_gap_is_not_shown(
    base: tuple[LevelResult, ...], other: tuple[LevelResult, ...], shown: Shown
) -> None:
    """Where the best possible costs of both might be equal, nobody knows which is better."""
    (found,) = Outcomes((outcome("base", levels=base), outcome("other", levels=other))).compare()
    assert found.shown is shown


def test_of_several_seeds_the_best_bounds_count() -> None:
    """Each seed's schedule and bound hold for the scenario, whatever the seed."""
    some = (
        outcome("base", 0, levels=comfort(100, 70)),
        outcome("base", 1, levels=comfort(110, 90)),
        outcome("other", 0, levels=comfort(95, 60)),
        outcome("other", 1, levels=comfort(85, 60)),
    )
    (found,) = Outcomes(some).compare()
    # The base costs 90 at least, as seed 1 proves; the other 85 at most, as its seed 1 shows.
    assert found.shown is Shown.YES
    assert (found.base, found.value, found.difference, found.gain) == (105, 90, -15, 15)


def test_bounds_given_other_costs_before_are_not_joined() -> None:
    """With seed 0 more is served, which costs more comfort: 90 to 100 beside 40 to 50.

    Joined these would be from 90 to 50, and any schedule would be shown to differ from any other.
    """

    def level(before: int, cost: int, bound: int) -> tuple[LevelResult, ...]:
        return (*served(before, 0), *comfort(cost, bound))

    base = (
        outcome("base", 0, levels=level(0, 100, 90)),
        outcome("base", 1, levels=level(9, 50, 40)),
    )
    same = (
        outcome("other", 0, levels=level(0, 99, 90)),
        outcome("other", 1, levels=level(9, 51, 40)),
    )
    found = {one.figure: one.shown for one in Outcomes((*base, *same)).compare()}
    assert found["cost, comfort"] is Shown.NO
    less = (
        outcome("other", 0, levels=level(0, 80, 70)),
        outcome("other", 1, levels=level(9, 30, 20)),
    )
    found = {one.figure: one.shown for one in Outcomes((*base, *less)).compare()}
    assert found["cost, comfort"] is Shown.YES


def test_a_proof_that_contradicts_the_means_shows_nothing() -> None:
    """The other costs 110 at least, the base 100 at most: yet the base's mean is above."""
    some = (
        outcome("base", 0, levels=comfort(100, 90)),
        outcome("base", 1, levels=comfort(300, 90)),
        outcome("other", 0, levels=comfort(120, 110)),
        outcome("other", 1, levels=comfort(120, 110)),
    )
    (found,) = Outcomes(some).compare()
    assert (found.difference, found.shown) == (-80, Shown.NO)


def test_settings_of_one_seed_count_once() -> None:
    """Two settings share the chance of their seed: there are two differences, not four."""

    def some(name: str, seed: int, quick: float, slow: float) -> list[Outcome]:
        one = outcome(name, seed, waiting=quick)
        return [
            replace(one, option="quick"),
            replace(outcome(name, seed, waiting=slow), option="slow"),
        ]

    outcomes = [*some("base", 0, 10, 10), *some("base", 1, 10, 10)]
    outcomes += [*some("other", 0, 8, 6), *some("other", 1, 9, 7)]
    (found,) = Outcomes(tuple(outcomes)).compare()
    assert (found.difference, found.seeds) == (-2.5, 2)
    # -3 and -2: 12.706 times a half to either side.
    assert found.high - found.difference == pytest.approx(12.706 / 2)
    assert found.shown is Shown.NO
    (alone,) = Outcomes(tuple(outcomes[:2] + outcomes[4:6])).compare()
    assert (alone.seeds, alone.shown) == (1, Shown.UNKNOWN)


def test_what_differs_by_rounding_alone_is_the_same() -> None:
    """0.1 + 0.2 and 0.3 days."""
    some = (outcome("base", waiting=0.1 + 0.2), outcome("other", waiting=0.3))
    (found,) = Outcomes(some).compare()
    assert found.shown is Shown.SAME


def test_over_seeds_an_interval_tells() -> None:
    """Paired by seed: differences of -2, -3 and -4 days have mean -3 and deviation 1."""
    some = [outcome("base", seed, waiting=10.0 + seed) for seed in range(3)]
    some += [outcome("other", seed, waiting=8.0) for seed in range(3)]
    (found,) = Outcomes(tuple(some)).compare()
    half = 4.303 / sqrt(3)
    assert found.difference == pytest.approx(-3)
    assert (found.low, found.high) == (pytest.approx(-3 - half), pytest.approx(-3 + half))
    assert found.shown is Shown.YES
    assert found.gain == pytest.approx(3)


def test_an_interval_is_as_wide_as_student_says() -> None:
    """Differences of -1, -3 and -5: 4.303 times 2 over the root of 3 is 4.97, and 3 lies within."""
    some = [outcome("base", seed, waiting=5.0) for seed in range(3)]
    some += [outcome("other", seed, waiting=4.0 - 2 * seed) for seed in range(3)]
    (found,) = Outcomes(tuple(some)).compare()
    assert (found.difference, found.shown) == (-3, Shown.NO)


def test_an_interval_that_reaches_0_shows_nothing() -> None:
    """Differences of 1 and -3; one seed alone says nothing either."""
    some = [outcome("base", 0, waiting=5.0), outcome("base", 1, waiting=5.0)]
    some += [outcome("other", 0, waiting=6.0), outcome("other", 1, waiting=2.0)]
    (found,) = Outcomes(tuple(some)).compare()
    assert found.shown is Shown.NO
    (alone,) = Outcomes((some[0], some[2])).compare()
    assert (alone.shown, alone.low, alone.high, alone.seeds) == (Shown.UNKNOWN, 1, 1, 1)


@given(st.lists(st.tuples(st.floats(0, 99), st.floats(0, 99)), min_size=2, max_size=10))
def test_a_comparison_equals_its_recomputation(pairs: list[tuple[float, float]]) -> None:
    """Means, differences and intervals from the values themselves."""
    some = [outcome("base", seed, waiting=old) for seed, (old, _) in enumerate(pairs)]
    some += [outcome("other", seed, waiting=new) for seed, (_, new) in enumerate(pairs)]
    (found,) = Outcomes(tuple(some)).compare()
    differences = [new - old for old, new in pairs]
    # As any table of Student's distribution has it, or the normal's for many.
    table = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365}
    beyond = table.get(len(pairs), 2.306 if len(pairs) == 9 else 2.262)
    half = beyond * stdev(differences) / sqrt(len(pairs))
    assert found.base == pytest.approx(fmean(old for old, _ in pairs))
    assert found.value == pytest.approx(fmean(new for _, new in pairs))
    assert found.low == pytest.approx(fmean(differences) - half)
    assert found.high == pytest.approx(fmean(differences) + half)
    assert found.seeds == len(pairs)


def test_a_seed_that_failed_is_left_out_with_its_pair() -> None:
    """Seed 1 of the base failed: only seed 0 is compared."""
    some = (
        outcome("base", 0, waiting=5.0),
        outcome("base", 1, error="MemoryError: no room"),
        outcome("other", 0, waiting=4.0),
        outcome("other", 1, waiting=9.0),
    )
    (found,) = Outcomes(some).compare()
    assert (found.value, found.seeds) == (4.0, 1)


def test_what_cannot_be_compared_is_said() -> None:
    """By its own error, or by that of the base."""
    some = Outcomes((outcome("base", waiting=5.0), outcome("other", error="MemoryError: no room")))
    assert some.compare().text() == (
        "other, against base: other has no schedule. MemoryError: no room"
    )
    assert some.compare("other").text() == (
        "base, against other: other has no schedule. MemoryError: no room"
    )
    apart = Outcomes((outcome("base", 0, waiting=5.0), outcome("other", 1, waiting=5.0)))
    assert apart.compare().text() == (
        "other, against base: no seed and settings are those of both."
    )


def test_the_base_can_be_any_scenario() -> None:
    """The first by default."""
    some = Outcomes((outcome("one", waiting=5.0), outcome("two", waiting=4.0)))
    assert [(one.scenario, one.difference) for one in some.compare()] == [("two", -1.0)]
    assert [(one.scenario, one.difference) for one in some.compare("two")] == [("one", 1.0)]


def test_the_frame_and_the_text() -> None:
    """What is shown is told in words, all else is counted."""
    some = Outcomes(
        (
            outcome("base", levels=comfort(100, 90), waiting=5.0),
            outcome("other", levels=comfort(80, 70), waiting=4.0),
        )
    ).compare()
    frame = some.frame()
    assert frame[["figure", "difference", "shown"]].values.tolist() == [
        ["cost, comfort", -20.0, "yes"],
        ["waiting", -1.0, "unknown"],
    ]
    assert some.text() == (
        "other, against base:\n"
        "  cost, comfort: 100.0 to 80.0 points (-20.0).\n"
        "  1 other figure differs, and one seed cannot tell whether by chance."
    )
    inside = (outcome("base", levels=comfort(100, 80)), outcome("other", levels=comfort(90, 80)))
    assert Outcomes(inside).compare().text() == (
        "other, against base:\n  1 other figure differs, by no more than chance may do."
    )
