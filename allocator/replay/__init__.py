"""Streams of requests replayed through the suggester, with and without steering."""

from allocator.replay.choice import Chooser
from allocator.replay.figures import figures, loads
from allocator.replay.replay import Replay, replay
from allocator.replay.steer import Steered, differences, steer

__all__ = [
    "Chooser",
    "Replay",
    "Steered",
    "differences",
    "figures",
    "loads",
    "replay",
    "steer",
]
