"""What was left out, and why: by rule, and the most urgent requests one by one."""

from __future__ import annotations

import re
from collections import Counter

from rich.console import Group, RenderableType
from rich.text import Text

from allocator.domain.problem import Problem
from allocator.domain.request import Request
from allocator.domain.schedule import Schedule, Unplaced
from allocator.report.style import QUIET, plain_table, titled
from allocator.report.words import count
from allocator.rules import RULES
from allocator.rules.session_together import SessionTogether

#: Requests that are named one by one.
NAMED = 12


def left_out(problem: Problem, schedule: Schedule) -> RenderableType:
    """Return a table of the requests of which visits are missing, the most urgent first."""
    by_request = Counter(u.request for u in schedule.unplaced)
    reasons = {u.request: u for u in reversed(schedule.unplaced)}
    title = f"Not placed whole: {count(len(by_request), 'request')}"
    if len(by_request) > NAMED:
        title += f"; the {NAMED} most urgent"
    table = plain_table()
    table.add_column("request", overflow="fold")
    table.add_column("class", justify="right")
    table.add_column("missing", justify="right", no_wrap=True)
    table.add_column("service", overflow="fold", ratio=2)
    table.add_column("why", overflow="fold", ratio=3)
    order = sorted(by_request, key=lambda r: (problem.request(r).priority, r))
    for id in order[:NAMED]:
        request = problem.request(id)
        table.add_row(
            id,
            str(request.priority),
            f"{by_request[id]} of {request.visit_count}",
            services(problem, request),
            why(reasons[id]),
        )
    words = {word for id in order[:NAMED] for word in re.findall(r"\w+", why(reasons[id]))}
    said = [Text(f"{r.name}: {r.sentence}", style=QUIET) for r in RULES if r.name in words]
    last = Counter(
        u.funnel[-1].rule for u in reasons.values() if u.funnel and not u.funnel[-1].left
    )
    if len(by_request) > NAMED and last:
        rules = ", ".join(f"{rule} {number}" for rule, number in last.most_common())
        said.append(Text(f"The rules that took the last start: {rules}.", style=QUIET))
    return Group(titled(title, table), *said)


def why(unplaced: Unplaced) -> str:
    """Say in a few words why a visit was left out."""
    if not unplaced.funnel or unplaced.funnel[-1].left:
        return unplaced.reason
    *before, last = unplaced.funnel
    if last.rule == SessionTogether.name:
        return unplaced.reason
    if not before:
        return f"{last.rule}: no start at all."
    first, left = before[0].left, before[-1].left
    return f"{last.rule} took the last {left:,} of {count(first, 'start')}."


def services(problem: Problem, request: Request) -> str:
    """Return what a request asks for, step by step."""
    return ", then ".join(
        problem.service(step.service).label if step.service else "group session"
        for step in request.steps
    )
