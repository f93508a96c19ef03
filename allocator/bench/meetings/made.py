"""Larger instances of the kind: made, in the proportions of the published ones.

Those have 3.2 grains for each meeting, on days of 36 grains of which the last is cut short; five
rooms of 30 to 12 seats; seven lengths and twelve sizes of meetings, each about equally often; of
those who come, two at least and any number up to all are required. There are as many people as fit
three quarters of the rooms at once, in meetings of the mean size: 40, 35 and 38.
"""

from __future__ import annotations

from random import Random

from allocator.bench.meetings.instance import Instance, Meeting

ROOMS = (30, 20, 16, 14, 12)
GRAINS_OF_A_DAY = 36
LENGTHS = (1, 2, 3, 4, 6, 8, 16)
SIZES = (2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 20, 30)
LEAST_REQUIRED = 2


def made(meetings: int) -> Instance:
    """Make an instance of so many meetings; each time the same.

    Parameters
    ----------
    meetings
        How many; grains grow with them, rooms and people do not.
    """
    chance = Random(f"meetings: {meetings}")
    lengths, sizes = (_dealt(values, meetings, chance) for values in (LENGTHS, SIZES))
    grains = round(3.2 * meetings)
    persons = max(max(SIZES), round(0.75 * len(ROOMS) * sum(sizes) / meetings))

    def meeting(number: int) -> Meeting:
        company = chance.sample(range(persons), sizes[number])
        required = max(LEAST_REQUIRED, chance.randint(0, len(company)))
        return Meeting(
            f"Meeting {number}",
            lengths[number],
            tuple(company[:required]),
            tuple(company[required:]),
        )

    return Instance(
        name=f"{meetings}meetings-{grains}timegrains-{len(ROOMS)}rooms",
        day_of=tuple(grain // GRAINS_OF_A_DAY for grain in range(grains)),
        rooms=ROOMS,
        persons=persons,
        meetings=tuple(meeting(number) for number in range(meetings)),
    )


def _dealt(values: tuple[int, ...], many: int, chance: Random) -> list[int]:
    """Return so many values, each as often as any other or once less, in an order by chance."""
    dealt = [values[place % len(values)] for place in range(many)]
    chance.shuffle(dealt)
    return dealt
