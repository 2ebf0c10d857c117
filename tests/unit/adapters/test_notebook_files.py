"""Notebooks as people have them, whole and broken."""

from __future__ import annotations

import ast
import base64
import copy
import json
import math
import os
import random
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio_ext.adapters import notebook_files
from studio_ext.adapters.notebook_files import NotebookFiles
from studio_ext.contract.errors import InvalidRequest, NotFound, StudioError
from studio_ext.contract.jobs import KernelEnvironment

FILES = NotebookFiles()
PNG = base64.b64encode(b"\x89PNG picture").decode()


def kernel(language: str = "python", name: str = "python3") -> KernelEnvironment:
    return KernelEnvironment(kernel=name, display_name=language, language=language, argv=["x"], prefix="")


def code(
    source: Any, *, tags: list[str] | None = None, outputs: list[Any] | None = None, **more: Any
) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "metadata": {"tags": tags} if tags else {},
        "source": source,
        "execution_count": 3,
        "outputs": outputs or [],
        **more,
    }


def notebook(*cells: dict[str, Any], minor: int = 5, **metadata: Any) -> dict[str, Any]:
    metadata.setdefault("kernelspec", {"name": "python3", "display_name": "Python 3", "language": "python"})
    for number, cell in enumerate(cells):
        if minor >= 5:
            cell.setdefault("id", f"c{number}")
    return {"nbformat": 4, "nbformat_minor": minor, "metadata": metadata, "cells": list(cells)}


def write(path: Path, document: Any) -> Path:
    path.write_text(json.dumps(document), "utf-8")
    return path


def prepare(folder: Path, document: Any, values: dict[str, Any], environment: KernelEnvironment | None = None) -> Any:
    """Read, parameterise, and read what is to be executed."""
    source = write(folder / "n.ipynb", document)
    target = folder / "out.ipynb"
    target.unlink(missing_ok=True)
    FILES.write_parameterized(FILES.read(source), target, values, environment or kernel())
    assert target.stat().st_mode & 0o777 == 0o600
    return nbformat.read(target, as_version=4)


def run(document: Any) -> dict[str, Any]:
    """The names that the notebook's code leaves behind."""
    names: dict[str, Any] = {}
    for cell in document.cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, "<cell>", "exec"), names)
    return names


# -- reading --------------------------------------------------------------------------------------------------


def test_what_is_read(tmp_path: Path) -> None:
    path = write(
        tmp_path / "n.ipynb",
        notebook(
            code("depth = 1", tags=["parameters"]),
            code("depth = 2", tags=["injected-parameters"]),
            {"cell_type": "markdown", "metadata": {}, "source": ["# A\n", "b"]},
            code(["a = 1\n", "b = 2"]),
            language_info={"name": "python"},
        ),
    )
    read = FILES.read(path)
    assert (read.kernel, read.language, read.code_cells, read.has_parameters_cell) == ("python3", "python", 2, True)
    assert [cell["source"] for cell in read.document["cells"][2:]] == ["# A\nb", "a = 1\nb = 2"]
    assert len(read.sha256) == 64


@pytest.mark.parametrize("minor", [0, 1, 4, 5])
def test_all_minor_formats(tmp_path: Path, minor: int) -> None:
    prepared = prepare(tmp_path, notebook(code("x = 1", tags=["parameters"]), minor=minor), {"x": 2})
    assert run(prepared)["x"] == 2
    nbformat.validate(prepared)


@pytest.mark.parametrize("bom", [b"\xef\xbb\xbf", b""])
def test_byte_order_mark(tmp_path: Path, bom: bytes) -> None:
    path = tmp_path / "n.ipynb"
    path.write_bytes(bom + json.dumps(notebook(code("1"))).encode())
    assert FILES.read(path).code_cells == 1


