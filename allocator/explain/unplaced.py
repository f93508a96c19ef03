"""Why a request is left out, and what would help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from allocator.domain.schedule import Assignment, FunnelStep
from allocator.explain.core import Core, find_core
from allocator.explain.facts import called
from allocator.explain.frame import frame_of
from allocator.explain.in_the_way import InTheWay, in_the_way
from allocator.explain.lists import listed
from allocator.explain.phrases import clauses
from allocator.explain.relaxations import Relaxation, find_relaxations
from allocator.explain.trial import Trial, needed_visits
from allocator.prepare.assignments import place_of
from allocator.report.words import count
from allocator.solve.feasible import Answer
from allocator.state.state import State
from allocator.table.funnel import funnel
from allocator.table.rulebook import Rulebook

if TYPE_CHECKING:
    from pandas import DataFrame

#: Of a frame.
COLUMNS = (
    *("request", "priority", "reason"),
    *("relaxation", "kind", "object", "amount", "price"),
)


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Why a request is left out.

    Attributes
    ----------
    request
        Its id.
    priority, weight
        What it is worth: its class (1 is the most urgent), and its weight there.
    funnels
        For each of its visits that is needed and not placed, how its starts run out, rule by
        rule, beside what is placed.
    core
        The fewest facts that leave no way while all else stays; None where there is a way (then
        ``places`` has it) or none could be ruled out in the time given.
    sentence
        The core in plain words.
    in_the_way
        Placed requests and sessions where it could go.
    relaxations
        What would place it, the cheapest first; each was solved.
    places
        Where it could lie, all else as it is, where there is a way.
    """

    request: str
    priority: int
    weight: int
    funnels: tuple[tuple[str, tuple[FunnelStep, ...]], ...]
    core: Core | None
    sentence: str
    in_the_way: tuple[InTheWay, ...]
    relaxations: tuple[Relaxation, ...]
    places: tuple[Assignment, ...] = ()

    def rows(self) -> list[dict[str, object]]:
        """Return a row for each relaxation; without any, one row with the reason alone."""
        first: dict[str, object] = {
            "request": self.request,
            "priority": self.priority,
            "reason": self.sentence,
        }
        return [
            first
            | {
                "relaxation": r.sentence,
                "kind": r.kind.name.lower(),
                "object": r.object,
                "amount": r.amount,
                "price": r.price,
            }
            for r in self.relaxations
        ] or [first]

    def frame(self) -> DataFrame:
        """Return the rows as a data frame."""
        return frame_of(self.rows(), COLUMNS)

    def text(self) -> str:
        """Say it in plain words."""
        lines = [self.sentence]
        alike: dict[tuple[FunnelStep, ...], list[str]] = {}
        for visit, steps in self.funnels:
            alike.setdefault(steps, []).append(visit)
        for steps, visits in alike.items():
            told = "".join(f", {step.left:,} after {step.rule}" for step in steps[1:])
            lines.append(f"  {listed(visits)}: {count(steps[0].left, 'start')}{told}.")
        lines += [
            f"  In the way: {_rival(rival)}. Without it there would be a place."
            for rival in self.in_the_way
            if rival.alone
        ]
        others = [_rival(rival) for rival in self.in_the_way if not rival.alone]
        if others:
            enough = "of which none leaves enough" if len(others) > 1 else "which leaves too little"
            lines.append(f"  In the way, {enough} if it alone goes: {'; '.join(others)}.")
        for relaxation in self.relaxations:
            lines.append(f"  Would help: {relaxation.sentence}")
        if not self.relaxations and self.core is not None:
            lines.append("  No single change that was tried would help.")
        return "\n".join(lines)


def _rival(rival: InTheWay) -> str:
    """Name a request in the way, and what it is worth."""
    booked = ", booked" if rival.booked else ""
    return f"{listed(rival.visits)} (class {rival.priority}, weight {rival.weight}{booked})"


def why_not(book: Rulebook, state: State, request: str, *, brief: bool = False) -> WhyNot:
    """Say why a request is left out; see ``Explainer.why_not``."""
    prepared = book.prepared
    index = prepared.request_index[request]
    asked = prepared.requests[index].request
    name = called(prepared, request)
    trial = _tried(book, state, index)
    core = find_core(trial)
    rivals: tuple[InTheWay, ...] = ()
    relaxations: tuple[Relaxation, ...] = ()
    places: tuple[Assignment, ...] = ()
    if core is None:
        answer, found = trial.solve()
        if answer is Answer.YES:
            places = tuple(
                place_of(prepared, v, p) for v, p in sorted(found.items()) if p is not None
            )
            first = min(p.start for v, p in found.items() if p is not None and v in trial.must)
            clock = prepared.visits[trial.must[0]].clock
            sentence = (
                f"{name} could be placed beside all else, from {prepared.local(first, clock)}"
                " on: the search ended before."
            )
        else:
            sentence = f"{name}: no way was found, and none ruled out, in the time given."
    else:
        if core.facts:
            reasons = "; ".join(clauses(prepared, core.facts, book.rules, about=(request,)))
            sentence = f"{name} cannot be placed while all else stays: {reasons}."
        else:
            sentence = f"{name} cannot be placed at all: nobody can hold it inside the horizon."
        if not brief:
            rivals = in_the_way(book, trial)
        relaxations = find_relaxations(book, request, trial, core, rivals)
    trial.state.pending = frozenset()
    return WhyNot(
        request,
        asked.priority,
        asked.weight,
        tuple(
            (prepared.visits[v].id, funnel(book, state, prepared.visits[v]))
            for v in trial.must
            if state.placements[v] is None
        ),
        core,
        sentence,
        rivals,
        relaxations,
        places,
    )


def _tried(book: Rulebook, state: State, request: int) -> Trial:
    """Return a trial of what a request needs; of any occurrence where each may be missed."""
    needed = needed_visits(book, request)
    if needed:
        return Trial(book, state, needed)
    prep = book.prepared.requests[request]
    some = [Trial(book, state, prep.occurrence(n + 1)) for n in range(prep.request.occurrences)]
    return next((trial for trial in some if trial.answer() is not Answer.NO), some[0])
