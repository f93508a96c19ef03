"""Distributions that several classes miss together: what they are over, as rules and as goals."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import partial

from allocator.bench.common import placeable
from allocator.bench.itc2019.clauses import ticks
from allocator.bench.itc2019.instance import Distribution, Pattern
from allocator.bench.itc2019.tables import Tables, Vector
from allocator.goals.goal import Amount, Amounts, Goal, Ticks
from allocator.prepare import masks
from allocator.prepare.masks import Mask, from_flags
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Expression, Verbs

#: A day of one or more weeks, as the classes of a distribution that may meet on it see it: by
#: class, the ticks of the patterns that do so.
Cell = dict[int, Mask]


class Measure(ABC):
    """How far some classes are over what a distribution allows.

    Attributes
    ----------
    by
        The distribution.
    whole
        Whether it can be judged only of all its classes: one more may put things right.
    """

    whole = False

    def __init__(self, tables: Tables, by: Distribution) -> None:
        self.tables = tables
        self.by = by

    @abstractmethod
    def over(self, some: Sequence[Pattern]) -> int:
        """Return how far patterns are over, all together."""

    @abstractmethod
    def beside(self, some: Sequence[int]) -> Vector:
        """Return by tick how far that and some other ticks are over, all together."""

    @abstractmethod
    def express(self, model: Verbs, members: Sequence[int]) -> Expression:
        """Return how far classes are over, or more: to be pressed down. Some may be fixed."""

    @property
    def price(self) -> tuple[int, int]:
        """What being over by so many costs; of a count over all weeks, each week its part."""
        return self.by.penalty or 0, self.tables.instance.weeks

    def cost(self, over: int) -> int:
        """Return what it costs to be so far over, rounded down."""
        each, many = self.price
        return each * over // many

    def placed(self, placements: Sequence[Placement | None]) -> list[int]:
        """Return the starts of those of its classes that are placed."""
        return [at.start for v in self.by.classes if (at := placements[v]) is not None]

    def now(self, state: State) -> int:
        """Return how far the classes that are placed are over."""
        return self.over([self.tables.patterns[tick] for tick in self.placed(state.placements)])

    def cells(self, model: Verbs, members: Sequence[int]) -> list[tuple[int, Cell]]:
        """Return the days of weeks on which classes may meet, those alike once: how many."""
        some: dict[int, Vector] = {}
        for member in members:
            at = model.state.placements[member]
            if model.is_free(member):
                some[member] = ticks(model, member)
            elif at is not None:
                some[member] = masks.ticks_of(1 << at.start)
        found: dict[tuple[tuple[int, Mask], ...], int] = {}
        for cell in range(self.tables.cells.shape[1]):
            meet = {v: at[self.tables.cells[at, cell]] for v, at in some.items()}
            key = tuple((v, masks.from_ticks(at.tolist())) for v, at in meet.items() if len(at))
            found[key] = found.get(key, 0) + 1
        return [(many, dict(key)) for key, many in found.items() if key]


class Together(Rule):
    """A kind of distribution that is required of several classes together."""

    moving = True

    def __init__(self, measures: Sequence[Measure]) -> None:
        self.measures = tuple(measures)

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any classes ask for it."""
        return bool(self.measures)

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the distributions that are over what they allow."""
        for one in self.measures:
            at = one.placed(timetable.placements)
            if one.whole and len(at) < len(one.by.classes):
                continue
            over = one.over([one.tables.patterns[tick] for tick in at])
            if over:
                some = [v for v in one.by.classes if timetable.placements[v] is not None]
                names = ", ".join(timetable.prepared.visits[v].id for v in some)
                message = f"{one.by.label} of visits {names} is exceeded by {over}."
                yield violation(self, timetable, message, some)

    def starts(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return the patterns with which nothing is exceeded more than it is."""
        mask = EVERY
        for number, one in enumerate(self.measures):
            if visit.index in one.by.classes:
                mask &= state.memo_of_all((self.name, number), partial(_allowed, one, state))
        return mask

    def constrain(self, model: Verbs) -> None:
        """Let free classes exceed nothing beside fixed ones."""
        free = frozenset(placeable(model))
        for one in self.measures:
            some = [v for v in one.by.classes if v in free]
            if some:
                placed = [*map(model.present, one.by.classes)] if one.whole else ()
                fixed = 0 if one.whole else one.now(model.state)
                model.at_most(one.express(model, one.by.classes), fixed, when=placed)


def _allowed(one: Measure, state: State) -> Mask:
    """Return the patterns in which one more of the classes may meet."""
    placed = one.placed(state.placements)
    if one.whole and len(placed) + 1 < len(one.by.classes):
        return EVERY
    fixed = 0 if one.whole else one.now(state)
    return from_flags(one.beside(placed) <= fixed)


class MissedTogether(Goal):
    """A kind of distribution that several classes wish for together."""

    unit = "points"
    common = True

    def __init__(self, measures: Sequence[Measure]) -> None:
        self.measures = tuple(one for one in measures if one.by.penalty)

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any classes wish for it."""
        return bool(self.measures)

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield the penalty of each distribution."""
        for one in self.measures:
            at = one.placed(timetable.placements)
            cost = one.cost(one.over([one.tables.patterns[tick] for tick in at]))
            if cost:
                some = (v for v in one.by.classes if timetable.placements[v] is not None)
                yield Amount(cost, visits=tuple(some))

    def costs(self, state: State, visit: Visit, variant: Variant, ticks: Ticks) -> Amounts:
        """Return what each pattern adds to what the classes placed cost."""
        total: Amounts = 0
        for number, one in enumerate(self.measures):
            if visit.index in one.by.classes:
                added = state.memo_of_all((self.name, number), partial(_added, one, state))
                total = total + added[ticks]
        return total

    def express(self, model: Verbs) -> None:
        """Charge what free classes are over beside fixed ones; rounded down at the very end."""
        free = frozenset(placeable(model))
        for one in self.measures:
            if free.isdisjoint(one.by.classes):
                continue
            each, many = one.price
            most = len(one.by.classes) * one.tables.instance.slots * one.tables.cells.shape[1]
            cost = model.integer(0, each * most // many, "missed")
            over = one.express(model, one.by.classes)
            model.at_most(each * over, many * cost + (many - 1))
            model.cost(cost - one.cost(one.now(model.state)))


def _added(one: Measure, state: State) -> Vector:
    """Return by tick what one more class in that pattern costs."""
    each, many = one.price
    after: Vector = each * one.beside(one.placed(state.placements)) // many
    return after - one.cost(one.now(state))