@pytest.mark.parametrize("name", ["😀.ipynb", "a\nb.ipynb", "x" * 249 + ".ipynb", "%2e%2e.ipynb", "no suffix"])
def test_odd_names(tmp_path: Path, name: str) -> None:
    assert FILES.read(write(tmp_path / name, notebook(code("1")))).code_cells == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not valid JSON"),
        ("not json", "not valid JSON"),
        ('{"cells": [', "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ('{"nbformat": ' + "9" * 5000 + "}", "not valid JSON"),
        ("[]", "is not a notebook"),
        ("null", "is not a notebook"),
        ("3", "is not a notebook"),
        ("{}", "is not a notebook"),
        ('{"nbformat": "4"}', "is not a notebook"),
        ('{"nbformat": 3, "worksheets": []}', "format 3"),
        ('{"nbformat": 5}', "format 5"),
        ('{"nbformat": 4}', "malformed"),
        ('{"nbformat": 4, "cells": {}, "metadata": {}}', "malformed"),
        ('{"nbformat": 4, "cells": [null], "metadata": {}}', "malformed"),
        ('{"nbformat": 4, "cells": [{"cell_type": "magic"}], "metadata": {}}', "malformed"),
        ('{"nbformat": 4, "cells": [{"cell_type": "code", "source": 4}], "metadata": {}}', "malformed"),
        ('{"nbformat": 4, "cells": [{"cell_type": "code", "outputs": [3]}], "metadata": {}}', "malformed"),
        ('{"nbformat": 4, "cells": [], "metadata": {"kernelspec": []}}', "kernelspec"),
        ('{"nbformat": 4, "cells": [], "metadata": {"language_info": "x"}}', "language_info"),
        ('{"nbformat": 4, "cells": [], "metadata": {"kernelspec": {"name": ["x"]}}}', "kernelspec"),
        ('{"nbformat": 4, "nbformat_minor": "5", "cells": [], "metadata": {}}', "nbformat_minor"),
    ],
)
def test_what_is_no_notebook(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text(text)
    with pytest.raises(InvalidRequest, match=says) as caught:
        FILES.read(path)
    assert [field.field for field in caught.value.fields] == ["notebook"]


def test_other_encodings(tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    for encoding in ("utf-16", "utf-32"):
        path.write_bytes(json.dumps(notebook(code("'é'"))).encode(encoding))
        with pytest.raises(InvalidRequest, match="not valid JSON"):
            FILES.read(path)


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        FILES.read(tmp_path / "missing.ipynb")
    (tmp_path / "file").touch()
    with pytest.raises(NotFound):
        FILES.read(tmp_path / "file" / "n.ipynb")
    with pytest.raises(InvalidRequest, match="folder"):
        FILES.read(tmp_path)
    with pytest.raises(InvalidRequest, match="too long"):
        FILES.read(tmp_path / ("x" * 300))
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(InvalidRequest):
        FILES.read(tmp_path / "loop")


@pytest.mark.timeout(20)
def test_pipes_and_devices_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.ipynb")
    for path in (tmp_path / "pipe.ipynb", Path("/dev/zero")):
        with pytest.raises(InvalidRequest, match="not a file"):
            FILES.read(path)


def test_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "n.ipynb", notebook(code("1")))
    monkeypatch.setattr(notebook_files, "MAX_BYTES", 10)
    with pytest.raises(InvalidRequest, match="larger"):
        FILES.read(path)


@pytest.mark.parametrize(
    "document",
    [
        notebook(),
        notebook({"cell_type": "markdown", "metadata": {}, "source": "# Only words"}),
        notebook({"cell_type": "raw", "metadata": {}, "source": ""}),
        notebook(code("1", id="same"), code("2", id="same")),
        notebook({"cell_type": "code", "source": "1"}),
        notebook({"cell_type": "code"}),
        notebook(code("1", outputs=[{"output_type": "stream", "name": "stdout", "text": ["a", "b"]}])),
        notebook(code("1", outputs=[{"output_type": "execute_result", "data": {"x": math.nan}, "metadata": {}}])),
        notebook(code("1"), widgets={"x": math.inf}),
        notebook(code("'\U0001f600'", **{"metadata": {"\U0001f600": "\U0001f600"}})),
        notebook(code("1"), papermill="no mapping"),
        notebook(code("1", tags=None, **{"metadata": {"tags": "parameters"}})),
        notebook(code("1", **{"metadata": {"tags": 5}})),
        notebook(code("1"), minor=99),
    ],
    ids=range(14),
)
@pytest.mark.parametrize("values", [{}, {"x": 1}])
def test_odd_notebooks_can_be_run(tmp_path: Path, document: Any, values: dict[str, Any]) -> None:
    prepared = prepare(tmp_path, document, values)
    text = (tmp_path / "out.ipynb").read_text("utf-8")
    assert "\ud800" not in text
    assert all(cell.outputs == [] for cell in prepared.cells if cell.cell_type == "code")
    if values:
        assert prepared.cells[0].metadata.tags == ["injected-parameters"]


@pytest.mark.parametrize("half", ["'\ud800'", "'\udfff|\U0001f600'"])
def test_half_of_a_character_is_no_text(tmp_path: Path, half: str) -> None:
    for document in (notebook(code(half)), notebook(code("1"), title={half: 1})):
        with pytest.raises(InvalidRequest, match="Unicode"):
            FILES.read(write(tmp_path / "n.ipynb", document))


def test_whole_characters_written_as_escapes_stay(tmp_path: Path) -> None:
    names = run(prepare(tmp_path, notebook(code("x = '\U0001f600', r'\\ud800'")), {}))
    assert names["x"] == ("\U0001f600", r"\ud800")


@pytest.mark.parametrize("depth", [50, 300, 450, 900, 3000])
def test_deep_nesting(tmp_path: Path, depth: int) -> None:
    text = json.dumps(notebook(code("1"))).replace(
        '"metadata": {', '"metadata": {"deep": ' + "[" * depth + "]" * depth + ",", 1
    )
    path = tmp_path / "n.ipynb"
    path.write_text(text)
    try:
        FILES.parameters(FILES.read(path), kernel())
        FILES.write_parameterized(FILES.read(path), tmp_path / "out.ipynb", {"x": 1}, kernel())
    except InvalidRequest as error:
        assert depth > 200, error.message
        assert not (tmp_path / "out.ipynb").exists()


VICTIM = notebook(
    code("depth: int = 3  # how deep\nrate = 0.1", tags=["parameters"]),
    {"cell_type": "markdown", "metadata": {}, "source": ["# T\n"]},
    code(["1\n"], outputs=[{"output_type": "display_data", "data": {"image/png": PNG}, "metadata": {}}]),
    language_info={"name": "python"},
)
ODD: list[Any] = [None, 0, -1, 1e308, math.nan, "", "x", "\ud800", [], [None], {}, {"a": None}, True, [[]], {"": 0}]


def mutate(value: Any, chance: random.Random) -> Any:
    """The document with some of its values replaced, dropped or doubled."""
    if chance.random() < 0.06:
        return copy.deepcopy(chance.choice(ODD))
    if isinstance(value, dict):
        return {key: mutate(each, chance) for key, each in value.items() if chance.random() > 0.03}
    if isinstance(value, list):
        return [mutate(each, chance) for each in value * chance.choice([1, 1, 1, 2])]
    return value


@pytest.mark.parametrize("seed", range(150))
def test_mutated_notebooks_raise_errors_for_people_only(tmp_path: Path, seed: int) -> None:
    path = write(tmp_path / "n.ipynb", mutate(VICTIM, random.Random(seed)))
    try:
        FILES.displayed(path)
        read = FILES.read(path)
        for each in FILES.parameters(read, kernel()):
            each.model_dump_json()
        FILES.write_parameterized(read, tmp_path / "a.ipynb", {}, kernel())
        FILES.write_parameterized(read, tmp_path / "b.ipynb", {"depth": 1}, kernel())
    except StudioError as error:
        error.body().model_dump_json()
    else:
        for name in ("a", "b"):
            assert nbformat.from_dict(json.loads((tmp_path / f"{name}.ipynb").read_bytes())).nbformat == 4


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.integers(0, 600))
def test_damaged_bytes_raise_errors_for_people_only(tmp_path: Path, noise: bytes, position: int) -> None:
    path = tmp_path / "n.ipynb"
    whole = json.dumps(VICTIM).encode()
    path.write_bytes(whole[:position] + noise + whole[position + len(noise) :])
    try:
        FILES.parameters(FILES.read(path), None)
    except StudioError:
        pass


