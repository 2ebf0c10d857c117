"""Runs checks and gathers what they say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from studio_ext.contract.errors import StudioError
from studio_ext.contract.workspace import Check, CheckStatus, Diagnosis

NamedCheck = tuple[str, Callable[[], Check]]
"""What a check is called, and what does it. It may raise: that is a problem too."""


def diagnose(version: str, workspace: str, checks: Sequence[NamedCheck]) -> Diagnosis:
    """Run all checks, several at a time (some wait for the network); the order stays."""
    with ThreadPoolExecutor(max_workers=8, thread_name_prefix="doctor") as pool:
        results = list(pool.map(_run, checks))
    return Diagnosis(version=version, workspace=workspace, checks=results)


def _run(named: NamedCheck) -> Check:
    name, check = named
    try:
        return check()
    except StudioError as error:
        return Check(name=name, status=CheckStatus.problem, message=error.message, hint=error.hint)
    except Exception as error:
        return Check(
            name=name,
            status=CheckStatus.problem,
            message=f"The check itself failed: {type(error).__name__}: {error}",
            hint="Please report this as a bug.",
        )


def ok(name: str, message: str) -> Check:
    """It works."""
    return Check(name=name, status=CheckStatus.ok, message=message)


def warning(name: str, message: str, hint: str) -> Check:
    """It works with a limitation, or could not be found out."""
    return Check(name=name, status=CheckStatus.warning, message=message, hint=hint)


def problem(name: str, message: str, hint: str) -> Check:
    """It does not work; ``hint`` says what to do."""
    return Check(name=name, status=CheckStatus.problem, message=message, hint=hint)
