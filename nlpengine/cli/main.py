"""``nlpengine``: the group of commands, each imported only when it is called."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import click

from nlpengine._version import VERSION
from nlpengine.cli.lazy import LazyGroup, Table
from nlpengine.errors import ExitCode, NlpengineError

COMMANDS: Table = {
    "run": ("nlpengine.cli.run", "Fine-tune, evaluate, compare with simple baselines, save."),
    "predict": ("nlpengine.cli.predict", "Predict texts with a trained model."),
    "evaluate": ("nlpengine.cli.evaluate", "Score a trained model on labelled data."),
    "data": ("nlpengine.cli.data", "Look at a data set before training on it."),
    "encoders": ("nlpengine.cli.encoders", "List, show or fetch encoders."),
    "tasks": ("nlpengine.cli.tasks", "List the installed tasks."),
    "plugins": ("nlpengine.cli.plugins", "List the plugins, and how each fared."),
    "doctor": ("nlpengine.cli.doctor", "Say what this machine offers and what is amiss."),
}


class Commands(LazyGroup):
    """All commands."""

    table = COMMANDS

    def invoke(self, ctx: click.Context) -> Any:
        """As click's, but a reader of our output that goes away, as `head` does, is no error."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return ExitCode.OK


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="nlpengine")
@click.option("--no-plugins", is_flag=True, help="Load no plugins but nlpengine's own tasks.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(no_plugins: bool, debug: bool) -> None:
    """Fine-tune an encoder on your texts, see whether it beats something simple, and ship it.

    The first thing to try, offline and in a few minutes: nlpengine run sentiment
    """
    if no_plugins:
        os.environ["NLPENGINE_LOAD_PLUGINS"] = ""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with a code of `ExitCode`."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = cli.main(words, prog_name="nlpengine", standalone_mode=False)
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except (KeyboardInterrupt, click.Abort):
        code = ExitCode.INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = ExitCode.USAGE
    except NlpengineError as error:
        code = _show(error, error.exit_code, words)
    except Exception as error:
        bug = f"{type(error).__name__}: {error}. This is a bug in nlpengine or a plugin."
        code = _show(RuntimeError(bug), ExitCode.INTERNAL, words)
    sys.exit(int(code or 0))


def _show(error: Exception, code: ExitCode, words: Sequence[str]) -> ExitCode:
    if "--debug" in words:
        traceback.print_exc()
    # A lone surrogate in a path or text must not turn the message into a second error.
    message = f"nlpengine: {error}".encode(errors="backslashreplace").decode()
    click.secho(message, fg="red", err=True)
    if code == ExitCode.INTERNAL and "--debug" not in words:
        click.echo("Run it again as `nlpengine --debug …` to see where it happened.", err=True)
    return code
