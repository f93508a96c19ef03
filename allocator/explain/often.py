"""What stands against many requests, and what would help most of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from allocator.explain.relaxation import Kind
from allocator.explain.unplaced import WhyNot
from allocator.prepare.prepared import Prepared
from allocator.report.words import count

#: Of reasons and of ways out, how many a text tells.
TOLD = 5

#: What gives way, said of many requests; ``{}`` is who or what it is.
HELP = {
    Kind.SHORTER: "shorter visits",
    Kind.LONGER_HOURS: "longer hours of {}",
    Kind.OTHER_RESOURCE: "somebody else than {}",
    Kind.WIDER_WINDOW: "wider windows",
    Kind.MOVED: "another place for {}",
    Kind.FEWER_VISITS: "fewer visits",
    Kind.WITHOUT: "a rule given up for {}",
}
#: Kinds that give way at each request itself: said once for them all.
OWN = frozenset({Kind.SHORTER, Kind.WIDER_WINDOW, Kind.FEWER_VISITS})


@dataclass(frozen=True, slots=True)
class Often:
    """What recurs in the reasons of many requests.

    Attributes
    ----------
    requests
        How many were asked about.
    reasons
        Rule, id of the object (empty where it is each request itself), and in the cores of how
        many requests it is; the most frequent first.
    helps
        What gives way, id of the object (empty as above), and how many requests it would place,
        each by itself; the most frequent first.
    hopeless
        Requests for which nothing was found that would help.
    names
        What people call the objects that are resources, by id.
    """

    requests: int
    reasons: tuple[tuple[str, str, int], ...]
    helps: tuple[tuple[Kind, str, int], ...]
    hopeless: int
    names: dict[str, str]

    def text(self) -> str:
        """Say it in a few sentences."""
        lines = []
        if self.reasons:
            told = [
                f"{rule.replace('_', ' ')}{self._of(object)} ({some:,})"
                for rule, object, some in self.reasons[:TOLD]
            ]
            lines.append(f"Most often in the way: {', '.join(told)}.")
        if self.helps:
            told = [
                f"{HELP[kind].format(self._name(object))} ({some:,})"
                for kind, object, some in self.helps[:TOLD]
            ]
            lines.append(f"Would place most, one request at a time: {', '.join(told)}.")
        if self.hopeless:
            lines.append(f"For {count(self.hopeless, 'request')} nothing was found.")
        return "\n".join(lines)

    def _of(self, object: str) -> str:
        return f" of {self._name(object)}" if object else ""

    def _name(self, object: str) -> str:
        return self.names.get(object, object)


def most_often(prepared: Prepared, whys: Iterable[WhyNot]) -> Often:
    """Count what recurs in the reasons of requests.

    Parameters
    ----------
    prepared
        The problem.
    whys
        Why each request is left out.
    """
    some = list(whys)
    reasons: Counter[tuple[str, str]] = Counter()
    helps: Counter[tuple[Kind, str]] = Counter()
    for why in some:
        reasons.update(set(_reasons(why)))
        helps.update({(r.kind, "" if r.kind in OWN else r.object) for r in why.relaxations})
    objects = {object for _, object in (*reasons, *helps)}
    index = prepared.resource_index
    return Often(
        len(some),
        tuple(sorted(((*key, n) for key, n in reasons.items()), key=lambda one: (-one[2], one))),
        tuple(
            sorted(
                ((*key, n) for key, n in helps.items()),
                key=lambda one: (-one[2], one[0].value, one[1]),
            )
        ),
        sum(not why.relaxations for why in some),
        {object: prepared.who(index[object]) for object in objects if object in index},
    )


def _reasons(why: WhyNot) -> Iterator[tuple[str, str]]:
    """Yield rule and object of each fact; what is about the request itself has no object."""
    for fact in why.core.facts if why.core is not None else ():
        yield fact.rule, "" if fact.object == why.request else fact.object
