"""Ties the three faces of rules and goals together, on tiny problems, by exhaustion or chance.

``one_visit_agrees``: with one visit moving and all else fixed, the vectorised face allows a
placement exactly when the truth finds nothing new broken, and its cost is the difference of two
scores. ``model_agrees``: with several visits free, CP-SAT accepts a joint placement exactly when
the truth does, and its objective is the difference of two scores.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, product

from ortools.sat.python import cp_model

from allocator.check.score import score
from allocator.check.violations import violations
from allocator.domain.problem import Problem
from allocator.goals import GOALS
from allocator.goals.goal import Goal
from allocator.model.model import Model
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Visit
from allocator.rules import RULES
from allocator.rules.rule import Rule, Violation
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.table.costs import CostTable, best_placement
from allocator.table.options import options
from allocator.table.rulebook import Rulebook

Placements = dict[int, Placement | None]

#: Rules about what has to be placed: they have nothing to say about where a visit goes.
PRESENCE = ("series_completeness", "option_complete", "session_least", "must_serve")

#: Rules by which a visit that is placed may ask for another to be placed as well.
DEMANDING = (*PRESENCE, "session_together")


def book_of(
    problem: Problem, rules: Sequence[Rule] | None = None, goals: Sequence[Goal] | None = None
) -> Rulebook:
    """Return the rulebook of a problem; by default with every rule and goal there is."""
    return Rulebook(
        Prepared(problem), RULES if rules is None else rules, GOALS if goals is None else goals
    )


def universe(book: Rulebook, visit: Visit, starts: Iterable[int] | None = None) -> list[Placement]:
    """Return every placement that a visit's variants know, inside the horizon."""
    found = []
    for variant in visit.variants:
        teams = [
            (
                [(), *((r,) for r in choices)]
                if need.optional
                else list(combinations(choices, need.quantity))
            )
            for need, choices in zip(visit.needs, variant.choices, strict=True)
        ]
        ticks = range(book.prepared.ticks - variant.duration + 1) if starts is None else starts
        for start in ticks:
            for team in product(*teams):
                placement = Placement(
                    start, variant.duration, variant.location, variant.session, team
                )
                # Who takes part in a session is where that is, which the rules say.
                apart = (
                    variant.session < 0
                    and book.prepared.location_of(visit, team) != variant.location
                )
                if not apart and start + variant.duration <= book.prepared.ticks:
                    found.append(placement)
    return found


def with_placements(book: Rulebook, some: Mapping[int, Placement | None]) -> Timetable:
    """Return a timetable with these placements and no others."""
    placements: list[Placement | None] = [None] * len(book.prepared.visits)
    for visit, placement in some.items():
        placements[visit] = placement
    return Timetable(book.prepared, placements)


def broken(book: Rulebook, some: Mapping[int, Placement | None]) -> set[tuple[str, str]]:
    """Return what placements break, inherited violations left out."""
    found = violations(book, with_placements(book, some))
    return {(v.rule, v.message) for v in found if not v.inherited}


def one_visit_agrees(
    book: Rulebook,
    visit: int,
    fixed: Mapping[int, Placement],
    *,
    ignoring: Sequence[str] = PRESENCE,
    starts: Iterable[int] | None = None,
) -> tuple[int, int]:
    """Assert that mask = truth and table = re-score, over every placement of one visit.

    Rules about presence (``ignoring``) have nothing to say about where a visit goes.

    Returns
    -------
    tuple
        How many placements are allowed, and how many are not: assert that both occur.
    """
    state = State(book.prepared)
    for other, placement in fixed.items():
        state.place(other, placement)
    what = book.prepared.visits[visit]
    tables = [CostTable(book, state, found) for found in options(book, state, what)]
    # Presence aside, what is fixed may be no worse with the visit than it is without.
    before = {b for b in broken(book, fixed) if b[0] not in ignoring}
    base = score(book, with_placements(book, fixed))
    allowed = forbidden = 0
    for placement in universe(book, what, None if starts is None else list(starts)):
        after = {**fixed, visit: placement}
        truth = not {b for b in broken(book, after) if b[0] not in ignoring} - before
        claimed = _allowed(tables, placement)
        assert claimed == truth, (
            f"{what.id} at {placement}: the mask says {claimed}, the truth says {truth}:"
            f" {broken(book, after) - before}"
        )
        allowed += truth
        forbidden += not truth
        if truth:
            scored = score(book, with_placements(book, after))
            for number in range(len(book.goals)):
                was = sum(a.amount * book.weight(number, a.request) for a in base.amounts[number])
                now = sum(a.amount * book.weight(number, a.request) for a in scored.amounts[number])
                told = _cost(book, state, what, placement, number)
                assert told == now - was, (
                    f"{book.goals[number].name}, {what.id} at {placement}: the table says {told},"
                    f" re-scoring says {now} - {was}"
                )
    return allowed, forbidden


