"""Facts in plain words: a clause for each rule, and a sentence for a core."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from allocator.explain.facts import Fact, named
from allocator.prepare.prepared import Prepared
from allocator.rules import RULES

#: What a fact of resources says of them: of one, and of several.
OF_RESOURCES = {
    "opening_hours": ("is closed at other times", "are closed at other times"),
    "blocks": ("is blocked", "are blocked"),
    "contracts": ("has no contract then", "have no contract then"),
    "reserves": ("is kept for others", "are kept for others"),
    "eligible_resources": ("lacks the skill then", "lack the skill then"),
    "apart": ("is to be kept apart from someone there", "are to be kept apart from someone there"),
    "attendees_free": ("is somewhere else then", "are somewhere else then"),
    "capacity": ("is taken", "are taken"),
    "buffers": ("needs time around other visits", "need time around other visits"),
    "turnaround": ("needs time to turn around", "need time to turn around"),
    "travel": ("cannot travel there in time", "cannot travel there in time"),
    "breaks": ("would lose a break", "would lose their breaks"),
    "work_per_day": ("has no work time left that day", "have no work time left that day"),
    "work_per_week": ("has no work time left that week", "have no work time left that week"),
    "work_in_a_row": ("would work too long without a rest", "would work too long without a rest"),
    "person_limits": ("has as many visits as allowed", "have as many visits as allowed"),
    "seats": ("has too few seats", "have too few seats"),
    "one_room_per_half_day": ("stays in another room", "stay in other rooms"),
}

#: What a fact of a request says, after "it" or "its visits".
OF_REQUESTS = {
    "windows": "it has to lie in its {windows}",
    "pins": "it is pinned",
    "freeze": "nothing new may start before {freeze}",
    "options": "only the options that it lists will do",
    "notice": "its service needs notice",
    "start_grid": "its service starts at certain times of day only",
    "one_location": "all whom it takes have to be at one location",
    "series_completeness": "its visits are placed together or not at all",
    "series_gaps": "its visits keep their distance in days",
    "series_pattern": "its visits share one time of day, so many days apart",
    "series_rate": "it has at most so many visits a week",
    "most_carers": "it may have no more carers",
    "chain_lags": "its steps follow each other within their lags",
    "relations": "its visits are tied to others",
    "precedence": "its visits come before or after others",
    "apart": "some may not meet",
    "session_together": "its participants come at the time of the group session",
    "session_most": "the group session is full",
    "attendees_free": "nobody can be in two of its visits at once",
    "capacity": "its visits cannot share who or what they take",
    "buffers": "its visits need time between them",
    "turnaround": "its visits need time to turn around between them",
    "travel": "its visits need time to travel between them",
    "breaks": "its visits together would take the breaks",
    "work_per_day": "its visits together are too much work for a day",
    "work_per_week": "its visits together are too much work for a week",
    "work_in_a_row": "its visits together are too long without a rest",
    "person_limits": "its visits together are more than a person may have",
    "seats": "its room needs a seat for everyone",
    "one_room_per_half_day": "who stays in one room for the half-day is in another",
    "option_complete": "an option is placed whole or not at all",
    "session_least": "the group session would have too few participants",
    "must_serve": "others have to be served",
}

#: Names that are told of a kind, before the others are counted.
NAMED = 4


def listed(names: Sequence[str]) -> str:
    """Write names as a list; where there are many, some of them and how many more."""
    if len(names) > NAMED + 1:
        return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} others"
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} and {names[-1]}"


def clause(prepared: Prepared, facts: Sequence[Fact]) -> str:
    """Say in plain words what facts of one rule, all of resources or all of requests, say."""
    name, of_resource = facts[0].rule, facts[0].of_resource
    if of_resource:
        who = [named(prepared, fact) for fact in facts]
        if name in OF_RESOURCES:
            return f"{listed(who)} {OF_RESOURCES[name][len(who) > 1]}"
        return f"{_sentence(name)} ({listed(who)})"
    if name not in OF_REQUESTS:
        return _sentence(name)
    said = OF_REQUESTS[name]
    if name == "windows":
        return said.format(windows=_windows(prepared, facts[0].object))
    freeze = prepared.problem.freeze_before
    if name == "freeze" and freeze is not None:
        return said.format(freeze=prepared.local(prepared.horizon.tick_at_or_after(freeze)))
    return said


def clauses(prepared: Prepared, facts: Iterable[Fact]) -> list[str]:
    """Say facts in plain words, a clause for each rule; of several requests each is named."""
    facts = list(facts)
    several = len({fact.object for fact in facts if not fact.of_resource}) > 1
    said = []
    for (_, of_resource), some in groupby(facts, key=lambda fact: (fact.rule, fact.of_resource)):
        if of_resource:
            said.append(clause(prepared, list(some)))
        else:
            said += [
                f"{fact.object}: {clause(prepared, [fact])}"
                if several
                else clause(prepared, [fact])
                for fact in some
            ]
    return said


def _sentence(name: str) -> str:
    known = {rule.name: rule.sentence for rule in RULES}
    return known.get(name, name).rstrip(".").replace("A ", "a ", 1)


def _windows(prepared: Prepared, object: str) -> str:
    if object in prepared.request_index:
        spans = prepared.requests[prepared.request_index[object]].request.windows
        clock = prepared.visits[prepared.requests[prepared.request_index[object]].visits[0]].clock
    else:
        visit = prepared.visits[prepared.visit_index[object]]
        assert visit.session is not None
        spans, clock = visit.session.windows, visit.clock
    if len(spans) > 1:
        return f"{len(spans)} windows"
    horizon = prepared.horizon
    first = prepared.local(horizon.tick_at_or_after(spans[0].start), clock)
    last = prepared.local(horizon.tick(spans[0].end), clock)
    return f"window, {first} to {last}"
