"""Notebooks on disk: reading, papermill's inspection and parameterisation."""

from __future__ import annotations

import ast
import hashlib
import json
import logging
import os
import re
import stat
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard

from studio_ext.adapters.displayed import displayed_files
from studio_ext.contract.errors import InvalidRequest, NotFound
from studio_ext.contract.jobs import KernelEnvironment, NotebookParameter
from studio_ext.ports.submission import Notebook

MAX_BYTES = 200 * 1024 * 1024
_TYPES = {int: "int", float: "float", str: "str", bool: "bool", list: "list", dict: "dict"}
_NAMES = ("name", "display_name", "language")
_HALF_CHARACTER = re.compile(rb"\\u[dD][89a-fA-F]")
"""Escape of a UTF-16 surrogate: fine in pairs, but JSON may hold single ones, which no kernel can be sent."""


def import_papermill() -> None:
    """Import the package before any module of it.

    Its modules import each other: two threads that begin with different ones meet in the middle, and one of
    them gets an ``ImportError``.
    """
    import papermill  # noqa: F401


class NotebookFiles:
    """See :class:`studio_ext.ports.submission.Notebooks`."""

    def read(self, path: Path) -> Notebook:
        """Read a notebook of nbformat 4, with or without a byte order mark."""
        return self._notebook(path, _bytes(path))

    def from_document(self, path: Path, document: Mapping[str, Any]) -> Notebook:
        """See :class:`studio_ext.ports.submission.Notebooks`."""
        try:
            raw = json.dumps(document).encode()
        except RecursionError as error:
            raise _too_deep(path) from error
        return self._notebook(path, raw)

    def _notebook(self, path: Path, raw: bytes) -> Notebook:
        document = _parse(path, raw)
        cells = document.get("cells", [])
        metadata = document.get("metadata", {})
        spec, language = metadata.get("kernelspec", {}), metadata.get("language_info", {})
        return Notebook(
            path=path,
            document=document,
            sha256=hashlib.sha256(raw).hexdigest(),
            kernel=spec.get("name") or None,
            language=language.get("name") or spec.get("language") or None,
            code_cells=sum(
                cell.get("cell_type") == "code" and not _has_tag(cell, "injected-parameters") for cell in cells
            ),
            has_parameters_cell=any(_has_tag(cell, "parameters") for cell in cells),
        )

    def parameters(self, notebook: Notebook, environment: KernelEnvironment | None) -> list[NotebookParameter]:
        """Names, types and defaults in the parameters cell; empty for languages that papermill cannot read."""
        if not notebook.has_parameters_cell:
            return []
        import_papermill()
        from papermill.inspection import _infer_parameters

        kernel = environment.kernel if environment else notebook.kernel or ""
        language = environment.language if environment else notebook.language or ""
        try:
            found = _infer_parameters(_node(notebook), name=kernel, language=language)
        except Exception:  # papermill's translators raise many things for languages they do not know
            logging.getLogger(__name__).info("papermill cannot inspect a %s notebook", language, exc_info=True)
            return []
        parameters = []
        for each in found:
            value, is_literal = _literal(each.default)
            declared = "" if each.inferred_type_name == "None" else each.inferred_type_name.strip()
            kind = declared if declared in _TYPES.values() else ""
            if not kind and not declared and is_literal:
                kind = _TYPES.get(type(value), "")
            parameters.append(
                NotebookParameter(name=each.name, type=kind, default=each.default, value=value, help=each.help or "")
            )
        return _complete(parameters, notebook) if language.lower() == "python" else parameters

    def write_parameterized(
        self, notebook: Notebook, target: Path, parameters: Mapping[str, Any], environment: KernelEnvironment
    ) -> None:
        """Write the notebook to run: parameters injected by papermill, old outputs cleared, kernel set."""
        import nbformat

        import_papermill()
        from papermill.parameterize import parameterize_notebook

        document = _node(notebook)
        document.metadata["kernelspec"] = {
            "name": environment.kernel,
            "display_name": environment.display_name,
            "language": environment.language,
        }
        if not isinstance(document.metadata.get("papermill"), dict):
            document.metadata["papermill"] = {}
        for cell in document.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        with warnings.catch_warnings():  # cells without ids: nbformat adds them and says so
            warnings.simplefilter("ignore")
            if parameters:
                try:
                    document = parameterize_notebook(
                        document, dict(parameters), kernel_name=environment.kernel, language=environment.language
                    )
                except Exception as error:  # its translators raise many things for what they cannot say
                    raise InvalidRequest.field(
                        "parameters",
                        f"these values cannot be passed to a notebook in {environment.language or 'this language'}",
                        hint=f"papermill says: {error}",
                    ) from error
            else:
                document = nbformat.v4.upgrade(document)
        try:
            text = json.dumps(document, ensure_ascii=False, indent=1)
        except RecursionError as error:
            raise _too_deep(notebook.path) from error
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)

    def displayed(self, path: Path) -> list[tuple[str, bytes]]:
        """Pictures and tables among the outputs; cells are counted as people count them."""
        try:
            document = _parse(path, _bytes(path))
        except (NotFound, InvalidRequest):
            return []
        cells = [cell for cell in document.get("cells", []) if cell.get("cell_type") == "code"]
        return displayed_files([cell for cell in cells if not _has_tag(cell, "injected-parameters")])