def _allowed(tables: Sequence[CostTable], placement: Placement) -> bool:
    for table in tables:
        variant = table.options.variant
        same = (variant.duration, variant.location, variant.session) == placement[1:4]
        if (
            same
            and table.options.starts >> placement.start & 1
            and all(
                table.options.by_need[n].get(r, 0) >> placement.start & 1
                for n, members in enumerate(placement.team)
                for r in members
            )
            and len({r for some in placement.team for r in some})
            == sum(len(some) for some in placement.team)
            and table._allowed(placement)
        ):
            return True
    return False


def _cost(book: Rulebook, state: State, visit: Visit, placement: Placement, number: int) -> int:
    import numpy as np

    goal = book.goals[number]
    ticks = np.array([placement.start])
    variant = next(v for v in visit.variants if v[:3] == placement[1:4])
    cost = int(np.broadcast_to(goal.costs(state, visit, variant, ticks), 1)[0])
    for need, members in enumerate(placement.team):
        alone = {
            resource: int(
                np.broadcast_to(goal.costs_with(state, visit, variant, need, resource, ticks), 1)[0]
            )
            for resource in variant.choices[need]
        }
        each = goal.costs_with_each(state, visit, variant, need, list(alone), ticks)
        told = [int(np.broadcast_to(amounts, 1)[0]) for amounts in each] or [0] * len(alone)
        assert told == list(alone.values()), goal.name
        cost += sum(alone[resource] for resource in members)
    cost += goal.team_cost(state, visit, placement)
    return cost * book.weight(number, visit.request_index)


