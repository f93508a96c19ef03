"""What is taken of every resource, in memory and in step, and what is thought gone for a while."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import RLock

from allocator.domain.faults import Fault, FaultCode, InvalidProblem, InvalidSchedule
from allocator.domain.problem import Problem
from allocator.domain.request import Request
from allocator.domain.resource import Resource
from allocator.domain.schedule import Assignment, Claim, Schedule
from allocator.goals import GOALS
from allocator.goals.goal import Goal
from allocator.prepare.assignments import read_all
from allocator.prepare.growing import Growing
from allocator.prepare.visit import ANYWHERE, Placement
from allocator.prepare.visits import PreparedRequest
from allocator.rules import RULES
from allocator.rules.rule import Rule
from allocator.state.state import State
from allocator.suggest.waiting import Waiting
from allocator.table.rulebook import Rulebook


class Taken:
    """What is taken of every resource, as bit masks of ticks, and all that rules ask beside it.

    Each change costs microseconds. ``Index``, which is made as this is, answers questions about it.
    """

    def __init__(
        self,
        problem: Problem,
        schedule: Schedule | None = None,
        *,
        rules: Sequence[Rule] = RULES,
        goals: Sequence[Goal] = GOALS,
        version: int = 0,
    ) -> None:
        self.problem = problem
        self.version = version
        self.prepared = Growing(problem)
        self.rulebook = Rulebook(self.prepared, rules, goals, more=True)
        if schedule is None:
            placements = [self.prepared.published.get(v) for v in range(len(self.prepared.visits))]
        else:
            placements = self.prepared.placements(schedule)
            for number, placement in self.prepared.frozen.items():
                placements[number] = placement
        self.state = State(self.prepared, placements, lean=True)
        self.waiting = Waiting(self.prepared.requests)
        self._booked: dict[str, PreparedRequest] = {}
        self._gone: dict[int, Placement] = {}  #: Where visits lie that are thought to be gone.
        self._claims: dict[Claim, list[int]] = {}
        self._lock = RLock()

    def knows(self, request: str) -> bool:
        """Say whether a request of this id is in the index, placed or waiting."""
        return request in self.prepared.request_index

    def has(self, resource: str) -> bool:
        """Say whether a resource of this id is in the index."""
        return resource in self.prepared.resource_index

    def know(self, resource: Resource) -> None:
        """Take in a person who comes to visits, or another resource that no service draws on.

        Raises
        ------
        InvalidProblem
            When it names a calendar or location that does not exist, or has an id that does.
        """
        with self._lock:
            self.prepared.admit_resource(resource)
            self.state.grow()

    def add(self, claim: Claim) -> None:
        """Take time of a resource, whatever for; outside the horizon nothing happens.

        What rules look at beside the time (travel, turnarounds, limits on work) counts only for
        visits whose service is known: ``book``.
        """
        with self._lock:
            first, end = self._ticks(claim.start, claim.end)
            if first < end:
                resource = self._resource(claim.resource)
                length = end - first
                number = self.prepared.admit_claim(claim.visit, resource, length, claim.uses)
                self.state.grow()
                visit = self.prepared.visits[number]
                variant = visit.variants[0]
                self.state.place(
                    number,
                    Placement(first, length, variant.location, ANYWHERE, variant.choices),
                )
                self._claims.setdefault(claim, []).append(number)
                self.state.forget(resource)
            self.version += 1

    def remove(self, claim: Claim) -> None:
        """Give back what ``add`` took.

        Raises
        ------
        KeyError
            When it was not added.
        """
        with self._lock:
            numbers = self._claims.get(claim)
            first, end = self._ticks(claim.start, claim.end)
            if numbers:
                number = numbers.pop()
                if not numbers:
                    del self._claims[claim]
                self.state.remove(number)
                self.prepared.dismiss_claim(number)
                self.state.forget(self.prepared.resource_index[claim.resource])
            elif first < end:
                raise KeyError(claim)
            self.version += 1

    def book(self, request: Request, assignments: Sequence[Assignment]) -> None:
        """Take in a request with where its visits lie; those that are left out wait.

        Whether rules allow it is not asked: it is booked. Group sessions that have no place yet may
        be given theirs as well; they keep it, whatever becomes of the request.

        Raises
        ------
        InvalidProblem, InvalidSchedule
            When it, or where it lies, names what the problem does not have; nothing is changed.
        """
        with self._lock:
            prep = self._admit(request)
            try:
                places = read_all(self.prepared, assignments, InvalidSchedule)
                strange = sorted(v for v in places.keys() - {*prep.visits} if not self._unheld(v))
                if strange:
                    visit = self.prepared.visits[strange[0]].id
                    raise _fault("visit", visit, f"is no visit of request {request.id}.")
            except InvalidSchedule:
                self._dismiss(prep)
                raise
            for number, placement in sorted(places.items()):  # sessions first
                held = self.state.placements[placement.session] if placement.session >= 0 else None
                if held is not None:  # who takes part in a session is where it is
                    placement = placement._replace(location=held.location)
                self.state.place(number, placement)
                self._forget(placement)
            self._booked[request.id] = prep
            self.waiting.admit(prep)
            self.version += 1

    def _unheld(self, number: int) -> bool:
        """Say whether a visit is a group session that has no place yet."""
        visit = self.prepared.visits[number]
        return visit.session is not None and self.state.placements[number] is None

    def cancel(self, request: str) -> None:
        """Take out a request that was booked, with all its visits.

        One of the problem's own is known on, but neither placed nor waiting.

        Raises
        ------
        KeyError
            When there is none of this id.
        """
        with self._lock:
            prep = self._booked.pop(request, None)
            if prep is None:
                known = self.prepared.requests[self.prepared.request_index[request]]
                self.waiting.dismiss(known)
                self._lift(known.visits)
            else:
                self._lift(prep.visits)
                self.waiting.dismiss(prep)
                self._dismiss(prep)
            self.version += 1

    @contextmanager
    def _asking(
        self, request: Request | str, moving: Collection[str]
    ) -> Iterator[tuple[PreparedRequest, tuple[int, ...]]]:
        """Have a request and its visits to be placed, and all as it was in the end."""
        known = self._known(request if isinstance(request, str) else request.id)
        if known is not None and request in (known.request, known.request.id):
            with self._lifted(self._moving(known, moving)), self.prepared.forgetting(known):
                yield known, self._to_place(known)
        elif isinstance(request, str):
            raise _fault("request", request, "is not known.")
        else:
            old = known.visits if known is not None else ()
            with self._lifted((*old, *self._named(moving))), self._guest(request, known) as prep:
                yield prep, prep.visits

    def _known(self, request: str) -> PreparedRequest | None:
        number = self.prepared.request_index.get(request)
        return None if number is None else self.prepared.requests[number]

    def _to_place(self, prep: PreparedRequest) -> tuple[int, ...]:
        return tuple(v for v in prep.visits if self.state.placements[v] is None)

    def _moving(self, prep: PreparedRequest, moving: Collection[str]) -> list[int]:
        """Return the visits that are thought away for a request that is known."""
        named = self._named(moving)
        if self._to_place(prep) or not named.isdisjoint(prep.visits):
            return sorted(named)
        free = [v for v in prep.visits if v not in self.prepared.frozen]
        if not free:
            raise _fault("request", prep.request.id, "is pinned where it lies.")
        return sorted({*named, *free})

    def _named(self, moving: Collection[str]) -> set[int]:
        """Return the placed visits of some names."""
        prepared, found = self.prepared, set[int]()
        for name in moving:
            if name not in prepared.visit_index and name not in prepared.request_index:
                raise _fault("visit", name, "is not known.")
            for number in prepared.named_visits(name):
                if number in prepared.frozen:
                    raise _fault("visit", prepared.visits[number].id, "is pinned where it lies.")
                found.add(number)
        return found

    @contextmanager
    def _lifted(self, visits: Collection[int]) -> Iterator[None]:
        """Think of visits as gone for a while."""
        state = self.state
        gone = {v: state.remove(v) for v in visits if state.placements[v] is not None}
        before, self._gone = self._gone, {**self._gone, **gone}
        try:
            yield
        finally:
            self._gone = before
            for number, placement in gone.items():
                state.place(number, placement)

    @contextmanager
    def _guest(self, request: Request, old: PreparedRequest | None) -> Iterator[PreparedRequest]:
        """Have a request in the index for a while, in place of one of the same id."""
        if old is not None:
            self.prepared.hide(old)
        try:
            prep = self._admit(request)
            try:
                with self.prepared.forgetting(prep):
                    yield prep
            finally:
                self._dismiss(prep)
        finally:
            if old is not None:
                self.prepared.show(old)

    def _admit(self, request: Request) -> PreparedRequest:
        prep = self.prepared.admit(request)
        try:
            self.rulebook.admit(request)
        except InvalidProblem:
            self.prepared.dismiss(prep)
            raise
        self.state.grow()
        self._attended(prep)
        return prep

    def _dismiss(self, prep: PreparedRequest) -> None:
        for number in prep.visits:
            self.rulebook.forget(self.state, self.prepared.visits[number])
        self.prepared.dismiss(prep)
        self._attended(prep)

    def _attended(self, prep: PreparedRequest) -> None:
        """Forget how short the visits of practitioners are, where some attend a visit."""
        some = (self._resource(a.resource) for a in prep.request.attendees)
        if any(self.prepared.resources[r].kind == "practitioner" for r in some):
            self.prepared.forget("compact_days")

    def _lift(self, visits: Sequence[int]) -> None:
        for number in visits:
            placement = self.state.placements[number]
            if placement is not None:
                self.state.remove(number)
                self._forget(placement)

    def _forget(self, placement: Placement) -> None:
        """Forget what was worked out for what its resources held before."""
        for members in placement.team:
            for resource in members:
                self.state.forget(resource)

    def _resource(self, id: str) -> int:
        number = self.prepared.resource_index.get(id)
        if number is None:
            raise _fault("resource", id, "is not known.")
        return number

    def _ticks(self, start: datetime, end: datetime) -> tuple[int, int]:
        """Return every tick of the horizon that a stretch touches."""
        horizon = self.prepared.horizon
        return max(horizon.tick(start), 0), min(horizon.tick_at_or_after(end), self.prepared.ticks)


def _fault(kind: str, id: str, what: str) -> InvalidSchedule:
    message = f"{kind.capitalize()} {id} {what}"
    return InvalidSchedule([Fault(FaultCode.UNKNOWN_NAME, kind, id, message)])
