"""Limits and stops while CP-SAT has hardly begun: nothing false is told, and soon all is over."""

import pytest
from faces import book_of
from tiny import problem, request, span

from allocator.domain.request import PreferredWindow
from allocator.generate.clinics import clinic
from allocator.model.model import Model
from allocator.rules import RULES
from allocator.rules.rule import Rule
from allocator.solve.bound import options_alone
from allocator.solve.budget import Budget, Control
from allocator.solve.construct import construct
from allocator.solve.direct import complete, prove
from allocator.solve.incumbent import Incumbent, incumbent
from allocator.solve.params import Params
from allocator.solve.solve import solve
from allocator.state.state import State
from allocator.state.verbs import Verbs
from allocator.table.rulebook import Rulebook


def test_a_search_that_ends_before_it_began_proves_nothing() -> None:
    """Beside a schedule in which nobody is served, no effort at all leaves every bound open."""
    book = book_of(problem(*map(request, "ABCDE")))
    nothing = incumbent(book, [None] * 5)
    nobody = [None] * len(book.levels)
    budget = Budget(effort=1e-12)
    proof = prove(
        book,
        nothing.placements,
        range(5),
        (),
        nothing,
        nobody,
        Params(workers=1),
        budget,
        lambda *_: None,
    )
    assert proof.best == nothing
    assert proof.bounds == tuple(nobody)


@pytest.mark.parametrize("whole", [160, -1], ids=["whole", "parts"])
def test_no_bound_is_above_what_a_short_solve_reaches(
    whole: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clinic of 66 visits, stopped in the presolve of its plan: the schedule beats no bound."""
    monkeypatch.setitem(solve.__globals__, "WHOLE_MODEL_VISITS", whole)
    some = clinic("small", 95, 1, visits=66, weeks=2, booked=False)
    result = solve(some, Params(workers=1, deterministic_limit=0.002))
    assert result.schedule is not None
    assert all(level.bound is None or level.bound <= level.cost for level in result.levels)


class _Stopping(Rule):
    """Forbids nothing, but asks to stop when it is told to the model."""

    name = "stopping"
    sentence = "The solve is stopped."

    def __init__(self, control: Control) -> None:
        self.control = control

    def constrain(self, model: Verbs) -> None:
        """Ask to stop."""
        self.control.stop()


class _Last(Rule):
    """Forbids nothing, and notes how often it is told to a model."""

    name = "last"
    sentence = "This is the last rule."
    told = 0

    def constrain(self, model: Verbs) -> None:
        """Take note."""
        self.told += 1


def test_a_model_is_given_up_when_a_stop_comes_while_it_is_built() -> None:
    """The rules after the one that stops the solve are not asked; what insertion found stands.

    Four wish for the same hour: that not all can have it takes a model to be known.
    """
    last, control = _Last(), Control()
    wish = (PreferredWindow(span=span(0, 8, 9)),)
    some = problem(*(request(id, preferred_windows=wish) for id in "ABCD"), request("E"))
    assert solve(some, Params(workers=1), rules=[*RULES, last]).visits_placed == 4
    assert last.told == 1
    rules = [*RULES, _Stopping(control), last]
    result = solve(some, Params(workers=1), control=control, rules=rules)
    assert result.visits_placed == 4
    assert last.told == 1


def inserted(book: Rulebook) -> Incumbent:
    """Return what insertion comes to where nothing is frozen."""
    prepared = book.prepared
    nothing: list[None] = [None] * len(prepared.visits)
    state = State(prepared, nothing)
    everyone = range(len(nothing))
    construct(book, state, options_alone(book, State(prepared, nothing, pending=everyone)))
    return incumbent(book, state.placements)


class _Early(Budget):
    """Is never used up, as when CP-SAT ends a moment before its limit."""

    def spend(self, effort: float) -> None:
        """Take no note."""


def test_a_hint_is_completed_only_while_anything_is_left() -> None:
    """With effort there is a value for every variable, with next to none there is none."""
    book = book_of(problem(*map(request, "ABCD")))
    best = inserted(book)
    state = State(book.prepared, [None] * 4, pending=range(4))
    model = Model(book, state, range(4))
    found = complete(model, best, Budget(effort=1.0))
    assert found is not None
    assert len(found) == len(model.cp.proto.variables)
    early = _Early(effort=1e-12)
    assert complete(model, best, early) is None
    assert not early.over
