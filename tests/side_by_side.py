"""Problems side by side in one: clinics that have nothing to do with each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

from allocator.domain.problem import Problem

#: What of a problem belongs to nobody alone.
COMMON = (
    *("horizon", "name", "freeze_before", "most_changes", "levels", "without_rules"),
    *("off_peak", "change_costs"),
)


def side_by_side(problems: Sequence[Problem]) -> Problem:
    """Return a problem in which each of these has its own people, things and services.

    What belongs to nobody alone, such as the horizon, is as in the first. Kinds are told apart as
    well, except in the first, since services ask for people and things by them.
    """
    some = [marked(problem, number) for number, problem in enumerate(problems)]
    return replace(
        problems[0],
        **{
            field.name: tuple(thing for one in some for thing in getattr(one, field.name))
            for field in fields(Problem)
            if field.init and field.name not in COMMON
        },
    )


def marked(problem: Problem, number: int) -> Problem:
    """Return a problem whose names end in a number, and its kinds too unless that is 0."""
    names = {
        thing.id
        for things in ("locations", "calendars", "resources", "services", "requests", "sessions")
        for thing in getattr(problem, things)
    }
    names.update(r.id for r in (*problem.relations, *problem.precedences))
    kinds = {r.kind for r in problem.resources} if number else set()

    def renamed(thing: Any) -> Any:
        if isinstance(thing, Enum):
            return thing
        if isinstance(thing, str):
            return _name(thing, names | kinds, f"~{number}")
        if isinstance(thing, tuple | frozenset):
            return type(thing)(map(renamed, thing))
        if is_dataclass(thing) and not isinstance(thing, type):
            return replace(
                thing, **{f.name: renamed(getattr(thing, f.name)) for f in fields(thing)}
            )
        return thing

    return replace(
        problem,
        **{
            field.name: renamed(getattr(problem, field.name))
            for field in fields(Problem)
            if field.init and field.name not in COMMON
        },
    )


def _name(name: str, names: set[str], mark: str) -> str:
    """Return a name with a mark: of a thing, a visit of a request, or an attendee's role."""
    if name in names:
        return name + mark
    for apart in ("#", ".", ":"):
        first, sign, rest = name.partition(apart)
        if sign and first in names:
            return first + mark + sign + rest
        if sign and rest in names:
            return first + sign + rest + mark
    return name
