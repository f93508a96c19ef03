"""News of a solve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from allocator.domain.schedule import Assignment
from allocator.solve.incumbent import Incumbent


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a solve stands.

    Attributes
    ----------
    phase
        What it is doing: ``"construct"``, ``"demands"``, ``"squeeze"``, ``"price"``, ``"plan"``,
        ``"serve all"``, ``"repair"``, ``"prove"`` or ``"improve"``.
    seconds
        Since the call.
    costs
        Of the best schedule so far, by level; empty before the first.
    bounds
        By level; None where nothing is proved.
    visits_placed, visits
        Counts.
    level
        Name of the level at work; empty where it is none in particular.
    assignments
        Returns the best schedule so far, worked out when it is asked for.
    """

    phase: str
    seconds: float
    costs: tuple[int, ...] = ()
    bounds: tuple[int | None, ...] = ()
    visits_placed: int = 0
    visits: int = 0
    level: str = ""
    assignments: Callable[[], tuple[Assignment, ...]] = field(
        default=tuple, compare=False, repr=False
    )


#: Hears how a solve stands.
Listener = Callable[[Progress], None]
#: The same inside a solve: the best schedule, the bounds of its levels, the level at work.
Tell = Callable[[Incumbent | None, Sequence[int | None], str], None]
