"""What steering does to a clinic's load, at several loads and with several kinds of people."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pandas as pd
import pytest
from benchmarks.figures import conditions, table, write

from allocator.domain.problem import Problem
from allocator.domain.steering import Saving, SteeringPolicy
from allocator.generate import stream
from allocator.replay import Chooser, differences, steer

pytestmark = pytest.mark.benchmark

SIZE, WEEKS, SEEDS = "medium", 6, range(3)
LOADS = (75, 85, 95)
POLICY = SteeringPolicy(
    off_peak=60,
    peak=90,
    detour_minutes=14 * 24 * 60,
    savings=(Saving(below=60, percent=10),),
)
#: Policies and people beside the usual ones, at one load and fewer seeds.
BESIDE, FEWER = 85, range(2)
OTHERS = {
    "the same without savings": (
        SteeringPolicy(off_peak=60, peak=90, detour_minutes=14 * 24 * 60),
        Chooser(),
    ),
    "a detour of four hours, and savings": (
        SteeringPolicy(off_peak=60, peak=90, detour_minutes=240, savings=POLICY.savings),
        Chooser(),
    ),
    "savings alone": (SteeringPolicy(off_peak=60, peak=90, savings=POLICY.savings), Chooser()),
    "people who take the first suggestion": (POLICY, Chooser(content=1000.0)),
    "people who look at all of them": (POLICY, Chooser(content=-1000.0)),
}
TOLD = (
    "mean load",
    "excess of the busiest tenth",
    "busy hours",
    "refused",
    "weight served",
    "waiting days",
    "hours off",
    "days off",
    "savings",
    "moved",
)


def asked(load: int, seed: int) -> Problem:
    """Return a stream."""
    return stream(SIZE, load, seed, weeks=WEEKS)


def rows(told: pd.DataFrame, *head: object) -> Iterator[tuple[object, ...]]:
    """Yield a row for each measure."""
    by_name = told.set_index("measure")
    for measure in TOLD:
        row = by_name.loc[measure]
        change = f"{100 * row['difference'] / row['without']:+.1f} %" if row["without"] else ""
        yield (
            *head,
            measure,
            f"{row['without']:.2f}",
            f"{row['with']:.2f}",
            f"{row['difference']:+.2f}",
            f"{row['low']:+.2f} to {row['high']:+.2f}",
            change,
        )


def test_what_steering_does() -> None:
    """At each load; then by other policies, and with other people."""
    found = []
    for load in LOADS:
        told = steer(
            lambda seed, load=load: stream(SIZE, load, seed, weeks=WEEKS), POLICY, seeds=SEEDS
        )
        found += rows(differences(told.figures), f"{load} %")
    beside = []
    for name, (policy, chooser) in OTHERS.items():
        told = steer(
            partial(asked, BESIDE),
            policy,
            seeds=FEWER,
            chooser=chooser,
        )
        by_name = differences(told.figures).set_index("measure")
        excess, served = by_name.loc["excess of the busiest tenth"], by_name.loc["weight served"]
        beside.append(
            (
                name,
                f"{excess['without']:.1f}",
                f"{excess['with']:.1f}",
                f"{100 * excess['difference'] / excess['without']:+.0f} %",
                f"{100 * served['difference'] / served['without']:+.1f} %",
                f"{by_name['with']['savings']:.1f}",
                f"{by_name['with']['moved']:.0f}",
            )
        )
    text = (
        f"A {SIZE} clinic (13 practitioners) with nothing booked, and the requests of {WEEKS} weeks"
        " as they come in, replayed through the suggester; looked at from the third week on. Load"
        " is what is asked for of the practitioners' time, less what is cancelled again. Policy:"
        f" quiet below {POLICY.off_peak} %, busy at {POLICY.peak} %, a detour of"
        f" {POLICY.detour_minutes // 1440} days (the windows of requests are shorter), 10 % saved"
        f" below {POLICY.savings[0].below} %. People choose as docs/steering.md says."
        f" {len(SEEDS)} seeds; intervals of 95 % over them."
    )
    head = ("load", "measure", "without", "with", "difference", "interval", "relative")
    others = (
        "policy or people",
        "excess without",
        "with",
        "relative",
        "weight served",
        "savings, % of the price",
        "moved, %",
    )
    write(
        "Steering",
        text,
        table(head, found),
        f"Other policies, and other people, at {BESIDE} % with {len(FEWER)} seeds:",
        table(others, beside),
        conditions(),
    )
