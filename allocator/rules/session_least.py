"""Session least: a group session runs only with enough participants."""

from __future__ import annotations

from collections.abc import Iterator

from allocator.prepare.prepared import Prepared
from allocator.rules.rule import Rule, Violation, violation
from allocator.rules.session_most import joiners
from allocator.state.timetable import Timetable
from allocator.state.verbs import Literal, Verbs


class SessionLeast(Rule):
    """Minimum attendance: below the least a session is not held, and without anybody never."""

    name = "session_least"
    sentence = "A group session runs with its least number of participants, or not at all."
    local = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether there are group sessions."""
        return bool(prepared.problem.sessions)

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the sessions that are held for too few."""
        prepared = timetable.prepared
        for problem_session in prepared.problem.sessions:
            number = prepared.visit_index[problem_session.id]
            if timetable.placements[number] is None:
                continue
            here = len(timetable.participants.get(number, ()))
            if here < problem_session.least:
                yield violation(
                    self,
                    timetable,
                    f"Session {problem_session.id} has {here} participants; it runs with at least"
                    f" {problem_session.least}.",
                    [number],
                )

    def constrain(self, model: Verbs) -> None:
        """Let a session that is held have its least; a fixed one as many as can be had.

        A frozen session asks for nobody.
        """
        free = joiners(model)
        sessions = set(free) | {v.index for v in model.free if v.session is not None}
        for number in sorted(sessions):
            session = model.prepared.visits[number].session
            assert session is not None
            if number in model.prepared.frozen:
                continue
            literals: list[Literal] = free.get(number, [])
            taken = len(model.state.participants.get(number, ()))
            missing = session.least - taken
            if not model.is_free(number):
                missing = min(missing, len(literals))
            if missing > 0:
                model.at_most(missing, sum(literals), when=[model.present(number)])
