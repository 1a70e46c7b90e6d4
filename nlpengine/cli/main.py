"""``nlpengine``: the group of commands, each imported only when it is called."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from nlpengine._version import VERSION
from nlpengine.cli.lazy import LazyGroup, Table
from nlpengine.errors import ExitCode, NlpengineError

if TYPE_CHECKING:
    from nlpengine.plugin.listing import PluginEntry

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
    """The core's commands and those of plugins, which are listed from metadata alone."""

    table = COMMANDS

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The core's, then the plugins'."""
        return [*self.table, *(entry.name for entry in _offered())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; one of the core's is sought nowhere else."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        from nlpengine.plugin.manager import PluginManager

        spec = PluginManager().command(cmd_name)
        return None if spec is None else spec.command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As the lazy group's, without a look at plugins for a command of the core's."""
        if args and args[0] in self.table:
            return args[0], self.get_command(ctx, args[0]), args[1:]
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The core's with a line each, the plugins' with whom they are from."""
        super().format_commands(ctx, formatter)
        rows = [(entry.name, f"from {entry.owner}") for entry in _offered()]
        if rows:
            with formatter.section("Commands of plugins"):
                formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """As click's, but a reader of our output that goes away, as `head` does, is no error."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _drop_output()
            return ExitCode.OK


def _drop_output() -> None:
    """Let what is left in standard output's buffer go nowhere, or it fails again at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _offered() -> Sequence[PluginEntry]:
    from nlpengine.plugin.listing import Switches, find_plugins

    found = find_plugins("command", Switches.from_environment())
    return [entry for entry in found if entry.may_load]


def _leave_plugins_out(given: bool) -> None:
    if given:
        os.environ["NLPENGINE_LOAD_PLUGINS"] = ""


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="nlpengine")
@click.option(
    "--no-plugins",
    is_flag=True,
    is_eager=True,  # before a plugin's command is sought, and before --help lists any
    expose_value=False,
    callback=lambda context, option, given: _leave_plugins_out(given),
    help="Load no plugins but nlpengine's own tasks.",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(debug: bool) -> None:
    """Fine-tune an encoder on your texts, see whether it beats something simple, and ship it.

    The first thing to try, offline and in a few minutes: nlpengine run sentiment
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with a code of `ExitCode`."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = cli.main(words, prog_name="nlpengine", standalone_mode=False)
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except (KeyboardInterrupt, click.Abort) as stop:
        code = ExitCode.INTERRUPTED
        for note in getattr(stop.__cause__ or stop, "__notes__", ()):  # a plugin being loaded
            click.echo(f"nlpengine: {note}", err=True)
    except click.ClickException as error:
        error.show()
        code = ExitCode.USAGE
    except NlpengineError as error:
        code = _show(error, error.exit_code, words)
    except Exception as error:
        explained = _explained(error)
        code = _show(explained, explained.exit_code, words)
    sys.exit(int(code or 0))


def _explained(error: Exception) -> NlpengineError:
    """What nobody foresaw: a plugin's, where it arose in one's code; a full disk; else a bug."""
    from nlpengine.plugin.manager import PluginManager

    try:
        with PluginManager().blaming():
            raise error
    except NlpengineError as named:
        return named
    except Exception:
        unwritten = _unwritten(error) if isinstance(error, OSError) else None
        said = f"{type(error).__name__}: {error}. This is a bug in nlpengine."
        return unwritten or NlpengineError(said)


def _unwritten(error: OSError) -> NlpengineError | None:
    """What the machine refuses to write, as a full disk does; None for any other error."""
    from nlpengine.workflow.files import refused

    what = error.filename or "the output"
    try:
        sys.stdout.flush()
    except OSError:
        what = "standard output"
        _drop_output()
    return refused(error, what)


def _show(error: Exception, code: ExitCode, words: Sequence[str]) -> ExitCode:
    if "--debug" in words:
        traceback.print_exc()
    # A lone surrogate in a path or text must not turn the message into a second error.
    message = f"nlpengine: {error}".encode(errors="backslashreplace").decode()
    click.secho(message, fg="red", err=True)
    if code == ExitCode.INTERNAL and "--debug" not in words:
        click.echo("Run it again as `nlpengine --debug …` to see where it happened.", err=True)
    return code
