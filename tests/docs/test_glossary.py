"""The glossary: each word once, in a sentence, and no word that a reader meets is missing."""

import re

import pytest
from docs.test_complete import DOCS

import allocator

#: Pages that say what things are; of the catalogues, what comes before the first section.
CONCEPTS = {"concepts.md": True, "explaining.md": True, "rules.md": False, "goals.md": False}


def glossary() -> str:
    """Return the section of docs/concepts.md."""
    text = (DOCS / "concepts.md").read_text(encoding="utf-8")
    return text.partition("\n## Glossary\n")[2].partition("\n## ")[0]


def entries() -> list[list[str]]:
    """Return the rows of its tables: words, meaning, classes."""
    rows = re.findall(r"^\| (?!word|---)(.+) \|$", glossary(), re.M)
    return [[cell.strip() for cell in row.split(" |")] for row in rows]


def terms() -> list[str]:
    """Return the words."""
    return [term for words, *_ in entries() for term in words.split(", ")]


def prose(page: str, whole: bool) -> str:
    """Return what a page says, code and the glossary aside."""
    text = (DOCS / page).read_text(encoding="utf-8").replace(glossary(), "")
    text = re.sub(r"^```.*?^```$|`[^`\n]*`", "", text, flags=re.M | re.S)
    return text if whole else text.partition("\n## ")[0]


def known(phrase: str) -> bool:
    """Say whether a phrase has a word of the glossary, in the singular or the plural."""
    return any(re.search(rf"\b{re.escape(t)}(s|es)?\b", phrase.lower()) for t in terms())


def test_the_glossary_comes_before_the_how_to():
    """It is the first section of the concepts."""
    text = (DOCS / "concepts.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.M)[0] == "Glossary"


def test_each_word_has_one_sentence():
    """It starts with a capital, and ends where the first full stop is."""
    assert len(entries()) > 60
    for words, meaning, *_ in entries():
        assert re.fullmatch(r"[A-Z].*\.", meaning), words
        assert not re.search(r"[.?!] [A-Z]", meaning), words


def test_each_word_is_told_once():
    """Two meanings would be two words."""
    assert len(terms()) == len(set(terms()))


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in allocator.__all__
        if isinstance(getattr(allocator, name), type)
        and not issubclass(getattr(allocator, name), Exception)
    ],
)
def test_each_class_of_the_domain_has_a_word(name: str):
    """In one row, though a row may have several classes."""
    assert sum(f"`{name}`" in classes for _, _, *classes in entries() for classes in classes) == 1


def test_each_class_that_is_named_exists():
    """By the name that allocator offers."""
    named = re.findall(r"`(\w+)`", " ".join(c for _, _, *classes in entries() for c in classes))
    assert named
    assert set(named) <= set(allocator.__all__)


def test_each_word_that_a_page_of_concepts_stresses_is_in_the_glossary():
    """Bold or italic is how these pages bring in a word."""
    stressed = {
        word: page
        for page, whole in CONCEPTS.items()
        for word in re.findall(r"(?<![\w*])\*{1,2}([^*\n]+?)\*{1,2}(?![\w*])", prose(page, whole))
    }
    assert {"core", "claim", "bound", "inherited", "placed"} <= set(stressed)
    unknown = {word: page for word, page in stressed.items() if not known(word)}
    assert not unknown


def test_each_heading_of_what_must_not_be_guessed_is_about_words_of_the_glossary():
    """Each part of a heading that lists several."""
    part = prose("concepts.md", True).partition("\n## What must not be guessed\n")[2]
    headings = re.findall(r"^### (.+)$", part, re.M)
    assert len(headings) >= 8
    for heading in headings:
        for phrase in re.split(r", | and ", heading):
            assert known(phrase), f"{phrase} in {heading}"


@pytest.mark.parametrize(
    "word",
    [
        *("request", "visit", "occurrence", "series", "chain", "assignment", "booking", "schedule"),
        *("plan", "level", "goal", "rule", "served", "left out", "core", "relaxation", "funnel"),
        *("bound", "gap", "tick", "horizon", "window", "pin", "freeze", "hold", "claim", "solve"),
        *("resource", "calendar", "service", "need", "shape", "group session", "lanes", "seats"),
        *("quantity", "uses", "scenario", "suggestion"),
    ],
)
def test_the_words_of_the_design_are_told(word: str):
    """Those that everything else is explained with."""
    assert word in terms()
