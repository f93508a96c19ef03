"""The load that is to be expected, learnt from claims, the books and refused demand."""

from allocator.forecast.files import read_claims
from allocator.forecast.held_back import errors, held_back
from allocator.forecast.hours import hourly
from allocator.forecast.learn import learn, learn_for
from allocator.forecast.load_forecast import LoadForecast
from allocator.forecast.opening import open_hours

__all__ = [
    "LoadForecast",
    "errors",
    "held_back",
    "hourly",
    "learn",
    "learn_for",
    "open_hours",
    "read_claims",
]
