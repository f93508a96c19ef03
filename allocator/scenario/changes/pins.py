"""Visits that stay where they are published, or that may move."""

from __future__ import annotations

from dataclasses import dataclass, replace

from allocator.domain.problem import Problem
from allocator.domain.request import Pin, PinKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """Published visits that are held fast, or let go.

    Attributes
    ----------
    hold
        Ids of visits, or of requests for all their visits.
    release
        The same, of those that may move.
    kind
        What is held fast of them.
    """

    hold: tuple[str, ...] = ()
    release: tuple[str, ...] = ()
    kind: PinKind = PinKind.ALL

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with these pins."""
        changed = {*self.hold, *self.release}
        kept = tuple(pin for pin in problem.pins if pin.visit not in changed)
        return replace(
            problem, pins=(*kept, *(Pin(visit=visit, kind=self.kind) for visit in self.hold))
        )

    def text(self) -> str:
        """Say what is held."""
        said = [f"hold {', '.join(self.hold)}"] if self.hold else []
        said += [f"release {', '.join(self.release)}"] if self.release else []
        return " and ".join(said) or "pins as now"
