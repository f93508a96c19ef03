"""An instance of curriculum-based course timetabling, as its ``.ectt`` file has it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from allocator.bench.refusal import no_instance


@dataclass(frozen=True, slots=True)
class Course:
    """A course: lectures of one period each, its teacher, and who listens.

    Attributes
    ----------
    name, teacher
        Names.
    lectures
        How many.
    days
        On how many days they should lie at least.
    students
        How many seats are wanted.
    """

    name: str
    teacher: str
    lectures: int
    days: int
    students: int


@dataclass(frozen=True, slots=True)
class Instance:
    """Courses, rooms, curricula and the periods of a week.

    Attributes
    ----------
    name
        Of the instance.
    days, periods
        Days of the week, and periods of each day.
    courses
        What is taught.
    rooms
        Names with seats.
    curricula
        Names with the courses that share students, by number.
    unavailable
        By course, by number, the periods in which it cannot be taught: ``day * periods + period``.
    """

    name: str
    days: int
    periods: int
    courses: tuple[Course, ...]
    rooms: tuple[tuple[str, int], ...]
    curricula: tuple[tuple[str, tuple[int, ...]], ...]
    unavailable: tuple[frozenset[int], ...]

    def curricula_of(self) -> list[list[int]]:
        """Return for each course the numbers of the curricula that it belongs to."""
        found: list[list[int]] = [[] for _ in self.courses]
        for number, (_, courses) in enumerate(self.curricula):
            for course in courses:
                found[course].append(number)
        return found


def read_instance(path: Path) -> Instance:
    """Read an instance; sections of other formulations than UD2 are passed over.

    Raises
    ------
    InvalidProblem
        When the file has another form.
    """
    try:
        return _parsed(path.read_text(encoding="utf-8"))
    except (KeyError, IndexError, ValueError) as error:
        raise no_instance(path, "cbctt", error) from error


def _parsed(text: str) -> Instance:
    head = dict(re.findall(r"^(\w+): *(.+)$", text, flags=re.MULTILINE))
    sections = {
        name: [line.split() for line in lines.splitlines() if line.strip()]
        for name, lines in re.findall(r"^([A-Z_]+):\n(.*?)(?=^[A-Z_]+:|^END\.)", text, flags=MANY)
    }
    courses = tuple(
        Course(name, teacher, int(lectures), int(days), int(students))
        for name, teacher, lectures, days, students, *_ in sections["COURSES"]
    )
    numbers = {course.name: number for number, course in enumerate(courses)}
    periods = int(head["Periods_per_day"])
    unavailable: list[set[int]] = [set() for _ in courses]
    for course, day, period in sections["UNAVAILABILITY_CONSTRAINTS"]:
        unavailable[numbers[course]].add(int(day) * periods + int(period))
    return Instance(
        name=head["Name"].strip(),
        days=int(head["Days"]),
        periods=periods,
        courses=courses,
        rooms=tuple((name, int(seats)) for name, seats, *_ in sections["ROOMS"]),
        curricula=tuple(_curricula(sections["CURRICULA"], numbers)),
        unavailable=tuple(frozenset(some) for some in unavailable),
    )


MANY = re.MULTILINE | re.DOTALL


def _curricula(
    rows: list[list[str]], numbers: dict[str, int]
) -> Iterator[tuple[str, tuple[int, ...]]]:
    for name, many, *courses in rows:
        if len(courses) != int(many):
            raise ValueError(f"curriculum {name} has {len(courses)} courses, not {many}")
        yield name, tuple(numbers[course] for course in courses)
