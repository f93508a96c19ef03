"""The page on access: its examples run, and nothing that it should tell is missing."""

from __future__ import annotations

import dataclasses
import json

from cli.running import ROOT
from docs.pages import Block, blocks
from service.conftest import Clinic
from service.showing import compare, filled, rows

from api.auth.credentials import PURPOSES
from api.auth.permissions import ACTIONS
from api.auth.principal import Role
from api.call import COOKIE
from api.settings import Settings
from api.usecases.policy import Policy

PAGE = ROOT / "docs" / "access.md"
TEXT = PAGE.read_text(encoding="utf-8")


def examples() -> list[tuple[Block, Block]]:
    """Return the requests of the page, each with its answer."""
    found = [block for block in blocks(PAGE) if block.language == "http"]
    return list(zip(found[::2], found[1::2], strict=True))


def test_the_examples_run(clinic: Clinic) -> None:
    """From top to bottom, each with the status and the members that the page shows."""
    names = {"ADMIN": clinic.asker().key}
    assert len(examples()) >= 12
    for asked, answered in examples():
        where = f"docs/access.md:{asked.line}"
        head, _, body = filled(asked.text, names).partition("\n\n")
        first, *headers = head.strip().split("\n")
        method, path, _ = first.split(" ")
        sent = dict(header.split(": ", 1) for header in headers)
        if body:
            sent["Content-Type"] = "application/json"
        answer = clinic.http.request(method, path, content=body or None, headers=sent)
        status, _, shown = answered.text.partition("\n\n")
        assert answer.status_code == int(status.split(" ")[1]), f"{where}: {answer.text}"
        if shown:
            compare(json.loads(shown), answer.json(), names, where)
        if COOKIE in answer.cookies:
            names["COOKIE"] = answer.cookies[COOKIE]
        clinic.http.cookies.clear()


def test_the_table_of_roles_is_the_one_that_holds() -> None:
    """Every action, with exactly the roles that may take it."""
    assert f"| action | {' | '.join(role.value for role in Role)} |" in TEXT
    told = {row[0]: [cell == "yes" for cell in row[1:]] for row in rows(TEXT, "Roles")}
    assert told == {action: [r in roles for r in Role] for action, roles in ACTIONS.items()}


def test_purposes_limits_and_terms_are_told() -> None:
    """Every purpose of a link; every limit and term with its default."""
    assert [row[0] for row in rows(TEXT, "Links")] == list(PURPOSES)
    limits = {row[1]: int(row[2]) for row in rows(TEXT, "Limits")}
    assert limits == {
        f"ALLOCATOR_{name.upper()}": field.default
        for name, field in Settings.model_fields.items()
        if name.endswith("_per_minute")
    }
    terms = {row[0]: json.loads(row[1]) for row in rows(TEXT, "The tenant's terms")}
    assert terms == {field.name: field.default for field in dataclasses.fields(Policy)}
