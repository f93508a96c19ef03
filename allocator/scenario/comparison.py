"""Scenarios side by side: each figure with its difference, and whether that is shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from math import inf, isclose
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from allocator.explain.by_visit import VisitCost
from allocator.report.intervals import mean_and_reach
from allocator.report.notebook import shown
from allocator.scenario.costs import (
    COLUMNS,
    CostChange,
    VisitChange,
    changed,
    costs_of,
    levels_of,
    visits_changed,
)
from allocator.scenario.figures import LESS, MORE
from allocator.scenario.outcome import Outcome, outcome_of

if TYPE_CHECKING:
    from pandas import DataFrame

#: How figures of levels are called, before the name of the level.
VALUE, COST = "value served, ", "cost, "


class Shown(Enum):
    """Whether a difference between two scenarios is more than chance or an unfinished search."""

    YES = "It is shown: bounds leave no room for none, or over the seeds it does not reach 0."
    NO = "It is not shown: it lies inside the solver's gap, or over the seeds it reaches 0."
    UNKNOWN = "One seed, and no bound: nobody knows how much of it is chance."
    SAME = "There is no difference."


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One figure of one scenario beside that of the base.

    Attributes
    ----------
    scenario, figure, unit
        Names.
    better
        ``"more"``, ``"less"``, or empty where neither is.
    base, value
        Means over seeds, of pairs of outcomes with one seed and the same settings.
    low, high
        The 95 % interval of the difference over seeds (paired, Student's t); equal to it where
        there is one seed alone.
    seeds
        With how many seeds both were solved; of several settings the mean counts.
    shown
        Whether the difference is shown.
    """

    scenario: str
    figure: str
    unit: str
    better: str
    base: float
    value: float
    low: float
    high: float
    seeds: int
    shown: Shown

    @property
    def difference(self) -> float:
        """By how much the figure is above that of the base."""
        return self.value - self.base

    @property
    def gain(self) -> float:
        """The difference, above 0 where it is for the better; 0 where neither is."""
        return self.difference * {MORE: 1, LESS: -1}.get(self.better, 0)


