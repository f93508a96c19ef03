"""Small instances of ITC 2019 by chance, as the texts of their files."""

import random
from collections.abc import Sequence
from pathlib import Path

from allocator.bench.case import Case
from allocator.bench.itc2019 import Classes

#: Each of the 19 kinds, with numbers that some of the patterns below exceed, and some do not.
LABELS = (
    "SameStart",
    "SameTime",
    "DifferentTime",
    "SameDays",
    "DifferentDays",
    "SameWeeks",
    "DifferentWeeks",
    "Overlap",
    "NotOverlap",
    "SameRoom",
    "DifferentRoom",
    "SameAttendees",
    "Precedence",
    "WorkDay(7)",
    "MinGap(2)",
    "MaxDays(1)",
    "MaxDayLoad(5)",
    "MaxBreaks(0,1)",
    "MaxBlock(5,1)",
)
#: Days, start, length and weeks: three days of three weeks, with days of twelve slots.
PATTERNS = (
    ("100", 0, 3, "111"),
    ("100", 2, 3, "100"),
    ("100", 5, 2, "011"),
    ("100", 6, 6, "100"),
    ("010", 0, 3, "010"),
    ("010", 2, 2, "111"),
    ("110", 4, 2, "001"),
    ("001", 8, 2, "100"),
)


def text(
    distributions: Sequence[tuple[str, str]],
    *,
    classes: int = 4,
    seed: int = 0,
    times: int = 6,
    closed: str = '<unavailable days="010" start="1" length="2" weeks="110"/>',
) -> str:
    """Return a small instance by chance; three classes ask for each distribution.

    Two rooms are near each other, the third is three slots away, and the last class needs none.
    """
    chance = random.Random(seed)

    def one(number: int) -> str:
        found = "".join(
            f'<time days="{days}" start="{start}" length="{length}" weeks="{weeks}"'
            f' penalty="{chance.randint(0, 3)}"/>'
            for days, start, length, weeks in chance.sample(PATTERNS, times)
        )
        if number == classes:
            return f'<class id="{number}" room="false">{found}</class>'
        rooms = "".join(f'<room id="{r}" penalty="{chance.randint(0, 2)}"/>' for r in "123")
        return f'<class id="{number}" limit="9" parent="1">{rooms}{found}</class>'

    def asked(kind: str, how: str) -> str:
        # One room for a class that has none and for others is nothing to require.
        last = classes - ((kind, how) == ("SameRoom", 'required="true"'))
        some = chance.sample(range(1, last + 1), 3)
        members = "".join(f'<class id="{number}"/>' for number in some)
        return f'<distribution type="{kind}" {how}>{members}</distribution>'

    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<problem name="small" nrDays="3" slotsPerDay="12" nrWeeks="3">'
        '<optimization time="2" room="1" distribution="5" student="7"/><rooms>'
        f'<room id="1" capacity="9">{closed}</room><room id="2" capacity="9"/>'
        '<room id="3" capacity="9"><travel room="1" value="3"/><travel room="2" value="3"/>'
        '</room></rooms><courses><course id="1"><config id="1"><subpart id="1">'
        f"{''.join(map(one, range(1, classes + 1)))}"
        "</subpart></config></course></courses>"
        f"<distributions>{''.join(asked(*one) for one in distributions)}</distributions>"
        "<students/></problem>"
    )


def case_of(folder: Path, written: str, name: str = "small.xml") -> Case:
    path = folder / name
    path.write_text(written, encoding="utf-8")
    return Classes().read(path, "small")
