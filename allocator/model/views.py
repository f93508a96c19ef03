"""The variables of one free visit."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from ortools.sat.python import cp_model

from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.visit import Placement, Visit
from allocator.state.verbs import Expression, Literal
from allocator.table.options import Options

if TYPE_CHECKING:
    from allocator.model.model import Model


class VisitVariables:
    """Presence, start, variant and resources of a free visit; further literals on demand.

    Parameters
    ----------
    model
        The model that they belong to.
    visit
        The visit.
    options
        What each of its variants may do; empty where it cannot be placed.
    required
        Whether it has to be placed.
    """

    def __init__(self, model: Model, visit: Visit, options: list[Options], required: bool) -> None:
        from allocator.model.model import domain_of

        self.model = model
        self.visit = visit
        self.options = options
        cp = model.cp
        self.starts: Mask = 0
        for found in options:
            self.starts |= found.starts
        self._at: dict[Mask, Literal] = {}
        self._tied = False
        self._lasts: dict[int, Literal] = {}
        self.takes: dict[tuple[int, int], Literal] = {}
        self.choices: list[list[int]] = [
            sorted({r for found in options for r in found.by_need[n]})
            for n in range(len(visit.needs))
        ]
        if not options:
            self.present: Literal = model.false
            self.start: Expression = model.cp.new_constant(0)
            self.variants: list[Literal] = []
            self.end: Expression = self.start
            if required:
                cp.add_bool_or()
            return
        self.present = model.true if required else cp.new_bool_var(f"placed {visit.id}")
        self.start = cp.new_int_var_from_domain(domain_of(self.starts), f"start {visit.id}")
        if len(options) == 1:
            self.variants = [self.present]
        else:
            self.variants = [cp.new_bool_var("") for _ in options]
            cp.add(sum(self.variants) == self.present)
        for found, literal in zip(options, self.variants, strict=True):
            if found.starts != self.starts:
                cp.add_linear_expression_in_domain(
                    self.start, domain_of(found.starts)
                ).only_enforce_if(literal)
        durations = {found.variant.duration for found in options}
        if len(durations) == 1:
            self.end = self.start + next(iter(durations))
        else:
            self.end = self.start + sum(
                found.variant.duration * literal
                for found, literal in zip(options, self.variants, strict=True)
            )
        for number, need in enumerate(visit.needs):
            choices = self.choices[number]
            for resource in choices:
                only = len(choices) == need.quantity and not need.optional
                self.takes[number, resource] = (
                    self.present if only else cp.new_bool_var(f"{visit.id} {need.role} {resource}")
                )
                model.add_user(visit, number, resource)
                self._limit(number, resource, domain_of)
            total = sum(self.takes[number, r] for r in choices)
            if need.optional:
                for resource in choices:
                    model.imply([self.takes[number, resource]], self.present)
            elif len(choices) != need.quantity:
                cp.add(total == need.quantity * self.present)
        self._no_double_roles()

    def _limit(
        self, number: int, resource: int, domain_of: Callable[[Mask], cp_model.Domain]
    ) -> None:
        """Tie a resource to its starts, variant by variant."""
        cp = self.model.cp
        takes = self.takes[number, resource]
        for found, literal in zip(self.options, self.variants, strict=True):
            mask = found.by_need[number].get(resource, 0)
            if not mask:
                cp.add_bool_or(~takes, ~literal)
            elif mask != found.starts:
                enforced = cp.add_linear_expression_in_domain(self.start, domain_of(mask))
                enforced.only_enforce_if(takes, literal)

    def _no_double_roles(self) -> None:
        for resource in sorted({r for some in self.choices for r in some}):
            needs = [n for n, some in enumerate(self.choices) if resource in some]
            roles = [self.takes[n, resource] for n in needs]
            if len(roles) > 1:
                self.model.cp.add_at_most_one(roles)

    def lasts(self, duration: int) -> Literal:
        """Return whether the visit is placed with this length."""
        if duration not in self._lasts:
            self._lasts[duration] = self._variant_where(lambda o: o.variant.duration == duration)
        return self._lasts[duration]

    def located(self, location: int) -> Literal:
        """Return whether the visit is placed at this location."""
        return self._variant_where(lambda o: o.variant.location == location)

    def joined(self, session: int) -> Literal:
        """Return whether the visit is placed in this session."""
        return self._variant_where(lambda o: o.variant.session == session)

    def _variant_where(self, condition: Callable[[Options], bool]) -> Literal:
        some = [
            literal
            for found, literal in zip(self.options, self.variants, strict=True)
            if condition(found)
        ]
        if len(some) == len(self.variants):
            return self.present
        return self.model.any_of(some)

    def at(self, starts: Mask) -> Literal:
        """Return whether the visit is placed at one of these starts."""
        mask = starts & self.starts
        if not mask:
            return self.model.false
        if mask == self.starts:
            return self.present
        if mask not in self._at:
            self._at[mask] = self.model.cp.new_bool_var("")
            if self._tied:
                self._tie_alone(mask)
        return self._at[mask]

    def tie(self) -> None:
        """Say at which starts the literals hold that were asked for so far, all together.

        No literal tells the starts of one class apart, and the visit lies in exactly one class.
        To a linear relaxation that says more than each literal tied by itself.
        """
        self._tied = True
        if not self._at:
            return
        cp = self.model.cp
        classes: dict[Mask, Literal] = {}
        for mask in masks.classes(self.starts, self._at):
            classes[mask] = self._at[mask] if mask in self._at else cp.new_bool_var("")
            self._lies_in(mask, classes[mask])
        cp.add(sum(classes.values()) == self.present)
        wide: list[Mask] = []
        for mask in sorted(self._at.keys() - classes.keys(), key=lambda m: (m.bit_count(), m)):
            parts, left = [], mask
            for known in reversed(wide):
                if not known & ~left:
                    parts.append(self._at[known])
                    left &= ~known
            parts += [literal for some, literal in classes.items() if some & left]
            cp.add(sum(parts) == self._at[mask])
            wide.append(mask)

    def _tie_alone(self, mask: Mask) -> None:
        """Say at which starts one literal holds."""
        literal = self._at[mask]
        self._lies_in(mask, literal)
        self._lies_in(self.starts & ~mask, ~literal, self.present)
        self.model.imply([literal], self.present)

    def _lies_in(self, mask: Mask, *literals: Literal) -> None:
        from allocator.model.model import domain_of

        within = self.model.cp.add_linear_expression_in_domain(self.start, domain_of(mask))
        within.only_enforce_if(*literals)

    @cached_property
    def ticks(self) -> npt.NDArray[np.int64]:
        """The starts, ascending."""
        return masks.ticks_of(self.starts)

    @cached_property
    def days(self) -> dict[int, Literal]:
        """For each local day with a start, whether the visit is placed on it."""
        clock = self.visit.clock
        days = np.unique(clock.day_of[self.ticks]).tolist()
        return {day: self.at(clock.day_mask(day)) for day in days}

    @cached_property
    def minute(self) -> Expression:
        """Local wall minute of the start; 0 where the visit is not placed."""
        cp = self.model.cp
        if not self.options:
            return 0
        grain = self.model.prepared.grain
        minute = cp.new_int_var(0, 24 * 60 - 1, "")
        for segment in self.visit.clock.segments:
            literal = self.at(masks.span(segment.first, segment.end))
            if literal is not self.model.false:
                cp.add(
                    minute == segment.first_minute + grain * (self.start - segment.first)
                ).only_enforce_if(literal)
        if self.present is not self.model.true:
            cp.add(minute == 0).only_enforce_if(~self.present)
        return minute

    def hint(self, placement: Placement | None) -> None:
        """Suggest a placement, or none."""
        cp = self.model.cp
        if not self.options:
            return
        if self.present is not self.model.true:
            cp.add_hint(self.present, placement is not None)
        if placement is None:
            return
        cp.add_hint(self.start, placement.start)
        if len(self.options) > 1:
            for found, literal in zip(self.options, self.variants, strict=True):
                cp.add_hint(literal, found.variant[:3] == placement[1:4])
        for (number, resource), literal in self.takes.items():
            if literal is not self.present:
                taken = set(self.model.members(resource)).intersection(placement.team[number])
                cp.add_hint(literal, bool(taken))

    def read(self, solution: Any) -> Placement | None:
        """Return where a solution (anything with ``value`` and ``boolean_value``) puts it."""
        if not self.options or not solution.boolean_value(self.present):
            return None
        variant = next(
            found.variant
            for found, literal in zip(self.options, self.variants, strict=True)
            if solution.boolean_value(literal)
        )
        team = tuple(
            tuple(r for r in some if solution.boolean_value(self.takes[n, r]))
            for n, some in enumerate(self.choices)
        )
        return Placement(
            solution.value(self.start), variant.duration, variant.location, variant.session, team
        )
