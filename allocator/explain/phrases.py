"""Facts in plain words: a clause for each rule, and a sentence for a core."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from allocator.explain.facts import Fact, named
from allocator.explain.lists import NAMED, joined, listed
from allocator.explain.ties import ties
from allocator.prepare.prepared import Prepared
from allocator.report.words import value
from allocator.rules import RULES
from allocator.rules.rule import Rule

#: What a fact of resources says of them: of one, and of several.
OF_RESOURCES = {
    "opening_hours": (
        "is not available at other times",
        "are not available at other times",
    ),
    "blocks": ("is blocked", "are blocked"),
    "contracts": ("has no contract then", "have no contract then"),
    "reserves": ("has time kept for others", "have time kept for others"),
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
    "capacity": "its visits cannot share whom or what they take",
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
    "most_changes": "no more published visits may change",
    "option_complete": "an option is placed whole or not at all",
    "session_least": "the group session would have too few participants",
    "must_serve": "others have to be served",
}

#: How what is said of one request is said of several.
OF_ALL = {
    "it has": "they have",
    "it is": "they are",
    "it lists": "they list",
    "it": "they",
    "its": "their",
}

#: How a time ends at which a day begins.
MIDNIGHT = " 00:00"


def clauses(
    prepared: Prepared,
    facts: Iterable[Fact],
    rules: Sequence[Rule] = RULES,
    *,
    about: Collection[str] = (),
) -> list[str]:
    """Say facts in plain words.

    First a clause for each rule that speaks of requests, which are named where there are
    several; then one for all that is said of the same resources, so that each is named once.

    Parameters
    ----------
    prepared
        The problem.
    facts
        In the order of the rules.
    rules
        Those that are known.
    about
        Ids of the requests that all of it is about. What holds for each of them is said without
        naming them again.
    """
    facts = list(facts)
    of_requests = [fact for fact in facts if not fact.of_resource]
    everyone = _owners(of_requests) | set(about)
    said: list[str] = []
    for rule in dict.fromkeys(fact.rule for fact in of_requests):
        some = [fact for fact in of_requests if fact.rule == rule]
        said += _of_requests(prepared, some, rules, set(about) or everyone, len(everyone) > 1)
    by_resource: dict[str, list[str]] = {}
    for fact in facts:
        if fact.of_resource:
            by_resource.setdefault(named(prepared, fact), []).append(fact.rule)
    alike: dict[tuple[str, ...], list[str]] = {}
    for who, rules_of in by_resource.items():
        alike.setdefault(tuple(rules_of), []).append(who)
    return said + [_of_resources(names, some, rules) for some, names in alike.items()]


def _owners(facts: Iterable[Fact]) -> set[str]:
    return {fact.object for fact in facts}


def _of_requests(
    prepared: Prepared, facts: Sequence[Fact], rules: Sequence[Rule], about: set[str], several: bool
) -> list[str]:
    """Say what facts of one rule say of requests: those of whom it says the same together."""
    if several and facts[0].rule in OF_RESOURCES:
        # What visits take of the same resources is about all of them together.
        return list(dict.fromkeys(_of_all(_of_request(prepared, f, rules)) for f in facts))
    alike: dict[str, list[Fact]] = {}
    for fact in facts:
        alike.setdefault(_of_request(prepared, fact, rules), []).append(fact)
    if len(alike) > NAMED and facts[0].rule in OF_REQUESTS:
        alike = {OF_REQUESTS[facts[0].rule].format(windows="windows"): list(facts)}
    said = []
    for told, some in alike.items():
        words = _of_all(told) if len(some) > 1 else told
        if several and _owners(some) != about:
            words = f"{listed([named(prepared, fact) for fact in some])}: {words}"
        said.append(words)
    return said


def _of_all(said: str) -> str:
    """Return what is said of one request as it is said of several."""
    for one, all_of_them in OF_ALL.items():
        said = re.sub(rf"\b{one}\b", all_of_them, said)
    return said


def _of_request(prepared: Prepared, fact: Fact, rules: Sequence[Rule]) -> str:
    """Say what a fact of a request says."""
    said = OF_REQUESTS.get(fact.rule)
    if said is None:
        return _sentence(fact.rule, rules)
    some = [*ties(prepared, fact.rule, _visits(prepared, fact.object), "must")]
    if some:
        return " and ".join(some)
    if fact.rule == "windows":
        return said.format(windows=_windows(prepared, fact.object))
    freeze = prepared.problem.freeze_before
    if fact.rule == "freeze" and freeze is not None:
        return said.format(freeze=prepared.local(prepared.horizon.tick_at_or_after(freeze)))
    return said


def _visits(prepared: Prepared, object: str) -> list[str]:
    """Return the ids of the visits of a request or a session."""
    return [prepared.visits[v].id for v in prepared.named_visits(object)]


def _of_resources(who: Sequence[str], names: Sequence[str], rules: Sequence[Rule]) -> str:
    """Say what rules say of some resources."""
    said = [
        OF_RESOURCES[name][len(who) > 1]
        if name in OF_RESOURCES
        else f"{'come' if len(who) > 1 else 'comes'} under a rule: {_sentence(name, rules)}"
        for name in names
    ]
    return f"{listed(who)} {joined(said)}"


def _sentence(name: str, rules: Sequence[Rule]) -> str:
    """Return a rule's sentence, to be told in the middle of another; its name without one."""
    said = next((rule.sentence for rule in rules if rule.name == name), "").rstrip(".") or name
    return said[0].lower() + said[1:]


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
    end = horizon.tick(spans[0].end)
    first, last = prepared.local(horizon.tick_at_or_after(spans[0].start), clock), ""
    if first.endswith(MIDNIGHT) and prepared.local(end, clock).endswith(MIDNIGHT):
        first, last = (at.rpartition(" ")[0] for at in (first, prepared.local(end - 1, clock)))
    else:
        last = prepared.local(end, clock)
    return f"window, {first}" if first == last else f"window, {first} to {last}"


def missed(amount: int, unit: str, *, sign: bool = False) -> str:
    """Write how much of a goal is missed: ``1 wish``, ``+36 quarter hours``."""
    what, _, parts = unit.partition(" / ")
    plus = "+" if sign and amount >= 0 else ""
    if parts.isdigit():
        size = value(abs(amount) / int(parts))
        return f"{plus or '-' * (amount < 0)}{size} {what} left out"
    if abs(amount) == 1:
        words = unit.split(" ")
        plural = next((n for n, word in enumerate(words) if word.endswith("s")), None)
        if plural is not None:
            words[plural] = _one(words[plural])
        unit = " ".join(words)
    return f"{plus}{amount:,} {unit}"


def _one(plural: str) -> str:
    """Return the singular of a noun."""
    if plural.endswith("ies"):
        return plural[:-3] + "y"
    return plural[: -2 if plural.endswith(("shes", "ches", "sses", "xes")) else -1]
