"""Cores: the fewest facts that together leave no way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from allocator.explain.facts import Fact, Guarded
from allocator.explain.trial import Trial
from allocator.solve.feasible import Answer

T = TypeVar("T")

#: Deterministic time of CP-SAT for each confirmation: more than for a question on the way.
CONFIRM = 10.0


@dataclass(frozen=True, slots=True)
class Core:
    """Facts that together leave no way.

    Attributes
    ----------
    facts
        In the order of the rules. None at all where not even the lack of every rule would help:
        nobody can hold the visit.
    confirmed
        Whether CP-SAT was asked again and confirmed that they leave no way, and that without any
        one of them there is one.
    """

    facts: tuple[Fact, ...]
    confirmed: bool


def find_core(trial: Trial) -> Core | None:
    """Find a core of a request that cannot be placed.

    Facts about what is fixed in the problem are kept before those about what else is placed,
    and of one rule those that name a resource, since they say more.

    Returns
    -------
    Core or None
        None where there is a way with all facts in force, or none was found or ruled out in the
        time given.
    """
    if trial.answer(trial.facts) is not Answer.NO:
        return None
    moving = {rule.name for rule in trial.book.rules if _moves(rule)}
    place = {rule: n for n, rule in enumerate(dict.fromkeys(fact.rule for fact in trial.facts))}
    order = sorted(
        trial.facts,
        key=lambda fact: (fact.rule in moving, place[fact.rule], not fact.of_resource),
    )
    found = frozenset(fewest(order, lambda facts: trial.answer(facts) is Answer.NO) or ())
    facts = tuple(fact for fact in trial.facts if fact in found)
    confirmed = trial.solve(facts, effort=CONFIRM)[0] is Answer.NO and all(
        trial.solve(found - {fact}, effort=CONFIRM)[0] is Answer.YES for fact in facts
    )
    return Core(facts, confirmed)


def fewest(items: Sequence[T], impossible: Callable[[Sequence[T]], bool]) -> list[T] | None:
    """Return items that are impossible together while any one may be spared, or None.

    Of items that are as good as each other, those that come first are kept. By QuickXplain
    (Junker 2004, AAAI): items are halved, and each half is looked at with the other one held.
    """
    if not impossible(items):
        return None

    def explain(held: list[T], news: bool, some: Sequence[T]) -> list[T]:
        if not some or (news and impossible(held)):
            return []
        if len(some) == 1:
            return list(some)
        half = len(some) // 2
        first, second = some[:half], some[half:]
        late = explain([*held, *first], True, second)
        early = explain([*held, *late], bool(late), first)
        return [*early, *late]

    return [] if impossible([]) else explain([], False, items)


def _moves(rule: object) -> bool:
    return isinstance(rule, Guarded) and rule.rule.moving
