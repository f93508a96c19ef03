"""The HTML report of a study: what each scenario changes, and what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from allocator.plots import page, style
from allocator.plots.differences import differences, verdict
from allocator.plots.load_difference import load_difference
from allocator.plots.report import Drawn, drawn, runtime, template
from allocator.plots.save import write
from allocator.plots.waterfall import waterfall
from allocator.prepare.prepared import Prepared
from allocator.report.words import count, seconds

if TYPE_CHECKING:
    from allocator.domain.problem import Problem
    from allocator.scenario import Compared, Comparison, Outcome, Outcomes, VisitChange

#: Resources that are told by name, those with the most visits first.
TOLD = 10
#: Visits that got worse, and better: those that did so most.
VISITS = 10
#: Of a visit that only one of the two problems has.
ONLY = {"before": "asked for no more", "after": "not asked for before"}


class OneVisit(NamedTuple):
    """What a visit costs more or less, and why."""

    visit: str
    about: str
    points: list[str]
    goals: list[str]


class Told(NamedTuple):
    """What is said of a scenario; only those with a section of their own have an id."""

    id: str
    name: str
    changes: str
    errors: list[str]
    requests: str
    visits: str
    seconds: str
    told: str
    tell: list[dict[str, object]]
    costs: list[tuple[str, list[OneVisit]]]
    charts: list[Drawn]


class Cell(NamedTuple):
    """A figure of a scenario, by how much it differs from the base, and what that is."""

    value: str
    change: str = ""
    verdict: str = ""


class Row(NamedTuple):
    """A figure of all scenarios."""

    name: str
    unit: str
    cells: list[Cell]


def study_report(outcomes: Outcomes, *, base: str | None = None, name: str = "What if") -> str:
    """Return a study as one HTML page that loads nothing from elsewhere.

    It has what each scenario changes, every figure beside that of the base with what is shown
    and what is not, and for each scenario what moves, whom to tell, the cost of comfort goal by
    goal, and where the load differs.

    Parameters
    ----------
    outcomes
        Of the study.
    base
        Name of the scenario to compare with; the first by default.
    name
        Of the page.

    Returns
    -------
    str
        The page.

    Raises
    ------
    InvalidProblem
        Where there is no such scenario.
    """
    first = outcomes.of(base or outcomes.scenarios[0])
    comparison = outcomes.compare(base)
    compared = list(comparison)
    scenarios = [
        _told(outcomes, number, name, first, comparison)
        for number, name in enumerate(outcomes.scenarios)
    ]
    charts = []
    if any(one.difference for one in compared):
        chart = differences(comparison)
        charts.append(drawn("differences", "What differs", "", chart))
    others = [s for s in outcomes.scenarios if s != first.scenario.name]
    many = len({one.params.seed for one in outcomes})
    options = len({one.option for one in outcomes})
    settings = f" and {options} settings" if options > 1 else ""
    return template("study.html").render(
        name=style.heading(name),
        asked=f"{first.problem.name or 'A clinic'}, {page.asked(Prepared(first.problem))}",
        base=first.scenario.name,
        scenarios=scenarios,
        columns=[first.scenario.name, *others],
        figures=_rows(outcomes, first.scenario.name, compared),
        about_figures=f"Means over {count(many, 'seed')}{settings}; differences from"
        f" {first.scenario.name} in colour are shown, those in grey may be chance or lie inside the"
        " solver's gap",
        charts=charts,
        runtime=runtime() if charts or any(one.charts for one in scenarios) else "",
    )


def write_study_report(
    outcomes: Outcomes, path: Path | str, *, base: str | None = None, name: str = "What if"
) -> Path:
    """Write the report of a study as a file, whole or not at all.

    Parameters
    ----------
    outcomes, base, name
        As in ``study_report``.
    path
        An ``.html`` file. Its folder is made where it does not exist.

    Returns
    -------
    Path
        The file.
    """
    file = Path(path)
    write(study_report(outcomes, base=base, name=name).encode("utf-8"), file)
    return file


def _told(
    outcomes: Outcomes, number: int, name: str, base: Outcome, comparison: Comparison
) -> Told:
    """Say what there is to say of a scenario, with charts where it has a schedule to compare."""
    mine = [one for one in outcomes if one.scenario.name == name]
    one = outcomes.of(name)
    changes = "; ".join(change.text() for change in one.scenario.changes) or "as it is"
    errors = [said for some in mine if (said := _without(some, len(mine)))]
    if one.result is not None and one.schedule is not None and one.result.violations:
        broken = one.result.violations
        errors.append(
            f"What is pinned breaks rules, {count(len(broken), 'time')} in all, such as:"
            f" {broken[0].message}"
        )
    result = None if one.schedule is None else one.result
    told = Told(
        id="",
        name=name,
        changes=style.heading(changes),
        errors=errors,
        requests="" if result is None else f"{result.requests_served:,} of {result.requests:,}",
        visits="" if result is None else f"{result.visits_placed:,} of {result.visits:,}",
        seconds="" if result is None else seconds(result.seconds),
        told="",
        tell=[],
        costs=[],
        charts=[],
    )
    if one is base or one.schedule is None or base.schedule is None:
        return told
    moves = outcomes.moved(name, base.scenario.name)
    kinds = [
        f"{count(found, 'visit')} {change}"
        for change in ("moved", "added", "dropped")
        if (found := sum(move.change == change for move in moves))
    ]
    tell = outcomes.tell(name, base.scenario.name).head(TOLD)
    id = f"scenario-{number}"
    charts = [drawn(f"{id}-load", "Load", "", load_difference(base, one))]
    levels = [level.name for level in one.problem.objective]
    if "comfort" in levels and "comfort" in [level.name for level in base.problem.objective]:
        charts.insert(0, drawn(f"{id}-cost", "Cost of comfort", "", waterfall(base, one)))
    return told._replace(
        id=id,
        told=f"Against {base.scenario.name}, {', '.join(kinds)}." if kinds else "Nothing moves.",
        costs=_visits(comparison.visits(name), _people(base.problem) | _people(one.problem)),
        tell=[{str(key): value for key, value in row.items()} for row in tell.to_dict("records")],
        charts=charts,
    )


def _people(problem: Problem) -> dict[str, str]:
    """Return what those who attend are called, by request."""
    return {
        request.id: ", ".join(problem.resource(who.resource).label for who in request.attendees)
        for request in problem.requests
    }


def _visits(
    changed: Sequence[VisitChange], people: Mapping[str, str]
) -> list[tuple[str, list[OneVisit]]]:
    """Return the visits that got worse most, and those that got better most, with captions."""
    worse = [some for some in changed if some.worse]
    better = [some for some in reversed(changed) if not some.worse]
    return [
        (_most(what, len(some)), [_visit(visit, people) for visit in some[:VISITS]])
        for what, some in (("worse", worse), ("better", better))
        if some
    ]


def _most(what: str, visits: int) -> str:
    """Say which visits are told."""
    if visits <= VISITS:
        return f"{count(visits, 'visit')} got {what}"
    return f"{VISITS} of {visits:,} visits that got {what}, those first that did so most"


def _visit(visit: VisitChange, people: Mapping[str, str]) -> OneVisit:
    """Say what a visit costs; parts of what is not served mean little to people."""
    served = {cost.level for cost in visit.costs if cost.goal.startswith("served:")}
    return OneVisit(
        visit.visit,
        ", ".join(filter(None, (people.get(visit.request, ""), ONLY.get(visit.there, "")))),
        [f"{style.signed(n)} {level}" for level, n in visit.levels.items() if level not in served],
        [cost.text() for cost in visit.costs],
    )


def _without(one: Outcome, many: int) -> str:
    """Say why there is no schedule, where there is none; of several outcomes also of which."""
    if one.schedule is not None:
        return ""
    option = f", {one.option}" if one.option else ""
    return f"Seed {one.params.seed}{option}: {one.why_not}" if many > 1 else one.why_not


def _rows(outcomes: Outcomes, base: str, compared: list[Compared]) -> list[Row]:
    """Return a row for each figure: that of the base, then that of each other scenario.

    What cannot be compared, since one of the two has no schedule, or as there is but one scenario,
    is told by itself.
    """
    alone: dict[str, dict[str, list[float]]] = {}
    units = {one.figure: one.unit for one in compared}
    for outcome in outcomes:
        for told in outcome.solved.figures if outcome.solved else ():
            units.setdefault(told.name, told.unit)
            mine = alone.setdefault(told.name, {})
            mine.setdefault(outcome.scenario.name, []).append(told.value)
    beside = {(one.figure, one.scenario): one for one in compared}
    rows = []
    for figure, unit in units.items():
        cells = []
        for name in (base, *(s for s in outcomes.scenarios if s != base)):
            one = beside.get((figure, name))
            values = alone.get(figure, {}).get(name)
            if one is not None and one.difference:
                cells.append(
                    Cell(_number(one.value), _signed(one.difference), verdict(one).split(" ")[0])
                )
            elif one is not None:
                cells.append(Cell(_number(one.value)))
            elif some := [b for (f, _), b in beside.items() if f == figure and name == base]:
                cells.append(Cell(_number(some[0].base)))
            else:
                cells.append(Cell(_number(fmean(values)) if values else ""))
        rows.append(Row(style.heading(figure), unit, cells))
    return rows


def _signed(difference: float) -> str:
    """Write a difference: where one decimal would be 0, with the first that is not."""
    said = f"{difference:+,.1f}" if abs(difference) >= 0.05 else f"{difference:+.1g}"
    return said.replace("-", "−")


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 or value == round(value) else f"{value:,.1f}"
