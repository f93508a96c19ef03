"""What people ask for, before a clinic turns it into requests."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from allocator.domain import measured
from allocator.generate import profile
from allocator.generate.shares import deal, deal_flags, deal_lognormal, deal_range


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One patient's wish, drawn from the profile.

    Attributes
    ----------
    therapy
        ``"psychotherapy"``, ``"speech"``, ``"physio"``, ``"occupational"``, ``"doctor"``,
        ``"conference"`` or ``"group"``.
    weekday, hour, minute
        When it was asked.
    lead_days
        Days from asking to the first visit.
    visit_days
        Days with a visit in six weeks.
    gap_days
        Days from each to the next.
    regular
        Whether the gaps are one and the same.
    same_day
        Whether each of these days has two appointments.
    consultation_minutes
        How long a consultation would take, before it is rounded to a grid.
    start_hour
        Hour of the day at which the patient would come.
    first
        Whether it is a first visit.
    days_before, days_after
        How far the visit may lie from the wished day.
    cancelled, no_show
        What becomes of it, should it be booked. A cancelled one never reaches the schedule;
        nothing in a problem says who will not come.
    """

    therapy: str
    weekday: int
    hour: int
    minute: int
    lead_days: int
    visit_days: int
    gap_days: tuple[int, ...]
    regular: bool
    same_day: bool
    consultation_minutes: float
    start_hour: int
    first: bool
    days_before: int
    days_after: int
    cancelled: bool
    no_show: bool


def draw_asks(number: int, rng: Random) -> list[Ask]:
    """Draw so many asks; their shares follow the profile at any number.

    A case conference is one visit, asked for by staff: the shares of a patient's visit days
    are dealt to the others.
    """
    therapies = deal(rng, profile.THERAPIES, number)
    weekdays = deal(rng, profile.BOOKING_WEEKDAYS, number)
    hours = deal(rng, profile.BOOKING_HOURS, number)
    bins = deal(rng, {bin: bin.share for bin in measured.LEAD_BINS}, number)
    missed = {
        bin: iter(deal_flags(rng, bin.no_show, bins.count(bin))) for bin in measured.LEAD_BINS
    }
    consultations = deal_lognormal(
        rng, measured.CONSULTATION_MU, measured.CONSULTATION_SIGMA, number
    )
    starts = deal(rng, profile.START_HOURS, number)
    first = deal_flags(rng, measured.FIRST_SHARE, number)
    before = deal_range(rng, *profile.WINDOW_DAYS, number)
    after = deal_range(rng, *profile.WINDOW_DAYS, number)
    cancelled = deal_flags(rng, measured.CANCELLED_SHARE, number)

    of_patients = [place for place in range(number) if therapies[place] != "conference"]
    days, regular, gaps = _visit_days(len(of_patients), rng)
    same_day = deal_flags(rng, profile.SAME_DAY_SHARE, len(of_patients))
    place_of = {place: turn for turn, place in enumerate(of_patients)}

    asks = []
    for place in range(number):
        turn = place_of.get(place)
        bin = bins[place]
        asks.append(
            Ask(
                therapy=therapies[place],
                weekday=weekdays[place],
                hour=hours[place],
                minute=rng.randrange(60),
                lead_days=rng.randint(bin.first, bin.last),
                visit_days=1 if turn is None else days[turn],
                gap_days=() if turn is None else gaps[turn],
                regular=turn is not None and regular[turn],
                same_day=turn is not None and same_day[turn],
                consultation_minutes=consultations[place],
                start_hour=starts[place],
                first=first[place],
                days_before=before[place],
                days_after=after[place],
                cancelled=cancelled[place],
                no_show=next(missed[bin]),
            )
        )
    return asks


def _visit_days(number: int, rng: Random) -> tuple[list[int], list[bool], list[tuple[int, ...]]]:
    """Draw visit days, regularity and gaps for so many patients."""
    days = deal(rng, profile.VISIT_DAYS, number)
    frequent = [place for place in range(number) if days[place] >= profile.FREQUENT]
    regular_ones = deal_flags(rng, profile.REGULAR_SHARE, len(frequent))
    regular = [False] * number
    for place, flag in zip(frequent, regular_ones, strict=True):
        regular[place] = flag
    regular_gaps = iter(deal(rng, profile.REGULAR_GAPS, sum(regular)))
    loose = sum(days[place] - 1 for place in range(number) if not regular[place])
    loose_gaps = iter(deal(rng, profile.GAPS, loose))
    gaps: list[tuple[int, ...]] = []
    for place in range(number):
        if regular[place]:
            gaps.append((next(regular_gaps),) * (days[place] - 1))
        else:
            gaps.append(tuple(next(loose_gaps) for _ in range(days[place] - 1)))
    return days, regular, gaps
