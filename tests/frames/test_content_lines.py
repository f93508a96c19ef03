"""Content lines of iCalendar, read again by a library that knows nothing of ours."""

from datetime import UTC, datetime, timedelta, timezone

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.frames.content_lines import content_lines, text, utc


def event(summary: str) -> bytes:
    lines = [("BEGIN", "VEVENT"), ("SUMMARY", text(summary)), ("END", "VEVENT")]
    return content_lines(lines)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("Hand, left; first", r"Hand\, left\; first"),
        (r"C:\rooms", r"C:\\rooms"),
        ("one\ntwo\r\nthree\rfour", r"one\ntwo\nthree\nfour"),
        ("Ü: 10 %", "Ü: 10 %"),
    ],
)
def test_a_text_is_escaped(value: str, written: str) -> None:
    """Backslash, semicolon, comma and line ends (RFC 5545, 3.3.11), and nothing else."""
    assert text(value) == written


def test_an_instant_is_told_in_utc() -> None:
    """Half past one in the morning, two hours ahead, is the evening before."""
    ahead = timezone(timedelta(hours=2))
    assert utc(datetime(2026, 3, 2, 1, 30, tzinfo=ahead)) == "20260301T233000Z"
    assert utc(datetime(2026, 3, 2, 1, 30, tzinfo=UTC)) == "20260302T013000Z"


def test_a_line_of_75_octets_is_whole_and_one_of_76_is_not() -> None:
    """Its end does not count."""
    name = "SUMMARY"
    longest = 75 - len(name) - 1
    assert content_lines([(name, "x" * longest)]) == b"SUMMARY:" + b"x" * longest + b"\r\n"
    assert content_lines([(name, "x" * longest + "y")]).endswith(b"x\r\n y\r\n")


def test_a_line_is_not_broken_inside_a_character() -> None:
    """The 75th and 76th octets are one letter: both go on the next line."""
    line = "x" * 66 + "ü"
    assert content_lines([("SUMMARY", line)]).splitlines() == [
        b"SUMMARY:" + b"x" * 66,
        " ü".encode(),
    ]


def test_an_escaped_character_stays_on_one_line() -> None:
    """The backslash would be the 75th octet, the comma the 76th; a whole pair may stay."""
    assert content_lines([("SUMMARY", text("x" * 66 + ","))]).endswith(b"x\r\n \\,\r\n")
    assert content_lines([("SUMMARY", text("x" * 65 + "\\y"))]).endswith(b"x\\\\\r\n y\r\n")


@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Z")), min_size=1))
def test_any_text_is_read_again(value: str) -> None:
    """No line is too long, and a reader finds what was written."""
    # A reader takes an escaped backslash before an N for a line end: its own slip.
    value = value.replace("\\", "\\ ")
    data = event(value * 9)
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    assert icalendar.Event.from_ical(data)["summary"] == value * 9
