"""Figures in words: plurals, percentages, values."""

from __future__ import annotations

import math


def count(number: int, noun: str, plural: str = "") -> str:
    """Write a number with its noun: ``1 request``, ``1,234 requests``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def percent(share: float) -> str:
    """Write a share as a percentage, rounding what is not all never up to 100."""
    if 0.999 < share < 1:
        return "99.9 %"
    return f"{100 * share:.1f} %"


def gap(share: float) -> str:
    """Write a gap as a percentage, rounding what is not closed never down to 0."""
    return f"{max(share, 0.0001 if share > 0 else 0):.2%}".replace("%", " %")


def seconds(time: float) -> str:
    """Write a time: to the hundredth while it is short."""
    return f"{time:.2f} s" if time < 10 else f"{time:.1f} s"


def value(amount: float, *, up: bool = False) -> str:
    """Write a value without a needless fraction: down to what is surely reached, or up."""
    step = 1 if abs(amount) >= 1000 else 100
    rounded = (math.ceil if up else math.floor)(round(amount * step, 6)) / step
    return f"{rounded:,.2f}".rstrip("0").rstrip(".")
