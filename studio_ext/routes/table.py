"""The route table: every address below ``studio/api/``, and the one that describes them all."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from studio_ext.routes import (
    artifacts,
    contents,
    experiments,
    jobs,
    models,
    notebooks,
    records,
    trial_detail,
    trial_table,
    trials,
    views,
    workspace,
)
from studio_ext.routes.base import Parts, StudioHandler
from studio_ext.routes.openapi import document
from studio_ext.routes.operation import operation

PREFIX = "studio/api/"

_PART = re.compile(r"{(\w+)}")


class OpenApiHandler(StudioHandler):
    """The description of the addresses for programs."""

    @web.authenticated
    @authorized
    @operation()
    def get(self) -> dict[str, Any]:
        """This document."""
        return describe(self.base_url)


ADDRESSES: list[tuple[str, type[StudioHandler]]] = [
    *jobs.HANDLERS,
    *notebooks.HANDLERS,
    *experiments.HANDLERS,
    *trial_table.HANDLERS,  # before trials/{run_id}, which would take them for runs
    *trials.HANDLERS,
    *trial_detail.HANDLERS,
    *views.HANDLERS,
    *models.HANDLERS,
    *records.HANDLERS,
    *artifacts.HANDLERS,
    *contents.HANDLERS,
    *workspace.HANDLERS,
    ("openapi.json", OpenApiHandler),
    *workspace.UNKNOWN,
]
"""Addresses below ``PREFIX`` and their handlers; the first that fits answers, the last fits all."""


def pattern(address: str) -> str:
    """Regular expression of an address: ``{path}`` is the rest with its slashes, any other ``{name}`` one segment."""
    pieces = _PART.split(address)
    pieces[::2] = [re.escape(text) for text in pieces[::2]]
    pieces[1::2] = [f"(?P<{name}>{'.*' if name == 'path' else '[^/]+'})" for name in pieces[1::2]]
    return "".join(pieces)


def routes(parts: Parts) -> list[tuple[str, type[StudioHandler], dict[str, Any]]]:
    """Pattern, handler and its arguments."""
    return [(PREFIX + pattern(address), handler, {"parts": parts}) for address, handler in ADDRESSES]


@cache
def describe(base_url: str = "/") -> dict[str, Any]:
    """The OpenAPI document of a server with this base URL."""
    return document(ADDRESSES, f"{base_url.rstrip('/')}/{PREFIX.rstrip('/')}")
