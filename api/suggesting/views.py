"""Suggestions as clients get them: the staff hear what they cost, nobody else of others."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from allocator.domain.steering import Saving
from allocator.suggest import DayOfStarts, Reason, Suggestion, Tag, WhyNone
from api.suggesting.suggester import Days, Offer, Offers
from api.usecases.discretion import PLAIN
from api.usecases.placing import WantedVisit
from api.usecases.tx import Tx
from api.views import instant

#: Reasons that are about whoever asks, or about what everybody may know: popular hours. All others
#: tell how somebody's day looks, or who waits.
PERSONAL = frozenset(
    {
        Tag.SOONEST,
        Tag.AT_WANTED,
        Tag.NEAR_WANTED,
        Tag.PREFERRED_TIME,
        Tag.PREFERRED_PERSON,
        Tag.SAME_CARER,
        Tag.SAME_TIME,
        Tag.QUIET_HOUR,
        Tag.BUSY_HOUR,
        Tag.AS_BEFORE,
        Tag.LATE,
    }
)


def suggestions(tx: Tx, found: Offers) -> dict[str, Any]:
    """Return what is suggested."""
    following = found.next_possible
    return {
        "suggestions": [suggestion(tx, found, one) for one in found.offers],
        "starts": found.starts,
        "expires_at": instant(found.expires_at),
        "why_none": None if found.why_none is None else _why(tx, found.why_none),
        "next_possible": None if following is None else suggestion(tx, found, following),
        "nearly": [
            {
                "visits": [_visit(*one) for one in near.visits],
                "failing": [
                    {
                        "occurrence": occurrence,
                        "step": step,
                        "start": instant(start),
                        "instead": [_visit(*one) for one in instead],
                    }
                    for (occurrence, step), start, instead in near.failing
                ],
            }
            for near in found.nearly
        ],
    }


def _visit(visit: WantedVisit, end: datetime) -> dict[str, Any]:
    """Return where a visit would lie."""
    return {
        "occurrence": visit.occurrence,
        "step": visit.step,
        "session": visit.session,
        "start": instant(visit.start),
        "end": instant(end),
        "resources": {role: list(names) for role, names in visit.resources.items()},
    }


def suggestion(tx: Tx, found: Offers, offer: Offer) -> dict[str, Any]:
    """Return one suggestion."""
    outside, one = tx.principal.own_only, offer.suggestion
    steering = found.steering
    return {
        "token": offer.token,
        "start": instant(one.visits[0].start),
        "end": instant(max(end for _, end in offer.visits)),
        "zone": str(one.visits[0].start.tzinfo),
        "visits": [_visit(*one) for one in offer.visits],
        "sessions": [_visit(*one) for one in offer.sessions],
        "reasons": [
            _reason(reason) for reason in one.reasons if not outside or reason.tag in PERSONAL
        ],
        "load": None if one.load is None else round(one.load, 2),
        "band": None if one.band is None else one.band.name.lower(),
        "saving": saving(one.saving, "" if steering is None else steering.currency),
        "rank": None if outside else one.rank,
        "goals": None if outside else _goals(one),
        "displaces": None if outside else list(one.displaces),
    }


def days(found: Days) -> dict[str, Any]:
    """Return the days of a calendar's page, and the months that they make."""
    months: dict[str, list[DayOfStarts]] = {}
    for one in found.days:
        months.setdefault(one.day.isoformat()[:7], []).append(one)
    return {
        "first": found.first.isoformat(),
        "last": found.last.isoformat(),
        "days": [
            {
                "day": one.day.isoformat(),
                "starts": one.starts,
                "first": instant(one.first),
                "last": instant(one.last),
                **_busy(found, one.load),
            }
            for one in found.days
        ],
        "months": [
            {
                "month": month,
                "days": len(some),
                "starts": sum(one.starts for one in some),
                **_busy(found, min((x.load for x in some if x.load is not None), default=None)),
            }
            for month, some in months.items()
        ],
    }


def _busy(found: Days, load: float | None) -> dict[str, Any]:
    band = None
    if load is not None and found.steering is not None:
        band = found.steering.band(load).name.lower()
    return {"load": None if load is None else round(load, 2), "band": band}


def saving(found: Saving | None, currency: str) -> dict[str, Any] | None:
    """Return what is saved."""
    if found is None:
        return None
    return {
        "percent": found.percent,
        "cents": found.cents,
        "currency": currency,
        "text": found.text(currency),
    }


def _reason(reason: Reason) -> dict[str, Any]:
    return {"tag": reason.tag.name.lower(), "text": reason.text, "good": reason.tag.good}


def _goals(one: Suggestion) -> list[dict[str, Any]]:
    return [
        {"goal": c.goal, "level": c.level, "unit": c.unit, "amount": c.amount, "cost": c.cost}
        for c in one.costs
    ]


def _why(tx: Tx, why: WhyNone) -> dict[str, Any]:
    """Return why there is nothing: to those outside, rules that are of their own request alone."""
    if tx.principal.own_only and not set(why.rules) <= PLAIN:
        return {"sentence": "Nothing is left of what you ask for, in that time.", "rules": []}
    if not why.rules:
        return {"sentence": why.sentence, "rules": []}
    named = ", ".join(why.rules)
    return {"sentence": f"No start is left after the rule {named}.", "rules": list(why.rules)}
