"""Who is asking."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Role(Enum):
    """What someone is to a tenant."""

    CLIENT = "client"
    SCHEDULER = "scheduler"
    REVIEWER = "reviewer"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Whoever asks, as found from what they sent.

    Attributes
    ----------
    tenant
        Number of the tenant.
    actor
        How the audit log names them: ``key:<uid>``, ``user:<uid of the membership>`` or
        ``link:<uid>``.
    role
        What they are to the tenant.
    scopes
        What a key is confined to, ``("*",)`` for all that its role may do.
    locations
        What their own locations are; empty is all.
    person
        Number of the person that they are, for those who see their own bookings only.
    publishable
        Whether the key stands in a public page.
    booking
        Number of the booking that a link is for; None for everybody else.
    """

    tenant: int
    actor: str
    role: Role
    scopes: frozenset[str] = frozenset({"*"})
    locations: frozenset[str] = frozenset()
    person: int | None = None
    publishable: bool = False
    booking: int | None = None

    @property
    def own_only(self) -> bool:
        """Whether they see and change nothing but their own bookings.

        What stands in a public page is used by everybody, whatever role it was given.
        """
        return self.role is Role.CLIENT or self.publishable
