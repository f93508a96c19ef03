"""What of a solve belongs together: a request, and every move that makes room for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from allocator.domain.schedule import Assignment


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A request or booking as a solve places it, and where the booking was.

    Attributes
    ----------
    session
        Whether it is a group session that has its place, with its staff and room, and gets another.
    """

    name: str
    visits: Sequence[Assignment]
    before: Sequence[Assignment] = ()
    session: bool = False

    @property
    def moved(self) -> bool:
        """Whether it is a booking that lies elsewhere now."""
        return bool(self.before) and {place(a) for a in self.visits} != {
            place(a) for a in self.before
        }


@dataclass(slots=True)
class Unit:
    """What is published whole or not at all."""

    placed: list[Placed] = field(default_factory=list)


def units(placed: Sequence[Placed]) -> list[Unit]:
    """Put together what depends on each other: whoever comes where another goes.

    A group session and whoever moves along with it, or leaves it, belong together, too. Bookings
    that stay where they are belong to nobody.
    """
    changed = [p for p in placed if p.moved or not p.before]
    above = list(range(len(changed)))

    def root(at: int) -> int:
        while above[at] != at:
            above[at] = above[above[at]]
            at = above[at]
        return at

    held = {one.name: number for number, one in enumerate(changed) if one.session}
    for number, one in enumerate(changed):
        for assignment in (*one.visits, *one.before):
            if assignment.session in held:
                above[root(number)] = root(held[assignment.session])
    left: dict[str, list[tuple[datetime, datetime, int]]] = {}
    for number, one in enumerate(changed):
        for assignment in one.before:
            for name in assignment.everyone():
                left.setdefault(name, []).append((assignment.start, assignment.end, number))
    for number, one in enumerate(changed):
        for assignment in one.visits:
            for name in assignment.everyone():
                for start, end, other in left.get(name, ()):
                    if start < assignment.end and end > assignment.start:
                        above[root(number)] = root(other)
    found: dict[int, Unit] = {}
    for number, one in enumerate(changed):
        found.setdefault(root(number), Unit()).placed.append(one)
    return list(found.values())


def place(assignment: Assignment) -> tuple[object, ...]:
    """Return when a visit lies, and with whom: what people are told."""
    who = sorted((role, tuple(sorted(names))) for role, names in assignment.resources)
    return assignment.start, assignment.end, tuple(who), assignment.session
