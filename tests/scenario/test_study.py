"""Studies: solved side by side, kept, taken up again, with failures beside results."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster
from scenario.test_figures import clinic

from allocator import FaultCode, InvalidProblem, Schedule
from allocator.scenario import (
    Close,
    Demand,
    Outcomes,
    Rules,
    Scenario,
    Study,
    Weigh,
    Withdraw,
    figures,
    kept,
)
from allocator.scenario.study import carried
from allocator.solve import Params, Status

#: The same schedule each time, whatever else runs.
STEADY = Params(workers=1, deterministic_limit=5.0)


class Here(Executor):
    """Does what it is given at once; can be made to fail, or to be interrupted.

    Attributes
    ----------
    done
        How many tasks it has done.
    """

    def __init__(self, fails: int = -1, interrupted: int = -1) -> None:
        self.done = 0
        self._fails = fails
        self._interrupted = interrupted

    def submit(self, task: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        """Do a task, and return what is known of it."""
        future: Future[Any] = Future()
        if self.done == self._interrupted:
            raise KeyboardInterrupt
        if self.done == self._fails:
            future.set_exception(MemoryError("no room"))
        else:
            future.set_result(task(*given, **named))
        self.done += 1
        return future


def base() -> Scenario:
    """Return the clinic of two days as it is."""
    return Scenario(name="as it is", base=clinic())


def some(**more: Any) -> Study:
    """Return a study of four scenarios."""
    return Study(
        scenarios=(
            base(),
            base().then(Close(resources=("ann",), first=clinic().horizon.first), name="Ann is ill"),
            base().then(Demand(percent=100), name="twice as many"),
            base().then(Withdraw(requests=("A",)), name="without A"),
        ),
        **{"options": {"": STEADY}, **more},
    )


def schedules(outcomes: Outcomes) -> list[Schedule | None]:
    """Return the schedules of all outcomes."""
    return [one.schedule for one in outcomes]


@pytest.fixture(scope="module")
def whole() -> list[Schedule | None]:
    """The schedules of a run that nothing disturbs."""
    return schedules(some().run(Here()))


def test_outcomes_are_those_of_the_problems() -> None:
    """In order, each proved, with the figures of its own schedule."""
    outcomes = some(seeds=(0, 1)).run(Here())
    assert [(one.scenario.name, one.params.seed) for one in outcomes] == [
        (name, seed)
        for name in ("as it is", "Ann is ill", "twice as many", "without A")
        for seed in (0, 1)
    ]
    for one in outcomes:
        assert one.result is not None
        assert one.schedule is not None
        assert one.solved is not None
        assert one.result.status is Status.OPTIMAL
        assert one.solved.figures == figures(one.problem, one.schedule)
    placed = {one.scenario.name: one.result.visits_placed for one in outcomes if one.result}
    # A comes at most once a day: two of its three visits fit, and there is room for all else.
    assert placed == {"as it is": 4, "Ann is ill": 4, "twice as many": 8, "without A": 2}


def test_processes_come_to_the_same(whole: list[Schedule | None]) -> None:
    """The default: processes of this machine."""
    assert schedules(some().run()) == whole


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_cluster_comes_to_the_same(whole: list[Schedule | None], tmp_path: Path) -> None:
    """Workers of dask.distributed in processes of their own; here two on this machine."""
    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=None,
            local_directory=str(tmp_path),
        ) as cluster,
        Client(cluster) as client,
    ):
        assert schedules(some().run(client.get_executor())) == whole


def test_what_is_kept_is_not_solved_again(tmp_path: Path) -> None:
    """Nor if scenarios are called otherwise; other settings, seeds or changes are solved."""
    first = some(folder=tmp_path).run(Here())
    again = Here()
    second = some(folder=tmp_path).run(again)
    assert again.done == 0
    assert [one.reused for one in second] == [True] * 4
    assert [one.solved for one in second] == [one.solved for one in first]
    study = some(folder=tmp_path)
    renamed = replace(
        study, scenarios=tuple(one.named(one.name.upper()) for one in study.scenarios)
    )
    renamed.run(again)
    assert again.done == 0
    some(folder=tmp_path, seeds=(0, 1)).run(again)
    assert again.done == 4
    replace(study, options={"": replace(STEADY, gap=0.1)}).run(again)
    assert again.done == 8
    Study(
        scenarios=(base().then(Weigh(goal="soonest", weight=9), name="soon"),),
        options={"": STEADY},
        folder=tmp_path,
    ).run(again)
    assert again.done == 9


@pytest.mark.parametrize("package", ["allocator", "ortools"])
def test_another_version_solves_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    """What a former version came to is not taken for what this one would come to."""
    study = Study(scenarios=(base(),), options={"": STEADY}, folder=tmp_path)
    study.run(Here())
    monkeypatch.setattr(kept, "version", lambda name: "99" if name == package else version(name))
    again = Here()
    study.run(again)
    assert again.done == 1


@pytest.mark.parametrize("at", [0, 2])
def test_a_study_that_was_interrupted_is_taken_up(
    tmp_path: Path, at: int, whole: list[Schedule | None]
) -> None:
    """It comes to the same as one that was not, and solves only what it lacks."""
    study = some(folder=tmp_path)
    Study(scenarios=study.scenarios[:at] or (base(),), options=study.options, folder=tmp_path).run(
        Here()
    )
    with pytest.raises(KeyboardInterrupt):
        study.run(Here(interrupted=1))
    rest = Here()
    taken_up = study.run(rest)
    assert rest.done == 4 - max(at, 1)
    assert schedules(taken_up) == whole


def test_a_failure_stands_beside_results(tmp_path: Path) -> None:
    """With its error; it is tried again, and what was solved is not."""
    outcomes = some(folder=tmp_path).run(Here(fails=1))
    assert [one.error for one in outcomes] == ["", "MemoryError: no room", "", ""]
    assert [one.scenario.name for one in outcomes.failures] == ["Ann is ill"]
    assert list(outcomes.frame()["error"]) == ["", "MemoryError: no room", "", ""]
    assert {one.scenario for one in outcomes.compare()} == {"twice as many", "without A"}
    with pytest.raises(InvalidProblem) as error:
        outcomes.moves("Ann is ill")
    assert str(error.value) == "Scenario Ann is ill has no schedule: MemoryError: no room"
    again = Here()
    assert not some(folder=tmp_path).run(again).failures
    assert again.done == 1


def test_a_pool_that_is_broken_is_a_failure(tmp_path: Path) -> None:
    """What it did before is there, and what it refuses stands beside it with its error."""

    class Broken(Here):
        def submit(self, task: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
            if self.done == 2:
                raise BrokenExecutor("no more")
            return super().submit(task, *given, **named)

    outcomes = some(folder=tmp_path).run(Broken())
    assert [one.error for one in outcomes] == ["", "", *["BrokenExecutor: no more"] * 2]
    assert len(list(tmp_path.iterdir())) == 2


def test_an_interruption_leaves_nothing_waiting() -> None:
    """Tasks that have not begun in somebody's own pool are taken back."""
    waiting: list[Future[Any]] = []

    class Slow(Executor):
        def submit(self, task: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
            waiting.append(Future())
            if len(waiting) == 1:
                waiting[0].set_exception(KeyboardInterrupt())
                waiting[0].exception = lambda timeout=None: waiting[0].result()  # type: ignore[method-assign]
            return waiting[-1]

    with pytest.raises(KeyboardInterrupt):
        some().run(Slow())
    assert [one.cancelled() for one in waiting] == [False, True, True, True]


def test_what_is_shown_in_a_notebook_is_short_and_escaped() -> None:
    """A row for each outcome, point or figure; no problem and no schedule."""
    study = replace(some(), scenarios=(base(), base().then(Withdraw(requests=("A",)), name="<b>")))
    outcomes = study.run(Here())
    for one in (outcomes, outcomes.compare()):
        assert "&lt;b&gt;" in one._repr_html_()
        assert "<b>" not in one._repr_html_()
    assert all(len(repr(one)) < 2000 for one in (study, outcomes, outcomes.compare()))


def test_scenarios_may_come_in_any_form() -> None:
    """As a list or one by one."""
    study = Study(scenarios=(one for one in [base()]), seeds=[0, 1])  # type: ignore[arg-type]
    assert (study.scenarios, study.seeds) == ((base(),), (0, 1))


@pytest.mark.parametrize("rubbish", [b"", b"{", b"\xff", b'{"format": "allocator-outcome"}', None])
def test_a_file_that_cannot_be_read_is_solved_again(tmp_path: Path, rubbish: bytes | None) -> None:
    """As is one whose contents are cut off."""
    study = Study(scenarios=(base(),), options={"": STEADY}, folder=tmp_path)
    first = study.run(Here())
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-20] if rubbish is None else rubbish)
    again = Here()
    assert schedules(study.run(again)) == schedules(first)
    assert again.done == 1


