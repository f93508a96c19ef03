"""Attendees free: nobody is asked to be in two visits at once."""

from __future__ import annotations

from allocator.prepare.prepared import Prepared
from allocator.rules.capacity import Lanes


class AttendeesFree(Lanes):
    """Lanes of the people who come to visits without serving in any, such as patients."""

    name = "attendees_free"
    sentence = "Everyone who attends is free: nobody is asked to be in two visits at once."
    moving = True
    of_claims = True
    local = True

    def serves(self, prepared: Prepared, resource: int) -> bool:
        """Say whether the resource attends visits and never serves."""
        return prepared.attends_only(resource)
