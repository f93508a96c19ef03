"""The forms that bulk comes in."""

from __future__ import annotations

from enum import Enum

from api.call import media_type
from api.problems import NotAcceptable, UnsupportedMedia


class Media(Enum):
    """A form, by its media type."""

    JSON = "application/json"
    LINES = "application/x-ndjson"
    CSV = "text/csv"


NAMES = ", ".join(media.value for media in Media)


def sent(content_type: str) -> Media:
    """Return the form of a body.

    Raises
    ------
    UnsupportedMedia
        Naming those that are read.
    """
    try:
        return Media(media_type(content_type))
    except ValueError as error:
        raise UnsupportedMedia(
            f"The Content-Type is {content_type!r}; these are read here: {NAMES}."
        ) from error


def accepted(accept: str) -> Media:
    """Return the form that an asker likes best; JSON where they do not say.

    Raises
    ------
    NotAcceptable
        Naming those that there are.
    """
    liked: list[tuple[float, int, Media]] = []
    for place, part in enumerate((accept or "*/*").split(",")):
        name, _, parameters = part.partition(";")
        quality = _quality(parameters)
        for media in Media:
            family = f"{media.value.partition('/')[0]}/*"
            if quality > 0 and name.strip().lower() in (media.value, family, "*/*"):
                liked.append((-quality, place, media))
    if not liked:
        raise NotAcceptable(f"You accept {accept!r}; there are: {NAMES}.")
    return min(liked, key=lambda like: like[:2])[2]


def _quality(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