def test_a_warm_study_starts_from_the_first_scenario(tmp_path: Path) -> None:
    """What others know of its schedule is given to them; what is kept cold is not taken for it."""
    given: list[Any] = []

    class Watched(Here):
        def submit(self, task: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
            given.append(args[2])
            return super().submit(task, *args, **named)

    some(folder=tmp_path).run(Here())
    outcomes = some(folder=tmp_path, warm=True).run(Watched())
    first = outcomes.of("as it is").schedule
    assert first is not None
    assert [len(one) for one in given] == [4, 4, 2]  # of the scenarios after the first
    assert given[0] == Schedule(assignments=first.assignments)
    assert outcomes[0].reused


def test_carried_leaves_what_the_other_problem_does_not_have() -> None:
    """Visits of requests that are gone, and of people who are."""
    outcomes = some().run(Here())
    schedule = outcomes.of("twice as many").schedule
    assert schedule is not None
    kept = carried(schedule, clinic()).assignments
    assert {one.visit for one in kept} == {"A#1", "A#2", "B", "C"}


def test_frames_have_a_row_for_everything() -> None:
    """By scenario, option and seed."""
    outcomes = some(options={"quick": STEADY, "slow": replace(STEADY, gap=0.5)}).run(Here())
    frame = outcomes.frame()
    assert list(frame.columns[:3]) == ["scenario", "option", "seed"]
    assert len(frame) == 8
    assert set(outcomes.figures()["figure"]) >= {"waiting", "continuity", "overtime"}
    levels = outcomes.levels()
    assert len(levels) == sum(len(one.result.levels) for one in outcomes if one.result)
    proved = levels[levels["option"] == "quick"]
    assert (proved["cost"] == proved["bound"]).all()
    assert set(outcomes.goals()["goal"]) >= {"served:1", "served:3"}
    loads = outcomes.loads()
    mine = loads[(loads["scenario"] == "as it is") & (loads["option"] == "quick")]
    assert mine["claimed"].sum() == 4 * 60
    assert outcomes.of("without A", option="slow").option == "slow"
    with pytest.raises(InvalidProblem, match="seed 7"):
        outcomes.of("as it is", seed=7)
    with pytest.raises(InvalidProblem, match="did you mean without A"):
        outcomes.of("without B")


@pytest.mark.parametrize(
    ("study", "code", "said"),
    [
        (
            lambda: Study(scenarios=(base(), base())),
            FaultCode.DUPLICATE,
            "2 scenarios are called 'as it is'; each needs its own name.",
        ),
        (
            lambda: Study(scenarios=()),
            FaultCode.MISSING,
            "A study of 0 scenarios; at least 1 is needed.",
        ),
        (
            lambda: Study(scenarios=(base(),), seeds=()),
            FaultCode.MISSING,
            "A study of 0 seeds; at least 1 is needed.",
        ),
        (
            lambda: Study(scenarios=(base(),), seeds=(1, 2, 1)),
            FaultCode.DUPLICATE,
            "Seed 1 stands 2 times: it would tell nothing more.",
        ),
        (
            lambda: Study(scenarios=(base(),), seeds=(0, -1)),
            FaultCode.WRONG_NUMBER,
            "The setting seed is -1; 0 to 2147483647 are possible.",
        ),
        (
            lambda: Study(scenarios=(base(),), folder=__file__),
            FaultCode.CONTRADICTION,
            f"Outcomes are kept in a folder; {__file__} is a file.",
        ),
        (
            lambda: some(options={"": replace(STEADY, workers=0)}),
            FaultCode.WRONG_NUMBER,
            "The setting workers is 0; 1 to 256 are possible.",
        ),
    ],
)
def test_a_study_that_cannot_be_meant_is_refused(
    study: Callable[[], Study], code: FaultCode, said: str
) -> None:
    """Before anything is solved."""
    with pytest.raises(InvalidProblem) as error:
        study()
    assert [(one.code, one.message) for one in error.value.faults] == [(code, said)]


def test_rules_and_goals_that_nobody_knows_are_refused() -> None:
    """With the scenario whose base names them; a change that does so is none."""
    odd = Scenario(name="odd", base=replace(clinic(), without_rules=frozenset({"breakfast"})))
    with pytest.raises(InvalidProblem) as error:
        Study(scenarios=(odd,))
    assert str(error.value).startswith("Scenario odd: The problem is without the rule 'breakfast'")
    for change in (Rules(off=("breakfast",)), Weigh(goal="happiness", weight=1)):
        with pytest.raises(InvalidProblem) as error:
            base().then(change, name="odd")
        assert str(error.value).startswith("Scenario odd, change 1 (")
