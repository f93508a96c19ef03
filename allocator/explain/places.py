"""Where visits lie, told in the wall time of the place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from allocator.domain.schedule import Assignment
from allocator.explain.lists import joined
from allocator.prepare.prepared import Prepared


def ids(assignment: Assignment) -> tuple[str, ...]:
    """Return the ids of whom and what a visit takes."""
    return tuple(id for _, some in assignment.resources for id in some)


def labels(prepared: Prepared, assignments: Iterable[Assignment]) -> dict[str, str]:
    """Return what people call the resources that visits take, by id."""
    return {
        id: prepared.who(prepared.resource_index[id])
        for assignment in assignments
        for id in ids(assignment)
    }


def told(assignment: Assignment, called: Mapping[str, str]) -> str:
    """Say when a visit lies, and with whom."""
    return f"{when(assignment)} with {who(ids(assignment), called)}"


def when(assignment: Assignment) -> str:
    """Say when a visit starts."""
    return f"{assignment.start:%a %Y-%m-%d %H:%M}"


def who(some: Iterable[str], called: Mapping[str, str]) -> str:
    """Name resources as people call them."""
    return joined([called.get(id, id) for id in some]) or "nobody"
