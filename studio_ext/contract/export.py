"""Prints every wire type as one JSON Schema document: ``python -m studio_ext.contract.export``.

The TypeScript types of the front end are generated from it, so each shape is written once.
"""

from __future__ import annotations

import json
from enum import Enum
from types import ModuleType
from typing import Any

from pydantic.json_schema import models_json_schema

from studio_ext.contract import (
    comparison,
    errors,
    experiments,
    jobs,
    lineage,
    live,
    models,
    report,
    series,
    trial_detail,
    trial_diff,
    trial_table,
    views,
    workspace,
)
from studio_ext.contract.base import Wire

REQUESTS = frozenset(
    {
        "BoxChartSpec",
        "ChartSpec",
        "CompareQuery",
        "CreateExperiment",
        "FilterQuery",
        "HeatMapChartSpec",
        "HistogramChartSpec",
        "ImportanceChartSpec",
        "ImportanceQuery",
        "InspectRequest",
        "LineChartSpec",
        "ParallelChartSpec",
        "RegisterModel",
        "RunIds",
        "ScatterChartSpec",
        "SeriesQuery",
        "SetAlias",
        "SortKey",
        "SubmitRequest",
        "TrialQuery",
        "TrialSource",
        "UpdateModel",
        "UpdateTrial",
        "View",
        "ViewText",
    }
)
"""Types that clients write: fields with a default may be left out."""

MODULES: tuple[ModuleType, ...] = (
    comparison,
    errors,
    experiments,
    jobs,
    lineage,
    live,
    models,
    report,
    series,
    trial_detail,
    trial_diff,
    trial_table,
    views,
    workspace,
)


def wire_types() -> list[type[Wire]]:
    """All wire types but the generic page, by name."""
    found = {
        value
        for module in MODULES
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Wire) and value is not Wire
    }
    return sorted(found, key=lambda cls: cls.__name__)


def enums() -> list[type[Enum]]:
    """All enumerations, by name."""
    found = {
        value
        for module in MODULES
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Enum) and value.__module__ == module.__name__
    }
    return sorted(found, key=lambda cls: cls.__name__)


def schema() -> dict[str, Any]:
    """One schema whose ``$defs`` hold every type.

    Replies carry all their fields, so all of them are required; requests may leave out what has a default.
    """
    _, document = models_json_schema([(cls, "serialization") for cls in wire_types()], by_alias=True)
    definitions: dict[str, dict[str, Any]] = dict(document.get("$defs", {}))
    for enum in enums():
        values = [member.value for member in enum]
        definitions.setdefault(enum.__name__, {"title": enum.__name__, "type": "string", "enum": values})
    for name, definition in definitions.items():
        properties: dict[str, dict[str, Any]] = definition.get("properties", {})
        for field in properties.values():
            field.pop("title", None)  # a title would become a type of its own
            if "$ref" in field:
                field.pop("default", None)  # so would a default beside a reference
        if properties and name not in REQUESTS:
            definition["required"] = sorted(properties)
    return {"title": "StudioContract", "$defs": dict(sorted(definitions.items()))}


def main() -> None:
    """Print the document; the same types always give the same text."""
    print(json.dumps(schema(), indent=2, sort_keys=True))


if __name__ == "__main__":
    main()
