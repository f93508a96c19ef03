"""Who stands in the way: placed visits where a request could go, and what they are worth."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from allocator.explain.facts import Guarded
from allocator.explain.trial import Trial
from allocator.prepare import masks
from allocator.solve.feasible import Answer
from allocator.table.rulebook import Rulebook

#: Requests and sessions looked at, the most in the way first.
MOST = 12


@dataclass(frozen=True, slots=True)
class InTheWay:
    """A placed request (or group session) that stands where another could go.

    Attributes
    ----------
    object
        Id of the request or session.
    visits
        Ids of its visits in the way.
    priority, weight
        What it is worth: its class (1 is the most urgent) and its weight there.
    booked
        Whether it is pinned where it lies, so that no solve moves it.
    alone
        Whether there would be a place if it alone were gone: tried out.
    """

    object: str
    visits: tuple[str, ...]
    priority: int
    weight: int
    booked: bool
    alone: bool


def in_the_way(book: Rulebook, trial: Trial, most: int = MOST) -> tuple[InTheWay, ...]:
    """Return who stands in the way, those first whose leaving would be enough."""
    prepared = book.prepared
    met = _met(trial)
    by_object: dict[str, list[int]] = {}
    for visit, _ in met.most_common():
        what = prepared.visits[visit].request or prepared.visits[visit].session
        assert what is not None
        if len(by_object) < most or what.id in by_object:
            by_object.setdefault(what.id, []).append(visit)
    found = []
    for object, visits in by_object.items():
        lay = {v: trial.state.remove(v) for v in visits}
        enough = Trial(book, trial.state, trial.must).answer() is Answer.YES
        for visit, placement in lay.items():
            trial.state.place(visit, placement)
        request = prepared.visits[visits[0]].request
        found.append(
            InTheWay(
                object,
                tuple(prepared.visits[v].id for v in sorted(visits)),
                prepared.visits[visits[0]].priority,
                request.weight if request is not None else 1,
                all(v in prepared.frozen for v in visits),
                enough,
            )
        )
    return tuple(sorted(found, key=lambda f: (not f.alone, f.booked, -f.priority, f.weight)))


def _met(trial: Trial) -> Counter[int]:
    """Count, for placed visits, the ticks that they take where the visits could go."""
    moving = {
        guard.name for guard in trial.book.rules if isinstance(guard, Guarded) and guard.rule.moving
    }
    trial.force.facts = frozenset(f for f in trial.facts if f.rule not in moving)
    met: Counter[int] = Counter()
    for number in trial.must:
        visit = trial.book.prepared.visits[number]
        for variant in visit.variants:
            starts = trial.variant_starts(visit, variant)
            for need, what in enumerate(visit.needs):
                first, end = what.covers(variant.duration)
                first, end = first - what.before, end + what.after
                for resource in variant.choices[need]:
                    mask = starts & trial.with_resource(visit, variant, need, resource)
                    reach = masks.shift(masks.covered(mask, end - first), first)
                    for claim in trial.state.claims[resource] if reach else ():
                        shared = reach & masks.span(max(claim.first, 0), claim.end)
                        if shared:
                            met[claim.visit] += shared.bit_count()
    return met
