"""The OpenAPI 3.1 document, made from the same declarations that the routes are made from."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.http import Api, Operation
from app.problems import MEDIA_TYPE
from crowdqc import __version__

_REF = "#/components/schemas/{model}"

PROBLEM = {
    "type": "object",
    "description": "A problem document (RFC 9457): what, where, how to mend it.",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "mend": {"type": "string", "description": "how to put it right"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"where": {"type": "string"}, "what": {"type": "string"}},
                "additionalProperties": True,
            },
        },
    },
    "additionalProperties": False,
}

#: Which refusals an operation may answer with, and when.
REFUSALS = {
    400: "The request is not well-formed.",
    401: "Nobody is signed in.",
    403: "Your roles, or whose it is, do not allow this.",
    404: "There is no such thing among yours.",
    405: "There is no such method at this address.",
    409: "The present state does not allow this.",
    413: "The body is too large.",
    415: "The body's type is not one that is read here.",
    422: "The input is not valid.",
    503: "The database is busy; nothing was written, so try again.",
}


def document(prefix: str) -> dict[str, Any]:
    """Describe every operation."""
    shapes = {shape for each in Api.operations for shape in (each.body, each.result) if _is_shape(shape)}
    # A shape comes in or goes out, as its name says, so that each has one definition.
    _, definitions = models_json_schema(
        [
            (shape, "serialization" if shape.__name__.endswith("Out") else "validation")
            for shape in _ordered(shapes)
        ],
        ref_template=_REF,
    )
    paths: dict[str, Any] = {}
    for operation in Api.operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "crowdqc",
            "version": __version__,
            "summary": "Quality control for crowdsourced labels.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": prefix}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": {"Problem": PROBLEM, **definitions.get("$defs", {})},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "parameters": _parameters(operation),
        "responses": _responses(operation),
        "x-roles": None if operation.roles is None else sorted(operation.roles),
    }
    roles = "everybody" if operation.roles is None else ", ".join(sorted(operation.roles))
    described["description"] = f"{operation.description}\n\nFor: {roles}.".strip()
    if operation.roles is None:
        described["security"] = []
    if operation.body is not None:
        schema = {"$ref": _REF.format(model=operation.body.__name__)}
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    elif operation.takes:
        file = {"schema": {"type": "string", "format": "binary"}}
        described["requestBody"] = {"required": True, "content": dict.fromkeys(operation.takes, file)}
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in re.findall(r"{(\w+)}", operation.path):
        schema = {"type": "string"} if name == "file" else {"type": "string", "format": "uuid"}
        found.append({"name": name, "in": "path", "required": True, "schema": schema})
    if operation.query is not None:
        shape = operation.query.model_json_schema(ref_template=_REF)
        inner = shape.get("$defs", {})
        for name, part in shape["properties"].items():
            described = _resolved({key: value for key, value in part.items() if key != "title"}, inner)
            parameter: dict[str, Any] = {
                "name": name,
                "in": "query",
                "required": name in shape.get("required", []),
            }
            if "description" in described:
                parameter["description"] = described.pop("description")
            found.append({**parameter, "schema": described})
    for name, meaning in operation.headers.items():
        text = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[\x21-\x7e]+$"}
        found.append({"name": name, "in": "header", "required": False, "description": meaning, "schema": text})
    return found


def _responses(operation: Operation) -> dict[str, Any]:
    status = 204 if operation.result is type(None) and operation.status == 200 else operation.status
    fine: dict[str, Any] = {"description": operation.summary}
    if operation.gives:
        fine["content"] = {
            media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in operation.gives
        }
    elif _is_shape(operation.result):
        schema = {"$ref": _REF.format(model=operation.result.__name__)}
        fine["content"] = {"application/json": {"schema": schema}}
    problem = {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}}
    refusals = {
        str(code): {"description": meaning, "content": problem}
        for code, meaning in REFUSALS.items()
        if code != 403 or operation.roles is not None
    }
    return {str(status): fine, **refusals}


def _resolved(part: dict[str, Any], inner: dict[str, Any]) -> dict[str, Any]:
    """Put the definitions of a query's enums where they are used: a parameter has no room for its own."""
    reference = part.get("$ref")
    if isinstance(reference, str):
        rest = {key: value for key, value in part.items() if key != "$ref"}
        return {**inner[reference.rsplit("/", 1)[1]], **rest}
    # A query cannot say null: what is left out is null.
    options = [option for option in part.get("anyOf", []) if option != {"type": "null"}]
    if len(options) == 1:
        rest = {key: value for key, value in part.items() if key not in ("anyOf", "default")}
        return {**_resolved(options[0], inner), **rest}
    return part


def _is_shape(shape: Any) -> bool:
    return isinstance(shape, type) and issubclass(shape, BaseModel)


def _ordered(shapes: set[Any]) -> list[type[BaseModel]]:
    return sorted(shapes, key=lambda shape: str(shape.__name__))
