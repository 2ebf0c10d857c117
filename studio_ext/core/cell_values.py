"""What a cell says about itself: which of its assignments are parameters, and which numbers its result holds."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from studio_ext.contract.errors import InvalidRequest
from studio_ext.core.record_names import MAX_NAME, checked_name

MOST_PARAMETERS = 100
MOST_METRICS = 1000
MOST_CHARACTERS = 500
"""A text that is longer is no setting but data."""
_DEEPEST = 10
_NO_NAME = re.compile(r"[^/\w.\- :]|\n")
_NO_PART = re.compile(r"[^\w\- ]|\n")
_PLAIN = (int, float, str, bool)


def assigned_names(source: str) -> set[str]:
    """Every name that a cell sets anywhere outside of functions and classes. Empty if it is no Python."""
    tree = _parse(source)
    return set() if tree is None else set(_stores(tree.body))


def parameter_names(source: str) -> list[str]:
    """Names that a cell sets at its top level to a number, text or truth value written there, in their order.

    Not: attributes, names that begin with ``_``, and names that the cell sets in another way as well, as counters are.
    """
    tree = _parse(source)
    if tree is None:
        return []
    plain: dict[str, int] = {}
    for statement in tree.body:
        for name in _plain_targets(statement):
            plain[name] = plain.get(name, 0) + 1
    stores: dict[str, int] = {}
    for name in _stores(tree.body):
        stores[name] = stores.get(name, 0) + 1
    return [name for name, count in plain.items() if stores[name] == count and not name.startswith("_")]


def plain_values(names: Iterable[str], namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the names that hold a plain value now: a finite number, a truth value, a text that is not long."""
    found = {}
    for name in names:
        value = namespace.get(name)
        if type(value) not in _PLAIN or (isinstance(value, float) and not math.isfinite(value)):
            continue
        if not isinstance(value, str) or len(value) <= MOST_CHARACTERS:
            found[name] = value
    return found


def numbers_in(value: Any) -> dict[str, float]:
    """The numbers in a mapping, by name; of a mapping in it by ``outer.inner``. Empty if it is no mapping.

    Numbers of numpy and of tensors count, truth values do not. What MLflow takes in no name becomes ``_``.
    """
    found: dict[str, float] = {}
    if isinstance(value, Mapping):
        _collect(value, "", found, 0)
    return found


def as_number(value: Any) -> float | None:
    """A single number; None for anything else."""
    shape = getattr(value, "shape", ())
    if not isinstance(shape, tuple) or len(shape) > 0:
        return None
    if callable(item := getattr(value, "item", None)):
        try:
            value = item()
        except Exception:  # of whatever library it is
            return None
    if isinstance(value, bool | str | bytes | complex):
        return None
    try:
        return float(value) if hasattr(value, "__float__") else None
    except (TypeError, ValueError, OverflowError):
        return None


def _collect(mapping: Mapping[Any, Any], prefix: str, found: dict[str, float], depth: int) -> None:
    for key, value in mapping.items():
        if len(found) >= MOST_METRICS:
            return
        name = prefix + (_NO_NAME.sub("_", str(key)) or "_")
        if isinstance(value, Mapping):
            if depth < _DEEPEST:
                _collect(value, f"{name}.", found, depth + 1)
        elif (number := as_number(value)) is not None:
            found[_metric_name(name)] = number


def _metric_name(name: str) -> str:
    """One that MLflow takes: also not one that leads elsewhere, as a path."""
    try:
        return checked_name(name[:MAX_NAME], "metric")
    except InvalidRequest:
        return _NO_PART.sub("_", name)[:MAX_NAME]


def _parse(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _plain_targets(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            yield from _pairs(target, statement.value)
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        yield from _pairs(statement.target, statement.value)


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[str]:
    """``a = 1``, and ``a, b = 1, 2``."""
    if isinstance(target, ast.Name):
        if _is_plain(value):
            yield target.id
        return
    lists = (ast.Tuple, ast.List)
    if isinstance(target, lists) and isinstance(value, lists) and len(target.elts) == len(value.elts):
        for left, right in zip(target.elts, value.elts, strict=True):
            yield from _pairs(left, right)


def _is_plain(value: ast.expr) -> bool:
    """A literal, or sums like ``2**10`` and ``-1e-3 * 2``."""
    match value:
        case ast.Constant():
            return isinstance(value.value, _PLAIN)
        case ast.UnaryOp():
            return _is_plain(value.operand)
        case ast.BinOp():
            return _is_plain(value.left) and _is_plain(value.right)
    return False


def _stores(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Names that are set, once for each time, without what functions and classes set for themselves."""
    pending = list(nodes)[::-1]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Lambda):
            continue
        elif isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                yield node.id
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        else:
            if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
                yield node.name
            pending.extend(reversed(list(ast.iter_child_nodes(node))))
