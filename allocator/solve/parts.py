"""Parts of a problem that have nothing to do with each other, each of which is solved by itself."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import replace

from allocator.solve.bound import Alone
from allocator.solve.budget import Budget
from allocator.solve.direct import prove
from allocator.solve.incumbent import Incumbent
from allocator.solve.params import Params
from allocator.solve.progress import Tell
from allocator.table.rulebook import Rulebook

#: Visits up to which small parts are put together: a model each would not be worth its start.
TOGETHER = 12


def independent(book: Rulebook, alone: Alone, levels: Collection[int]) -> list[list[int]]:
    """Return the visits that are not frozen, in parts of which none matters to another.

    Visits of one request, of one session, and those that could take the same resource are in one
    part, and so are those that a rule or a goal ties together for reasons of its own.

    Parameters
    ----------
    book
        Rules and goals in force.
    alone
        What each visit could do beside what is frozen.
    levels
        Numbers of the levels whose goals count.

    Returns
    -------
    list
        The numbers of the visits of each part, the smallest part first. Small ones are put
        together.
    """
    joined = _Joined()
    for visit in alone:
        joined.join([visit, *_shared(book, alone, visit)])
    for some in _ties(book, levels):
        joined.join(visit for visit in some if visit in alone)
    parts: dict[Hashable, list[int]] = {}
    for visit in alone:
        parts.setdefault(joined.root(visit), []).append(visit)
    return _together(sorted(parts.values(), key=lambda part: (len(part), part)))


def _shared(book: Rulebook, alone: Alone, visit: int) -> Iterator[Hashable]:
    """Yield what a visit may share with others: its request, sessions and resources."""
    what = book.prepared.visits[visit]
    if what.request_index >= 0:
        yield "request", what.request_index
    for session in (visit, *what.joins):
        yield "session", session
    for found in alone[visit]:
        for by_resource in found.by_need:
            for resource in by_resource:
                yield "resource", resource


def _ties(book: Rulebook, levels: Collection[int]) -> Iterator[Iterable[int]]:
    """Yield what rules, and goals of these levels, tie together."""
    for rule in book.rules:
        if not rule.local:
            yield from rule.ties(book.prepared)
    for goal, level, _ in book.weighed:
        if level in levels and not goal.local:
            yield from goal.ties(book.prepared)


def _together(parts: list[list[int]]) -> list[list[int]]:
    """Put small parts together, the smallest first."""
    found: list[list[int]] = []
    for part in parts:
        if found and len(found[-1]) + len(part) <= TOGETHER:
            found[-1] = sorted([*found[-1], *part])
        else:
            found.append(part)
    return found


class _Joined:
    """Things in sets that become one where they are joined (union-find)."""

    def __init__(self) -> None:
        self._above: dict[Hashable, Hashable] = {}

    def root(self, thing: Hashable) -> Hashable:
        """Return what stands for the set of a thing."""
        above = self._above.setdefault(thing, thing)
        while above != thing:
            self._above[thing] = self._above[above]
            thing, above = above, self._above[above]
        return thing

    def join(self, things: Iterable[Hashable]) -> None:
        """Let things be in one set."""
        first: Hashable = None
        for thing in things:
            root = self.root(thing)
            if first is None:
                first = root
            elif root != first:
                self._above[root] = first


def prove_parts(
    book: Rulebook,
    parts: Sequence[Sequence[int]],
    must: set[int],
    best: Incumbent,
    bounds: Sequence[int | None],
    params: Params,
    budget: Budget,
    tell: Tell,
    levels: Sequence[int],
    trial: float,
) -> tuple[Incumbent, list[int | None]]:
    """Solve some levels by a model for each part, and add up what is proved of them.

    What the parts could save in a level, all together, is a bound of the whole as long as no part
    could trade anything for it in a level before: so only where those are proved.

    Parameters
    ----------
    book
        Rules and goals in force.
    parts
        All visits that may move, in parts that are independent in these levels.
    must
        Visits that have to be placed.
    best, bounds
        A schedule, and lower bounds of all levels.
    params, budget
        Settings, and what may be used up: each part has a share by its size.
    tell
        Hears of better schedules.
    levels
        Numbers of the levels to solve; those before them stay as they are.
    trial
        Share of a part's time after which it ends where it is still far from its bound.
    """
    bounds = list(bounds)
    if len(parts) <= 1:
        free = parts[0] if parts else ()
        proof = prove(
            book,
            best.placements,
            free,
            must,
            best,
            bounds,
            params,
            budget,
            tell,
            levels,
            trial=trial,
        )
        assert proof.best is not None
        return proof.best, list(proof.bounds)
    count = waiting = sum(map(len, parts))
    savings: dict[int, int | None] = dict.fromkeys(levels, 0)
    for part in parts:
        proof = prove(
            book,
            best.placements,
            part,
            must.intersection(part),
            best,
            bounds,
            replace(params, gap=params.gap * len(part) / count),
            budget.part(len(part) / waiting),
            lambda found, _, level: tell(found, bounds, level),
            levels,
            trial=trial,
        )
        assert proof.best is not None
        best = proof.best
        waiting -= len(part)
        for level, saved in savings.items():
            bound = proof.bounds[level]
            if saved is None or bound is None:
                savings[level] = None
            else:
                savings[level] = saved + best.costs[level] - bound
    for level, saved in savings.items():
        if saved is None or not all(map(_proved, best.costs[:level], bounds)):
            break
        known = bounds[level]
        bound = best.costs[level] - saved
        bounds[level] = bound if known is None else max(known, bound)
    return best, bounds


def _proved(cost: int, bound: int | None) -> bool:
    return bound is not None and cost <= bound