# -- inspection -----------------------------------------------------------------------------------------------


def test_inspection(tmp_path: Path) -> None:
    source = "\n".join(
        [
            "depth: int = 3  # how deep",
            "rate = 0.1",
            "name = 'a'",
            "flag = True",
            "rates = [1, 2]",
            "table = {'a': 1}",
            "nothing = None",
            "computed = 2 * 3",
            "odd = float('nan')",
        ]
    )
    found = FILES.parameters(FILES.read(write(tmp_path / "n", notebook(code(source, tags=["parameters"])))), kernel())
    assert [(each.name, each.type, each.value) for each in found] == [
        ("depth", "int", 3),
        ("rate", "float", 0.1),
        ("name", "str", "a"),
        ("flag", "bool", True),
        ("rates", "list", [1, 2]),
        ("table", "dict", {"a": 1}),
        ("nothing", "", None),
        ("computed", "", None),
        ("odd", "", None),
    ]
    assert found[0].help == "how deep"
    assert found[7].default == "2 * 3"


def test_inspection_finds_assignments_with_a_second_equals_sign(tmp_path: Path) -> None:
    source = 'url = "a=b"  # where\nlimit: int = 3  # at most a=b\nfolder = str(1)\nurl_two = (\n    "x"\n)'
    found = FILES.parameters(
        FILES.read(write(tmp_path / "n.ipynb", notebook(code(source, tags=["parameters"])))), kernel()
    )
    assert [(each.name, each.type, each.value) for each in found] == [
        ("url", "str", "a=b"),
        ("limit", "int", 3),
        ("folder", "", None),
        ("url_two", "str", "x"),
    ]


