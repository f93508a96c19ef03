"""What was measured in real clinics, each figure with its source. Shares are of one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LeadBin:
    """Days from asking to the visit: first and last of the bin, its share, its no-show rate."""

    first: int
    last: int
    share: float
    no_show: float


# Medical Appointment No Shows, Vitoria, 110,527 appointments, CC BY-NC-SA 4.0. The last bin is
# open; visits are drawn up to the 90th day.
LEAD_BINS = (
    LeadBin(0, 0, 0.3489, 0.0465),
    LeadBin(1, 1, 0.0472, 0.2135),
    LeadBin(2, 3, 0.0856, 0.2374),
    LeadBin(4, 7, 0.1584, 0.252),
    LeadBin(8, 14, 0.1088, 0.3047),
    LeadBin(15, 30, 0.1572, 0.3259),
    LeadBin(31, 60, 0.0749, 0.3415),
    LeadBin(61, 90, 0.019, 0.2845),
)

# All of them: of 110,527 appointments so many were missed (Vitoria).
MISSED_SHARE = 0.2019

# Minutes of a consultation, lognormal; first visits among them. Hangu outpatient clinic, 6,637
# consultations: Feng et al. 2023, doi 10.3390/data8030047, CC BY-NC-SA 4.0.
CONSULTATION_MU = 2.4961
CONSULTATION_SIGMA = 0.4385
FIRST_SHARE = 0.378

# Appointments cancelled beforehand: NHS Hospital Outpatient Activity 2023-24, as carried by the
# constants of medscheduler 1.0 (MIT).
CANCELLED_SHARE = 0.164

# Visits whose people check in before their time: 410,808 visits in Milan, 2021 to 2023. Cerruti,
# Garavaldi and Lerario 2023, doi 10.1186/s12913-023-10379-w.
EARLY_SHARE = 0.844
