"""Problems and schedules in and out: CSV, DataFrames, JSON and iCalendar."""

from allocator.frames.ical import schedule_to_icalendar, write_icalendars
from allocator.frames.problems import (
    problem_from_frames,
    problem_from_json,
    problem_to_frames,
    problem_to_json,
    read_problem,
    read_request,
    write_problem,
)
from allocator.frames.schedules import (
    read_schedule,
    schedule_from_frame,
    schedule_to_frame,
    write_schedule,
)
from allocator.frames.steering import (
    read_steering,
    steering_from_json,
    steering_to_json,
    write_steering,
)

__all__ = [
    "problem_from_frames",
    "problem_from_json",
    "problem_to_frames",
    "problem_to_json",
    "read_problem",
    "read_request",
    "read_schedule",
    "read_steering",
    "schedule_from_frame",
    "schedule_to_frame",
    "schedule_to_icalendar",
    "steering_from_json",
    "steering_to_json",
    "write_icalendars",
    "write_problem",
    "write_schedule",
    "write_steering",
]
