"""The report of a study: one page with what each scenario changes, and what differs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from plots.pages import Page
from plots.test_scenarios import with_goals, with_loads
from scenario.test_comparison import comfort, outcome
from scenario.test_costs import scheduled
from scenario.test_figures import SOME, clinic, placed

from allocator import InvalidProblem, Level, Schedule
from allocator.plots import study_report, write_study_report
from allocator.rules.rule import Violation
from allocator.scenario import Demand, Outcome, Outcomes, Solved, Withdraw
from allocator.solve import Status


def told(one: Outcome, schedule: Schedule = SOME) -> Outcome:
    """Return an outcome of a clinic with a schedule, goals and loads."""
    one = with_loads(with_goals(one, soonest=60, waiting=30), practitioner=15)
    assert one.solved is not None
    result = replace(one.solved.result, schedule=schedule, requests=3, requests_served=2)
    return replace(one, solved=replace(one.solved, result=result))


def study() -> Outcomes:
    """Return a base, a scenario with a visit less, and one that failed."""
    base = told(outcome("as it is", levels=comfort(100, 90), waiting=5.0))
    fewer = told(
        outcome("<b>fewer</b>", levels=comfort(80, 70), waiting=6.0),
        Schedule(assignments=SOME.assignments[:2]),
    )
    fewer = replace(fewer, scenario=fewer.scenario.then(Demand(percent=-10)))
    return Outcomes((base, fewer, outcome("broken", error="MemoryError: no room")))


def test_the_page_tells_scenarios_figures_and_moves() -> None:
    """What each changes, the figures with their differences, whom to tell; names are escaped."""
    text = study_report(study(), name="fewer people")
    page = Page(text)
    said = page.words
    for words in (
        "Fewer people",
        "Demand -10 %",
        "MemoryError: no room",
        "2 of 3",
        "Cost, comfort",
        "−20.0",
        "Against as it is, 1 visit dropped.",
        "Whom to tell most",
    ):
        assert words in said, words
    assert "<b>fewer</b>" in said
    assert "<b>fewer" not in text.split("<script", 1)[0]
    assert {"differences", "scenario-1-cost", "scenario-1-load"} == set(page.charts)


def test_the_page_tells_the_visits_that_got_worse_and_better_most() -> None:
    """A loses its second visit, B comes a day later, C is asked for no more."""
    levels = (
        Level(name="priority 3", goals=(("served:3", 1),)),
        Level(name="comfort", goals=(("soonest", 7),)),
    )
    base = clinic(levels=levels)
    less = Withdraw(requests=("C",)).apply(base)
    after = Schedule(assignments=(SOME.assignments[0], placed("B", 1, 11, "ann", "P2")))
    some = Outcomes((scheduled("as it is", base, SOME), scheduled("less", less, after)))
    assert (
        "2 visits got worse Visit What it misses Points"
        " A#2 P1 served:3: 0.66 weight left out, of 3 visits together, before nothing"
        " soonest: nothing, before 1 day −7 comfort"
        " B P2 soonest: 1 day, before nothing +7 comfort"
        " 1 visit got better Visit What it misses Points"
        " C P3, asked for no more served:3: nothing, before 1 weight left out"
    ) in Page(study_report(some)).words


def test_what_has_no_schedule_says_why() -> None:
    """No figures of it that would look like those of a schedule; the base has its own."""
    base = told(outcome("as it is", waiting=5.0))
    some = told(outcome("too much"))
    assert some.solved is not None
    result = replace(some.solved.result, schedule=None, status=Status.INFEASIBLE)
    some = replace(some, solved=Solved(result=result))
    for outcomes in (Outcomes((base, some)), Outcomes((some, base))):
        said = Page(study_report(outcomes)).words
        assert "No schedule meets the hard demands: this is proved." in said
        assert "0 of 3" not in said
        assert "Waiting days 5" in said
    twice = replace(some, params=replace(some.params, seed=1), option="slow")
    assert "Seed 1, slow: No schedule" in Page(study_report(Outcomes((base, some, twice)))).words


def test_what_pinned_visits_break_is_said() -> None:
    """Beside the scenario's other figures, which look as if all were well."""
    some = told(outcome("as it is", waiting=5.0))
    assert some.solved is not None
    broken = Violation("opening_hours", "Ann is closed.", inherited=True)
    result = replace(some.solved.result, violations=(broken,))
    some = replace(some, solved=replace(some.solved, result=result))
    words = "What is pinned breaks rules, 1 time in all, such as: Ann is closed."
    assert words in Page(study_report(Outcomes((some,)))).words
    assert list(Outcomes((some,)).frame()["inherited"]) == [1]


def test_a_small_difference_is_not_told_as_none() -> None:
    """A hundredth of a day less is no 0.0."""
    some = (outcome("as it is", waiting=5.0), outcome("other", waiting=4.99))
    assert "5.0 −0.01" in Page(study_report(Outcomes(tuple(map(told, some))))).words


def test_one_scenario_has_its_figures() -> None:
    """There is nothing to compare it with, and no chart to draw."""
    text = study_report(Outcomes((told(outcome("as it is", waiting=5.0)),)))
    assert "Waiting days 5" in Page(text).words
    assert len(text) < 50_000


def test_the_page_loads_nothing() -> None:
    """No address stands in what a browser would fetch."""
    page = Page(study_report(study()))
    assert [one for one in page.pointers if not one.startswith(("#", "data:"))] == []
    assert "url(" not in page.styles


def test_a_base_may_be_chosen() -> None:
    """Differences are the other way round then."""
    said = Page(study_report(study(), base="<b>fewer</b>")).words
    assert "+20.0" in said
    assert "Against <b>fewer</b>, 1 visit added." in said
    with pytest.raises(InvalidProblem, match="Scenario none does not exist"):
        study_report(study(), base="none")


def test_it_is_written_whole(tmp_path: Path) -> None:
    """Into a folder that is made for it."""
    file = write_study_report(study(), tmp_path / "out" / "study.html", name="what if")
    assert file.read_text(encoding="utf-8") == study_report(study(), name="what if")
    assert [path.name for path in file.parent.iterdir()] == ["study.html"]
