"""Entry point: options that all commands share, and how errors end."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence

import click

from studio_ext._version import __version__
from studio_ext.cli import comparing, diffs, images, jobs, models, trial, trials, views, workspace
from studio_ext.cli.context import EXIT_INTERRUPTED, EXIT_UNAVAILABLE, Context, fail


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--url", metavar="URL", help="Jupyter server with Studio (default: STUDIO_URL, else this machine).")
@click.option("--token", metavar="TOKEN", help="Token of that server (default: STUDIO_TOKEN).")
@click.option(
    "--workspace",
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="Workspace on this machine (default: STUDIO_HOME, else ~/studio).",
)
@click.version_option(__version__, prog_name="studio")
@click.pass_context
def cli(ctx: click.Context, url: str | None, token: str | None, workspace: str | None) -> None:
    """Run notebooks as jobs, and see the trials that they become."""
    ctx.obj = Context(url=url, token=token, workspace=workspace)
    ctx.call_on_close(ctx.obj.close)


for module in (jobs, trials, trial, models, diffs, comparing, views, images, workspace):
    for command in module.COMMANDS:
        cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 well, 1 the job failed, 2 wrong input, 3 workspace or server unavailable."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    # A format checker that papermill's imports load (more than a second) and that nothing here uses.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    if not sys.warnoptions:  # warnings of libraries are for developers: python -W shows them
        warnings.simplefilter("ignore")
    try:
        code = cli.main(arguments, prog_name="studio", standalone_mode=False)
    except click.exceptions.Exit as error:
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough of it. Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as error:
        code = _unforeseen(error, json="--json" in arguments)
    sys.exit(code if isinstance(code, int) else 0)


def _unforeseen(error: Exception, *, json: bool) -> int:
    from studio_ext.contract.errors import StudioError

    if isinstance(error, StudioError):
        return fail(error, json=json)
    if os.environ.get("STUDIO_DEBUG"):
        raise error
    fail(
        StudioError(f"{type(error).__name__}: {error}", hint="STUDIO_DEBUG=1 shows where. Please report it as a bug."),
        json=json,
    )
    return EXIT_UNAVAILABLE
