"""Session together: who takes part in a group session is there while it is held."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Literal, Verbs


class SessionTogether(Rule):
    """Synchronised visits: start and length of a participant are those of the session."""

    name = "session_together"
    sentence = (
        "Participants of a group session are there for all of it, and no request joins the same"
        " session twice."
    )
    moving = True
    structural = True
    local = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether there are group sessions."""
        return bool(prepared.problem.sessions)

    def concerns(self, prepared: Prepared, visit: Visit) -> bool:
        """Say whether the visit has to do with a group session."""
        return visit.session is not None or bool(visit.joins)

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the participants of sessions that are not held, or not then and there."""
        prepared = timetable.prepared
        joined: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        for visit, placement in timetable.placed():
            if not visit.joins:
                continue
            if placement.session < 0:
                text = f"Visit {visit.id} is placed without any of its {len(visit.joins)} sessions."
                yield violation(self, timetable, text, [visit.index])
                continue
            joined[placement.session, visit.request_index].append(visit.index)
            session = prepared.visits[placement.session]
            held = timetable.placements[session.index]
            if held is None:
                text = f"Visit {visit.id} joins session {session.id}, which is not held."
                yield violation(self, timetable, text, [visit.index])
            elif held[:2] != placement[:2]:
                yield violation(
                    self,
                    timetable,
                    f"Visit {visit.id} is {_when(prepared, visit, placement)}; its session"
                    f" {session.id} is {_when(prepared, session, held)}.",
                    [visit.index, session.index],
                )
        for (session_visit, request), visits in joined.items():
            if len(visits) > 1:
                yield violation(
                    self,
                    timetable,
                    f"Request {prepared.requests[request].request.id} joins session"
                    f" {prepared.visits[session_visit].id} {len(visits)} times; once is possible.",
                    visits,
                )

    def starts(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return the start of the session joined, or of the participants who are there."""
        if variant.session >= 0:
            if any(p.session == variant.session for _, p in state.placed_of(visit)):
                return 0
            held = state.placements[variant.session]
            if held is None:
                return EVERY if variant.session in state.pending else 0
            return _start_of(held, variant)
        mask = EVERY
        if visit.session is not None:
            for participant in state.participants.get(visit.index, ()):
                placement = state.placements[participant]
                assert placement is not None
                mask &= _start_of(placement, variant)
        return mask

    def constrain(self, model: Verbs) -> None:
        """Tie free sessions to their participants; the masks tie to what is fixed.

        A fixed participant asks for the session to be held; a frozen one does not.
        """
        siblings: defaultdict[tuple[int, int], list[Literal]] = defaultdict(list)
        for visit in model.free:
            for session in visit.joins:
                joined = model.joined(visit.index, session)
                siblings[visit.request_index, session].append(joined)
                if not model.is_free(session):
                    continue
                model.imply([joined], model.present(session))
                model.equal(model.start(visit.index), model.start(session), when=[joined])
        for literals in siblings.values():
            if len(literals) > 1:
                model.at_most(sum(literals), 1)
        for session, participants in model.state.participants.items():
            if model.is_free(session) and not model.prepared.frozen.keys() >= set(participants):
                model.imply([], model.present(session))


def _start_of(held: Placement, variant: Variant) -> Mask:
    return 1 << held.start if held.duration == variant.duration else 0


def _when(prepared: Prepared, visit: Visit, placement: Placement) -> str:
    start = prepared.local(placement.start, visit.clock)
    return f"at {start} for {placement.duration * prepared.grain} minutes"
