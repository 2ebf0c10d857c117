"""The command that says what differs between two trials."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from studio_ext.cli.context import Context, json_option, pass_context, print_json

if TYPE_CHECKING:
    from studio_ext.contract.trial_diff import TextDiff, TrialDiff

PARTS = ("notebook", "code", "environment", "data", "artifacts")
_AROUND = 3
"""Unchanged lines that are shown beside changed ones."""
_MARKS = {"same": " ", "removed": "-", "added": "+"}
_SIGNS = {"same": " ", "changed": "~", "added": "+", "removed": "-", "unknown": "?"}
_COLOURS = {"-": "red", "+": "green", "@": "cyan", "~": "yellow"}


@click.command()
@click.argument("first", metavar="RUN")
@click.argument("second", metavar="RUN")
@click.option("-p", "--part", type=click.Choice(PARTS), multiple=True, help="Only this part. May be given again.")
@json_option
@pass_context
def diff(context: Context, first: str, second: str, part: tuple[str, ...], json: bool) -> None:
    """Say what differs between two trials beyond parameters and metrics.

    RUN is the run id of a trial. What only the first has is marked with -, what only the second has with +.
    """
    from studio_ext.contract.trial_diff import DiffPart

    found = [context.client.trial_diff(first, second, DiffPart(name)) for name in part or PARTS]
    if json:
        print_json(found)
        return
    one, other = found[0].first, found[0].second
    _say(f"--- {one.name} ({one.run_id})")
    _say(f"+++ {other.name} ({other.run_id})")
    for each in found:
        _say("")
        _say(f"@@ {each.part.value.capitalize()}: {each.message}")
        for note in (each.hint, *each.notes):
            if note:
                _say(f"   {note}")
        _show(each)


def _show(found: TrialDiff) -> None:
    if found.notebook is not None:
        for cell in found.notebook.cells:
            if cell.change == "same" and cell.outputs != "changed":
                continue
            place = " -> ".join(str(each) for each in (cell.first, cell.second) if each is not None)
            _say(f"@@ cell {place}  {cell.label}")
            if cell.change != "same":
                _lines(cell.source)
            if cell.output_text is not None:
                _say("   outputs:")
                _lines(cell.output_text)
            if cell.pictures:
                _say(f"   pictures that differ: {len(cell.pictures)}")
    for file in found.code.files if found.code else ():
        _say(f"{_SIGNS[file.change]} {file.path}  {file.note}".rstrip())
        if file.text is not None:
            _lines(file.text)
    if found.environment is not None:
        for fact in found.environment.facts:
            _pair(fact.name, fact.first, fact.second)
        for package in found.environment.packages:
            _pair(package.name, package.first, package.second)
    for data in found.data or ():
        _say(f"{_SIGNS[data.change]} {data.name}  {data.reason}")
    for artifact in found.artifacts or ():
        if artifact.change != "same":
            _say(f"{_SIGNS[artifact.change]} {artifact.path}  {artifact.note}".rstrip())


def _pair(name: str, first: str | None, second: str | None) -> None:
    if first == second:
        return
    if first is not None:
        _say(f"- {name} {first}")
    if second is not None:
        _say(f"+ {name} {second}")


def _lines(text: TextDiff) -> None:
    """Changed lines and a few around them."""
    last = len(text.blocks) - 1
    for place, block in enumerate(text.blocks):
        if block.kind == "gap":
            continue
        lines = block.lines
        if block.kind == "same" and len(lines) > 2 * _AROUND:
            before = lines[:_AROUND] if place else []
            after = lines[-_AROUND:] if place < last else []
            for line in before:
                _say(f"     {line}")
            _say(f"   @@ {len(lines) - len(before) - len(after)} lines")
            lines = after
        for line in lines:
            _say(f"   {_MARKS[block.kind]} {line}")
    if text.note:
        _say(f"   {text.note}")


def _say(text: str) -> None:
    """One line; what others named or wrote says nothing to the terminal."""
    from studio_ext.core.plain_text import plain

    line = " ".join(plain(text).replace("\t", "    ").splitlines())
    click.secho(line, fg=_COLOURS.get(line.strip()[:1]))


COMMANDS = (diff,)
