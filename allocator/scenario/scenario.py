"""Scenarios: a problem with named changes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from allocator.domain.faults import FaultCode, InvalidProblem
from allocator.domain.problem import Problem
from allocator.scenario.changes import Change, Pins, Stay, Weigh
from allocator.scenario.changes.change import refuse
from allocator.scenario.changes.typed import typed

#: The level of which a service can be asked for other weights.
ASKED = "comfort"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A problem with changes, made one after another: pure, and part of nothing else.

    Two scenarios are equal where their names, bases and changes are.

    Attributes
    ----------
    name
        What it is called, unique in a study.
    base
        The problem to which the changes are made.
    changes
        In order; without any it is the base itself.

    Raises
    ------
    InvalidProblem
        Where a change cannot be made, naming it, or the scenario has no name; nothing is changed
        then.

    Examples
    --------
    >>> scenario = Scenario(name="gym B closed on Fridays", base=clinic).then(
    ...     Close(resources=("gym-b",), weekdays=frozenset({4}))
    ... )
    """

    name: str
    base: Problem = field(repr=False)
    changes: tuple[Change, ...] = ()
    _problem: Problem = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.name:
            raise refuse(FaultCode.MISSING, "scenario", "", "A scenario has no name.")
        problem, changes = self.base, []
        for number, given in enumerate(self.changes, 1):
            what = type(given).__name__
            try:
                change = typed(given)
                what = change.text()
                problem = change.apply(problem)
            except InvalidProblem as error:
                where = f"Scenario {self.name}, change {number} ({what})"
                raise InvalidProblem(replace(one, where=where) for one in error.faults) from None
            changes.append(change)
        object.__setattr__(self, "changes", tuple(changes))
        object.__setattr__(self, "_problem", problem)

    @property
    def problem(self) -> Problem:
        """The problem with all changes made."""
        return self._problem

    def then(self, *changes: Change, name: str | None = None) -> Scenario:
        """Return the scenario with more changes after its own, under another name if given."""
        return replace(self, name=name or self.name, changes=(*self.changes, *changes))

    def undo(self, count: int = 1) -> Scenario:
        """Return the scenario without its last changes; without any it stays as it is.

        Raises
        ------
        ValueError
            Where ``count`` is below 0.
        """
        if count < 0:
            raise ValueError(f"{count} changes cannot be undone; at least 0.")
        return replace(self, changes=self.changes[: max(0, len(self.changes) - count)])

    def without(self, change: Change) -> Scenario:
        """Return the scenario without one of its changes, wherever it stands.

        Raises
        ------
        ValueError
            Where it is none of them.
        """
        change = typed(change)
        if change not in self.changes:
            raise ValueError(
                f"Scenario {self.name} does not have the change {change.text()!r} among its"
                f" {len(self.changes)}."
            )
        at = self.changes.index(change)
        return replace(self, changes=(*self.changes[:at], *self.changes[at + 1 :]))

    def named(self, name: str) -> Scenario:
        """Return the same scenario under another name."""
        return replace(self, name=name)

    def asked(self) -> dict[str, Any]:
        """Return what a service is asked for, to solve this scenario of its problem as it stands.

        What can be asked is what a solve can be told: weights of comfort, a cap or a price on
        changes, and booked visits that may move. It is what ``client.solves.ask(**asked)`` takes.

        Raises
        ------
        InvalidProblem
            Where a change is another: people are hired, and hours changed, in the service itself,
            and what is served there is weighed by its requests alone.
        """
        asked: dict[str, Any] = {
            "first": self.base.horizon.first,
            "days": self.base.horizon.days,
        }
        for number, change in enumerate(self.changes, 1):
            held = isinstance(change, Pins) and change.hold
            if held or not isinstance(change, Weigh | Stay | Pins):
                raise refuse(
                    FaultCode.CONTRADICTION,
                    "scenario",
                    self.name,
                    f"Scenario {self.name}, change {number} ({change.text()}): a solve cannot be"
                    " asked for it; make it in the service itself.",
                )
        pinned = {pin.visit for pin in self.base.pins}
        if any(one.visit not in pinned for one in self.base.published):
            asked["may_move"] = True  # as the problem was taken away
        released = [id for c in self.changes if isinstance(c, Pins) for id in c.release]
        if released:
            asked["unpinned"] = released
        if self.problem.most_changes is not None:
            asked["most_changes"] = self.problem.most_changes
        before, after = (
            {level.name: dict(level.goals) for level in one.objective}
            for one in (self.base, self.problem)
        )
        for level in {**before, **after}:
            if level != ASKED and before.get(level) != after.get(level):
                raise refuse(
                    FaultCode.CONTRADICTION,
                    "scenario",
                    self.name,
                    f"Scenario {self.name} weighs otherwise in level {level}; a solve can be asked"
                    f" for other weights in level {ASKED} alone.",
                )
        was, now = before.get(ASKED, {}), after.get(ASKED, {})
        changed = [
            (goal, now.get(goal, 0))
            for goal in {**was, **now}
            if was.get(goal, 0) != now.get(goal, 0)
        ]
        if changed:
            asked["weights"] = changed
        return asked

    def text(self) -> str:
        """Say in plain words what it changes."""
        said = "; ".join(change.text() for change in self.changes)
        return f"{self.name}: {said or 'as it is'}."
