"""Describes the addresses as an OpenAPI 3.1 document, from what their handlers declare.

Nothing is written here about any single address: what it takes and answers comes from its ``@operation``, the
shapes from the wire types, the sentences from the docstrings.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from http import HTTPStatus
from types import NoneType
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from tornado.web import RequestHandler

from studio_ext._version import __version__
from studio_ext.contract.errors import (
    Conflict,
    ErrorBody,
    Forbidden,
    InvalidRequest,
    NotFound,
    StudioError,
    TooLarge,
    Unavailable,
)
from studio_ext.routes.operation import JSON, Operation, verbs

Document = dict[str, Any]

ALWAYS = (InvalidRequest, Forbidden, Conflict, StudioError, Unavailable)
"""Errors that every address may answer: even one that only asks for the version needs the workspace, which may be
unusable (400), of another version (409) or away (503)."""

_ABOUT = """\
What JupyterLab, the SDK and the command line do with a Jupyter server that has Studio.

Every reply of 400 and above is an `ErrorBody`. Names in a query that are not known are left alone; unknown fields
in a body are refused. Requests with a browser's cookies instead of a token also need the header `X-XSRFToken`, for
everything but GET.
"""
_SCHEMAS = "#/components/schemas/"
_SECURITY: Document = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "The server's token: `Authorization: Bearer <token>`, or `Authorization: token <token>`.",
    },
    "token_in_query": {
        "type": "apiKey",
        "in": "query",
        "name": "token",
        "description": "The server's token. It ends up in logs and histories; the header does not.",
    },
}


class _Schemas(GenerateJsonSchema):
    """JSON Schema without titles. Replies carry all their fields: each is required there, and has no default."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def field_is_required(self, field: Any, total: bool) -> bool:
        if self.mode == "serialization" and field["type"] == "model-field":
            return True
        return super().field_is_required(field, total)

    def default_schema(self, schema: Any) -> Document:
        return self.generate_inner(schema["schema"]) if self.mode == "serialization" else super().default_schema(schema)


def document(addresses: Iterable[tuple[str, type[RequestHandler]]], server: str) -> Document:
    """The document; ``server`` is the URL that the addresses are below.

    Raises ``TypeError`` that says what to do where a handler does not declare what it takes and answers.
    """
    found = [(address, verb, each) for address, handler in addresses for verb, each in verbs(handler).items()]
    types = _Types(operation for _, _, operation in found)
    paths: Document = {}
    for address, verb, operation in found:
        paths.setdefault(f"/{address}", {})[verb] = _operation(address, verb, operation, types)
    errors = _by_status(error for _, _, operation in found for error in _errors(operation))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Studio",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
        },
        "servers": [{"url": server}],
        "security": [{name: []} for name in _SECURITY],
        "paths": paths,
        "components": {
            "schemas": types.components(),
            "responses": {error.__name__: _error(error, types) for error in errors},
            "securitySchemes": _SECURITY,
        },
    }


