"""Ties in plain words: which visits have to agree, to differ, or to follow each other."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from allocator.domain.request import Alike, Relation
from allocator.explain.lists import listed
from allocator.prepare.prepared import Prepared

#: What related visits share, or do not.
SHARED = {Alike.DAY: "on {} day", Alike.TIME: "at {} time of day"}


def ties(prepared: Prepared, rule: str, visits: Collection[str], verb: str) -> Iterator[str]:
    """Yield what a rule about ties says of visits: ``A and B must have the same practitioner``.

    Parameters
    ----------
    prepared
        The problem.
    rule
        ``relations`` or ``precedence``; no other rule has anything to say.
    visits
        Ids: ties without any of them are left out.
    verb
        Such as ``must`` or ``need not``.
    """
    if rule == "relations":
        for relation in prepared.problem.relations:
            if _of(prepared, relation.visits, visits):
                yield _relation(relation, verb)
    if rule == "precedence":
        for tie in prepared.problem.precedences:
            if _of(prepared, (tie.before, tie.after), visits):
                yield f"{tie.before} {verb} come before {tie.after}"


def _relation(relation: Relation, verb: str) -> str:
    who = listed(relation.visits)
    if len(relation.visits) == 1:
        who = f"the visits of {who}"
    if not relation.same and verb == "must":
        verb = "must each"
    if relation.alike is Alike.RESOURCE:
        return f"{who} {verb} have {'the same' if relation.same else 'another'} {relation.role}"
    return f"{who} {verb} be {SHARED[relation.alike].format('one' if relation.same else 'another')}"


def _of(prepared: Prepared, names: Collection[str], visits: Collection[str]) -> bool:
    """Say whether names stand for any of some visits."""
    return any(
        prepared.visits[v].id in visits for name in names for v in prepared.named_visits(name)
    )
