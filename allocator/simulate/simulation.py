"""What a simulation comes to: waiting, overtime and idle time as frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from allocator.report.intervals import mean_and_reach
from allocator.report.notebook import shown
from allocator.simulate.distributions import Draws
from allocator.simulate.forward import Attendance
from allocator.simulate.uncertainty import Uncertainty

#: The measures, with what each is, in the order in which they are told.
MEASURES = {
    "held": "Percent of the visits that take place.",
    "no-shows": "Percent of the visits to which nobody comes.",
    "late cancellations": "Percent of the visits that are cancelled too late to be used again.",
    "too late": "Percent of the visits whose people come after the grace.",
    "waiting": "Minutes that people wait beyond their time, or beyond their coming if later.",
    "waiting of 9 in 10": "Minutes that nine of ten wait at most.",
    "long waits": "Percent of the visits held whose people wait more than 15 minutes.",
    "overtime": "Minutes worked outside ordinary hours, on a day of a resource that has visits.",
    "idle": "Minutes between first and last visit without work or break, on such a day.",
    "utilisation": "Percent of the ordinary hours of such days that is worked.",
}
#: Minutes from which a wait is long.
LONG = 15.0
#: The kind of resource whose work is told, where there is one of it.
KIND = "practitioner"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Simulation:
    """A schedule that was run forward.

    Attributes
    ----------
    runs, seed, uncertainty
        How often, from which seed, and under what.
    visits
        A row for each visit to which people come: ``visit``, ``service``, ``start`` (planned,
        local), ``hour``.
    attendance, waiting, delay
        A row for each of them, a column for each run: what became of it, the minutes that people
        waited, and those from the planned start to the start (below 0: early); empty where it was
        not held.
    workdays
        A row for each local date on which a resource with hours has visits: ``resource``,
        ``name``, ``kind``, ``day``, ``open`` (ordinary minutes, of all lanes), and what all comes
        to where nothing differs from the plan: ``planned_work``, ``planned_overtime`` and
        ``planned_idle``.
    work, overtime, idle
        A row for each of them, a column for each run: minutes.
    planned_waiting
        Minutes that people wait where nothing differs from the plan, by visit.
    """

    runs: int
    seed: int
    uncertainty: Uncertainty
    visits: pd.DataFrame
    attendance: npt.NDArray[np.int8]
    waiting: Draws
    delay: Draws
    workdays: pd.DataFrame
    work: Draws
    overtime: Draws
    idle: Draws
    planned_waiting: Draws

    def _repr_html_(self) -> str:
        """Return what a notebook shows: each measure."""
        return shown(self.figures())

    def figures(self, kind: str = "") -> pd.DataFrame:
        """Return each of the ``MEASURES``.

        Parameters
        ----------
        kind
            The kind of resource whose work is told; by default practitioners, or else the first.

        Returns
        -------
        pandas.DataFrame
            ``measure``; ``planned``, where nothing differs from the plan; ``mean`` over the runs,
            with ``low`` and ``high``, between which it lies with 95 % confidence (of one run nobody
            knows: NaN); ``worst``, which nine of ten runs do not exceed.
        """
        of = self.kind(kind)
        by_run = self._by_run(self._days_of(of))
        planned = self._planned(self._days_of(of))
        rows = []
        for measure in MEASURES:
            values = by_run[measure]
            mean, reach = mean_and_reach(values)
            worst = float(np.quantile(values, 0.9)) if len(values) else np.nan
            rows.append((measure, planned[measure], mean, mean - reach, mean + reach, worst))
        return pd.DataFrame(rows, columns=["measure", "planned", "mean", "low", "high", "worst"])

    def kind(self, kind: str = "") -> str:
        """Return the kind whose work is told; ``KeyError`` where others have workdays, not it."""
        known = sorted(set(self.workdays["kind"]))
        if not kind:
            return KIND if KIND in known or not known else known[0]
        if kind not in known and known:
            raise KeyError(f"no work of the kind {kind!r}; there is {', '.join(known)}")
        return kind

    def by_visit(self) -> pd.DataFrame:
        """Return the visits with the share ``held``, and how long people wait.

        ``waiting`` is the mean in minutes, ``waiting_9_in_10`` what nine of ten runs do not exceed,
        ``long_waits`` the share of more than 15 minutes.
        """
        held = self.attendance == Attendance.HELD
        some = held.any(axis=1)
        figures = np.full((3, len(held)), np.nan)
        if some.any():
            waits = self.waiting[some]
            figures[0, some] = np.nanmean(waits, axis=1)
            figures[1, some] = np.nanquantile(waits, 0.9, axis=1)
            figures[2, some] = (waits > LONG).sum(axis=1) / held[some].sum(axis=1)
        return self.visits.assign(
            held=held.mean(axis=1),
            waiting=figures[0],
            waiting_9_in_10=figures[1],
            long_waits=figures[2],
        )

    def by_hour(self) -> pd.DataFrame:
        """Return how long people wait by hour of the planned start.

        ``hour``, ``visits``, ``waiting`` (mean), and ``low`` and ``high``: of ten runs eight have a
        mean between them.
        """
        rows = []
        hours = self.visits["hour"].to_numpy()
        for hour in sorted(set(hours.tolist())):
            there = hours == hour
            means = _mean(self.waiting[there])
            means = means[~np.isnan(means)]
            low, high = np.quantile(means, [0.1, 0.9]) if len(means) else (np.nan, np.nan)
            middle = float(means.mean()) if len(means) else np.nan
            rows.append((hour, int(there.sum()), middle, float(low), float(high)))
        return pd.DataFrame(rows, columns=["hour", "visits", "waiting", "low", "high"])

    def by_resource(self, kind: str = "") -> pd.DataFrame:
        """Return the work of each resource, on average over its workdays.

        ``resource``, ``kind``, ``workdays``; ``overtime`` (minutes on a workday) with ``low`` and
        ``high``, between which eight of ten workdays lie; ``planned_overtime``; ``late_days``, the
        share of workdays with more than 5 minutes of it beyond the plan; ``idle`` and
        ``planned_idle`` (minutes on a workday); ``utilisation`` and ``planned_utilisation``.
        """
        told = (
            self.workdays if not kind else self.workdays[self.workdays["kind"] == self.kind(kind)]
        )
        rows = []
        for (resource, of), some in told.groupby(["resource", "kind"], sort=True):
            at = some.index.to_numpy()
            overtime, planned = self.overtime[at], some["planned_overtime"].to_numpy()
            low, high = np.quantile(overtime, [0.1, 0.9])
            opened = float(some["open"].sum())
            rows.append(
                {
                    "resource": resource,
                    "kind": of,
                    "workdays": len(at),
                    "overtime": float(overtime.mean()),
                    "low": float(low),
                    "high": float(high),
                    "planned_overtime": float(planned.mean()),
                    "late_days": float((overtime > planned[:, None] + LATE).mean()),
                    "idle": float(self.idle[at].mean()),
                    "planned_idle": float(some["planned_idle"].mean()),
                    "utilisation": _share(self._inside(at).sum(axis=0).mean(), opened),
                    "planned_utilisation": _share(
                        (some["planned_work"] - some["planned_overtime"]).sum(), opened
                    ),
                }
            )
        return pd.DataFrame(rows, columns=RESOURCE_COLUMNS)

    def text(self, kind: str = "") -> str:
        """Tell what comes of the schedule, in a few lines."""
        told = self.figures(kind).set_index("measure")
        of = self.kind(kind)
        return "\n".join(_lines(told, self, of))

    def _days_of(self, kind: str) -> npt.NDArray[np.int64]:
        return np.flatnonzero((self.workdays["kind"] == kind).to_numpy())

    def _inside(self, at: npt.NDArray[np.int64]) -> Draws:
        return self.work[at] - self.overtime[at]

    def _by_run(self, days: npt.NDArray[np.int64]) -> dict[str, Draws]:
        """Return each measure, run by run."""
        held = self.attendance == Attendance.HELD
        visits = max(len(held), 1)
        shares = {
            attendance: (self.attendance == attendance).sum(axis=0) / visits
            for attendance in Attendance
        }
        some = held.any(axis=0)
        ninth = np.zeros(self.runs)
        if some.any():
            ninth[some] = np.nanquantile(self.waiting[:, some], 0.9, axis=0)
        opened = float(self.workdays["open"].to_numpy()[days].sum())
        many = max(len(days), 1)
        return {
            "held": 100 * shares[Attendance.HELD],
            "no-shows": 100 * shares[Attendance.NO_SHOW],
            "late cancellations": 100 * shares[Attendance.CANCELLED],
            "too late": 100 * shares[Attendance.TOO_LATE],
            "waiting": np.nan_to_num(_mean(self.waiting)),
            "waiting of 9 in 10": ninth,
            "long waits": 100 * (self.waiting > LONG).sum(axis=0) / np.maximum(held.sum(axis=0), 1),
            "overtime": self.overtime[days].sum(axis=0) / many,
            "idle": self.idle[days].sum(axis=0) / many,
            "utilisation": 100 * self._inside(days).sum(axis=0) / max(opened, 1.0),
        }

    def _planned(self, days: npt.NDArray[np.int64]) -> dict[str, float]:
        waits, told = self.planned_waiting, self.workdays.iloc[days]
        inside = (told["planned_work"] - told["planned_overtime"]).sum()
        some = len(waits) > 0
        return {
            "held": 100.0,
            "no-shows": 0.0,
            "late cancellations": 0.0,
            "too late": 0.0,
            "waiting": float(waits.mean()) if some else 0.0,
            "waiting of 9 in 10": float(np.quantile(waits, 0.9)) if some else 0.0,
            "long waits": 100 * float((waits > LONG).mean()) if some else 0.0,
            "overtime": float(told["planned_overtime"].sum()) / max(len(told), 1),
            "idle": float(told["planned_idle"].sum()) / max(len(told), 1),
            "utilisation": 100 * float(inside) / max(float(told["open"].sum()), 1.0),
        }


#: Minutes of overtime beyond the plan from which a workday ended late.
LATE = 5.0
RESOURCE_COLUMNS = [
    *("resource", "kind", "workdays", "overtime", "low", "high", "planned_overtime", "late_days"),
    *("idle", "planned_idle", "utilisation", "planned_utilisation"),
]


def _mean(waits: Draws) -> Draws:
    """Return the mean of each column, without what is empty."""
    there = ~np.isnan(waits)
    counted = there.sum(axis=0)
    total = np.where(there, waits, 0.0).sum(axis=0)
    return np.where(counted > 0, total / np.maximum(counted, 1), np.nan)


def _share(part: float, whole: float) -> float:
    return float(part) / whole if whole else np.nan


def _lines(told: pd.DataFrame, simulation: Simulation, kind: str) -> Iterator[str]:
    means, lows, highs, planned = (
        dict(zip(told.index, told[name].to_list(), strict=True))
        for name in ("mean", "low", "high", "planned")
    )

    def mean(measure: str) -> str:
        return f"{means[measure]:.1f}"

    def between(measure: str) -> str:
        if simulation.runs == 1:
            return mean(measure)
        return f"{means[measure]:.1f} ({lows[measure]:.1f} to {highs[measure]:.1f})"

    days = len(simulation.workdays[simulation.workdays["kind"] == kind])
    runs = f"{simulation.runs} runs; means with intervals of 95 %"  # of one nobody knows how far
    yield (
        f"{len(simulation.visits)} visits, {days} workday{'s' * (days != 1)} of the kind {kind},"
        f" {runs if simulation.runs > 1 else '1 run'}."
    )
    yield (
        f"held         {mean('held')} %: {mean('no-shows')} % no-shows,"
        f" {mean('late cancellations')} % cancelled late, {mean('too late')} % too late"
    )
    yield (
        f"waiting      {between('waiting')} minutes; 9 in 10 at most"
        f" {mean('waiting of 9 in 10')}; {mean('long waits')} % more than {LONG:.0f}"
    )
    for measure in ("overtime", "idle"):
        yield (
            f"{measure:<12} {between(measure)} minutes a workday; planned {planned[measure]:.1f}"
        )
    yield (f"utilisation  {between('utilisation')} %; planned {planned['utilisation']:.1f}")
