"""Colours are told apart with every kind of colour vision, and on paper."""

from itertools import combinations

import pytest

from allocator.plots import style
from allocator.plots.before_after import COLOURS as CHANGES
from allocator.plots.week import COLOURS as STATES

#: Of light of three colours (linear red, green, blue), what is seen by those who lack the cones
#: for long, middle and short waves: Machado, Oliveira and Fernandes (2009), severity 1.
SEEN = {
    "all": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "deutan": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
    "tritan": ((1.256, -0.077, -0.179), (-0.078, 0.931, 0.148), (0.005, 0.691, 0.304)),
}


def light(colour: str) -> list[float]:
    """Return the light of a colour, red, green and blue, each from 0 to 1."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def seen(colour: str, eye: str) -> tuple[float, float, float]:
    """Return lightness and the two hues of CIE Lab that an eye sees."""
    r, g, b = (
        min(
            1.0,
            max(0.0, sum(weight * part for weight, part in zip(row, light(colour), strict=True))),
        )
        for row in SEEN[eye]
    )
    x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089
    x, y, z = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def apart(one: str, other: str, eye: str) -> float:
    """Return how far apart two colours are for an eye; 2 can just be told apart."""
    pairs = zip(seen(one, eye), seen(other, eye), strict=True)
    return sum((a - b) ** 2 for a, b in pairs) ** 0.5


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    weights = (0.2126, 0.7152, 0.0722)
    shades = sorted(
        sum(w * part for w, part in zip(weights, light(colour), strict=True))
        for colour in (one, other)
    )
    return (shades[1] + 0.05) / (shades[0] + 0.05)


@pytest.mark.parametrize("eye", SEEN)
@pytest.mark.parametrize("meaning", [STATES, CHANGES], ids=["states", "changes"])
def test_states_are_told_apart_by_every_eye(meaning: dict[str, str], eye: str):
    """Far more than just told apart, each from each and from the ground."""
    for one, other in combinations([*meaning.values(), style.OPEN], 2):
        assert apart(one, other, eye) >= 15, (one, other)


@pytest.mark.parametrize("ground", [style.PAPER, style.CLOSED, style.OVERTIME])
def test_words_stand_out_from_their_ground(ground: str):
    """At least 4.5, as WCAG 2.2 asks for text."""
    for colour in (style.INK, style.QUIET):
        assert contrast(colour, ground) >= 4.5


@pytest.mark.parametrize("colour", sorted({*STATES.values(), *CHANGES.values()}))
def test_names_on_bars_stand_out(colour: str):
    """The better of two inks, with a contrast of at least 4."""
    inks = {ink: contrast(ink, colour) for ink in (style.INK, style.PAPER)}
    assert inks[style.on(colour)] == max(inks.values())
    assert max(inks.values()) >= 4


def test_more_is_darker():
    """Shares can be read off a copy in grey."""
    shades = [seen(colour, "all")[0] for colour in style.SHARE]
    assert shades == sorted(shades, reverse=True)
