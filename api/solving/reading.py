"""What a solve places, and all that lies beside it: read once for a whole publication."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from allocator.domain.faults import InvalidSchedule
from allocator.domain.resource import Resource
from allocator.domain.schedule import Claim, Schedule
from allocator.goals import GOALS
from allocator.prepare.assignments import claims_of_visit
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement
from allocator.rules import RULES
from allocator.rules.rule import Violation
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook
from api.problems import NotFound, Problem, RuleBroken, Taken
from api.solving.asked import Asked
from api.solving.clinic import Clinic, clinic
from api.solving.units import Placed
from api.store import changes
from api.store.changes import Seen
from api.store.world import World
from api.usecases import rules
from api.usecases.tx import Tx

#: Rules that are not run: whoever is not in a share yet is not missing.
MISSING = rules.WHOLE - {"series_completeness"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The problem of some requests, and when it was read: with which world and snapshot."""

    found: Clinic
    world: World
    seen: Seen


def look(tx: Tx, asked: Asked, placed: Sequence[Placed]) -> Look:
    """Read the problem of requests that a solve has placed, as it is now.

    What changes meanwhile counts as changed since, whether it was read or not.
    """
    seen, world = changes.look(tx.connection), tx.world_now
    found = clinic(tx, replace(asked, requests=tuple(one.name for one in placed)))
    return Look(found=found, world=world, seen=seen)


class Reading:
    """What was read of requests that a solve has placed, and what was booked of them since.

    As long as nobody else changes anything, nothing has to be read anew: what whoever publishes
    has booked, he knows.

    Attributes
    ----------
    found
        The problem, with everything that is booked beside.
    requests
        Requests by their names, as they were.
    resources
        All resources by name, those of people, too.
    lost
        Who cannot be booked as the solve has placed them, each with why.
    """

    def __init__(self, look: Look, placed: Sequence[Placed]) -> None:
        self.found = look.found
        self.requests = {request.id: request for request in look.found.problem.requests}
        self.resources: Mapping[str, Resource] = {r.id: r for r in look.found.problem.resources}
        self.lost: dict[str, Problem] = {}
        self._look = look
        self._own: list[int] = []
        self._plain_in = look.world.version, self._plain(look.world)
        self._prepared = Prepared(look.found.problem)
        book = Rulebook(self._prepared, RULES, GOALS)
        self._rules = [rule for rule in book.rules if rule.name not in MISSING]
        for one in placed:
            if one.name not in look.found.requests:
                why = f"The request {one.name!r} is outside the horizon by now."
                self.lost[one.name] = NotFound(look.found.skipped.get(one.name, why))
        self._lies, unreadable = self._read([p for p in placed if p.name not in self.lost])
        self.lost.update(unreadable)
        self._booked = dict(self._prepared.published)

    def holds(self, tx: Tx, requests: Sequence[Any]) -> bool:
        """Say whether it still is as it was read, but for what was booked of it.

        Parameters
        ----------
        requests
            Rows of those that matter: others may have changed.
        """
        return tx.world.version == self._look.world.version and not changes.by_others(
            tx.connection, tx.tenant, self._look.seen, self._own, [row.uid for row in requests]
        )

    def note(self, placed: Sequence[Placed], transaction: int) -> None:
        """Note what a transaction has booked, once it is committed."""
        self._own.append(transaction)
        self._booked.update(self._placements(placed))

    def weeks(self, one: Placed, world: World | None = None) -> set[tuple[str, int]]:
        """Return who and what a request needs of which a rule looks beyond the moment, by week.

        Parameters
        ----------
        world
            As it is by now; None is as it was read.
        """
        world = world or self._look.world
        if world.version != self._plain_in[0]:
            self._plain_in = world.version, self._plain(world)
        aside = {name for a in one.visits for name in a.everyone()} - self._plain_in[1]
        if not aside:
            return set()
        weeks = rules.weeks(world, (a.start for a in one.visits), (a.end for a in one.visits))
        return {(name, week) for name in aside for week in weeks}

    def _plain(self, world: World) -> frozenset[str]:
        """Return the names of resources of which no rule looks beyond the moment."""
        known = {**self.resources, **world.resources}
        return frozenset(n for n, one in known.items() if not rules.looks_aside(world, one))

    def broken(self, staying: Sequence[Placed]) -> dict[str, Problem]:
        """Return the requests that break a rule beside everything booked, each with why."""
        owner = {a.visit: one.name for one in staying for a in one.visits}
        own = self._placements(staying)
        found: dict[str, Problem] = {}
        for broken in (*self._alone(own), *self._beside(own)):
            if broken.inherited:
                continue
            for name in reversed(broken.visits):  # the last that came gives way
                if name in owner:
                    found.setdefault(owner[name], _refusal(broken))
                    break
        return found

    def _alone(self, own: Mapping[int, Placement]) -> Iterator[Violation]:
        """Yield what breaks a rule that looks at nothing else that is placed."""
        timetable = self._timetable(own)
        for rule in self._rules:
            if not rule.moving:
                yield from rule.violations(timetable)

    def _beside(self, own: Mapping[int, Placement]) -> Iterator[Violation]:
        """Yield what breaks a rule beside everything that is booked."""
        timetable = self._timetable({**own, **self._booked})
        for rule in self._rules:
            if rule.moving:
                yield from rule.violations(timetable)

    def _timetable(self, there: Mapping[int, Placement]) -> Timetable:
        return Timetable(self._prepared, [there.get(n) for n in range(len(self._prepared.visits))])

    def claims(self, placed: Sequence[Placed]) -> list[Claim]:
        """Return what requests take of each resource."""
        return [
            claim
            for number, placement in self._placements(placed).items()
            for claim in claims_of_visit(self._prepared, number, placement)
        ]

    def _placements(self, placed: Collection[Placed]) -> dict[int, Placement]:
        index = self._prepared.visit_index
        return {index[a.visit]: self._lies[a.visit] for one in placed for a in one.visits}

    def _read(self, placed: Sequence[Placed]) -> tuple[dict[str, Placement], dict[str, Problem]]:
        """Return where visits are to lie, and whose services do not know that any more."""
        try:
            schedule = Schedule(assignments=tuple(a for one in placed for a in one.visits))
            placements = self._prepared.placements(schedule)
        except InvalidSchedule as error:
            if len(placed) > 1:  # who it is, is found by halves: as a rule one or two of many
                half = len(placed) // 2
                first, second = self._read(placed[:half]), self._read(placed[half:])
                return first[0] | second[0], first[1] | second[1]
            return {}, {placed[0].name: RuleBroken(error.faults[0].message, violations=[])}
        index = self._prepared.visit_index
        there = {a.visit: placements[index[a.visit]] for one in placed for a in one.visits}
        return {visit: at for visit, at in there.items() if at is not None}, {}


def _refusal(found: Violation) -> Problem:
    kind = Taken if found.rule in rules.TAKEN else RuleBroken
    return kind(found.message, violations=[{"rule": found.rule, "message": found.message}])
