"""What is suggested: places for a whole request, what they cost, and why they are good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from allocator.domain.schedule import Assignment, Claim
from allocator.domain.steering import Band, Saving
from allocator.domain.time import Span

if TYPE_CHECKING:
    from pandas import DataFrame


class ExpectedLoad(Protocol):
    """How busy a kind of resource is expected to be: what suggestions ask of a forecast."""

    def load(self, kind: str, ticks: range) -> npt.NDArray[np.float64]:
        """Return, for each tick of a problem, the expected load of a kind: 0 idle, 1 full."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraLanes:
    """Lanes that are added to a resource for a while, on purpose; in `Index.suggest`.

    Attributes
    ----------
    span
        When: they take only what lies within it, buffers included.
    lanes
        How many.
    """

    span: Span
    lanes: int


class Tag(Enum):
    """A reason for the rank of a suggestion, with its sentence; bad ones say what it costs."""

    SOONEST = "the soonest there is"
    AT_WANTED = "at the time wanted"
    NEAR_WANTED = "close to the time wanted"
    PREFERRED_TIME = "at a time that is preferred"
    PREFERRED_PERSON = "with those who are preferred"
    SAME_CARER = "the same person throughout"
    SAME_TIME = "the same time of day throughout"
    QUIET_HOUR = "a quiet hour"
    CLOSES_GAP = "closes a gap"
    NO_GAP = "leaves no gap"
    AS_BEFORE = "with the same person as before"
    BUSY_HOUR = "a busy hour"
    LEAVES_GAP = "leaves a gap too short for anybody"
    OVERTIME = "in overtime"
    LATE = "after the date by which it is due"
    OPENS = "a group session would be held for it"
    EXTRA_LANE = "beside others, in a lane that was added"
    DISPLACES = "takes the last place of somebody who waits"
    PRIORITY = "of its class of priority"
    WAITED = "has waited"
    FILLS = "fills what came free"
    EARLIER = "earlier than booked"
    TOGETHER = "placed together with others who wait"
    OFFERED = "was offered places and did not take them"

    @property
    def good(self) -> bool:
        """Whether it speaks for the suggestion."""
        return self not in AGAINST


#: What speaks against a suggestion.
AGAINST = frozenset(
    {
        Tag.BUSY_HOUR,
        Tag.LEAVES_GAP,
        Tag.OVERTIME,
        Tag.LATE,
        Tag.OPENS,
        Tag.EXTRA_LANE,
        Tag.DISPLACES,
        Tag.OFFERED,
    }
)


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason for the rank of a suggestion.

    Attributes
    ----------
    tag
        Which.
    text
        In words, with the names and numbers of this suggestion.
    """

    tag: Tag
    text: str


@dataclass(frozen=True, slots=True)
class GoalCost:
    """What a suggestion adds to the cost of a goal, all else as it is; below 0 is better.

    Attributes
    ----------
    level, goal
        Names.
    unit
        What one unit of the amount is.
    amount
        In the unit.
    cost
        In points.
    """

    level: str
    goal: str
    unit: str
    amount: int
    cost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Places for all visits of a request: they are taken together.

    Attributes
    ----------
    visits
        Where each lies, by start; times in the wall time of the place. A group session that is held
        only for it is among them, before those who join it.
    costs
        What each goal pays more, exactly: the score with these visits less the score without.
        Goals that pay nothing are left out.
    levels
        The same by level of the objective, in order.
    rank
        Points by which suggestions are ordered, least first: the cost of the last level, and what
        the asker bears beside the goals (a busy hour by the forecast, the distance from the time
        wanted, whom it displaces).
    reasons
        Why it ranks where it does, the weightiest first.
    load, band
        The expected load of its busiest hour, 0 to 1, and whether that is quiet or busy; None
        without a forecast.
    saving
        What the steering policy offers for it; None where that is nothing.
    displaces
        Ids of requests that wait and would lose the last place they have.
    opens
        Ids of the group sessions that would be held for it, and have no place yet.
    crowded
        What of it would be in lanes that were added: what it takes of those resources.
    labels
        What people call the resources of its visits, by id.
    """

    visits: tuple[Assignment, ...]
    costs: tuple[GoalCost, ...] = ()
    levels: tuple[int, ...] = ()
    rank: int = 0
    reasons: tuple[Reason, ...] = ()
    load: float | None = None
    band: Band | None = None
    saving: Saving | None = None
    displaces: tuple[str, ...] = ()
    opens: tuple[str, ...] = ()
    crowded: tuple[Claim, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def start(self) -> datetime:
        """When its first visit starts."""
        return self.visits[0].start

    @property
    def cost(self) -> int:
        """What it adds to the last level, in points."""
        return self.levels[-1] if self.levels else 0

    def text(self) -> str:
        """Say it in a line or, for several visits, a line for each."""
        called = dict(self.labels)
        lines = []
        for a in self.visits:
            names = ", ".join(called.get(id, id) for id in a.everyone())
            lines.append(f"{a.start:%a %Y-%m-%d %H:%M}–{a.end:%H:%M} {names}")
        why = "; ".join(reason.text for reason in self.reasons)
        lines[0] += f"  ({why})" if why else ""
        return "\n    ".join(lines)


@dataclass(frozen=True, slots=True)
class WhyNone:
    """Why nothing can be suggested.

    Attributes
    ----------
    sentence
        In plain words: which need, which hours.
    rules
        Names of the rules that together leave nothing.
    """

    sentence: str
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failing:
    """A visit of a fixed series that cannot lie at the time of the others.

    Attributes
    ----------
    visit
        Its id.
    start
        When it would be.
    instead
        Where it could lie near by, the others as they are.
    """

    visit: str
    start: datetime
    instead: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True)
