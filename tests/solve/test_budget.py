"""Budgets: time that is shared, effort in its place, and solvers that are stopped."""

import math
import random
import signal
import threading
from collections.abc import Callable

import pytest
from ortools.sat.python import cp_model
from tiny import problem, request

from allocator.solve.budget import Budget, Control, Stoppable
from allocator.solve.interrupt import interruptible
from allocator.solve.params import Params
from allocator.solve.search import search
from allocator.solve.solve import solve


class Solver:
    """Notes whether it was stopped."""

    stopped = False

    def stop_search(self) -> None:
        self.stopped = True


def test_a_part_ends_with_its_share() -> None:
    """A tenth of ten minutes is a minute at most; what stops the whole stops the part."""
    whole = Budget(600.0)
    part = whole.part(0.1)
    assert 0.0 < part.left <= 60.0
    assert not part.over
    whole.control.stop()
    assert part.over


def test_no_share_is_over_at_once() -> None:
    """A part of nothing has no time, while the whole goes on."""
    whole = Budget(600.0)
    assert whole.part(0.0).over
    assert not whole.over


def test_a_part_is_no_more_than_it_may_be() -> None:
    """Half of ten minutes, but eight seconds at most; of effort no more than there is."""
    assert Budget(600.0).part(0.5, seconds=8.0, effort=2.0).left <= 8.0
    assert Budget(effort=6.0).part(0.5, seconds=8.0, effort=2.0).effort == 2.0
    assert Budget(effort=6.0).part(0.5, seconds=8.0).effort == 3.0


def test_what_is_kept_for_later_is_not_there_to_be_spent() -> None:
    """Of ten minutes four are kept: six are left at most, also for a part; with more kept, none."""
    budget = Budget(600.0)
    part = budget.part(1.0)
    budget.keep(240.0)
    assert budget.left <= 360.0
    assert part.left <= 360.0
    budget.keep(400.0)
    assert budget.over


def test_where_effort_counts_no_clock_does() -> None:
    """An exact budget knows of no seconds, its parts neither; one by the clock of no effort."""
    exact = Budget(1.0, effort=5.0)
    assert (exact.exact, exact.left, exact.effort) == (True, math.inf, 5.0)
    part = exact.part(0.2)
    assert (part.exact, part.left, part.effort) == (True, math.inf, 1.0)
    assert (Budget(1.0).exact, Budget(1.0).effort) == (False, math.inf)


def test_what_a_part_spends_is_spent_by_the_whole() -> None:
    """One ledger: what is gone is gone for all parts."""
    whole = Budget(effort=10.0)
    first, second = whole.part(0.5), whole.part(0.5)
    first.spend(4.0)
    assert (first.effort, second.effort, whole.effort) == (1.0, 5.0, 6.0)
    second.spend(5.0)
    assert (first.effort, second.effort, whole.effort) == (1.0, 0.0, 1.0)
    whole.spend(1.0)
    assert first.over
    assert whole.over


def test_no_effort_is_over_at_once() -> None:
    """Nothing is not without end."""
    assert Budget(effort=0.0).over


def test_solvers_of_all_threads_are_stopped() -> None:
    """Two threads run a solver each; both hear of it, and one that has ended does not."""
    control = Control()
    first, second, ended, late = Solver(), Solver(), Solver(), Solver()
    control.running(ended)
    control.running(None)
    control.running(first)
    other = threading.Thread(target=lambda: control.running(second))
    other.start()
    other.join()
    control.stop()
    control.running(late)
    assert (first.stopped, second.stopped, ended.stopped, late.stopped) == (True, True, False, True)


def test_a_limit_that_is_reached_is_no_stop() -> None:
    """Time that is up ends a part, and a stop of the whole stops it: two different things."""
    whole = Budget(600.0)
    part = whole.part(0.0)
    assert part.over
    assert not part.stopped
    whole.control.stop()
    assert part.stopped


class _Deaf(Control):
    """Asks to stop just after a solver is noted, so before it can hear of it, and only once."""

    def running(self, solver: Stoppable | None) -> None:
        super().running(solver)
        if solver is not None and not self.stopped:
            self.stop()


def market_split() -> cp_model.CpModel:
    """Return six sums that must be met exactly, of fifty numbers each: hard for any solver.

    After Cornuejols and Dawande (1998), A class of hard small 0-1 programs.
    """
    chance = random.Random(1)
    cp = cp_model.CpModel()
    taken = [cp.new_bool_var("") for _ in range(50)]
    for _ in range(6):
        numbers = [chance.randrange(100) for _ in taken]
        cp.add(cp_model.LinearExpr.weighted_sum(taken, numbers) == sum(numbers) // 2)
    return cp


class _Hard:
    """A run that only searches, for longer than anybody waits; it returns how long it took."""

    def __init__(self, control: Control) -> None:
        self.budget = Budget(90.0, control=control)

    def __call__(self) -> float:
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        search(solver, market_split(), budget=self.budget)
        return self.budget.seconds


def here(work: Callable[[], None]) -> None:
    """Run it in the main thread."""
    work()


def elsewhere(work: Callable[[], None]) -> None:
    """Run it in a thread of its own, to its end."""
    other = threading.Thread(target=work)
    other.start()
    other.join()


@pytest.mark.parametrize("run", [here, elsewhere])
def test_a_stop_is_heard_by_a_solver_that_is_just_beginning(
    run: Callable[[Callable[[], None]], None],
) -> None:
    """The solve asks again until it is heard: it ends long before its time is up."""
    hard = _Hard(_Deaf())
    seconds: list[float] = []
    run(lambda: seconds.append(interruptible(hard, hard.budget.control)))
    assert seconds[0] < 45.0


def test_what_a_handler_raises_leaves_no_thread_behind() -> None:
    """An alarm goes off in the main thread: it is raised, and the search has ended before."""

    def ring(number: int, frame: object) -> None:
        raise TimeoutError("it rang")

    hard = _Hard(Control())
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises(TimeoutError, match="it rang"):
            interruptible(hard, hard.budget.control)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert "solve" not in {thread.name for thread in threading.enumerate()}
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_from_another_handler_is_a_stop() -> None:
    """Who handles Ctrl-C, and raises the usual way, gets the answer all the same, and soon."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    hard = _Hard(Control())
    before = signal.signal(signal.SIGINT, interrupt)
    threading.Timer(0.5, lambda: signal.raise_signal(signal.SIGINT)).start()
    try:
        seconds = interruptible(hard, hard.budget.control)
    finally:
        signal.signal(signal.SIGINT, before)
    assert hard.budget.stopped
    assert seconds < 45.0


def test_without_effort_there_is_what_insertion_comes_to() -> None:
    """A limit of 0 leaves nothing for a proof or for improvement, and insertion serves both."""
    result = solve(problem(request("A"), request("B")), Params(workers=1, deterministic_limit=0.0))
    assert result.visits_placed == 2
