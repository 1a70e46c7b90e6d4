"""The hooks. A plugin implements the one of its entry-point group; that is the whole registration.

Entry point ``nlpengine.tasks``: ``NAME = "module"`` → the module defines::

    from nlpengine.plugin import hookimpl

    @hookimpl
    def nlpengine_task() -> Task: ...

and its distribution says which API it was written for (`nlpengine.plugin.api`)::

    [project.entry-points."nlpengine.api"]
    "1.0" = "nlpengine.plugin"

A hook may get arguments in later minor versions; a plugin names those that it wants to have, and
one that names none is called with none. What a module does while it is imported must not change
global state: it is put back, and ``nlpengine plugins`` says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nlpengine.plugin.markers import hookspec

if TYPE_CHECKING:
    from nlpengine.data import ReaderSpec
    from nlpengine.plugin.command import CommandSpec
    from nlpengine.plugin.contract import Task
    from nlpengine.plugin.encoder import EncoderOffer


@hookspec
def nlpengine_task() -> Task[Any]:  # type: ignore[empty-body]  # a plugin has it
    """Give the task of this entry point.

    Called once, when a command needs the task. Its `name` must be the entry point's. An exception
    here fails this plugin alone and is shown, with its traceback, by ``nlpengine plugins doctor``.
    """


@hookspec
def nlpengine_encoder() -> EncoderOffer:  # type: ignore[empty-body]  # a plugin has it
    """Give the encoder of this entry point (group ``nlpengine.encoders``).

    Called when a command names the encoder, or opens a model folder of a family that is none of the
    core's. Its spec's name must be the entry point's.
    """


@hookspec
def nlpengine_reader() -> ReaderSpec:  # type: ignore[empty-body]  # a plugin has it
    """Give the reader of this entry point (group ``nlpengine.readers``).

    Called when a file's name or ``--format`` says none of the core's formats. Its name must be the
    entry point's.
    """


@hookspec
def nlpengine_command() -> CommandSpec:  # type: ignore[empty-body]  # a plugin has it
    """Give the command of this entry point (group ``nlpengine.commands``): ``nlpengine NAME``.

    Called when the command is; ``nlpengine --help`` lists its name from metadata. Its name must be
    the entry point's, and none of the core's.
    """
