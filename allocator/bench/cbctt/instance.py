"""An instance of curriculum-based course timetabling, as its ``.ectt`` file has it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from allocator.bench.refusal import no_instance

SECTION = re.compile(r"^([A-Z_]+):\n(.*?)(?=^[A-Z_]+:|^END\.)", re.MULTILINE | re.DOTALL)

#: The number of a line in its file, and its words.
Row = tuple[int, list[str]]


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
        found[1]: list(_rows(found[2], text.count("\n", 0, found.start(2)) + 1))
        for found in SECTION.finditer(text)
    }
    courses = tuple(
        Course(name, teacher, int(lectures), int(days), int(students))
        for _, (name, teacher, lectures, days, students, *_) in sections["COURSES"]
    )
    numbers = {course.name: number for number, course in enumerate(courses)}
    periods = int(head["Periods_per_day"])
    unavailable: list[set[int]] = [set() for _ in courses]
    for line, (course, day, period) in sections["UNAVAILABILITY_CONSTRAINTS"]:
        unavailable[_course(numbers, course, line)].add(int(day) * periods + int(period))
    return Instance(
        name=head["Name"].strip(),
        days=int(head["Days"]),
        periods=periods,
        courses=courses,
        rooms=tuple((name, int(seats)) for _, (name, seats, *_) in sections["ROOMS"]),
        curricula=tuple(_curricula(sections["CURRICULA"], numbers)),
        unavailable=tuple(frozenset(some) for some in unavailable),
    )


def _rows(text: str, first: int) -> Iterator[Row]:
    """Yield the rows of a section of which the first line has a number in the file."""
    for number, line in enumerate(text.splitlines(), first):
        if line.strip():
            yield number, line.split()


def _course(numbers: Mapping[str, int], name: str, line: int) -> int:
    """Return the number of a course that is named in a line."""
    if name not in numbers:
        raise ValueError(f"line {line} names the course {name}, which there is not")
    return numbers[name]


def _curricula(
    rows: Iterable[Row], numbers: Mapping[str, int]
) -> Iterator[tuple[str, tuple[int, ...]]]:
    for line, (name, many, *courses) in rows:
        if len(courses) != int(many):
            raise ValueError(
                f"curriculum {name} in line {line} has {len(courses)} courses, not {many}"
            )
        yield name, tuple(_course(numbers, course, line) for course in courses)
