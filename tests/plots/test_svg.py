"""What the tests of pictures measure with can tell good from bad."""

import altair as alt
from plots.svg import drawn, labels, overlaps, texts


def words(*at: float) -> alt.Chart:
    """A chart that writes ``word`` at these places, 100 pixels wide."""
    data = alt.InlineData(values=[{"x": x, "text": "word"} for x in at])
    chart = alt.Chart(data, width=100, height=20).mark_text(align="left")
    return chart.encode(x=alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, 100])), text="text:N")


def test_texts_on_each_other_are_found():
    """Ten pixels apart are too few for four letters, fifty are enough."""
    assert overlaps(words(10, 20)) == [("word", "word")]
    assert overlaps(words(10, 60)) == []


def test_a_text_has_about_the_room_that_it_takes():
    """Four letters of eleven pixels are some 25 pixels wide."""
    [one] = texts(drawn(words(10)))
    assert 20 <= one.right - one.left <= 30
    assert one.bottom - one.top < 12


def test_what_is_told_of_marks_is_read():
    """By the names of their columns."""
    assert [told["text"] for told in labels(drawn(words(10, 60)), "text mark")] == ["word"] * 2
