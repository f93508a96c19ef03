"""The verbs in which rules and goals speak to the model.

A literal or expression is opaque here: rules pass on what one verb gives to another, and add
or multiply by integers. Fixed visits do not appear: the candidates of the free ones already
respect them, and aggregates take them as constants.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Visit
from allocator.state.state import State

Literal = Any
Expression = Any
T = TypeVar("T")


class Verbs(Protocol):
    """What a rule or a goal may ask of the model, and say to it."""

    prepared: Prepared
    state: State  #: What is fixed; the free visits are not placed in it.
    free: Sequence[Visit]  #: The visits to be placed, in order of their numbers.

    # Ask

    def is_free(self, visit: int) -> bool:
        """Say whether a visit is free in this model."""
        ...

    def present(self, visit: int) -> Literal:
        """Return whether a visit is placed: a literal, or a constant for a fixed one."""
        ...

    def start(self, visit: int) -> Expression:
        """Return a visit's start in ticks; means nothing where it is not placed."""
        ...

    def end(self, visit: int) -> Expression:
        """Return a visit's end in ticks; means nothing where it is not placed."""
        ...

    def candidates(self, visit: int) -> Mask:
        """Return the starts that a free visit still has."""
        ...

    def durations(self, visit: int) -> tuple[int, ...]:
        """Return the lengths in ticks that a visit may have."""
        ...

    def lasts(self, visit: int, duration: int) -> Literal:
        """Return whether a placed visit lasts so many ticks."""
        ...

    def users(self, resource: int) -> Sequence[tuple[Visit, int]]:
        """Return the free visits, with their needs, that may take a resource."""
        ...

    def takes(self, visit: int, need: int, resource: int) -> Literal:
        """Return whether a placed visit takes a resource for a need."""
        ...

    def choices(self, visit: int, need: int) -> Sequence[int]:
        """Return the resources that a free visit may take for a need."""
        ...

    def at(self, visit: int, starts: Mask) -> Literal:
        """Return whether a visit is placed at one of these starts."""
        ...

    def days(self, visit: int) -> Mapping[int, Literal]:
        """Return for each local day of the visit's clock whether it is placed on that day."""
        ...

    def day(self, visit: int) -> Expression:
        """Return the local day of a visit; 0 where it is not placed."""
        ...

    def minute(self, visit: int) -> Expression:
        """Return the local wall minute of a visit's start; 0 where it is not placed."""
        ...

    def joined(self, visit: int, session: int) -> Literal:
        """Return whether a placed visit joins a session (by the number of its visit)."""
        ...

    def located(self, visit: int, location: int) -> Literal:
        """Return whether a placed visit takes place at a location."""
        ...

    def all_of(self, literals: Iterable[Literal]) -> Literal:
        """Return whether all of these hold."""
        ...

    def any_of(self, literals: Iterable[Literal]) -> Literal:
        """Return whether at least one of these holds."""
        ...

    def opposite(self, literal: Literal) -> Literal:
        """Return whether a literal does not hold."""
        ...

    def literal(self, name: str) -> Literal:
        """Return a new literal, which the solver chooses."""
        ...

    def integer(self, low: int, high: int, name: str) -> Expression:
        """Return a new integer between these, ends included."""
        ...

    def greatest(self, expressions: Iterable[Expression], low: int, high: int) -> Expression:
        """Return the greatest of some expressions, all of which lie between these."""
        ...

    def boolean(self) -> Literal:
        """Return a new truth value."""
        ...

    def memo(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return what ``compute`` gives, remembered for this model."""
        ...

    # Say

    def no_overlap(self, resource: int, *, padded: bool) -> None:
        """Let free visits share a resource only as far as its lanes go."""
        ...

    def reserve(self, resource: int, starts: Mask, length: int) -> None:
        """Keep a floating stretch of a resource free of claims and of other such stretches.

        It starts at one of these ticks, of which none meets what is fixed; buffers count.
        """
        ...

    def pause(
        self,
        resource: int,
        starts: Mask,
        length: int,
        *,
        after: tuple[int, int] | None = None,
        within: int = 0,
    ) -> None:
        """Keep a floating stretch of a resource free of claims, where a claim asks for it.

        It starts at one of these ticks, of which none meets what is fixed; buffers count.
        ``after`` names the claim (visit, need) of the resource: where it is taken, the stretch
        starts at its end or later, and ``within`` so many ticks of its start. Pauses may share
        their time.
        """
        ...

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
        ...

    def at_most(
        self, expression: Expression, most: Expression, *, when: Iterable[Literal] = ()
    ) -> None:
        """Let an expression be at most another, where all literals hold."""
        ...

    def equal(self, one: Expression, other: Expression, *, when: Iterable[Literal] = ()) -> None:
        """Let two expressions be equal, where all literals hold."""
        ...

    def differ(self, one: Expression, other: Expression, *, when: Iterable[Literal] = ()) -> None:
        """Let two expressions be different, where all literals hold."""
        ...

    def limit_load(
        self,
        parts: Iterable[tuple[Literal, Expression, int]],
        fixed: Mapping[int, int],
        most: int,
    ) -> None:
        """Let amounts that fall to the same number (a day, a week) sum to at most so much.

        ``parts`` are literals, the number (or its expression) to which the amount falls where
        the literal holds, and the amount. ``fixed`` is what each number bears already; what
        alone is too much leaves nothing for the others.
        """
        ...

    def imply(self, literals: Iterable[Literal], consequence: Literal) -> None:
        """Let the consequence hold where all literals do."""
        ...

    def forbid(self, literals: Iterable[Literal]) -> None:
        """Let the literals never hold all at once."""
        ...

    def cost(self, amount: Expression, request: int = -1) -> None:
        """Add an amount of the goal that is speaking, in the name of a request or of nobody."""
        ...

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
        ...
