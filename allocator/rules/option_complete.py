"""Option complete: what an option names is placed whole."""

from __future__ import annotations

from collections.abc import Iterator

from allocator.prepare.prepared import Prepared
from allocator.rules.options import (
    matching_options,
    option_choices,
    option_places,
    option_spots,
)
from allocator.rules.rule import Rule, Violation, violation
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs


class OptionComplete(Rule):
    """All or nothing: presence in a chosen pattern."""

    name = "option_complete"
    sentence = "An option is placed with all the visits that it names, or not at all."
    local = True
    of_requests = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any option could be placed in part, and options bind at all."""
        return "options" not in prepared.problem.without_rules and any(
            len(r.visits) > 1 and len(spots) > 1
            for r in prepared.requests
            if r.request.options
            for spots in option_spots(prepared, r)
        )

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the requests that are placed with a part of an option, and with none whole."""
        prepared = timetable.prepared
        for prep in prepared.requests:
            if not prep.request.options:
                continue
            placed = timetable.of(prep)
            agreed = matching_options(prepared, prep, timetable.placements) if placed else []
            named = [len(option_spots(prepared, prep)[number]) for number in agreed]
            if named and len(placed) not in named:
                yield violation(
                    self,
                    timetable,
                    f"Request {prep.request.id}: {len(placed)} of the {min(named)} visits that"
                    f" its option {agreed[named.index(min(named))] + 1} names are placed.",
                    [v.index for v, _ in placed],
                )

    def constrain(self, model: Verbs) -> None:
        """Choose an option for each request with a visit placed; all that it names are placed.

        Fixed visits ask for theirs as well, as far as they can be had; frozen ones do not.
        """
        for prep, chosen in option_choices(model):
            whole = []
            for literal, spots in chosen:
                missing = any(
                    model.state.placements[v] is None for v in spots if not model.is_free(v)
                )
                if missing:
                    continue
                whole.append(literal)
                for visit in prep.visits:
                    if not model.is_free(visit):
                        continue
                    if visit in spots:
                        model.imply([literal], model.present(visit))
                        for place in option_places(model, visit, spots):
                            model.imply([literal], place)
                    else:
                        model.forbid([literal, model.present(visit)])
            for visit in prep.visits:
                if model.is_free(visit) or (whole and visit not in model.prepared.frozen):
                    model.imply([model.present(visit)], model.any_of(whole))
