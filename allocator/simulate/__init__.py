"""A schedule run forward: waiting, overtime and idle time when people are late or stay away."""

from allocator.simulate.appointment_day import appointment_day
from allocator.simulate.buffers import choose_buffer, with_buffer
from allocator.simulate.choose import Choice, Prices, choose
from allocator.simulate.distributions import (
    Distribution,
    Exactly,
    Exponential,
    Lognormal,
    Normal,
    Observed,
)
from allocator.simulate.files import (
    read_uncertainty,
    uncertainty_from_json,
    uncertainty_to_json,
    write_uncertainty,
)
from allocator.simulate.forward import Attendance
from allocator.simulate.overbooking import choose_overbooking, overbooked
from allocator.simulate.servers import queue
from allocator.simulate.simulate import simulate
from allocator.simulate.simulation import Simulation
from allocator.simulate.uncertainty import NoShows, Uncertainty

__all__ = [
    "Attendance",
    "Choice",
    "Distribution",
    "Exactly",
    "Exponential",
    "Lognormal",
    "NoShows",
    "Normal",
    "Observed",
    "Prices",
    "Simulation",
    "Uncertainty",
    "appointment_day",
    "choose",
    "choose_buffer",
    "choose_overbooking",
    "overbooked",
    "queue",
    "read_uncertainty",
    "simulate",
    "uncertainty_from_json",
    "uncertainty_to_json",
    "with_buffer",
    "write_uncertainty",
]