def test_inspection_runs_nothing(tmp_path: Path) -> None:
    source = f"x = open({str(tmp_path / 'touched')!r}, 'w')\ny = __import__('os').abort()"
    found = FILES.parameters(FILES.read(write(tmp_path / "n", notebook(code(source, tags=["parameters"])))), kernel())
    assert {each.name for each in found} == {"x", "y"}
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize(
    "source", ["", "%%bash\nls", "def f(:", "x", "x = ", "x = (\n1,\n2)", "a, b = 1, 2", "x = y = 1"]
)
def test_inspection_of_odd_cells(tmp_path: Path, source: str) -> None:
    read = FILES.read(write(tmp_path / "n", notebook(code(source, tags=["parameters"]))))
    assert isinstance(FILES.parameters(read, kernel()), list)


@pytest.mark.parametrize("language", ["R", "julia", "scala", "c++", "", "none of these"])
def test_inspection_of_other_languages(tmp_path: Path, language: str) -> None:
    read = FILES.read(write(tmp_path / "n", notebook(code("x <- 1", tags=["parameters"]), kernelspec={"name": "k"})))
    assert FILES.parameters(read, kernel(language, "k")) == []
    assert FILES.parameters(read, None) == []


# -- parameterising -------------------------------------------------------------------------------------------

VALUES: dict[str, Any] = {
    "quotes": "'single' \"double\" '''triple''' \"\"\"more\"\"\"",
    "lines": "one\ntwo\r\nthree\u2028four\x00",
    "backslashes": "\\ \\n \\\\ trailing\\",
    "attack": '"\nimport os; os.abort()\n"',
    "braces": "{0} {x!r} %s $(rm -rf /) `ls`",
    "unicode": "größe \U0001f600 \x7f",
    "whole": 10**40,
    "number": -1.5e-300,
    "endless": math.inf,
    "flag": True,
    "nothing": None,
    "nested": {"a 'key'": [1, {"b\n": None}], "": [[]]},
    "empty": [],
}


def test_values_arrive_as_they_are(tmp_path: Path) -> None:
    defaults = "\n".join(f"{name} = 0" for name in VALUES)
    prepared = prepare(tmp_path, notebook(code(defaults, tags=["parameters"]), code("seen = True")), VALUES)
    tags = [cell.metadata.get("tags") for cell in prepared.cells]
    assert tags[:2] == [["parameters"], ["injected-parameters"]]
    names = run(prepared)
    assert {name: names[name] for name in VALUES} == VALUES
    assert names["seen"]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_text_is_quoted(text: str) -> None:
    from papermill.translators import PythonTranslator

    (assignment,) = ast.parse(PythonTranslator.codify({"x": text})).body
    assert isinstance(assignment, ast.Assign)
    assert ast.literal_eval(assignment.value) == text


def test_nan_arrives(tmp_path: Path) -> None:
    assert math.isnan(run(prepare(tmp_path, notebook(code("x = 1", tags=["parameters"])), {"x": math.nan}))["x"])


