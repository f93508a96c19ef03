"""ITC 2019: files are read, compressed or not, and what is wrong with them is told."""

import lzma
from pathlib import Path

import pytest
from small_terms import case_of, text

from allocator.bench.itc2019 import Classes
from allocator.domain.faults import FaultCode, InvalidProblem


def test_compressed_or_not(tmp_path: Path) -> None:
    """Both forms of a file are one instance, and a folder lists them by name."""
    written = text([("SameRoom", 'penalty="1"')])
    plain = case_of(tmp_path, written)
    (tmp_path / "lums-sum17.xml.xz").write_bytes(lzma.compress(written.encode()))
    (tmp_path / "notes.txt").write_text("", encoding="utf-8")
    listed = Classes().instances(tmp_path)
    assert [name for name, _ in listed] == ["lums-sum17", "small"]
    packed = Classes().read(listed[0][1], *Classes().names_in(listed[0][1]))
    assert packed.problem == plain.problem
    assert packed.known["best known"] == (0, 4)
    assert not plain.known


@pytest.mark.parametrize(
    ("was", "now", "code", "told"),
    [
        ('nrDays="3"', "", FaultCode.MISSING, "Instance small: <problem> has no nrDays."),
        ('nrWeeks="3"', 'nrWeeks="x"', FaultCode.WRONG_TYPE, "nrWeeks of <problem> is 'x'"),
        ('nrWeeks="3"', 'nrWeeks="0"', FaultCode.WRONG_NUMBER, "is 0; at least 1"),
        ('nrWeeks="3"', 'nrWeeks="63"', FaultCode.TOO_LARGE, "63 weeks; at most 62"),
        ("<optimization", "<other", FaultCode.MISSING, "there is no <optimization>"),
        ('room id="2" capacity', 'room id="1" capacity', FaultCode.DUPLICATE, "Room 1: there are"),
        ('travel room="2"', 'travel room="9"', FaultCode.UNKNOWN_NAME, "Room 3: there is no room"),
        ('weeks="110"/>', 'weeks="11"/>', FaultCode.WRONG_NUMBER, "Room 1: weeks of <unavailable>"),
        (
            'length="2" weeks="110"',
            'length="14" weeks="110"',
            FaultCode.WRONG_NUMBER,
            "ends at slot 15; a day has 12",
        ),
        ('class id="4" room="false"', 'class id="4"', FaultCode.MISSING, "Class 4: it has no room"),
        ('class id="2" limit', 'class id="1" limit', FaultCode.DUPLICATE, "Class 1: there are two"),
        ("MaxDays(1)", "MaxDays", FaultCode.WRONG_NUMBER, "MaxDays has 1 numbers, not 0"),
        ("MaxDays(1)", "MinDays(1)", FaultCode.UNKNOWN_NAME, "there is no such type"),
        ('penalty="8"', "", FaultCode.MISSING, "1, MaxDays(1): it is neither required"),
        ('penalty="8"', 'penalty="-8"', FaultCode.WRONG_NUMBER, "is -8; at least 0"),
    ],
)
def test_damage_is_told(tmp_path: Path, was: str, now: str, code: FaultCode, told: str) -> None:
    """Each fault names the file, the object, and what is wrong with it."""
    written = text([("MaxDays(1)", 'penalty="8"')])
    assert was in written
    with pytest.raises(InvalidProblem) as raised:
        case_of(tmp_path, written.replace(was, now, 1))
    (fault, *_) = [one for one in raised.value.faults if one.code is code]
    assert str(fault).startswith("small.xml: ")
    assert told in str(fault)


@pytest.mark.parametrize("part", ["distribution", "class", "time"])
def test_what_does_not_hang_together_is_told(tmp_path: Path, part: str) -> None:
    """A distribution of unknown or doubled classes, and a class without times, are faults."""
    written = text([("MaxDays(1)", 'penalty="8"')], classes=3)
    head, tail = written.split("<distributions>")
    if part == "time":
        changed = head.replace("<time ", "<other ") + "<distributions>" + tail
        told = "it has no time"
    elif part == "class":
        changed = head + "<distributions>" + tail.replace('<class id="1"', '<class id="77"')
        told = "there is no class '77'"
    else:
        changed = head + "<distributions>" + tail.replace('<class id="1"', '<class id="2"')
        told = "it names a class twice"
    with pytest.raises(InvalidProblem, match=told):
        case_of(tmp_path, changed)


@pytest.mark.parametrize("written", ["", "<solution/>", "no XML", "<problem>"])
@pytest.mark.parametrize("name", ["other.xml", "other.xml.xz"])
def test_another_file_is_refused(tmp_path: Path, written: str, name: str) -> None:
    """A file of another form is told by its name, compressed or cut off."""
    with pytest.raises(InvalidProblem, match=r"other\.xml(\.xz)? is no instance of itc2019"):
        case_of(tmp_path, written, name)
