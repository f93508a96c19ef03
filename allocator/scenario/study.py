"""Studies: scenarios, seeds and settings, solved side by side, each once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, Future, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from allocator.domain.faults import FaultCode, InvalidProblem
from allocator.domain.names import name_faults
from allocator.domain.problem import Problem
from allocator.domain.schedule import Schedule
from allocator.goals import GOALS
from allocator.report.patience import Patience
from allocator.report.words import count
from allocator.rules import RULES
from allocator.scenario.changes.change import refuse
from allocator.scenario.figures import measured
from allocator.scenario.kept import Kept
from allocator.scenario.outcome import Outcome, Solved
from allocator.scenario.outcomes import Outcomes
from allocator.scenario.processes import Processes
from allocator.scenario.scenario import Scenario
from allocator.solve.params import Params
from allocator.solve.solve import solve

#: Of one scenario: a core each, so that as many as there are cores run beside each other.
ONE_CORE = Params(time_limit_seconds=20.0, workers=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Scenarios solved side by side, with one or several seeds and settings.

    Attributes
    ----------
    scenarios
        The first is the one that the others are compared with, as a rule the base as it is.
    seeds
        Each scenario is solved once with each: how far outcomes differ by chance alone is seen
        from several.
    options
        Settings by name; by default one, of 20 seconds on one core. Their seeds do not count.
    folder
        Where outcomes are kept; what is there already is not solved again. None keeps nothing.
    warm
        Whether the schedule of the first scenario is what the others start from, which takes a
        part of the time to a schedule as good. They are then solved after it.

    Raises
    ------
    InvalidProblem
        Where two scenarios have one name, there are none, or one names a rule or goal that does
        not exist; where a seed stands twice or cannot be one; where the folder is a file.
    """

    scenarios: tuple[Scenario, ...]
    seeds: tuple[int, ...] = (0,)
    options: Mapping[str, Params] = field(default_factory=lambda: MappingProxyType({"": ONE_CORE}))
    folder: Path | str | None = None
    warm: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "scenarios", tuple(self.scenarios))
        object.__setattr__(self, "seeds", tuple(self.seeds))
        names = [scenario.name for scenario in self.scenarios]
        for name in sorted({name for name in names if names.count(name) > 1}):
            said = f"{names.count(name)} scenarios are called {name!r}; each needs its own name."
            raise refuse(FaultCode.DUPLICATE, "scenario", name, said)
        for what, some in (
            ("scenarios", self.scenarios),
            ("seeds", self.seeds),
            ("options", self.options),
        ):
            if not some:
                said = f"A study of 0 {what}; at least 1 is needed."
                raise refuse(FaultCode.MISSING, "study", "", said)
        for seed in sorted({seed for seed in self.seeds if self.seeds.count(seed) > 1}):
            said = f"Seed {seed} stands {self.seeds.count(seed)} times: it would tell nothing more."
            raise refuse(FaultCode.DUPLICATE, "study", "", said)
        for params in self.options.values():
            for seed in self.seeds:
                replace(params, seed=seed).check()
        if self.folder is not None and Path(self.folder).is_file():
            said = f"Outcomes are kept in a folder; {self.folder} is a file."
            raise refuse(FaultCode.CONTRADICTION, "study", "", said)
        for scenario in self.scenarios:
            one = scenario.problem
            faults = list(name_faults(one.levels, one.without_rules, one.requests, RULES, GOALS))
            if faults:
                where = f"Scenario {scenario.name}"
                raise InvalidProblem(replace(fault, where=where) for fault in faults)

    def run(self, executor: Executor | None = None) -> Outcomes:
        """Solve all that is not kept, and return all outcomes.

        Parameters
        ----------
        executor
            Where the solves are done: anything that speaks like ``concurrent.futures``, such as
            what ``dask.distributed.Client.get_executor()`` gives. By default processes of this
            machine, as many as it has cores.

        Returns
        -------
        Outcomes
            In the order of scenarios, options and seeds. One that failed stands there with its
            error, and is tried again next time.

        Notes
        -----
        Each outcome is written when it is there: a run that is interrupted loses none.
        """
        if executor is not None:
            return self._run(executor)
        with Processes() as own:
            try:
                return self._run(own)
            except BaseException:
                own.shutdown(cancel_futures=True)
                raise

    def _run(self, executor: Executor) -> Outcomes:
        kept = Kept(None if self.folder is None else Path(self.folder))
        cases = list(self._cases())
        found: dict[int, Outcome] = {}
        with Patience(f"study of {count(len(cases), 'outcome')}") as patience:
            patience.counted(0, len(cases))
            firsts = len(self.options) * len(self.seeds) if self.warm else len(cases)
            for numbers in (range(firsts), range(firsts, len(cases))):
                waiting: dict[Future[Solved], tuple[int, str]] = {}
                for number in numbers:
                    case = cases[number]
                    start, before = self._start(cases, found, number, kept)
                    key = kept.key(case.scenario, case.params, before)
                    there = kept.read(key)
                    if there is not None:
                        found[number] = replace(case, solved=there, reused=True)
                        continue
                    try:
                        future = executor.submit(solved, case.problem, case.params, start)
                    except Exception as error:  # such as that of a pool that is broken
                        found[number] = replace(case, error=_said(error))
                        continue
                    waiting[future] = (number, key)
                patience.counted(len(found), len(cases))
                try:
                    for future in as_completed(waiting):
                        number, key = waiting[future]
                        failure = future.exception()
                        if failure is None:
                            kept.write(key, future.result())
                            found[number] = replace(cases[number], solved=future.result())
                        else:
                            found[number] = replace(cases[number], error=_said(failure))
                        patience.counted(len(found), len(cases))
                except BaseException:
                    for future in waiting:
                        future.cancel()
                    raise
        return Outcomes(tuple(found[number] for number in range(len(cases))))

    def _cases(self) -> Iterator[Outcome]:
        """Yield what is to be solved, the first scenario first."""
        for scenario in self.scenarios:
            for option, params in self.options.items():
                for seed in self.seeds:
                    yield Outcome(
                        scenario=scenario, option=option, params=replace(params, seed=seed)
                    )

    def _start(
        self, cases: list[Outcome], found: Mapping[int, Outcome], number: int, kept: Kept
    ) -> tuple[Schedule | None, str]:
        """Return the schedule that a case starts from, and the key of its outcome."""
        firsts = len(self.options) * len(self.seeds)
        if not self.warm or number < firsts:
            return None, ""
        first = found[number % firsts]
        if first.schedule is None:
            return None, ""
        return (
            carried(first.schedule, cases[number].problem),
            kept.key(first.scenario, first.params),
        )


def _said(error: BaseException) -> str:
    """Return an error as an outcome keeps it."""
    return f"{type(error).__name__}: {error}"


def solved(problem: Problem, params: Params, start: Schedule | None) -> Solved:
    """Solve a problem, and work out what its schedule comes to: a task for another process."""
    result = solve(problem, params, start=start)
    if result.schedule is None:
        return Solved(result=result)
    figures, loads = measured(problem, result.schedule)
    return Solved(result=result, figures=figures, loads=loads)


def carried(schedule: Schedule, problem: Problem) -> Schedule:
    """Return what another problem can have of a schedule: visits and resources that it knows."""
    visits = {visit for request in problem.requests for visit in request.visit_ids()}
    visits |= {session.id for session in problem.sessions}
    return Schedule(
        assignments=tuple(
            a
            for a in schedule.assignments
            if a.visit in visits and all(problem.knows("resource", id) for id in a.everyone())
        )
    )
