"""What a notebook shows of large objects: a line, and not all that they hold."""

from __future__ import annotations

from IPython.lib.pretty import pretty
from scenario.test_figures import SOME, clinic

from allocator.solve import Result, Status


def test_problems_schedules_and_results_are_a_line_each() -> None:
    """Their text is kept in the notebook's file, which would grow by megabytes."""
    assert pretty(clinic()) == (
        "Problem ''; days: 2 from 2026-03-02 (Europe/Berlin), resources: 5, services: 1,"
        " requests: 3, published: 0, pins: 0."
    )
    assert pretty(SOME) == "Schedule: 3 visits placed, 0 not."
    result = Result(
        status=Status.FEASIBLE, schedule=SOME, requests=3, requests_served=1, visits=5, seconds=1
    )
    assert pretty(result) == (
        "Result FEASIBLE: 1 of 3 requests served, 0 of 5 visits placed, 1.0 seconds."
    )
