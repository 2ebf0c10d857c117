"""Compares what a server answers with docs/developers/openapi.json."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import unquote

import httpx
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from studio_ext.routes.table import PREFIX, describe, pattern

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


class AsDocumented(httpx.HTTPTransport):
    """Sends requests, and fails the test that gets an answer which the document does not describe."""

    def __init__(self) -> None:
        super().__init__()
        self._schema = schemathesis.openapi.from_dict(describe())
        self.seen: set[tuple[str, int]] = set()
        """Operations (``GET /jobs``) and the statuses they answered."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        response.read()
        response.request, response.elapsed = request, timedelta()  # as after the whole exchange
        raw = request.url.raw_path.decode("ascii").partition("?")[0]
        _, found, address = raw.partition(f"/{PREFIX}")
        assert found, f"{request.url} is none of ours"
        for path in describe()["paths"]:
            if match := re.fullmatch(pattern(path.lstrip("/")), address):
                operation = self._schema[path][request.method]
                case = operation.Case(path_parameters={name: unquote(text) for name, text in match.groupdict().items()})
                try:
                    case.validate_response(response, checks=CHECKS)
                except FailureGroup as group:
                    raise AssertionError(str(group)) from None
                self.seen.add((operation.label, response.status_code))
                return response
        assert response.status_code == 404, f"{request.method} {address} is not in the document"
        return response


@pytest.fixture(scope="session")
def as_documented() -> Callable[[], AsDocumented]:
    """Makes transports that compare every answer with the document."""
    return AsDocumented