def _complete(found: list[NotebookParameter], notebook: Notebook) -> list[NotebookParameter]:
    """In the order of the cell, with the assignments that papermill's pattern misses (``url = "a=b"``)."""
    source = next(cell["source"] for cell in notebook.document["cells"] if _has_tag(cell, "parameters"))
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return found
    by_name = {parameter.name: parameter for parameter in found}
    complete: dict[str, NotebookParameter] = {}
    for statement in body:
        target: ast.expr | None = None
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target = statement.targets[0]
        elif isinstance(statement, ast.AnnAssign):
            target = statement.target
        value = getattr(statement, "value", None)
        if not isinstance(target, ast.Name) or value is None:
            continue
        default = ast.get_source_segment(source, value) or ""
        literal, is_literal = _literal(default)
        declared = ast.unparse(statement.annotation) if isinstance(statement, ast.AnnAssign) else ""
        kind = declared if declared in _TYPES.values() else ""
        if not declared and is_literal:
            kind = _TYPES.get(type(literal), "")
        missed = NotebookParameter(name=target.id, type=kind, default=default, value=literal)
        complete[target.id] = by_name.get(target.id, missed)
    return [*complete.values(), *(each for each in found if each.name not in complete)]


def _node(notebook: Notebook) -> Any:
    """The document as papermill wants it: attributes for keys, tags in every cell."""
    import nbformat

    try:
        document = nbformat.from_dict(notebook.document)
    except RecursionError as error:
        raise _too_deep(notebook.path) from error
    for cell in document.cells:
        metadata = cell.setdefault("metadata", nbformat.NotebookNode())
        if not isinstance(metadata.get("tags"), list):
            metadata["tags"] = []
    return document


def _bytes(path: Path) -> bytes:
    try:
        information = path.stat()
        if stat.S_ISDIR(information.st_mode):
            raise InvalidRequest.field("notebook", f"{path.name} is a folder")
        if not stat.S_ISREG(information.st_mode):  # reading a pipe or a device may never end
            raise InvalidRequest.field("notebook", f"{path.name} is not a file")
        if information.st_size > MAX_BYTES:
            raise InvalidRequest.field("notebook", f"{path.name} is larger than {MAX_BYTES // 2**20} MiB")
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"There is no notebook {path.name!r}.", hint="Save it first, or check the path.") from error
    except OSError as error:
        raise InvalidRequest.field("notebook", f"{path.name} cannot be read: {error.strerror}") from error


def _parse(path: Path, raw: bytes) -> dict[str, Any]:
    try:
        document = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        hint = "Open it in JupyterLab to see whether it can be repaired."
        raise InvalidRequest.field(
            "notebook", f"{path.name} is not a notebook: it is not valid JSON", hint=hint
        ) from error
    if not isinstance(document, dict) or not isinstance(document.get("nbformat"), int):
        raise InvalidRequest.field("notebook", f"{path.name} is not a notebook")
    if document["nbformat"] != 4:
        raise InvalidRequest.field(
            "notebook",
            f"{path.name} has notebook format {document['nbformat']}; format 4 is needed",
            hint="Open and save it in JupyterLab, which converts it.",
        )
    cells, metadata = document.get("cells"), document.get("metadata")
    if not isinstance(cells, list) or not isinstance(metadata, dict) or not all(map(_is_cell, cells)):
        raise InvalidRequest.field("notebook", f"{path.name} is not a valid notebook: its cells are malformed")
    for key in ("kernelspec", "language_info"):
        named = metadata.get(key, {})
        if not isinstance(named, dict) or not all(isinstance(named.get(each) or "", str) for each in _NAMES):
            raise InvalidRequest.field("notebook", f"{path.name} is not a valid notebook: metadata.{key} is malformed")
    if not isinstance(document.setdefault("nbformat_minor", 0), int):
        raise InvalidRequest.field("notebook", f"{path.name} is not a valid notebook: nbformat_minor is malformed")
    if _HALF_CHARACTER.search(raw) and not _is_unicode(document):
        raise InvalidRequest.field("notebook", f"{path.name} contains text that is not valid Unicode")
    for cell in cells:
        source = cell.get("source", "")
        cell["source"] = "".join(source) if isinstance(source, list) else source
        for output in cell.get("outputs", []):
            if isinstance(output.get("text"), list):
                output["text"] = "".join(map(str, output["text"]))
    return document


def _too_deep(path: Path) -> InvalidRequest:
    return InvalidRequest.field("notebook", f"{path.name} is not a valid notebook: it is nested too deeply")


def _is_cell(cell: Any) -> bool:
    return (
        isinstance(cell, dict)
        and cell.get("cell_type") in ("code", "markdown", "raw")
        and isinstance(cell.get("metadata", {}), dict)
        and _is_text(cell.get("source", ""))
        and isinstance(cell.get("outputs", []), list)
        and all(isinstance(output, dict) for output in cell.get("outputs", []))
    )


def _is_unicode(document: Any) -> bool:
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    except RecursionError:  # found out, and told, when it is written
        return True
    return True


def _is_text(value: Any) -> TypeGuard[str | list[str]]:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(line, str) for line in value))


def _has_tag(cell: Mapping[str, Any], tag: str) -> bool:
    tags = cell.get("metadata", {}).get("tags", [])
    return isinstance(tags, list) and tag in tags


def _literal(source: str) -> tuple[Any, bool]:
    try:
        value = ast.literal_eval(source)
        json.dumps(value, allow_nan=False)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None, False
    return value, True
