"""The wire types are written once: what is committed for others is what the Python types say."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from studio_ext.contract.export import enums, schema, wire_types
from studio_ext.routes.watch import SCHEMA_ID

ROOT = Path(__file__).parents[2]
GENERATED = ROOT / "src" / "contract.ts"


@pytest.fixture(scope="module")
def generated() -> str:
    return GENERATED.read_text("utf-8")


def fields_of(generated: str, name: str) -> set[str]:
    found = re.search(rf"^export interface {name} {{\n(.*?)^}}", generated, re.MULTILINE | re.DOTALL)
    assert found, f"{name} is missing in {GENERATED.name}; run jlpm contract"
    return set(re.findall(r"^  (\w+)\??:", found[1], re.MULTILINE))


@pytest.mark.parametrize("model", wire_types(), ids=lambda model: model.__name__)
def test_each_type_has_its_fields(generated: str, model: type) -> None:
    assert fields_of(generated, model.__name__) == set(model.model_fields)  # type: ignore[attr-defined]


@pytest.mark.parametrize("enum", enums(), ids=lambda enum: enum.__name__)
def test_each_word_is_known(generated: str, enum: type) -> None:
    found = re.search(rf"^export type {enum.__name__} =([^;]*);", generated, re.MULTILINE)
    assert found, f"{enum.__name__} is missing in {GENERATED.name}; run jlpm contract"
    assert re.findall(r"'([^']*)'", found[1]) == [member.value for member in enum]  # type: ignore[attr-defined]


def test_no_type_is_left_over(generated: str) -> None:
    exported = set(re.findall(r"^export (?:interface|type) (\w+)", generated, re.MULTILINE))
    assert exported == set(schema()["$defs"]) | {"Page"}


def test_the_generator_would_write_the_same() -> None:
    node = shutil.which("node")
    if node is None or not (ROOT / "node_modules" / "json-schema-to-typescript").is_dir():
        pytest.skip("the front end's tools are not installed")
    done = subprocess.run(
        [node, "scripts/generate_contract.mjs", "--check"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_front_end_listens_to_our_event() -> None:
    source = (ROOT / "src" / "models" / "jobsModel.ts").read_text("utf-8")
    pattern = re.search(r"JOBS_EVENT = /(.+)/;", source)
    assert pattern and re.search(pattern[1].replace(r"\/", "/"), SCHEMA_ID)
