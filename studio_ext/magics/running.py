"""How a magic is run: its line is parsed like a command line, and what goes wrong is said in one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
from IPython.core.error import UsageError
from IPython.utils.process import arg_split

from studio_ext.contract.errors import StudioError
from studio_ext.core.plain_text import one_line

if TYPE_CHECKING:
    from studio_ext.magics.session import Session

_SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@dataclass(frozen=True)
class Call:
    """One use of a magic."""

    session: Session
    line: str
    cell: str | None
    """The lines below it; None for ``%name``."""


def run(session: Session, name: str, line: str, cell: str | None) -> Any:
    """Run a magic; returns what it returns. Raises IPython's ``UsageError``, which it shows in one line."""
    command = _command(name)
    try:
        arguments = _spread(arg_split(line, posix=True))
        with command.make_context(_prompt(name), arguments, obj=Call(session, line, cell), **_SETTINGS) as context:
            return command.invoke(context)
    except click.exceptions.Exit:  # after the help
        return None
    except click.ClickException as error:
        message = one_line(error.format_message())
        raise UsageError(f"{message} ({_prompt(name)} -h shows how it is used.)") from None
    except StudioError as error:
        raise UsageError(one_line(f"{error.message} {error.hint}").strip()) from None
    except ValueError as error:
        if str(error) in ("No closing quotation", "No escaped character"):
            raise UsageError(f"{error}: {one_line(line)[:100]}") from None
        raise


def _spread(arguments: list[str]) -> list[str]:
    """``--trials a b`` as ``--trials a --trials b``."""
    spread: list[str] = []
    listing = False
    for argument in arguments:
        if listing and spread[-1] != "--trials" and not argument.startswith("-"):
            spread.append("--trials")
        elif argument.startswith("-"):
            listing = argument in ("--trials", "-t")
            argument = "--trials" if listing else argument
        spread.append(argument)
    return spread


def usage(name: str) -> str:
    """The help of a magic."""
    command = _command(name)
    with click.Context(command, info_name=_prompt(name), **_SETTINGS) as context:
        return command.get_help(context)


def options(name: str) -> list[click.Parameter]:
    """What a magic takes."""
    return _command(name).params


def _prompt(name: str) -> str:
    return f"%%{name}" if name in ("job", "trial") else f"%{name}"


def _command(name: str) -> click.Command:
    from studio_ext.magics.commands import COMMANDS

    return COMMANDS[name]
