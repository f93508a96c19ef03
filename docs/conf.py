"""Settings of the site that ``make site`` builds: the pages as they are, and the docstrings.

The source folder is the project's, so that links between pages are those of a Git host. The pages
and their order are read from the links in ``docs/index.md``.
"""

from __future__ import annotations

import os
import re
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]

project = "Allocator"
author = "The authors of Allocator"
version = release = installed("allocator")
language = "en"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "docs/index"
include_patterns = [
    "README.md",
    "CHANGELOG.md",
    "docs/**.md",
    "data/README.md",
    "data/**/README.md",
]
exclude_patterns = [".*", "allocator", "api", "build", "dist", "notebooks", "out", "tests", "tools"]

myst_heading_anchors = 4

autodoc_default_options = {
    "members": True,
    "exclude-members": "faults",  # what is wrong with an object is told by InvalidProblem
    "member-order": "bysource",
}
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"
napoleon_attr_annotations = False  # the signature has the types
napoleon_google_docstring = False
napoleon_custom_sections = [("Attributes", "params_style")]  # several names on a line stay whole
napoleon_use_param = napoleon_use_rtype = False  # the same for parameters
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_static_path = html_css_files = ["site.css"]
html_title = "Allocator"
html_copy_source = False
html_domain_indices = html_use_index = False  # the search and docs/api.md list the names
html_show_copyright = html_show_sphinx = False

LINK = re.compile(r"\]\(([^)#:]+\.md)\)")
REDIRECT = """<!doctype html>
<meta charset="utf-8">
<title>Allocator</title>
<meta http-equiv="refresh" content="0; url=docs/index.html">
<a href="docs/index.html">Documentation</a>
"""


def list_pages(app: Sphinx, docname: str, source: list[str]) -> None:
    """Give the index a table of contents for each of its sections, made from its links."""
    if docname != root_doc:
        return
    parts = re.split(r"^## (.+)$", source[0], flags=re.MULTILINE)
    for caption, text in zip(["Pages", *parts[1::2]], parts[::2], strict=True):
        pages = dict.fromkeys(_page(link) for link in LINK.findall(text))
        lines = ["```{toctree}", ":hidden:", f":caption: {caption}", "", *pages, "```"]
        source[0] += "\n\n" + "\n".join(lines) + "\n"


def _page(link: str) -> str:
    path = os.path.normpath(Path(root_doc).parent / link)
    return "/" + Path(path).with_suffix("").as_posix()


def lead_to_index(app: Sphinx, error: Exception | None) -> None:
    """Let the top of the site lead to the index."""
    if error is None:
        (Path(app.outdir) / "index.html").write_text(REDIRECT, encoding="utf-8")


def tell_defaults(app: Sphinx, what: str, name: str, *args: Any) -> tuple[str, str | None] | None:
    """Write ``...`` for a default that is made anew each time: a signature must be Python."""
    _, _, signature, result = args
    return signature and (signature.replace("<factory>", "..."), result)


def setup(app: Sphinx) -> None:
    """Connect the functions above."""
    app.connect("autodoc-process-signature", tell_defaults)
    app.connect("source-read", list_pages)
    app.connect("build-finished", lead_to_index)
