"""The OpenAPI document: valid, complete, and of the same mind as the routes."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from flask import Flask

from app.api.v1 import PREFIX
from app.http import Api
from app.openapi import REFUSALS, document
from app.problems import MEDIA_TYPE
from crowdqc import __version__
from tests.app.doors import Entrance
from tests.app.test_access import OPEN_OPERATIONS


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return document(PREFIX)


def operations(described: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), path): operation
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    }


def test_it_is_served_to_everybody(entrance: Entrance, described: dict[str, Any]) -> None:
    response = entrance.nobody()("GET", "/openapi.json")
    assert response.status_code == 200
    assert response.mimetype == "application/json"
    assert response.json == json.loads(json.dumps(described))


def test_it_is_valid(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1.")
    schemathesis.openapi.from_dict(described).validate()
    for schema in described["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
    assert described["info"]["version"] == __version__


def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    told = json.dumps(described)
    named = set(re.findall(r'"#/components/schemas/(\w+)"', told))
    assert named == described["components"]["schemas"].keys()
    assert not re.findall(r'"\$ref": "(?!#/components/)', told)


def test_it_holds_every_operation_and_no_other(application: Flask, described: dict[str, Any]) -> None:
    found = operations(described)
    assert found.keys() == {(each.method, each.path) for each in Api.operations}
    routed = {
        (method, re.sub(r"<(?:uuid:)?(\w+)>", r"{\1}", rule.rule.removeprefix(PREFIX)))
        for rule in application.url_map.iter_rules()
        if rule.rule.startswith(PREFIX + "/") and rule.endpoint != "openapi"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert found.keys() == routed
    names = [operation["operationId"] for operation in found.values()]
    assert len(set(names)) == len(names)


def test_every_operation_says_what_it_does_and_for_whom(described: dict[str, Any]) -> None:
    for (method, path), operation in operations(described).items():
        where = method, path
        assert operation["summary"], where
        assert not operation["summary"].endswith("."), where
        assert "For: " in operation["description"], where
        (declared,) = [each for each in Api.operations if (each.method, each.path) == where]
        assert operation["x-roles"] == (None if declared.roles is None else sorted(declared.roles))
        assert (operation.get("security") == []) == (where in OPEN_OPERATIONS)
        fine = [code for code in operation["responses"] if code.startswith("2")]
        assert len(fine) == 1, where
        for code, response in operation["responses"].items():
            if code not in fine:
                assert response["content"].keys() == {MEDIA_TYPE}, where
        assert {int(code) for code in operation["responses"]} - {403} == {int(fine[0]), *REFUSALS} - {403}
        placed = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
        assert placed == set(re.findall(r"{(\w+)}", path)), where
        assert ("requestBody" in operation) == (declared.body is not None or bool(declared.takes)), where


def test_shapes_that_come_in_refuse_what_they_do_not_know(described: dict[str, Any]) -> None:
    for name, schema in described["components"]["schemas"].items():
        if schema["type"] == "object":
            assert schema["additionalProperties"] is False, name


def test_the_page_to_try_it(entrance: Entrance) -> None:
    client, guard = entrance.browser()
    page = client.get("/api/docs")
    assert page.status_code == 200
    assert guard in page.text
    # Everything that it loads is from here, and is there.
    loaded = [each for each in re.findall(r'(?:src|href)="([^"]+)"', page.text) if not each.startswith("data:")]
    assert loaded
    for address in loaded:
        assert address.startswith("/"), address
        response = client.get(address)
        assert response.status_code == 200, address
        response.close()
    stranger = entrance.client().get("/api/docs")
    assert stranger.status_code == 200
    assert guard not in stranger.text
