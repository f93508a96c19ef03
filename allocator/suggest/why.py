"""Why nothing is suggested: told at once, or after a last look for a way that nobody has seen."""

from __future__ import annotations

from collections.abc import Sequence

from allocator.prepare.visit import Visit
from allocator.prepare.visits import PreparedRequest
from allocator.rules.rule import Rule
from allocator.state.state import State
from allocator.suggest.bounds import AskedFor, Bounds
from allocator.suggest.plans import Plan
from allocator.suggest.suggestion import WhyNone
from allocator.table.funnel import funnel
from allocator.table.rulebook import Rulebook


def quick_look(book: Rulebook, state: State, visits: Sequence[Visit], bounds: Bounds) -> WhyNone:
    """Return the rule after which some visit has no start left.

    Parameters
    ----------
    book, state, visits, bounds
        As for ``last_look``.
    """
    own = frozenset(visit.index for visit in visits)
    rules = book.rules if bounds.none else (AskedFor(bounds, own), *book.rules)
    asked = book.changed(book.prepared, rules, book.weighed)
    for visit in visits:
        step = funnel(asked, state, visit)[-1]
        if not step.left:
            return WhyNone(
                f"{visit.id} has no start left after the rule {step.rule}.", (step.rule,)
            )
    return WhyNone("Each visit has starts by itself, and all of them together have none.")


def last_look(
    book: Rulebook,
    state: State,
    prep: PreparedRequest,
    visits: Sequence[Visit],
    bounds: Bounds,
) -> tuple[Plan, WhyNone | None]:
    """Return a plan where CP-SAT finds one after all, or else why there is none.

    Parameters
    ----------
    book, state
        Rules in force, and what is placed.
    prep, visits
        The request, and its visits that are to be placed.
    bounds
        Hours and places that were asked for.
    """
    # What explains is slow to load, and rarely needed.
    from allocator.explain.core import find_core
    from allocator.explain.facts import called
    from allocator.explain.phrases import clauses
    from allocator.explain.trial import Trial, needed_visits
    from allocator.solve.feasible import Answer

    prepared = book.prepared
    rules: list[Rule] = [*book.rules]
    own = {visit.index for visit in visits}
    if not bounds.none:
        rules.append(AskedFor(bounds, frozenset(own)))
    asked = book.changed(prepared, rules, book.weighed)
    name = called(prepared, prep.request.id)
    needed = [v for v in needed_visits(book, prep.index) if v in own] or sorted(own)
    trial = Trial(asked, state, needed)
    answer, places = trial.solve()
    try:
        if answer is Answer.YES:
            return {v: p for v, p in sorted(places.items()) if p is not None}, None
        if answer is Answer.OPEN:
            return {}, WhyNone(f"{name}: no way was found, and none ruled out.")
        core = find_core(trial)
    finally:
        state.pending = frozenset()
    if core is None or not core.facts:
        said = "cannot be placed at all: nobody can hold it inside the horizon"
        return {}, WhyNone(f"{name} {said}.")
    said = "; ".join(clauses(prepared, core.facts, rules, about=(prep.request.id,)))
    names = tuple(dict.fromkeys(fact.rule for fact in core.facts))
    return {}, WhyNone(f"{name} cannot be placed while all else stays: {said}.", names)
