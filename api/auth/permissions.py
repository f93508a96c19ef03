"""Who may do what: one table of actions and roles, and the attribute rules beside it."""

from __future__ import annotations

from api.auth.principal import Principal, Role
from api.problems import Forbidden, NotFound

CLIENT, SCHEDULER, REVIEWER, ADMINISTRATOR, AUDITOR = Role

STAFF = frozenset({SCHEDULER, REVIEWER, ADMINISTRATOR})
EVERYBODY = frozenset(Role)

#: Roles that may take an action. An action is also what a key's scopes name, whole or up to a dot.
ACTIONS: dict[str, frozenset[Role]] = {
    "tenant.read": EVERYBODY,
    "tenant.write": frozenset({ADMINISTRATOR}),
    "catalogue.read": EVERYBODY,
    "catalogue.write": frozenset({ADMINISTRATOR}),
    "people.read": STAFF | {AUDITOR},
    "people.write": STAFF,
    "people.erase": frozenset({ADMINISTRATOR}),
    "requests.read": EVERYBODY,
    "requests.write": STAFF | {CLIENT},
    "suggestions.read": EVERYBODY,
    "waitlist.read": EVERYBODY,
    "waitlist.write": STAFF | {CLIENT},
    "bookings.read": EVERYBODY,
    "bookings.hold": STAFF | {CLIENT},
    "bookings.confirm": STAFF | {CLIENT},
    "bookings.cancel": STAFF | {CLIENT},
    "bookings.reschedule": STAFF | {CLIENT},
    "bookings.reassign": STAFF,
    "bookings.attend": STAFF,
    "sessions.place": STAFF,
    "bookings.approve": frozenset({REVIEWER, ADMINISTRATOR}),
    "bookings.overbook": frozenset({ADMINISTRATOR}),
    "bookings.import": frozenset({ADMINISTRATOR}),
    "claims.read": STAFF | {AUDITOR},
    "absences.read": STAFF | {AUDITOR},
    "absences.write": STAFF,
    "solves.read": STAFF | {AUDITOR},
    "solves.write": STAFF,
    "events.read": STAFF | {AUDITOR},
    "webhooks.read": frozenset({ADMINISTRATOR, AUDITOR}),
    "webhooks.write": frozenset({ADMINISTRATOR}),
    "links.write": STAFF,
    "keys.read": frozenset({ADMINISTRATOR, AUDITOR}),
    "keys.write": frozenset({ADMINISTRATOR}),
    "audit.read": frozenset({ADMINISTRATOR, AUDITOR}),
}

#: What a publishable key may do at most, whatever its role.
PUBLIC = frozenset(
    {
        "tenant.read",
        "catalogue.read",
        "suggestions.read",
        "bookings.hold",
        "bookings.confirm",
    }
)


def demand(principal: Principal, action: str) -> None:
    """Refuse an action that a principal may not take.

    Raises
    ------
    Forbidden
        Naming the action, and who may take it.
    """
    roles = ACTIONS[action]
    if principal.role not in roles:
        allowed = ", ".join(role.value for role in Role if role in roles)
        raise Forbidden(
            f"The role {principal.role.value} may not take the action {action};"
            f" allowed are: {allowed}.",
            action=action,
        )
    if principal.publishable and action not in PUBLIC:
        raise Forbidden(f"A publishable key may not take the action {action}.", action=action)
    family = action.split(".")[0]
    if not principal.scopes & {"*", action, f"{family}.*"}:
        scopes = ", ".join(sorted(principal.scopes))
        raise Forbidden(
            f"The action {action} is outside the scopes of this key: {scopes}.", action=action
        )


def may(principal: Principal, action: str) -> bool:
    """Say whether a principal may take an action."""
    try:
        demand(principal, action)
    except Forbidden:
        return False
    return True


def may_see(
    principal: Principal, *, person: int | None, location: str | None, created_by: str, booking: int
) -> bool:
    """Say whether a booking is a principal's business."""
    if principal.booking is not None:
        return principal.booking == booking
    if principal.own_only:
        return created_by == principal.actor or (person is not None and person == principal.person)
    return works_at(principal, location)


def works_at(principal: Principal, location: str | None) -> bool:
    """Say whether a location is a principal's business; what has none is everybody's."""
    return not principal.locations or location is None or location in principal.locations


def demand_own(principal: Principal, what: str, seen: bool) -> None:
    """Refuse what is not a principal's business, without saying that it exists."""
    if not seen:
        raise NotFound(f"There is no {what}.")


def demand_location(principal: Principal, location: str | None) -> None:
    """Refuse to write where a principal does not work."""
    if not works_at(principal, location):
        raise Forbidden(
            f"The location {location} is not among yours: {', '.join(sorted(principal.locations))}."
        )
