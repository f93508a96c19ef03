"""Parts of a problem that have nothing to do with each other, each of which is solved by itself."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import replace

from allocator.solve.bound import Alone, greater, served_less
from allocator.solve.budget import Budget
from allocator.solve.direct import prove
from allocator.solve.incumbent import Incumbent
from allocator.solve.params import Params
from allocator.solve.progress import Tell
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook

#: Visits up to which small parts are put together: a model each would not be worth its start.
TOGETHER = 12
#: Visits that would take as long to solve as there goes into any model, however small.
EACH = 20


class Parts:
    """A problem in parts that are independent.

    Parameters
    ----------
    book
        Rules and goals in force.
    frozen, alone
        The state in which only the frozen visits are placed, and what the others could do then.
    must
        Visits that have to be placed.
    """

    def __init__(self, book: Rulebook, frozen: State, alone: Alone, must: set[int]) -> None:
        self.book = book
        self.frozen = frozen
        self.alone = alone
        self.must = must
        self._known: dict[int, list[list[int]]] = {}

    def up_to(self, level: int) -> list[list[int]]:
        """Return the parts that are independent in all levels up to one, by its number."""
        if level not in self._known:
            self._known[level] = independent(self.book, self.alone, range(level + 1))
        return self._known[level]

    def prove(
        self,
        best: Incumbent,
        bounds: Sequence[int | None],
        params: Params,
        budget: Budget,
        tell: Tell,
        levels: Sequence[int],
        trial: float,
    ) -> tuple[Incumbent, list[int | None]]:
        """Solve some levels by a model for each part, and add up what is proved of them.

        What the parts could save in a level, all together, is a bound of the whole as long as no
        part could trade anything for it in a level before: so only where those are proved.

        Parameters
        ----------
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
        parts = self.up_to(max(levels, default=-1))

        def proof_of(
            part: Sequence[int],
            floors: Sequence[int | None],
            share: float = 1.0,
            gap: float = params.gap,
            tell: Tell = tell,
        ) -> tuple[Incumbent, Sequence[int | None]]:
            proof = prove(
                self.book,
                best.placements,
                part,
                self.must.intersection(part),
                best,
                floors,
                replace(params, gap=gap),
                budget.part(share),
                tell,
                levels,
                trial=trial,
            )
            assert proof.best is not None
            return proof.best, proof.bounds

        if len(parts) <= 1:
            best, whole = proof_of(parts[0] if parts else (), bounds)
            return best, list(whole)
        count = sum(map(len, parts))
        less = self._less(parts, best)
        waiting = [_size(part) for part in parts]
        savings: dict[int, int | None] = dict.fromkeys(levels, 0)
        for part, behind in zip(parts, less, strict=True):
            size = waiting.pop(0)
            floors = [
                greater(bound, None if more is None else cost - more)
                for bound, cost, more in zip(bounds, best.costs, behind, strict=True)
            ]
            proved: Sequence[int | None] = floors
            if not budget.over and not all(_proved(best.costs[n], floors[n]) for n in levels):
                best, proved = proof_of(
                    part,
                    floors,
                    size / (size + sum(waiting)),
                    params.gap * len(part) / count,
                    lambda found, _, level: tell(found, bounds, level),
                )
            for level, saved in savings.items():
                bound = proved[level]
                if saved is None or bound is None:
                    savings[level] = None
                else:
                    savings[level] = saved + best.costs[level] - bound
        for level, saved in savings.items():
            if saved is None or not all(map(_proved, best.costs[:level], bounds)):
                break
            bounds[level] = greater(bounds[level], best.costs[level] - saved)
        return best, bounds

    def _less(self, parts: Sequence[Sequence[int]], best: Incumbent) -> list[list[int | None]]:
        """Return for each part by how much less is served than could be, each request alone."""
        prepared = self.book.prepared
        timetable = Timetable(prepared, best.placements)
        found = []
        for part in parts:
            asked = sorted({prepared.visits[v].request_index for v in part} - {-1})
            requests = [prepared.requests[r] for r in asked]
            found.append(served_less(self.book, self.frozen, self.alone, requests, timetable))
        return found


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


def _size(part: Sequence[int]) -> int:
    """Return what a part is taken to cost: a model of nobody costs something, too."""
    return EACH + len(part)


def _proved(cost: int, bound: int | None) -> bool:
    return bound is not None and cost <= bound