def test_without_a_parameters_cell_values_come_first(tmp_path: Path) -> None:
    prepared = prepare(tmp_path, notebook(code("y = x + 1")), {"x": 4})
    assert run(prepared)["y"] == 5


def test_an_executed_notebook_gets_the_new_values(tmp_path: Path) -> None:
    once = prepare(tmp_path, notebook(code("x = 1", tags=["parameters"])), {"x": 2})
    twice = prepare(tmp_path, once, {"x": 3})
    assert run(twice)["x"] == 3
    assert sum("injected-parameters" in cell.metadata.tags for cell in twice.cells) == 1


def test_the_source_is_not_changed(tmp_path: Path) -> None:
    path = write(tmp_path / "n.ipynb", notebook(code("x = 1", tags=["parameters"])))
    before = path.read_bytes()
    read = FILES.read(path)
    FILES.write_parameterized(read, tmp_path / "a", {"x": 2}, kernel())
    FILES.write_parameterized(read, tmp_path / "b", {"x": 3}, kernel())
    assert path.read_bytes() == before
    assert "x = 2" not in (tmp_path / "b").read_text()


def test_the_chosen_kernel_is_set(tmp_path: Path) -> None:
    prepared = prepare(tmp_path, notebook(code("1")), {}, kernel("python", "other"))
    assert prepared.metadata.kernelspec.name == "other"


@pytest.mark.parametrize("language", ["R", "julia", "scala", "matlab", "bash", ".net-csharp"])
def test_other_languages(tmp_path: Path, language: str) -> None:
    values = {"n": 1, "text": 'a "b"', "flag": True}
    try:
        prepared = prepare(tmp_path, notebook(code("n = 0", tags=["parameters"])), values, kernel(language, "k"))
    except InvalidRequest as error:
        assert language not in ("R", "julia", "scala"), error.hint
    else:
        assert "n" in prepared.cells[1].source


@pytest.mark.parametrize(("language", "values"), [("brainfuck", {"x": 1}), ("", {"x": 1}), ("bash", {"x": {"a": 1}})])
def test_values_that_a_language_cannot_take(tmp_path: Path, language: str, values: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        prepare(tmp_path, notebook(code("x")), values, kernel(language, "k"))
    assert caught.value.fields[0].field == "parameters"
    assert not (tmp_path / "out.ipynb").exists()


# -- pictures -------------------------------------------------------------------------------------------------


def picture(**data: Any) -> dict[str, Any]:
    return {
        "output_type": "display_data",
        "metadata": {},
        "data": {key.replace("_", "/", 1): v for key, v in data.items()},
    }


def test_pictures_are_named_after_their_cells(tmp_path: Path) -> None:
    svg = {"output_type": "display_data", "data": {"image/svg+xml": ["<svg>", "</svg>"]}}
    path = write(
        tmp_path / "n",
        notebook(
            code("p", tags=["parameters"]),
            code("i", tags=["injected-parameters"], outputs=[picture(image_png=PNG)]),
            {"cell_type": "markdown", "metadata": {}, "source": ""},
            code("a", outputs=[picture(image_png=PNG, image_jpeg=PNG), picture(text_plain="no")]),
            code("b", outputs=[svg, picture(image_jpeg=[PNG[:4], PNG[4:]])]),
        ),
    )
    assert FILES.displayed(path) == [
        ("plots/cell-02.png", b"\x89PNG picture"),
        ("plots/cell-03-1.svg", b"<svg></svg>"),
        ("plots/cell-03-2.jpg", b"\x89PNG picture"),
    ]


@pytest.mark.parametrize("value", [None, 5, [1], ["a", None], {}, "not base64!", "é"])
def test_broken_pictures_are_left_out(tmp_path: Path, value: Any) -> None:
    good = picture(image_png=PNG)
    path = write(tmp_path / "n", notebook(code("a", outputs=[picture(image_png=value), {"data": value}, good])))
    assert FILES.displayed(path)[-1][1] == b"\x89PNG picture"


def test_no_notebook_has_no_pictures(tmp_path: Path) -> None:
    assert FILES.displayed(tmp_path / "missing") == []
    (tmp_path / "broken").write_text("{")
    assert FILES.displayed(tmp_path / "broken") == []