class Nearly:
    """A fixed series of which some dates fail; it cannot be booked as it was asked for.

    Attributes
    ----------
    visits
        Those that keep the time.
    failing
        The others, each with where it could lie instead.
    """

    visits: tuple[Assignment, ...]
    failing: tuple[Failing, ...]

    def text(self) -> str:
        """Say it in plain words."""
        lines = [", ".join(f"{a.start:%a %Y-%m-%d %H:%M}" for a in self.visits)]
        for one in self.failing:
            places = ", ".join(f"{a.start:%a %Y-%m-%d %H:%M}" for a in one.instead)
            lines.append(f"not {one.start:%a %Y-%m-%d}; instead {places or 'nothing near by'}")
        return "\n    ".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestions:
    """The answer to a request: choices, the best first, or why there are none.

    Attributes
    ----------
    request
        Id of the request.
    options
        The choices. Each can be booked as it is, while the index stays at ``version``.
    starts
        How many starts the first visit has in all, ranked or not.
    version
        Of the index that was asked.
    why_none
        Why there is no choice; None where there is one, or where it was not asked for.
    next_possible
        The first choice outside the windows asked for, where there is none inside.
    nearly
        Of a fixed series that has no place whole: the times at which the fewest dates fail, with
        other places for those.
    """

    request: str
    options: tuple[Suggestion, ...] = ()
    starts: int = 0
    version: int = 0
    why_none: WhyNone | None = None
    next_possible: Suggestion | None = None
    nearly: tuple[Nearly, ...] = ()

    def __len__(self) -> int:
        """Count the choices."""
        return len(self.options)

    def rows(self) -> list[dict[str, object]]:
        """Return a row for each visit of each choice."""
        return [
            {
                "choice": number,
                "visit": a.visit,
                "start": a.start,
                "end": a.end,
                "resources": " ".join(a.everyone()),
                "cost": option.cost,
                "rank": option.rank,
                "load": option.load,
                "reasons": "; ".join(reason.text for reason in option.reasons),
            }
            for number, option in enumerate(self.options, 1)
            for a in option.visits
        ]

    def frame(self) -> DataFrame:
        """Return the rows as a data frame."""
        from allocator.explain.frame import frame_of

        return frame_of(self.rows(), COLUMNS)

    def text(self) -> str:
        """Say it in plain words."""
        if self.options:
            lines = [f"{n}. {option.text()}" for n, option in enumerate(self.options, 1)]
        else:
            lines = [self.why_none.sentence if self.why_none else f"{self.request} has no place."]
        if self.next_possible is not None:
            lines.append(f"Next possible: {self.next_possible.text()}")
        lines += [f"Nearly: {one.text()}" for one in self.nearly]
        return "\n".join(lines)


#: Of a frame.
COLUMNS = ("choice", "visit", "start", "end", "resources", "cost", "rank", "load", "reasons")


@dataclass(frozen=True, slots=True)
class RankedStart:
    """One start of many, with those who are cheapest then.

    Attributes
    ----------
    visit
        The visit there.
    rank
        Points, as of a suggestion.
    """

    visit: Assignment
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfStarts:
    """What a calendar page shows of a day.

    Attributes
    ----------
    day
        A local date of the first visit's place.
    starts
        How many starts the first visit has on it.
    first, last
        The first and the last of them.
    load
        The least expected load among them; None without a forecast.
    """

    day: date
    starts: int
    first: datetime
    last: datetime
    load: float | None = None
