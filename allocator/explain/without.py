"""Without: what a rule that gives way for one object would mean, in plain words."""

from __future__ import annotations

from collections.abc import Mapping

from allocator.explain.facts import Fact, named
from allocator.explain.ties import ties
from allocator.prepare import masks
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement

#: Where a rule gives way for a resource.
FOR_RESOURCES = {
    "opening_hours": "if {who} were also available at other times",
    "blocks": "if {who} were not blocked",
    "contracts": "if {who} had a contract then",
    "reserves": "if the time that {who} keeps for others could be taken",
    "eligible_resources": "if {who} had the skill then",
    "apart": "if {who} need not be kept apart from anyone there",
    "attendees_free": "if {who} were free then",
    "capacity": "if {who} could serve one more at once",
    "buffers": "if {who} needed no time around visits",
    "turnaround": "if {who} needed no time to turn around",
    "travel": "if {who} needed no time to travel",
    "breaks": "if {who} could do without a break",
    "work_per_day": "if {who} could work more that day",
    "work_per_week": "if {who} could work more that week",
    "work_in_a_row": "if {who} could work longer without a rest",
    "person_limits": "if {who} could have one more visit",
    "seats": "if {who} had more seats",
    "one_room_per_half_day": "if {who} could change rooms during the half-day",
}

#: Where a rule gives way for a request, or for a group session.
FOR_REQUESTS = {
    "windows": "if it could lie outside its windows",
    "pins": "if it need not keep what is pinned",
    "freeze": "if it could still start in the time that is frozen",
    "options": "if it could lie elsewhere than its options say",
    "notice": "if its service needed no notice",
    "start_grid": "if it could start at any time of day",
    "one_location": "if those whom it takes need not be at one location",
    "series_completeness": "if a part of its visits would do",
    "series_gaps": "if its visits need not keep their distance in days",
    "series_pattern": "if its visits need not share one time of day, so many days apart",
    "series_rate": "if it could have more visits a week",
    "most_carers": "if it could have one more carer",
    "chain_lags": "if its steps need not follow each other within their lags",
    "relations": "if its visits need not agree with others, or differ from them",
    "precedence": "if its visits need not come before or after others",
    "apart": "if those who are kept apart could meet",
    "session_together": "if its participants could come at another time than the group session",
    "session_most": "if the group session had one more place",
    "attendees_free": "if someone could be in two of its visits at once",
    "capacity": "if its visits could share whom or what they take",
    "buffers": "if its visits needed no time between them",
    "turnaround": "if its visits needed no time to turn around between them",
    "travel": "if its visits needed no time to travel between them",
    "breaks": "if its visits could take the breaks",
    "work_per_day": "if its visits could be more work on a day",
    "work_per_week": "if its visits could be more work in a week",
    "work_in_a_row": "if its visits could be longer without a rest",
    "person_limits": "if one person could have all of its visits",
    "seats": "if its room had a seat for everyone",
    "one_room_per_half_day": "if those whom it takes could change rooms during the half-day",
    "most_changes": "if one more published visit could change",
    "option_complete": "if a part of one of its options would do",
    "session_least": "if the group session could be held with fewer participants",
    "must_serve": "if others need not be served",
}


def without(prepared: Prepared, fact: Fact, places: Mapping[int, Placement]) -> str:
    """Say what it would mean that a fact gives way, with the visits at these places."""
    who = named(prepared, fact)
    if fact.rule == "opening_hours" and fact.of_resource:
        when = _outside(prepared, prepared.resource_index[fact.object], places)
        if when:
            return f"if {who} were also available on {when}"
    if not fact.of_resource:
        visits = {prepared.visits[v].id for v in places}
        some = [*ties(prepared, fact.rule, visits, "need not")]
        if some:
            return f"if {' and '.join(some)}"
    told = FOR_RESOURCES if fact.of_resource else FOR_REQUESTS
    return told.get(fact.rule, f"without the rule {fact.rule} for {{who}}").format(who=who)


def _outside(prepared: Prepared, resource: int, places: Mapping[int, Placement]) -> str:
    """Say when visits take a resource outside its hours, where that is one stretch."""
    taken = 0
    for visit, place in places.items():
        for claim in prepared.visits[visit].claims(place):
            if claim.resource == resource:
                taken |= masks.span(claim.first, claim.end)
    some = list(masks.spans(taken & ~prepared.opening(resource).open))
    if len(some) != 1:
        return ""
    ((first, end),) = some
    clock = prepared.clock_of(resource)
    return f"{prepared.local(first, clock)} to {prepared.local(end, clock)[-5:]}"
