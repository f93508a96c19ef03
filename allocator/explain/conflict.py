"""Why no schedule meets the hard demands: which of them conflict, and what has to give."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from allocator.domain.problem import Problem
from allocator.explain.core import Core, fewest, find_core
from allocator.explain.facts import called
from allocator.explain.frame import frame_of
from allocator.explain.lists import listed
from allocator.explain.phrases import clauses
from allocator.explain.relaxations import Relaxation, find_relaxations
from allocator.explain.trial import Trial, needed_visits
from allocator.goals import GOALS
from allocator.goals.goal import Goal
from allocator.prepare.prepared import Prepared
from allocator.rules import RULES
from allocator.rules.pins import must_place
from allocator.rules.rule import Rule
from allocator.solve.feasible import Answer
from allocator.state.state import State
from allocator.table.rulebook import Rulebook

if TYPE_CHECKING:
    from pandas import DataFrame

#: Of a frame.
COLUMNS = ("demands", "reason", "relaxation", "kind", "price")


@dataclass(frozen=True, slots=True)
class Conflict:
    """Demands that cannot all be met.

    Attributes
    ----------
    demands
        Ids of the requests that have to be served, and of pinned visits, that cannot all be met
        though any one of them could be spared: without it the others can.
    core
        The fewest facts that leave no way to meet them.
    sentence
        Both in plain words.
    relaxations
        What would let all of them be met, the cheapest first; each was solved.
    """

    demands: tuple[str, ...]
    core: Core
    sentence: str
    relaxations: tuple[Relaxation, ...]

    def rows(self) -> list[dict[str, object]]:
        """Return a row for each relaxation; without any, one row with the reason alone."""
        first: dict[str, object] = {"demands": " ".join(self.demands), "reason": self.sentence}
        return [
            first | {"relaxation": r.sentence, "kind": r.kind.name.lower(), "price": r.price}
            for r in self.relaxations
        ] or [first]

    def frame(self) -> DataFrame:
        """Return the rows as a data frame."""
        return frame_of(self.rows(), COLUMNS)

    def text(self) -> str:
        """Say it in plain words."""
        lines = [self.sentence]
        if len(self.demands) > 1:
            lines.append("  Any one of these demands given up, the others can be met.")
        resources = {fact.object for fact in self.core.facts if fact.of_resource}
        for r in self.relaxations:
            whose = "" if r.object in resources else f"{r.object}: "
            lines.append(f"  Would help: {whose}{r.sentence}")
        return "\n".join(lines)


def find_conflict(
    problem: Problem, *, rules: Sequence[Rule] = RULES, goals: Sequence[Goal] = GOALS
) -> Conflict | None:
    """Say which hard demands conflict, beside what is booked.

    Parameters
    ----------
    problem
        What is asked for.
    rules, goals
        What is known.

    Returns
    -------
    Conflict or None
        None where all demands can be met, or nothing was proved in the time given.
    """
    prepared = Prepared(problem)
    book = Rulebook(prepared, rules, goals)
    demands: dict[str, list[int]] = {}
    for visit in sorted(must_place(prepared) - set(prepared.frozen)):
        demands[prepared.visits[visit].id] = [visit]
    for prep in prepared.requests:
        if prep.request.must:
            demands[prep.request.id] = needed_visits(book, prep.index)
    state = State(prepared, [prepared.frozen.get(number) for number in range(len(prepared.visits))])

    def trial(names: Iterable[str]) -> Trial:
        return Trial(book, state, {v for name in names for v in demands[name]})

    def impossible(names: Sequence[str]) -> bool:
        return bool(names) and trial(names).answer() is Answer.NO

    names = fewest(list(demands), impossible)
    if names is None:
        return None
    all_of_them = trial(names)
    core = find_core(all_of_them)
    if core is None:
        return None
    told = listed([called(prepared, name) for name in names])
    together = "cannot be met" if len(names) == 1 else "cannot all be met"
    whose = "it asks" if len(names) == 1 else "they ask"
    about = {_request(prepared, name) for name in names}
    reasons = (
        "; ".join(clauses(prepared, core.facts, book.rules, about=about))
        or f"nobody can hold what {whose} for"
    )
    relaxations = {
        (relaxation.object, relaxation.sentence): relaxation
        for name in names
        for relaxation in find_relaxations(book, _request(prepared, name), all_of_them, core, ())
    }
    return Conflict(
        tuple(names),
        core,
        f"{told} {together}: {reasons}.",
        tuple(sorted(relaxations.values(), key=lambda r: (r.price, r.sentence))),
    )


def _request(prepared: Prepared, name: str) -> str:
    """Return the request of a demand."""
    if name in prepared.request_index:
        return name
    request = prepared.visits[prepared.visit_index[name]].request
    assert request is not None
    return request.id
