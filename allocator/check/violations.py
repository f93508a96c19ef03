"""Every rule's plain check, on a finished schedule."""

from __future__ import annotations

from allocator.rules.rule import Violation
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook


def violations(book: Rulebook, timetable: Timetable) -> list[Violation]:
    """Return what a schedule breaks, rule by rule; inherited violations included."""
    return [found for rule in book.rules for found in rule.violations(timetable)]
