"""All outcomes of a study, as tidy frames: a row for each scenario, seed and thing told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from allocator.domain.resource import THINGS
from allocator.domain.schedule import in_utc
from allocator.explain.by_visit import COLUMNS
from allocator.report.notebook import shown
from allocator.scenario.comparison import Comparison
from allocator.scenario.costs import costs_of
from allocator.scenario.moves import Move, moves, told
from allocator.scenario.outcome import Outcome, outcome_of

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True)
class Outcomes(Sequence[Outcome]):
    """What became of each scenario of a study, with each option and seed.

    Attributes
    ----------
    all
        In the order of scenarios, options and seeds.
    """

    all: tuple[Outcome, ...]

    def __getitem__(self, at: Any) -> Any:
        """Return one by its number, or several."""
        return self.all[at]

    def __len__(self) -> int:
        """Count them."""
        return len(self.all)

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Names of the scenarios, in order."""
        return tuple(dict.fromkeys(one.scenario.name for one in self.all))

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """Those that failed, with their errors."""
        return tuple(one for one in self.all if one.error)

    def of(self, scenario: str, seed: int | None = None, option: str | None = None) -> Outcome:
        """Return the outcome of a scenario: of the first option and the first seed by default.

        Raises
        ------
        InvalidProblem
            Where there is no such scenario, or not with this seed and option.
        """
        return outcome_of(self.all, scenario, seed, option)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: a row for each."""
        return shown(self.frame())

    # Frames ----------------------------------------------------------------------------------

    def frame(self) -> DataFrame:
        """Return a row for each outcome: how the solve ended, and how long it took.

        ``inherited`` counts what pinned visits break, such as the hours of who is away.
        """
        return _frame(self._told(_summary), _SUMMARY)

    def figures(self) -> DataFrame:
        """Return a row for each figure of each outcome."""
        return _frame(
            self._told(
                lambda one: [
                    {"figure": f.name, "value": f.value, "unit": f.unit, "better": f.better}
                    for f in (one.solved.figures if one.solved else ())
                ]
            ),
            ("figure", "value", "unit", "better"),
        )

    def levels(self) -> DataFrame:
        """Return a row for each level of each outcome: its cost and value served, with bounds."""
        return _frame(
            self._told(
                lambda one: [
                    {
                        "level": level.name,
                        "cost": level.cost,
                        "bound": level.bound,
                        "gap": level.gap,
                        "served": level.served,
                        "servable": level.servable,
                    }
                    for level in (one.result.levels if one.result else ())
                ]
            ),
            ("level", "cost", "bound", "gap", "served", "servable"),
        )

    def goals(self) -> DataFrame:
        """Return a row for each goal of each outcome: amount, unit, weight and cost."""
        return _frame(
            self._told(
                lambda one: [
                    {
                        "level": goal.level,
                        "goal": goal.goal,
                        "amount": goal.amount,
                        "unit": goal.unit,
                        "weight": goal.weight,
                        "cost": goal.cost,
                    }
                    for goal in (one.result.goals if one.result else ())
                ]
            ),
            ("level", "goal", "amount", "unit", "weight", "cost"),
        )

    def loads(self) -> DataFrame:
        """Return a row for each kind and local hour of each outcome: minutes claimed and open."""
        return _frame(
            self._told(
                lambda one: [
                    {
                        "kind": load.kind,
                        "hour": load.hour,
                        "claimed": load.claimed,
                        "open": load.open,
                        "load": load.claimed / load.open if load.open else None,
                    }
                    for load in (one.solved.loads if one.solved else ())
                ]
            ),
            ("kind", "hour", "claimed", "open", "load"),
        )

    def by_visit(
        self, scenario: str, seed: int | None = None, option: str | None = None
    ) -> DataFrame:
        """Return what each visit of a scenario costs by each goal, the dearest first.

        Parameters
        ----------
        scenario, seed, option
            Of the outcome; the first option and seed by default.

        Returns
        -------
        DataFrame
            ``level``, ``goal``, ``visit`` (empty for what belongs to none), ``request``, ``cost``
            (in points; over the visits of a goal it sums to that of the goal) and ``why``.
        """
        costs = costs_of(self.of(scenario, seed, option))
        return _frame((one.row() for one in costs), COLUMNS, ())

    # Two scenarios ---------------------------------------------------------------------------

    def moves(self, scenario: str, base: str | None = None) -> DataFrame:
        """Return a row for each visit that lies otherwise than in the base.

        Parameters
        ----------
        scenario, base
            Names; the base is the first scenario by default. Of each, the first option and seed.

        Returns
        -------
        DataFrame
            ``visit``, ``request``, ``change``, ``before``, ``after`` (starts, in UTC),
            ``resources_before``, ``resources_after``, and ``tell``, who would have to be told.
        """
        return _frame(
            (
                {
                    "visit": move.visit,
                    "request": move.request,
                    "change": move.change,
                    "before": move.before and in_utc(move.before.start),
                    "after": move.after and in_utc(move.after.start),
                    "resources_before": move.before and " ".join(move.before.everyone()),
                    "resources_after": move.after and " ".join(move.after.everyone()),
                    "tell": " ".join(move.tell()),
                }
                for move in self.moved(scenario, base)
            ),
            (*_MOVE, "resources_before", "resources_after", "tell"),
            (),
        )

    def tell(self, scenario: str, base: str | None = None) -> DataFrame:
        """Return whom to tell if a scenario takes the place of the base, and of how many visits.

        Things, which are rooms and devices, are told nothing.
        """
        problem = self.of(scenario).problem
        was = self.of(base or self.scenarios[0]).problem

        def labelled(id: str) -> tuple[str, str]:
            one = (problem if problem.knows("resource", id) else was).resource(id)
            return one.kind, one.label

        rows = []
        for id, visits in told(self.moved(scenario, base)):
            kind, name = labelled(id)
            if kind not in THINGS:
                rows.append({"resource": id, "kind": kind, "name": name, "visits": visits})
        return _frame(rows, ("resource", "kind", "name", "visits"), ())

    def moved(self, scenario: str, base: str | None = None) -> tuple[Move, ...]:
        """Return the visits that lie otherwise than in the base, in the order of their starts."""
        was = self.of(base or self.scenarios[0]).scheduled()
        return moves(was, self.of(scenario).scheduled())

    def compare(self, base: str | None = None) -> Comparison:
        """Return every figure of every scenario beside that of the base.

        Parameters
        ----------
        base
            Name of the scenario to compare with; the first by default.
        """
        name = base or self.scenarios[0]
        self.of(name)
        return Comparison(self.all, name)

    def _told(self, rows: Any) -> Iterator[dict[str, object]]:
        """Yield the rows of each outcome with its scenario, option and seed."""
        for one in self.all:
            who = {"scenario": one.scenario.name, "option": one.option, "seed": one.params.seed}
            for row in rows(one):
                yield {**who, **row}


WHO = ("scenario", "option", "seed")
_MOVE = ("visit", "request", "change", "before", "after")
_SUMMARY = (
    "status",
    "requests",
    "requests_served",
    "visits",
    "visits_placed",
    "inherited",
    "gap",
    "seconds",
    "first_schedule_seconds",
    "reused",
    "error",
)


def _summary(one: Outcome) -> list[dict[str, object]]:
    result = one.result
    row: dict[str, object] = {"reused": one.reused, "error": one.error}
    if result is not None:
        row |= {
            "status": result.status.name,
            "requests": result.requests,
            "requests_served": result.requests_served,
            "visits": result.visits,
            "visits_placed": result.visits_placed,
            "inherited": len(result.violations),
            "gap": result.gap,
            "seconds": result.seconds,
            "first_schedule_seconds": result.first_schedule_seconds,
        }
    return [row]


def _frame(rows: Any, columns: Sequence[str], who: Sequence[str] = WHO) -> DataFrame:
    from pandas import DataFrame

    return DataFrame(list(rows), columns=[*who, *columns])
