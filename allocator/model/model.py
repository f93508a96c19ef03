"""The CP-SAT model of some free visits, all else fixed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from ortools.sat.python import cp_model

from allocator.model.daily_capacity import limit_days
from allocator.model.overlaps import Overlaps
from allocator.model.pools import Pools, coloured, find_pools, first_members
from allocator.model.views import VisitVariables
from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.visit import Placement, TickClaim, Visit
from allocator.state.state import State
from allocator.state.verbs import Expression, Literal
from allocator.table.options import Options, options
from allocator.table.rulebook import Rulebook

T = TypeVar("T")


@lru_cache(maxsize=50_000)
def domain_of(mask: Mask) -> cp_model.Domain:
    """Return a set of ticks as a domain of CP-SAT."""
    return cp_model.Domain.from_intervals([[a, b - 1] for a, b in masks.spans(mask)])


class _Proto(cp_model.CpModel):
    """A model of CP-SAT without the older names of all its methods.

    Each model is given them anew, which takes 0.65 ms: some small ones are solved in ten.
    """

    def _add_pre_pep8_methods(self) -> None:
        """Add none of them."""


class Model:
    """Variables for the free visits, and the verbs in which rules and goals speak of them.

    Parameters
    ----------
    book
        Rules and goals in force.
    state
        What is fixed: the free visits are not placed in it, but pending.
    free
        Numbers of the visits to be placed.
    must
        Numbers of free visits that have to be placed.
    levels
        Numbers of the levels whose goals are expressed; by default all.
    tight
        Whether to say more than is needed, for better bounds: pays where the whole is proved.
    pooled
        Whether the first of some resources that nothing tells apart may stand for all of them.
    narrowed
        What of each variant's starts is to be thought of.
    heed
        Is called again and again while the model is built: what it raises ends that.
    """

    def __init__(
        self,
        book: Rulebook,
        state: State,
        free: Iterable[int],
        must: Iterable[int] = (),
        *,
        levels: Iterable[int] | None = None,
        tight: bool = False,
        pooled: bool = False,
        narrowed: Callable[[Options], Options] = lambda found: found,
        heed: Callable[[], None] = lambda: None,
    ) -> None:
        self.book = book
        self.prepared = book.prepared
        self.state = state
        self.cp: cp_model.CpModel = _Proto()
        self.free: Sequence[Visit] = [self.prepared.visits[v] for v in sorted(free)]
        self._free = {visit.index for visit in self.free}
        self.true = self.cp.new_constant(1)
        self.false = self.cp.new_constant(0)
        self.objective: list[list[cp_model.LinearExprT]] = [[] for _ in book.levels]
        self._speaking = -1
        self._memo: dict[Hashable, Any] = {}
        self._by_start: dict[tuple[int, int | None], tuple[Literal, npt.NDArray[np.int64]]] = {}
        self._products: dict[tuple[int, ...], cp_model.IntVar] = {}
        self._unions: dict[tuple[int, ...], cp_model.IntVar] = {}
        self.overlaps = Overlaps(self)
        self._apart: dict[tuple[object, ...], list[cp_model.IntVar]] = {}
        self._users: dict[int, list[tuple[Visit, int]]] = {}
        required = set(must)
        wanted = set(range(len(book.levels)) if levels is None else levels)
        goals = {n: goal for n, goal in enumerate(book.goals) if book.level(n) in wanted}
        found: dict[int, list[Options]] = {}
        for visit in self.free:
            heed()
            found[visit.index] = [narrowed(one) for one in options(book, state, visit)]
        self.pools: Pools = {}
        if pooled:
            self.pools = find_pools(self.prepared, book.rules, goals.values(), self.free, found)
        self.views: dict[int, VisitVariables] = {}
        for visit in self.free:
            heed()
            some = [first_members(one, self.pools) for one in found[visit.index]]
            self.views[visit.index] = VisitVariables(self, visit, some, visit.index in required)
        for rule in book.rules:
            heed()
            rule.constrain(self)
        self.overlaps.post()
        for number, goal in goals.items():
            heed()
            self._speaking = number
            goal.express(self)
        self._charge_starts()
        if tight:
            limit_days(self)
        for view in self.views.values():
            heed()
            view.tie()

    # Ask

    def is_free(self, visit: int) -> bool:
        """Say whether a visit is free in this model."""
        return visit in self._free

    def present(self, visit: int) -> Literal:
        """Return whether a visit is placed: a literal, or a constant for a fixed one."""
        if visit in self._free:
            return self.views[visit].present
        return self.false if self.state.placements[visit] is None else self.true

    def start(self, visit: int) -> Expression:
        """Return a visit's start in ticks; means nothing where it is not placed."""
        if visit in self._free:
            return self.views[visit].start
        placement = self.state.placements[visit]
        return 0 if placement is None else placement.start

    def end(self, visit: int) -> Expression:
        """Return a visit's end in ticks; means nothing where it is not placed."""
        if visit in self._free:
            return self.views[visit].end
        placement = self.state.placements[visit]
        return 0 if placement is None else placement.start + placement.duration

    def candidates(self, visit: int) -> Mask:
        """Return the starts that a free visit still has."""
        return self.views[visit].starts

    def durations(self, visit: int) -> tuple[int, ...]:
        """Return the lengths in ticks that a visit may have."""
        if visit in self._free:
            return tuple(sorted({o.variant.duration for o in self.views[visit].options}))
        placement = self.state.placements[visit]
        return () if placement is None else (placement.duration,)

    def lasts(self, visit: int, duration: int) -> Literal:
        """Return whether a placed visit lasts so many ticks."""
        if visit in self._free:
            return self.views[visit].lasts(duration)
        placement = self.state.placements[visit]
        return self.true if placement and placement.duration == duration else self.false

    def users(self, resource: int) -> Sequence[tuple[Visit, int]]:
        """Return the free visits, with their needs, that may take a resource."""
        return self._users.get(resource, ())

    def takes(self, visit: int, need: int, resource: int) -> Literal:
        """Return whether a placed visit takes a resource for a need."""
        if visit in self._free:
            return self.views[visit].takes.get((need, resource), self.false)
        placement = self.state.placements[visit]
        return self.true if placement and resource in placement.team[need] else self.false

    def choices(self, visit: int, need: int) -> Sequence[int]:
        """Return the resources that a visit may take for a need."""
        if visit in self._free:
            return self.views[visit].choices[need]
        placement = self.state.placements[visit]
        return () if placement is None else placement.team[need]

    def at(self, visit: int, starts: Mask) -> Literal:
        """Return whether a visit is placed at one of these starts."""
        if visit in self._free:
            return self.views[visit].at(starts)
        placement = self.state.placements[visit]
        return self.true if placement and starts >> placement.start & 1 else self.false

    def days(self, visit: int) -> Mapping[int, Literal]:
        """Return for each local day of the visit's clock whether it is placed on that day."""
        if visit in self._free:
            return self.views[visit].days
        placement = self.state.placements[visit]
        if placement is None:
            return {}
        clock = self.prepared.visits[visit].clock
        return {int(clock.day_of[placement.start]): self.true}

    def day(self, visit: int) -> Expression:
        """Return the local day of a visit; 0 where it is not placed."""
        return sum(day * literal for day, literal in self.days(visit).items())

    def minute(self, visit: int) -> Expression:
        """Return the local wall minute of a visit's start; 0 where it is not placed."""
        if visit in self._free:
            return self.views[visit].minute
        placement = self.state.placements[visit]
        clock = self.prepared.visits[visit].clock
        return 0 if placement is None else int(clock.minute_of[placement.start])

    def joined(self, visit: int, session: int) -> Literal:
        """Return whether a placed visit joins a session (by the number of its visit)."""
        if visit in self._free:
            return self.views[visit].joined(session)
        placement = self.state.placements[visit]
        return self.true if placement and placement.session == session else self.false

    def located(self, visit: int, location: int) -> Literal:
        """Return whether a placed visit takes place at a location."""
        if visit in self._free:
            return self.views[visit].located(location)
        placement = self.state.placements[visit]
        return self.true if placement and placement.location == location else self.false

    def all_of(self, literals: Iterable[Literal]) -> Literal:
        """Return whether all of these hold."""
        some = {literal.index: literal for literal in literals if literal is not self.true}
        if any(literal is self.false for literal in some.values()):
            return self.false
        if not some:
            return self.true
        if len(some) == 1:
            return next(iter(some.values()))
        key = tuple(sorted(some))
        if key not in self._products:
            product = self.cp.new_bool_var("")
            self.cp.add_bool_and(*some.values()).only_enforce_if(product)
            self.cp.add_bool_or(product, *(~literal for literal in some.values()))
            self._products[key] = product
        return self._products[key]

    def any_of(self, literals: Iterable[Literal]) -> Literal:
        """Return whether at least one of these holds."""
        some = {literal.index: literal for literal in literals if literal is not self.false}
        if any(literal is self.true for literal in some.values()):
            return self.true
        if not some:
            return self.false
        if len(some) == 1:
            return next(iter(some.values()))
        key = tuple(sorted(some))
        if key not in self._unions:
            union = self.cp.new_bool_var("")
            self.cp.add_bool_or(*some.values()).only_enforce_if(union)
            for literal in some.values():
                self.cp.add_implication(literal, union)
            self._unions[key] = union
        return self._unions[key]

    def opposite(self, literal: Literal) -> Literal:
        """Return whether a literal does not hold."""
        if literal is self.true:
            return self.false
        return self.true if literal is self.false else ~literal

    def literal(self, name: str) -> Literal:
        """Return a new literal, which the solver chooses."""
        return self.cp.new_bool_var(name)

    def integer(self, low: int, high: int, name: str) -> Expression:
        """Return a new integer between these, ends included."""
        return self.cp.new_int_var(low, high, name)

    def greatest(self, expressions: Iterable[Expression], low: int, high: int) -> Expression:
        """Return the greatest of some expressions, all of which lie between these."""
        greatest = self.cp.new_int_var(low, high, "")
        self.cp.add_max_equality(greatest, expressions)
        return greatest

    def boolean(self) -> Literal:
        """Return a new truth value."""
        return self.cp.new_bool_var("")

    def memo(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return what ``compute`` gives, remembered for this model."""
        if key not in self._memo:
            self._memo[key] = compute()
        return self._memo[key]

    # Say

    def no_overlap(self, resource: int, *, padded: bool) -> None:
        """Let free visits share a resource only as far as its lanes go."""
        self.overlaps.share(resource, padded)

    def reserve(self, resource: int, starts: Mask, length: int) -> None:
        """Keep a floating stretch of a resource free of claims and of other such stretches."""
        start = self.cp.new_int_var_from_domain(domain_of(starts), "")
        self.overlaps.reserve(resource, start, starts, length)

    def pause(
        self,
        resource: int,
        starts: Mask,
        length: int,
        *,
        after: tuple[int, int] | None = None,
        within: int = 0,
    ) -> None:
        """Keep a floating stretch of a resource free of claims, where a claim asks for it."""
        start = self.cp.new_int_var_from_domain(domain_of(starts), "")
        taken = self.true
        if after is not None:
            claim = (*after, resource)
            taken = self.takes(*claim)
            self.at_most(self._edge(claim, last=True, padded=True), start, when=[taken])
            latest = self._edge(claim, last=False, padded=True) + within
            self.at_most(start, latest, when=[taken])
        pause = self.cp.new_optional_fixed_size_interval_var(start, length, taken, "")
        self.overlaps.pause(resource, pause)

    def separate(
        self,
        one: tuple[int, int, int],
        other: tuple[int, int, int],
        one_first: int,
        other_first: int,
        *,
        padded: bool,
        enforced: Iterable[Literal] = (),
    ) -> None:
        """Keep two claims (visit, need, resource) apart by a gap that depends on who is first."""
        key = (one[:2], other[:2], one_first, other_first, padded)
        if key not in self._apart:
            # Shared by all resources and circumstances in which this gap holds.
            orders = []
            for first, second, gap in ((one, other, one_first), (other, one, other_first)):
                order = self.cp.new_bool_var("")
                self.at_most(
                    self._edge(first, last=True, padded=padded) + gap,
                    self._edge(second, last=False, padded=padded),
                    when=[order],
                )
                orders.append(order)
            self._apart[key] = orders
        both = [self.takes(*one), self.takes(*other), *enforced]
        if not any(literal is self.false for literal in both):
            self.cp.add_bool_or(*self._apart[key], *(~literal for literal in both))

    def at_most(
        self, expression: Expression, most: Expression, *, when: Iterable[Literal] = ()
    ) -> None:
        """Let an expression be at most another, where all literals hold."""
        self._enforce(expression <= most, when)

    def equal(self, one: Expression, other: Expression, *, when: Iterable[Literal] = ()) -> None:
        """Let two expressions be equal, where all literals hold."""
        self._enforce(one == other, when)

    def differ(self, one: Expression, other: Expression, *, when: Iterable[Literal] = ()) -> None:
        """Let two expressions be different, where all literals hold."""
        self._enforce(one != other, when)

    def limit_load(
        self,
        parts: Iterable[tuple[Literal, Expression, int]],
        fixed: Mapping[int, int],
        most: int,
    ) -> None:
        """Let amounts, each due to a number where its literal holds, sum to at most so much."""
        some = [part for part in parts if part[0] is not self.false]
        held = [(number, min(load, most)) for number, load in sorted(fixed.items()) if load > 0]
        self.cp.add_cumulative(
            [
                self.cp.new_optional_fixed_size_interval_var(number, 1, literal, "")
                for literal, number, _ in some
            ]
            + [self.cp.new_fixed_size_interval_var(number, 1, "") for number, _ in held],
            [amount for _, _, amount in some] + [load for _, load in held],
            most,
        )

    def imply(self, literals: Iterable[Literal], consequence: Literal) -> None:
        """Let the consequence hold where all literals do."""
        if consequence is not self.true:
            self.cp.add_bool_or(consequence, *(~literal for literal in literals))

    def forbid(self, literals: Iterable[Literal]) -> None:
        """Let the literals never hold all at once."""
        self.cp.add_bool_or(*(~literal for literal in literals))

    def cost(self, amount: Expression, request: int = -1) -> None:
        """Add an amount of the goal that is speaking, in the name of a request or of nobody."""
        weight = self.book.weight(self._speaking, request)
        if weight:
            self.objective[self.book.level(self._speaking)].append(weight * amount)

    def cost_by_start(
        self,
        visit: int,
        ticks: npt.NDArray[np.int64],
        amounts: npt.NDArray[np.int64],
        *,
        when: Literal | None = None,
        request: int = -1,
    ) -> None:
        """Add an amount that depends on the start, for a placed visit where ``when`` holds."""
        weight = self.book.weight(self._speaking, request)
        known = self.views[visit].ticks
        if not len(ticks) or when is self.false:
            return
        if when is self.views[visit].present:
            when = None
        key = (visit, None if when is None else when.index)
        if key not in self._by_start:
            zero = np.zeros((len(self.objective), len(known)), dtype=np.int64)
            self._by_start[key] = (when, zero)
        costs = self._by_start[key][1][self.book.level(self._speaking)]
        costs[np.searchsorted(known, ticks)] += weight * amounts

    # Inside

    def add_user(self, visit: Visit, need: int, resource: int) -> None:
        """Note that a free visit may take a resource for a need."""
        self._users.setdefault(resource, []).append((visit, need))

    def _charge_starts(self) -> None:
        """Charge what goals have said by start: once for all of them, and for starts alike."""
        for (visit, _), (when, costs) in self._by_start.items():
            for amounts, starts in masks.alike(self.views[visit].ticks, costs).items():
                if any(amounts):
                    at = self.at(visit, starts)
                    literal = at if when is None else self.all_of([at, when])
                    for level, amount in enumerate(amounts):
                        if amount:
                            self.objective[level].append(amount * literal)

    def _enforce(self, bounded: object, when: Iterable[Literal]) -> None:
        literals = [literal for literal in when if literal is not self.true]
        if any(literal is self.false for literal in literals):
            return
        if isinstance(bounded, bool | np.bool_):
            if not bounded:
                self.cp.add_bool_or(*(~literal for literal in literals))
            return
        self.cp.add(bounded).only_enforce_if(*literals)  # type: ignore[arg-type]

    def _edge(self, claim: tuple[int, int, int], *, last: bool, padded: bool) -> Expression:
        """Return where a visit's claim for a need starts or ends, free or fixed."""
        visit, need, _ = claim
        what = self.prepared.visits[visit].needs[need]
        pad = (what.after if last else -what.before) if padded else 0
        if what.part is None:
            return (self.end(visit) if last else self.start(visit)) + pad
        length, offset, from_end = what.part
        if from_end:
            return self.end(visit) - offset - (0 if last else length) + pad
        return self.start(visit) + offset + (length if last else 0) + pad

    # Results

    def level_cost(self, level: int) -> cp_model.LinearExprT:
        """Return what the free visits add to a level's cost."""
        return sum(self.objective[level]) if self.objective[level] else 0

    def hint(self, placements: Mapping[int, Placement | None]) -> None:
        """Suggest where the free visits might lie."""
        self.cp.clear_hints()
        for visit in self.free:
            self.views[visit.index].hint(placements.get(visit.index))

    def read(self, value: object) -> dict[int, Placement | None]:
        """Return where a solution puts the free visits, with members of pools by their names."""
        found = {visit.index: self.views[visit.index].read(value) for visit in self.free}
        if not self.pools:
            return found
        return coloured(self.prepared, self.pools, found, self._kept)

    def _kept(self, claim: TickClaim) -> tuple[int, int]:
        """Return the ticks of a claim from which others on the resource keep off."""
        padded = self.overlaps.padded(claim.resource)
        if padded is None:
            return claim.first, claim.first
        return (claim.first, claim.end) if padded else (claim.part_first, claim.part_end)

    def members(self, resource: int) -> tuple[int, ...]:
        """Return for whom a resource stands: the members of its pool, or itself."""
        return self.pools.get(resource, (resource,))
