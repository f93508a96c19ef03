"""The requests that have come in, with what belongs to them."""

from __future__ import annotations

from dataclasses import dataclass, field

from allocator.domain.request import Apart, Precedence, Relation, Request, Session
from allocator.generate.grid import Ticks


@dataclass(slots=True)
class Incoming:
    """The requests so far, with what belongs to them.

    ``usual`` names each patient's usual practitioner; ``kept`` the ticks at which a fixed
    series would find its practitioner and room, which bookings leave alone.
    """

    requests: list[Request] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    precedences: list[Precedence] = field(default_factory=list)
    apart: list[Apart] = field(default_factory=list)
    usual: dict[str, str] = field(default_factory=dict)
    kept: dict[str, Ticks] = field(default_factory=dict)
