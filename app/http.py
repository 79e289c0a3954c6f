"""The thin layer between Flask and the use cases: a route names its roles and shapes, and gets a transaction.

One declaration serves the routing, the checks and the OpenAPI document, so that they cannot differ.
"""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask import Blueprint, Response, current_app, request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import UnsupportedMediaType

from app import access
from app.shapes import In
from crowdqc.assembly import Installation
from crowdqc.errors import Invalid
from crowdqc.formats import jsonvalues
from crowdqc.roles import Actor, Role
from crowdqc.services.transaction import Transaction

Handler = TypeVar("Handler", bound=Callable[..., Any])

#: The largest JSON body, in bytes.
JSON_LIMIT = 1 << 20

#: Everybody who is signed in, and everybody at all.
SIGNED_IN: frozenset[Role] = frozenset(Role)
EVERYBODY: None = None


class NotJson(Invalid):
    """The body is not JSON."""


class BadShape(Invalid):
    """The request does not have the shape that is asked for."""

    @classmethod
    def of(cls, error: ValidationError, place: str) -> BadShape:
        faults = [
            {"where": ".".join([place, *map(str, fault["loc"])]), "what": fault["msg"]}
            for fault in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        return cls(
            "; ".join(f"{fault['where']}: {fault['what']}" for fault in faults[:5]),
            mend="Mend the faults listed; /api/v1/openapi.json describes the shape.",
            errors=faults,
        )


@dataclass(frozen=True, slots=True)
class Call:
    """One request on its way through: who, in which transaction, at which installation."""

    actor: Actor
    tx: Transaction
    installation: Installation


@dataclass(frozen=True, slots=True)
class Operation:
    """All that is said of a route."""

    method: str
    path: str
    name: str
    summary: str
    description: str
    tag: str
    #: Who may: any of these roles, or None for everybody.
    roles: frozenset[Role] | None
    status: int
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    result: Any
    #: Media types of a body that is a file.
    takes: Sequence[str] = ()
    #: Media types of a result that is a file.
    gives: Sequence[str] = ()
    headers: dict[str, str] = field(default_factory=dict)


def installation() -> Installation:
    """Give the installation that this application was made for."""
    found: Installation = current_app.extensions["crowdqc"]
    return found


class Api:
    """A room's routes."""

    #: Every operation of every room, in the order of their making.
    operations: typing.ClassVar[list[Operation]] = []

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.blueprint = Blueprint(f"api_{tag}", __name__)

    def get(self, path: str, **facts: Any) -> Callable[[Handler], Handler]:
        return self.route("GET", path, **facts)

    def post(self, path: str, **facts: Any) -> Callable[[Handler], Handler]:
        return self.route("POST", path, **facts)

    def put(self, path: str, **facts: Any) -> Callable[[Handler], Handler]:
        return self.route("PUT", path, **facts)

    def patch(self, path: str, **facts: Any) -> Callable[[Handler], Handler]:
        return self.route("PATCH", path, **facts)

    def delete(self, path: str, **facts: Any) -> Callable[[Handler], Handler]:
        return self.route("DELETE", path, **facts)

    def route(
        self,
        method: str,
        path: str,
        *,
        roles: Sequence[Role] | frozenset[Role] | None,
        status: int = 200,
        own_transaction: bool = False,
        takes: Sequence[str] = (),
        gives: Sequence[str] = (),
        headers: dict[str, str] | None = None,
    ) -> Callable[[Handler], Handler]:
        """Declare a route.

        The handler takes a `Call` (or, where everybody may, an `Installation`), then the path's parts by name,
        then `query` and `body`, whose annotations are their shapes; what it is annotated to return is the result's
        shape. A GET reads; everything else writes, in one transaction that is committed when the handler has
        returned. With `own_transaction` the handler opens transactions itself: its call's is over when it begins.
        """
        allowed = None if roles is None else frozenset(roles)

        def declare(handler: Handler) -> Handler:
            hints = typing.get_type_hints(handler)
            summary, _, description = inspect.cleandoc(handler.__doc__ or "").partition("\n")
            operation = Operation(
                method=method,
                path=path,
                name=f"{self.tag}_{handler.__name__}",
                summary=summary.rstrip("."),
                description=description.strip(),
                tag=self.tag,
                roles=allowed,
                status=status,
                body=hints.get("body"),
                query=hints.get("query"),
                result=hints.get("return"),
                takes=takes,
                gives=gives,
                headers=headers or {},
            )
            self.operations.append(operation)

            def view(**parts: Any) -> Response:
                return _perform(operation, handler, own_transaction, parts)

            self.blueprint.add_url_rule(
                path.replace("{", "<uuid:").replace("}", ">").replace("<uuid:file>", "<file>"),
                endpoint=handler.__name__,
                view_func=view,
                methods=[method],
            )
            return handler

        return declare


def opened(place: Installation, method: str) -> AbstractContextManager[Transaction]:
    """Open the kind of transaction that a method wants."""
    return place.reading() if method in access.SAFE else place.transaction()


def _perform(operation: Operation, handler: Callable[..., Any], own: bool, parts: dict[str, Any]) -> Response:
    place = installation()
    request.max_content_length = place.settings.upload_limit if operation.takes else JSON_LIMIT
    if operation.body is not None:
        # It may be long on its way, and nobody who writes should wait for it.
        request.get_data()
    # The shape is looked at after the caller: a stranger learns nothing from it.
    if operation.roles is None:
        _read_shapes(operation, parts)
        return _answer(operation, handler(place, **parts))
    if own:
        with place.reading() as tx:
            call = Call(access.actor(tx, operation.roles), tx, place)
        _read_shapes(operation, parts)
        return _answer(operation, handler(call, **parts))
    with opened(place, operation.method) as tx:
        call = Call(access.actor(tx, operation.roles), tx, place)
        _read_shapes(operation, parts)
        return _answer(operation, handler(call, **parts))


def _read_shapes(operation: Operation, parts: dict[str, Any]) -> None:
    """Add the query and the body, in their shapes, to what the handler gets."""
    flat = {name: values if len(values) > 1 else values[0] for name, values in request.args.lists()}
    query = _validated(operation.query or In, flat, "query")
    if operation.query is not None:
        parts["query"] = query
    if operation.body is not None:
        parts["body"] = _validated(operation.body, _json(), "body")


def _validated(shape: type[BaseModel], value: object, place: str) -> BaseModel:
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        raise BadShape.of(error, place) from None


def _json() -> object:
    if request.mimetype != "application/json":
        raise UnsupportedMediaType(f"The body must be JSON, and this is {request.mimetype or 'of no type'}.")
    try:
        return jsonvalues.parse(request.get_data().decode("utf-8-sig"))
    except ValueError as error:
        raise NotJson(f"The body is not JSON: {error}"[:300], mend="Send one JSON object, in UTF-8.") from None


def _answer(operation: Operation, result: Any) -> Response:
    """Turn what a handler gave into a response."""
    status = operation.status
    if isinstance(result, tuple):
        result, status = result
    if isinstance(result, Response):
        return result
    if result is None:
        return Response(status=204 if status == 200 else status)
    if isinstance(result, BaseModel):
        return Response(result.model_dump_json(), status=status, mimetype="application/json")
    return Response(json.dumps(result), status=status, mimetype="application/json")


def streamed(chunks: Iterator[bytes], media_type: str, filename: str) -> Response:
    """Give a file that is written while it is sent."""
    response = Response(chunks, mimetype=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
