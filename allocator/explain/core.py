"""Cores: the fewest facts that together leave no way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from allocator.explain.facts import Fact
from allocator.explain.trial import Trial
from allocator.solve.feasible import Answer


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

    By QuickXplain (Junker 2004, AAAI): facts are halved, and each half is looked at with the
    other in force. Facts about what is fixed in the problem are kept before those about what
    else is placed, since they say more.

    Returns
    -------
    Core or None
        None where there is a way with all facts in force, or none was found or ruled out in the
        time given.
    """
    if trial.answer(trial.facts) is not Answer.NO:
        return None
    moving = {rule.name for rule in trial.book.rules if _moves(rule)}
    order = sorted(trial.facts, key=lambda fact: fact.rule in moving)
    found = frozenset(_explain(trial, frozenset(), False, order))
    facts = tuple(fact for fact in trial.facts if fact in found)
    confirmed = trial.solve(facts)[0] is Answer.NO and all(
        trial.solve(found - {fact})[0] is Answer.YES for fact in facts
    )
    return Core(facts, confirmed)


def _explain(trial: Trial, held: frozenset[Fact], news: bool, facts: Sequence[Fact]) -> list[Fact]:
    """Return the fewest of some facts that leave no way together with those held."""
    if news and trial.answer(held) is Answer.NO:
        return []
    if len(facts) == 1:
        return list(facts)
    if not facts or (not news and trial.answer(held) is Answer.NO):
        return []
    half = len(facts) // 2
    first, second = facts[:half], facts[half:]
    late = _explain(trial, held | frozenset(first), bool(first), second)
    early = _explain(trial, held | frozenset(late), bool(late), first)
    return [*early, *late]


def _moves(rule: object) -> bool:
    from allocator.explain.facts import Guarded

    return isinstance(rule, Guarded) and rule.rule.moving
