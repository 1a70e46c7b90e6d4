"""The hooks. A plugin implements the one of its entry-point group; that is the whole registration.

Entry point ``nlpengine.tasks``: ``NAME = "module"`` → the module defines::

    from nlpengine.plugin import hookimpl

    @hookimpl
    def nlpengine_task() -> Task: ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from nlpengine.plugin.contract import Task
    from nlpengine.plugin.encoder import EncoderOffer

hookspec = pluggy.HookspecMarker("nlpengine")
hookimpl = pluggy.HookimplMarker("nlpengine")


@hookspec
def nlpengine_task() -> Task[Any]:  # type: ignore[empty-body]
    """Give the task of this entry point.

    Called once, when a command needs the task. Its `name` must be the entry point's. An exception
    here fails this plugin alone and is shown, with its traceback, by ``nlpengine plugins``.
    """


@hookspec
def nlpengine_encoder() -> EncoderOffer:  # type: ignore[empty-body]
    """Give the encoder of this entry point (group ``nlpengine.encoders``).

    Called when a command names the encoder, or opens a model folder of a family that is none of the
    core's. Its spec's name must be the entry point's.
    """
