"""The library's own types as JSON schemas: what files hold is what clients send."""

from __future__ import annotations

import inspect
import re
from datetime import date, datetime
from enum import Enum
from types import NoneType
from typing import Any, get_args, get_origin

from allocator.frames.cells import LARGEST
from allocator.frames.columns import REQUIRED, defaults, hints, variant_name, variants
from allocator.frames.nested import encode

REF = "#/components/schemas/"
PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer", "minimum": -LARGEST, "maximum": LARGEST},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
}


def schemas_of(cls: type, known: dict[str, dict[str, Any]]) -> None:
    """Add the schema of a class, and of all that it is made of, by name."""
    if cls.__name__ in known:
        return
    known[cls.__name__] = {}
    properties, required = {}, []
    for name, default in defaults(cls).items():
        schema = _schema(hints(cls)[name], known)
        if default is REQUIRED:
            required.append(name)
        elif default is not None:
            value = encode(default)
            if "$ref" not in schema:
                schema = {**schema, "default": value}
        properties[name] = schema
    known[cls.__name__] = {
        "type": "object",
        "title": cls.__name__,
        "description": meaning(cls),
        "properties": properties,
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def meaning(cls: type) -> str:
    """Return what a class is for: the first sentence of its docstring."""
    text = inspect.getdoc(cls) or cls.__name__
    return re.split(r"\n\n", text)[0].replace("\n", " ").replace("``", "`")


def _schema(hint: Any, known: dict[str, dict[str, Any]]) -> dict[str, Any]:
    origin, args = get_origin(hint), get_args(hint)
    if origin is frozenset:
        return {"type": "array", "items": _schema(args[0], known)}
    if origin is tuple and args[-1] is Ellipsis:
        return {"type": "array", "items": _schema(args[0], known)}
    if origin is tuple:
        return {
            "type": "array",
            "prefixItems": [_schema(arg, known) for arg in args],
            "items": False,
            "minItems": len(args),
            "maxItems": len(args),
        }
    options = variants(hint)
    if NoneType in args:
        inner = [a for a in args if a is not NoneType]
        choices = [_schema(inner[0], known)] if len(inner) == 1 else _variants(options, known)
        return {"anyOf": [*choices, {"type": "null"}]}
    if len(options) > 1:
        return {"anyOf": _variants(options, known)}
    if options:
        schemas_of(options[0], known)
        return {"$ref": REF + options[0].__name__}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"type": "string", "enum": [member.value for member in hint]}
    return dict(PLAIN[hint])


def _variants(options: tuple[type, ...], known: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the variants of a type, each with the word that tells it."""
    found = []
    for option in options:
        schemas_of(option, known)
        schema = known[option.__name__]
        word = {"type": "string", "const": variant_name(option)}
        schema["properties"] = {"type": word, **schema["properties"]}
        schema["required"] = ["type", *(r for r in schema.get("required", []) if r != "type")]
        found.append({"$ref": REF + option.__name__})
    return found


def sent(cls: type, known: dict[str, dict[str, Any]]) -> str:
    """Add the schema of what a client sends to make one: its id may be left out; name it."""
    schemas_of(cls, known)
    name = f"New{cls.__name__}"
    whole = known[cls.__name__]
    known[name] = {
        **whole,
        "title": name,
        "required": [r for r in whole.get("required", []) if r != "id"],
    }
    known[name]["properties"] = {
        **whole["properties"],
        "id": {
            "type": "string",
            "minLength": 1,
            "maxLength": 200,
            "description": "Your own name for it, unique in the tenant; a UUID where left out.",
        },
    }
    return name


def got(cls: type, known: dict[str, dict[str, Any]], more: dict[str, Any]) -> str:
    """Add the schema of what a client gets: the thing, and how it is kept; name it."""
    schemas_of(cls, known)
    name = f"Kept{cls.__name__}"
    whole = known[cls.__name__]
    kept = {
        "uid": {"type": "string", "format": "uuid"},
        "version": {"type": "integer", "description": "For If-Match."},
        "created_at": {"type": "string", "format": "date-time"},
        "changed_at": {"type": "string", "format": "date-time"},
        **more,
    }
    known[name] = {
        "type": "object",
        "title": name,
        "description": whole["description"],
        "properties": {**whole["properties"], **kept},
        "required": ["id", *kept],
        "additionalProperties": False,
    }
    return name
