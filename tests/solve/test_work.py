"""What all stages of a solve share: what it tells of itself."""

from tiny import goals, need, patient, practitioner, problem, request, service

from allocator.goals import GOALS
from allocator.rules import RULES
from allocator.solve.budget import Budget
from allocator.solve.construct import construct
from allocator.solve.params import Params
from allocator.solve.progress import Progress
from allocator.solve.work import Work
from allocator.state.state import State


def test_news_are_of_the_best_schedule_whatever_draft_is_worked_on() -> None:
    """A draft that serves nobody is no news, nor is that there is none; the phase is told."""
    some = problem(
        request("A", "x"),
        resources=(practitioner("ann"), patient("x")),
        services=(service(needs=(need(),)),),
        levels=goals(soonest=1, **{"served:3": 100}),
    )
    heard: list[Progress] = []
    work = Work(some, Params(), Budget(), heard.append, RULES, GOALS)
    state = State(work.prepared, work.frozen)
    draft = work.accept(state.placements)
    construct(work.book, state, work.alone, work.budget)
    best = work.accept(state.placements)
    assert best is not None and draft is not None and best.costs < draft.costs
    work.tell(best, [None], "")
    work.phase = "squeeze"
    work.tell(draft, [None], "comfort")
    work.tell(None, [None], "")
    assert [(n.phase, n.visits_placed, n.costs) for n in heard] == [
        ("construct", 1, best.costs),
        ("squeeze", 1, best.costs),
        ("squeeze", 1, best.costs),
    ]
    assert [a.visit for a in heard[-1].assignments()] == ["A"]