class _Types:
    """Schemas of all types that the operations name, made together so that each is described once."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        wanted: dict[tuple[str, JsonSchemaMode], Any] = {}
        for each in operations:
            wanted[self._key(each.query), "validation"] = each.query
            wanted[self._key(each.body), "validation"] = each.body
            wanted[self._key(each.answer), "serialization"] = each.answer
            for part in each.parts.values():
                wanted[self._key(part), "validation"] = part
        wanted[self._key(ErrorBody), "serialization"] = ErrorBody
        adapters = [(key, mode, TypeAdapter(kind)) for (key, mode), kind in wanted.items() if kind is not None]
        schemas, definitions = TypeAdapter.json_schemas(
            adapters, ref_template=_SCHEMAS + "{model}", schema_generator=_Schemas
        )
        self._schemas: dict[Any, Document] = _renamed(schemas)
        self._definitions: Document = {_plain(name): _renamed(each) for name, each in definitions["$defs"].items()}
        for definition in self._definitions.values():
            definition.pop("title", None)  # generators of clients would take it for the name
        self._queries: set[str] = set()

    def schema(self, kind: Any, mode: JsonSchemaMode) -> Document:
        """Schema of a type: mostly a reference to a component."""
        return dict(self._schemas[self._key(kind), mode])

    def fields(self, query: Any) -> tuple[Document, list[str]]:
        """Schemas of the fields of a query by name, and the names of those that must be there."""
        name = self.schema(query, "validation")["$ref"].removeprefix(_SCHEMAS)
        self._queries.add(name)
        definition = self._definitions[name]
        return definition["properties"], definition.get("required", [])

    def components(self) -> Document:
        """All definitions but the queries, which are spelled out as parameters."""
        return {name: each for name, each in sorted(self._definitions.items()) if name not in self._queries}

    @staticmethod
    def _key(kind: Any) -> str:
        return repr(kind)


def _plain(name: str) -> str:
    """A name that is one in any language: ``PageJob`` for ``Page_Job_``, and a type that has one form in requests
    and one in replies is ``ResourcesInput`` and ``Resources``."""
    return name.removesuffix("-Output").replace("-", "").replace("_", "")


def _renamed(value: Any) -> Any:
    """A copy in which all references have plain names."""
    if isinstance(value, dict):
        renamed = {key: _renamed(item) for key, item in value.items()}
        if isinstance(value.get("$ref"), str):
            renamed["$ref"] = _SCHEMAS + _plain(value["$ref"].removeprefix(_SCHEMAS))
        return renamed
    return [_renamed(item) for item in value] if isinstance(value, list) else value


def _operation(address: str, verb: str, operation: Operation, types: _Types) -> Document:
    summary, _, more = inspect.cleandoc(operation.function.__doc__ or "").partition("\n\n")
    described: Document = {
        "operationId": "_".join([verb, *re.findall(r"\w+", address)]),
        "tags": [re.split(r"\W", address)[0]],
        "summary": " ".join(summary.split()),
        "parameters": _parts(address, operation, types) + _query(operation, types),
        "responses": {
            str(int(operation.status)): _answer(operation, types),
            **{str(error.status): {"$ref": f"#/components/responses/{error.__name__}"} for error in _errors(operation)},
        },
    }
    if more:
        described["description"] = more
    if operation.body is not None:
        schema = types.schema(operation.body, "validation")
        described["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    if operation.takes:
        described["requestBody"] = {"required": False, "content": {operation.takes: {}}}
    return described


def _parts(address: str, operation: Operation, types: _Types) -> list[Document]:
    names = re.findall(r"{(\w+)}", address)
    missing = [name for name in names if name not in operation.parts]
    if missing:
        raise TypeError(f"{operation.function.__qualname__} answers {address!r} and does not take {missing[0]!r}.")
    return [_parameter("path", name, types.schema(operation.parts[name], "validation"), True) for name in names]


def _query(operation: Operation, types: _Types) -> list[Document]:
    if operation.query is None:
        return []
    fields, required = types.fields(operation.query)
    return [_parameter("query", name, schema, name in required) for name, schema in fields.items()]


def _parameter(place: str, name: str, schema: Document, is_required: bool) -> Document:
    schema = dict(schema)
    described: Document = {"in": place, "name": name, "required": is_required}
    if "description" in schema:
        described["description"] = schema.pop("description")
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) == 1:  # A value in an address is never null: it is there or it is not.
        del schema["anyOf"]
        schema.update(kinds[0])
    if schema.get("default", ...) is None:
        del schema["default"]
    if schema.get("type") == "array":
        described.update(style="form", explode=False)
    return described | {"schema": schema}


def _answer(operation: Operation, types: _Types) -> Document:
    described: Document = {"description": HTTPStatus(operation.status).phrase}
    if operation.answer is NoneType and operation.status is HTTPStatus.NO_CONTENT:
        return described
    if operation.media_type != JSON:
        described["content"] = {operation.media_type: {}}
    elif operation.answer is not NoneType:
        described["content"] = {JSON: {"schema": types.schema(operation.answer, "serialization")}}
        if operation.also:
            described["content"][operation.also] = {}
    return described


def _errors(operation: Operation) -> list[type[StudioError]]:
    named = [NotFound] if operation.parts else []
    large = [TooLarge] if operation.body is not None else []
    return _by_status([*ALWAYS, *operation.errors, *named, *large])


def _by_status(errors: Iterable[type[StudioError]]) -> list[type[StudioError]]:
    return sorted(set(errors), key=lambda error: error.status)


def _error(error: type[StudioError], types: _Types) -> Document:
    sentence = re.sub(r" \(\d+\)", "", inspect.cleandoc(error.__doc__ or "").partition("\n")[0])
    if error is StudioError:
        sentence = "A fault of the server; its log says more."
    return {"description": sentence, "content": {JSON: {"schema": types.schema(ErrorBody, "serialization")}}}