@dataclass(frozen=True, slots=True)
class _Told:
    """A figure of one outcome, and between which values its best possible is known to lie.

    Where it is one of a level, that is so given what the levels before it cost.
    """

    value: float
    unit: str
    better: str
    least: float = -inf
    most: float = inf
    bounded: bool = False
    given: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Figures of all scenarios beside those of one.

    Attributes
    ----------
    outcomes
        Of the study; seeds are paired, and those that failed are left out.
    base
        Name of the scenario that the others are compared with.
    """

    outcomes: tuple[Outcome, ...]
    base: str
    _costs: dict[int, tuple[VisitCost, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __iter__(self) -> Iterator[Compared]:
        """Yield each figure of each scenario but the base, in order."""
        told = {
            (one.scenario.name, one.option, one.params.seed): _figures(one)
            for one in self.outcomes
            if one.result is not None and one.schedule is not None
        }
        for scenario in dict.fromkeys(one.scenario.name for one in self.outcomes):
            if scenario == self.base:
                continue
            mine = {who[1:]: some for who, some in told.items() if who[0] == scenario}
            pairs = [
                (who[1], told[self.base, *who], some)
                for who, some in mine.items()
                if (self.base, *who) in told
            ]
            for figure in dict.fromkeys(name for _, _, some in pairs for name in some):
                by_seed: dict[int, list[tuple[_Told, _Told]]] = {}
                for seed, b, s in pairs:
                    if figure in b and figure in s:
                        by_seed.setdefault(seed, []).append((b[figure], s[figure]))
                if by_seed:
                    yield _compared(scenario, figure, list(by_seed.values()))

    def _repr_html_(self) -> str:
        """Return what a notebook shows: a row for each figure of each scenario."""
        return shown(self.frame())

    def frame(self) -> DataFrame:
        """Return a row for each figure of each scenario.

        Returns
        -------
        DataFrame
            ``scenario``, ``figure``, ``unit``, ``better``, ``base``, ``value``, ``difference``,
            ``low``, ``high``, ``seeds`` and ``shown`` (``yes``, ``no``, ``unknown``, ``same``).
        """
        from pandas import DataFrame

        return DataFrame(
            [
                {
                    "scenario": one.scenario,
                    "figure": one.figure,
                    "unit": one.unit,
                    "better": one.better,
                    "base": one.base,
                    "value": one.value,
                    "difference": one.difference,
                    "low": one.low,
                    "high": one.high,
                    "seeds": one.seeds,
                    "shown": one.shown.name.lower(),
                }
                for one in self
            ],
            columns=[
                *("scenario", "figure", "unit", "better", "base", "value", "difference"),
                *("low", "high", "seeds", "shown"),
            ],
        )

    def costs(
        self, scenario: str, seed: int | None = None, option: str | None = None
    ) -> tuple[CostChange, ...]:
        """Return what each visit costs more, or less, by each goal than in the base.

        Parameters
        ----------
        scenario, seed, option
            Of the outcome; the first option and seed by default. That of the base has the same.
        """
        after = outcome_of(self.outcomes, scenario, seed, option)
        before = outcome_of(self.outcomes, self.base, after.params.seed, after.option)
        return changed(before, after, self._costs_of)

    def _costs_of(self, one: Outcome) -> tuple[VisitCost, ...]:
        """Return what visits of an outcome cost, worked out once for all scenarios."""
        found = self._costs.get(id(one))
        if found is None:
            found = self._costs[id(one)] = costs_of(one)
        return found

    def visits(
        self, scenario: str, seed: int | None = None, option: str | None = None
    ) -> tuple[VisitChange, ...]:
        """Return the visits that cost more, or less, than in the base, the worst first.

        Parameters
        ----------
        scenario, seed, option
            As in ``costs``.
        """
        some = (outcome_of(self.outcomes, name) for name in (scenario, self.base))
        return visits_changed(self.costs(scenario, seed, option), levels_of(*some))

    def by_visit(
        self, scenario: str, seed: int | None = None, option: str | None = None
    ) -> DataFrame:
        """Return what each visit costs more, or less, by each goal than in the base, as a frame.

        Parameters
        ----------
        scenario, seed, option
            As in ``costs``.

        Returns
        -------
        DataFrame
            ``level``, ``goal``, ``visit``, ``request``, ``there`` (``both``, or ``before`` and
            ``after`` for visits that only one of the problems has), ``before``, ``after`` and
            ``difference`` in points, ``why_before`` and ``why_after``. What costs the same is left
            out; differences sum to that of the goal.
        """
        from pandas import DataFrame

        rows = [one.row() for one in self.costs(scenario, seed, option)]
        return DataFrame(rows, columns=COLUMNS)

    def text(self) -> str:
        """Say the differences that are shown, scenario by scenario, and what has no schedule."""
        lines = []
        some = list(self)
        for scenario in dict.fromkeys(one.scenario.name for one in self.outcomes):
            mine = [one for one in some if one.scenario == scenario]
            if scenario == self.base:
                continue
            if not mine:
                lines.append(f"{scenario}, against {self.base}: {self._why_not(scenario)}")
                continue
            shown = [one for one in mine if one.shown is Shown.YES]
            lines.append(f"{scenario}, against {self.base}:")
            lines += [
                f"  {one.figure}: {one.base:,.1f} to {one.value:,.1f} {one.unit}"
                f" ({one.difference:+,.1f})."
                for one in shown
            ]
            for verdict, why in (
                (Shown.NO, "by no more than chance may do."),
                (Shown.UNKNOWN, "and one seed cannot tell whether by chance."),
            ):
                rest = sum(one.shown is verdict for one in mine)
                if rest:
                    said = "other figure differs" if rest == 1 else "other figures differ"
                    lines.append(f"  {rest} {said}, {why}")
        return "\n".join(lines)

    def _why_not(self, scenario: str) -> str:
        """Say why a scenario cannot be compared: what is wrong with it, or else with the base."""
        for name in (scenario, self.base):
            for one in self.outcomes:
                if one.scenario.name == name and one.schedule is None:
                    return f"{name} has no schedule. {one.why_not}"
        return "no seed and settings are those of both."


def _figures(one: Outcome) -> dict[str, _Told]:
    """Return all figures of an outcome by name: of its levels first, with what is proved of them.

    The best possible cost of a level lies between its bound and the cost reached, given what the
    levels before cost.
    """
    assert one.solved is not None
    found = {}
    given: tuple[int, ...] = ()
    for level in one.solved.result.levels:
        if level.served is not None:
            most = inf if level.servable is None else level.servable
            found[VALUE + level.name] = _Told(
                level.served, "weights of requests", MORE, level.served, most, most < inf, given
            )
        else:
            least = -inf if level.bound is None else float(level.bound)
            found[COST + level.name] = _Told(
                float(level.cost), "points", LESS, least, float(level.cost), least > -inf, given
            )
        given = (*given, level.cost)
    for figure in one.solved.figures:
        found[figure.name] = _Told(figure.value, figure.unit, figure.better)
    return found


def _compared(
    scenario: str, figure: str, by_seed: Sequence[Sequence[tuple[_Told, _Told]]]
) -> Compared:
    """Compare one figure over its pairs of outcomes with the same seed and settings.

    Of one seed the settings are averaged first: its pairs share their chance, and count once.
    """
    olds = [fmean(old.value for old, _ in pairs) for pairs in by_seed]
    news = [fmean(new.value for _, new in pairs) for pairs in by_seed]
    mean, reach = mean_and_reach(np.array(news) - np.array(olds))
    half = reach if len(by_seed) > 1 else 0.0
    both = [pair for pairs in by_seed for pair in pairs]
    return Compared(
        scenario=scenario,
        figure=figure,
        unit=both[0][1].unit,
        better=both[0][1].better,
        base=fmean(olds),
        value=fmean(news),
        low=mean - half,
        high=mean + half,
        seeds=len(by_seed),
        shown=_shown(both, len(by_seed), mean, half),
    )


def _shown(both: Sequence[tuple[_Told, _Told]], seeds: int, mean: float, half: float) -> Shown:
    if all(isclose(new.value, old.value, rel_tol=1e-9, abs_tol=1e-9) for old, new in both):
        return Shown.SAME
    if all(old.bounded and new.bounded for old, new in both):
        olds, news = zip(*both, strict=True)
        if all(len({one.given for one in side}) == 1 for side in (olds, news)):
            ways = {_apart(olds, news)}
        else:  # bounds given other costs of the levels before are of other things: pair by pair
            ways = {_apart([old], [new]) for old, new in both}
        # What is told is a mean: what is proved of the best must not be the other way round.
        return Shown.YES if ways == {1 if mean > 0 else -1} and mean else Shown.NO
    if seeds == 1:
        return Shown.UNKNOWN
    return Shown.YES if abs(mean) > half else Shown.NO


def _apart(olds: Sequence[_Told], news: Sequence[_Told]) -> int:
    """Return 1 where the best possible of the new is surely above that of the old, -1 below."""
    if max(one.least for one in news) > min(one.most for one in olds):
        return 1
    return -1 if min(one.most for one in news) < max(one.least for one in olds) else 0
