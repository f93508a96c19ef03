"""The figures that the demonstration clinics follow, each with its source.

Shares are of one. What has no source is marked as assumed; data/README.md lists it again.
"""

from __future__ import annotations

from allocator.domain.measured import LEAD_BINS

# Appointments a day of 81 neighbourhood clinics: median, upper quartile, ninth decile.
# Computed from the Vitoria set (Medical Appointment No Shows, 110,527 rows, CC BY-NC-SA 4.0).
APPOINTMENTS_A_DAY = {"small": 33, "medium": 78, "large": 110}

# When people ask (Vitoria). Saturdays, 0.02 %, are left out.
BOOKING_HOURS = {
    6: 0.0143,
    7: 0.1738,
    8: 0.1389,
    9: 0.116,
    10: 0.1,
    11: 0.0766,
    12: 0.0491,
    13: 0.0818,
    14: 0.0826,
    15: 0.0731,
    16: 0.0501,
    17: 0.0263,
    18: 0.0121,
    19: 0.0044,
    20: 0.0009,
}
BOOKING_WEEKDAYS = {0: 0.2089, 1: 0.2368, 2: 0.2195, 3: 0.1635, 4: 0.1711}


# Days with a visit in six weeks, for a patient (Vitoria); 8 stands for 8 and more.
VISIT_DAYS = {
    1: 0.6398,
    2: 0.2192,
    3: 0.0812,
    4: 0.0318,
    5: 0.0133,
    6: 0.0057,
    7: 0.003,
    8: 0.0059,
}
COUNTED_WEEKS = 6
FREQUENT = 4

# Days from one visit to the next (Vitoria), up to 35 days; 97 % of all.
GAPS = {
    1: 0.1136,
    2: 0.0798,
    3: 0.0569,
    4: 0.0493,
    5: 0.0622,
    6: 0.0585,
    7: 0.1022,
    8: 0.0439,
    9: 0.0278,
    10: 0.0203,
    11: 0.0199,
    12: 0.0268,
    13: 0.0318,
    14: 0.0538,
    15: 0.0251,
    16: 0.0152,
    17: 0.0137,
    18: 0.0155,
    19: 0.0171,
    20: 0.0187,
    21: 0.0249,
    22: 0.0139,
    23: 0.0082,
    24: 0.0062,
    25: 0.0098,
    26: 0.0104,
    27: 0.0109,
    28: 0.0164,
    29: 0.0079,
    30: 0.0058,
    31: 0.006,
    32: 0.0054,
    33: 0.0054,
    34: 0.0048,
    35: 0.0064,
}

# Frequent patients (4 days and more) whose gaps are mostly one and the same: 644 of 3,720, and
# their gap in days (Vitoria). The 51 with a gap not published are spread over 5 to 28 days.
REGULAR_SHARE = 644 / 3720
REGULAR_GAPS = {
    7: 271.0,
    1: 138.0,
    2: 51.0,
    14: 47.0,
    6: 26.0,
    3: 25.0,
    4: 19.0,
    8: 16.0,
    5: 13.0,
    10: 10.0,
    12: 8.0,
    13: 8.0,
    21: 8.0,
    28: 4.0,
}

# Patient days with several appointments (Vitoria).
SAME_DAY_SHARE = 0.0735

# Starts by hour of the day (Hangu, as in ``allocator.domain.measured``).
START_HOURS = {
    8: 0.0743,
    9: 0.1213,
    10: 0.1279,
    11: 0.1352,
    12: 0.0557,
    13: 0.0006,
    14: 0.0711,
    15: 0.1089,
    16: 0.1107,
    17: 0.1115,
    18: 0.0734,
    19: 0.009,
    20: 0.0003,
}

# How much of a year's visits each month has, 1 being a twelfth: January to December. NHS Hospital
# Outpatient Activity 2023-24, as carried by the constants of medscheduler 1.0 (MIT).
MONTHS = (1.092, 1.026, 0.99, 0.865, 0.998, 1.035, 0.984, 0.994, 0.993, 1.055, 1.082, 0.887)

# The mix of a specialised rehabilitation centre in Santa Catarina, 109,557 appointments
# (published shares, not recomputed; background doi 10.3390/fi14010003). The four named are the
# source's; how the other 24 % divide is assumed, the 5 % of case conferences included.
THERAPIES = {
    "psychotherapy": 0.2614,
    "speech": 0.2037,
    "physio": 0.1917,
    "occupational": 0.1033,
    "doctor": 0.1499,
    "conference": 0.05,
    "group": 0.04,
}

# Assumed, all of it: a window reaches 1 to 7 days to either side of the wished day; a series has
# 4 to 12 visits; a conference 2 to 4 staff; a group 3 to 10 participants.
WINDOW_DAYS = (1, 7)
SERIES_VISITS = (4, 12)
CONFERENCE_STAFF = (2, 4)
GROUP_SIZE = (3, 10)

# Assumed: the shares of the priority classes.
PRIORITIES = {1: 0.08, 2: 0.27, 3: 0.65}


def booked_ahead(days: int) -> float:
    """Return the share of bookings made ahead that were made at least so many days ahead."""
    ahead = [bin for bin in LEAD_BINS if bin.first > 0]
    total = sum(bin.share for bin in ahead)
    left = 0.0
    for bin in ahead:
        length = bin.last - bin.first + 1
        left += bin.share * min(length, max(0, bin.last - days + 1)) / length
    return left / total
