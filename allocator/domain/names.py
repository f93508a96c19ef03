"""Names of rules and goals that a problem speaks of, against those that there are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Protocol

from allocator.domain.faults import Fault, FaultCode
from allocator.domain.objective import Level
from allocator.domain.request import PRIORITIES, Request


class KnownRule(Protocol):
    """What is asked of a rule: its name, and whether it may be switched off."""

    name: str
    structural: bool


class KnownGoal(Protocol):
    """What is asked of a goal: its name, and whether requests may not weigh it."""

    name: str
    common: bool


def name_faults(
    levels: Iterable[Level],
    without_rules: Collection[str],
    requests: Iterable[Request],
    rules: Collection[KnownRule],
    goals: Collection[KnownGoal],
) -> Iterator[Fault]:
    """Yield the rules and goals that a problem names and nobody knows, or that it may not name.

    Parameters
    ----------
    levels, without_rules, requests
        Of the problem.
    rules, goals
        All that are known; ``served:1`` to ``served:9`` come on top.
    """
    known = {rule.name for rule in rules}
    for name in sorted(set(without_rules) - known):
        yield Fault(
            FaultCode.UNKNOWN_NAME,
            "problem",
            "",
            f"The problem is without the rule {name!r}, which does not exist; there are"
            f" {', '.join(sorted(known))}.",
        )
    for rule in rules:
        if rule.structural and rule.name in without_rules:
            yield Fault(
                FaultCode.CONTRADICTION,
                "problem",
                "",
                f"The problem is without the rule {rule.name!r}, which is part of what a visit"
                " is and cannot be switched off.",
            )
    named = {goal.name for goal in goals}
    common = {goal.name for goal in goals if goal.common}
    terms = named | {f"served:{priority}" for priority in PRIORITIES}
    for level in levels:
        for name, _ in level.goals:
            if name not in terms:
                yield Fault(
                    FaultCode.UNKNOWN_NAME,
                    "level",
                    level.name,
                    f"Level {level.name}: the goal {name!r} does not exist; there are served:1 to"
                    f" served:9, {', '.join(sorted(named))}.",
                )
    for request in requests:
        for name, _ in request.weights:
            if name in common:
                yield Fault(
                    FaultCode.CONTRADICTION,
                    "request",
                    request.id,
                    f"Request {request.id}: it weighs {name!r}, which is measured on the schedule"
                    " as a whole; a level may weigh it.",
                )
            elif name not in named:
                yield Fault(
                    FaultCode.UNKNOWN_NAME,
                    "request",
                    request.id,
                    f"Request {request.id}: the goal {name!r} does not exist; there are"
                    f" {', '.join(sorted(named))}.",
                )
