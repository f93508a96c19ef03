"""A slot picked by hand: all that stands against it at once, and what it would cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from allocator.check.score import score
from allocator.check.violations import violations
from allocator.domain.faults import Fault, FaultCode, InvalidSchedule
from allocator.domain.schedule import Assignment, Schedule
from allocator.domain.time import is_aware
from allocator.explain.difference import GoalChange, changes
from allocator.explain.frame import frame_of
from allocator.explain.places import labels, told
from allocator.prepare.assignments import place_of
from allocator.prepare.visit import Placement, Variant, Visit
from allocator.rules.rule import Violation
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook

if TYPE_CHECKING:
    from pandas import DataFrame

#: Of a frame.
COLUMNS = ("rule", "message", "visits", "resources")


@dataclass(frozen=True, slots=True)
class Slot:
    """A visit at a start, tried on a schedule.

    Attributes
    ----------
    assignment
        The visit there, with its resources.
    objections
        Every rule that the schedule would then break and does not break now, or breaks with
        others; empty where nothing stands against the slot.
    goals
        What each goal would pay more (or less) than in the schedule as it is.
    labels
        What people call the resources that it takes, by id.
    """

    assignment: Assignment
    objections: tuple[Violation, ...]
    goals: tuple[GoalChange, ...]
    labels: dict[str, str]

    @property
    def free(self) -> bool:
        """Whether nothing stands against it."""
        return not self.objections

    def rows(self) -> list[dict[str, object]]:
        """Return a row for each objection."""
        return [
            {
                "rule": v.rule,
                "message": v.message,
                "visits": " ".join(v.visits),
                "resources": " ".join(v.resources),
            }
            for v in self.objections
        ]

    def frame(self) -> DataFrame:
        """Return the objections as a data frame."""
        return frame_of(self.rows(), COLUMNS)

    def text(self) -> str:
        """Say it in plain words."""
        a = self.assignment
        lines = [
            f"{a.visit} at {told(a, self.labels)} breaks {'no rule.' if self.free else 'rules:'}"
        ]
        lines += [f"  {v.rule}: {v.message}" for v in self.objections]
        lines += [change.text() for change in self.goals]
        return "\n".join(lines)


def try_slot(
    book: Rulebook,
    placements: Sequence[Placement | None],
    visit: str,
    start: datetime,
    resources: Mapping[str, Sequence[str]] | None = None,
) -> Slot:
    """Try a visit at a start, and hear every reason against it; see ``Explainer.slot``."""
    prepared = book.prepared
    number = prepared.visit_index.get(visit)
    if number is None:
        raise _invalid(visit, FaultCode.UNKNOWN_NAME, "no request has this visit.")
    if not is_aware(start):
        raise _invalid(visit, FaultCode.NAIVE_TIME, f"{start.isoformat()} has no zone or offset.")
    tick, _ = prepared.horizon.place(start)
    asked = {role: tuple(ids) for role, ids in (resources or {}).items()}
    others = [None if v == number else p for v, p in enumerate(placements)]
    what = prepared.visits[number]
    state = State(prepared, others)
    variant = min(what.variants, key=lambda v: _against(book, state, what, v, tick), default=None)
    if variant is None:
        raise _invalid(visit, FaultCode.NOBODY, "nobody can hold it, at any time.")
    assignment = _assignment(book, state, what, variant, start, tick, asked)
    # All is read anew: who takes part in a group session is where that is.
    rest = (prepared.assignment(v, p) for v, p in enumerate(others) if p is not None)
    moved = prepared.placements(Schedule(assignments=(assignment, *rest)))
    there = moved[number]
    before = Timetable(prepared, placements)
    after = Timetable(prepared, moved)
    known = set(violations(book, before))
    found = [v for v in violations(book, after) if v not in known]
    place = assignment if there is None else place_of(prepared, number, there)
    return Slot(
        place,
        tuple(found),
        changes(score(book, before).goals, score(book, after).goals),
        labels(prepared, [place]),
    )


def _assignment(
    book: Rulebook,
    state: State,
    visit: Visit,
    variant: Variant,
    start: datetime,
    tick: int,
    asked: Mapping[str, tuple[str, ...]],
) -> Assignment:
    """Return the visit at a start, with the resources asked for and the least disputed others."""
    prepared = book.prepared
    resources: dict[str, tuple[str, ...]] = dict(asked)
    taken = {id for ids in asked.values() for id in ids}
    for n, need in enumerate(visit.needs):
        if need.role in asked:
            continue
        ranked = sorted(
            variant.choices[n],
            key=lambda r: (
                prepared.resources[r].id in taken,
                _refusals(book, state, visit, variant, n, r, tick),
            ),
        )
        members = ranked[: need.quantity]
        if need.optional and any(
            _refusals(book, state, visit, variant, n, r, tick) for r in members
        ):
            continue
        resources[need.role] = tuple(prepared.resources[r].id for r in members)
        taken.update(resources[need.role])
    session = variant.session
    end = prepared.horizon.instant(tick + variant.duration).astimezone(start.tzinfo)
    return Assignment(
        visit=visit.id,
        start=start,
        end=end,
        resources=tuple(resources.items()),
        session=None if session < 0 else prepared.visits[session].id,
    )


def _against(book: Rulebook, state: State, visit: Visit, variant: Variant, tick: int) -> int:
    """Return how much is to be said against a way to hold a visit at a start, at least."""
    refused = sum(not rule.starts(state, visit, variant) >> tick & 1 for rule in book.rules)
    for n, need in enumerate(visit.needs):
        if not need.optional:
            counts = sorted(
                _refusals(book, state, visit, variant, n, r, tick) for r in variant.choices[n]
            )
            refused += sum(counts[: need.quantity])
    return refused


def _refusals(
    book: Rulebook,
    state: State,
    visit: Visit,
    variant: Variant,
    need: int,
    resource: int,
    tick: int,
) -> int:
    """Return how many rules refuse a resource at a start."""
    return sum(
        not rule.starts_with(state, visit, variant, need, resource) >> tick & 1
        for rule in book.rules
    )


def _invalid(visit: str, code: FaultCode, message: str) -> InvalidSchedule:
    return InvalidSchedule([Fault(code, "visit", visit, f"Visit {visit}: {message}")])
