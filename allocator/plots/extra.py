"""The libraries of the extra ``plots``, loaded when a plot is made and not before."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

#: What the extra brings, with what each is for.
LIBRARIES = {
    "altair": "charts",
    "vl_convert": "PNG, SVG and HTML",
    "jinja2": "the HTML report",
}


class Lazily:
    """A module that is imported when something of it is first asked for.

    Parameters
    ----------
    name
        Of the module.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        """Return what the module has by this name.

        Raises
        ------
        ImportError
            When the module is not installed: it says which command installs it.
        """
        return getattr(loaded(self._name), attribute)


def loaded(name: str) -> Any:
    """Return a module of the extra, or say how to install it."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise ImportError(missing(name), name=name) from error


def missing(name: str) -> str:
    """Say in one line that a module is not installed, and what installs it."""
    return (
        f"{name.replace('_', '-')} is not installed; it is needed for {LIBRARIES[name]}."
        " Install it with: pip install 'allocator[plots]'"
    )


def require() -> None:
    """Load all that plots and the report need.

    Raises
    ------
    ImportError
        When something is not installed: it says which command installs it.
    """
    for name in LIBRARIES:
        loaded(name)


if TYPE_CHECKING:
    import altair as altair
    import jinja2 as jinja2
    import vl_convert as vl_convert
else:
    altair = Lazily("altair")
    jinja2 = Lazily("jinja2")
    vl_convert = Lazily("vl_convert")
