"""Solve an instance, and have the schedule scored by the set's own scorer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from allocator.bench.case import Case
from allocator.solve import Control, Params, Progress, Status, solve
from allocator.solve.progress import Listener


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came of one run.

    Attributes
    ----------
    instance, seed
        What was solved.
    levels
        Cost by the name of the level, by the set's scorer; by the library where that has no say.
    unscored
        The levels of which the set's scorer has no say.
    bounds
        By level, what no schedule is below, as the library has proved; None where nothing is.
    gaps
        By level, the relative distance to that: of the value served, or of the cost; None where
        there is no bound.
    broken
        What hard rules the schedule breaks, by the set's scorer: each as a sentence.
    disputed
        Levels that the scorer counts otherwise than the library: each as a sentence.
    first_schedule_seconds, seconds
        Wall time until the first schedule (None without one), and in all; reading and scoring
        do not count.
    status
        How the solve ended.
    course
        Seconds and costs by level, as heard during the solve: whenever these changed.
    """

    instance: str
    seed: int
    levels: Mapping[str, int]
    unscored: tuple[str, ...]
    bounds: Mapping[str, int | None]
    gaps: Mapping[str, float | None]
    broken: tuple[str, ...]
    disputed: tuple[str, ...]
    first_schedule_seconds: float | None
    seconds: float
    status: Status
    course: tuple[tuple[float, tuple[int, ...]], ...]

    @property
    def rank(self) -> tuple[int, ...]:
        """By which runs of one instance are ordered, the best first."""
        return (len(self.broken), *self.levels.values())


class Course:
    """Notes costs whenever they change, and passes the news on."""

    def __init__(self, listener: Listener | None) -> None:
        self.steps: list[tuple[float, tuple[int, ...]]] = []
        self._listener = listener

    def __call__(self, news: Progress) -> None:
        """Hear how the solve stands."""
        if news.costs and (not self.steps or self.steps[-1][1] != news.costs):
            self.steps.append((news.seconds, news.costs))
        if self._listener is not None:
            self._listener(news)


def run(
    case: Case,
    params: Params,
    on_progress: Listener | None = None,
    *,
    control: Control | None = None,
) -> Run:
    """Solve an instance, and score what comes of it.

    Parameters
    ----------
    case
        The instance.
    params
        Limits, workers, seed.
    on_progress
        Hears how the solve stands, from another thread.
    control
        Lets another thread stop the solve early, and tells whether Ctrl-C did.
    """
    course = Course(on_progress)
    result = solve(
        case.problem,
        params,
        on_progress=course,
        control=control,
        rules=case.rules,
        goals=case.goals,
    )
    scored = case.score(result.schedule)
    costs = {level.name: level.cost for level in result.levels}
    return Run(
        instance=case.name,
        seed=params.seed,
        levels={name: scored.levels.get(name, costs.get(name, 0)) for name in costs}
        or dict(scored.levels),
        unscored=tuple(name for name in costs if name not in scored.levels),
        bounds={level.name: level.bound for level in result.levels},
        gaps={level.name: level.gap for level in result.levels},
        broken=scored.broken,
        disputed=tuple(_disputed(scored.levels, costs)),
        first_schedule_seconds=result.first_schedule_seconds,
        seconds=result.seconds,
        status=result.status,
        course=tuple(course.steps),
    )


def _disputed(scored: Mapping[str, int], costs: Mapping[str, int]) -> Iterator[str]:
    for name, cost in costs.items():
        if name in scored and scored[name] != cost:
            yield f"{name} is {scored[name]:,} by the scorer, {cost:,} by the library."
