"""Bodies and answers as OpenAPI describes them: by the library's types."""

from __future__ import annotations

from typing import Any, Final

from api.schemas import domain

#: The refusal of a place that is lost. Whatever else may refuse is answered by a document of the
#: same schema, and has the description that all others have.
LOST: Final[dict[int | str, dict[str, Any]]] = {
    409: {"description": "See `type`; where a place is lost, `alternatives` are others."}
}


def body_of(name: str, *, many: bool = False) -> dict[str, Any]:
    """Describe a body in OpenAPI."""
    schema: dict[str, Any] = {"$ref": domain.REF + name}
    if many:
        schema = {"anyOf": [schema, {"type": "array", "items": schema, "minItems": 1}]}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def answer_of(*names: str, description: str = "As it is now.") -> dict[str, Any]:
    """Describe an answer in OpenAPI; with several names, one of them."""
    schemas = [{"$ref": domain.REF + name} for name in names]
    schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def links(*operations: str) -> dict[str, Any]:
    """Describe what can be done next to what an answer names."""
    return {
        "links": {
            operation: {"operationId": operation, "parameters": {"name": "$response.body#/id"}}
            for operation in operations
        }
    }