def model_agrees(
    book: Rulebook,
    free: Sequence[int],
    fixed: Mapping[int, Placement] | None = None,
    *,
    samples: int = 60,
    seed: int = 0,
    near: Sequence[Mapping[int, Placement | None]] = (),
    starts: Mapping[int, Sequence[int]] | None = None,
) -> tuple[int, int]:
    """Assert that CP-SAT = truth on joint placements of the free visits.

    ``near`` are joint placements to try beside the sampled ones, each with single changes.
    What the fixed visits break by themselves counts as before, unless it is only that free
    ones are missing.

    Returns
    -------
    tuple
        How many joint placements were accepted, and how many were not.
    """
    fixed = dict(fixed or {})
    rng = random.Random(seed)
    pools = {
        v: [None, *universe(book, book.prepared.visits[v], (starts or {}).get(v))] for v in free
    }
    tried: list[Placements] = [{v: rng.choice(pools[v]) for v in free} for _ in range(samples)]
    for some in near:
        tried.append({v: some.get(v) for v in free})
        for _ in range(samples // 4):
            changed = rng.choice(list(free))
            tried.append({v: some.get(v) for v in free} | {changed: rng.choice(pools[changed])})
    accepted = refused = 0
    base = score(book, with_placements(book, fixed)).levels
    before = {
        (v.rule, v.message)
        for v in violations(book, with_placements(book, fixed))
        if not v.inherited and not _may_mend(book, free, fixed, v)
    }
    state = State(book.prepared, pending=free)
    for visit, placement in fixed.items():
        state.place(visit, placement)
    model = Model(book, state, free)
    for some in tried:
        truth = not broken(book, {**fixed, **some}) - before
        solver = _solve_at(model, some)
        assert (solver is not None) == truth, (
            f"at {some} CP-SAT says {solver is not None}, the truth says {truth}:"
            f" {broken(book, {**fixed, **some}) - before}"
        )
        accepted += truth
        refused += not truth
        if solver is not None:
            scored = score(book, with_placements(book, {**fixed, **some})).levels
            for level in range(len(book.levels)):
                told = solver[level]
                assert told == scored[level] - base[level], (
                    f"level {book.levels[level].name} at {some}: CP-SAT says {told}, re-scoring"
                    f" says {scored[level]} - {base[level]}"
                )
    return accepted, refused


def _may_mend(
    book: Rulebook, free: Sequence[int], fixed: Mapping[int, Placement], found: Violation
) -> bool:
    """Say whether it is for lack of free visits that fixed ones break a rule."""
    prepared = book.prepared
    near = {prepared.visit_index[id] for id in found.visits}
    if found.rule == "must_serve":  # Nothing is asked for what lacks a part that is not free.
        return all(v in fixed or v in free for v in near)
    if found.rule in DEMANDING:
        for visit in [prepared.visits[v] for v in near]:
            if visit.index in fixed:
                near.add(fixed[visit.index].session)
            if visit.request_index >= 0:
                near.update(prepared.requests[visit.request_index].visits)
            near.update(other.index for other in prepared.visits if visit.index in other.joins)
    return not near.isdisjoint(free)


def _solve_at(model: Model, some: Mapping[int, Placement | None]) -> list[int] | None:
    """Return what each level costs with these placements forced, or None where impossible."""
    cp = model.cp.clone()
    for visit, placement in some.items():
        view = model.views[visit]
        if placement is None:
            cp.add(view.present == 0)
            continue
        if not view.options:
            return None
        if any(
            (n, r) not in view.takes for n, members in enumerate(placement.team) for r in members
        ):
            return None
        cp.add(view.present == 1)
        cp.add(view.start == placement.start)
        for found, literal in zip(view.options, view.variants, strict=True):
            cp.add(literal == int(found.variant[:3] == placement[1:4]))
        if not any(found.variant[:3] == placement[1:4] for found in view.options):
            return None
        for (n, r), literal in view.takes.items():
            cp.add(literal == int(r in placement.team[n]))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    # Amounts that the model only bounds from one side are pressed down by minimising their sum.
    cp.minimize(sum(model.level_cost(n) for n in range(len(model.book.levels))))
    status = solver.solve(cp)
    assert status != cp_model.MODEL_INVALID, cp.validate()
    if status == cp_model.INFEASIBLE:
        return None
    assert status == cp_model.OPTIMAL, solver.status_name(status)
    return [int(solver.value(model.level_cost(n))) for n in range(len(model.book.levels))]


def solutions(book: Rulebook, visit: int) -> Iterator[Placement]:
    """Yield the placements of a visit that break nothing when it is alone."""
    for placement in universe(book, book.prepared.visits[visit]):
        if not broken(book, {visit: placement}):
            yield placement


def amounts(book: Rulebook, some: Mapping[int, Placement | None]) -> dict[str, int]:
    """Return, by the names of the goals in force, what placements miss of them."""
    return {g.goal: g.amount for g in score(book, with_placements(book, some)).goals}


def best(
    book: Rulebook, free: Sequence[int], fixed: Mapping[int, Placement] | None = None
) -> Placements:
    """Return the placements of the free visits that are best, level by level."""
    state = State(book.prepared, pending=free)
    for visit, placement in (fixed or {}).items():
        state.place(visit, placement)
    model = Model(book, state, free)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    for level in range(len(book.levels)):
        model.cp.minimize(model.level_cost(level))
        assert solver.solve(model.cp) == cp_model.OPTIMAL
        model.cp.add(model.level_cost(level) <= solver.value(model.level_cost(level)))
    return model.read(solver)


def best_of(
    book: Rulebook, visit: int = 0, fixed: Mapping[int, Placement] | None = None
) -> Placement | None:
    """Return the cheapest placement of a visit with the others fixed, the earliest among equals."""
    state = State(book.prepared)
    for other, placement in (fixed or {}).items():
        state.place(other, placement)
    choice = best_placement(book, state, book.prepared.visits[visit])
    return None if choice is None else choice.placement


def rules_but(name: str) -> list[Rule]:
    """Return every rule there is but one."""
    return [rule for rule in RULES if rule.name != name]
