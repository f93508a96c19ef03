"""Demonstration clinics, made from published figures: same seed, same clinic."""

from allocator.generate.clinics import clinic
from allocator.generate.demand import Ask, draw_asks
from allocator.generate.handmade import handmade_clinic
from allocator.generate.stream import stream

__all__ = ["Ask", "clinic", "draw_asks", "handmade_clinic", "stream"]
