"""What a rule is: one sentence, three faces."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Variant, Visit
from allocator.prepare.visits import PreparedRequest
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs

EVERY: Mask = -1  #: All ticks: a rule that does not mind.


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that a schedule breaks.

    Attributes
    ----------
    rule
        Name of the rule.
    message
        A sentence that names the objects and both numbers.
    visits, resources
        Ids of those involved.
    inherited
        Whether pinned visits alone break it: listed, but nothing that this schedule did.
    """

    rule: str
    message: str
    visits: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    inherited: bool = False


class Rule(Protocol):
    """A hard rule. Subclasses override the faces that they have.

    Attributes
    ----------
    name
        The one name, in the API, in explanations, in tests, in docs.
    sentence
        The rule in the user's words.
    moving
        Whether the vectorised face depends on what else is placed. What does not is worked out
        once for each visit, and is constrained by the domains of the model's variables.
    of_claims
        Of a moving rule: whether ``starts_with`` looks at nothing but what the resource holds, the
        part of the visit and the buffers of the need, and what the rule ``sees`` of the visit. It
        is worked out once for all visits alike, until the resource holds something else.
    structural
        Whether the rule is built into the ways to hold a visit (its variants), so that no
        problem can be without it.
    of_request
        Whether what ``starts_with`` says of a resource is a matter of the request (whom it
        wants, where it is pinned), not of the resource (when it is open, what it holds).
    of_requests
        Whether it depends on requests, or on the people who come to them, that a problem has
        anything that the rule speaks of: where those may come later, it is in force from the first.
    local
        Whether visits that share no request, session or resource are nothing to each other by this
        rule. Where it is not, ``ties`` says which are something to each other all the same.
    """

    name: str
    sentence: str
    moving: bool = False
    of_claims: bool = False
    structural: bool = False
    of_request: bool = False
    of_requests: bool = False
    local: bool = False

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether a problem has anything that this rule speaks of."""
        return True

    def concerns(self, prepared: Prepared, visit: Visit) -> bool:
        """Say whether the masks of a moving rule may ever be narrower than all ticks for a visit.

        What the rule never has anything to say of is not asked about again.
        """
        return True

    def sees(self, prepared: Prepared, visit: Visit, variant: Variant) -> Hashable:
        """Return what tells visits apart for a rule that is ``of_claims``, parts aside."""
        return None

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return the resources that are not the same to it as others with the same attributes.

        Resources that nothing tells apart, by a rule, a goal or what visits may do with them,
        are one pool in the model. Name those of which the rule counts, limits or compares the
        uses, or which are named by their ids.
        """
        return frozenset()

    def ties(self, prepared: Prepared) -> Iterator[Iterable[int]]:
        """Yield visits that depend on each other by this rule, some at a time; by default all.

        Those that share a request, a session or a resource need not be named. What is tied by
        nothing is solved apart.
        """
        yield range(len(prepared.visits))

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Truth: yield what breaks the rule in a finished schedule."""
        return iter(())

    def starts(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Vectorised: the starts that the rule allows, whoever is taken, all else fixed."""
        return EVERY

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Vectorised: the starts that the rule allows with this resource in this need."""
        return EVERY

    def minds_team(self, prepared: Prepared, visit: Visit) -> bool:
        """Say whether a team of a visit may be forbidden whose members are allowed."""
        return True

    def team_allowed(self, state: State, visit: Visit, placement: Placement) -> bool:
        """Vectorised, for what couples needs: whether the team as a whole is allowed."""
        return True

    def rivals(self, state: State, visit: Visit) -> Sequence[int]:
        """Return placed visits of which one would have to give way for a visit to be allowed more.

        Those that hold what it needs of a resource are known without. A search asks whom to move.
        """
        return ()

    def constrain(self, model: Verbs) -> None:
        """CP-SAT: constrain the free visits among themselves and against aggregates."""
        return


def requests_with_free(model: Verbs) -> list[PreparedRequest]:
    """Return the requests that have a visit to be placed, in order of their numbers."""
    some = {visit.request_index for visit in model.free if visit.request_index >= 0}
    return [model.prepared.requests[index] for index in sorted(some)]


def usable(model: Verbs) -> list[int]:
    """Return the resources that visits to be placed may take, in order of their numbers."""
    return sorted(
        {
            resource
            for visit in model.free
            for need in range(len(visit.needs))
            for resource in model.choices(visit.index, need)
        }
    )


def violation(
    rule: Rule,
    timetable: Timetable,
    message: str,
    visits: Iterable[int] = (),
    resources: Iterable[int] = (),
) -> Violation:
    """Make a violation; it is inherited when all of its visits are pinned where they are."""
    prepared = timetable.prepared
    numbers = sorted(set(visits))
    return Violation(
        rule.name,
        message,
        tuple(prepared.visits[v].id for v in numbers),
        tuple(prepared.resources[r].id for r in sorted(set(resources))),
        bool(numbers) and all(v in prepared.frozen for v in numbers),
    )
