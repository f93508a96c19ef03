"""Read an instance from UniTime's XML, which may be compressed; say all that is wrong at once."""

from __future__ import annotations

import lzma
import re
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TypeVar
from xml.etree.ElementTree import Element, ParseError, fromstring

from allocator.bench.itc2019.instance import (
    KINDS,
    Class,
    Distribution,
    Instance,
    Pattern,
    Room,
    Weights,
)
from allocator.bench.refusal import no_instance
from allocator.domain.faults import Fault, FaultCode, InvalidProblem

T = TypeVar("T")

#: Days of a week, and weeks of a term, at most: each is one bit of a number.
MOST_BITS = 62

#: Patterns and penalties, as long as the patterns have no numbers.
Timed = tuple[str, dict[Pattern, int], dict[int, int]]


def read_instance(path: Path) -> Instance:
    """Read an instance from an ``.xml`` or ``.xml.xz`` file; its students are passed over.

    Raises
    ------
    InvalidProblem
        When the file has another form; with every fault that was found.
    """
    return _Reader(path).read()


class _Wrong(Exception):
    """What is wrong with one object."""

    def __init__(self, message: str, code: FaultCode = FaultCode.BROKEN_FILE) -> None:
        super().__init__(message)
        self.code = code


class _Reader:
    """One file on its way to an instance."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.faults: list[Fault] = []

    def read(self) -> Instance:
        """Read the file."""
        root = self._root()
        found = self._object("instance", root.get("name", ""), partial(self._instance, root))
        if found is None or self.faults:
            raise InvalidProblem(self.faults)
        return found

    def _root(self) -> Element:
        try:
            raw = self.path.read_bytes()
            root = fromstring(lzma.decompress(raw) if self.path.suffix == ".xz" else raw)
            if root.tag != "problem":
                raise _Wrong(f"its root is <{root.tag}>, not <problem>")
        except (lzma.LZMAError, ParseError, _Wrong) as error:
            raise no_instance(self.path, "itc2019", error) from error
        return root

    def _object(self, kind: str, id: str, read: Callable[[], T]) -> T | None:
        """Return what is read, or note what is wrong with the object."""
        try:
            return read()
        except _Wrong as wrong:
            message = f"{kind.capitalize()} {id}: {wrong}."
            self.faults.append(Fault(wrong.code, kind, id, message, self.path.name))
            return None

    def _instance(self, root: Element) -> Instance:
        self.days = _number(root, "nrDays", least=1)
        self.slots = _number(root, "slotsPerDay", least=1)
        self.weeks = _number(root, "nrWeeks", least=1)
        for many, what in ((self.days, "days"), (self.weeks, "weeks")):
            if many > MOST_BITS:
                raise _Wrong(f"{many} {what}; at most {MOST_BITS}", FaultCode.TOO_LARGE)
        optimization = _only(root, "optimization")
        weights = Weights(*(_number(optimization, n) for n in ("time", "room", "distribution")))
        self.room_numbers = self._numbers("room", root.findall("rooms/room"))
        rooms = self._rooms(root.findall("rooms/room"))
        classes = root.findall("courses/course/config/subpart/class")
        self.class_numbers = self._numbers("class", classes)
        timed = [self._object("class", _id(c), partial(self._class, c)) for c in classes]
        every = {pattern for one in timed if one for pattern in one[1]}
        patterns = tuple(sorted(every, key=_alike))
        number = {pattern: n for n, pattern in enumerate(patterns)}
        distributions = [
            self._object("distribution", f"{n}, {_type(one)}", partial(self._ask, one))
            for n, one in enumerate(root.findall("distributions/distribution"), 1)
        ]
        return Instance(
            name=root.get("name", ""),
            days=self.days,
            slots=self.slots,
            weeks=self.weeks,
            weights=weights,
            patterns=patterns,
            rooms=rooms,
            classes=tuple(
                Class(one[0], {number[p]: cost for p, cost in one[1].items()}, one[2])
                for one in timed
                if one
            ),
            distributions=tuple(one for one in distributions if one),
        )

    def _numbers(self, kind: str, elements: Iterable[Element]) -> dict[str, int]:
        """Return the number of each object by its id."""
        numbers: dict[str, int] = {}
        for element in elements:
            id = _id(element)
            if id in numbers:
                message = f"{kind.capitalize()} {id}: there are two of this id."
                fault = Fault(FaultCode.DUPLICATE, kind, id, message, self.path.name)
                self.faults.append(fault)
            numbers.setdefault(id, len(numbers))
        return numbers

    def _rooms(self, elements: list[Element]) -> tuple[Room, ...]:
        travel = [[0] * len(self.room_numbers) for _ in self.room_numbers]

        def read(element: Element) -> Room:
            here = self.room_numbers[_id(element)]
            for way in element.findall("travel"):
                there = _named(self.room_numbers, "room", way.get("room", ""))
                slots = max(_number(way, "value"), travel[here][there])
                travel[here][there] = travel[there][here] = slots
            closed = tuple(self._pattern(one) for one in element.findall("unavailable"))
            return Room(_id(element), (), closed)

        found = [self._object("room", _id(e), partial(read, e)) for e in elements]
        return tuple(
            Room(room.id, tuple(travel[self.room_numbers[room.id]]), room.unavailable)
            for room in found
            if room
        )

    def _pattern(self, element: Element) -> Pattern:
        start, length = _number(element, "start"), _number(element, "length", least=1)
        if start + length > self.slots:
            raise _Wrong(
                f"a time ends at slot {start + length}; a day has {self.slots}",
                FaultCode.WRONG_NUMBER,
            )
        days = _bits(element, "days", self.days)
        return Pattern(days, start, length, _bits(element, "weeks", self.weeks))

    def _class(self, element: Element) -> Timed:
        times: dict[Pattern, int] = {}
        for time in element.findall("time"):
            pattern, penalty = self._pattern(time), _number(time, "penalty", default=0)
            times[pattern] = min(penalty, times.get(pattern, penalty))
        if not times:
            raise _Wrong("it has no time", FaultCode.MISSING)
        rooms: dict[int, int] = {}
        if element.get("room") != "false":
            for room in element.findall("room"):
                number = _named(self.room_numbers, "room", room.get("id", ""))
                penalty = _number(room, "penalty", default=0)
                rooms[number] = min(penalty, rooms.get(number, penalty))
            if not rooms:
                raise _Wrong('it has no room, and no room="false"', FaultCode.MISSING)
        return _id(element), times, rooms

    def _ask(self, element: Element) -> Distribution:
        parts = re.fullmatch(r"(\w+)(?:\((\d+(?:,\d+)*)\))?", _type(element).replace(" ", ""))
        if parts is None or parts[1] not in KINDS:
            known = ", ".join(KINDS)
            raise _Wrong(f"there is no such type; there are {known}", FaultCode.UNKNOWN_NAME)
        numbers = tuple(map(int, parts[2].split(","))) if parts[2] else ()
        if len(numbers) != KINDS[parts[1]]:
            raise _Wrong(
                f"{parts[1]} has {KINDS[parts[1]]} numbers, not {len(numbers)}",
                FaultCode.WRONG_NUMBER,
            )
        hard = element.get("required") == "true"
        if not hard and element.get("penalty") is None:
            raise _Wrong("it is neither required nor has it a penalty", FaultCode.MISSING)
        classes = tuple(
            _named(self.class_numbers, "class", one.get("id", ""))
            for one in element.findall("class")
        )
        if len(set(classes)) < len(classes):
            raise _Wrong("it names a class twice", FaultCode.DUPLICATE)
        penalty = None if hard else _number(element, "penalty")
        return Distribution(parts[1], numbers, penalty, classes)


def _alike(pattern: Pattern) -> tuple[int, ...]:
    """Return by what patterns are ordered: those on the same days lie together."""
    first = (pattern.days & -pattern.days).bit_length()
    return first, pattern.days, pattern.start, pattern.length, pattern.weeks


def _id(element: Element) -> str:
    return element.get("id", "")


def _type(element: Element) -> str:
    return element.get("type", "")


def _only(element: Element, tag: str) -> Element:
    found = element.find(tag)
    if found is None:
        raise _Wrong(f"there is no <{tag}>", FaultCode.MISSING)
    return found


def _named(numbers: dict[str, int], kind: str, id: str) -> int:
    if id not in numbers:
        raise _Wrong(f"there is no {kind} {id!r}", FaultCode.UNKNOWN_NAME)
    return numbers[id]


def _number(element: Element, name: str, *, least: int = 0, default: int | None = None) -> int:
    text = element.get(name)
    if text is None:
        if default is not None:
            return default
        raise _Wrong(f"<{element.tag}> has no {name}", FaultCode.MISSING)
    if not re.fullmatch(r"-?\d{1,9}", text):
        raise _Wrong(f"{name} of <{element.tag}> is {text!r}, no number", FaultCode.WRONG_TYPE)
    if int(text) < least:
        raise _Wrong(
            f"{name} of <{element.tag}> is {text}; at least {least}", FaultCode.WRONG_NUMBER
        )
    return int(text)


def _bits(element: Element, name: str, many: int) -> int:
    text = element.get(name, "")
    if len(text) != many or set(text) - {"0", "1"} or "1" not in text:
        raise _Wrong(
            f"{name} of <{element.tag}> is {text!r}; it is {many} times 0 or 1, and one is 1",
            FaultCode.WRONG_NUMBER,
        )
    return sum(1 << n for n, bit in enumerate(text) if bit == "1")
