"""What is asked for follows the published figures, at 20,000 requests."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from random import Random

import pytest

from allocator.domain import measured
from allocator.generate import draw_asks, profile
from allocator.generate.demand import Ask
from allocator.generate.services import OFFERED, catalogue, consultation_for
from allocator.generate.shares import deal

NUMBER = 20_000


@pytest.fixture(scope="module")
def asks() -> list[Ask]:
    return draw_asks(NUMBER, Random(11))


@pytest.fixture(scope="module")
def patients(asks: list[Ask]) -> list[Ask]:
    return [ask for ask in asks if ask.therapy != "conference"]


def agree(found: Iterable[Hashable], shares: Mapping[Hashable, float]) -> None:
    """Hold shares to 10 % of themselves; those below 2 % to half a point."""
    counts = Counter(found)
    total = sum(shares.values())
    assert set(counts) <= set(shares)
    for value, share in shares.items():
        wanted = share / total
        slack = 0.1 * wanted if wanted >= 0.02 else 0.005
        assert counts[value] / counts.total() == pytest.approx(wanted, abs=slack), value


def test_requests_come_in_at_the_published_hours(asks: list[Ask]) -> None:
    # 6h to 18h of the Vitoria set, in per cent.
    hours = (1.4, 17.4, 13.9, 11.6, 10.0, 7.7, 4.9, 8.2, 8.3, 7.3, 5.0, 2.6, 1.7)
    agree((min(ask.hour, 18) for ask in asks), dict(enumerate(hours, start=6)))


def test_requests_come_in_on_the_published_weekdays(asks: list[Ask]) -> None:
    agree((ask.weekday for ask in asks), dict(enumerate((20.9, 23.7, 22.0, 16.4, 17.1))))


def test_lead_times_fall_into_the_published_bins(asks: list[Ask]) -> None:
    bounds = (0, 1, 3, 7, 14, 30, 60, 10_000)
    shares = (34.9, 4.7, 8.6, 15.8, 10.9, 15.7, 7.5, 1.9)
    found = (next(b for b in bounds if ask.lead_days <= b) for ask in asks)
    agree(found, dict(zip(bounds, shares, strict=True)))


def test_patients_come_on_as_many_days_as_published(patients: list[Ask]) -> None:
    shares = {1: 64.0, 2: 21.9, 3: 8.1, 4: 3.2, 5: 1.3, 6: 1.5}
    agree((min(ask.visit_days, 6) for ask in patients), shares)


def test_frequent_patients_are_regular_as_often_as_published(patients: list[Ask]) -> None:
    frequent = [ask for ask in patients if ask.visit_days >= 4]
    regular = [ask for ask in frequent if ask.regular]
    agree((ask.regular for ask in frequent), {True: 644, False: 3720 - 644})
    assert all(len(set(ask.gap_days)) == 1 for ask in regular)
    # The rest, 15 %, is many gaps of few patients each.
    some = {7: 271, 1: 138, 2: 51, 14: 47, 6: 26, 3: 25, 4: 19, 8: 16, 0: 51}
    agree((ask.gap_days[0] if ask.gap_days[0] in some else 0 for ask in regular), some)


def test_other_gaps_have_their_peaks_at_whole_weeks(patients: list[Ask]) -> None:
    gaps = [gap for ask in patients if not ask.regular for gap in ask.gap_days]
    agree(gaps, profile.GAPS)
    counts = Counter(gaps)
    for week in (7, 14, 21, 28):
        assert counts[week] > max(counts[week - 1], counts[week + 1])


def test_patients_have_several_appointments_on_a_day_as_often_as_published(
    patients: list[Ask],
) -> None:
    days = sum(ask.visit_days for ask in patients)
    doubled = sum(ask.visit_days for ask in patients if ask.same_day)
    assert doubled / days == pytest.approx(0.0735, rel=0.1)


def test_consultations_last_as_long_as_published(asks: list[Ask]) -> None:
    minutes = sorted(ask.consultation_minutes for ask in asks)
    # Quantiles of the lognormal fit: exp(2.4961 + z * 0.4385), z = -1.2816, 0, 1.2816.
    for place, wanted in ((0.1, 6.92), (0.5, 12.13), (0.9, 21.28)):
        assert minutes[int(place * NUMBER)] == pytest.approx(wanted, rel=0.02)
    # P(X <= 15) = Phi((ln 15 - 2.4961) / 0.4385) = Phi(0.483); P(X <= 30) = Phi(2.064).
    shares = {"consultation": 0.6855, "long_consultation": 0.2950, "extended_consultation": 0.0195}
    agree((consultation_for(value) for value in minutes), shares)


def test_a_service_is_long_enough_for_what_was_drawn(asks: list[Ask]) -> None:
    longest = {service.id: service.minutes for service in catalogue(None)}
    for ask in asks:
        if ask.consultation_minutes <= 45:
            assert ask.consultation_minutes <= longest[consultation_for(ask.consultation_minutes)]


def test_therapies_are_mixed_as_published(asks: list[Ask]) -> None:
    named = {"psychotherapy": 26.1, "speech": 20.4, "physio": 19.2, "occupational": 10.3}
    found = (ask.therapy if ask.therapy in named else "others" for ask in asks)
    agree(found, {**named, "others": 24.0})


def test_therapies_last_15_to_75_minutes() -> None:
    minutes = {service.id: service.minutes for service in catalogue(None)}
    lasting = {minutes[id] for offered in OFFERED.values() for id in offered}
    assert lasting == {15, 30, 45, 60, 75}


def test_patients_would_come_at_the_published_hours(asks: list[Ask]) -> None:
    shares = dict(
        zip(
            range(8, 21),
            (7.43, 12.13, 12.79, 13.52, 5.57, 0.06, 7.11, 10.89, 11.07, 11.15, 7.34, 0.9, 0.03),
            strict=True,
        )
    )
    agree((ask.start_hour for ask in asks), shares)


def test_as_many_cancel_or_do_not_come_as_published(asks: list[Ask]) -> None:
    agree((ask.cancelled for ask in asks), {True: 16.4, False: 83.6})
    rates = (4.65, 21.35, 23.74, 25.2, 30.47, 32.59, 34.15, 28.45)
    for bin, rate in zip(measured.LEAD_BINS, rates, strict=True):
        some = [ask.no_show for ask in asks if bin.first <= ask.lead_days <= bin.last]
        agree(some, {True: rate, False: 100 - rate})


def test_conferences_and_windows_follow_what_is_assumed(asks: list[Ask]) -> None:
    agree((ask.therapy == "conference" for ask in asks), {True: 5.0, False: 95.0})
    for reach in ("days_before", "days_after"):
        agree((getattr(ask, reach) for ask in asks), dict.fromkeys(range(1, 8), 1.0))


def test_dealing_comes_within_one_of_every_share() -> None:
    shares = {"a": 0.5, "b": 0.3, "c": 0.2}
    for number in range(40):
        counts = Counter(deal(Random(number), shares, number))
        assert counts.total() == number
        assert all(abs(counts[v] - number * share) < 1 for v, share in shares.items())


def test_same_seed_same_asks() -> None:
    one, other = (
        json.dumps([ask.lead_days for ask in draw_asks(500, Random("1:asks"))]) for _ in range(2)
    )
    assert one == other
