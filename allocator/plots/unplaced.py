"""Visits that were left out, by the rule that took their last start."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from allocator.domain.schedule import Schedule, Unplaced
from allocator.plots import style
from allocator.plots.extra import altair as alt
from allocator.rules import RULES

if TYPE_CHECKING:
    from allocator.solve.result import Result

WIDTH, ROW = 520, 26

#: What is said where starts are left: for the visit by itself, or because time ran out.
TOGETHER, TIME = "not with the others of its request", "the search ended"


def unplaced(left_out: Schedule | Result) -> alt.LayerChart:
    """Draw how many visits were left out for which reason.

    Parameters
    ----------
    left_out
        A schedule, or the result of a solve.

    Returns
    -------
    altair.LayerChart
        A bar for each reason, the most frequent first; a pointer on it is told the rule.
    """
    return reasons(schedule_of(left_out).unplaced)


def schedule_of(given: Schedule | Result) -> Schedule:
    """Return the schedule of a result, or a schedule itself.

    Raises
    ------
    ValueError
        When the result has none.
    """
    schedule = given if isinstance(given, Schedule) else given.schedule
    if schedule is None:
        raise ValueError("The result has no schedule.")
    return schedule


def reasons(left_out: Iterable[Unplaced]) -> alt.LayerChart:
    """Draw visits by reason."""
    visits: Counter[str] = Counter()
    requests: dict[str, set[str]] = {}
    for one in left_out:
        visits[reason(one)] += 1
        requests.setdefault(reason(one), set()).add(one.request)
    sentences = {rule.name: rule.sentence for rule in RULES}
    sentences |= {
        TOGETHER: "Starts are left for the visit alone, not for all that the request needs.",
        TIME: "Starts are left; the search ended before one of them was used.",
    }
    rows: list[dict[str, Any]] = [
        {
            "reason": name,
            "visits": number,
            "requests": len(requests[name]),
            "rule": sentences.get(name, ""),
        }
        for name, number in sorted(visits.items(), key=lambda item: (-item[1], item[0]))
    ]
    base = alt.Chart(style.data(rows)).encode(
        x=alt.X("visits:Q", axis=None, scale=alt.Scale(domainMin=0)),
        y=alt.Y(
            "reason:N",
            sort=None,
            scale=alt.Scale(domain=[row["reason"] for row in rows], paddingInner=0.25),
            axis=style.axis(labelLimit=style.LABEL, labelPadding=8, labelOverlap=False),
        ),
    )
    bars = base.mark_bar(color=style.ORANGE, cornerRadiusEnd=2).encode(
        tooltip=[alt.Tooltip(f"{name}:N") for name in ("reason", "visits", "requests", "rule")]
    )
    figures = base.mark_text(**style.text_mark(align="left", dx=5)).encode(text="visits:Q")
    number = sum(visits.values())
    return (bars + figures).properties(
        width=WIDTH,
        height=ROW * max(1, len(rows)),
        title=style.title(
            f"{number:,} {'visit' if number == 1 else 'visits'} left out",
            "By the rule that took the last start." if rows else "Everything is placed.",
        ),
        view=style.ground(),
    )


def reason(one: Unplaced) -> str:
    """Return the rule that took a visit's last start, or in a few words why none was used."""
    if one.funnel and not one.funnel[-1].left:
        return one.funnel[-1].rule
    if "together" in one.reason:
        return TOGETHER
    return TIME if "search ended" in one.reason else one.reason or "no reason given"
