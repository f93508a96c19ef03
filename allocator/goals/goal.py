"""What a goal is: one sentence, a unit, three faces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Variant, Visit
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs

Ticks = npt.NDArray[np.int64]
Amounts = npt.NDArray[np.int64] | int


@dataclass(frozen=True, slots=True)
class Amount:
    """How much of a goal was missed, where.

    Attributes
    ----------
    amount
        In the goal's unit, never below 0: 0 is perfect.
    request
        Number of the request in whose name it counts (its weight holds), or -1.
    visits, resources
        Numbers of those involved.
    """

    amount: int
    request: int = -1
    visits: tuple[int, ...] = ()
    resources: tuple[int, ...] = ()


class Goal(Protocol):
    """A soft goal. Subclasses override the faces that they have.

    Attributes
    ----------
    name
        The one name, in the API, in explanations, in tests, in docs.
    sentence
        The goal in the user's words.
    unit
        What one unit of its amount is, in the plural.
    common
        Whether its amounts belong to nobody alone, so that a request has no weight of its own.
    of_requests
        Whether it depends on requests, or on the people who come to them, that a problem has
        anything that the goal speaks of: where those may come later, it is in force from the first.
    local
        Whether visits that share no request, session or resource have amounts of their own each.
        Where they have not, ``ties`` says which have amounts together.
    adds_up
        Whether a visit never adds less beside others than it does beside what is frozen alone: then
        what each adds there, at least, can be added up to what all of them cost at least.
    """

    name: str
    sentence: str
    unit: str
    common: bool = False
    of_requests: bool = False
    local: bool = False
    adds_up: bool = False

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether a problem has anything that this goal speaks of."""
        return True

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return the resources that are not the same to it as others with the same attributes.

        As for a rule: name those of which the goal counts or compares the uses, or which are
        named by their ids.
        """
        return frozenset()

    def ties(self, prepared: Prepared) -> Iterator[Iterable[int]]:
        """Yield visits that depend on each other by this goal, some at a time; by default all.

        Those that share a request, a session or a resource need not be named. What is tied by
        nothing is solved apart.
        """
        yield range(len(prepared.visits))

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Truth: yield what was missed in a finished schedule."""
        return iter(())

    def costs(self, state: State, visit: Visit, variant: Variant, ticks: Ticks) -> Amounts:
        """Vectorised: what placing the visit at each start adds, whoever is taken."""
        return 0

    def costs_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int, ticks: Ticks
    ) -> Amounts:
        """Vectorised: what it adds when this resource is taken for this need."""
        return 0

    def costs_with_each(
        self,
        state: State,
        visit: Visit,
        variant: Variant,
        need: int,
        resources: Sequence[int],
        ticks: Ticks,
    ) -> Sequence[Amounts]:
        """Vectorised: what it adds with each of several resources; nothing where none adds any.

        The same as ``costs_with`` says one by one; override it where it can be said faster.
        """
        return [self.costs_with(state, visit, variant, need, r, ticks) for r in resources]

    def minds_team(self, prepared: Prepared, visit: Visit) -> bool:
        """Say whether a team of a visit may add anything beyond its members."""
        return True

    def team_cost(self, state: State, visit: Visit, placement: Placement) -> int:
        """Vectorised, for what couples needs: what the team as a whole adds beyond its members.

        Never below 0, so that members alone give a lower bound.
        """
        return 0

    def express(self, model: Verbs) -> None:
        """CP-SAT: add terms that sum to the score of the result less that of what is fixed."""
