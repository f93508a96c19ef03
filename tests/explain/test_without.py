"""What it would mean that a rule gives way, in plain words."""

from __future__ import annotations

import pytest

from allocator.explain.facts import has_face
from allocator.explain.without import FOR_REQUESTS, FOR_RESOURCES
from allocator.rules import RULES
from allocator.rules.rule import Rule


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_has_words_for_giving_way(rule: Rule) -> None:
    """Each rule has a phrase for each kind of object for which it may give way."""
    if has_face(rule, "starts_with") and not rule.of_request:
        assert rule.name in FOR_RESOURCES
    faces = ("starts", "team_allowed", "constrain")
    if rule.of_request or any(has_face(rule, face) for face in faces):
        assert rule.name in FOR_REQUESTS


def test_no_phrase_without_a_rule() -> None:
    """Each phrase is of a rule that exists, and is a condition in plain words."""
    names = {rule.name for rule in RULES}
    for phrases in (FOR_RESOURCES, FOR_REQUESTS):
        assert phrases.keys() <= names
        assert all(phrase.startswith("if ") for phrase in phrases.values())
        assert not any("_" in phrase for phrase in phrases.values())
    assert all("{who}" in phrase for phrase in FOR_RESOURCES.values())
