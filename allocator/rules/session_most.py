"""Session most: a group session has so many places."""

from __future__ import annotations

from collections.abc import Iterator

from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Literal, Verbs


def joiners(model: Verbs) -> dict[int, list[Literal]]:
    """Return, by the number of a session's visit, whether each free visit joins it."""
    found: dict[int, list[Literal]] = {}
    for visit in model.free:
        for session in visit.joins:
            found.setdefault(session, []).append(model.joined(visit.index, session))
    return found


class SessionMost(Rule):
    """Seats of a group session: each visit that joins it takes one."""

    name = "session_most"
    sentence = "A group session has no more participants than places."
    moving = True
    local = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether there are group sessions."""
        return bool(prepared.problem.sessions)

    def concerns(self, prepared: Prepared, visit: Visit) -> bool:
        """Say whether the visit may join a session."""
        return bool(visit.joins)

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the sessions with too many participants."""
        prepared = timetable.prepared
        for number, participants in sorted(timetable.participants.items()):
            session = prepared.visits[number].session
            assert session is not None
            if len(participants) > session.most:
                yield violation(
                    self,
                    timetable,
                    f"Session {session.id} has {len(participants)} participants; at most"
                    f" {session.most} have a place.",
                    participants,
                )

    def starts(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return no start where the session joined is full."""
        if variant.session < 0:
            return EVERY
        session = state.prepared.visits[variant.session].session
        assert session is not None
        taken = len(state.participants.get(variant.session, ()))
        return EVERY if taken < session.most else 0

    def constrain(self, model: Verbs) -> None:
        """Let free participants be at most as many as fixed ones leave places."""
        for number, literals in joiners(model).items():
            session = model.prepared.visits[number].session
            assert session is not None
            taken = len(model.state.participants.get(number, ()))
            left = max(0, session.most - taken)
            if len(literals) > left:
                model.at_most(sum(literals), left)
