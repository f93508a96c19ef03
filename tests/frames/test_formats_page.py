"""The page about formats says what the tables say."""

from pathlib import Path

from allocator.frames.document import page

PAGE = Path(__file__).parents[2] / "docs" / "formats.md"


def test_the_page_is_up_to_date():
    """`docs/formats.md` is what `python -m allocator.frames.document` makes."""
    assert PAGE.read_text(encoding="utf-8") == page()
