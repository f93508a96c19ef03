"""What those outside are told of a refusal: what and when, and nobody else's business."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from allocator.domain.resource import Resource
from allocator.domain.schedule import Assignment
from allocator.rules.rule import Violation

#: Rules whose sentences are of the asker's own request and of what the catalogue says. All others
#: may name visits of others, tell how much somebody works, or why somebody is away.
PLAIN = frozenset(
    {
        "windows",
        "options",
        "notice",
        "start_grid",
        "opening_hours",
        "eligible_resources",
        "duration",
        "series_completeness",
        "series_gaps",
        "series_pattern",
        "series_rate",
        "most_carers",
        "chain_lags",
        "option_complete",
    }
)


def discreet(
    violation: Violation,
    wanted: Sequence[Assignment],
    catalogue: Mapping[str, Resource],
) -> Violation:
    """Return what somebody outside is told of a violation.

    Parameters
    ----------
    wanted
        The asker's own visits.
    catalogue
        Resources that everybody may know of; a person is none of them.
    """
    if violation.rule in PLAIN:
        return violation
    mine = next((a for a in wanted if a.visit in violation.visits), wanted[0])
    used = {name for _, names in mine.resources for name in names}
    named = [name for name in violation.resources if name in used and name in catalogue]
    return replace(
        violation,
        message=unavailable(catalogue[named[0]].label if named else None, mine.start, mine.end),
        visits=(mine.visit,),
        resources=tuple(named),
    )


def unavailable(label: str | None, start: datetime, end: datetime) -> str:
    """Return the one sentence of all refusals for those outside."""
    what = label or "What you ask for"
    return f"{what} is not to be had between {in_utc(start)} and {in_utc(end)}."


def in_utc(instant: datetime) -> str:
    """Write an instant as answers do."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
