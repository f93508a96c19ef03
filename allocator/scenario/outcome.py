"""What became of one scenario with one seed: a result with its figures, or why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from allocator.domain.faults import FaultCode
from allocator.domain.problem import Problem
from allocator.domain.schedule import Schedule
from allocator.scenario.changes.change import refuse, unknown
from allocator.scenario.figures import Figure, HourLoad
from allocator.scenario.scenario import Scenario
from allocator.solve.params import Params
from allocator.solve.result import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """A result with its figures: what is kept of an outcome on disk."""

    result: Result
    figures: tuple[Figure, ...] = ()
    loads: tuple[HourLoad, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one scenario with one seed.

    Attributes
    ----------
    scenario
        The scenario.
    option
        Name of the settings; ``""`` where a study has but one.
    params
        The settings, with the seed.
    solved
        Result and figures; None where it failed.
    error
        Why it failed, or ``""``.
    reused
        Whether it was read from disk.
    """

    scenario: Scenario
    option: str
    params: Params
    solved: Solved | None = field(default=None, repr=False)
    error: str = ""
    reused: bool = False

    @property
    def problem(self) -> Problem:
        """The scenario's problem."""
        return self.scenario.problem

    @property
    def result(self) -> Result | None:
        """The result of the solve, or None where it failed."""
        return None if self.solved is None else self.solved.result

    @property
    def schedule(self) -> Schedule | None:
        """The schedule, or None where there is none."""
        return None if self.solved is None else self.solved.result.schedule

    @property
    def why_not(self) -> str:
        """Why there is no schedule: an error, or how the solve ended; ``""`` where there is one."""
        if self.schedule is not None or self.result is None:
            return self.error
        return self.result.status.value

    def scheduled(self) -> tuple[Problem, Schedule]:
        """Return problem and schedule; raise ``InvalidProblem`` where there is no schedule."""
        if self.schedule is None:
            name = self.scenario.name
            said = f"Scenario {name} has no schedule: {self.why_not}"
            raise refuse(FaultCode.MISSING, "scenario", name, said)
        return self.problem, self.schedule


def outcome_of(
    some: Sequence[Outcome], scenario: str, seed: int | None = None, option: str | None = None
) -> Outcome:
    """Return the outcome of a scenario: of the first option and the first seed by default.

    Raises
    ------
    InvalidProblem
        Where there is no such scenario, or not with this seed and option.
    """
    mine = [one for one in some if one.scenario.name == scenario]
    if not mine:
        names = tuple(dict.fromkeys(one.scenario.name for one in some))
        raise unknown("scenario", scenario, names)
    for one in mine:
        if seed in (None, one.params.seed) and option in (None, one.option):
            return one
    said = f"Scenario {scenario} has no outcome with seed {seed} and option {option!r}."
    raise refuse(FaultCode.UNKNOWN_NAME, "scenario", scenario, said)
