"""Turns what a person writes into a request."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import Any, TypeVar

from pydantic import ValidationError

from studio_ext.contract.errors import FieldError, InvalidRequest
from studio_ext.contract.jobs import KernelEnvironment, Resources, SubmitRequest
from studio_ext.core.units import parse_duration, parse_size

T = TypeVar("T")

_NAMES = {
    "resources.memory_bytes": "memory",
    "resources.time_limit_seconds": "time_limit",
    "resources.cpus": "cpus",
    "resources.gpus": "gpus",
}
_SENTENCES = {
    "memory": "must be at least 32 MiB",
    "time_limit": "must be more than 0 and at most 28 days",
    "cpus": "must be more than 0 and at most 1024",
    "gpus": "must be from 1 to 64",
    "autolog": "must be on, models or off",
}


def build_request(
    notebook: str | os.PathLike[str],
    *,
    parameters: Mapping[str, Any] | None,
    name: str | None,
    experiment: str | None,
    runner: str,
    kernel: str | None,
    image: str | None = None,
    pull: bool = False,
    network_access: bool = False,
    cpus: float | None,
    memory: str | int | None,
    time_limit: str | float | None,
    gpus: int | None = None,
    variables: Sequence[str],
    tags: Mapping[str, str] | None,
    autolog: str | None = None,
    idempotency_key: str | None,
    document: Mapping[str, Any] | None = None,
    cells_of: str | None = None,
) -> SubmitRequest:
    """The request for these arguments of ``submit``. Raises ``InvalidRequest`` that names the wrong field."""
    resources = {
        "cpus": cpus,
        "memory_bytes": _parse("memory", parse_size, memory),
        "time_limit_seconds": _parse("time_limit", parse_duration, time_limit),
        "gpus": gpus,
    }
    try:
        return SubmitRequest.model_validate(
            {
                "notebook": os.fspath(notebook),
                "document": document,
                "cells_of": cells_of,
                "name": name,
                "experiment": experiment,
                "parameters": {key: _plain(key, value) for key, value in (parameters or {}).items()},
                "runner": runner,
                "kernel": kernel,
                "image": image,
                "pull": pull,
                "network_access": network_access,
                "resources": resources,
                "variables": [variables] if isinstance(variables, str) else list(variables),
                "tags": {str(key): str(value) for key, value in (tags or {}).items()},
                "autolog": autolog,
                "idempotency_key": idempotency_key,
            }
        )
    except ValidationError as error:
        raise invalid(error) from error


def environment_as_arguments(environment: KernelEnvironment) -> dict[str, Any]:
    """The arguments of ``submit`` that ask for the same kernel or image again."""
    container = environment.container
    if container is None:
        return {"kernel": environment.kernel}
    return {
        "kernel": None,
        "image": container.image,
        "pull": container.pull,
        "network_access": container.network_access,
    }


def resources_as_arguments(resources: Resources) -> dict[str, Any]:
    """The arguments of ``submit`` that ask for these resources again."""
    return {
        "cpus": resources.cpus,
        "memory": resources.memory_bytes,
        "time_limit": resources.time_limit_seconds,
        "gpus": resources.gpus,
    }


def _parse(field: str, parse: Callable[[Any], T], value: Any) -> T | None:
    if value is None:
        return None
    try:
        return parse(value)
    except (ValueError, TypeError) as error:
        raise InvalidRequest.field(field, str(error)) from error


def _plain(name: str, value: Any) -> Any:
    """``value`` as JSON has it: numpy scalars and arrays, tuples and paths become what they stand for."""
    try:
        return json.loads(json.dumps(value, default=_convert))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRequest.field(
            f"parameters.{name}",
            f"a {type(value).__name__} cannot be handed to a job",
            hint="Parameters are texts, numbers, booleans, None, and lists and dicts of them.",
        ) from error


def _convert(value: Any) -> Any:
    if isinstance(value, PurePath):
        return str(value)
    if callable(to_list := getattr(value, "tolist", None)):  # numpy scalars and arrays
        return to_list()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def invalid(error: ValidationError) -> InvalidRequest:
    """What is wrong with a request, in our words."""
    fields = []
    for item in error.errors(include_url=False):
        path = ".".join(str(part) for part in item["loc"])
        field = _NAMES.get(path, path)
        fields.append(FieldError(field=field, message=_SENTENCES.get(field, item["msg"])))
    return InvalidRequest("; ".join(f"{item.field}: {item.message}" for item in fields), fields=fields)
